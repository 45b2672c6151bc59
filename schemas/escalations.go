package schemas

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// EscalationRow holds the columns that only escalations have.
type EscalationRow struct {
	bun.BaseModel `bun:"table:escalations,alias:e"`
	ID            string `bun:"id,pk,type:uuid"`
	escalation.Details
}

var (
	escalationTable   = tables.Get(reflect.TypeFor[EscalationRow]())
	escalationColumns = columnsOf(recordTable, "r") + ", " + columnsOf(escalationTable, "e")
)

// LockEscalation reads an escalation and holds it until the transaction ends, as LockIncident does.
func LockEscalation(ctx context.Context, db bun.IDB, id string) (escalation.Escalation, Held, error) {
	var found []struct {
		escalation.Escalation
		HasMessages bool `bun:"has_messages"`
	}
	if err := lockEscalation.Scan(ctx, db, []any{id}, &found); err != nil {
		return escalation.Escalation{}, Held{}, fmt.Errorf("reading escalation %s: %w", id, err)
	}
	if len(found) == 0 {
		return escalation.Escalation{}, Held{}, nil
	}
	normalizeEscalation(&found[0].Escalation)
	return found[0].Escalation, Held{Exists: true, Messages: found[0].HasMessages}, nil
}

var lockEscalation = pg.Prepared(`SELECT ` + escalationColumns + `,
	EXISTS (SELECT FROM messages m WHERE m.record_id = r.id AND m.state = 'pending') AS has_messages
	FROM records r JOIN escalations e ON e.id = r.id WHERE r.id = $1 FOR NO KEY UPDATE OF r, e`)

// ReadEscalation reads an escalation by id or number, if the reader may.
func ReadEscalation(ctx context.Context, db bun.IDB, reader Reader, reference string) (escalation.Escalation, bool, error) {
	by := escalationByNumber
	if IsID(reference) {
		by = escalationByID
	}
	var found []escalation.Escalation
	if err := by.Scan(ctx, db, reader.arguments(reference), &found); err != nil {
		return escalation.Escalation{}, false, fmt.Errorf("reading escalation %s: %w", reference, err)
	}
	if len(found) == 0 {
		return escalation.Escalation{}, false, nil
	}
	normalizeEscalation(&found[0])
	return found[0], true, nil
}

var (
	escalationByID     = pg.Prepared(`SELECT ` + escalationColumns + ` FROM records r JOIN escalations e ON e.id = r.id WHERE r.id = $6 AND ` + mayReadOne)
	escalationByNumber = pg.Prepared(`SELECT ` + escalationColumns + ` FROM records r JOIN escalations e ON e.id = r.id WHERE r.number = $6 AND ` + mayReadOne)
)

func normalizeEscalation(found *escalation.Escalation) {
	normalizeHead(&found.Record)
	toUTC(found.NextAt, found.AcknowledgedAt, found.HoldsUntil, found.SnoozedUntil)
}

// EscalationFilter narrows a list of escalations.
type EscalationFilter struct {
	Open   bool
	States []string
	Source string // the record that needs somebody, by id
	// Before goes on after an escalation of an earlier page: what was opened then or before, but for those of the same moment
	// whose id is not lower.
	Before   *time.Time
	BeforeID string
	Limit    int
}

// ListEscalations lists escalations that a reader may read, newest first.
func ListEscalations(ctx context.Context, db bun.IDB, reader Reader, filter EscalationFilter) ([]escalation.Escalation, error) {
	var c composed
	c.args = reader.arguments()
	c.text.WriteString(`SELECT ` + escalationColumns + ` FROM records r JOIN escalations e ON e.id = r.id
		WHERE r.practice = 'escalation' AND ` + mayReadOne)
	if filter.Open {
		c.text.WriteString(` AND r.open`)
	}
	if len(filter.States) > 0 {
		c.add(` AND r.state = ANY (?::text[])`, filter.States)
	}
	if filter.Source != "" {
		c.add(` AND e.source_id = ?::uuid`, filter.Source)
	}
	if filter.Before != nil {
		c.add(` AND (r.opened_at, r.id) < (?::timestamptz, ?::uuid)`, *filter.Before, filter.BeforeID)
	}
	c.add(` ORDER BY r.opened_at DESC, r.id DESC LIMIT ?::int`, filter.Limit)
	var found []escalation.Escalation
	if err := pg.Prepared(c.text.String()).Scan(ctx, db, c.args, &found); err != nil {
		return nil, fmt.Errorf("listing escalations: %w", err)
	}
	for i := range found {
		normalizeEscalation(&found[i])
	}
	return found, nil
}

// Escalation writes an escalation's head and own columns.
func (p *Passage) Escalation(record escalation.Escalation, created, wordsChanged bool) {
	own := reflect.ValueOf(EscalationRow{ID: record.ID, Details: record.Details})
	p.part(func(c *composed) {
		if created {
			c.insert(escalationTable, own)
		} else {
			c.update(escalationTable, own, record.ID, nil)
		}
	})
	p.headOf(record.Record, created, wordsChanged)
}

// TakenSince reports whether a record is in progress, or a person has done something on it since an instant.
func TakenSince(ctx context.Context, db bun.IDB, record, person string, since time.Time) (bool, error) {
	var taken bool
	err := db.NewRaw(`SELECT EXISTS (SELECT FROM records WHERE id = ?0 AND state = 'in_progress')
		OR EXISTS (SELECT FROM timeline WHERE record_id = ?0 AND actor_kind = 'person' AND actor_name = ?1 AND at > ?2
			AND EXISTS (SELECT FROM people WHERE handle = ?1 AND kind = 'person'))`, record, person, since).Scan(ctx, &taken)
	if err != nil {
		return false, fmt.Errorf("asking whether somebody is at work: %w", err)
	}
	return taken, nil
}
