package schemas_test

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

const manyIncidents = 20_000

// fill writes many incidents as they stand after years: one in five is open, each open one has a deadline.
func fill(t *testing.T, base store.DB) {
	t.Helper()
	superuser := base.Superuser(t)
	for _, statement := range []string{
		`CREATE FUNCTION chance(n bigint, below integer) RETURNS bigint LANGUAGE sql AS $$ SELECT abs(hashint8(n)::bigint) % below $$`,
		`INSERT INTO records (id, practice, number, state, version, title, description, service, category, team, assignee, requester, opened_by,
			priority, policies, open, active, wake_at, next_due, opened_at, updated_at, state_since, last_event_at)
		SELECT md5(n::text)::uuid, 'incident', 'INC-' || lpad(n::text, 6, '0'), CASE WHEN open THEN CASE WHEN n % 50 = 0 THEN 'resolved' ELSE 'in_progress' END ELSE 'closed' END, 5,
			'Mail ' || (ARRAY['bounces','is slow','is lost','cannot be read','goes to another'])[n % 5 + 1] || ' on host' || n % 3000,
			repeat('Since this morning the relay answers with error ' || n || '. ', 8), 'service-' || chance(n, 40), 'category-' || chance(n + 7, 15),
			'team-' || chance(n + 1, 20), CASE WHEN chance(n + 2, 3) = 0 THEN '' ELSE 'agent-' || chance(n + 3, 100) END,
			'person-' || chance(n + 4, 2000), 'agent-' || chance(n + 3, 100), chance(n + 5, 5) + 1, '{}',
			open, open, CASE WHEN open THEN timestamptz '2026-11-30' + n * interval '1 minute' END, CASE WHEN open THEN 'triage' ELSE '' END,
			at, at + n % 500 * interval '1 hour', at, at
		FROM (SELECT n, chance(n + 6, 5) = 0 AS open, timestamptz '2024-01-01' + n * interval '75 minutes' AS at FROM generate_series(1, ?0) n) AS made`,
		`INSERT INTO incidents (id, impact, urgency) SELECT id, 'medium', 'low' FROM records`,
		`INSERT INTO deadlines (record_id, name, due_at, command, outcome, since)
			SELECT id, 'triage', wake_at, 'incident.triage_overdue', 'tells the team lead', opened_at FROM records WHERE open`,
		// Each has a promise to respond and one to resolve; of the ended ones every tenth was broken, of the open ones every fourth.
		`INSERT INTO clocks (record_id, metric, agreement, agreement_version, cycle, rating, why, priority, calendar, calendar_version, target, length_ms,
			state, counting, cycle_from, from_at, due_at, breached_at, stopped_at, stopped_by, elapsed_ms, paused_ms, as_of, in_force, version)
		SELECT id, metric, 'gold', 1, 1, 1, 'gold applies', priority, 'always', 1, '8h', 28800000,
			CASE WHEN broken THEN 'breached' WHEN ended THEN 'met' ELSE 'running' END, NOT ended, opened_at, opened_at, due,
			CASE WHEN broken THEN due END, CASE WHEN ended THEN opened_at + interval '7 hours' END, CASE WHEN ended THEN 'resolved' ELSE '' END,
			0, 0, opened_at, true, 1
		FROM (SELECT *, coalesce(wake_at + interval '3 hours', opened_at + interval '8 hours') AS due, NOT open OR metric = 'response' AS ended,
			CASE WHEN open THEN metric = 'resolution' AND chance(hashtext(number), 4) = 0 ELSE chance(hashtext(number), 10) = 0 END AS broken
			FROM records, unnest(ARRAY['response', 'resolution']) AS metric) AS made`,
		`INSERT INTO record_words (record_id, practice, words) SELECT id, practice,
			setweight(to_tsvector('english', number || ' ' || title), 'A') || setweight(to_tsvector('english', description), 'B') FROM records`,
		`INSERT INTO people (handle, name, created_at) SELECT 'agent-' || n, 'Agent ' || n, now() FROM generate_series(0, 99) n`,
		`INSERT INTO teams (name, title) SELECT 'team-' || n, 'Team ' || n FROM generate_series(0, 19) n`,
		`INSERT INTO team_members (team, person) SELECT 'team-' || n % 20, 'agent-' || n FROM generate_series(0, 99) n`,
		`INSERT INTO commands (id, record_id, name, digest, actor, created_at) SELECT number, id, 'incident.log', '', 'ana', opened_at FROM records`,
		`VACUUM ANALYZE`,
	} {
		_, err := superuser.NewRaw(statement, manyIncidents).Exec(t.Context())
		require.NoError(t, err, statement)
	}
}

// statements hears the statements of a pool.
type statements struct{ heard []string }

func (s *statements) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (s *statements) AfterQuery(_ context.Context, event *bun.QueryEvent) {
	s.heard = append(s.heard, event.Query)
}

var (
	scanned  = regexp.MustCompile(`Seq Scan on (records|incidents|clocks|record_words|timeline|commands|messages)`)
	executed = regexp.MustCompile(`Execution Time: ([\d.]+) ms`)
	planned  = regexp.MustCompile(`Planning Time: ([\d.]+) ms`)
)

// bound is what a list of 50 may take, planning included, on a machine that does nothing else; the test itself is generous,
// because machines that test do other things. A missing index costs more than that.
const (
	bound    = 4 * time.Millisecond
	generous = 40
)

func TestEveryQueueUsesAnIndex(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	fill(t, base)
	heard := &statements{}
	app := base.App(t).WithQueryHook(heard)
	all := schemas.Reader{Handle: "agent-1", All: true}
	ofTeams := schemas.Reader{Handle: "agent-1", Teams: []string{"team-1", "team-2"}}
	asker := schemas.Reader{Handle: "person-7"}
	list := func(reader schemas.Reader, filter schemas.IncidentFilter) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			if filter.Sort == "" {
				filter.Sort = "-opened_at"
			}
			filter.Limit = 50
			rows, _, err := schemas.ListIncidents(ctx, app, reader, filter)
			return len(rows), err
		}
	}
	from := store.Instant("2025-06-01T00:00:00Z")
	day, dueDay := store.Instant("2026-03-02T00:00:00Z"), store.Instant("2026-12-02T00:00:00Z")
	onDay := func(verdict schemas.Verdict) schemas.PromiseFilter {
		from := day
		if verdict == schemas.VerdictRunning {
			from = dueDay
		}
		to := from.AddDate(0, 0, 1)
		return schemas.PromiseFilter{Verdict: verdict, Metric: "resolution", From: &from, To: &to}
	}
	inMonth := func(verdict schemas.Verdict) schemas.PromiseFilter {
		to := day.AddDate(0, 1, 0)
		return schemas.PromiseFilter{Verdict: verdict, From: &day, To: &to}
	}
	dueBy := schemas.PromiseFilter{Verdict: schemas.VerdictRunning, To: &dueDay}
	for name, read := range map[string]func(context.Context) (int, error){
		"list, newest first":               list(all, schemas.IncidentFilter{}),
		"list, a later page":               list(all, schemas.IncidentFilter{After: &schemas.Position{Value: "2025-06-01 00:00:00+00", ID: "00000000-0000-0000-0000-000000000000"}}),
		"list, from a day on":              list(all, schemas.IncidentFilter{OpenedFrom: &from, Sort: "opened_at"}),
		"list, last changed":               list(all, schemas.IncidentFilter{Sort: "-updated_at"}),
		"list, open":                       list(all, schemas.IncidentFilter{Open: true}),
		"list, open by priority":           list(all, schemas.IncidentFilter{Open: true, Sort: "priority"}),
		"list, by priority":                list(all, schemas.IncidentFilter{Sort: "priority"}),
		"list, next due":                   list(all, schemas.IncidentFilter{Open: true, Sort: "wake_at"}),
		"list, of a team":                  list(all, schemas.IncidentFilter{Open: true, Team: "team-3"}),
		"list, of a team, ever":            list(all, schemas.IncidentFilter{Team: "team-3"}),
		"list, of a team, next due":        list(all, schemas.IncidentFilter{Open: true, Team: "team-3", Sort: "wake_at"}),
		"list, mine":                       list(all, schemas.IncidentFilter{Open: true, Assignee: "agent-5"}),
		"list, mine, next due":             list(all, schemas.IncidentFilter{Open: true, Assignee: "agent-5", Sort: "wake_at"}),
		"list, unassigned":                 list(all, schemas.IncidentFilter{Open: true, Unassigned: true}),
		"list, of a service":               list(all, schemas.IncidentFilter{Open: true, Service: "service-4"}),
		"list, of a requester":             list(all, schemas.IncidentFilter{Requester: "person-7"}),
		"list, of a state":                 list(all, schemas.IncidentFilter{States: []string{"in_progress"}}),
		"list, of a rare state":            list(all, schemas.IncidentFilter{States: []string{"resolved"}}),
		"list, with a frequent word":       list(all, schemas.IncidentFilter{Words: "mail"}),
		"list, for two teams":              list(ofTeams, schemas.IncidentFilter{}),
		"list, open for two teams":         list(ofTeams, schemas.IncidentFilter{Open: true}),
		"list, for a requester":            list(asker, schemas.IncidentFilter{}),
		"list, broken":                     list(all, schemas.IncidentFilter{Promise: schemas.PromiseFilter{Verdict: schemas.VerdictBreached}}),
		"list, broken and open":            list(all, schemas.IncidentFilter{Open: true, Promise: schemas.PromiseFilter{Verdict: schemas.VerdictBreached}}),
		"list, broken on a day":            list(all, schemas.IncidentFilter{Promise: onDay(schemas.VerdictBreached)}),
		"list, kept on a day":              list(all, schemas.IncidentFilter{Promise: onDay(schemas.VerdictMet)}),
		"list, kept":                       list(all, schemas.IncidentFilter{Promise: schemas.PromiseFilter{Verdict: schemas.VerdictMet, Metric: "resolution"}}),
		"list, due on a day":               list(all, schemas.IncidentFilter{Promise: onDay(schemas.VerdictRunning)}),
		"list, due soon, of a team":        list(all, schemas.IncidentFilter{Open: true, Team: "team-3", Promise: dueBy}),
		"list, due soon":                   list(all, schemas.IncidentFilter{Open: true, Sort: "wake_at", Promise: dueBy}),
		"list, running":                    list(all, schemas.IncidentFilter{Promise: schemas.PromiseFilter{Verdict: schemas.VerdictRunning}}),
		"list, running, of a requester":    list(asker, schemas.IncidentFilter{Promise: schemas.PromiseFilter{Verdict: schemas.VerdictMet, ToRequester: true}}),
		"list, with a promise to resolve":  list(all, schemas.IncidentFilter{Promise: schemas.PromiseFilter{Verdict: schemas.VerdictAny, Metric: "resolution"}}),
		"list, broken on a day, two teams": list(ofTeams, schemas.IncidentFilter{Promise: inMonth(schemas.VerdictBreached)}),
		"promises of a day": func(ctx context.Context) (int, error) {
			sums, err := schemas.CountPromises(ctx, app, all, day, day.AddDate(0, 0, 1))
			return len(sums.Counts) * sums.Total.Met, err
		},
		"promises of a day, two teams": func(ctx context.Context) (int, error) {
			sums, err := schemas.CountPromises(ctx, app, ofTeams, day, day.AddDate(0, 1, 0))
			return len(sums.Counts) * sums.Total.Met, err
		},
		"work of my teams": func(ctx context.Context) (int, error) {
			rows, _, err := schemas.TeamWork(ctx, app, all, "agent-1", 50)
			return len(rows), err
		},
		"waiting": func(ctx context.Context) (int, error) {
			rows, _, err := schemas.ListWaiting(ctx, app, all, schemas.WaitingFilter{Limit: 50})
			return len(rows), err
		},
		"waiting, a later page": func(ctx context.Context) (int, error) {
			rows, _, err := schemas.ListWaiting(ctx, app, all, schemas.WaitingFilter{Limit: 50, After: &schemas.WaitingPosition{
				DueAt: store.Instant("2026-12-05T00:00:00Z"), Record: "00000000-0000-0000-0000-000000000000",
			}})
			return len(rows), err
		},
		"waiting, of a team": func(ctx context.Context) (int, error) {
			rows, _, err := schemas.ListWaiting(ctx, app, all, schemas.WaitingFilter{Limit: 50, Team: "team-5"})
			return len(rows), err
		},
		"waiting, of a person": func(ctx context.Context) (int, error) {
			rows, _, err := schemas.ListWaiting(ctx, app, all, schemas.WaitingFilter{Limit: 50, Assignee: "agent-5"})
			return len(rows), err
		},
		"search, a number": func(ctx context.Context) (int, error) {
			rows, err := schemas.Search(ctx, app, all, "inc-000777", 50)
			return len(rows), err
		},
		"search, a rare word": func(ctx context.Context) (int, error) {
			rows, err := schemas.Search(ctx, app, all, "host2999", 50)
			return len(rows), err
		},
		"search, a frequent word": func(ctx context.Context) (int, error) {
			rows, err := schemas.Search(ctx, app, all, "mail", 50)
			return len(rows), err
		},
		"similar": func(ctx context.Context) (int, error) {
			rows, err := schemas.SimilarIncidents(ctx, app, all, "", "host2999 lost", "service-1", "", 10)
			return len(rows), err
		},
		"similar, frequent words": func(ctx context.Context) (int, error) {
			rows, err := schemas.SimilarIncidents(ctx, app, all, "", "mail is slow, relay answers with error", "service-1", "", 10)
			return len(rows), err
		},
		"counts of views": func(ctx context.Context) (int, error) {
			counts, err := schemas.CountIncidents(ctx, app, ofTeams, []schemas.IncidentFilter{
				{Open: true}, {Open: true, Assignee: "agent-5"}, {Open: true, Unassigned: true}, {Open: true, Team: "team-3"}, {States: []string{"resolved"}},
			}, 1000)
			return len(counts), err
		},
		"one incident": func(ctx context.Context) (int, error) {
			_, found, err := schemas.ReadIncident(ctx, app, all, "INC-000777")
			return map[bool]int{true: 1}[found], err
		},
		"changed since": func(ctx context.Context) (int, error) {
			rows, err := schemas.ChangedSince(ctx, app, store.Instant("2026-11-01T00:00:00Z"), "", 100)
			return len(rows), err
		},
	} {
		heard.heard = nil
		count, err := read(t.Context())
		require.NoError(t, err, name)
		require.NotZero(t, count, name)
		for _, statement := range heard.heard {
			plan, took := explain(t, app, statement)
			t.Logf("%-28s %7.2f ms  %s", name, float64(took.Microseconds())/1000, used(plan))
			assert.False(t, scanned.MatchString(plan), "%s\n%s\n%s", name, statement, plan)
			assert.Less(t, took, bound*generous, "%s\n%s\n%s", name, statement, plan)
		}
	}
}

// explain answers the plan of a statement, and the shortest of some runs.
func explain(t *testing.T, db bun.IDB, statement string) (string, time.Duration) {
	t.Helper()
	var plan string
	best := time.Hour
	for range 5 {
		var lines []string
		require.NoError(t, db.NewRaw("EXPLAIN (ANALYZE, SUMMARY) ?", bun.Safe(statement)).Scan(t.Context(), &lines))
		plan = strings.Join(lines, "\n")
		took := 0.0
		for _, part := range []*regexp.Regexp{executed, planned} {
			value, err := strconv.ParseFloat(part.FindStringSubmatch(plan)[1], 64)
			require.NoError(t, err)
			took += value
		}
		best = min(best, time.Duration(took*float64(time.Millisecond)))
	}
	return plan, best
}

var scans = regexp.MustCompile(`(?:Index(?: Only)? Scan(?: Backward)? using|Bitmap Index Scan on|Seq Scan on) (\w+)`)

func used(plan string) string {
	names := []string{}
	for _, match := range scans.FindAllStringSubmatch(plan, -1) {
		names = append(names, match[1])
	}
	return strings.Join(slices.Compact(names), ", ")
}
