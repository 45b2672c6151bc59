// Package worker runs the durable processes: it registers workflows and activities with Temporal, delivers messages between
// records, adopts rows that may be ahead of their workflows, and keeps house.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// Dependencies are what a worker works with.
type Dependencies struct {
	Temporal   client.Client
	Door       *app.Door
	Activities *activities.Activities
	// DB acts under the worker's role.
	DB      *bun.DB
	Clock   domain.Clock
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	// Name tells workers apart: host and process.
	Name string
	// Hints wakes the relay after a commit that posted messages.
	Hints *Hints
	// Notices wakes the dispatch of the outbox after a commit that left something there; left out, hints do.
	Notices *Hints
	// MailVia names the relay that mails leave by, for people; empty: none is configured.
	MailVia string
	// Listen calls heard for messages that other processes posted, until ctx ends; nil: only the sweep and hints.
	Listen func(ctx context.Context, heard func()) error
}

// Worker is one process's share of the work.
type Worker struct {
	Dependencies
	records worker.Worker
	outside worker.Worker
	relay   *relay
}

// New makes a worker; nothing runs yet.
func New(dependencies Dependencies) *Worker {
	w := &Worker{Dependencies: dependencies}
	if w.Notices == nil {
		w.Notices = NewHints()
	}
	w.records = worker.New(w.Temporal, domain.QueueRecords, worker.Options{
		MaxConcurrentWorkflowTaskPollers: recordPollers, MaxConcurrentActivityTaskPollers: activityPollers, WorkerStopTimeout: stopTimeout,
	})
	workflows.Register(w.records)
	w.records.RegisterActivityWithOptions(w.apply, activity.RegisterOptions{Name: domain.ActivityApply})
	w.records.RegisterActivityWithOptions(w.Activities.Look, activity.RegisterOptions{Name: domain.ActivityLook})
	w.outside = w.newOutside()
	w.relay = &relay{db: w.DB, door: w.Door, clock: w.Clock, log: w.Log, hints: w.Hints, heard: w.Notices.Wake, metrics: w.Metrics}
	return w
}

const (
	recordPollers   = 8
	activityPollers = 2
	stopTimeout     = 5 * time.Second
)

// apply is the activity Apply, measured.
func (w *Worker) apply(ctx context.Context, command domain.Command) (domain.Result, error) {
	began := w.Clock.Now()
	result, err := w.Activities.Apply(ctx, command)
	outcome := string(result.Outcome)
	if err != nil {
		outcome = "failed"
	}
	w.Metrics.Decided(string(command.Practice), command.Verb(), outcome, w.Clock.Now().Sub(began))
	if command.Verb() == domain.Tick && result.Outcome == domain.Applied {
		w.Metrics.DeadlineHandled(w.Clock.Now().Sub(command.ReceivedAt)) // a tick is given the instant that was due
	}
	return result, err
}

// Run works until ctx ends. It answers why it had to stop before that. working, where not nil, is called when it polls.
func (w *Worker) Run(ctx context.Context, working func()) error {
	since, err := w.lastBeat(ctx)
	if err != nil {
		return err
	}
	if err := w.configured(ctx); err != nil {
		return err
	}
	if err := w.records.Start(); err != nil {
		return fmt.Errorf("starting the worker: %w", err)
	}
	defer w.records.Stop()
	if err := w.outside.Start(); err != nil {
		return fmt.Errorf("starting the worker of deliveries: %w", err)
	}
	defer w.outside.Stop()
	if working != nil {
		working()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := w.adoptSince(ctx, since); err != nil {
			return err
		}
		return w.beat(ctx) // only now: were this interrupted, the next start must look as far back again
	})
	group.Go(func() error { return w.relay.run(ctx) })
	group.Go(func() error { return w.chase(ctx) })
	group.Go(func() error { return w.dispatch(ctx) })
	group.Go(func() error { return w.remind(ctx) })
	group.Go(func() error { return w.keepHouse(ctx) })
	group.Go(func() error { return w.keepCadences(ctx) })
	if w.Listen != nil {
		group.Go(func() error { return w.Listen(ctx, w.Hints.Wake) })
	}
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Hints wakes whoever waits, at most once for any number of calls.
type Hints struct{ ch chan struct{} }

// NewHints makes a set of hints.
func NewHints() *Hints { return &Hints{ch: make(chan struct{}, 1)} }

// Wake never blocks.
func (h *Hints) Wake() {
	select {
	case h.ch <- struct{}{}:
	default:
	}
}

// Wait returns true at the next hint, false when ctx ends.
func (h *Hints) Wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-h.ch:
		return true
	}
}
