package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// FoundRow is a record that a search found.
type FoundRow struct {
	ID       string          `bun:"id" json:"id"`
	Practice domain.Practice `bun:"practice" json:"practice"`
	Number   string          `bun:"number" json:"number"`
	Title    string          `bun:"title" json:"title"`
	State    domain.State    `bun:"state" json:"state"`
	Priority int             `bun:"priority" json:"priority"`
	Team     string          `bun:"team" json:"team"`
	OpenedAt time.Time       `bun:"opened_at" json:"opened_at"`
	// InNote: the words stand in a note of it, not in its title and description.
	InNote bool `bun:"in_note" json:"in_note,omitempty"`
	// Unnamed: the reader sees the record only because they see all restricted ones.
	Unnamed bool `bun:"unnamed" json:"-"`
}

const (
	// behindTitles is the rank of what stands in a note: below all that stands in a title or a description.
	behindTitles = 1e-6
	// ownRecent is how many of their newest records are looked into for somebody who sees nothing but their own.
	ownRecent = 200
)

// Search finds records by number, by the words of their titles and descriptions, and by those of one note that the reader may
// read, best first. Of very many that have the words, the newest ones and some more are ranked; words that stand in very many
// notes are not looked for there.
func Search(ctx context.Context, db bun.IDB, reader Reader, text string, limit int) ([]FoundRow, error) {
	var rows []FoundRow
	hits := worded(db, domain.Incident, text).UnionAll(worded(db, change.Practice, text)).
		UnionAll(db.NewSelect().ColumnExpr("id, 'infinity'::real, false").TableExpr("records").Where("number = upper(?)", text)).
		UnionAll(reader.notes(db, text))
	if reader.ownOnly() {
		hits = hits.UnionAll(reader.ownNotes(db, text))
	}
	best := db.NewSelect().ColumnExpr("record_id, max(rank) AS rank, bool_and(in_note) AS in_note").TableExpr("(?) AS hits", hits).GroupExpr("record_id")
	q := db.NewSelect().ColumnExpr("r.id::text AS id, r.practice, r.number, r.title, r.state, r.priority, r.team, r.opened_at, found.in_note").
		TableExpr("(?) AS found", best).Join("JOIN records AS r ON r.id = found.record_id")
	err := reader.unnamed(reader.where(q)).OrderExpr("found.rank DESC, r.opened_at DESC, r.id").Limit(int64(limit)).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("searching: %w", err)
	}
	for i := range rows {
		rows[i].OpenedAt = rows[i].OpenedAt.UTC()
	}
	return rows, nil
}

// worded are hits in titles and descriptions.
func worded(db bun.IDB, practice domain.Practice, text string) *bun.SelectQuery {
	return db.NewSelect().ColumnExpr("record_id, ts_rank(words, websearch_to_tsquery('english', ?)) AS rank, false AS in_note", text).
		TableExpr("find_words(?, websearch_to_tsquery('english', ?), ?)", practice, text, mostRanked).
		Where("querytree(websearch_to_tsquery('english', ?)) <> 'T'", text) // words to leave out alone would have all read
}

// notes are hits in notes that the reader may read, whatever record they stand at.
func (r Reader) notes(db bun.IDB, text string) *bun.SelectQuery {
	q := db.NewSelect().ColumnExpr("n.record_id, ?::real, true", behindTitles).
		TableExpr("find_notes(?, ?) AS n", text, mostRanked)
	if r.All {
		return q
	}
	if r.ownOnly() {
		return q.Where("n.public")
	}
	return q.Join("JOIN records AS r ON r.id = n.record_id").
		Where("(n.public OR r.team = ANY (?) OR r.service = ANY (?))", pgdialect.Array(r.Teams), pgdialect.Array(r.Services))
}

// ownNotes are hits in public notes of the reader's newest records: of those few, common words are found too.
func (r Reader) ownNotes(db bun.IDB, text string) *bun.SelectQuery {
	own := db.NewSelect().ColumnExpr("r.id").TableExpr("records AS r").Where(askedBy("?0"), r.Handle).OrderExpr("r.opened_at DESC, r.id").Limit(ownRecent)
	return db.NewSelect().ColumnExpr("own.id, ?::real, true", behindTitles).TableExpr("(?) AS own", own).
		Join("CROSS JOIN LATERAL (SELECT personal FROM timeline WHERE record_id = own.id AND type = 'note.added' AND public OFFSET 0) AS n").
		Where("to_tsvector('english', n.personal ->> 'body') @@ websearch_to_tsquery('english', ?)", text)
}
