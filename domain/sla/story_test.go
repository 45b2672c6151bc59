package sla_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// TestFirstStory is story 1 of the lifecycles, with its exact values.
func TestFirstStory(t *testing.T) {
	t.Parallel()
	choice := gold(t, story)
	life := []sla.Moment{
		{At: on(t, "2026-12-04 15:00"), Event: sla.EventOpened},
		{At: on(t, "2026-12-04 15:10"), Event: sla.EventStart},
		{At: on(t, "2026-12-04 16:00"), Event: sla.EventHold, Reason: "awaiting_requester"},
		{At: on(t, "2026-12-07 10:00"), Event: sla.EventResume},
		{At: on(t, "2026-12-07 13:30"), Event: sla.EventChangePriority, Priority: 2},
	}

	opened := clock(t, replay(t, choice, 3, "2026-12-04 15:10", life...), sla.Resolution)
	require.Equal(t, on(t, "2026-12-07 15:00"), *opened.DueAt)
	response := clock(t, replay(t, choice, 3, "2026-12-04 15:10", life...), sla.Response)
	require.Equal(t, sla.Met, response.State)
	require.Equal(t, 10*time.Minute, elapsed(response))

	held := clock(t, replay(t, choice, 3, "2026-12-07 09:59", life...), sla.Resolution)
	require.Equal(t, sla.Paused, held.State)
	require.Nil(t, held.DueAt)
	require.Nil(t, held.NextAt)

	resumed := clock(t, replay(t, choice, 3, "2026-12-07 10:00", life...), sla.Resolution)
	require.Equal(t, time.Hour, elapsed(resumed))
	require.Equal(t, (2 * time.Hour).Milliseconds(), resumed.PausedMS)
	require.Equal(t, on(t, "2026-12-07 17:00"), *resumed.DueAt)
	require.Equal(t, on(t, "2026-12-07 13:00:00"), *resumed.NextAt)
	require.Equal(t, "50%", resumed.Next)

	keeper := replay(t, choice, 3, "2026-12-07 13:30", life...)
	breached := clock(t, keeper, sla.Resolution)
	require.Equal(t, sla.Breached, breached.State)
	require.Equal(t, on(t, "2026-12-07 13:00:00"), *breached.DueAt)
	require.Equal(t, (4*time.Hour + 30*time.Minute), elapsed(breached))
	require.Equal(t, []sla.Point{
		{At: "50%", DueAt: on(t, "2026-12-07 13:00:00"), Outcome: sla.ActedBefore},
		{At: "50%", DueAt: on(t, "2026-12-07 11:00:00"), Outcome: sla.Superseded},
		{At: "100%", DueAt: on(t, "2026-12-07 13:00:00"), Outcome: sla.Superseded},
	}, breached.Points)

	var kept sla.Clock
	notices := 0
	for _, happening := range keeper.Happenings {
		if happening.Kind == sla.HasRerated && happening.Clock.Metric == sla.Resolution {
			kept = *happening.Before
		}
		if happening.Kind == sla.HasBreached && happening.Clock.Metric == sla.Resolution {
			require.True(t, happening.ByRerating)
			notices++
		}
	}
	require.Equal(t, 1, notices)
	require.Equal(t, sla.Running, kept.State)
	require.Equal(t, 4*time.Hour+30*time.Minute, elapsed(kept))
	require.Equal(t, 8*time.Hour, kept.Length())
	require.Equal(t, []sla.Point{{At: "50%", DueAt: on(t, "2026-12-07 13:00:00"), Outcome: sla.Fired}}, kept.Points)

	told := choice.Explain(breached, keeper.Life, on(t, "2026-12-07 13:30"))
	require.Equal(t, -(30 * time.Minute).Milliseconds(), told.RemainingMS)
	var counted []time.Duration
	for _, span := range told.Spans {
		if span.Counted {
			counted = append(counted, time.Duration(span.OpenMS)*time.Millisecond)
		}
	}
	require.Equal(t, []time.Duration{time.Hour, 3*time.Hour + 30*time.Minute}, counted)
	require.Equal(t, breached.ElapsedMS, told.ElapsedMS)
	require.Equal(t, breached.PausedMS, told.PausedMS)
}

// TestFirstContact is the clocks' part of story 2.
func TestFirstContact(t *testing.T) {
	t.Parallel()
	keeper := replay(t, gold(t, story), 3, "2026-12-03 16:30",
		sla.Moment{At: on(t, "2026-12-03 16:30"), Event: sla.EventOpened},
		sla.Moment{At: on(t, "2026-12-03 16:30"), Event: sla.EventResolve},
	)
	for _, metric := range []sla.Metric{sla.Response, sla.Resolution} {
		require.Equal(t, sla.Met, clock(t, keeper, metric).State)
	}
	require.Empty(t, keeper.Happenings)
}
