package schemas

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// MessageState says what became of a message.
type MessageState string

// The states of a message.
const (
	MessagePending   MessageState = "pending"
	MessageDelivered MessageState = "delivered"
	MessageRefused   MessageState = "refused"
	MessageDropped   MessageState = "dropped" // its target had ended
	MessageFailed    MessageState = "failed"  // a fault of ours stopped it again and again
)

// MessageRow is a command that waits to be delivered, or was.
type MessageRow struct {
	bun.BaseModel `bun:"table:messages,alias:m"`
	ID            string              `bun:"id,pk"`
	Position      int64               `bun:"position,scanonly"`
	Practice      domain.Practice     `bun:"practice"`
	RecordID      string              `bun:"record_id,type:uuid"`
	Command       json.RawMessage     `bun:"command,type:json"`
	OnClosed      domain.ClosedTarget `bun:"on_closed"`
	SourceID      string              `bun:"source_id,type:uuid,nullzero"`
	State         MessageState        `bun:"state"`
	Attempts      int                 `bun:"attempts"`
	Faults        int                 `bun:"faults"`
	NextAt        time.Time           `bun:"next_at"`
	Fault         string              `bun:"fault"`
	Outcome       json.RawMessage     `bun:"outcome,type:json,nullzero"`
	ReceivedAt    time.Time           `bun:"received_at"`
	SettledAt     *time.Time          `bun:"settled_at"`
}

// Posted says what PostCommand did.
type Posted string

// What can come of posting a command.
const (
	PostedNow       Posted = "posted"    // it waits, from now on or since before
	PostedDelivered Posted = "delivered" // it was decided before
	PostedOther     Posted = "other"     // its id is taken by another body
)

// PostCommand queues a command for a record, as the application's role.
func PostCommand(ctx context.Context, db bun.IDB, command domain.Command, text []byte, closed domain.ClosedTarget, now time.Time) (Posted, error) {
	var posted Posted
	if err := postMessage.Scan(ctx, db, []any{command.ID, command.Practice, command.Record, string(text), closed, now}, &posted); err != nil {
		return "", fmt.Errorf("queueing command %s: %w", command.ID, err)
	}
	return posted, nil
}

var postMessage = pg.Prepared(`SELECT post_message($1, $2, $3, $4::json, $5, $6)`)

// ReadMessage reads one message. It answers false when there is none.
func ReadMessage(ctx context.Context, db bun.IDB, id string) (MessageRow, bool, error) {
	var row MessageRow
	err := db.NewRaw(`SELECT * FROM messages WHERE id = ?`, id).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading message %s: %w", id, err)
	}
	return row, true, nil
}

// MessagesBefore reads the undelivered messages of a record that were committed before a moment, in order.
func MessagesBefore(ctx context.Context, db bun.IDB, record string, moment time.Time) ([]MessageRow, error) {
	var rows []MessageRow
	err := db.NewRaw(`SELECT * FROM messages WHERE record_id = ? AND state = 'pending' AND received_at < ? ORDER BY position`,
		record, moment).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading messages of %s: %w", record, err)
	}
	return rows, nil
}

// ClaimMessages takes messages that are due, each the oldest that waits for its record, and holds them until a moment:
// meanwhile nobody else is given them, nor what waits behind them. With record only that record's is taken.
func ClaimMessages(ctx context.Context, db bun.IDB, record string, now, until time.Time, limit int) ([]MessageRow, error) {
	due := db.NewSelect().TableExpr("messages AS m").Column("m.id").Where("m.state = 'pending' AND m.next_at <= ?", now).
		Where(`NOT EXISTS (SELECT FROM messages o WHERE o.record_id = m.record_id AND o.state = 'pending' AND o.position < m.position)`).
		OrderExpr("m.next_at, m.position").Limit(int64(limit)).For("UPDATE OF m SKIP LOCKED")
	if record != "" {
		due = due.Where("m.record_id = ?", record)
	}
	var rows []MessageRow
	err := db.NewRaw(`UPDATE messages SET next_at = ? WHERE id IN (?) RETURNING *`, until, due).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("taking messages to deliver: %w", err)
	}
	return rows, nil
}

// SettleMessage writes what became of a message; a nil outcome leaves none. Lines are what the audit keeps of it (Forbidden): of several
// who settle it, the first one's.
func SettleMessage(ctx context.Context, db bun.IDB, id string, state MessageState, outcome *domain.Result, now time.Time, lines ...AuditRow) error {
	var text any
	if outcome != nil {
		encoded, err := json.Marshal(outcome)
		if err != nil {
			return fmt.Errorf("encoding the outcome of message %s: %w", id, err)
		}
		text = string(encoded)
	}
	const settle = `UPDATE messages SET state = ?, outcome = ?::json, settled_at = ?, fault = CASE WHEN ? = 'failed' THEN fault ELSE '' END
		WHERE id = ? AND state = 'pending'`
	query, arguments := settle, []any{state, text, now, state, id}
	if len(lines) > 0 {
		audited, err := json.Marshal(lines)
		if err != nil {
			return fmt.Errorf("encoding lines of the audit: %w", err)
		}
		query, arguments = `WITH settled AS (`+settle+` RETURNING id) SELECT audit_forbidden(?::json) FROM settled`, append(arguments, string(audited))
	}
	if _, err := db.NewRaw(query, arguments...).Exec(ctx); err != nil {
		return fmt.Errorf("settling message %s: %w", id, err)
	}
	return nil
}

// PostponeMessage notes a delivery that came to nothing, whether a fault of ours was to blame, and when to try again.
func PostponeMessage(ctx context.Context, db bun.IDB, id, why string, fault bool, next time.Time) error {
	_, err := db.NewRaw(`UPDATE messages SET attempts = attempts + 1, faults = faults + ?, fault = ?, next_at = ? WHERE id = ? AND state = 'pending'`,
		map[bool]int{true: 1}[fault], why, next, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("postponing message %s: %w", id, err)
	}
	return nil
}

// OpeningGivenUp reports whether a message that stood before a position and was to open a record has been given up.
func OpeningGivenUp(ctx context.Context, db bun.IDB, record string, before int64) (bool, error) {
	var given bool
	err := db.NewRaw(`SELECT EXISTS (SELECT FROM messages WHERE record_id = ? AND state = 'failed' AND position < ?
		AND split_part(command ->> 'name', '.', 2) IN ('open','log'))`, record, before).Scan(ctx, &given)
	if err != nil {
		return false, fmt.Errorf("asking whether the opening of %s was given up: %w", record, err)
	}
	return given, nil
}

// RequeueFailed puts every message that was given up back into the queue, where it stood, and answers how many there were. What
// waited behind one of them is due with it.
func RequeueFailed(ctx context.Context, db bun.IDB, now time.Time) (int, error) {
	result, err := db.NewRaw(`WITH again AS (UPDATE messages SET state = 'pending', attempts = 0, faults = 0, settled_at = NULL, next_at = ?0
			WHERE state = 'failed' RETURNING record_id),
		behind AS (UPDATE messages SET next_at = ?0 WHERE state = 'pending' AND next_at > ?0 AND record_id IN (SELECT record_id FROM again))
		SELECT FROM again`, now).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("queueing failed messages anew: %w", err)
	}
	rows, err := result.RowsAffected()
	return int(rows), err
}

// LeaveMessage queues a command for a record, once under its id.
func LeaveMessage(ctx context.Context, tx bun.IDB, row MessageRow) error {
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("leaving a message: %w", err)
	}
	return nil
}
