package activities

import (
	"context"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// mostPageTries at one contact, and whoever a page is for is tried by the next one, while this one is tried on.
const mostPageTries = 3

// fallThrough writes what became of a page that did not leave, and, once that was in vain, goes on to the next contact of whoever
// it is for; where there is none for anybody of the step, the escalation hears of it. All of it holds, or nothing.
func (b *batch) fallThrough(ctx context.Context, row schemas.DeliveryRow, vain bool, write func(ctx context.Context, db bun.IDB) error) error {
	if row.Lane != domain.LanePage || !vain {
		return write(ctx, b.DB)
	}
	told := false
	err := b.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockPage(ctx, tx, row.Outbox); err != nil {
			return err
		}
		if err := write(ctx, tx); err != nil {
			return err
		}
		fresh, err := schemas.InVain(ctx, tx, row.ID)
		if err != nil || !fresh {
			return err
		}
		now := b.now()
		if row.Person != "" {
			if err := schemas.Hasten(ctx, tx, row.Outbox, row.Person, now, now.Add(claimLasts)); err != nil {
				return err
			}
		}
		told, err = leaveUnreached(ctx, tx, row.Outbox, now)
		return err
	})
	if told && err == nil && b.Committed != nil {
		b.Committed()
	}
	return err
}

// leaveUnreached tells an escalation that nobody of a step could be reached, if that is so; it answers whether it did.
func leaveUnreached(ctx context.Context, tx bun.Tx, outbox int64, now time.Time) (bool, error) {
	step, vain, err := schemas.Unreached(ctx, tx, outbox)
	if err != nil || !vain {
		return false, err
	}
	row, err := messageRow(domain.CommandID("unreached", strconv.FormatInt(outbox, 10)), "deliveries", domain.Message{
		Practice: escalation.Practice, Record: step.Escalation, Command: "escalation.unreached",
		Body: map[string]any{"run": step.Run, "round": step.Round, "step": step.Step}, OnClosed: domain.TargetDrop,
	}, now)
	if err != nil {
		return false, err
	}
	return true, schemas.LeaveMessage(ctx, tx, row)
}

// passOver goes on from every page that waits at a destination which is left alone for a while.
func (b *batch) passOver(ctx context.Context, until time.Time) error {
	rows, err := schemas.PendingPages(ctx, b.DB, b.order.Destination, until)
	for _, row := range rows {
		if err != nil {
			break
		}
		err = b.fallThrough(ctx, row, true, func(context.Context, bun.IDB) error { return nil })
	}
	return err
}
