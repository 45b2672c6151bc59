package schemas_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// The proportions of a data centre of 100 items: name servers and core switches that are shared, hosts on which virtual machines run, on
// which components run that need each other, and applications that need components. Of 100,000 items, 300,000 relations come.
const (
	sharedOf, hostsOf, machinesOf, componentsOf = 0.0005, 0.02, 0.30, 0.50
)

// estate is what a data centre of some size is made of; each bound is where the next kind begins.
type estate struct{ items, hosts, machines, components, applications int }

func estateOf(items int) estate {
	e := estate{items: items, hosts: max(int(float64(items)*sharedOf), 4)}
	e.machines = e.hosts + int(float64(items)*hostsOf)
	e.components = e.machines + int(float64(items)*machinesOf)
	e.applications = e.components + int(float64(items)*componentsOf)
	return e
}

// fillEstate writes items, relations, and scheduled changes that touch three items each in four hours of the next 30 days.
func fillEstate(t testing.TB, db *bun.DB, e estate, changes int) {
	t.Helper()
	now := `timestamptz '2026-11-26 08:00Z'`
	for _, statement := range []string{
		`CREATE OR REPLACE FUNCTION chance(n bigint, below integer) RETURNS bigint LANGUAGE sql AS $$ SELECT abs(hashint8(n)::bigint) % below $$`,
		fmt.Sprintf(`INSERT INTO configuration_items (handle, version, class, service, shared, exclusive, valid_from, changed_by)
			SELECT 'i' || n, 1, CASE WHEN n < %[1]d THEN 'network' WHEN n < %[2]d THEN 'server' WHEN n < %[3]d THEN 'virtual_machine' ELSE 'application' END,
				CASE WHEN n >= %[4]d AND n %% 9 = 0 THEN 'service-' || chance(n, 400) ELSE '' END, n < %[1]d, n >= %[1]d AND n < %[2]d AND n %% 50 = 0,
				timestamptz '2026-01-01Z', 'ana' FROM generate_series(0, %[5]d - 1) n`, e.hosts, e.machines, e.components, e.applications, e.items),
		fmt.Sprintf(`INSERT INTO configuration_relations (from_item, type, to_item, valid_from, made_by)
			SELECT DISTINCT 'i' || a, type, 'i' || b, timestamptz '2026-01-01Z', 'ana' FROM (
				SELECT n AS a, 'connected_to' AS type, chance(n * 7 + k, %[1]d) AS b FROM generate_series(%[1]d, %[2]d - 1) n, generate_series(1, 2) k
				UNION ALL SELECT n, 'runs_on', %[1]d + chance(n, %[2]d - %[1]d) FROM generate_series(%[2]d, %[3]d - 1) n
				UNION ALL SELECT n, 'uses', chance(n + 1, %[1]d) FROM generate_series(%[2]d, %[4]d - 1) n
				UNION ALL SELECT n, 'runs_on', %[2]d + chance(n, %[3]d - %[2]d) FROM generate_series(%[3]d, %[4]d - 1) n
				-- components need others of their cluster of 20, and one in ten needs one of another
				UNION ALL SELECT n, 'depends_on', n - 1 - chance(n * 3 + k, (n %% 20)::int) FROM generate_series(%[3]d, %[4]d - 1) n, generate_series(1, 2) k WHERE n %% 20 > 0
				UNION ALL SELECT n, 'depends_on', %[3]d + chance(n, n - %[3]d) FROM generate_series(%[3]d + 1, %[4]d - 1) n WHERE n %% 10 = 3
				UNION ALL SELECT n, 'depends_on', %[3]d + chance(n * 5 + k, %[4]d - %[3]d) FROM generate_series(%[4]d, %[5]d - 1) n, generate_series(1, 3) k) AS made
			WHERE a <> b`, e.hosts, e.machines, e.components, e.applications, e.items),
		`INSERT INTO services (name, title) SELECT 'service-' || n, 'Service ' || n FROM generate_series(0, 399) n ON CONFLICT DO NOTHING`,
		fmt.Sprintf(`INSERT INTO records (id, practice, number, state, version, title, priority, opened_by, open, active, opened_at, updated_at, state_since, last_event_at)
			SELECT md5('change ' || n)::uuid, 'change', 'CHG-' || lpad(n::text, 6, '0'), 'scheduled', 1, 'Change ' || n, 3, 'agent-' || n %% 50, true, true, %s, now(), now(), now()
			FROM generate_series(1, %d) n`, now, changes),
		fmt.Sprintf(`INSERT INTO changes (id, type, window_from, window_to) SELECT md5('change ' || n)::uuid, 'normal', at, at + interval '4 hours'
			FROM (SELECT n, %s + chance(n, 720) * interval '1 hour' AS at FROM generate_series(1, %d) n) AS made`, now, changes),
		fmt.Sprintf(`INSERT INTO change_items (change_id, item, during, holder, reserves)
			SELECT c.id, 'i' || %d + chance(substr(r.number, 5)::bigint * 11 + k, %d), tstzrange(window_from, window_to), 0, false
			FROM changes c JOIN records r ON r.id = c.id, generate_series(1, 3) k ON CONFLICT DO NOTHING`, e.hosts, e.items-e.hosts),
		`INSERT INTO interests (record_id, kind, key, practice, command) SELECT id, 'items', '', 'change', 'change.conflicts_changed' FROM changes`,
		`ANALYZE`,
	} {
		_, err := db.NewRaw(statement).Exec(t.Context())
		require.NoError(t, err, statement)
	}
}

// busyChange touches so many items of every kind in one window.
func busyChange(e estate, items int) change.Change {
	c := change.Change{}
	c.ID = "00000000-0000-0000-0000-000000000001"
	from := store.Instant("2026-11-28T20:00:00Z")
	to := from.Add(4 * time.Hour)
	c.WindowFrom, c.WindowTo = &from, &to
	for i := range items {
		begins := []int{e.hosts, e.machines, e.machines, e.components, e.components}[i%5]
		c.ConfigurationItems = append(c.ConfigurationItems, fmt.Sprintf("i%d", begins+i*7))
	}
	return c
}

func TestTheGraphIsWalkedByIndexes(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	e := estateOf(10_000)
	fillEstate(t, base.Superuser(t), e, 4000)
	worker := base.Worker(t)
	at := store.Instant("2026-11-26T09:00:00Z")
	c := busyChange(e, 20)
	around, err := schemas.Surroundings(t.Context(), worker, c, at)
	require.NoError(t, err)
	depths := map[int]bool{}
	for _, near := range around.Changes {
		depths[near.Depth] = true
	}
	require.Greater(t, len(depths), 1, "others touch neighbours")
	for name, statement := range schemas.GraphStatements {
		plan := planOf(t, worker, statement, argumentsOf(name, c, at))
		assert.NotContains(t, plan, "Seq Scan on configuration_relations", "%s\n%s", name, plan)
		assert.Contains(t, plan, "using configuration_relations_", "%s\n%s", name, plan)
	}
}

// argumentsOf are what a statement of the graph is asked with about a change.
func argumentsOf(name string, c change.Change, at time.Time) []any {
	items := c.ConfigurationItems
	return map[string][]any{
		"overlapping":             {c.ID, items, *c.WindowFrom, *c.WindowTo, configuration.ConflictDepth, at},
		"impact":                  {items, at, configuration.ImpactDepth, false, 1000},
		"impacted services":       {items, at, configuration.ServiceDepth, false},
		"interested near":         {items, at, configuration.ConflictDepth, schemas.InterestItems},
		"interested in a service": {[]string{"service-3"}, at, configuration.ServiceDepth, schemas.InterestUrgent, schemas.InterestItems},
	}[name]
}

func servicesOf(t testing.TB, db *bun.DB, c change.Change, at time.Time) []string {
	t.Helper()
	services, err := schemas.ImpactedServices(t.Context(), db, c.ConfigurationItems, at)
	require.NoError(t, err)
	return services
}

func planOf(t testing.TB, db *bun.DB, statement pg.Prepared, arguments []any) string {
	t.Helper()
	var lines []string
	require.NoError(t, ("EXPLAIN (ANALYZE) "+statement).Scan(t.Context(), db, arguments, &lines))
	return strings.Join(lines, "\n")
}

// BenchmarkConflictCheck measures what issue 5 bounds: the surroundings of a change of 50 items among 10,000 scheduled changes, 100,000
// items and 300,000 relations.
func BenchmarkConflictCheck(b *testing.B) {
	base := store.Database(b)
	e := estateOf(100_000)
	fillEstate(b, base.Superuser(b), e, 10_000)
	worker := base.Worker(b)
	at := store.Instant("2026-11-26T09:00:00Z")
	c := busyChange(e, 50)
	around, err := schemas.Surroundings(b.Context(), worker, c, at)
	require.NoError(b, err)
	relations, err := worker.NewSelect().Table("configuration_relations").Count(b.Context())
	require.NoError(b, err)
	b.Logf("%d relations; %d changes come near, %d services are reached", relations, len(around.Changes), len(servicesOf(b, worker, c, at)))
	for name, statement := range schemas.GraphStatements {
		b.Logf("%s\n%s", name, planOf(b, worker, statement, argumentsOf(name, c, at)))
	}
	b.Run("surroundings", func(b *testing.B) {
		for b.Loop() {
			_, err := schemas.Surroundings(b.Context(), worker, c, at)
			require.NoError(b, err)
		}
	})
	b.Run("impact of one item", func(b *testing.B) {
		for b.Loop() {
			_, err := schemas.Impact(b.Context(), worker, c.ConfigurationItems[:1], at, configuration.ImpactDepth, false, 1000)
			require.NoError(b, err)
		}
	})
}
