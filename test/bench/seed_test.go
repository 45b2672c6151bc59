package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestSeedIsAsApplyWouldHaveWrittenIt(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	owner, worker := base.Superuser(t), base.Worker(t)
	indexes := func() (names []string) {
		require.NoError(t, owner.NewRaw(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL
			SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1`).Scan(t.Context(), &names))
		return names
	}
	before := indexes()
	const records = 1000
	told := 0
	require.NoError(t, Seed(t.Context(), owner, records, func(n int) { told += n }))
	require.Equal(t, records, told)
	require.Equal(t, before, indexes(), "every index and reference is back")
	faults, err := schemas.CheckChains(t.Context(), worker, 10)
	require.NoError(t, err)
	require.Empty(t, faults)
	faults, err = schemas.CheckRows(t.Context(), worker, time.Now(), time.Minute, 10)
	require.NoError(t, err)
	require.Empty(t, faults)
	for table, rows := range map[string]int{"teams": 20, "services": 40, "team_members": 200, "record_words": records, "incidents": records, "links": records / 40} {
		var count int
		require.NoError(t, owner.NewRaw(`SELECT count(*) FROM `+table).Scan(t.Context(), &count))
		require.Equal(t, rows, count, table)
	}
	var all, active, events int
	require.NoError(t, owner.NewRaw(`SELECT count(*), count(*) FILTER (WHERE active), (SELECT count(*) FROM timeline) FROM records`).
		Scan(t.Context(), &all, &active, &events))
	require.Equal(t, records, all)
	require.InDelta(t, records/50, active, 15)
	require.Greater(t, events, 4*records)
	var clocks, broken, running, breaches int
	require.NoError(t, owner.NewRaw(`SELECT count(*), count(*) FILTER (WHERE state = 'breached'), count(*) FILTER (WHERE state = 'running'),
		(SELECT count(*) FROM timeline WHERE type = 'incident.clock_breached') FROM clocks`).Scan(t.Context(), &clocks, &broken, &running, &breaches))
	require.Greater(t, clocks, records*9/5, "two each, but for those that were canceled")
	require.Equal(t, broken, breaches)
	require.Positive(t, broken)
	require.Positive(t, running)
	require.ErrorContains(t, Seed(t.Context(), owner, 1, func(int) {}), "has records")
}

func TestChangesWaitAsApplyWouldHaveThemWait(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	base.Settle(t)
	owner, worker := base.Superuser(t), base.Worker(t)
	require.NoError(t, Seed(t.Context(), owner, 100, func(int) {}))
	const changes = 12
	require.NoError(t, Waiting(t.Context(), owner, worker, changes))
	faults, err := schemas.CheckChains(t.Context(), worker, 10)
	require.NoError(t, err)
	require.Empty(t, faults)
	faults, err = schemas.CheckRows(t.Context(), worker, time.Now(), time.Minute, 10)
	require.NoError(t, err)
	require.Empty(t, faults)
	asked, err := schemas.VotesAsked(t.Context(), worker, anAgent, time.Now())
	require.NoError(t, err)
	require.Len(t, asked, changes-4, "who has voted on two of six is not asked there any more")
	var waiting, contested int
	require.NoError(t, owner.NewRaw(`SELECT count(*), count(*) FILTER (WHERE json_array_length(c.conflicts) > 0)
		FROM records r JOIN changes c ON c.id = r.id WHERE r.state = 'awaiting_approval'`).Scan(t.Context(), &waiting, &contested))
	require.Equal(t, changes, waiting)
	require.Positive(t, contested, "some come into each other's way")
}
