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
)

// CommandRow is what became of a command.
type CommandRow struct {
	bun.BaseModel `bun:"table:commands,alias:c"`
	ID            string          `bun:"id,pk" json:"command_id"`
	RecordID      string          `bun:"record_id,type:uuid,nullzero" json:"record,omitempty"`
	Name          string          `bun:"name" json:"command"`
	Digest        string          `bun:"digest" json:"-"`
	Actor         string          `bun:"actor" json:"actor"`
	Outcome       json.RawMessage `bun:"outcome,type:json,nullzero" json:"outcome,omitempty"`
	CreatedAt     time.Time       `bun:"created_at" json:"created_at"`
}

// ClaimCommand writes down that a command is being decided. It waits for a twin in flight and answers false when the
// command had been decided before.
func ClaimCommand(ctx context.Context, db bun.IDB, command domain.Command, now time.Time) (bool, error) {
	result, err := db.NewRaw(`INSERT INTO commands (id, record_id, name, digest, actor, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, command.ID, command.Record, command.Name, command.Digest, command.Actor.Name, now).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("claiming command %s: %w", command.ID, err)
	}
	rows, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("claiming command %s: %w", command.ID, err)
	}
	return rows == 1, nil
}

// SettleCommand writes a command's outcome; a nil outcome forgets the claim, because refusals are not remembered.
func SettleCommand(ctx context.Context, db bun.IDB, id string, outcome *domain.Result) error {
	if outcome == nil {
		if _, err := db.NewRaw(`DELETE FROM commands WHERE id = ?`, id).Exec(ctx); err != nil {
			return fmt.Errorf("forgetting command %s: %w", id, err)
		}
		return nil
	}
	text, err := json.Marshal(outcome)
	if err != nil {
		return fmt.Errorf("encoding the outcome of command %s: %w", id, err)
	}
	if _, err := db.NewRaw(`UPDATE commands SET outcome = ? WHERE id = ?`, string(text), id).Exec(ctx); err != nil {
		return fmt.Errorf("settling command %s: %w", id, err)
	}
	return nil
}

// ReadCommand reads what became of a command. It answers false when it is not known.
func ReadCommand(ctx context.Context, db bun.IDB, id string) (CommandRow, bool, error) {
	var row CommandRow
	err := db.NewRaw(`SELECT * FROM commands WHERE id = ?`, id).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading command %s: %w", id, err)
	}
	return row, true, nil
}

// line is an event as append_timeline takes it.
type line struct {
	Type       string         `json:"type"`
	At         time.Time      `json:"at"`
	RecordedAt time.Time      `json:"recorded_at"`
	ActorKind  string         `json:"actor_kind"`
	ActorName  string         `json:"actor_name"`
	Reason     string         `json:"reason,omitempty"`
	Public     bool           `json:"public"`
	DueAt      *time.Time     `json:"due_at,omitempty"`
	LatenessMS *int64         `json:"lateness_ms,omitempty"`
	Data       map[string]any `json:"data,omitempty"`
	Personal   map[string]any `json:"personal,omitempty"`
}

// AppendTimeline puts events at the end of a record's timeline and answers the number of the last one. It takes the
// record's head lock.
func AppendTimeline(ctx context.Context, db bun.IDB, record string, events []domain.Event, now time.Time) (int64, error) {
	lines := make([]line, len(events))
	for i, event := range events {
		lines[i] = line{
			Type: event.Type, At: domain.Millisecond(event.At), RecordedAt: now, ActorKind: string(event.Actor.Kind),
			ActorName: event.Actor.Name, Reason: event.Reason, Public: event.Public, DueAt: event.DueAt, LatenessMS: event.LatenessMS,
			Data: event.Data, Personal: event.Personal,
		}
	}
	text, err := json.Marshal(lines)
	if err != nil {
		return 0, fmt.Errorf("encoding events: %w", err)
	}
	var last int64
	if err := db.NewRaw(`SELECT append_timeline(?, ?::json)`, record, string(text)).Scan(ctx, &last); err != nil {
		return 0, fmt.Errorf("appending to the timeline: %w", err)
	}
	return last, nil
}

// MessageRow is a command that waits to be delivered, or was.
type MessageRow struct {
	bun.BaseModel `bun:"table:messages,alias:m"`
	ID            string              `bun:"id,pk" json:"command_id"`
	Position      int64               `bun:"position,scanonly" json:"position"`
	Practice      domain.Practice     `bun:"practice" json:"practice"`
	RecordID      string              `bun:"record_id,type:uuid" json:"record"`
	Command       json.RawMessage     `bun:"command,type:json" json:"-"`
	OnClosed      domain.ClosedTarget `bun:"on_closed" json:"on_closed"`
	SourceID      string              `bun:"source_id,type:uuid,nullzero" json:"source,omitempty"`
	State         string              `bun:"state" json:"state"`
	Attempts      int                 `bun:"attempts" json:"attempts"`
	NextAt        time.Time           `bun:"next_at" json:"next_at"`
	Fault         string              `bun:"fault" json:"fault,omitempty"`
	Outcome       json.RawMessage     `bun:"outcome,type:json,nullzero" json:"outcome,omitempty"`
	ReceivedAt    time.Time           `bun:"received_at" json:"received_at"`
	SettledAt     *time.Time          `bun:"settled_at" json:"settled_at,omitempty"`
}

// PostMessages writes messages to other records as rows of the deciding transaction.
func PostMessages(ctx context.Context, db bun.IDB, rows []MessageRow) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := db.NewInsert().Model(&rows).On("CONFLICT (id) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("posting messages: %w", err)
	}
	return nil
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

// SettleMessage writes what became of a message: delivered, refused or dropped.
func SettleMessage(ctx context.Context, db bun.IDB, id, state string, outcome *domain.Result, now time.Time) error {
	text, err := json.Marshal(outcome)
	if err != nil {
		return fmt.Errorf("encoding the outcome of message %s: %w", id, err)
	}
	_, err = db.NewRaw(`UPDATE messages SET state = ?, outcome = ?, settled_at = ?, fault = '' WHERE id = ? AND state = 'pending'`,
		state, string(text), now, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("settling message %s: %w", id, err)
	}
	return nil
}

// OutboxRow is something to tell the outside.
type OutboxRow struct {
	bun.BaseModel `bun:"table:outbox,alias:o"`
	Position      int64           `bun:"position,scanonly"`
	RecordID      string          `bun:"record_id,type:uuid"`
	Kind          string          `bun:"kind"`
	Recipients    []string        `bun:"recipients,array"`
	Data          json.RawMessage `bun:"data,type:json"`
	DueAt         *time.Time      `bun:"due_at"`
	CreatedAt     time.Time       `bun:"created_at"`
}

// PutOutbox writes notices as rows of the deciding transaction.
func PutOutbox(ctx context.Context, db bun.IDB, record string, notices []domain.Notice, now time.Time) error {
	if len(notices) == 0 {
		return nil
	}
	rows := make([]OutboxRow, len(notices))
	for i, notice := range notices {
		data, err := json.Marshal(notice.Data)
		if err != nil {
			return fmt.Errorf("encoding a notice: %w", err)
		}
		rows[i] = OutboxRow{RecordID: record, Kind: notice.Kind, Recipients: notice.To, Data: data, CreatedAt: now}
	}
	if _, err := db.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("writing the outbox: %w", err)
	}
	return nil
}

// SaveLinks ties and unties records.
func SaveLinks(ctx context.Context, db bun.IDB, from string, links, unlinks []domain.Link, now time.Time) error {
	for _, link := range links {
		_, err := db.NewRaw(`INSERT INTO links (from_id, type, to_id, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			from, link.Type, link.To, now).Exec(ctx)
		if err != nil {
			return fmt.Errorf("linking: %w", err)
		}
	}
	for _, link := range unlinks {
		if _, err := db.NewRaw(`DELETE FROM links WHERE from_id = ? AND type = ? AND to_id = ?`, from, link.Type, link.To).Exec(ctx); err != nil {
			return fmt.Errorf("unlinking: %w", err)
		}
	}
	return nil
}
