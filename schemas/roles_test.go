package schemas_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

var now = store.Instant("2026-11-30T09:00:00Z")

// addIncident writes an incident as the worker does, with one event.
func addIncident(t testing.TB, worker bun.IDB, seed string, change ...func(*incident.Incident)) incident.Incident {
	t.Helper()
	number, err := schemas.NextNumber(t.Context(), worker, incident.Lifecycle)
	require.NoError(t, err)
	record := incident.Incident{
		Record: domain.Record{
			ID: domain.NewID(seed), Practice: domain.Incident, Number: number, State: incident.New, Version: 1, Title: "Mail is out",
			Tags: []string{}, ConfigurationItems: []string{}, Team: "messaging", Requester: "rita", OpenedBy: "ana", Priority: 3,
			Policies: map[string]int{}, Open: true, Active: true, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: incident.Details{Impact: "medium", Urgency: "medium"},
	}
	for _, with := range change {
		with(&record)
	}
	into := schemas.NewPassage(worker, record.ID, now)
	into.Events([]domain.Event{event("incident.logged")})
	if record.WakeAt != nil {
		into.Deadlines([]domain.Deadline{{Name: record.NextDue, DueAt: *record.WakeAt, Command: "incident.triage_overdue", Then: "tells the team lead"}}, false)
	}
	into.Incident(record, nil, true, true)
	require.NoError(t, into.Write(t.Context()))
	return record
}

func event(kind string) domain.Event {
	return domain.Event{
		Type: kind, At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "ana"}, Reason: "why: 'quoted' ? \\",
		Data: map[string]any{"a": 1, "text": "it's"}, Personal: map[string]any{"title": "private"}, Public: true,
	}
}

const denied = "42501"

func requireDenied(t *testing.T, db bun.IDB, statement string) {
	t.Helper()
	_, err := db.NewRaw("?", bun.Safe(statement)).Exec(t.Context())
	require.ErrorContains(t, err, denied, statement)
}

func TestTheApplicationDecidesNothing(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	worker, app := base.Worker(t), base.App(t)
	record := addIncident(t, worker, "one")
	for _, table := range []string{
		"records", "incidents", "deadlines", "links", "record_words", "commands", "messages", "outbox", "timeline", "heartbeats", "clocks", "escalations", "cab_meetings",
		"circuits", "deliveries", "bell",
	} {
		var count int
		require.NoError(t, app.NewRaw("SELECT count(*) FROM "+table).Scan(t.Context(), &count), "it reads %s", table)
		requireDenied(t, app, "DELETE FROM "+table)
		requireDenied(t, app, "INSERT INTO "+table+" DEFAULT VALUES")
		requireDenied(t, app, "TRUNCATE "+table)
	}
	for _, statement := range []string{
		"UPDATE records SET state = 'closed'", "UPDATE incidents SET impact = 'low'", "UPDATE deadlines SET due_at = now()",
		"UPDATE timeline SET reason = ''", "UPDATE messages SET state = 'dropped'", "UPDATE commands SET outcome = NULL",
		"UPDATE outbox SET kind = ''", "SELECT nextval('incident_numbers')", "DELETE FROM policies", "UPDATE policies SET author = ''",
		"UPDATE audit SET actor = ''", "DELETE FROM audit", "DELETE FROM people", "DELETE FROM on_call_overrides", "DELETE FROM on_call_swaps", "DROP TABLE watchers", "CREATE TABLE mine ()",
		"SELECT tell_account('incident.reminder', 'rita', '{}', now())", "UPDATE outbox SET dispatched_at = now()", "UPDATE bell SET read_at = now()",
		"UPDATE deliveries SET state = 'sent'", "UPDATE change_items SET holder = 0", "SELECT audit_forbidden('[]')", "SELECT forget_alerts(now(), 1)", "SELECT mail_invitation(gen_random_uuid(), '', now())", "SELECT ask_contact(gen_random_uuid(), '', now())",
	} {
		requireDenied(t, app, statement)
	}
	_, err := schemas.AppendTimeline(t.Context(), app, record.ID, []domain.Event{event("incident.closed")}, now)
	require.ErrorContains(t, err, denied, "a decision")
	seq, err := schemas.AppendTimeline(t.Context(), app, record.ID, []domain.Event{event("note.added")}, now)
	require.NoError(t, err)
	require.Equal(t, int64(2), seq)
}

func TestTheWorkerServesNobody(t *testing.T) {
	t.Parallel()
	worker := store.Database(t).Worker(t)
	for _, table := range []string{
		"people", "teams", "team_members", "services", "grants", "policies", "watchers", "attachments", "on_call_overrides",
		"destinations", "contacts", "notification_rules",
	} {
		var count int
		require.NoError(t, worker.NewRaw("SELECT count(*) FROM "+table).Scan(t.Context(), &count), "it reads %s", table)
		requireDenied(t, worker, "DELETE FROM "+table)
		requireDenied(t, worker, "INSERT INTO "+table+" DEFAULT VALUES")
	}
	for _, statement := range []string{
		"SELECT hash FROM tokens", "SELECT actor FROM audit", "SELECT name FROM views", "SELECT hash FROM on_call_feeds", "SELECT state FROM on_call_swaps", "DELETE FROM view_defaults", "UPDATE timeline SET reason = ''", "DELETE FROM timeline",
		"INSERT INTO timeline DEFAULT VALUES", "DELETE FROM records", "DELETE FROM incidents", "DELETE FROM outbox", "UPDATE outbox SET kind = ''", "TRUNCATE timeline",
		"UPDATE contacts SET verified_at = now()", "UPDATE destinations SET url = ''", "SELECT read_bell('ana', 1, true, now())",
		"SELECT replay_delivery(gen_random_uuid(), now())", "SELECT hash FROM invitations", "SELECT hash FROM acknowledge_links", "UPDATE acknowledge_links SET used_at = now()",
		"SELECT reserve_items('{}', '{}')", "SELECT still_reservations()", "INSERT INTO audit (at, actor, action, outcome) VALUES (now(), 'ana', 'apply policy', 'done')", "SELECT hash FROM approval_links", "UPDATE approval_links SET used_at = now()",
		"SELECT hash FROM policy_proposals", "UPDATE policy_proposals SET state = 'applied'",
	} {
		requireDenied(t, worker, statement)
	}
}

func TestNobodyChangesTheTimelineNorAPolicyVersion(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	base.Settle(t)
	addIncident(t, base.Worker(t), "one")
	for _, db := range []*bun.DB{base.Owner(t), base.Superuser(t)} {
		for _, statement := range []string{
			"UPDATE timeline SET reason = ''", "DELETE FROM timeline", "TRUNCATE timeline",
			"UPDATE policies SET author = ''", "DELETE FROM policies", "TRUNCATE policies",
		} {
			_, err := db.NewRaw(statement).Exec(t.Context())
			require.Contains(t, []string{"timeline_is_final", "policies_are_final"}, pg.Constraint(err), statement)
		}
	}
}

func TestAnInventedRecordHasNoTimeline(t *testing.T) {
	t.Parallel()
	_, err := schemas.AppendTimeline(t.Context(), store.Database(t).Worker(t), domain.NewID("nobody"), []domain.Event{event("x.y")}, now)
	require.Equal(t, "timeline_record", pg.Constraint(err))
}

func TestTheTimelineIsGapFreeAndAnyTamperingIsFound(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	worker, superuser := base.Worker(t), base.Superuser(t)
	record, other := addIncident(t, worker, "one"), addIncident(t, worker, "two")
	due, late := now.Add(time.Minute), int64(1500)
	timed := event("incident.reminded")
	timed.DueAt, timed.LatenessMS = &due, &late
	bare := domain.Event{Type: "incident.edited", At: now.Add(1500 * time.Microsecond), Actor: domain.Actor{Kind: domain.ActorTimer, Name: "x"}}
	for i := range 5 {
		last, err := schemas.AppendTimeline(t.Context(), worker, record.ID, []domain.Event{timed, bare}, now)
		require.NoError(t, err)
		require.Equal(t, int64(3+2*i), last)
	}
	events, err := schemas.ReadTimeline(t.Context(), worker, record.ID, 0, nil, schemas.Whole, 100)
	require.NoError(t, err)
	for i, stored := range events {
		require.Equal(t, int64(i+1), stored.Seq)
		if i > 0 {
			require.Equal(t, events[i-1].Hash, stored.PrevHash)
		}
	}
	require.Equal(t, due, events[1].DueAt.UTC())
	require.Equal(t, "why: 'quoted' ? \\", events[1].Reason)
	require.JSONEq(t, `{"a":1,"text":"it's"}`, string(events[1].Data))
	require.Equal(t, now.Add(time.Millisecond), events[2].At, "times are cut to milliseconds, not rounded")
	require.Empty(t, faults(t, worker))

	for _, tampering := range []string{
		"UPDATE timeline SET reason = 'another' WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET at = at + interval '1 ms' WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET due_at = NULL WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET public = NOT public WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET actor_name = 'bo' WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET data = '{\"a\": 1,\"text\":\"it''s\"}' WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET personal = '{\"title\":\"other\"}' WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET digest = '' WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET hash = 'f' || hash WHERE record_id = ? AND seq = 4",
		"UPDATE timeline SET seq = 99 WHERE record_id = ? AND seq = 4",
		"DELETE FROM timeline WHERE record_id = ? AND seq = 4",
		"DELETE FROM timeline WHERE record_id = ? AND seq = 11",
		"DELETE FROM timeline WHERE record_id = ?",
		"UPDATE timeline SET record_id = '" + other.ID + "', seq = 2 WHERE record_id = ? AND seq = 11",
		"UPDATE records SET chain_hash = '' WHERE id = ?",
		"UPDATE records SET chain_seq = 3 WHERE id = ?",
	} {
		func() {
			tx, err := superuser.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer tx.Rollback()
			_, err = tx.NewRaw("SET LOCAL session_replication_role = replica").Exec(t.Context()) // no trigger stops a superuser
			require.NoError(t, err)
			result, err := tx.NewRaw(tampering, record.ID).Exec(t.Context())
			require.NoError(t, err)
			changed, err := result.RowsAffected()
			require.NoError(t, err)
			require.NotZero(t, changed, tampering)
			require.NotEmpty(t, faults(t, tx), tampering)
		}()
	}

	tx, err := superuser.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	for _, statement := range []string{"SET LOCAL session_replication_role = replica", "UPDATE timeline SET personal = NULL, reason = '', salt = ''"} {
		_, err = tx.NewRaw(statement).Exec(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
	require.Empty(t, faults(t, worker), "erasing the words of people leaves the chain whole")
}

func faults(t *testing.T, db bun.IDB) []schemas.Fault {
	t.Helper()
	found, err := schemas.CheckChains(t.Context(), db, 10)
	require.NoError(t, err)
	return found
}

// A dump carries the numbers of its transactions into a database that has not counted that far.
func TestRestoredEventsAreShownAgain(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	worker, owner := base.Worker(t), base.Owner(t)
	addIncident(t, worker, "one")
	tx, err := base.Superuser(t).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	for _, statement := range []string{"SET LOCAL session_replication_role = replica", "UPDATE timeline SET xid = '99999999999'"} {
		_, err = tx.NewRaw(statement).Exec(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
	hidden, err := schemas.ReadStream(t.Context(), worker, schemas.StreamPosition{Xid: "0"}, 10)
	require.NoError(t, err)
	require.Empty(t, hidden)
	found, err := schemas.CheckRows(t.Context(), worker, now, time.Hour, 10)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Contains(t, found[0].What, "--resync")

	moved, err := schemas.RestoreStream(t.Context(), owner)
	require.NoError(t, err)
	require.Equal(t, 1, moved)
	require.Empty(t, faults(t, worker), "the chain is as it was")
	_, err = owner.NewRaw("UPDATE timeline SET reason = ''").Exec(t.Context())
	require.Equal(t, "timeline_is_final", pg.Constraint(err), "and as final as before")
	again, err := schemas.RestoreStream(t.Context(), owner)
	require.NoError(t, err)
	require.Zero(t, again)
	require.Eventually(t, func() bool {
		shown, err := schemas.ReadStream(t.Context(), worker, schemas.StreamPosition{Xid: "0"}, 10)
		return err == nil && len(shown) == 1
	}, 30*time.Second, 10*time.Millisecond)
}
