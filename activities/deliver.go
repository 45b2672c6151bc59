package activities

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"
	"go.temporal.io/sdk/activity"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	batchMost  = 100
	batchLasts = 30 * time.Second
	sendBound  = 20 * time.Second
	// claimLasts is how long a delivery is held: were the worker to die with it, another would come to it after that.
	claimLasts = sendBound + 10*time.Second
	beatPause  = 5 * time.Second
	bundleMost = 50
)

// Deliver sends what is due in one lane of one destination, at most 100 deliveries and nothing new after 30 s. Whatever becomes of
// a delivery stands in its row before the next is begun: a batch that is cut off costs at most that one is sent again, under
// the same id.
func (a *Activities) Deliver(ctx context.Context, order domain.DeliveryOrder) (domain.DeliveryReport, error) {
	row, circuit, found, err := schemas.ReadDestination(ctx, a.DB, order.Destination)
	if err != nil {
		return domain.DeliveryReport{}, err
	}
	if !found {
		return domain.DeliveryReport{Gone: true}, nil
	}
	if !row.Active {
		return domain.DeliveryReport{}, nil
	}
	carrier := a.Carriers[row.Channel]
	if carrier == nil { // until a worker is configured for it
		return domain.DeliveryReport{Held: true, Wait: time.Minute}, nil
	}
	b := &batch{Activities: a, order: order, circuit: circuit, sending: carrier.Begin(a.destination(row)), began: a.Clock.Now()}
	defer b.sending.Close()
	defer beating(ctx)()
	return b.run(ctx)
}

// destination is a row as a channel is given it.
func (a *Activities) destination(row schemas.DestinationRow) domain.Destination {
	to := domain.Destination{Name: row.Name, URL: row.URL, Token: row.Token}
	if row.Secret != "" {
		to.Secrets = append(to.Secrets, row.Secret)
	}
	if row.OldSecret != "" && row.OldSecretUntil != nil && row.OldSecretUntil.After(a.Clock.Now()) {
		to.Secrets = append(to.Secrets, row.OldSecret)
	}
	return to
}

// beating tells Temporal that the batch goes on, until the answer is called.
func beating(ctx context.Context) (stop func()) {
	if !activity.IsActivity(ctx) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(beatPause)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// batch is one call of Deliver.
type batch struct {
	*Activities
	order   domain.DeliveryOrder
	circuit schemas.CircuitRow
	sending domain.Sending
	began   time.Time
	settled int
	noted   bool // that the destination answers
	answers bool // it did not before
}

func (b *batch) now() time.Time { return domain.Millisecond(b.Clock.Now()) }

func (b *batch) run(ctx context.Context) (domain.DeliveryReport, error) {
	for b.settled < batchMost && b.Clock.Now().Sub(b.began) < batchLasts {
		now := b.now()
		if wait, open, err := b.open(ctx, now); err != nil || open {
			return domain.DeliveryReport{Settled: b.settled, Held: true, Wait: wait}, err
		}
		row, due, err := schemas.ClaimDelivery(ctx, b.DB, b.order.Destination, b.order.Lane, now, now.Add(claimLasts))
		if err != nil {
			return domain.DeliveryReport{}, err
		}
		if !due {
			return b.rest(ctx)
		}
		if err := b.one(ctx, row); err != nil {
			return domain.DeliveryReport{}, err
		}
		if b.answers {
			return domain.DeliveryReport{Settled: b.settled, Answers: true, More: true}, nil
		}
	}
	return domain.DeliveryReport{Settled: b.settled, More: true}, nil
}

// rest says when the next is due.
func (b *batch) rest(ctx context.Context) (domain.DeliveryReport, error) {
	next, waits, err := schemas.NextDelivery(ctx, b.DB, b.order.Destination, b.order.Lane)
	report := domain.DeliveryReport{Settled: b.settled}
	if err == nil && waits {
		report.Wait = max(next.Sub(b.Clock.Now()), time.Millisecond)
	}
	return report, err
}

// open reports whether the destination is not to be tried, and for how long. When that is over, one delivery tries alone.
func (b *batch) open(ctx context.Context, now time.Time) (time.Duration, bool, error) {
	until := b.circuit.OpenUntil
	if until == nil {
		return 0, false, nil
	}
	if until.After(now) {
		return until.Sub(now), true, nil
	}
	next, waits, err := schemas.NextDelivery(ctx, b.DB, b.order.Destination, b.order.Lane)
	if err != nil || !waits || next.After(now) {
		return 0, false, err // this lane has nothing to try it with
	}
	alone, err := schemas.TakeProbe(ctx, b.DB, b.order.Destination, now, now.Add(claimLasts))
	if err != nil || !alone {
		return claimLasts, true, err
	}
	b.circuit.OpenUntil = nil
	return 0, false, nil
}

// one sends one delivery, with what goes with it, and writes down what became of it.
func (b *batch) one(ctx context.Context, row schemas.DeliveryRow) error {
	now := b.now()
	switch holds, err := schemas.GuardHolds(ctx, b.DB, domain.Guard{Kind: row.GuardKind, ID: row.GuardID}); {
	case err != nil:
		return err
	case !holds:
		return b.settle(ctx, []schemas.DeliveryRow{row}, schemas.DeliveryDropped, "it was not needed any more")
	case !row.DeadAt.After(now):
		return b.settle(ctx, []schemas.DeliveryRow{row}, schemas.DeliveryDead, row.Fault)
	}
	rows := []schemas.DeliveryRow{row}
	if bounds := throttles[row.Channel]; row.Lane == domain.LaneNotice && row.RecordID != "" && len(bounds) > 0 {
		sent, err := schemas.SentRecently(ctx, b.DB, row, now.Add(-bounds[len(bounds)-1].within))
		if err != nil {
			return err
		}
		if at := allowedAt(bounds, sent, now); at.After(now) {
			return schemas.PostponeDeliveries(ctx, b.DB, rows, schemas.Postponement{Next: at, Fault: row.Fault})
		}
		beside, err := schemas.ClaimBeside(ctx, b.DB, row, now, now.Add(claimLasts), bundleMost-1)
		if err != nil {
			return err
		}
		rows = append(rows, beside...)
	}
	parcel, wanted, err := b.compose(ctx, rows)
	if err != nil {
		return err
	}
	if !wanted {
		return b.settle(ctx, rows, schemas.DeliveryDropped, "it was not needed any more")
	}
	sent, err := b.send(ctx, parcel)
	if err != nil {
		return err
	}
	return b.outcome(ctx, rows, sent)
}

// outcome writes down what a sending came to.
func (b *batch) outcome(ctx context.Context, rows []schemas.DeliveryRow, sent error) error {
	if ctx.Err() != nil {
		return ctx.Err() // the worker stops: whether it was taken is not known, and it is sent again
	}
	fault := &domain.DeliveryFault{Consequence: domain.FaultDown}
	if sent != nil && !errors.As(sent, &fault) {
		fault.Message = "it does not answer"
		b.Log.WarnContext(ctx, "a destination failed", "destination", b.order.Destination, "error", sent)
	}
	switch {
	case sent == nil:
	case fault.Consequence == domain.FaultDown:
		return b.down(ctx, rows, fault.Message)
	case fault.Consequence == domain.FaultStopped:
		return b.stopped(ctx, rows, fault.Message)
	case fault.Consequence == domain.FaultBusy:
		return b.busy(ctx, rows, fault)
	}
	if err := b.answered(ctx); err != nil {
		return err
	}
	switch {
	case sent == nil:
		return b.settle(ctx, rows, schemas.DeliverySent, "")
	case fault.Consequence == domain.FaultRefused:
		return b.settle(ctx, rows, schemas.DeliveryFailed, fault.Message)
	}
	b.settled++
	next := b.now().Add(jittered(pauseAfter(rows[0].Attempts, firstPause, longestPause), rows[0]))
	return b.postpone(ctx, rows, schemas.Postponement{Next: next, Fault: fault.Message, Attempt: true})
}

func (b *batch) settle(ctx context.Context, rows []schemas.DeliveryRow, state schemas.DeliveryState, fault string) error {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	b.settled += len(rows)
	if b.Delivered != nil {
		b.Delivered(string(rows[0].Channel), string(state), len(rows))
	}
	vain := state == schemas.DeliveryFailed || state == schemas.DeliveryDead
	return b.fallThrough(ctx, rows[0], vain, func(ctx context.Context, db bun.IDB) error {
		return schemas.SettleDeliveries(ctx, db, ids, state, fault, b.now())
	})
}

// postpone puts off what was tried and failed.
func (b *batch) postpone(ctx context.Context, rows []schemas.DeliveryRow, why schemas.Postponement) error {
	return b.fallThrough(ctx, rows[0], why.Attempt && rows[0].Attempts+1 >= mostPageTries, func(ctx context.Context, db bun.IDB) error {
		return schemas.PostponeDeliveries(ctx, db, rows, why)
	})
}

// answered notes that the destination works.
func (b *batch) answered(ctx context.Context) error {
	if b.noted {
		return nil
	}
	b.noted, b.answers = true, b.circuit.Failures >= mostFailures
	before := b.circuit.Failures
	b.circuit.Failures = 0
	return schemas.DestinationAnswers(ctx, b.DB, b.order.Destination, before, b.now())
}
