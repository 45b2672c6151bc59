package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/test/store"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// A decision is committed before Temporal records it. When the power goes between the two, the row is ahead of the memory.
func TestARowThatIsAheadIsAdopted(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.elsewhere(agent, "start", nil)
	l.elsewhere(agent, "hold", body{"reason": "scheduled", "until": l.env.Now().Add(time.Hour)})
	require.Equal(t, incident.New, l.memory().State)
	l.adopt()
	l.adopt()
	l.until("the row was looked at", func() bool { return l.memory().Version == 3 })
	l.settled()
	require.Equal(t, []time.Duration{4 * time.Hour, time.Hour}, l.set, "the timer follows")
	l.sleep(2 * time.Hour)
	l.settled()
	require.Equal(t, []string{"logged", "started", "held", "resumed"}, d.types(t, l.record))
}

func TestTheNextCommandAdoptsToo(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.elsewhere(agent, "start", nil)
	l.must(agent, "hold", body{"reason": "scheduled", "until": l.env.Now().Add(time.Hour)})
	l.settled()
	require.Empty(t, l.called("look"))
	l.sleep(2 * time.Hour)
	l.settled()
	require.Equal(t, []string{"logged", "started", "held", "resumed"}, d.types(t, l.record))
}

func TestARowThatEndedElsewhereEndsItsRun(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.elsewhere(agent, "cancel", body{"reason": "It was the cable."})
	l.adopt()
	require.NoError(t, l.finish())
	require.True(t, l.env.Now().Before(store.Instant(monday).Add(time.Hour)), "at once, not when the old timer comes")
}

// A run without a first command begins with the row, as it stands: after a restore, an import, or the end of another run.
func TestARunBeginsWithTheRowAsItStands(t *testing.T) {
	t.Parallel()
	d := setup(t)
	lost := d.open(t, d.log())
	lost.must(agent, "hold", body{"reason": "awaiting_requester"})
	lost.stop()

	l := d.begin(t, adopting(lost.record), store.Instant("2100-03-03T12:00:00Z"))
	defer l.stop()
	require.NoError(t, l.finish())
	require.Equal(t, []string{"logged", "held", "reminded", "reminded", "resolved", "closed"}, d.types(t, l.record))
	late := []time.Duration{}
	for _, event := range d.events(t, l.record)[2:] {
		late = append(late, time.Duration(*event.LatenessMS)*time.Millisecond)
	}
	require.Equal(t, []time.Duration{27 * time.Hour, 3 * time.Hour, 0, 0}, late, "what fell due meanwhile is handled at once, in order")
}

// Only a failed run lets the record be opened under its id later.
func TestARunWithoutARowFails(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.begin(t, adopting(d.log().Record), store.Instant(monday))
	defer l.stop()
	l.adopt()
	command := l.send(d.command(agent, "start", l.record, nil), 0)
	var failure *temporal.ApplicationError
	require.ErrorAs(t, l.finish(), &failure)
	require.Equal(t, workflows.MissingType, failure.Type())
	require.True(t, failure.NonRetryable())
	require.Equal(t, domain.CodeNotFound, command.result.Refusal.Code)
}

// After a restore a row may have gone: its process ends.
func TestAProcessWhoseRowHasGoneEnds(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "start", nil)
	l.must(agent, "hold", body{"reason": "scheduled", "until": l.env.Now().Add(time.Minute)})
	_, err := d.tamper.ExecContext(t.Context(), `SET session_replication_role = replica; DELETE FROM records`)
	require.NoError(t, err)
	l.sleep(61 * time.Minute)
	require.True(t, l.over)
	require.Len(t, l.called(domain.Tick), 1)
}

// Asked for the opening's outcome, a later run says that the record is open.
func TestALaterRunSaysThatTheRecordIsOpen(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	l.stop()
	again := d.begin(t, adopting(l.record), l.env.Now())
	defer again.stop()
	first := again.opening(d.log())
	again.until("an answer", func() bool { return first.done })
	require.Equal(t, domain.Repeated, first.result.Outcome)
}

// An adoption waits for its turn, as a command does, and is not disturbed by a database that is away for a while.
func TestAnAdoptionTakesItsTurn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	release := l.hold("start")
	start := l.send(d.command(agent, "start", l.record, nil), 1)
	l.began("start")
	l.elsewhere(agent, "assign", body{"assignee": "bo"})
	l.adopt()
	l.lose(there, back, there)
	release()
	l.until("the row was looked at", func() bool { return len(l.called("look")) > 1 && l.memory().Version == 3 })
	l.settled()
	require.True(t, start.done)
	for _, made := range l.called() {
		require.False(t, made.overlap)
	}
}

// Whoever asks for an adoption wants things put right now: a deadline that failed a moment ago does not wait for its minute.
func TestAnAdoptionTriesWhatIsOverdueAtOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	d.fail("XX000")
	l.until("the deadline failed", func() bool { return len(l.called(domain.Tick)) == 1 && len(l.timers) == 1 })
	d.mend()
	l.adopt()
	l.until("it was handled", func() bool { return l.memory().WakeAt == nil })
	l.settled()
	require.Zero(t, *d.events(t, l.record)[1].LatenessMS)
}

// After a restore from a backup, a row can be older than the memory. Only an adoption, which a restore asks for, takes it:
// what comes with a command's answer may be late.
func TestAnOlderViewIsLeftUntilItIsAdopted(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "start", nil)
	l.must(agent, "assign", body{"assignee": "bo"})
	memory := l.memory()
	require.Equal(t, int64(3), memory.Version)
	_, err := d.tamper.ExecContext(t.Context(), `UPDATE records SET version = 1, state = 'triaged'`)
	require.NoError(t, err)
	l.must(agent, "edit", body{"title": "Restored"})
	require.Equal(t, int64(2), l.row().Version)
	require.Equal(t, memory, l.memory())
	l.adopt()
	l.until("the row was looked at", func() bool { return l.memory().Version == 2 })
	require.Equal(t, l.row(), l.memory())
}

// A deadline that moves later leaves its timer alone, which costs no history; when that timer comes, the time that is left is
// asked for and nothing is decided.
func TestATimerThatCameTooEarlyIsSetAnew(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "change_priority", body{"impact": "low", "urgency": "low", "reason": "One person only"})
	require.Equal(t, store.Instant("2100-03-02T09:00:00Z"), l.memory().WakeAt.UTC())
	require.Equal(t, []time.Duration{4 * time.Hour}, l.set)
	decided := len(l.called())
	l.sleep(5 * time.Hour)
	require.Len(t, l.called(), decided+1)
	require.Equal(t, "look", l.called()[decided].what)
	require.Equal(t, []time.Duration{4 * time.Hour, 20 * time.Hour}, l.set)
	l.sleep(20 * time.Hour)
	l.settled()
	require.Equal(t, []string{"logged", "priority_changed", "triage_escalated"}, d.types(t, l.record))
	require.Zero(t, *d.events(t, l.record)[2].LatenessMS)
}

// Engine and worker each have a clock. Where the worker's is behind, its timer comes before the deadline is due by that clock.
func TestATickThatComesBeforeItsTimeComesAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	behind := func(now time.Time) time.Time { return now.Add(-10 * time.Second) }
	l.clock.Store(&behind)
	l.until("it was handled", func() bool { return l.memory().WakeAt == nil })
	ticks := l.called(domain.Tick)
	require.Len(t, ticks, 2)
	require.Equal(t, ticks[0].id, ticks[1].id)
	require.Equal(t, 10*time.Second, ticks[1].at.Sub(ticks[0].at))
	require.Zero(t, *d.events(t, l.record)[1].LatenessMS)
}

func TestATickThatAlwaysComesBeforeItsTimeDoesNotRunWild(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	stands := l.memory().WakeAt.Add(-time.Millisecond)
	standing := func(time.Time) time.Time { return stands }
	l.clock.Store(&standing)
	l.sleep(4*time.Hour + 10*time.Second)
	require.Less(t, len(l.called(domain.Tick)), 110)
	l.clock.Store(nil)
	l.until("it was handled", func() bool { return l.memory().WakeAt == nil })
}

func TestATimerWhoseDeadlineHasGoneDoesNothing(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "start", nil)
	require.Nil(t, l.memory().WakeAt)
	decided := len(l.called())
	l.sleep(24 * time.Hour)
	require.Len(t, l.called(), decided)
	require.Equal(t, []time.Duration{4 * time.Hour}, l.set)
	require.Empty(t, l.timers)
}

func TestOnlyAnEarlierDeadlineSetsTheTimerAnew(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	for _, impact := range []string{"low", "medium", "low"} { // later, back, and later again
		l.must(agent, "change_priority", body{"impact": impact, "urgency": "medium", "reason": "so"})
	}
	require.Equal(t, []time.Duration{4 * time.Hour}, l.set)
	l.sleep(10 * time.Minute)
	l.must(agent, "change_priority", body{"impact": "high", "urgency": "high", "reason": "Everybody"})
	l.settled()
	require.Equal(t, []time.Duration{4 * time.Hour, 5 * time.Minute}, l.set)
	l.until("the old one was canceled", func() bool { return len(l.timers) == 1 })
	l.sleep(10 * time.Minute)
	events := d.events(t, l.record)
	require.Equal(t, "incident.triage_escalated", events[len(events)-1].Type)
	require.Zero(t, *events[len(events)-1].LatenessMS)
}
