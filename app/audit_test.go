package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// audited takes the lines of the audit since it was last asked, each as "actor action outcome: detail".
func (d *desk) audited() []string {
	d.t.Helper()
	var rows []schemas.AuditRow
	require.NoError(d.t, d.DB.NewSelect().Model(&rows).Column("at", "actor", "action", "record_id", "outcome", "detail").
		Where("position > ?", d.heard).OrderExpr("position").Scan(d.t.Context()))
	require.NoError(d.t, d.DB.NewRaw(`SELECT coalesce(max(position), 0) FROM audit`).Scan(d.t.Context(), &d.heard))
	lines := []string{}
	for _, row := range rows {
		require.Equal(d.t, d.clock.Now(), row.At.UTC())
		lines = append(lines, strings.TrimSpace(row.Actor+" "+row.Action+" "+row.Outcome+": "+row.RecordID+row.Detail))
	}
	return lines
}

func TestRefusedGoverningIsWrittenDown(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record, bo := d.incident(), d.as("bo", all(domain.RoleAgent))
	grant := app.Grant{Person: "bo", Role: domain.RoleAdmin, ScopeKind: "all"}
	for want, attempt := range map[string]func(context.Context) error{
		"bo grant forbidden: admin to bo for all":  func(ctx context.Context) error { _, err := d.GiveGrant(ctx, grant); return err },
		"bo revoke forbidden: admin to bo for all": func(ctx context.Context) error { _, err := d.TakeGrant(ctx, grant); return err },
		"bo make token forbidden: ana": func(ctx context.Context) error {
			_, err := d.CreateToken(ctx, "", app.TokenBody{Person: "ana", Name: "x"})
			return err
		},
		"bo list tokens forbidden: ana": func(ctx context.Context) error { _, err := d.Tokens(ctx, "ana"); return err },
		"bo save person forbidden: eve": func(ctx context.Context) error {
			_, err := d.SavePerson(ctx, app.Person{Handle: "eve", Name: "Eve"})
			return err
		},
		"bo introduce people forbidden:": func(ctx context.Context) error {
			_, err := d.Introduce(ctx, map[string]string{"eve": "Eve"})
			return err
		},
		"bo apply policy forbidden: Team/desk": func(ctx context.Context) error {
			_, err := d.ApplyPolicy(ctx, policy.Document{Kind: "Team", Name: "desk"})
			return err
		},
		"bo validate policy forbidden: Team/desk": func(ctx context.Context) error {
			_, err := d.ValidatePolicy(ctx, policy.Document{Kind: "Team", Name: "desk"})
			return err
		},
		"rita note.internal forbidden: " + record.ID: func(context.Context) error {
			_, err := d.AddNote(d.as("rita"), record.ID, "", app.NoteBody{Body: "x", Internal: true})
			return err
		},
		"rita incident.assign forbidden: " + record.ID + record.ID: func(context.Context) error {
			_, err := d.Execute(d.as("rita"), app.Request{Practice: domain.Incident, Verb: "assign", Record: record.ID, Body: json.RawMessage(`{"team":"network"}`)})
			return err
		},
	} {
		refuses(t, domain.CodeForbidden, attempt(bo))
		require.Equal(t, []string{want}, d.audited())
	}
}

func TestWhatWasGovernedIsWrittenDownWithIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", all(domain.RoleAdmin))
	grant := app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "network"}
	for range 2 { // the second time nothing changes
		_, err := d.GiveGrant(admin, grant)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"ana grant done: agent to bo for team network"}, d.audited())
	_, err := d.TakeGrant(admin, grant)
	require.NoError(t, err)
	require.Equal(t, []string{"ana revoke done: agent to bo for team network"}, d.audited())

	own, err := d.CreateToken(admin, "", app.TokenBody{Name: "mine"})
	require.NoError(t, err)
	require.Empty(t, d.audited())
	theirs, err := d.CreateToken(admin, "", app.TokenBody{Person: "bo", Name: "for bo", Days: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"ana make token done: " + theirs.ID + " for bo until 2026-12-01T09:00:00Z"}, d.audited())
	require.NoError(t, d.RevokeToken(admin, own.ID))
	require.Equal(t, []string{"ana revoke token done: " + own.ID}, d.audited())
	require.NoError(t, d.RevokeToken(admin, own.ID), "what has ended stays so")
	require.Empty(t, d.audited())

	person := app.Person{Handle: "eve", Name: "Eve", Active: true}
	for _, want := range []string{"new", "name, mail, kind machine, active false, zone Europe/Berlin"} {
		for range 2 {
			_, err := d.SavePerson(admin, person)
			require.NoError(t, err)
		}
		require.Equal(t, []string{"ana save person done: eve: " + want}, d.audited())
		person = app.Person{Handle: "eve", Name: "Eva", Mail: "eva@example.org", Kind: "machine", Zone: "Europe/Berlin"}
	}
}

func TestAnAuditThatCannotBeWrittenStopsWhatItWouldTell(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, err := d.base.Superuser(t).NewRaw(`REVOKE INSERT ON audit FROM holdfast_app`).Exec(t.Context())
	require.NoError(t, err)
	admin := d.as("ana", all(domain.RoleAdmin))
	_, err = d.GiveGrant(admin, app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"})
	refuses(t, domain.CodeInternal, err)
	grants, err := d.Grants(admin, "bo")
	require.NoError(t, err)
	require.Empty(t, grants)
	_, err = d.SavePerson(admin, app.Person{Handle: "bo", Name: "Bo", Active: false})
	refuses(t, domain.CodeInternal, err)
	bo, err := d.Person(admin, "bo")
	require.NoError(t, err)
	require.True(t, bo.Active)
	_, err = d.CreateToken(admin, "", app.TokenBody{Person: "bo", Name: "for bo"})
	refuses(t, domain.CodeInternal, err)
	tokens, err := d.Tokens(admin, "bo")
	require.NoError(t, err)
	require.Empty(t, tokens)
}

func TestTheAuditKeepsLittleOfACallersWords(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, err := d.Execute(d.as("rita"), app.Request{Practice: domain.Incident, Verb: "assign", Record: d.incident().Number})
	refuses(t, domain.CodeForbidden, err)
	d.audited()
	_, err = d.ApplyPolicy(d.as("rita"), policy.Document{Kind: "Team", Name: strings.Repeat("ü", 5000)})
	refuses(t, domain.CodeForbidden, err)
	lines := d.audited()
	require.Len(t, lines, 1)
	require.Less(t, len(lines[0]), 400)
	require.True(t, utf8.ValidString(lines[0]))
}

func TestEveryReadOfARestrictedRecordIsWrittenDownOncePerPage(t *testing.T) {
	t.Parallel()
	d := setup(t)
	due := d.clock.Now().Add(time.Hour)
	restricted := func(i *incident.Incident) {
		i.Restricted, i.Title, i.WakeAt, i.NextDue = true, "Giraffe among the files", &due, "triage"
	}
	open, first, second := d.incident(), d.incident(restricted), d.incident(restricted)
	own := d.incident(restricted, func(i *incident.Incident) { i.Requester = "bo" })
	for _, to := range []string{first.ID, own.ID} {
		_, err := d.worker.NewRaw(`INSERT INTO links (from_id, type, to_id, since) VALUES (?, 'blocks', ?, now())`, open.ID, to).Exec(t.Context())
		require.NoError(t, err)
	}
	_, err := d.worker.NewRaw(`INSERT INTO deadlines (record_id, name, due_at, command, outcome, since)
		SELECT id, 'second', wake_at, 'incident.triage_overdue', '', now() FROM records WHERE wake_at IS NOT NULL`).Exec(t.Context())
	require.NoError(t, err)
	line := func(record incident.Incident) string { return "bo read allowed: " + record.ID + "restricted" }
	reads := map[string]struct {
		read func(context.Context) (found int, err error)
		sees int
		want []string
	}{
		"list": {func(ctx context.Context) (int, error) {
			page, err := d.Incidents(ctx, app.IncidentQuery{})
			return len(page.Items), err
		}, 4, []string{line(first), line(second)}},
		"similar": {func(ctx context.Context) (int, error) {
			found, err := d.SimilarTo(ctx, "a giraffe", "", 0)
			return len(found), err
		}, 3, []string{line(first), line(second)}},
		"search": {func(ctx context.Context) (int, error) {
			found, err := d.Search(ctx, "giraffe", 0)
			return len(found), err
		}, 3, []string{line(first), line(second)}},
		"waiting": {func(ctx context.Context) (int, error) {
			page, err := d.Waiting(ctx, app.WaitingQuery{})
			return len(page.Items), err
		}, 6, []string{line(first), line(second)}},
		"work": {func(ctx context.Context) (int, error) {
			work, err := d.Work(ctx)
			return len(work.Teams), err
		}, 4, []string{line(first), line(second)}},
		"links": {func(ctx context.Context) (int, error) {
			found, err := d.Links(ctx, open.ID)
			return len(found), err
		}, 2, []string{line(first)}},
		"read": {func(ctx context.Context) (int, error) {
			found, err := d.Incident(ctx, second.Number)
			return len(found.Links) + 1, err
		}, 1, []string{line(second)}},
		"timeline": {func(ctx context.Context) (int, error) {
			found, err := d.Timeline(ctx, second.Number, 0, 0)
			return len(found.Items), err
		}, 1, []string{line(second)}},
		"read their own": {func(ctx context.Context) (int, error) {
			_, err := d.Incident(ctx, own.Number)
			return 1, err
		}, 1, []string{}},
	}
	for name, r := range reads {
		found, err := r.read(d.as("bo", all(domain.RoleAdmin), all(domain.RoleAgent)))
		require.NoError(t, err, name)
		require.Equal(t, r.sees, found, name)
		require.ElementsMatch(t, r.want, d.audited(), name)
	}
	_, err = d.Watch(d.as("ana", all(domain.RoleAdmin)), first.ID, "cy")
	require.NoError(t, err)
	d.audited()
	found, err := d.Incidents(d.as("cy", all(domain.RoleAgent)), app.IncidentQuery{})
	require.NoError(t, err)
	require.Len(t, found.Items, 2, "a watcher is named")
	require.Empty(t, d.audited())
}
