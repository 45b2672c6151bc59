package app_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/auth"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// desk is the application over a database with the organisation of the tests, and without a door.
type desk struct {
	*app.App
	t      testing.TB
	base   store.DB
	worker *bun.DB
	clock  *store.Clock
	heard  int64  // the last line of the audit that was looked at
	blobs  string // the folder of the content of attachments
}

func setup(t testing.TB) *desk {
	t.Helper()
	base, clock := store.Database(t), store.NewClock("2026-11-30T09:00:00Z")
	base.Settle(t)
	folder := t.TempDir()
	blobs, err := app.OpenFolder(folder)
	require.NoError(t, err)
	return &desk{t: t, base: base, worker: base.Worker(t), clock: clock, blobs: folder, App: app.New(app.Dependencies{
		DB: base.App(t), Clock: clock, Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient, Log: slog.New(slog.DiscardHandler),
		Passwords: auth.NewPasswords(auth.Cost{Memory: 64, Passes: 1, Lanes: 1}),
	})}
}

// incident writes an incident of rita's for messaging, opened by ana, as the worker does.
func (d *desk) incident(change ...func(*incident.Incident)) incident.Incident {
	d.t.Helper()
	worker, now := d.worker, d.clock.Now()
	number, err := schemas.NextNumber(d.t.Context(), worker, incident.Lifecycle)
	require.NoError(d.t, err)
	record := incident.Incident{
		Record: domain.Record{
			ID: domain.NewID(number), Practice: domain.Incident, Number: number, State: incident.New, Version: 1, Title: "Mail is out",
			Tags: []string{}, ConfigurationItems: []string{}, Team: "messaging", Service: "mail", Requester: "rita", OpenedBy: "ana", Priority: 3,
			Policies: map[string]int{}, Open: true, Active: true, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: incident.Details{Impact: "medium", Urgency: "medium"},
	}
	for _, with := range change {
		with(&record)
	}
	into := schemas.NewPassage(worker, record.ID, now)
	into.Events([]domain.Event{{Type: "incident.logged", At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: record.OpenedBy}, Public: true}})
	if record.WakeAt != nil {
		into.Deadlines([]domain.Deadline{{Name: record.NextDue, DueAt: *record.WakeAt, Command: "incident.triage_overdue", Then: "tells the team lead"}}, false)
	}
	into.Incident(record, nil, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return record
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
