package activities

import (
	"context"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	// mostFailures in a row, and a destination is left alone for a while.
	mostFailures = 5
	firstOpen    = 5 * time.Second
	longestOpen  = 5 * time.Minute
	firstPause   = 30 * time.Second
	longestPause = 30 * time.Minute
	// stoppedOpen is how long a destination that lets nobody in is left alone: somebody may have mended how it is written.
	stoppedOpen = time.Minute
	// pagesWait is how long a page waits for a destination that is busy before it goes on to the next contact.
	pagesWait = 10 * time.Second
)

// down notes that the destination does not work, and puts the deliveries off until it is tried again.
func (b *batch) down(ctx context.Context, rows []schemas.DeliveryRow, fault string) error {
	b.circuit.Failures++
	if b.circuit.Failures < mostFailures {
		pause := jittered(pauseAfter(b.circuit.Failures-1, time.Second, firstOpen), rows[0])
		return b.leaveAlone(ctx, rows, fault, nil, schemas.Postponement{Next: b.now().Add(pause), Attempt: true})
	}
	until := b.now().Add(jittered(pauseAfter(b.circuit.Failures-mostFailures, firstOpen, longestOpen), rows[0]))
	return b.passAfter(ctx, until, b.leaveAlone(ctx, rows, fault, &until, schemas.Postponement{Next: until, Attempt: true}))
}

// stopped notes that the destination lets nobody in: nothing is tried, but one delivery now and then, until somebody changes that.
func (b *batch) stopped(ctx context.Context, rows []schemas.DeliveryRow, fault string) error {
	b.circuit.Failures = max(b.circuit.Failures+1, mostFailures)
	until := b.now().Add(stoppedOpen)
	return b.passAfter(ctx, until, b.leaveAlone(ctx, rows, fault, &until, schemas.Postponement{Next: until, Attempt: true}))
}

// busy leaves the destination alone for as long as it asks, which is no failure of it, nor an attempt.
func (b *batch) busy(ctx context.Context, rows []schemas.DeliveryRow, fault *domain.DeliveryFault) error {
	until := b.now().Add(fault.After)
	err := b.leaveAlone(ctx, rows, fault.Message, &until, schemas.Postponement{Next: until})
	if fault.After <= pagesWait {
		return err
	}
	return b.passAfter(ctx, until, err)
}

// leaveAlone writes down how a destination failed, and puts off what was not taken; with until, nothing is tried before then.
func (b *batch) leaveAlone(ctx context.Context, rows []schemas.DeliveryRow, fault string, until *time.Time, why schemas.Postponement) error {
	b.noted, b.circuit.OpenUntil = false, until
	if err := schemas.DestinationFailed(ctx, b.DB, b.order.Destination, fault, b.circuit.Failures, until, b.now()); err != nil {
		return err
	}
	b.settled++
	if b.Delivered != nil {
		b.Delivered(string(rows[0].Channel), "postponed", len(rows))
	}
	why.Fault, why.HeldBack = fault, true
	return b.postpone(ctx, rows, why)
}

// passAfter lets pages go on to the next contacts, once it is written that they wait.
func (b *batch) passAfter(ctx context.Context, until time.Time, err error) error {
	if err != nil {
		return err
	}
	return b.passOver(ctx, until)
}

// pauseAfter doubles a pause with every attempt, up to a longest one.
func pauseAfter(before int, first, longest time.Duration) time.Duration {
	return min(first<<min(before, 16), longest)
}

// jittered makes a pause up to a fifth longer or shorter, so that what failed together does not come again together. It follows
// from the delivery and its attempts, so that it is the same wherever it is computed.
func jittered(pause time.Duration, row schemas.DeliveryRow) time.Duration {
	sum := fnv.New32a()
	sum.Write([]byte(row.ID + strconv.Itoa(row.Attempts)))
	return pause*4/5 + pause*2/5*time.Duration(sum.Sum32()%1000)/1000
}
