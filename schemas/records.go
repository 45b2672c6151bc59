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
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// RecordRow is a record's head as stored.
type RecordRow struct {
	bun.BaseModel `bun:"table:records,alias:r"`
	domain.Record
}

// IncidentRow holds the columns that only incidents have.
type IncidentRow struct {
	bun.BaseModel `bun:"table:incidents,alias:i"`
	ID            string `bun:"id,pk,type:uuid"`
	incident.Details
}

// fixedColumns never change after a record is opened; chain_seq and chain_hash are moved by append_timeline alone.
var fixedColumns = []string{"id", "practice", "number", "opened_by", "opened_at"}

// LockIncident reads an incident and holds it until the transaction ends. It answers false when there is none.
//
// Both rows are locked: after waiting for another transaction, PostgreSQL reads only the locked rows anew and would join the
// new head with the incident's old columns. The lock lets others refer to the record meanwhile (links, merged_into).
func LockIncident(ctx context.Context, db bun.IDB, id string) (incident.Incident, bool, error) {
	var found incident.Incident
	err := db.NewRaw(`SELECT r.*, i.* FROM records r JOIN incidents i ON i.id = r.id WHERE r.id = ?
		FOR NO KEY UPDATE OF r, i`, id).Scan(ctx, &found)
	if errors.Is(err, sql.ErrNoRows) {
		return found, false, nil
	}
	if err != nil {
		return found, false, fmt.Errorf("reading incident %s: %w", id, err)
	}
	normalize(&found)
	return found, true, nil
}

// normalize puts every instant into UTC, whatever zone the connection spoke.
func normalize(found *incident.Incident) {
	normalizeHead(&found.Record)
	toUTC(
		found.StartedAt, found.TriagedAt, found.TriageEscalatedAt, found.Hold.Since, found.Hold.Until, found.Hold.PromisedAt,
		found.Resolution.RecordedAt, found.Satisfaction.At,
	)
}

func normalizeHead(found *domain.Record) {
	toUTC(&found.OpenedAt, &found.UpdatedAt, &found.StateSince, &found.LastEventAt, found.WakeAt, found.ResolvedAt, found.ClosedAt)
}

func toUTC(moments ...*time.Time) {
	for _, moment := range moments {
		if moment != nil {
			*moment = moment.UTC()
		}
	}
}

// SaveIncident writes an incident: its head, its own columns and, where they changed, its words for search.
func SaveIncident(ctx context.Context, db bun.IDB, record incident.Incident, created, wordsChanged bool) error {
	head, own := &RecordRow{Record: record.Record}, &IncidentRow{ID: record.ID, Details: record.Details}
	var err error
	if created {
		if _, err = db.NewInsert().Model(head).Exec(ctx); err == nil {
			_, err = db.NewInsert().Model(own).Exec(ctx)
		}
	} else {
		if _, err = db.NewUpdate().Model(head).ExcludeColumn(fixedColumns...).WherePK().Exec(ctx); err == nil {
			_, err = db.NewUpdate().Model(own).ExcludeColumn("id").WherePK().Exec(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("writing incident %s: %w", record.Number, err)
	}
	if wordsChanged {
		return SaveWords(ctx, db, record.Record)
	}
	return nil
}

// SaveWords writes what a record can be found by.
func SaveWords(ctx context.Context, db bun.IDB, record domain.Record) error {
	_, err := db.NewRaw(`INSERT INTO record_words (record_id, practice, words)
		VALUES (?, ?, setweight(to_tsvector('english', ?), 'A') || setweight(to_tsvector('english', ?), 'B'))
		ON CONFLICT (record_id) DO UPDATE SET words = excluded.words`,
		record.ID, record.Practice, record.Number+" "+record.Title, record.Description).Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing the words of %s: %w", record.Number, err)
	}
	return nil
}

// NextIncidentNumber takes the next human number: unique and rising, gaps are possible.
func NextIncidentNumber(ctx context.Context, db bun.IDB) (string, error) {
	var number int64
	if err := db.NewRaw(`SELECT nextval('incident_numbers')`).Scan(ctx, &number); err != nil {
		return "", fmt.Errorf("taking an incident number: %w", err)
	}
	return fmt.Sprintf("%s-%06d", incident.Lifecycle.Prefix, number), nil
}

// ReadHead reads a record's head, by id. It answers false when there is none.
func ReadHead(ctx context.Context, db bun.IDB, id string) (domain.Record, bool, error) {
	var found domain.Record
	err := db.NewRaw(`SELECT * FROM records WHERE id = ?`, id).Scan(ctx, &found)
	if errors.Is(err, sql.ErrNoRows) {
		return found, false, nil
	}
	if err != nil {
		return found, false, fmt.Errorf("reading record %s: %w", id, err)
	}
	normalizeHead(&found)
	return found, true, nil
}

// SaveDeadlines replaces a record's deadlines; since is kept where a deadline stays.
func SaveDeadlines(ctx context.Context, db bun.IDB, id string, deadlines []domain.Deadline, since time.Time) error {
	if len(deadlines) == 0 {
		if _, err := db.NewRaw(`DELETE FROM deadlines WHERE record_id = ?`, id).Exec(ctx); err != nil {
			return fmt.Errorf("clearing deadlines: %w", err)
		}
		return nil
	}
	wanted, err := json.Marshal(deadlines)
	if err != nil {
		return fmt.Errorf("encoding deadlines: %w", err)
	}
	_, err = db.NewRaw(`WITH wanted AS (
			SELECT * FROM json_to_recordset(?::json) AS w (name text, due_at timestamptz, command text, "then" text)),
		gone AS (DELETE FROM deadlines WHERE record_id = ? AND name NOT IN (SELECT name FROM wanted))
		INSERT INTO deadlines (record_id, name, due_at, command, outcome, since)
		SELECT ?, name, due_at, command, "then", ? FROM wanted
		ON CONFLICT (record_id, name) DO UPDATE SET due_at = excluded.due_at, command = excluded.command, outcome = excluded.outcome
		WHERE deadlines.due_at <> excluded.due_at`, string(wanted), id, id, since).Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing deadlines: %w", err)
	}
	return nil
}
