package workflows_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/test/store"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// patience is how long a busy machine may take for anything before a test gives up on it.
const patience = time.Minute

// life is one run of a record's workflow. The test and the environment's loop take turns: while the test acts, the workflow's
// time stands still; while the test waits, it skips from one timer to the next.
type life struct {
	*desk
	*activities.Activities
	t      tester
	env    *testsuite.TestWorkflowEnvironment
	clock  atomic.Pointer[func(time.Time) time.Time]
	record string
	// practice is the record's.
	practice domain.Practice

	turn, back chan struct{} // the turn, to the test and back to the loop
	quit       chan struct{} // the test has gone
	done       chan struct{} // the loop has ended
	crash      any
	started    bool
	over       bool
	watch      func() bool // the loop gives the turn when this holds

	sent    []*answer
	unheard int                      // adopt signals on their way
	timers  map[string]time.Duration // that run now
	set     []time.Duration          // every timer that was set, in order

	attempts
}

// open starts a life with the command that opens its record, as the door does, and waits until the record is open.
func (d *desk) open(t tester, first domain.Command) *life {
	t.Helper()
	l := d.begin(t, starting(first), store.Instant(monday))
	opened := l.opening(first)
	l.until("the record was opened", func() bool { return opened.done })
	require.NoError(t, opened.err)
	require.Equal(t, domain.Applied, opened.result.Outcome, "%v", opened.result.Refusal)
	return l
}

// opening asks for the outcome of the opening command, as the door does.
func (l *life) opening(first domain.Command) *answer {
	return l.update(domain.UpdateFirst, fmt.Sprintf("%s/%d", first.ID, len(l.sent)), first.Digest)
}

func starting(first domain.Command) domain.Start {
	return domain.Start{Practice: first.Practice, Record: first.Record, Logic: workflows.StartLogic, First: &first}
}

func adopting(record string) domain.Start {
	return domain.Start{Practice: domain.Incident, Record: record, Logic: workflows.StartLogic}
}

// begin starts a run at an instant and gives the test the turn before the workflow's first step: what the test sends now
// arrives with the start.
func (d *desk) begin(t tester, start domain.Start, at time.Time) *life {
	t.Helper()
	l := &life{
		desk: d, t: t, record: start.Record, practice: start.Practice, turn: make(chan struct{}), back: make(chan struct{}), quit: make(chan struct{}),
		done: make(chan struct{}), timers: map[string]time.Duration{}, attempts: attempts{stops: map[stop]chan struct{}{}},
	}
	l.env = d.environment(l)
	l.env.SetStartTime(at)
	l.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: domain.WorkflowID(start.Practice, start.Record), TaskQueue: domain.QueueRecords})
	l.listen()
	l.env.RegisterDelayedCallback(l.hand, 0)
	go func() {
		defer close(l.done)
		defer func() { l.crash = recover() }()
		l.env.ExecuteWorkflow(string(start.Practice), start)
	}()
	l.take()
	return l
}

// Now is the clock of whoever decides: the environment's, unless the test sets it apart.
func (l *life) Now() time.Time {
	if tell := l.clock.Load(); tell != nil {
		return (*tell)(l.env.Now())
	}
	return l.env.Now()
}

func (l *life) listen() {
	l.env.SetOnLocalActivityCompletedListener(func(*activity.Info, converter.EncodedValue, error) { l.poke() })
	l.env.SetOnActivityCompletedListener(func(*activity.Info, converter.EncodedValue, error) { l.poke() })
	l.env.SetOnTimerScheduledListener(func(id string, after time.Duration) {
		l.timers[id], l.set = after, append(l.set, after)
		l.poke()
	})
	gone := func(id string) { delete(l.timers, id); l.poke() }
	l.env.SetOnTimerFiredListener(gone)
	l.env.SetOnTimerCanceledListener(gone)
}

// poke lets the loop look whether what the test waits for has come, after what it does now.
func (l *life) poke() {
	l.env.RegisterDelayedCallback(func() {
		if l.watch != nil && l.watch() {
			l.watch = nil
			l.hand()
		}
	}, 0)
}

// hand gives the turn to the test and waits for it. It runs on the loop, which ends here when the test has gone.
func (l *life) hand() {
	select {
	case l.turn <- struct{}{}:
	case <-l.quit:
		runtime.Goexit()
	}
	select {
	case <-l.back:
	case <-l.quit:
		runtime.Goexit()
	}
}

// pass gives the turn back to the loop and waits for the next one, or for the end of the run.
func (l *life) pass() {
	l.t.Helper()
	l.started = true
	l.back <- struct{}{}
	l.take()
}

func (l *life) take() {
	l.t.Helper()
	select {
	case <-l.turn:
	case <-l.done:
		l.over = true
		require.Nil(l.t, l.crash, "the environment broke off: %v", l.crash)
	}
}

// stop leaves the run as it is.
func (l *life) stop() {
	if !l.over {
		close(l.quit)
	}
}

// sleep lets the workflow's time go on, or the run end.
func (l *life) sleep(d time.Duration) {
	l.t.Helper()
	require.False(l.t, l.over, "the run has ended")
	// The instant comes with a workflow task, which ends before the turn is given.
	l.env.RegisterDelayedCallback(func() { l.env.RegisterDelayedCallback(l.hand, 0) }, d)
	l.pass()
}

// until waits for a condition, or fails at the end of the run.
func (l *life) until(what string, holds func() bool) {
	l.t.Helper()
	if !l.over && !holds() {
		l.watch = holds
		l.pass()
	}
	if !holds() {
		require.FailNow(l.t, "the run ended before "+what, "it ended with %v", l.env.GetWorkflowError())
	}
}

// finish waits for the end of the run and answers how it ended.
func (l *life) finish() error {
	l.t.Helper()
	if !l.over {
		l.watch = func() bool { return false }
		l.pass()
	}
	return l.env.GetWorkflowError()
}

// continued expects that the run goes on as a new one, and starts that.
func (l *life) continued() *life {
	l.t.Helper()
	var again *workflow.ContinueAsNewError
	err := l.finish()
	require.ErrorAs(l.t, err, &again, "the run does not go on")
	var start domain.Start
	require.NoError(l.t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &start))
	require.Equal(l.t, adopting(l.record), start, "nothing but names goes along")
	return l.followed(start)
}

// followed starts another run of an ended one's record. What never reached the ended one goes to it: Temporal hands it on to
// a run that continues, and the door sends it again to a record that has none.
func (l *life) followed(start domain.Start) *life {
	l.t.Helper()
	next := l.begin(l.t, start, l.env.Now())
	for _, a := range l.sent {
		if !a.done {
			require.False(l.t, a.accepted, "the run ended and left an accepted command without an answer")
			next.deliver(a)
		}
	}
	return next
}

// answer is what a caller gets to hear of an update.
type answer struct {
	name, id       string
	args           []any
	accepted, done bool
	result         domain.Result
	err            error
}

// send gives a command through an update, under the name that the door gives it, and does not wait.
func (l *life) send(command domain.Command, version int64) *answer {
	l.t.Helper()
	return l.update(domain.UpdateCommand, fmt.Sprintf("%s/%d", command.ID, version), command)
}

func (l *life) update(name, id string, args ...any) *answer {
	l.t.Helper()
	a := &answer{name: name, id: id, args: args}
	l.deliver(a)
	return a
}

func (l *life) deliver(a *answer) {
	l.t.Helper()
	require.False(l.t, l.over, "the run has ended")
	l.sent = append(l.sent, a)
	l.env.UpdateWorkflow(a.name, a.id, &testsuite.TestUpdateCallback{
		OnAccept: func() { a.accepted = true },
		OnReject: func(err error) { panic(err) }, // the kernel has no validator
		OnComplete: func(result any, err error) {
			a.result, _ = result.(domain.Result)
			a.err, a.done = err, true
			l.poke()
		},
	}, a.args...)
}

func (l *life) answered() bool {
	return !slices.ContainsFunc(l.sent, func(a *answer) bool { return !a.done })
}

// give sends a command that the record receives now, and waits for its answer.
func (l *life) give(actor domain.Actor, verb string, content any) domain.Result {
	l.t.Helper()
	a := l.send(l.commandOf(l.practice, actor, verb, l.record, content), 0)
	l.until("an answer to "+verb, func() bool { return a.done })
	require.NoError(l.t, a.err, verb)
	return a.result
}

// must gives a command that must be applied.
func (l *life) must(actor domain.Actor, verb string, content any) domain.Result {
	l.t.Helper()
	result := l.give(actor, verb, content)
	require.Equal(l.t, domain.Applied, result.Outcome, "%s: %v", verb, result.Refusal)
	return result
}

// elsewhere applies a command to the row without the workflow, as one that died before it could remember.
func (l *life) elsewhere(actor domain.Actor, verb string, content any) domain.Result {
	l.t.Helper()
	result, err := l.Apply(l.desk.t.Context(), l.command(actor, verb, l.record, content))
	require.NoError(l.t, err)
	return result
}

// adopt sends the signal; it is unheard until the run has it.
func (l *life) adopt() {
	l.unheard++
	l.env.SignalWorkflow(domain.SignalAdopt, nil)
	l.env.RegisterDelayedCallback(func() { l.unheard-- }, 0)
}

// memory is what the workflow remembers, asked as the doctor asks. WakeAfter was true when it was answered; it is left out.
func (l *life) memory() domain.View {
	l.t.Helper()
	if !l.started {
		return domain.View{}
	}
	value, err := l.env.QueryWorkflow(domain.QueryView)
	require.NoError(l.t, err)
	var view domain.View
	require.NoError(l.t, value.Get(&view))
	view.WakeAfter = 0
	return view
}

// row is what the workflow should remember.
func (l *life) row() domain.View {
	l.t.Helper()
	view, err := l.Look(l.desk.t.Context(), l.practice, l.record)
	require.NoError(l.t, err)
	view.WakeAfter = 0
	return view
}

// calm waits until every caller has an answer.
func (l *life) calm() {
	l.t.Helper()
	l.until("all was answered", func() bool { return l.answered() })
}

// settled waits until the memory is the row's and every caller has an answer.
func (l *life) settled() {
	l.t.Helper()
	l.calm()
	row := l.row()
	l.until("the memory was the row", func() bool { return l.memory().Version == row.Version })
	require.Equal(l.t, l.row(), l.memory())
}
