package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// What is looked up in the years that a calendar keeps is what walking its days finds.
func TestYearsAgreeWithDays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		moment := func(name string) time.Time {
			if rapid.Bool().Draw(t, "near") {
				return w.moment(t, name)
			}
			return w.change.Add(time.Duration(rapid.Int64Range(-500*86_400_000, 500*86_400_000).Draw(t, name)) * time.Millisecond)
		}
		from, to := moment("from"), moment("to")
		require.Equal(t, w.WalkBetween(from, to), w.Between(from, to))
		amount := time.Duration(rapid.Int64Range(1, 900*3_600_000).Draw(t, "amount")) * time.Millisecond
		walked, err := w.WalkAdd(from, amount)
		require.NoError(t, err)
		added, err := w.Add(from, amount)
		require.NoError(t, err)
		require.Equal(t, walked, added)
		walked, err = w.WalkNext(from)
		require.NoError(t, err)
		next, err := w.NextOpen(from)
		require.NoError(t, err)
		require.Equal(t, walked, next)
	})
}

// A calendar that opens on single dates only is walked where years without any lie between, and at the ends of the years kept.
func TestYearsWithoutOpenTime(t *testing.T) {
	t.Parallel()
	compiled, problems := calendar.Compile(calendar.Spec{
		Timezone: "UTC", Weekly: map[string][]string{},
		Exceptions: map[string][]string{"2026-03-02": {"09:00-10:00"}, "2030-05-06": {"09:00-10:00"}, "2100-12-31": {"23:00-24:00"}},
	}, time.UTC, nil)
	require.Empty(t, problems)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	added, err := compiled.Add(at, 90*time.Minute)
	require.NoError(t, err)
	require.Equal(t, time.Date(2030, 5, 6, 9, 30, 0, 0, time.UTC), added)
	next, err := compiled.NextOpen(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Equal(t, time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC), next)
	_, err = compiled.Add(at, 3*time.Hour)
	require.ErrorIs(t, err, calendar.ErrNeverOpens)
	require.Equal(t, 3*time.Hour, compiled.Between(at, time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)))
}
