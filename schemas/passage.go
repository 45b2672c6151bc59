package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// Passage gathers what one transaction of Apply leaves behind, apart from the record's head, so that all of it goes to the
// database as one statement. No two parts touch the same row.
type Passage struct {
	db     bun.IDB
	record string
	now    time.Time
	events []domain.Event
	parts  []any // queries
	err    error
}

// NewPassage begins to gather for a record.
func NewPassage(db bun.IDB, record string, now time.Time) *Passage {
	return &Passage{db: db, record: record, now: now}
}

// Write writes the record's head and then everything that was gathered: in two round trips.
func (p *Passage) Write(ctx context.Context, head bun.Query) error {
	if p.err != nil {
		return p.err
	}
	if _, err := p.db.NewRaw("?", head).Exec(ctx); err != nil {
		return fmt.Errorf("writing record %s: %w", p.record, err)
	}
	return p.Settle(ctx)
}

// Settle writes what was gathered, without a head.
func (p *Passage) Settle(ctx context.Context) error {
	if p.err != nil {
		return p.err
	}
	statement := "WITH "
	for i := range p.parts {
		if i > 0 {
			statement += ", "
		}
		statement += fmt.Sprintf("part_%d AS (?)", i)
	}
	args := p.parts
	if len(p.events) > 0 {
		text, err := encodeEvents(p.events, p.now)
		if err != nil {
			return err
		}
		statement += " SELECT append_timeline(?, ?::json)"
		args = append(args, p.record, text)
	} else {
		statement += " SELECT 0"
	}
	if _, err := p.db.NewRaw(statement, args...).Exec(ctx); err != nil {
		return fmt.Errorf("writing what belongs to record %s: %w", p.record, err)
	}
	return nil
}

func (p *Passage) add(query string, args ...any) {
	p.parts = append(p.parts, p.db.NewRaw(query, args...))
}

// text encodes a value as JSON; an error is answered by Write and Settle.
func (p *Passage) text(value any) string {
	text, err := json.Marshal(value)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("encoding for record %s: %w", p.record, err)
	}
	return string(text)
}

// Events go to the end of the record's timeline.
func (p *Passage) Events(events []domain.Event) { p.events = events }

// Incident adds an incident's own columns and, where they changed, its words for search. It answers the query for the head.
func (p *Passage) Incident(record incident.Incident, created, wordsChanged bool) bun.Query {
	own := &IncidentRow{ID: record.ID, Details: record.Details}
	if created {
		p.parts = append(p.parts, p.db.NewInsert().Model(own))
	} else {
		p.parts = append(p.parts, p.db.NewUpdate().Model(own).ExcludeColumn("id").WherePK())
	}
	if wordsChanged {
		p.words(record.Record)
	}
	return p.head(record.Record, created, wordsChanged)
}

// fixedColumns never change after a record is opened; chain_seq and chain_hash are moved by append_timeline alone.
var fixedColumns = []string{"id", "practice", "number", "opened_by", "opened_at"}

func (p *Passage) head(record domain.Record, created, wordsChanged bool) bun.Query {
	row := &RecordRow{Record: record}
	if created {
		return p.db.NewInsert().Model(row)
	}
	update := p.db.NewUpdate().Model(row).ExcludeColumn(fixedColumns...).WherePK()
	if !wordsChanged {
		update = update.ExcludeColumn("title", "description") // up to 64 KiB that need not travel
	}
	return update
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
	wanted := p.text(deadlines)
	if had {
		p.add(`DELETE FROM deadlines WHERE record_id = ? AND name NOT IN (SELECT name FROM `+asRows+`)`, p.record, wanted)
	}
	p.add(`INSERT INTO deadlines (record_id, name, due_at, command, outcome, since)
		SELECT ?, name, due_at, command, "then", ? FROM `+asRows+`
		ON CONFLICT (record_id, name) DO UPDATE SET due_at = excluded.due_at, command = excluded.command, outcome = excluded.outcome
		WHERE deadlines.due_at <> excluded.due_at`, p.record, p.now, wanted)
}

// Links ties the record to others and unties it.
func (p *Passage) Links(links, unlinks []domain.Link) {
	for _, link := range links {
		p.add(`INSERT INTO links (from_id, type, to_id, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, p.record, link.Type, link.To, p.now)
	}
	for _, link := range unlinks {
		p.add(`DELETE FROM links WHERE from_id = ? AND type = ? AND to_id = ?`, p.record, link.Type, link.To)
	}
}

// Messages are commands for other records.
func (p *Passage) Messages(rows []MessageRow) {
	if len(rows) > 0 {
		p.parts = append(p.parts, p.db.NewInsert().Model(&rows).On("CONFLICT (id) DO NOTHING"))
	}
}

// Notices are to be told to the outside.
func (p *Passage) Notices(notices []domain.Notice) {
	if len(notices) == 0 {
		return
	}
	rows := make([]OutboxRow, len(notices))
	for i, notice := range notices {
		rows[i] = OutboxRow{RecordID: p.record, Kind: notice.Kind, Recipients: notice.To, Data: json.RawMessage(p.text(notice.Data)), CreatedAt: p.now}
	}
	p.parts = append(p.parts, p.db.NewInsert().Model(&rows))
}

// Command settles a claimed command with its outcome; a nil outcome forgets the claim, because refusals are not remembered.
func (p *Passage) Command(id string, outcome *domain.Result) {
	if outcome == nil {
		p.add(`DELETE FROM commands WHERE id = ?`, id)
		return
	}
	p.add(`UPDATE commands SET outcome = ? WHERE id = ?`, p.text(outcome), id)
}

// Arrived settles a message that was applied on the way.
func (p *Passage) Arrived(id string, state MessageState, outcome *domain.Result) {
	p.add(`UPDATE messages SET state = ?, outcome = ?, settled_at = ?, fault = '' WHERE id = ? AND state = 'pending'`,
		state, p.text(outcome), p.now, id)
}
