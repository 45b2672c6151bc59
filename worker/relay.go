package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// relay delivers messages to records through the same door as any command: in order per target, once, many targets side by
// side. A hint wakes it at once; the sweep is the guarantee.
type relay struct {
	db      *bun.DB
	door    *app.Door
	clock   domain.Clock
	log     *slog.Logger
	hints   *Hints
	metrics *telemetry.Metrics
}

const (
	sweepPause    = 200 * time.Millisecond
	targetsAtOnce = 16
	targetPage    = 200
	deliveryBound = 10 * time.Second
	firstRetry    = 500 * time.Millisecond
	longestRetry  = time.Minute
)

func (r *relay) run(ctx context.Context) error {
	sweep := time.NewTicker(sweepPause)
	defer sweep.Stop()
	for {
		more, err := r.deliverDue(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "messages could not be read; trying again", "error", err)
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.hints.ch:
		case <-sweep.C:
		}
	}
}

// deliverDue delivers to every record with a message due; it answers whether there may be more at once.
func (r *relay) deliverDue(ctx context.Context) (bool, error) {
	targets, err := schemas.PendingTargets(ctx, r.db, r.now(), targetPage)
	if err != nil || len(targets) == 0 {
		return false, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(targetsAtOnce)
	for _, target := range targets {
		group.Go(func() error { return r.deliverTo(groupCtx, target) })
	}
	return len(targets) == targetPage, group.Wait()
}

func (r *relay) now() time.Time { return domain.Millisecond(r.clock.Now()) }

// deliverTo sends one record's messages in order; a failure holds back those behind it.
func (r *relay) deliverTo(ctx context.Context, target schemas.PendingTarget) error {
	rows, err := schemas.MessagesBefore(ctx, r.db, target.Record, r.now().Add(time.Millisecond))
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.NextAt.After(r.now()) {
			return nil
		}
		var command domain.Command
		if err := json.Unmarshal(row.Command, &command); err != nil {
			return fmt.Errorf("reading message %s: %w", row.ID, err)
		}
		result, err := r.deliver(ctx, row, command)
		if err != nil {
			return r.postpone(ctx, row, err)
		}
		state := "delivered"
		switch result.Outcome {
		case domain.Refused:
			state = "refused"
		case domain.Dropped:
			state = "dropped"
		}
		r.metrics.Relayed("message", state)
		if err := schemas.SettleMessage(ctx, r.db, row.ID, state, &result, r.now()); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends one message. A message whose target has ended is dropped or noted as it asks; else the target's own rules decide.
func (r *relay) deliver(ctx context.Context, row schemas.MessageRow, command domain.Command) (domain.Result, error) {
	head, exists, err := schemas.ReadHead(ctx, r.db, row.RecordID)
	if err != nil {
		return domain.Result{}, err
	}
	if exists && !head.Active && row.OnClosed == domain.TargetDrop {
		return domain.Result{Outcome: domain.Dropped, Version: head.Version}, nil
	}
	bounded, cancel := context.WithTimeout(ctx, deliveryBound)
	defer cancel()
	result, err := r.door.Send(bounded, command, head.Version)
	if errors.Is(err, app.ErrOpenedBefore) {
		return domain.Result{Outcome: domain.Repeated, Version: head.Version}, nil
	}
	return result, err
}

// postpone notes a failed delivery; the pause doubles up to a minute.
func (r *relay) postpone(ctx context.Context, row schemas.MessageRow, fault error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	pause := min(firstRetry<<min(row.Attempts, 16), longestRetry)
	text := schemas.NoDecision
	if domain.AsError(fault) != nil {
		text = domain.AsError(fault).Message
	}
	r.metrics.Relayed("message", "failed")
	r.log.WarnContext(ctx, "a message could not be delivered; trying again", "message", row.ID, "record", row.RecordID, "pause", pause, "error", fault)
	return schemas.PostponeMessage(ctx, r.db, row.ID, text, r.now().Add(pause))
}
