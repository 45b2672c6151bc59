package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
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

// Held says of a record that was to be locked whether there is one, and whether messages wait for it.
type Held struct {
	Exists   bool
	Messages bool
}

// LockIncident reads an incident and holds it until the transaction ends.
//
// Both rows are locked: after waiting for another transaction, PostgreSQL reads only the locked rows anew and would join the
// new head with the incident's old columns. Clocks are not locked: where the row says that they were written since the statement
// began, they are read once more. The lock lets others refer to the record meanwhile (links, merged_into).
func LockIncident(ctx context.Context, db bun.IDB, id string) (incident.Incident, Held, error) {
	var found []struct {
		incident.Incident
		HasMessages bool  `bun:"has_messages"`
		ClocksSeen  int64 `bun:"clocks_seen"`
	}
	if err := lockIncident.Scan(ctx, db, []any{id}, &found); err != nil {
		return incident.Incident{}, Held{}, fmt.Errorf("reading incident %s: %w", id, err)
	}
	if len(found) == 0 {
		return incident.Incident{}, Held{}, nil
	}
	if found[0].ClocksSeen != found[0].ClocksVersion {
		var err error
		if found[0].Clocks, err = readClocksInForce(ctx, db, id); err != nil {
			return incident.Incident{}, Held{}, fmt.Errorf("reading the clocks of %s: %w", id, err)
		}
	}
	normalize(&found[0].Incident)
	return found[0].Incident, Held{Exists: true, Messages: found[0].HasMessages}, nil
}

var lockIncident = pg.Prepared(`SELECT ` + incidentColumns + `, ` + clocksInForce("r.id") + `,
	(SELECT coalesce(max(version), 0) FROM clocks WHERE record_id = r.id) AS clocks_seen,
	EXISTS (SELECT FROM messages m WHERE m.record_id = r.id AND m.state = 'pending') AS has_messages
	FROM records r JOIN incidents i ON i.id = r.id WHERE r.id = $1 FOR NO KEY UPDATE OF r, i`)

// normalize puts every instant into UTC, whatever zone the connection spoke.
func normalize(found *incident.Incident) {
	normalizeHead(&found.Record)
	toUTC(
		found.StartedAt, found.TriagedAt, found.TriageEscalatedAt, found.Hold.Since, found.Hold.Until, found.Hold.PromisedAt,
		found.Resolution.RecordedAt, found.Satisfaction.At, found.RespondedAt, found.PageAt,
	)
	clocksToUTC(found.Clocks)
	for i := range found.Life {
		toUTC(&found.Life[i].From)
	}
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

// NextNumber takes the next human number of a practice: unique and rising, gaps are possible. Numbers that an import brought along are
// stepped over. The sequence is named after the practice: incident_numbers.
func NextNumber(ctx context.Context, db bun.IDB, of *domain.Lifecycle) (string, error) {
	for {
		var next struct {
			Number string `bun:"number"`
			Taken  bool   `bun:"taken"`
		}
		if err := nextNumber.Scan(ctx, db, []any{of.Prefix, string(of.Practice) + "_numbers"}, &next); err != nil {
			return "", fmt.Errorf("taking a number of the practice %s: %w", of.Practice, err)
		}
		if !next.Taken {
			return next.Number, nil
		}
	}
}

var nextNumber = pg.Prepared(`SELECT number, EXISTS (SELECT FROM records r WHERE r.number = made.number) AS taken
	FROM (SELECT $1::text || '-' || lpad(n::text, greatest(6, length(n::text)), '0') AS number FROM nextval($2::text::regclass) AS n) AS made`)

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
