package app_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// desk is the application over a database with the organisation of the tests, and without a door.
type desk struct {
	*app.App
	t     testing.TB
	base  store.DB
	clock *store.Clock
}

func setup(t testing.TB) *desk {
	t.Helper()
	base, clock := store.Database(t), store.NewClock("2026-11-30T09:00:00Z")
	base.Settle(t)
	blobs, err := app.OpenFolder(t.TempDir())
	require.NoError(t, err)
	return &desk{t: t, base: base, clock: clock, App: app.New(app.Dependencies{
		DB: base.App(t), Clock: clock, Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient, Log: slog.New(slog.DiscardHandler),
	})}
}

// as asks as somebody with these grants.
func (d *desk) as(handle string, grants ...app.Grant) context.Context {
	return app.WithPrincipal(d.t.Context(), app.Principal{Handle: handle, Name: handle, Kind: "person", Grants: grants})
}

// all, ofTeam and ofService are grants.
func all(role domain.Role) app.Grant { return app.Grant{Role: role, ScopeKind: "all"} }

func ofTeam(role domain.Role, team string) app.Grant {
	return app.Grant{Role: role, ScopeKind: "team", ScopeName: team}
}

func ofService(role domain.Role, service string) app.Grant {
	return app.Grant{Role: role, ScopeKind: "service", ScopeName: service}
}

// refuses expects an error of a code and answers it.
func refuses(t testing.TB, code domain.Code, err error) *domain.Error {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, domain.CodeOf(err), "%v", err)
	return domain.AsError(err)
}
