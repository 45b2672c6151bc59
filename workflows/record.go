package workflows

import (
	"fmt"
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
	lock   workflow.Mutex
	adopts workflow.ReceiveChannel

	view  domain.View
	known bool // view was answered at least once

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
	if err := r.handle(ctx); err != nil {
		return err
	}
	if err := r.begin(ctx); err != nil {
		return r.leave(ctx, err)
	}
	for {
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
		case r.ended() && r.quiet(ctx):
			return nil
		case r.mustContinue(ctx) && r.quiet(ctx):
			next := r.start
			next.First = nil
			return workflow.NewContinueAsNewError(ctx, workflow.GetInfo(ctx).WorkflowType.Name, next)
		}
	}
}

// handle installs the handlers, before anything blocks: a command that arrives with the start finds them.
func (r *record) handle(ctx workflow.Context) error {
	r.lock = workflow.NewMutex(ctx)
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

// begin applies the command that the run was started with, or adopts the row.
func (r *record) begin(ctx workflow.Context) error {
	if r.start.First == nil {
		r.adopt(ctx)
		r.firstDone = true
		return nil
	}
	result, err := r.command(ctx, *r.start.First)
	r.first, r.firstDone = outcome{result, err}, true
	switch {
	case err != nil:
		return err
	case result.Outcome == domain.Refused && !r.known:
		return refused(result)
	}
	return nil
}

// awaitFirst answers the outcome of the command that the run was started with.
func (r *record) awaitFirst(ctx workflow.Context) (domain.Result, error) {
	if err := workflow.Await(ctx, func() bool { return r.firstDone }); err != nil {
		return domain.Result{}, err
	}
	return r.first.result, r.first.err
}

// command decides one command. The lock is first come, first served.
func (r *record) command(ctx workflow.Context, command domain.Command) (domain.Result, error) {
	if err := r.lock.Lock(ctx); err != nil {
		return domain.Result{}, err
	}
	defer r.lock.Unlock()
	result, err := apply(ctx, command)
	if err != nil {
		return domain.Result{}, err
	}
	r.remember(result.View)
	return result, nil
}

// wake handles what has fallen due: it applies a tick, under a name that the same deadline of the same version has only once.
func (r *record) wake(ctx workflow.Context) {
	fired := r.timerAt
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
	if _, err := r.command(ctx, tick); err != nil {
		workflow.GetLogger(ctx).Error("a deadline could not be handled; it is tried again", "record", r.start.Record, "error", err)
		r.setTimer(ctx, *r.view.WakeAt, retryAfter)
	}
}

// retryAfter is the pause before a tick that failed is tried again.
const retryAfter = time.Minute

// adopt takes the row's view for the memory, and whatever asked for it off the queue.
func (r *record) adopt(ctx workflow.Context) {
	for r.adopts.Len() > 0 {
		r.adopts.ReceiveAsync(nil)
	}
	if err := r.lock.Lock(ctx); err != nil {
		return
	}
	defer r.lock.Unlock()
	view, err := look(ctx, r.start.Practice, r.start.Record)
	if err != nil {
		workflow.GetLogger(ctx).Error("the row could not be read", "record", r.start.Record, "error", err)
		return
	}
	r.known = true
	r.view = view
	r.dropTimer()
}

// remember takes a view for the memory; one older than the memory is left.
func (r *record) remember(view domain.View) {
	if view.Record == "" || r.known && view.Version < r.view.Version {
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
func (r *record) quiet(ctx workflow.Context) bool {
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return false
	}
	return r.adopts.Len() == 0 && (r.ended() || r.mustContinue(ctx))
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
