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

// ClaimCommand writes down that a command is being decided. It waits for a twin in flight and answers false when the command had been
// decided before. In the same round trip it answers the newest versions of all AutomationRules, by name.
func ClaimCommand(ctx context.Context, db bun.IDB, command domain.Command, now time.Time) (bool, map[string]int, error) {
	var claimed []struct {
		Rules map[string]int `bun:"rules,type:json"`
	}
	arguments := []any{command.ID, command.Record, command.Name, command.Digest, command.Actor.Name, now}
	if err := claimCommand.Scan(ctx, db, arguments, &claimed); err != nil {
		return false, nil, fmt.Errorf("claiming command %s: %w", command.ID, err)
	}
	if len(claimed) == 0 {
		return false, nil, nil
	}
	return true, claimed[0].Rules, nil
}

var claimCommand = pg.Prepared(`INSERT INTO commands (id, record_id, name, digest, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO NOTHING RETURNING ` + newestRules + ` AS rules`)

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

// Fate is what became of a command id: decided, with an outcome; waiting in the queue; or, the zero Fate, unheard of.
type Fate struct {
	Digest  string          `bun:"digest"`
	Outcome json.RawMessage `bun:"outcome,type:json,nullzero"`
	Waits   bool            `bun:"waits"`
}

// ReadFate looks for a command among those decided and those that wait, in one statement.
func ReadFate(ctx context.Context, db bun.IDB, id string) (Fate, error) {
	fates := make([]Fate, 0, 1)
	if err := readFate.Scan(ctx, db, []any{id}, &fates); err != nil {
		return Fate{}, fmt.Errorf("looking for command %s: %w", id, err)
	}
	return fates[0], nil // it answers one row, whatever is there
}

var readFate = pg.Prepared(`SELECT coalesce(c.digest, m.command ->> 'digest', '') AS digest, c.outcome, c.outcome IS NULL AND m.id IS NOT NULL AS waits
	FROM (SELECT $1::text AS id) AS asked LEFT JOIN commands c ON c.id = asked.id AND c.outcome IS NOT NULL
	LEFT JOIN messages m ON m.id = asked.id AND m.state = 'pending'`)

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
	text, err := encodeEvents(events, now)
	if err != nil {
		return 0, err
	}
	var last int64
	if err := db.NewRaw(`SELECT append_timeline(?, ?::json)`, record, text).Scan(ctx, &last); err != nil {
		return 0, fmt.Errorf("appending to the timeline: %w", err)
	}
	return last, nil
}

func encodeEvents(events []domain.Event, now time.Time) (string, error) {
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
		return "", fmt.Errorf("encoding events: %w", err)
	}
	return string(text), nil
}

// OutboxRow is something to tell the outside.
type OutboxRow struct {
	bun.BaseModel `bun:"table:outbox,alias:o"`
	Position      int64           `bun:"position,scanonly"`
	RecordID      string          `bun:"record_id,type:uuid"`
	Kind          string          `bun:"kind"`
	Recipients    []string        `bun:"recipients,type:jsonb"`
	Data          json.RawMessage `bun:"data,type:json"`
	DueAt         *time.Time      `bun:"due_at"`
	CreatedAt     time.Time       `bun:"created_at"`
}
