package schemas_test

import (
	"context"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// fillChanges writes many changes as they stand after years: one in ten is open, one in 400 awaits approval. All touch a service of
// forty and an item of a thousand; every third touches the service "all", too.
func fillChanges(t *testing.T, base store.DB) {
	t.Helper()
	superuser := base.Superuser(t)
	for _, statement := range []string{
		`INSERT INTO records (id, practice, number, state, version, title, team, assignee, requester, opened_by, priority, tags, configuration_items, policies,
			restricted, open, active, opened_at, updated_at, state_since, last_event_at)
		SELECT md5('change ' || n)::uuid, 'change', 'CHG-' || lpad(n::text, 6, '0'), CASE WHEN n % 400 = 0 THEN 'awaiting_approval' WHEN open THEN 'scheduled' ELSE 'closed' END, 5,
			'Move host' || n % 3000, 'team-' || n % 200, 'agent-' || n % 300, 'person-' || n % 2000, 'agent-' || n * 7 % 300, n % 5 + 1, '[]',
			jsonb_build_array('i' || n % 1000), '{}', n % 7 = 0, open, open, at, at, at, at
		FROM (SELECT n, n % 10 = 0 AS open, timestamptz '2024-01-01' + n * interval '30 minutes' AS at FROM generate_series(1, 30000) n) made`,
		`INSERT INTO changes (id, type, model, services, window_from, window_to, actual_end, outcome)
		SELECT id, 'normal', CASE WHEN n % 3 = 0 THEN 'model-' || n % 300 ELSE '' END,
			CASE WHEN n % 3 = 0 THEN json_build_array('service-' || n % 40, 'all') ELSE json_build_array('service-' || n % 40) END,
			opened_at + interval '2 days', opened_at + interval '2 days 4 hours', CASE WHEN NOT open THEN opened_at + interval '2 days 3 hours' END,
			CASE WHEN open THEN '' WHEN n % 25 = 0 THEN 'failed' ELSE 'successful' END
		FROM (SELECT *, substr(number, 5)::int AS n FROM records) r`,
		`INSERT INTO record_words (record_id, practice, words) SELECT id, practice, to_tsvector('english', number || ' ' || title) FROM records`,
		`INSERT INTO people (handle, name, created_at) SELECT 'agent-' || n, 'Agent ' || n, now() FROM generate_series(0, 299) n`,
		`INSERT INTO votes (record_id, place, stage, round, voter, seat, choice, at) SELECT id, 0, 'board', 1, 'agent-' || 7 * right(number, 3)::int % 300, 'x', 'approve', opened_at FROM records`,
		`INSERT INTO watchers (record_id, person, since) SELECT id, 'agent-9', opened_at FROM records WHERE number LIKE '%33'`,
		`VACUUM ANALYZE`,
	} {
		_, err := superuser.NewRaw(statement).Exec(t.Context())
		require.NoError(t, err, statement)
	}
}

var walked = regexp.MustCompile(`Seq Scan on (records|changes|record_words)`)

func TestEveryListOfChangesUsesAnIndex(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	fillChanges(t, base)
	heard := &statements{}
	app := base.App(t).WithQueryHook(heard)
	all, ofTeams := schemas.Reader{Handle: "agent-1", All: true}, schemas.Reader{Handle: "agent-1", Teams: []string{"team-1", "team-2"}}
	asker, nobody := schemas.Reader{Handle: "person-7"}, schemas.Reader{Handle: "nobody"}
	from := store.Instant("2025-03-01T00:00:00Z")
	to := from.AddDate(0, 0, 1)
	list := func(reader schemas.Reader, filter schemas.ChangeFilter) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			filter.Limit = 50
			rows, _, err := schemas.ListChanges(ctx, app, reader, filter)
			return len(rows), err
		}
	}
	for name, one := range map[string]struct {
		read  func(context.Context) (int, error)
		index string
		none  bool
	}{
		"newest first":           {list(all, schemas.ChangeFilter{}), "records_opened", false},
		"last changed":           {list(all, schemas.ChangeFilter{Sort: "-updated_at"}), "records_change_updated", false},
		"of a service":           {list(all, schemas.ChangeFilter{Service: "service-7"}), "", false},
		"of a frequent service":  {list(all, schemas.ChangeFilter{Service: "all"}), "records_opened", false},
		"of no service":          {list(all, schemas.ChangeFilter{Service: "nothing"}), "changes_services", true},
		"of an item":             {list(all, schemas.ChangeFilter{Item: "i7"}), "records_change_items", false},
		"of an item, two teams":  {list(ofTeams, schemas.ChangeFilter{Item: "i1"}), "records_change_items", false},
		"of no item":             {list(all, schemas.ChangeFilter{Item: "nothing"}), "records_change_items", true},
		"of a team":              {list(all, schemas.ChangeFilter{Team: "team-3"}), "records_change_team", false},
		"of a person":            {list(all, schemas.ChangeFilter{Assignee: "agent-3"}), "records_change_assignee", false},
		"of a model":             {list(all, schemas.ChangeFilter{Model: "model-3"}), "changes_of_model", false},
		"of a day":               {list(all, schemas.ChangeFilter{From: &from, To: &to, Sort: "window_from"}), "changes_during", false},
		"of a day, two teams":    {list(ofTeams, schemas.ChangeFilter{From: &from, To: &to, Sort: "window_from"}), "", false},
		"taking votes":           {list(all, schemas.ChangeFilter{Voting: true}), "records_active_state", false},
		"with a rare word":       {list(all, schemas.ChangeFilter{Words: "host2999"}), "", false},
		"for who asked for some": {list(asker, schemas.ChangeFilter{}), "records_requester", false},
		"for nobody":             {list(nobody, schemas.ChangeFilter{}), "", true},
		"counts of views": {func(ctx context.Context) (int, error) {
			counts, err := schemas.CountChanges(ctx, app, all, []schemas.ChangeFilter{{Open: true}, {Model: "model-3"}, {Item: "i7"}, {Open: true, Assignee: "agent-1"}}, 1000)
			return len(counts), err
		}, "", false},
		"failures of a team": {func(ctx context.Context) (int, error) {
			_, ended, err := schemas.FailuresOf(ctx, app, "", "team-3", 20, from)
			return ended, err
		}, "", false},
	} {
		heard.heard = nil
		count, err := one.read(t.Context())
		require.NoError(t, err, name)
		require.Equal(t, one.none, count == 0, name)
		for _, statement := range heard.heard {
			plan, took := explain(t, app, statement)
			t.Logf("%-24s %7.2f ms  %s", name, float64(took.Microseconds())/1000, used(plan))
			assert.False(t, walked.MatchString(plan), "%s\n%s\n%s", name, statement, plan)
			assert.Contains(t, used(plan), one.index, "%s\n%s\n%s", name, statement, plan)
		}
	}
}

// The predicate of a list is worded otherwise than that of one record: they must say the same of everybody.
func TestListsShowTheChangesThatCanBeRead(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	fillChanges(t, base)
	app, now := base.App(t), store.Instant("2026-11-26T09:00:00Z")
	for _, statement := range []string{
		`DELETE FROM votes WHERE record_id IN (SELECT id FROM records WHERE number >= 'CHG-000600')`,
		`DELETE FROM record_words WHERE record_id IN (SELECT id FROM records WHERE number >= 'CHG-000600')`,
		`DELETE FROM watchers WHERE record_id IN (SELECT id FROM records WHERE number >= 'CHG-000600')`,
		`DELETE FROM changes WHERE id IN (SELECT id FROM records WHERE number >= 'CHG-000600')`,
		`DELETE FROM records WHERE number >= 'CHG-000600'`,
		`INSERT INTO interests (record_id, kind, key, practice, command) SELECT id, 'person', 'agent-11', 'change', '' FROM records WHERE number LIKE '%7'`,
		`INSERT INTO services (name, title, owner) VALUES ('mine', 'Mine', 'agent-12')`,
		`INSERT INTO interests (record_id, kind, key, practice, command) SELECT id, 'cause', 'mine', 'change', '' FROM records WHERE number LIKE '%9'`,
		`INSERT INTO delegations (id, principal, delegate, from_at, until_at, made_by, made_at)
			VALUES (gen_random_uuid(), 'agent-11', 'agent-13', '2026-11-01', '2026-12-01', 'agent-11', '2026-11-01'), (gen_random_uuid(), 'agent-11', 'agent-14', '2026-10-01', '2026-11-01', 'agent-11', '2026-10-01')`,
	} {
		_, err := base.Superuser(t).NewRaw(statement).Exec(t.Context())
		require.NoError(t, err, statement)
	}
	for _, reader := range []schemas.Reader{
		{Handle: "admin", All: true, Restricted: true},
		{Handle: "agent-1", All: true},
		{Handle: "agent-9", All: true},
		{Handle: "agent-1", Teams: []string{"team-1", "team-2"}},
		{Handle: "agent-9", Teams: []string{"team-33"}},
		{Handle: "agent-2", Services: []string{""}},
		{Handle: "agent-1", Teams: []string{"team-3"}, Restricted: true},
		{Handle: "person-7"},
		{Handle: "agent-11"},
		{Handle: "agent-12"},
		{Handle: "agent-13"},
		{Handle: "agent-14"},
		{Handle: "nobody"},
		{Handle: "nobody", Restricted: true},
	} {
		reader.At = now
		listed, _, err := schemas.ListChanges(t.Context(), app, reader, schemas.ChangeFilter{Limit: 1000})
		require.NoError(t, err)
		require.Equal(t, readable(t, app, reader), numbersOf(listed), "%+v", reader)
	}
}

// readable are the numbers of the changes that a reader may read one by one.
func readable(t *testing.T, app *bun.DB, reader schemas.Reader) []string {
	t.Helper()
	var all []string
	require.NoError(t, app.NewRaw(`SELECT number FROM records ORDER BY number`).Scan(t.Context(), &all))
	found, err := schemas.ReadChanges(t.Context(), app, reader, all)
	require.NoError(t, err)
	return numbersOf(found)
}

func numbersOf(found []change.Change) []string {
	numbers := make([]string, len(found))
	for i, one := range found {
		numbers[i] = one.Number
	}
	slices.Sort(numbers)
	return numbers
}

func TestChangesAreFoundAndOrderedAsIncidentsAre(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	fillChanges(t, base)
	app, all := base.App(t), schemas.Reader{Handle: "agent-1", All: true, Restricted: true}
	list := func(filter schemas.ChangeFilter) ([]change.Change, *schemas.Position) {
		filter.Limit = 20
		found, next, err := schemas.ListChanges(t.Context(), app, all, filter)
		require.NoError(t, err)
		return found, next
	}
	found, _ := list(schemas.ChangeFilter{Words: "host2999"})
	require.Len(t, found, 10)
	found, _ = list(schemas.ChangeFilter{Words: "host2999 -move"})
	require.Empty(t, found)
	found, _ = list(schemas.ChangeFilter{Words: "host2999", States: []string{string(change.Closed)}, Team: "team-199"})
	require.Len(t, found, 10)
	for _, sort := range []string{"opened_at", "-opened_at", "updated_at", "-updated_at", "priority", "-priority", "wake_at", "window_from", "-window_from"} {
		require.True(t, schemas.KnownChangeSort(sort), sort)
		filter := schemas.ChangeFilter{Sort: sort, Model: "model-3"}
		var pages []string
		for pageful := range 5 {
			found, next := list(filter)
			require.Len(t, found, 20, "%s, page %d", sort, pageful)
			for _, one := range found {
				require.NotContains(t, pages, one.Number, sort)
				pages = append(pages, one.Number)
			}
			if filter.After = next; pageful == 4 {
				require.Nil(t, next, sort)
			}
		}
	}
	require.False(t, schemas.KnownChangeSort("title"))
	require.False(t, schemas.KnownSort("window_from"), "incidents have no window")
	_, _, err := schemas.ListChanges(t.Context(), app, all, schemas.ChangeFilter{Sort: "priority", After: &schemas.Position{Value: "x|y", ID: domain.NewID("x")}, Limit: 1})
	require.Equal(t, domain.CodeMalformed, domain.CodeOf(err))
	_, _, err = schemas.ListChanges(t.Context(), app, all, schemas.ChangeFilter{From: new(time.Now()), To: new(time.Now().Add(time.Hour)), Sort: "window_from", Limit: 1})
	require.NoError(t, err)
}
