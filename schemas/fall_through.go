package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// PageStep is the step of an escalation that a page belongs to.
type PageStep struct {
	Escalation string `bun:"escalation"` // its id
	Run        int    `bun:"run"`        // 0: a build that counted none called
	Round      int    `bun:"round"`
	Step       int    `bun:"step"`
}

// LockPage holds the notice of a page, and with it all that the same step of an escalation said, until the transaction ends: what
// becomes of its deliveries at several destinations is weighed one after the other.
func LockPage(ctx context.Context, tx bun.IDB, outbox int64) error {
	if _, err := lockPage.Exec(ctx, tx, []any{outbox}); err != nil {
		return fmt.Errorf("holding the page of notice %d: %w", outbox, err)
	}
	return nil
}

// ofStep are the notices o of the step that notice f belongs to: its people and its webhooks. They were committed at one moment,
// which tells the run of the steps from one before it.
const ofStep = `f.guard_kind = 'escalation_calling' AND o.record_id = f.record_id AND o.created_at = f.created_at AND o.kind = f.kind
	AND o.guard_kind = f.guard_kind AND o.data ->> 'run' IS NOT DISTINCT FROM f.data ->> 'run'
	AND o.data ->> 'round' = f.data ->> 'round' AND o.data ->> 'step' = f.data ->> 'step'`

var lockPage = pg.Prepared(`SELECT o.position FROM outbox f JOIN outbox o ON o.position = f.position OR ` + ofStep + `
	WHERE f.position = $1 ORDER BY o.position FOR NO KEY UPDATE OF o`)

// InVain marks a delivery as one that does not reach its receiver; false: it was marked before.
func InVain(ctx context.Context, tx bun.IDB, id string) (bool, error) {
	var marked []string
	if err := inVain.Scan(ctx, tx, []any{id}, &marked); err != nil {
		return false, fmt.Errorf("marking a delivery: %w", err)
	}
	return len(marked) > 0, nil
}

var inVain = pg.Prepared(`UPDATE deliveries SET in_vain = true WHERE id = $1 AND NOT in_vain RETURNING id::text`)

// Hasten makes the next contact by which a notice reaches somebody due now. What falls due before soon is left alone: it comes by
// itself, or is under way. Contacts whose destination does not answer are marked as in vain, and passed over.
func Hasten(ctx context.Context, tx bun.IDB, outbox int64, person string, now, soon time.Time) error {
	for {
		var rows []struct {
			ID     string `bun:"id"`
			InVain bool   `bun:"in_vain"`
		}
		if err := hasten.Scan(ctx, tx, []any{outbox, person, now, soon}, &rows); err != nil {
			return fmt.Errorf("going on to the next contact of %s: %w", person, err)
		}
		if len(rows) == 0 || !rows[0].InVain {
			return nil
		}
	}
}

var hasten = pg.Prepared(`WITH next AS (SELECT v.id FROM deliveries v
		WHERE v.outbox = $1 AND v.person = $2 AND v.state = 'pending' AND NOT v.in_vain ORDER BY v.next_at, v.position LIMIT 1)
	UPDATE deliveries v SET next_at = CASE WHEN v.next_at > $4 AND v.attempts = 0 THEN $3 ELSE v.next_at END,
		in_vain = EXISTS (SELECT FROM circuits c WHERE c.destination = v.destination AND c.open_until > CASE WHEN c.failures > 0 THEN $3 ELSE $4 END)
	FROM next WHERE v.id = next.id RETURNING v.id, v.in_vain`)

// Unreached finds the step of an escalation that a notice belongs to, if every delivery of it was in vain. A step of which nothing
// was to be delivered stands on the bells of its people, and has not been in vain.
func Unreached(ctx context.Context, tx bun.IDB, outbox int64) (PageStep, bool, error) {
	var found []PageStep
	if err := unreached.Scan(ctx, tx, []any{outbox}, &found); err != nil {
		return PageStep{}, false, fmt.Errorf("asking whether anybody was reached: %w", err)
	}
	if len(found) == 0 {
		return PageStep{}, false, nil
	}
	return found[0], true, nil
}

var unreached = pg.Prepared(`SELECT f.guard_id AS escalation, coalesce((f.data ->> 'run')::int, 0) AS run, (f.data ->> 'round')::int AS round, (f.data ->> 'step')::int AS step
	FROM outbox f WHERE f.position = $1 AND f.guard_kind = 'escalation_calling' AND f.kind = 'escalation.page' AND f.data ->> 'exhausted' IS NULL
		AND EXISTS (SELECT FROM deliveries v WHERE v.outbox = f.position AND v.in_vain)
		AND NOT EXISTS (SELECT FROM outbox o LEFT JOIN deliveries v ON v.outbox = o.position WHERE ` + ofStep + `
			AND (o.dispatched_at IS NULL OR v.state = 'sent' OR v.state = 'pending' AND NOT v.in_vain))`)

// PendingPages lists the pages that wait at a destination until a moment or less and are not known to be in vain.
func PendingPages(ctx context.Context, db bun.IDB, destination string, until time.Time) ([]DeliveryRow, error) {
	var rows []DeliveryRow
	if err := pendingPages.Scan(ctx, db, []any{destination, until}, &rows); err != nil {
		return nil, fmt.Errorf("listing the pages that wait at %s: %w", destination, err)
	}
	return rows, nil
}

var pendingPages = pg.Prepared(`SELECT ` + deliveryColumns + ` FROM deliveries v WHERE v.destination = $1 AND v.lane = 'page' AND v.state = 'pending'
	AND v.next_at <= $2 AND NOT v.in_vain ORDER BY v.outbox, v.position`)
