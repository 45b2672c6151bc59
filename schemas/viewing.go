package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// Viewing says that somebody has a record open; Record is its id, Person a handle.
type Viewing struct {
	Record string `bun:"record_id" json:"record"`
	Person string `bun:"person" json:"person"`
}

// Moments are the database's, so that the clocks of the processes need not agree.
const (
	sayViewing = pg.Prepared(`INSERT INTO viewing (process, record_id, person, seen_at)
		SELECT DISTINCT $1::uuid, record::uuid, person, now() FROM unnest($2::text[], $3::text[]) AS said(record, person)
		ON CONFLICT (process, record_id, person) DO UPDATE SET seen_at = EXCLUDED.seen_at`)
	unsayViewing = pg.Prepared(`DELETE FROM viewing WHERE seen_at < now() - make_interval(secs => $4) OR process = $1::uuid
		AND (record_id::text, person) NOT IN (SELECT record, person FROM unnest($2::text[], $3::text[]) AS said(record, person))`)
	readViewing = pg.Prepared(`SELECT DISTINCT record_id::text AS record_id, person FROM viewing
		WHERE record_id = ANY ($2::text[]::uuid[]) AND process <> $1::uuid AND seen_at >= now() - make_interval(secs => $3) ORDER BY 1, 2`)
)

// SayViewing replaces what a process said of who has which record open, and forgets what any process said longer ago than lasts.
func SayViewing(ctx context.Context, db bun.IDB, process string, all []Viewing, lasts time.Duration) error {
	records, people := columnsOfViewing(all)
	if len(all) > 0 {
		if _, err := sayViewing.Exec(ctx, db, []any{process, records, people}); err != nil {
			return fmt.Errorf("saying who has records open: %w", err)
		}
	}
	if _, err := unsayViewing.Exec(ctx, db, []any{process, records, people, lasts.Seconds()}); err != nil {
		return fmt.Errorf("forgetting who had records open: %w", err)
	}
	return nil
}

// ReadViewing reads who has some records open in the other processes, as they said within lasts.
func ReadViewing(ctx context.Context, db bun.IDB, process string, here []Viewing, lasts time.Duration) ([]Viewing, error) {
	records, _ := columnsOfViewing(here)
	var there []Viewing
	if err := readViewing.Scan(ctx, db, []any{process, records, lasts.Seconds()}, &there); err != nil {
		return nil, fmt.Errorf("reading who has records open: %w", err)
	}
	return there, nil
}

func columnsOfViewing(all []Viewing) (records, people []string) {
	records, people = make([]string, len(all)), make([]string, len(all))
	for i, one := range all {
		records[i], people[i] = one.Record, one.Person
	}
	return records, people
}
