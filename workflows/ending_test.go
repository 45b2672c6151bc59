package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestARunDoesNotEndBeforeEveryCallerIsAnswered(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log(resolved))
	defer l.stop()
	release := l.hold("link")
	closed := l.send(d.command(agent, "close", l.record, nil), 1)
	link := l.send(d.command(agent, "link", l.record, body{"type": "caused_by", "to": d.other(t)}), 1)
	l.until("it was closed", func() bool { return closed.done })
	l.began("link")
	require.True(t, l.memory().Ended)
	require.False(t, l.over)
	release()
	require.NoError(t, l.finish())
	require.True(t, link.done)
	require.Equal(t, domain.Applied, link.result.Outcome)
	require.Equal(t, []string{"logged", "resolved", "closed", "linked"}, d.types(t, l.record))
}

func TestARecordThatIsTakenUpWhileItsRunEndsGoesOn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log(resolved))
	defer l.stop()
	release := l.hold("reopen")
	closed := l.send(d.command(agent, "close", l.record, nil), 1)
	reopened := l.send(d.command(agent, "reopen", l.record, body{"reason": "again"}), 1)
	l.until("it was closed", func() bool { return closed.done })
	release()
	l.until("it was reopened", func() bool { return reopened.done })
	l.sleep(time.Hour)
	l.settled()
	require.Equal(t, incident.InProgress, l.memory().State)
	l.must(agent, "resolve", body{"code": "fixed", "notes": "Done."})
	require.NoError(t, l.finish())
	require.Equal(t, []string{"logged", "resolved", "closed", "reopened", "resolved", "closed"}, d.types(t, l.record))
}

// A run that waits for its last answers before it ends, and is reopened by one of them, goes on; here with a long history.
func TestALongHistoryIsNoReasonToEndWithARecordThatWasReopened(t *testing.T) {
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

// The row changes behind the run's back, after the last command that it waits for, and the signal comes while it waits.
func TestASignalThatComesWhileARunEndsIsHeard(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log(resolved))
	defer l.stop()
	release := l.holdOn(back, "link")
	closed := l.send(d.command(agent, "close", l.record, nil), 1)
	l.send(d.command(agent, "link", l.record, body{"type": "caused_by", "to": d.other(t)}), 1)
	l.until("it was closed", func() bool { return closed.done })
	l.until("the link was committed", func() bool { return l.row().Version == 3 })
	require.Equal(t, domain.Applied, l.elsewhere(agent, "reopen", body{"reason": "again"}).Outcome)
	l.adopt()
	release()
	l.until("the row was looked at", func() bool { return l.memory().State == incident.InProgress })
	l.settled()
	require.False(t, l.over)
}

// An operator may cancel a run. It answers whoever waits, and the row, which is as good as ever, can be adopted.
func TestACanceledRunAnswersItsCallersFirst(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	release := l.hold("start")
	start := l.send(d.command(agent, "start", l.record, nil), 1)
	l.began("start")
	waiting := l.send(d.command(agent, "edit", l.record, body{"category": "outage"}), 1)
	l.env.CancelWorkflow()
	release()
	var canceled *temporal.CanceledError
	require.ErrorAs(t, l.finish(), &canceled)
	require.True(t, start.done && waiting.done)

	again := d.begin(t, adopting(l.record), l.env.Now())
	defer again.stop()
	again.must(agent, "assign", body{"assignee": "bo"})
	again.settled()
}

func TestACanceledRunDoesNotWaitForItsDeadline(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.env.CancelWorkflow()
	var canceled *temporal.CanceledError
	require.ErrorAs(t, l.finish(), &canceled)
	require.Equal(t, []string{"logged"}, d.types(t, l.record))
	require.Less(t, l.env.Now().Sub(store.Instant(monday)), time.Hour)
}

// other is the id of an incident beside the one that is tested.
func (d *desk) other(t *testing.T) string {
	t.Helper()
	l := d.open(t, d.log())
	l.stop()
	return l.record
}

// A long history goes on as a new run, which carries nothing but names: it begins with the row.
func TestALongHistoryGoesOnAsANewRun(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "hold", body{"reason": "awaiting_requester"})
	for range 3 {
		l.sleep(9 * time.Hour)
		l.env.SetContinueAsNewSuggested(true)
		l.must(agent, "edit", body{"tags": []string{l.env.Now().Format(time.Kitchen)}})
		l = l.continued()
		defer l.stop()
		l.settled()
		require.Len(t, l.timers, 1)
	}
	l.sleep(30 * 24 * time.Hour)
	for _, event := range d.events(t, l.record) {
		if event.DueAt != nil {
			require.Zero(t, *event.LatenessMS, "%s is kept by whichever run is there", event.Type)
		}
	}
	require.True(t, l.over)
	require.Equal(t, []string{"logged", "held", "edited", "edited", "reminded", "edited", "reminded", "resolved", "closed"}, d.types(t, l.record))
}

func TestNothingIsLostOnTheWayIntoANewRun(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "start", nil)
	release := l.hold("edit")
	answers := []*answer{}
	for _, title := range []string{"one", "two", "three"} {
		answers = append(answers, l.send(d.command(agent, "edit", l.record, body{"title": title}), 2))
	}
	l.began("edit")
	l.env.SetContinueAsNewSuggested(true)
	// Meanwhile another process commits what this run does not know, and says so.
	l.elsewhere(agent, "hold", body{"reason": "scheduled", "until": l.env.Now().Add(time.Hour)})
	l.adopt()
	l.until("the signal was there", func() bool { return l.unheard == 0 })
	require.False(t, l.over, "commands are under way")
	looked := len(l.called("look"))
	release()
	l.until("the last answer", func() bool { return l.answered() })
	next := l.continued()
	defer next.stop()
	for _, a := range answers {
		require.NoError(t, a.err)
		require.Equal(t, domain.Applied, a.result.Outcome)
	}
	require.Greater(t, len(l.called("look")), looked, "the signal was heard by the run that got it")
	next.settled()
	require.Equal(t, int64(6), next.memory().Version)
	next.sleep(2 * time.Hour)
	next.settled()
	require.Equal(t, incident.InProgress, next.memory().State, "the hold ended by itself")
}

func TestADeadlineThatFallsDueAtTheEndOfARunIsKept(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.must(agent, "start", nil)
	l.must(agent, "hold", body{"reason": "scheduled", "until": l.env.Now().Add(200 * time.Millisecond)})
	release := l.hold("edit")
	l.send(d.command(agent, "edit", l.record, body{"title": "Long"}), 3)
	l.began("edit")
	l.env.SetContinueAsNewSuggested(true)
	l.until("its timer came", func() bool { return len(l.timers) == 0 })
	release()
	next := l.continued()
	defer next.stop()
	next.until("it was resumed", func() bool { return next.memory().State == incident.InProgress })
	next.settled()
	require.Equal(t, []string{"logged", "started", "held"}, d.types(t, l.record)[:3])
	require.Contains(t, d.types(t, l.record), "resumed")
}
