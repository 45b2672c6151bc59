package sla_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// lives draws a life that is told: any events in any order that the lifecycle allows, to the second, over about two weeks.
func lives(t *rapid.T) ([]sla.Moment, time.Time) {
	at := on(t, "2026-12-03 08:00").Add(time.Duration(rapid.IntRange(0, 5*86400).Draw(t, "opened")) * time.Second)
	moments := []sla.Moment{{At: at, Event: sla.EventOpened, Team: "desk"}}
	held, done := false, false
	for range rapid.IntRange(0, 12).Draw(t, "events") {
		at = at.Add(time.Duration(rapid.IntRange(0, 86400).Draw(t, "wait")) * time.Second)
		allowed := []sla.Event{sla.EventStart, sla.EventAssign, sla.EventReply, sla.EventHold, sla.EventChangePriority, sla.EventResolve}
		switch {
		case done:
			allowed = []sla.Event{sla.EventReopen}
		case held:
			allowed = append(allowed, sla.EventResume)
		}
		moment := sla.Moment{At: at, Event: rapid.SampledFrom(allowed).Draw(t, "event")}
		switch moment.Event {
		case sla.EventAssign:
			moment.Team = rapid.SampledFrom([]string{"desk", "network"}).Draw(t, "team")
		case sla.EventHold:
			moment.Reason = rapid.SampledFrom([]string{"awaiting_requester", "awaiting_vendor"}).Draw(t, "reason")
		case sla.EventChangePriority:
			moment.Priority = rapid.IntRange(2, 5).Draw(t, "priority")
		}
		held, done = moment.Event == sla.EventHold || held && moment.Event != sla.EventResume && moment.Event != sla.EventStart, moment.Event == sla.EventResolve
		held = held && !done
		moments = append(moments, moment)
	}
	return moments, at.Add(time.Duration(rapid.IntRange(0, 5*86400).Draw(t, "after")) * time.Second)
}

func lived(t *rapid.T, choice sla.Choice, moments []sla.Moment, until time.Time) *sla.Keeper {
	keeper, err := sla.Replay(sla.Subject{Choices: []sla.Choice{choice}, Priority: 3}, moments, until)
	require.NoError(t, err)
	return keeper
}

func TestElapsedNeverRunsBackwards(t *testing.T) {
	t.Parallel()
	choice := gold(t, story)
	rapid.Check(t, func(t *rapid.T) {
		moments, end := lives(t)
		seen := map[[3]any]int64{}
		for at := moments[0].At; !at.After(end); at = at.Add(5 * time.Hour) {
			for _, c := range lived(t, choice, moments, at).Clocks {
				now := choice.Explain(c, lived(t, choice, moments, at).Life, at).ElapsedMS
				key := [3]any{c.Metric, c.Cycle, c.Rating}
				require.GreaterOrEqual(t, now, seen[key])
				seen[key] = now
			}
		}
	})
}

func TestAnySplitOfTicksTellsTheSame(t *testing.T) {
	t.Parallel()
	choice := gold(t, story)
	rapid.Check(t, func(t *rapid.T) {
		moments, end := lives(t)
		whole := lived(t, choice, moments, end)
		ticked, err := sla.Replay(sla.Subject{Choices: []sla.Choice{choice}, Priority: 3}, moments, moments[len(moments)-1].At)
		require.NoError(t, err)
		for at := moments[len(moments)-1].At; at.Before(end); {
			at = at.Add(time.Duration(rapid.IntRange(1, 100_000).Draw(t, "tick")) * time.Second)
			if at.After(end) {
				at = end
			}
			ticked.Tick(at)
		}
		ticked.Read(end)
		require.Equal(t, whole.Happenings, ticked.Happenings)
		require.Equal(t, whole.Clocks, ticked.Clocks)
	})
}

func TestRatingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	choice := gold(t, story)
	rapid.Check(t, func(t *rapid.T) {
		moments, end := lives(t)
		keeper := lived(t, choice, moments, end)
		priority := rapid.IntRange(2, 5).Draw(t, "new priority")
		keeper.Rerate([]sla.Choice{choice}, priority, end)
		once, told := slices.Clone(keeper.Clocks), len(keeper.Happenings)
		keeper.Rerate([]sla.Choice{choice}, priority, end)
		require.Equal(t, once, keeper.Clocks)
		require.Len(t, keeper.Happenings, told)
	})
}

func TestWhatIsShownIsWhatIsExplained(t *testing.T) {
	t.Parallel()
	choice := gold(t, story)
	rapid.Check(t, func(t *rapid.T) {
		moments, end := lives(t)
		keeper := lived(t, choice, moments, end)
		for _, c := range keeper.Clocks {
			told := choice.Explain(c, keeper.Life, c.AsOf)
			require.Equal(t, c.ElapsedMS, told.ElapsedMS, c.Metric)
			require.Equal(t, c.PausedMS, told.PausedMS)
			require.Equal(t, choice.Calendar.Between(c.From, c.AsOf).Milliseconds(), c.ElapsedMS+c.PausedMS, "nothing is lost")
			if c.BreachedAt != nil {
				require.Equal(t, c.LengthMS, choice.Explain(c, keeper.Life, *c.BreachedAt).ElapsedMS, "it broke when the target was reached")
			}
			for _, point := range c.Points {
				require.False(t, point.DueAt.After(end))
			}
		}
	})
}

func TestAPauseThatEndsAddsExactlyItself(t *testing.T) {
	t.Parallel()
	choice := gold(t, `{"applies_to": "true", "targets": {"resolution": {"3": "40h"}}, "pause_on": {"reasons": ["awaiting_requester"]}}`)
	rapid.Check(t, func(t *rapid.T) {
		from := on(t, "2026-12-03 08:00").Add(time.Duration(rapid.IntRange(0, 3*86400).Draw(t, "opened")) * time.Second)
		hold := from.Add(time.Duration(rapid.IntRange(1, 86400).Draw(t, "hold")) * time.Second)
		resume := hold.Add(time.Duration(rapid.IntRange(1, 86400).Draw(t, "resume")) * time.Second)
		plain := clock(t, lived(t, choice, []sla.Moment{{At: from, Event: sla.EventOpened}}, resume), sla.Resolution)
		paused := clock(t, lived(t, choice, []sla.Moment{
			{At: from, Event: sla.EventOpened},
			{At: hold, Event: sla.EventHold, Reason: "awaiting_requester"},
			{At: resume, Event: sla.EventResume},
		}, resume), sla.Resolution)
		pause := choice.Calendar.Between(hold, resume)
		require.Equal(t, pause.Milliseconds(), paused.PausedMS)
		require.Equal(t, pause, choice.Calendar.Between(*plain.DueAt, *paused.DueAt))
	})
}

func TestALifeChangedInThePastKeepsWhatChangedSince(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := on(t, "2026-12-03 08:00")
		var life sla.Life
		var teams []string
		for i := range rapid.IntRange(1, 8).Draw(t, "changes") {
			team := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "team")
			teams = append(teams, team)
			life = life.Change(start.Add(time.Duration(i)*time.Minute), "", func(s *sla.Segment) { s.Team, s.Open = team, true })
		}
		at := start.Add(time.Duration(rapid.IntRange(-60, 600).Draw(t, "at")) * time.Second)
		changed := life.Change(at, "ana", func(s *sla.Segment) { s.State = "in_progress" })
		require.True(t, slices.IsSortedFunc(changed, func(a, b sla.Segment) int { return a.From.Compare(b.From) }))
		in := func(l sla.Life, moment time.Time) (found sla.Segment) {
			for _, s := range l {
				if !s.From.After(moment) {
					found = s
				}
			}
			return found
		}
		for i, team := range teams {
			moment := start.Add(time.Duration(i) * time.Minute)
			require.Equal(t, team, in(changed, moment).Team)
			require.Equal(t, !moment.Before(at), in(changed, moment).State == "in_progress")
		}
	})
}
