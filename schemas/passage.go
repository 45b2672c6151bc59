package schemas

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Passage gathers what one transaction of Apply leaves behind: the record's head, and all that belongs to it, which goes to the
// database as one statement. No two parts of that touch the same row.
type Passage struct {
	db     bun.IDB
	record string
	now    time.Time
	events []domain.Event
	watch  []string
	head   composed
	rest   composed
	parts  int // of rest

	outcomes, arrivals []settled
	forgotten          []string
	audited            []AuditRow
}

// settled is what became of a command, or of a message.
type settled struct {
	ID      string         `json:"id"`
	State   MessageState   `json:"state,omitempty"`
	Outcome *domain.Result `json:"outcome"`
}

// NewPassage begins to gather for a record.
func NewPassage(db bun.IDB, record string, now time.Time) *Passage {
	return &Passage{db: db, record: record, now: now}
}

// Write writes the record's head and then everything that was gathered: in two round trips.
func (p *Passage) Write(ctx context.Context) error {
	if err := p.head.exec(ctx, p.db); err != nil {
		return fmt.Errorf("writing record %s: %w", p.record, err)
	}
	p.settle()
	if len(p.events) > 0 {
		text, err := encodeEvents(p.events, p.now)
		if err != nil {
			return err
		}
		p.rest.add(" SELECT append_timeline(?::uuid, ?::json)", p.record, text)
	} else {
		p.rest.add(" SELECT 0")
	}
	if len(p.watch) > 0 {
		p.rest.add(", add_watchers(?::uuid, ?::text[], ?::timestamptz)", p.record, p.watch, p.now)
	}
	if len(p.audited) > 0 {
		p.rest.add(", audit_forbidden(?::json)", p.rest.json(p.audited))
	}
	if err := p.rest.exec(ctx, p.db); err != nil {
		return fmt.Errorf("writing what belongs to record %s: %w", p.record, err)
	}
	return nil
}

// part begins one more statement of those that are sent as one.
func (p *Passage) part(write func(*composed)) {
	if p.parts == 0 {
		p.rest.add("WITH ")
	}
	p.rest.add(comma(p.parts) + "part_" + strconv.Itoa(p.parts) + " AS (")
	write(&p.rest)
	p.rest.add(")")
	p.parts++
}

func (p *Passage) add(query string, args ...any) {
	p.part(func(c *composed) { c.add(query, args...) })
}

// Events go to the end of the record's timeline.
func (p *Passage) Events(events []domain.Event) { p.events = events }

// Watchers are people, by handle, who shall be told of the record from now on; those who are not known are left out.
func (p *Passage) Watchers(people []string) { p.watch = people }

// Incident writes an incident's head and own columns, its clocks that differ from those read before and, where they changed,
// its words for search.
func (p *Passage) Incident(record incident.Incident, clocks []sla.Clock, created, wordsChanged bool) {
	if changed := sla.Differing(clocks, record.Clocks); len(changed) > 0 {
		record.ClocksVersion = record.Version
		p.clocks(changed, record.Version)
	}
	own := reflect.ValueOf(IncidentRow{ID: record.ID, Details: record.Details})
	p.part(func(c *composed) {
		if created {
			c.insert(incidentTable, own)
		} else {
			c.update(incidentTable, own, record.ID, nil)
		}
	})
	if wordsChanged {
		p.words(record.Record)
	}
	p.headOf(record.Record, created, wordsChanged)
}

// fixedColumns never change after a record is opened; chain_seq and chain_hash are moved by append_timeline alone.
var fixedColumns = []string{"practice", "number", "opened_by", "opened_at"}

// wordColumns are up to 64 KiB that need not travel while they stay as they are.
var wordColumns = []string{"title", "description"}

func (p *Passage) headOf(record domain.Record, created, wordsChanged bool) {
	row := reflect.ValueOf(RecordRow{Record: record})
	switch {
	case created:
		p.head.insert(recordTable, row)
	case wordsChanged:
		p.head.update(recordTable, row, record.ID, fixedColumns)
	default:
		p.head.update(recordTable, row, record.ID, append(wordColumns, fixedColumns...))
	}
}

// words are what a record can be found by.
func (p *Passage) words(record domain.Record) {
	p.add(`INSERT INTO record_words (record_id, practice, words)
		VALUES (?, ?, setweight(to_tsvector('english', ?), 'A') || setweight(to_tsvector('english', ?), 'B'))
		ON CONFLICT (record_id) DO UPDATE SET words = excluded.words`,
		record.ID, record.Practice, record.Number+" "+record.Title, record.Description)
}

// Deadlines replaces the record's deadlines, of which it had some or none; since is kept where a deadline stays.
func (p *Passage) Deadlines(deadlines []domain.Deadline, had bool) {
	const asRows = `json_to_recordset(?::json) AS w (name text, due_at timestamptz, command text, "then" text)`
	if len(deadlines) == 0 {
		if had {
			p.add(`DELETE FROM deadlines WHERE record_id = ?`, p.record)
		}
		return
	}
	wanted := p.rest.json(deadlines)
	if had {
		p.add(`DELETE FROM deadlines WHERE record_id = ? AND name NOT IN (SELECT name FROM `+asRows+`)`, p.record, wanted)
	}
	p.add(`INSERT INTO deadlines (record_id, name, due_at, command, outcome, since)
		SELECT ?::uuid, name, due_at, command, "then", ?::timestamptz FROM `+asRows+`
		ON CONFLICT (record_id, name) DO UPDATE SET due_at = excluded.due_at, command = excluded.command, outcome = excluded.outcome
		WHERE deadlines.due_at <> excluded.due_at`, p.record, p.now, wanted)
}

// Links ties the record to others and unties it.
func (p *Passage) Links(links, unlinks []domain.Link) {
	const asRows = `json_to_recordset(?::json) AS w (type text, "to" uuid)`
	if len(links) > 0 {
		p.add(`INSERT INTO links (from_id, type, to_id, since) SELECT ?::uuid, type, "to", ?::timestamptz FROM `+asRows+` ON CONFLICT DO NOTHING`,
			p.record, p.now, p.rest.json(links))
	}
	if len(unlinks) > 0 {
		p.add(`DELETE FROM links l USING `+asRows+` WHERE l.from_id = ? AND l.type = w.type AND l.to_id = w."to"`, p.rest.json(unlinks), p.record)
	}
}

// Messages are commands for other records.
func (p *Passage) Messages(rows []MessageRow) {
	if len(rows) == 0 {
		return
	}
	p.add(`INSERT INTO messages (id, practice, record_id, command, on_closed, source_id, state, next_at, received_at)
		SELECT "ID", "Practice", "RecordID", "Command", "OnClosed", "SourceID", "State", "NextAt", "ReceivedAt"
		FROM json_to_recordset(?::json) AS w ("ID" text, "Practice" text, "RecordID" uuid, "Command" json, "OnClosed" text,
			"SourceID" uuid, "State" text, "NextAt" timestamptz, "ReceivedAt" timestamptz)
		ON CONFLICT (id) DO NOTHING`, p.rest.json(rows))
}

// Notices are to be told to the outside.
func (p *Passage) Notices(notices []domain.Notice) {
	if len(notices) == 0 {
		return
	}
	p.add(`INSERT INTO outbox (record_id, kind, recipients, data, created_at, lane, guard_kind, guard_id)
		SELECT ?::uuid, kind, "to", coalesce(data, 'null'), ?::timestamptz, coalesce(lane, 'notice'), coalesce(guard ->> 'kind', ''), coalesce(guard ->> 'id', '')
		FROM json_to_recordset(?::json) AS w (kind text, "to" jsonb, data json, lane text, guard json)`,
		p.record, p.now, p.rest.json(notices))
}

// Command settles a claimed command with its outcome; a nil outcome forgets the claim, because refusals are not remembered.
func (p *Passage) Command(id string, outcome *domain.Result) {
	if outcome == nil {
		p.forgotten = append(p.forgotten, id)
		return
	}
	p.outcomes = append(p.outcomes, settled{ID: id, Outcome: outcome})
}

// Arrived settles a message that was applied on the way; lines are what the audit keeps of it.
func (p *Passage) Arrived(id string, state MessageState, outcome *domain.Result, lines ...AuditRow) {
	p.arrivals, p.audited = append(p.arrivals, settled{ID: id, State: state, Outcome: outcome}), append(p.audited, lines...)
}

// settle writes what became of commands and messages.
func (p *Passage) settle() {
	if len(p.outcomes) > 0 {
		p.add(`UPDATE commands c SET outcome = w.outcome FROM json_to_recordset(?::json) AS w (id text, outcome json) WHERE c.id = w.id`,
			p.rest.json(p.outcomes))
	}
	if len(p.forgotten) > 0 {
		p.add(`DELETE FROM commands WHERE id = ANY (?)`, p.forgotten)
	}
	if len(p.arrivals) > 0 {
		p.add(`UPDATE messages m SET state = w.state, outcome = w.outcome, settled_at = ?, fault = ''
			FROM json_to_recordset(?::json) AS w (id text, state text, outcome json) WHERE m.id = w.id AND m.state = 'pending'`,
			p.now, p.rest.json(p.arrivals))
	}
}
