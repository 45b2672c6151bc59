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

func TestARefusedOpeningFailsTheRun(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first := d.log(body{"team": "nobody"})
	l := d.begin(t, starting(first), store.Instant(monday))
	defer l.stop()
	opened := l.opening(first)
	l.until("the refusal", func() bool { return opened.done })
	require.NoError(t, opened.err)
	require.Equal(t, domain.Refused, opened.result.Outcome)
	require.Equal(t, domain.CodeInvalid, opened.result.Refusal.Code)
	var failure *temporal.ApplicationError
	require.ErrorAs(t, l.finish(), &failure, "only a failed run lets the same key open the record later")
	require.Equal(t, workflows.RefusedType, failure.Type())
	require.True(t, failure.NonRetryable())
	require.Empty(t, d.events(t, l.record))
}

// The outcome of the opening is told to those alone who sent the same: the id of a record is made from a key, and a key may come
// with another body.
func TestTheOpeningIsToldToWhoeverSentTheSame(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first := d.log()
	l := d.open(t, first)
	defer l.stop()
	same, another := l.opening(first), l.opening(d.log(body{"title": "Another matter"}))
	l.until("both answers", func() bool { return same.done && another.done })
	require.Equal(t, domain.Applied, same.result.Outcome)
	require.Equal(t, int64(1), same.result.Version)
	require.Equal(t, domain.Refused, another.result.Outcome)
	require.Equal(t, domain.OtherBody(), another.result.Refusal)
}

// A refusal that is found outside of the transaction fails the run like any other.
func TestALogRefusedForItsCharactersFailsTheRun(t *testing.T) {
	t.Parallel()
	d := setup(t)
	log := d.log(body{"title": "a\x00b"})
	l := d.begin(t, starting(log), store.Instant(monday))
	defer l.stop()
	opened := l.opening(log)
	l.until("the refusal", func() bool { return opened.done })
	require.Equal(t, domain.Refused, opened.result.Outcome)
	require.Error(t, l.finish())
}

func TestAFaultOfTheOpeningFailsTheRunAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.fail("XX000")
	first := d.log()
	l := d.begin(t, starting(first), store.Instant(monday))
	defer l.stop()
	opened := l.opening(first)
	l.until("the fault", func() bool { return opened.done })
	require.ErrorContains(t, opened.err, "applying incident.log")
	require.Error(t, l.finish())
	require.Len(t, l.called(), 1, "no retry mends it")
	d.mend()
	require.Empty(t, d.events(t, l.record))

	again := d.open(t, first)
	defer again.stop()
	again.settled()
	require.Equal(t, []string{"logged"}, d.types(t, l.record))
}

// A command that arrives with the start is decided after the command that opens the record.
func TestTheOpeningIsDecidedBeforeWhatArrivesWithIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.begin(t, starting(d.log()), store.Instant(monday))
	defer l.stop()
	start := l.send(d.command(agent, "start", l.record, nil), 0)
	l.until("an answer", func() bool { return start.done })
	require.Equal(t, domain.Applied, start.result.Outcome, "%v", start.result.Refusal)
}

// Everybody who asked is answered before the run ends.
func TestEveryCallerOfARefusedRecordIsAnswered(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first := d.log(body{"team": "nobody"})
	l := d.begin(t, starting(first), store.Instant(monday))
	defer l.stop()
	release := l.hold("log")
	l.began("log")
	opened := l.opening(first)
	command := l.send(d.command(agent, "start", l.record, nil), 0)
	release()
	require.Error(t, l.finish())
	require.True(t, opened.done && command.done)
	require.Equal(t, domain.Refused, opened.result.Outcome)
	require.Equal(t, domain.Refused, command.result.Outcome)
	require.Equal(t, domain.CodeNotFound, command.result.Refusal.Code)
}

func TestARefusedCommandChangesNothing(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	before := l.memory()
	result := l.give(agent, "confirm", nil)
	require.Equal(t, domain.Refused, result.Outcome)
	require.Equal(t, domain.CodeForbidden, result.Refusal.Code)
	require.Equal(t, before, l.memory())
	l.sleep(5 * time.Hour)
	require.Equal(t, []string{"logged", "triage_escalated"}, d.types(t, l.record), "its deadline is kept all the same")
}

// Another worker, the queue behind the door, a caller with a newer version: the same command comes under another update id.
func TestACommandGivenTwiceIsAppliedOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	command := d.command(agent, "start", l.record, nil)
	first, second := l.send(command, 1), l.send(command, 2)
	l.until("both answers", func() bool { return first.done && second.done })
	require.Equal(t, domain.Applied, first.result.Outcome)
	require.Equal(t, domain.Repeated, second.result.Outcome)
	require.Equal(t, first.result.Version, second.result.Version)
	l.must(agent, "assign", body{"assignee": "bo"})
	third := l.send(command, 3)
	l.until("a late answer", func() bool { return third.done })
	require.Equal(t, domain.Repeated, third.result.Outcome)
	require.Equal(t, int64(2), third.result.Version, "the version that it made")
	require.Equal(t, int64(3), third.result.View.Version)
	l.settled()
	require.Equal(t, []string{"logged", "started", "assigned"}, d.types(t, l.record))
}

func TestCommandsAreDecidedOneAtATimeInTheirOrder(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	release := l.hold("edit")
	sent, answers := []string{}, []*answer{}
	for _, title := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight"} {
		command := d.command(agent, "edit", l.record, body{"title": title})
		sent, answers = append(sent, command.ID), append(answers, l.send(command, 1))
	}
	l.began("edit")
	require.Len(t, l.called("edit"), 1)
	release()
	l.settled()
	made := []string{}
	for i, edit := range l.called("edit") {
		require.False(t, edit.overlap, "another one was under way")
		require.Equal(t, domain.Applied, answers[i].result.Outcome)
		require.Equal(t, int64(i+2), answers[i].result.Version)
		made = append(made, edit.id)
	}
	require.Equal(t, sent, made)
	require.Equal(t, "eight", d.incident(t, l.record).Title)
}

func TestADeadlineWaitsForTheCommandBeforeIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "start", nil)
	l.must(agent, "hold", body{"reason": "scheduled", "until": l.env.Now().Add(300 * time.Millisecond)})
	release := l.hold("edit")
	edit := l.send(d.command(agent, "edit", l.record, body{"title": "Held"}), 3)
	l.began("edit")
	l.until("its timer came", func() bool { return len(l.timers) == 0 }) // by the machine's clock, while an activity is under way
	require.False(t, edit.done)
	require.Empty(t, l.called(domain.Tick), "one command at a time")
	release()
	l.settled()
	require.Equal(t, domain.Applied, edit.result.Outcome)
	require.Equal(t, incident.InProgress, l.memory().State)
	for _, made := range l.called() {
		require.False(t, made.overlap)
	}
}

// While the database is away, a decision is tried locally for two seconds and then as a regular activity, as long as it takes.
func TestADecisionOutlastsTheDatabase(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	d.fail("57P03") // it is starting up
	start := l.send(d.command(agent, "start", l.record, nil), 1)
	began := l.env.Now()
	regular := func() (attempts []call) {
		for _, made := range l.called("start") {
			if !made.local {
				attempts = append(attempts, made)
			}
		}
		return attempts
	}
	l.until("regular attempts", func() bool { return len(regular()) > 2 })
	d.mend()
	l.settled()
	require.NoError(t, start.err)
	require.Equal(t, domain.Applied, start.result.Outcome)
	require.Equal(t, []string{"logged", "started"}, d.types(t, l.record))
	attempts := l.called("start")
	require.Greater(t, len(attempts)-len(regular()), 3, "local attempts")
	for _, made := range attempts {
		if made.local {
			require.LessOrEqual(t, made.at.Sub(began), 2*time.Second)
		}
	}
	require.NotContains(t, l.called("look"), "the memory needs no other help")
}

func TestAFaultThatNoRetryMendsIsTheCallersAndLeavesTheMemory(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	before := l.memory()
	d.fail("XX000")
	start := l.send(d.command(agent, "start", l.record, nil), 1)
	l.until("the fault", func() bool { return start.done })
	require.ErrorContains(t, start.err, "applying incident.start")
	require.Len(t, l.called("start"), 1)
	require.Equal(t, before, l.memory())
	d.mend()
	l.must(agent, "start", nil)
	l.settled()
	require.Equal(t, []string{"logged", "started"}, d.types(t, l.record))
}

// A commit whose answer is lost is answered by the second attempt.
func TestALostAnswerIsGivenAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.lose(back)
	result := l.give(agent, "start", nil)
	require.Equal(t, domain.Repeated, result.Outcome)
	require.Equal(t, int64(2), result.Version)
	l.settled()
	require.Equal(t, []string{"logged", "started"}, d.types(t, l.record))

	l.must(agent, "resolve", body{"code": "fixed", "notes": "Done."})
	l.lose(back)
	require.NoError(t, l.finish(), "also the timer's")
	require.Equal(t, []string{"logged", "started", "resolved", "closed"}, d.types(t, l.record))
}

func TestADeadlineThatCouldNotBeHandledIsTriedAgainAfterAMinute(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	before := l.memory()
	d.fail("XX000")
	l.until("two attempts failed", func() bool { return len(l.called(domain.Tick)) == 2 && len(l.timers) == 1 })
	require.Equal(t, before, l.memory())
	d.mend()
	l.until("it was handled", func() bool { return l.memory().WakeAt == nil })
	l.settled()
	ticks := l.called(domain.Tick)
	require.Len(t, ticks, 3)
	for i, tick := range ticks[1:] {
		require.Equal(t, ticks[0].id, tick.id, "under the same name")
		require.Equal(t, time.Duration(i+1)*time.Minute, tick.at.Sub(ticks[0].at))
	}
	events := d.events(t, l.record)
	require.Len(t, events, 2)
	require.Equal(t, store.Instant("2100-03-01T13:00:00Z"), events[1].DueAt.UTC(), "when it was due")
	require.Equal(t, (2 * time.Minute).Milliseconds(), *events[1].LatenessMS, "and how late it is")
}

// A tick waits for a command that takes its deadline away, and then fails for good.
func TestADeadlineThatHasGoneIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "start", nil)
	l.must(agent, "hold", body{"reason": "scheduled", "until": l.env.Now().Add(200 * time.Millisecond)})
	release := l.hold("resume")
	resume := l.send(d.command(agent, "resume", l.record, nil), 3)
	l.began("resume")
	stop := l.hold(domain.Tick)
	l.until("its timer came", func() bool { return len(l.timers) == 0 })
	release()
	l.until("it was resumed", func() bool { return resume.done })
	l.began(domain.Tick)
	d.fail("XX000")
	stop()
	l.sleep(time.Hour)
	require.NoError(t, l.env.GetWorkflowError())
	d.mend()
	l.must(agent, "assign", body{"assignee": "bo"})
}

func TestAnUnknownLogicStopsTheTaskAndNotTheRecord(t *testing.T) {
	t.Parallel()
	for _, logic := range []int{workflows.LogicOldest - 1, workflows.LogicNewest + 1} {
		d := setup(t)
		start := starting(d.log())
		start.Logic = logic
		l := d.begin(t, start, store.Instant(monday))
		// The environment breaks off at a failed task; a worker leaves the run open and takes the task up again.
		var panicked *temporal.PanicError
		require.ErrorAs(t, l.finish(), &panicked)
		require.Contains(t, panicked.Error(), "is not known to this build")
		require.Empty(t, l.called(), "nothing was decided")
	}
}
