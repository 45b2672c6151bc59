package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// Withheld is what a reader does not see of a timeline.
type Withheld int

// What is withheld: nothing; what is not public; and of what is not public the notes and the files, whose text was meant for others.
const (
	Whole Withheld = iota
	WithoutInternal
	WithoutInternalPapers
)

// ReadTimeline reads a record's events after a number, oldest first, without what is withheld.
func ReadTimeline(ctx context.Context, db bun.IDB, record string, after int64, types []string, without Withheld, limit int) ([]domain.StoredEvent, error) {
	var events []domain.StoredEvent
	q := db.NewSelect().Column("record_id", "seq", "at", "recorded_at", "type", "actor_kind", "actor_name", "reason", "data", "personal",
		"public", "due_at", "lateness_ms", "hash", "prev_hash").TableExpr("timeline").
		Where("record_id = ? AND seq > ?", record, after)
	switch without {
	case WithoutInternal:
		q = q.Where("public")
	case WithoutInternalPapers:
		q = q.Where("(public OR type NOT IN ('note.added', 'attachment.added', 'attachment.removed'))")
	}
	if len(types) > 0 {
		q = q.Where("type = ANY (?)", pgdialect.Array(types))
	}
	if err := q.OrderExpr("seq").Limit(int64(limit)).Scan(ctx, &events); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading the timeline: %w", err)
	}
	for i := range events {
		events[i].At, events[i].RecordedAt = events[i].At.UTC(), events[i].RecordedAt.UTC()
	}
	return events, nil
}

// ReadTimelines reads the events of some types of several records, in one statement: so many of each record, by its id, the oldest first.
func ReadTimelines(ctx context.Context, db bun.IDB, records, types []string, each int) (map[string][]domain.StoredEvent, error) {
	var events []domain.StoredEvent
	if err := timelines.Scan(ctx, db, []any{array(records), array(types), each}, &events); err != nil {
		return nil, fmt.Errorf("reading the timelines of %d records: %w", len(records), err)
	}
	of := map[string][]domain.StoredEvent{}
	for _, event := range events {
		event.At, event.RecordedAt = event.At.UTC(), event.RecordedAt.UTC()
		of[event.Record] = append(of[event.Record], event)
	}
	return of, nil
}

var timelines = pg.Prepared(`SELECT t.record_id, t.seq, t.at, t.recorded_at, t.type, t.actor_kind, t.actor_name, t.reason, t.data, t.personal,
		t.public, t.due_at, t.lateness_ms, t.hash, t.prev_hash
	FROM unnest($1::uuid[]) AS asked (id) CROSS JOIN LATERAL (SELECT * FROM timeline
		WHERE record_id = asked.id AND type = ANY ($2::text[]) ORDER BY seq LIMIT $3) AS t ORDER BY t.record_id, t.seq`)
