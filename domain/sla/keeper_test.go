package sla_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/sla"
)

func opened(t require.TestingT, at string) sla.Moment {
	return sla.Moment{At: on(t, at), Event: sla.EventOpened, Team: "desk"}
}

func TestThePauseAddsExactlyItself(t *testing.T) {
	t.Parallel()
	c := clock(t, replay(t, gold(t, story), 4, "2026-12-09 12:00",
		opened(t, "2026-12-03 16:30:00"),
		sla.Moment{At: on(t, "2026-12-04 10:00:07"), Event: sla.EventHold, Reason: "awaiting_requester"},
		sla.Moment{At: on(t, "2026-12-04 11:00:08"), Event: sla.EventResume},
	), sla.Resolution)
	require.Equal(t, "5wd", c.Target)
	require.Equal(t, 40*time.Hour, c.Length())
	require.Equal(t, on(t, "2026-12-11 09:30:01"), *c.DueAt, "five working days and one hour and one second, past the closing hour")
	require.Equal(t, (time.Hour + time.Second).Milliseconds(), c.PausedMS)
}

func TestAThresholdDueWhilePausedWaits(t *testing.T) {
	t.Parallel()
	life := []sla.Moment{
		opened(t, "2026-12-07 09:00"),
		{At: on(t, "2026-12-07 12:59:59"), Event: sla.EventHold, Reason: "awaiting_requester"},
		{At: on(t, "2026-12-07 15:00:00"), Event: sla.EventResume},
	}
	require.Empty(t, clock(t, replay(t, gold(t, story), 3, "2026-12-07 14:59:59", life...), sla.Resolution).Points)
	require.Equal(t,
		[]sla.Point{{At: "50%", DueAt: on(t, "2026-12-07 15:00:01"), Outcome: sla.Fired}},
		clock(t, replay(t, gold(t, story), 3, "2026-12-07 15:00:01", life...), sla.Resolution).Points)
}

func TestTheEndOfATargetThatEndsWithTheDay(t *testing.T) {
	t.Parallel()
	c := clock(t, replay(t, gold(t, story), 3, "2026-12-04 17:00", opened(t, "2026-12-04 09:00")), sla.Resolution)
	require.Equal(t, sla.Breached, c.State)
	require.Equal(t, on(t, "2026-12-04 17:00"), *c.BreachedAt)
	before := clock(t, replay(t, gold(t, story), 3, "2026-12-04 16:59:59", opened(t, "2026-12-04 09:00")), sla.Resolution)
	require.Equal(t, sla.Running, before.State)
}

func TestAReopenedRecordBeginsANewCycle(t *testing.T) {
	t.Parallel()
	keeper := replay(t, gold(t, story), 3, "2026-12-08 12:00",
		opened(t, "2026-12-07 09:00"),
		sla.Moment{At: on(t, "2026-12-07 10:00"), Event: sla.EventResolve},
		sla.Moment{At: on(t, "2026-12-08 11:00"), Event: sla.EventReopen},
	)
	var first sla.Clock
	for _, c := range keeper.Clocks {
		if c.Metric == sla.Resolution && c.Cycle == 1 {
			first = c
		}
	}
	require.Equal(t, sla.Met, first.State)
	require.Equal(t, time.Hour, elapsed(first))
	second := clock(t, keeper, sla.Resolution)
	require.Equal(t, 2, second.Cycle)
	require.Equal(t, time.Hour, elapsed(second))
	require.Equal(t, 1, clock(t, keeper, sla.Response).Cycle, "what was responded stays so")
}

func TestAWordToTheRequesterBeginsTheUpdateClockAnew(t *testing.T) {
	t.Parallel()
	keeper := replay(t, gold(t, story), 2, "2026-12-07 13:30",
		opened(t, "2026-12-07 09:00"),
		sla.Moment{At: on(t, "2026-12-07 10:30"), Event: sla.EventReply},
		sla.Moment{At: on(t, "2026-12-07 13:00"), Event: sla.EventReply},
	)
	states := map[int]sla.State{}
	for _, c := range keeper.Clocks {
		if c.Metric == sla.Update {
			states[c.Cycle] = c.State
		}
	}
	require.Equal(t, map[int]sla.State{1: sla.Met, 2: sla.Breached, 3: sla.Running}, states)
	require.Equal(t, on(t, "2026-12-07 15:00"), *clock(t, keeper, sla.Update).DueAt)
}

func TestWhatWasKeptBeforeAThresholdWithdrawsIt(t *testing.T) {
	t.Parallel()
	keeper := replay(t, gold(t, story), 3, "2026-12-07 17:10", opened(t, "2026-12-07 09:00"))
	require.Equal(t, sla.Breached, clock(t, keeper, sla.Resolution).State)
	effective := on(t, "2026-12-07 16:50")
	keeper.Live(effective, "ana", func(s *sla.Segment) { s.State, s.Open = "resolved", false })
	keeper.Resolved(effective, true)
	c := clock(t, keeper, sla.Resolution)
	require.Equal(t, sla.Met, c.State)
	require.Nil(t, c.BreachedAt)
	require.Equal(t, 7*time.Hour+50*time.Minute, elapsed(c))
	require.Equal(t, []sla.Outcome{sla.Fired, sla.Withdrawn}, []sla.Outcome{c.Points[0].Outcome, c.Points[1].Outcome})
	last := keeper.Happenings[len(keeper.Happenings)-1]
	require.Equal(t, sla.HasWithdrawn, last.Kind)
	response := clock(t, keeper, sla.Response)
	require.Equal(t, sla.Breached, response.State, "10:00 had passed")
}

func TestARatingThatCountsFromNow(t *testing.T) {
	t.Parallel()
	choice := gold(t, `{"applies_to": "true", "targets": {"resolution": {"2": "4h", "3": "8h"}}, "rerate": {"raise": "changed"}}`)
	life := []sla.Moment{
		opened(t, "2026-12-07 09:00"),
		{At: on(t, "2026-12-07 14:00"), Event: sla.EventChangePriority, Priority: 2},
		{At: on(t, "2026-12-07 15:00"), Event: sla.EventChangePriority, Priority: 3},
	}
	raised := clock(t, replay(t, choice, 3, "2026-12-07 14:00", life...), sla.Resolution)
	require.Equal(t, on(t, "2026-12-08 10:00"), *raised.DueAt, "four hours from the change")
	lowered := clock(t, replay(t, choice, 3, "2026-12-07 15:00", life...), sla.Resolution)
	require.Equal(t, on(t, "2026-12-07 17:00"), *lowered.DueAt, "eight hours from the opening")
	require.Equal(t, 3, lowered.Rating)
}

func TestAPriorityWithoutAPromiseCancels(t *testing.T) {
	t.Parallel()
	life := []sla.Moment{
		opened(t, "2026-12-07 09:00"),
		{At: on(t, "2026-12-07 10:00"), Event: sla.EventChangePriority, Priority: 5},
		{At: on(t, "2026-12-07 10:30"), Event: sla.EventChangePriority, Priority: 3},
	}
	require.Equal(t, sla.Canceled, clock(t, replay(t, gold(t, story), 3, "2026-12-07 10:00", life...), sla.Resolution).State)
	promised := clock(t, replay(t, gold(t, story), 3, "2026-12-07 10:30", life...), sla.Resolution)
	require.Equal(t, sla.Running, promised.State)
	require.Equal(t, on(t, "2026-12-07 17:00"), *promised.DueAt)
}

func TestATeamsPromiseCountsWhileItOwnsTheRecord(t *testing.T) {
	t.Parallel()
	choice := gold(t, `{"applies_to": "true", "team": "network", "targets": {"ola": {"3": "2h"}}}`)
	c := clock(t, replay(t, choice, 3, "2026-12-07 16:00",
		opened(t, "2026-12-07 09:00"),
		sla.Moment{At: on(t, "2026-12-07 10:00"), Event: sla.EventAssign, Team: "network"},
		sla.Moment{At: on(t, "2026-12-07 11:00"), Event: sla.EventAssign, Team: "desk"},
		sla.Moment{At: on(t, "2026-12-07 15:30"), Event: sla.EventAssign, Team: "network"},
	), sla.OLA)
	require.Equal(t, 90*time.Minute, elapsed(c))
	require.Equal(t, on(t, "2026-12-07 16:30"), *c.DueAt)
}

func TestAVendorsPromiseCountsWhileTheVendorIsAwaited(t *testing.T) {
	t.Parallel()
	choice := gold(t, `{"applies_to": "true", "vendor": "Acme", "targets": {"underpinning": {"3": "2h"}}}`)
	keeper := replay(t, choice, 3, "2026-12-07 12:00",
		opened(t, "2026-12-07 09:00"),
		sla.Moment{At: on(t, "2026-12-07 10:00"), Event: sla.EventHold, Reason: "awaiting_vendor", Vendor: "acme"},
		sla.Moment{At: on(t, "2026-12-07 10:30"), Event: sla.EventHold, Reason: "awaiting_vendor", Vendor: "other"},
	)
	c := clock(t, keeper, sla.Underpinning)
	require.Equal(t, 30*time.Minute, elapsed(c))
	require.Equal(t, sla.Paused, c.State)
	told := choice.Explain(c, keeper.Life, on(t, "2026-12-07 12:00"))
	require.Equal(t, on(t, "2026-12-07 13:30"), *told.ProjectedAt, "if the vendor were awaited from now on")
}

func TestAMergedRecordsClocksRestAndGoOn(t *testing.T) {
	t.Parallel()
	choice := gold(t, story)
	keeper := replay(t, choice, 3, "2026-12-07 10:00", opened(t, "2026-12-07 09:00"))
	merged, unmerged := on(t, "2026-12-07 10:00"), on(t, "2026-12-07 12:00")
	keeper.Merged(merged, "ana")
	require.Equal(t, sla.Canceled, clock(t, keeper, sla.Resolution).State)
	keeper.Unmerged(unmerged, "ana", []sla.Choice{choice}, 3)
	c := clock(t, keeper, sla.Resolution)
	require.Equal(t, sla.Running, c.State)
	require.Equal(t, on(t, "2026-12-08 11:00"), *c.DueAt)
}

// word is a language in which one expression is true.
type word string

func (w word) AgreementApplies(expression string, _ map[string]any) (bool, error) {
	return expression == string(w), nil
}

func TestTheHighestRankHolds(t *testing.T) {
	t.Parallel()
	terms := func(name string, rank int, applies string) sla.Terms {
		choice := gold(t, story)
		choice.Agreement, choice.Spec.Rank, choice.Spec.AppliesTo = name, rank, applies
		return choice.Terms
	}
	team := terms("network", 99, "yes")
	team.Spec.Team = "network"
	expired := terms("old", 1000, "yes")
	expired.Spec.Valid.Until = "2026-12-06"
	book := sla.Book{
		Candidates: []sla.Terms{terms("bronze", 5, "yes"), terms("silver", 10, "yes"), terms("gold", 10, "yes"), terms("x", 50, "no"), team, expired},
		Language:   word("yes"),
	}
	choices, faults := book.Choose(nil, on(t, "2026-12-07 00:00"))
	require.Empty(t, faults)
	require.Len(t, choices, 2)
	require.Equal(t, "gold", choices[0].Agreement)
	require.Equal(t, "gold applies (rank 10), before silver (10), bronze (5)", choices[0].Why)
	require.Equal(t, "network", choices[1].Agreement)
	choices, _ = book.Choose(nil, on(t, "2026-12-06 23:59:59"))
	require.Equal(t, "old", choices[0].Agreement, "valid to the end of the day")
}

func TestAnAgreementThatCannotBeEvaluatedIsTold(t *testing.T) {
	t.Parallel()
	choice := gold(t, story)
	choice.Agreement, choice.Spec.AppliesTo = "gold", "yes"
	book := sla.Book{Candidates: []sla.Terms{choice.Terms}, Language: word("")}
	choices, faults := book.Choose(nil, on(t, "2026-12-07 00:00"))
	require.Empty(t, choices)
	require.Empty(t, faults)
	book.Language = mute{}
	choices, faults = book.Choose(nil, on(t, "2026-12-07 00:00"))
	require.Empty(t, choices)
	require.Equal(t, []string{"gold could not be evaluated (no such key: floor)"}, faults)
}

// mute is a language that evaluates nothing.
type mute struct{}

func (mute) AgreementApplies(string, map[string]any) (bool, error) {
	return false, errors.New("no such key: floor")
}
