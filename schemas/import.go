package schemas

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// ImportedIncident is an incident with all that is written of it at once.
type ImportedIncident struct {
	incident.Incident
	Events    []domain.Event
	Deadlines []domain.Deadline
}

// Occupied is a record that has one of the ids or numbers asked for.
type Occupied struct {
	ID     string `bun:"id"`
	Number string `bun:"number"`
	Waits  bool   `bun:"waits"` // something can still fall due, or people can still act
}

// FindOccupied finds the records that have one of the ids or numbers.
func FindOccupied(ctx context.Context, db bun.IDB, ids, numbers []string) ([]Occupied, error) {
	var found []Occupied
	err := db.NewRaw(`SELECT id::text AS id, number, active OR wake_at IS NOT NULL AS waits FROM records
		WHERE id = ANY (?::uuid[]) OR number = ANY (?::text[])`, pgdialect.Array(ids), pgdialect.Array(numbers)).Scan(ctx, &found)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("looking for records imported before: %w", err)
	}
	return found, nil
}

// InsertIncidents writes many new incidents with their words, deadlines and timelines, table by table.
func InsertIncidents(ctx context.Context, db bun.IDB, imported []ImportedIncident, now time.Time) error {
	if len(imported) == 0 {
		return nil
	}
	heads, own := make([]RecordRow, len(imported)), make([]IncidentRow, len(imported))
	words, waits, lives := []map[string]any{}, []map[string]any{}, []map[string]any{}
	for i, one := range imported {
		heads[i] = RecordRow{Record: one.Record}
		own[i] = IncidentRow{ID: one.ID, Details: one.Details}
		words = append(words, map[string]any{
			"id": one.ID, "practice": one.Practice, "first": one.Number + " " + one.Title, "second": one.Description,
		})
		for _, deadline := range one.Deadlines {
			waits = append(waits, map[string]any{
				"id": one.ID, "name": deadline.Name, "due_at": deadline.DueAt, "command": deadline.Command, "outcome": deadline.Then, "since": now,
			})
		}
		lives = append(lives, map[string]any{"id": one.ID, "events": linesOf(one.Events, now)})
	}
	if _, err := db.NewInsert().Model(&heads).Exec(ctx); err != nil {
		return fmt.Errorf("importing records: %w", err)
	}
	if _, err := db.NewInsert().Model(&own).Exec(ctx); err != nil {
		return fmt.Errorf("importing incidents: %w", err)
	}
	for _, write := range []struct {
		what string
		rows []map[string]any
		sql  string
	}{
		{"words", words, `INSERT INTO record_words (record_id, practice, words)
			SELECT id, practice, setweight(to_tsvector('english', "first"), 'A') || setweight(to_tsvector('english', second), 'B')
			FROM json_to_recordset(?::json) AS w (id uuid, practice text, "first" text, second text)`},
		{"deadlines", waits, `INSERT INTO deadlines (record_id, name, due_at, command, outcome, since)
			SELECT id, name, due_at, command, outcome, since FROM json_to_recordset(?::json)
			AS w (id uuid, name text, due_at timestamptz, command text, outcome text, since timestamptz)`},
		{"timelines", lives, `SELECT count(append_timeline(id, events)) FROM json_to_recordset(?::json) AS w (id uuid, events json)`},
	} {
		if len(write.rows) == 0 {
			continue
		}
		text, err := json.Marshal(write.rows)
		if err != nil {
			return fmt.Errorf("encoding %s to import: %w", write.what, err)
		}
		if _, err := db.NewRaw(write.sql, string(text)).Exec(ctx); err != nil {
			return fmt.Errorf("importing %s: %w", write.what, err)
		}
	}
	return nil
}

// AddPeople writes people whose handles are free, and answers how many; who is known stays as they are.
func AddPeople(ctx context.Context, db bun.IDB, rows []PersonRow) (int, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	result, err := db.NewInsert().Model(&rows).On("CONFLICT (handle) DO NOTHING").Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("writing people: %w", err)
	}
	added, err := result.RowsAffected()
	return int(added), err
}

// linesOf are events as append_timeline takes them.
func linesOf(events []domain.Event, now time.Time) []line {
	lines := make([]line, len(events))
	for i, event := range events {
		lines[i] = line{
			Type: event.Type, At: domain.Millisecond(event.At), RecordedAt: now, ActorKind: string(event.Actor.Kind),
			ActorName: event.Actor.Name, Reason: event.Reason, Public: event.Public, Data: event.Data, Personal: event.Personal,
		}
	}
	return lines
}
