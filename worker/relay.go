package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// relay delivers messages to records through the same door as any command: in order per record, once, many records side by
// side. One that takes long, or cannot be decided, holds up nobody but those behind it. A hint wakes the relay at once; the
// sweep is the guarantee. Several relays share the queue: whoever claims a message has it for a while.
type relay struct {
	db      *bun.DB
	door    app.Way
	clock   domain.Clock
	log     *slog.Logger
	hints   *Hints
	heard   func() // passes hints on; they are of the outbox as well
	metrics *telemetry.Metrics
}

const (
	sweepPause    = 200 * time.Millisecond
	deliveryBound = 10 * time.Second
	// claimBound is how long a claim holds: a relay that dies with it is followed by another after that.
	claimBound   = deliveryBound + 5*time.Second
	firstRetry   = 500 * time.Millisecond
	longestRetry = time.Minute
	// mostFaults is how often a fault of ours may stop a message before it is given up and what is behind it goes on. With the
	// pauses between them this is a quarter of an hour.
	mostFaults = 20
)

// targetsAtOnce is how many deliveries are under way at once: enough to keep the processors busy, and not so many that people
// who wait for an answer wait for the queue.
func targetsAtOnce() int { return 2 * runtime.GOMAXPROCS(0) }

func (r *relay) run(ctx context.Context) error {
	sweep := time.NewTicker(sweepPause)
	defer sweep.Stop()
	var underWay sync.WaitGroup
	defer underWay.Wait()
	slots, freed := make(chan struct{}, targetsAtOnce()), NewHints()
	for {
		free := cap(slots) - len(slots)
		rows, err := r.claim(ctx, "", free)
		if err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "messages could not be read; trying again", "error", err)
		}
		for _, row := range rows {
			slots <- struct{}{}
			underWay.Go(func() {
				r.deliverFrom(ctx, row)
				<-slots
				freed.Wake()
			})
		}
		if free > 0 && len(rows) == free {
			continue // there may be more at once
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-freed.ch:
		case <-r.hints.ch:
			r.heard()
		case <-sweep.C:
		}
	}
}

func (r *relay) now() time.Time { return domain.Millisecond(r.clock.Now()) }

func (r *relay) claim(ctx context.Context, record string, limit int) ([]schemas.MessageRow, error) {
	if limit == 0 {
		return nil, nil
	}
	return schemas.ClaimMessages(ctx, r.db, record, r.now(), r.now().Add(claimBound), limit)
}

// deliverFrom delivers a message and those behind it, until one has to wait.
func (r *relay) deliverFrom(ctx context.Context, row schemas.MessageRow) {
	for {
		settled, err := r.deliver(ctx, row)
		if err == nil && settled {
			var next []schemas.MessageRow
			if next, err = r.claim(ctx, row.RecordID, 1); len(next) == 1 {
				row = next[0]
				continue
			}
		}
		if err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "a message could not be settled; trying again", "message", row.ID, "record", row.RecordID, "error", err)
		}
		return
	}
}

// Drain delivers the messages that wait, and those that come of them, until none does; it is for whoever decides commands
// where no worker runs. What a worker would try again ends it.
func Drain(ctx context.Context, dependencies Dependencies, way app.Way) error {
	r := &relay{db: dependencies.DB, door: way, clock: dependencies.Clock, log: dependencies.Log, metrics: dependencies.Metrics}
	for {
		rows, err := r.claim(ctx, "", 1)
		if err != nil || len(rows) == 0 {
			return err
		}
		result, err := r.send(ctx, rows[0])
		if err != nil {
			return err
		}
		if err := r.settle(ctx, rows[0], result); err != nil {
			return err
		}
	}
}

// deliver gives one message to its record and writes down what became of it. It answers false when it has to come again.
func (r *relay) deliver(ctx context.Context, row schemas.MessageRow) (bool, error) {
	result, err := r.send(ctx, row)
	if err != nil {
		return r.postpone(ctx, row, err)
	}
	return true, r.settle(ctx, row, result)
}

// settle writes down what became of a message that its record has decided.
func (r *relay) settle(ctx context.Context, row schemas.MessageRow, result domain.Result) error {
	state := schemas.MessageDelivered
	switch result.Outcome {
	case domain.Refused:
		state = schemas.MessageRefused
	case domain.Dropped:
		state = schemas.MessageDropped
	}
	r.metrics.Relayed("message", string(state))
	var command domain.Command
	if err := json.Unmarshal(row.Command, &command); err != nil {
		return fmt.Errorf("reading message %s: %w", row.ID, err)
	}
	// Whoever gave it was told that it waits: nobody else writes down that it was forbidden.
	return schemas.SettleMessage(ctx, r.db, row.ID, state, &result, r.now(), schemas.Forbidden(command, result.Refusal, r.now())...)
}

// send gives a message to its record. One whose target has ended is dropped if it says so; else the target's own rules decide.
func (r *relay) send(ctx context.Context, row schemas.MessageRow) (domain.Result, error) {
	var command domain.Command
	if err := json.Unmarshal(row.Command, &command); err != nil {
		return domain.Result{}, domain.Errorf(domain.CodeInternal, "it cannot be read: %v", err)
	}
	command.Relayed = true
	head, exists, err := schemas.ReadHead(ctx, r.db, row.RecordID)
	if err != nil {
		return domain.Result{}, err
	}
	if exists && !head.Active && row.OnClosed == domain.TargetDrop {
		return domain.Result{Outcome: domain.Dropped, Version: head.Version}, nil
	}
	if !exists && !command.Opens() {
		if waits, err := schemas.OpeningGivenUp(ctx, r.db, row.RecordID, row.Position); err != nil || waits {
			return domain.Result{}, errors.Join(err, errNotOpened)
		}
	}
	bounded, cancel := context.WithTimeout(ctx, deliveryBound)
	defer cancel()
	result, err := r.door.Send(bounded, command)
	if !errors.Is(err, app.ErrOpenedBefore) {
		return result, err
	}
	stored, known, err := schemas.ReadCommand(ctx, r.db, command.ID)
	if err != nil || known && stored.Outcome != nil {
		return domain.Result{Outcome: domain.Repeated, Version: head.Version}, err
	}
	return domain.Result{}, errors.New("the record's process has ended and the command is not among those decided")
}

// errNotOpened keeps a message for a record whose opening was given up: it would be refused, and word that nobody is needed any more
// would be gone when an operator queues the opening anew.
var errNotOpened = errors.New("what opens its record was given up; it waits until that is queued anew")

// postpone notes a delivery that came to nothing; the pause doubles up to a minute. A message that faults of ours stop again
// and again is given up, which it answers as settled: doctor shows it, and can queue it anew.
func (r *relay) postpone(ctx context.Context, row schemas.MessageRow, cause error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	why, fault := "no decision in time", domain.AsError(cause)
	switch {
	case fault != nil:
		why = fault.Message
	case errors.Is(cause, errNotOpened):
		why = errNotOpened.Error()
	}
	pause := min(firstRetry<<min(row.Attempts, 16), longestRetry)
	if err := schemas.PostponeMessage(ctx, r.db, row.ID, why, fault != nil, r.now().Add(pause)); err != nil {
		return false, err
	}
	if fault != nil && row.Faults+1 >= mostFaults {
		r.metrics.Relayed("message", string(schemas.MessageFailed))
		r.log.ErrorContext(ctx, "a message is given up", "message", row.ID, "record", row.RecordID, "fault", why)
		return true, schemas.SettleMessage(ctx, r.db, row.ID, schemas.MessageFailed, nil, r.now())
	}
	r.metrics.Relayed("message", "postponed")
	r.log.WarnContext(ctx, "a message could not be delivered; trying again", "message", row.ID, "record", row.RecordID, "pause", pause, "error", cause)
	return false, nil
}
