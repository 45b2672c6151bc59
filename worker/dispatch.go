package worker

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	// dispatchPause bounds how often the destinations' processes are told: what commits meanwhile is told as one.
	dispatchPause = 20 * time.Millisecond
	wakeBound     = 5 * time.Second
	// remindPause and overdueDelivery are how the destinations' processes come to know of what was due while nobody told them.
	remindPause     = 2 * time.Second
	overdueDelivery = time.Second
)

// newOutside makes the worker of everything slow.
func (w *Worker) newOutside() worker.Worker {
	outside := worker.New(w.Temporal, domain.QueueOutside, worker.Options{
		DisableWorkflowWorker: true, MaxConcurrentActivityTaskPollers: activityPollers, WorkerStopTimeout: stopTimeout,
	})
	outside.RegisterActivityWithOptions(w.Activities.Deliver, activity.RegisterOptions{Name: domain.ActivityDeliver})
	outside.RegisterActivityWithOptions(w.turn, activity.RegisterOptions{Name: domain.ActivityTurn})
	return outside
}

// dispatch turns what waits in the outbox into deliveries, and tells the processes of their destinations. A hint wakes it at
// once; the sweep is the guarantee.
func (w *Worker) dispatch(ctx context.Context) error {
	sweep := time.NewTicker(sweepPause)
	defer sweep.Stop()
	for {
		destinations, more, err := w.Activities.Dispatch(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "the outbox could not be dispatched; trying again", "error", err)
		}
		w.wake(ctx, destinations)
		if more && err == nil {
			continue
		}
		if !pause(ctx, dispatchPause) {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.Notices.ch:
		case <-sweep.C:
		}
	}
}

// wake tells destinations' processes that something is due. One that cannot be told now is reminded later.
func (w *Worker) wake(ctx context.Context, destinations []string) {
	for _, destination := range destinations {
		bounded, cancel := context.WithTimeout(ctx, wakeBound)
		err := w.Door.Wake(bounded, destination)
		cancel()
		if err != nil && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "a destination's process could not be told of deliveries; trying again", "destination", destination, "error", err)
		}
	}
}

// remind tells the processes of destinations where something has been due for a while: they may have been lost, or what woke
// them was.
func (w *Worker) remind(ctx context.Context) error {
	for pause(ctx, remindPause) {
		now := w.Clock.Now()
		destinations, err := schemas.DueDestinations(ctx, w.DB, now.Add(-overdueDelivery), now)
		if err != nil && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "due deliveries could not be looked for; trying again", "error", err)
		}
		w.wake(ctx, destinations)
	}
	return nil
}

// configured notes by which way this installation's workers send mail, and whether they do.
func (w *Worker) configured(ctx context.Context) error {
	return schemas.Configure(ctx, w.DB, domain.MailDestination, w.MailVia != "", w.MailVia)
}
