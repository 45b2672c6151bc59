package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/test/store"
)

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

// A run that waits for its last answers before it ends, and is reopened by one of them, goes on; here with a long history.
func TestARunThatIsReopenedWhileItEndsGoesOn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log(resolved))
	defer l.stop()
	release := l.hold("reopen")
	closed := l.send(d.command(agent, "close", l.record, nil), 1)
	reopened := l.send(d.command(agent, "reopen", l.record, body{"reason": "again"}), 1)
	l.until("it was closed", func() bool { return closed.done })
	l.env.SetContinueAsNewSuggested(true)
	release()
	l.until("it was reopened", func() bool { return reopened.done })
	next := l.continued()
	defer next.stop()
	next.settled()
}

// A tick waits for a command that takes its deadline away, and then fails for good.
func TestATickFailsAfterItsDeadlineHasGone(t *testing.T) {
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

// A command that arrives with the start is decided after the command that opens the record.
func TestACommandThatArrivesWithTheStart(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.begin(t, starting(d.log()), store.Instant(monday))
	defer l.stop()
	start := l.send(d.command(agent, "start", l.record, nil), 0)
	l.until("an answer", func() bool { return start.done })
	require.Equal(t, domain.Applied, start.result.Outcome, "%v", start.result.Refusal)
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
	require.LessOrEqual(t, len(l.called(domain.Tick)), 2)
}

// Asked for the opening's outcome, a later run says that the record is open.
func TestTheOutcomeOfTheOpeningInALaterRun(t *testing.T) {
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

