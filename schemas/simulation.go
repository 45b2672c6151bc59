package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ReadLives reads the events of some types of many records, by record, each in its order. Whoever asks has been found to be allowed
// to read the records.
func ReadLives(ctx context.Context, db bun.IDB, records, types []string) (map[string][]simulation.Line, error) {
	var rows []struct {
		Record string          `bun:"record"`
		Type   string          `bun:"type"`
		At     time.Time       `bun:"at"`
		Kind   string          `bun:"kind"`
		Name   string          `bun:"name"`
		DueAt  *time.Time      `bun:"due_at"`
		Data   json.RawMessage `bun:"data,type:json"`
	}
	if err := readLives.Scan(ctx, db, []any{append([]string{}, records...), types}, &rows); err != nil {
		return nil, fmt.Errorf("reading timelines: %w", err)
	}
	lives := make(map[string][]simulation.Line, len(records))
	for _, row := range rows {
		toUTC(&row.At, row.DueAt)
		line := simulation.Line{Type: row.Type, At: row.At, Actor: domain.Actor{Kind: domain.ActorKind(row.Kind), Name: row.Name}, DueAt: row.DueAt}
		if len(row.Data) > 0 {
			if err := json.Unmarshal(row.Data, &line.Data); err != nil {
				return nil, fmt.Errorf("reading the timeline of %s: %w", row.Record, err)
			}
		}
		lives[row.Record] = append(lives[row.Record], line)
	}
	return lives, nil
}

var readLives = pg.Prepared(`SELECT t.record_id::text AS record, t.type, t.at, t.actor_kind AS kind, t.actor_name AS name, t.due_at, t.data
	FROM unnest($1::text[]) AS asked (id) JOIN timeline t ON t.record_id = asked.id::uuid
	WHERE t.type = ANY ($2::text[]) ORDER BY t.record_id, t.seq`)
