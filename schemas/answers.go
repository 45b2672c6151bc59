package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// AnswerRow is what staff wrote publicly at an incident and marked as an answer for others: no word of whose incident it was.
type AnswerRow struct {
	Body    string    `bun:"body" json:"body"`
	Service string    `bun:"service" json:"service,omitempty"`
	At      time.Time `bun:"at" json:"at"`
}

// KnownAnswers finds answers at incidents that are over, by their own words, best first; those of the same service stand before
// others. What else is written at those incidents is not looked at: from what is found, it could be guessed.
func KnownAnswers(ctx context.Context, db bun.IDB, text, service string, limit int) ([]AnswerRow, error) {
	var rows []AnswerRow
	if err := knownAnswers.Scan(ctx, db, []any{text, service, limit}, &rows); err != nil {
		return nil, fmt.Errorf("looking for answers: %w", err)
	}
	for i := range rows {
		rows[i].At = rows[i].At.UTC()
	}
	return rows, nil
}

// Its condition is word for word that of the index timeline_answers.
var knownAnswers = pg.Prepared(`SELECT t.personal ->> 'body' AS body, r.service, t.at
	FROM (SELECT string_agg('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery AS words
		FROM (SELECT lexeme FROM unnest(to_tsvector('english', $1)) ORDER BY array_length(positions, 1) DESC, length(lexeme) DESC LIMIT 24) AS telling) AS asked
	JOIN timeline t ON t.type = 'note.added' AND t.public AND t.data ->> 'answer' = 'true' AND to_tsvector('english', t.personal ->> 'body') @@ asked.words
	JOIN records r ON r.id = t.record_id
	WHERE r.practice = 'incident' AND r.state IN ('resolved', 'closed') AND NOT r.restricted
	ORDER BY ts_rank(to_tsvector('english', t.personal ->> 'body'), asked.words)
		+ (CASE WHEN r.service = $2 AND r.service <> '' THEN 0.1 ELSE 0 END) DESC, t.at DESC LIMIT $3`)
