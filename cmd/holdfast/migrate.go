package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
)

type migrateCommand struct {
	config.Database `embed:""`
	config.Log      `embed:""`
	Admin           string `placeholder:"HANDLE" help:"Make this person an administrator and print a token for them, once."`
}

// Run migrates, installs what every organisation starts with, and, where asked, makes an administrator.
func (c *migrateCommand) Run(ctx context.Context, io streams) error {
	log, err := telemetry.NewLog(io.err, c.Log.Level, c.Log.Format)
	if err != nil {
		return err
	}
	if c.URL == "" {
		return fmt.Errorf("--database-url (HOLDFAST_DATABASE_URL) is needed: where are the rows?")
	}
	applied, err := migrate(ctx, c.URL)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%d migrations applied\n", len(applied))
	service, done, err := installer(c.URL, log)
	if err != nil {
		return err
	}
	defer done()
	if err := installDefaults(ctx, service); err != nil {
		return err
	}
	if c.Admin == "" {
		return nil
	}
	secret, err := installAdmin(ctx, service, c.Admin, "made by migrate")
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, secret)
	return nil
}

// migrate brings the database to the newest schema, as its owner.
func migrate(ctx context.Context, url string) ([]int64, error) {
	db, err := pg.Open(url, pg.Owner, 2)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return pg.Migrate(ctx, db, schemas.Migrations())
}

// installer is the application layer without a door: enough to write accounts and policies.
func installer(url string, log *slog.Logger) (service *app.App, done func() error, err error) {
	db, err := pg.Open(url, pg.App, 2)
	if err != nil {
		return nil, nil, err
	}
	return app.New(app.Dependencies{
		DB: db, Clock: wallClock{}, CheckPolicy: policyfile.Check, Transient: pg.Transient, Posted: func() {}, Log: log,
	}), db.Close, nil
}

// system is who installs: it has every right and signs as holdfast.
func system(ctx context.Context) context.Context {
	return app.WithPrincipal(ctx, app.Principal{
		Handle: "holdfast", Name: "Holdfast", Kind: "machine",
		Grants: []app.Grant{{Person: "holdfast", Role: domain.RoleAdmin, ScopeKind: "all"}},
	})
}

// defaultReason is why the policies that every installation starts with stand there.
const defaultReason = "comes with Holdfast"

// installDefaults stores the policies that every installation starts with, where there is none of their name.
func installDefaults(ctx context.Context, service *app.App) error {
	documents, err := policyfile.Defaults()
	if err != nil {
		return err
	}
	return installMissing(ctx, service, documents, defaultReason)
}

// installMissing stores documents whose names are free: what an organisation has decided stays.
func installMissing(ctx context.Context, service *app.App, documents []policy.Document, reason string) error {
	ctx = system(ctx)
	for _, document := range documents {
		_, err := service.Policy(ctx, document.Kind, document.Name, 0)
		if err == nil {
			continue
		}
		if domain.CodeOf(err) != domain.CodeNotFound {
			return err
		}
		document.Reason = reason
		if _, err := service.ApplyPolicy(ctx, document); err != nil {
			return fmt.Errorf("store the policy %s/%s: %w", document.Kind, document.Name, err)
		}
	}
	return nil
}

// tokenDays is how long an installation's first token lives.
const tokenDays = 365

// installAdmin makes somebody an administrator and answers a token's secret.
func installAdmin(ctx context.Context, service *app.App, handle, why string) (string, error) {
	ctx = system(ctx)
	if _, err := service.Person(ctx, handle); domain.CodeOf(err) == domain.CodeNotFound {
		if _, err := service.SavePerson(ctx, app.Person{Handle: handle, Name: "Administrator", Kind: "person", Active: true}); err != nil {
			return "", err
		}
	}
	if _, err := service.GiveGrant(ctx, app.Grant{Person: handle, Role: domain.RoleAdmin, ScopeKind: "all"}); err != nil {
		return "", err
	}
	token, err := service.CreateToken(ctx, "", app.TokenBody{Person: handle, Name: why, Days: tokenDays})
	if err != nil {
		return "", err
	}
	return token.Secret, nil
}
