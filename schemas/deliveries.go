package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// DeliveryState says what became of a delivery.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending DeliveryState = "pending"
	DeliverySent    DeliveryState = "sent"
	DeliveryFailed  DeliveryState = "failed"  // the receiver refuses it for good
	DeliveryDead    DeliveryState = "dead"    // given up after it was tried for long
	DeliveryDropped DeliveryState = "dropped" // its guard no longer held
)

// DeliveryRow is one thing to send to one receiver.
type DeliveryRow struct {
	bun.BaseModel `bun:"table:deliveries,alias:v"`
	ID            string         `bun:"id,pk,type:uuid"`
	Position      int64          `bun:"position,scanonly"`
	Outbox        int64          `bun:"outbox"`
	Destination   string         `bun:"destination"`
	Channel       domain.Channel `bun:"channel"`
	Lane          domain.Lane    `bun:"lane"`
	Person        string         `bun:"person"`
	Address       string         `bun:"address"`
	Line          string         `bun:"line"`
	RecordID      string         `bun:"record_id,type:uuid,nullzero"`
	Service       string         `bun:"service"`
	Kind          string         `bun:"kind"`
	GuardKind     string         `bun:"guard_kind"`
	GuardID       string         `bun:"guard_id"`
	State         DeliveryState  `bun:"state"`
	Attempts      int            `bun:"attempts"`
	NextAt        time.Time      `bun:"next_at"`
	DeadAt        time.Time      `bun:"dead_at"`
	Fault         string         `bun:"fault"`
	HeldBack      bool           `bun:"held_back"`
	// InVain: it is a page that does not reach its receiver, who is tried otherwise meanwhile.
	InVain    bool       `bun:"in_vain"`
	Bundle    string     `bun:"bundle,type:uuid,nullzero"`
	CreatedAt time.Time  `bun:"created_at"`
	SettledAt *time.Time `bun:"settled_at"`
}

const deliveryColumns = `v.id, v.position, v.outbox, v.destination, v.channel, v.lane, v.person, v.address, v.line, coalesce(v.record_id::text, '') AS record_id,
	v.service, v.kind, v.guard_kind, v.guard_id, v.state, v.attempts, v.next_at, v.dead_at, v.fault, v.held_back, v.in_vain, coalesce(v.bundle::text, '') AS bundle,
	v.created_at, v.settled_at`

// headOfLine: nothing of its line waits before it.
const headOfLine = `NOT EXISTS (SELECT FROM deliveries o WHERE o.destination = v.destination AND o.lane = v.lane AND o.line = v.line
	AND o.state = 'pending' AND o.position < v.position)`

// ClaimDelivery takes the delivery that has been due longest and holds it until a moment. False: none is due.
func ClaimDelivery(ctx context.Context, db bun.IDB, destination string, lane domain.Lane, now, until time.Time) (DeliveryRow, bool, error) {
	var rows []DeliveryRow
	if err := claimDelivery.Scan(ctx, db, []any{destination, lane, now, until}, &rows); err != nil {
		return DeliveryRow{}, false, fmt.Errorf("taking a delivery to %s: %w", destination, err)
	}
	if len(rows) == 0 {
		return DeliveryRow{}, false, nil
	}
	return rows[0], true, nil
}

var claimDelivery = pg.Prepared(`UPDATE deliveries v SET next_at = $4 FROM (SELECT v.id FROM deliveries v
		WHERE v.destination = $1 AND v.lane = $2 AND v.state = 'pending' AND v.next_at <= $3 AND ` + headOfLine + `
		ORDER BY v.next_at, v.position LIMIT 1 FOR UPDATE SKIP LOCKED) due WHERE v.id = due.id RETURNING ` + deliveryColumns)

// ClaimBeside takes what else is due for the same receiver and service, the oldest first, to leave as one message with it.
func ClaimBeside(ctx context.Context, db bun.IDB, first DeliveryRow, now, until time.Time, limit int) ([]DeliveryRow, error) {
	var rows []DeliveryRow
	args := []any{first.Destination, first.Lane, first.Channel, first.Address, first.Service, now, until, limit, first.ID}
	if err := claimBeside.Scan(ctx, db, args, &rows); err != nil {
		return nil, fmt.Errorf("taking what goes with a delivery: %w", err)
	}
	return rows, nil
}

// Those that nothing of their line waits before, but for what is taken with them, would need a walk along the line; what is due
// is taken in the order of its positions, so a line is cut off at its end, never in the middle.
var claimBeside = pg.Prepared(`WITH taken AS (UPDATE deliveries v SET next_at = $7 FROM (SELECT v.id FROM deliveries v
		WHERE v.destination = $1 AND v.lane = $2 AND v.channel = $3 AND v.address = $4 AND v.service = $5 AND v.state = 'pending' AND v.next_at <= $6
			AND v.record_id IS NOT NULL AND v.id <> $9
			AND NOT EXISTS (SELECT FROM deliveries o WHERE o.destination = v.destination AND o.lane = v.lane AND o.line = v.line
				AND o.state = 'pending' AND o.position < v.position AND o.next_at > $6 AND o.id <> $9)
		ORDER BY v.position LIMIT $8 FOR UPDATE SKIP LOCKED) due WHERE v.id = due.id RETURNING ` + deliveryColumns + `)
	SELECT * FROM taken ORDER BY position`)

// NextDelivery tells when the next delivery is due; false: none waits.
func NextDelivery(ctx context.Context, db bun.IDB, destination string, lane domain.Lane) (time.Time, bool, error) {
	var next []*time.Time
	if err := nextDelivery.Scan(ctx, db, []any{destination, lane}, &next); err != nil {
		return time.Time{}, false, fmt.Errorf("finding what is due next at %s: %w", destination, err)
	}
	if len(next) == 0 || next[0] == nil {
		return time.Time{}, false, nil
	}
	return *next[0], true, nil
}

var nextDelivery = pg.Prepared(`SELECT v.next_at FROM deliveries v WHERE v.destination = $1 AND v.lane = $2 AND v.state = 'pending' AND ` + headOfLine + `
	ORDER BY v.next_at LIMIT 1`)

// SettleDeliveries writes what became of deliveries that left as one message, or did not.
func SettleDeliveries(ctx context.Context, db bun.IDB, ids []string, state DeliveryState, fault string, now time.Time) error {
	bundle := any(nil)
	if len(ids) > 1 {
		bundle = ids[0]
	}
	_, err := settleDeliveries.Exec(ctx, db, []any{ids, state, fault, bundle, now})
	if err != nil {
		return fmt.Errorf("settling deliveries: %w", err)
	}
	return nil
}

var settleDeliveries = pg.Prepared(`UPDATE deliveries SET state = $2, fault = $3, bundle = $4::uuid, settled_at = $5, held_back = false,
	attempts = attempts + CASE WHEN $2 IN ('sent','failed') THEN 1 ELSE 0 END WHERE id = ANY ($1::uuid[]) AND state = 'pending'`)

// Postponement is when a delivery comes again, and why.
type Postponement struct {
	Next  time.Time
	Fault string
	// Attempt counts it as one.
	Attempt bool
	// HeldBack: the destination does not answer.
	HeldBack bool
}

// PostponeDeliveries puts deliveries off, and what stands in line behind them.
func PostponeDeliveries(ctx context.Context, db bun.IDB, rows []DeliveryRow, why Postponement) error {
	ids, lines := make([]string, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		ids[i], lines[i] = row.ID, row.Line
	}
	args := []any{ids, why.Next, why.Fault, why.Attempt, why.HeldBack, rows[0].Destination, rows[0].Lane, lines}
	if _, err := postponeDeliveries.Exec(ctx, db, args); err != nil {
		return fmt.Errorf("putting deliveries off: %w", err)
	}
	return nil
}

var postponeDeliveries = pg.Prepared(`WITH these AS (UPDATE deliveries SET next_at = $2, fault = $3, attempts = attempts + CASE WHEN $4 THEN 1 ELSE 0 END,
		held_back = $5 WHERE id = ANY ($1::uuid[]) AND state = 'pending')
	UPDATE deliveries SET next_at = $2, held_back = $5 WHERE destination = $6 AND lane = $7 AND line = ANY ($8::text[]) AND state = 'pending'
		AND next_at < $2 AND id <> ALL ($1::uuid[])`)

// SentRecently lists when messages left for a receiver since a moment, the newest first; those of a bundle are one.
func SentRecently(ctx context.Context, db bun.IDB, row DeliveryRow, since time.Time) ([]time.Time, error) {
	var sent []time.Time
	if err := sentRecently.Scan(ctx, db, []any{row.Destination, row.Channel, row.Address, since}, &sent); err != nil {
		return nil, fmt.Errorf("reading what was sent: %w", err)
	}
	return sent, nil
}

var sentRecently = pg.Prepared(`SELECT max(settled_at) AS at FROM deliveries WHERE destination = $1 AND channel = $2 AND address = $3 AND state = 'sent'
	AND address <> '' AND record_id IS NOT NULL AND settled_at > $4 GROUP BY coalesce(bundle, id) ORDER BY at DESC LIMIT 100`)

// DueDestinations lists the destinations at which something has been due since a moment, but for those that are not tried now.
func DueDestinations(ctx context.Context, db bun.IDB, before, now time.Time) ([]string, error) {
	var names []string
	err := db.NewRaw(`SELECT d.name FROM destinations d LEFT JOIN circuits c ON c.destination = d.name
		WHERE d.active AND coalesce(c.configured, true) AND (c.open_until IS NULL OR c.open_until <= ?1)
			AND EXISTS (SELECT FROM deliveries v WHERE v.destination = d.name AND v.state = 'pending' AND v.lane IN ('page','notice') AND v.next_at <= ?0)`,
		before, now).Scan(ctx, &names)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing destinations: %w", err)
	}
	return names, nil
}

// ForgetDeliveries removes what was sent or dropped, what the bell showed, and where messages stand, before a moment. What failed stays.
func ForgetDeliveries(ctx context.Context, db bun.IDB, before time.Time) error {
	for _, statement := range []string{
		`DELETE FROM deliveries WHERE state IN ('sent','dropped') AND settled_at < ?`, `DELETE FROM bell WHERE created_at < ?`,
		`DELETE FROM threads WHERE made_at < ?`,
	} {
		if _, err := db.NewRaw(statement, before).Exec(ctx); err != nil {
			return fmt.Errorf("forgetting deliveries: %w", err)
		}
	}
	return nil
}

// ReplayDelivery lets a delivery that was given up try again, as the application's role. It answers its destination; "": there is
// none that was given up.
func ReplayDelivery(ctx context.Context, db bun.IDB, id string, now time.Time) (string, error) {
	var destination *string
	if err := db.NewRaw(`SELECT replay_delivery(?, ?)`, id, now).Scan(ctx, &destination); err != nil {
		return "", fmt.Errorf("replaying delivery %s: %w", id, err)
	}
	if destination == nil {
		return "", nil
	}
	return *destination, nil
}

// DeliveryQuery narrows a list of deliveries.
type DeliveryQuery struct {
	States      []DeliveryState
	Destination string
	Person      string
	Record      string // an id
	Before      int64  // a position; 0: from the newest
	Limit       int
}

// FoundDelivery is a delivery with its record's number.
type FoundDelivery struct {
	DeliveryRow
	Number string `bun:"number"`
}

// ListDeliveries lists deliveries, the newest first.
func ListDeliveries(ctx context.Context, db bun.IDB, query DeliveryQuery) ([]FoundDelivery, error) {
	var rows []FoundDelivery
	q := db.NewSelect().TableExpr("deliveries AS v").ColumnExpr(deliveryColumns).ColumnExpr("coalesce(r.number, '') AS number").
		Join("LEFT JOIN records AS r ON r.id = v.record_id").OrderExpr("v.position DESC").Limit(int64(query.Limit))
	if len(query.States) > 0 {
		q = q.Where("v.state IN (?)", bun.List(query.States))
	}
	if query.Destination != "" {
		q = q.Where("v.destination = ?", query.Destination)
	}
	if query.Person != "" {
		q = q.Where("v.person = ?", query.Person)
	}
	if query.Record != "" {
		q = q.Where("v.record_id = ?", query.Record)
	}
	if query.Before > 0 {
		q = q.Where("v.position < ?", query.Before)
	}
	if err := q.Scan(ctx, &rows); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing deliveries: %w", err)
	}
	return rows, nil
}

// SentTo counts the deliveries of a kind that somebody had since a moment.
func SentTo(ctx context.Context, db bun.IDB, person, kind string, since time.Time) (int, error) {
	var count int
	err := db.NewRaw(`SELECT count(DISTINCT outbox) FROM deliveries WHERE person = ? AND kind = ? AND created_at > ?`, person, kind, since).Scan(ctx, &count)
	if err != nil {
		return 0, fmt.Errorf("counting deliveries: %w", err)
	}
	return count, nil
}

// RecordID finds a record by its number.
func RecordID(ctx context.Context, db bun.IDB, number string) (string, bool, error) {
	var id string
	err := db.NewRaw(`SELECT id FROM records WHERE number = ?`, number).Scan(ctx, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("finding record %s: %w", number, err)
	}
	return id, true, nil
}
