package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
)

// record is the kernel that every lifecycle's workflow runs on: one record, one command at a time, one timer.
//
// What the workflow remembers is the view that Apply answered last, never a computation of its own. So a retried task, a
// replay, a lost task or a newer row can never make memory and rows disagree.
type record struct {
	start  domain.Start
	queue  []int // the turns that were asked for and not given back, in order; the first one is at work
	turns  int
	adopts workflow.ReceiveChannel

	view  domain.View
	known bool // the view is of a row; a record that was never opened has none

	timer   workflow.Future
	disarm  workflow.CancelFunc
	timerAt time.Time // the deadline that the timer was set for

	first     outcome
	firstDone bool
}

// outcome is what a command's caller gets.
type outcome struct {
	result domain.Result
	err    error
}

// run drives the record until nothing more can happen to it.
func (r *record) run(ctx workflow.Context) error {
	// Installing a handler lets the updates run that came with the start: the opening command takes its turn before them.
	if err := r.take(ctx); err != nil {
		return err
	}
	if err := r.handle(ctx); err != nil {
		return err
	}
	if err := r.begin(ctx); err != nil {
		return r.leave(ctx, err)
	}
	for {
		if ctx.Err() != nil { // the row stays: whoever needs the record next starts a run that adopts it
			return r.leave(ctx, ctx.Err())
		}
		r.arm(ctx)
		err := workflow.Await(ctx, func() bool {
			return r.due() || r.adopts.Len() > 0 || r.mustArm() || r.ended() || r.mustContinue(ctx)
		})
		if err != nil {
			return r.leave(ctx, err)
		}
		switch {
		case r.adopts.Len() > 0:
			r.adopt(ctx)
		case r.due():
			r.wake(ctx)
		case r.ended() && r.quiet(ctx, r.ended):
			return nil
		case r.mustContinue(ctx) && r.quiet(ctx, func() bool { return r.mustContinue(ctx) }):
			next := r.start
			next.First, next.Logic = nil, max(next.Logic, StartLogic)
			return workflow.NewContinueAsNewError(ctx, workflow.GetInfo(ctx).WorkflowType.Name, next)
		}
	}
}

// handle installs the handlers, before anything blocks: a command that arrives with the start finds them.
func (r *record) handle(ctx workflow.Context) error {
	r.adopts = workflow.GetSignalChannel(ctx, domain.SignalAdopt)
	if err := workflow.SetQueryHandler(ctx, domain.QueryView, func() (domain.View, error) { return r.view, nil }); err != nil {
		return fmt.Errorf("installing the view query: %w", err)
	}
	if err := workflow.SetUpdateHandler(ctx, domain.UpdateFirst, r.awaitFirst); err != nil {
		return fmt.Errorf("installing the first update: %w", err)
	}
	if err := workflow.SetUpdateHandler(ctx, domain.UpdateCommand, r.command); err != nil {
		return fmt.Errorf("installing the command update: %w", err)
	}
	return nil
}

// begin applies the command that the run was started with, or adopts the row. A run without a row fails, whatever started it,
// so that the record can still be opened under its id.
func (r *record) begin(ctx workflow.Context) error {
	if r.start.First == nil {
		r.giveBack()
		missing := r.adopt(ctx)
		r.first, r.firstDone = outcome{result: domain.Result{Outcome: domain.Repeated, Version: r.view.Version, View: r.view}}, true
		if missing {
			return missingRow(r.start.Record)
		}
		return nil
	}
	result, err := r.decide(ctx, *r.start.First)
	r.giveBack()
	r.first, r.firstDone = outcome{result, err}, true
	switch {
	case err != nil:
		return err
	case result.Outcome == domain.Refused && !r.known:
		return refused(result)
	}
	return nil
}

// awaitFirst answers the outcome of the command that the run was started with, to those who sent the same. A run that was not
// started with a command answers that the record is open: what its opening command was stands in the rows.
func (r *record) awaitFirst(ctx workflow.Context, digest string) (domain.Result, error) {
	if r.start.First != nil && r.start.First.Digest != digest {
		return domain.Result{Outcome: domain.Refused, Refusal: domain.OtherBody()}, nil
	}
	if err := workflow.Await(ctx, func() bool { return r.firstDone }); err != nil {
		return domain.Result{}, err
	}
	return r.first.result, r.first.err
}

// take waits for a turn: first come, first served. A workflow.Mutex is not: among those who wait for one, the update that
// came last is asked first.
func (r *record) take(ctx workflow.Context) error {
	r.turns++
	turn := r.turns
	r.queue = append(r.queue, turn)
	err := workflow.Await(ctx, func() bool { return r.queue[0] == turn })
	if err != nil {
		r.queue = slices.DeleteFunc(r.queue, func(waiting int) bool { return waiting == turn })
	}
	return err
}

func (r *record) giveBack() { r.queue = r.queue[1:] }

// command decides one command in its turn.
func (r *record) command(ctx workflow.Context, command domain.Command) (domain.Result, error) {
	if err := r.take(ctx); err != nil {
		return domain.Result{}, err
	}
	defer r.giveBack()
	return r.decide(ctx, command)
}

func (r *record) decide(ctx workflow.Context, command domain.Command) (domain.Result, error) {
	result, err := apply(ctx, command)
	if err != nil {
		return domain.Result{}, err
	}
	r.remember(result.View)
	return result, nil
}

// wake handles what has fallen due: it applies a tick, under a name that the same deadline of the same version has only once.
func (r *record) wake(ctx workflow.Context) {
	fired, version := r.timerAt, r.view.Version
	r.timer, r.disarm = nil, nil
	if r.view.WakeAt == nil {
		return
	}
	if r.view.WakeAt.After(fired) {
		r.adopt(ctx) // the deadline moved later meanwhile: only the time left is asked for
		return
	}
	id := fmt.Sprintf("tick/%s/%d/%d", r.start.Record, r.view.WakeAt.UnixMilli(), r.view.Version)
	tick := domain.Command{
		ID: id, Name: string(r.start.Practice) + "." + domain.Tick, Practice: r.start.Practice, Record: r.start.Record,
		Actor: domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, ReceivedAt: *r.view.WakeAt,
	}
	result, err := r.command(ctx, tick)
	switch {
	case err == nil && result.View.Version == 0:
		r.adopt(ctx) // the row has gone
	case r.view.WakeAt == nil: // a command before it may have taken the deadline away
	case err != nil:
		workflow.GetLogger(ctx).Error("a deadline could not be handled; it is tried again", "record", r.start.Record, "error", err)
		r.setTimer(ctx, *r.view.WakeAt, retryAfter)
	case r.view.Version == version:
		// Nothing was due by Apply's clock. Were it always so, this must not become a loop without a pause.
		r.setTimer(ctx, *r.view.WakeAt, max(r.view.WakeAfter, earlyAfter))
	}
}

const (
	// retryAfter is the pause before a tick that failed is tried again.
	retryAfter = time.Minute
	// earlyAfter is the shortest pause after a tick that came early.
	earlyAfter = 100 * time.Millisecond
)

// adopt takes the row's view for the memory, and whatever asked for it off the queue. It answers whether there is no row.
func (r *record) adopt(ctx workflow.Context) (missing bool) {
	for r.adopts.Len() > 0 {
		r.adopts.ReceiveAsync(nil)
	}
	if err := r.take(ctx); err != nil {
		return false
	}
	defer r.giveBack()
	view, err := look(ctx, r.start.Practice, r.start.Record)
	if err != nil {
		workflow.GetLogger(ctx).Error("the row could not be read", "record", r.start.Record, "error", err)
		return false
	}
	if view.Version == 0 && !r.known {
		return true
	}
	r.known = true
	r.view = view
	r.dropTimer()
	return false
}

// remember takes a view for the memory. One without a row, or older than the memory, is left.
func (r *record) remember(view domain.View) {
	if view.Version == 0 || r.known && view.Version < r.view.Version {
		return
	}
	r.known = true
	r.view = view
}

// arm sets the one timer. It is set anew only when the deadline moved earlier; a later one waits for the old timer, which
// then finds that nothing is due.
func (r *record) arm(ctx workflow.Context) {
	if r.view.WakeAt == nil {
		r.dropTimer()
		return
	}
	if r.mustArm() {
		r.setTimer(ctx, *r.view.WakeAt, r.view.WakeAfter)
	}
}

func (r *record) mustArm() bool {
	return r.view.WakeAt != nil && (r.timer == nil || r.view.WakeAt.Before(r.timerAt))
}

func (r *record) setTimer(ctx workflow.Context, at time.Time, after time.Duration) {
	r.dropTimer()
	child, cancel := workflow.WithCancel(ctx)
	r.timer, r.disarm, r.timerAt = workflow.NewTimer(child, after), cancel, at
}

func (r *record) dropTimer() {
	if r.disarm != nil {
		r.disarm()
	}
	r.timer, r.disarm = nil, nil
}

func (r *record) due() bool { return r.timer != nil && r.timer.IsReady() }

func (r *record) ended() bool { return r.known && r.view.Ended }

// mustContinue says that the run's history has grown long.
func (r *record) mustContinue(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

// quiet waits until no handler runs, and reports whether nothing arrived meanwhile: no adopt signal waits and the reason to
// stop still holds. Between its answer and the return nothing can happen.
func (r *record) quiet(ctx workflow.Context, still func() bool) bool {
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return false
	}
	return r.adopts.Len() == 0 && still()
}

// leave ends the run with an error, after every caller has its answer.
func (r *record) leave(ctx workflow.Context, err error) error {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if waitErr := workflow.Await(detached, func() bool { return workflow.AllHandlersFinished(detached) }); waitErr != nil {
		return waitErr
	}
	return err
}
