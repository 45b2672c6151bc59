package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

const (
	// mostRanked bounds the rows that are ranked for one question: ranking is what takes time where many words match.
	mostRanked = 1000
	// mostListed is how many records with some words are all gathered for a list. Of more, the list itself is walked until a page
	// is full, which would have it walked to its end where there are few.
	mostListed = 2500
	// mostWords of a text are looked for.
	mostWords = 24
)

// tellingWord is a word of a text, and in how many records it stands as far as the database has counted; 0 is few.
type tellingWord struct {
	Lexeme string  `bun:"lexeme"`
	Rows   float64 `bun:"rows"`
	All    float64 `bun:"all_rows"`
}

// tellingWords are the words of a text, the rarest ones first, among those what is said often and what is long.
func tellingWords(ctx context.Context, db bun.IDB, text string) ([]tellingWord, error) {
	var words []tellingWord
	err := db.NewRaw(`SELECT l.lexeme, coalesce(counted.share, 0) * size.all_rows AS rows, size.all_rows
		FROM unnest(to_tsvector('english', ?)) AS l
		LEFT JOIN (SELECT e.lexeme, e.share FROM pg_stats s CROSS JOIN unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS e (lexeme, share)
			WHERE s.schemaname = current_schema() AND s.tablename = 'record_words' AND s.attname = 'words') AS counted ON counted.lexeme = l.lexeme
		CROSS JOIN (SELECT greatest(reltuples, 0) AS all_rows FROM pg_class WHERE oid = 'record_words'::regclass) AS size
		ORDER BY rows, array_length(l.positions, 1) DESC, length(l.lexeme) DESC LIMIT ?`, text, mostWords).Scan(ctx, &words)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("weighing words: %w", err)
	}
	return words, nil
}

// anyOf is a query for records with at least one of some words, allOf for those with every one.
func anyOf(words []tellingWord) string { return wordQuery(words, " | ") }
func allOf(words []tellingWord) string { return wordQuery(words, " & ") }

var quoteWord = strings.NewReplacer(`\`, `\\`, `'`, `''`)

func wordQuery(words []tellingWord, operator string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "'" + quoteWord.Replace(word.Lexeme) + "'"
	}
	return strings.Join(quoted, operator)
}

// tellingQuery finds what a text is most likely about, and not more than can be ranked: records with any of its rare words, or,
// where all are common, with as many of them at once as it takes. Of 1,000,000 records "label" stands in 30,000 and "gate" in
// 20,000: both at once are expected in 600.
func tellingQuery(words []tellingWord) string {
	together := 0.0
	for i, word := range words {
		if together += word.Rows; together > mostRanked {
			if i > 0 {
				return anyOf(words[:i])
			}
			break
		}
		if i == len(words)-1 {
			return anyOf(words)
		}
	}
	expected := words[0].Rows
	for i, word := range words[1:] {
		if expected *= word.Rows / word.All; expected <= mostRanked {
			return allOf(words[:i+2])
		}
	}
	return allOf(words)
}

// fewHave reports whether some words stand in no more than mostListed records of a practice; false where none are asked for.
func fewHave(ctx context.Context, db bun.IDB, of domain.Practice, words string) (bool, error) {
	if words == "" {
		return false, nil
	}
	var count int
	err := db.NewRaw(`SELECT count(*) FROM with_words(?, websearch_to_tsquery('english', ?), ?)`, of, words, mostListed+1).Scan(ctx, &count)
	if err != nil {
		return false, fmt.Errorf("counting what has some words: %w", err)
	}
	return count <= mostListed, nil
}

// whereWords leaves the records of a practice with some words; few says that not more than mostListed have them.
func whereWords(q *bun.SelectQuery, of domain.Practice, words string, few bool) *bun.SelectQuery {
	switch {
	case words == "":
		return q
	case few:
		return q.Where("r.id IN (SELECT with_words(?, websearch_to_tsquery('english', ?), ?))", of, words, mostListed)
	}
	return q.Where("EXISTS (SELECT FROM record_words w WHERE w.record_id = r.id AND w.words @@ websearch_to_tsquery('english', ?))", words)
}

// SimilarIncidents ranks other incidents by the words they share with a text, best first; those of the same service and
// category stand before others of equal rank. Of very many that share words, those with its rarest words are looked at.
func SimilarIncidents(ctx context.Context, db bun.IDB, reader Reader, except, text, service, category string, limit int) ([]incident.Incident, error) {
	words, err := tellingWords(ctx, db, text)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	query := tellingQuery(words)
	list, err := similar(ctx, db, reader, query, anyOf(words), except, service, category, limit)
	if any := anyOf(words); err == nil && len(list) == 0 && query != any { // words that never stand together
		return similar(ctx, db, reader, any, any, except, service, category, limit)
	}
	return list, err
}

func similar(ctx context.Context, db bun.IDB, reader Reader, find, rank, except, service, category string, limit int) ([]incident.Incident, error) {
	best := db.NewSelect().ColumnExpr(`r.id, r.opened_at, ts_rank(w.words, ?::tsquery)
			+ (CASE WHEN r.service = ? AND r.service <> '' THEN 0.1 ELSE 0 END)
			+ (CASE WHEN r.category = ? AND r.category <> '' THEN 0.1 ELSE 0 END) AS rank`, rank, service, category)
	if reader.ownOnly() { // few enough to look at each
		best = best.TableExpr("record_words AS w").Where("w.practice = 'incident' AND w.words @@ ?::tsquery", rank)
	} else {
		best = best.TableExpr("find_words('incident', ?::tsquery, ?) AS w", find, mostRanked)
	}
	best = best.Join("JOIN records AS r ON r.id = w.record_id")
	if except != "" {
		best = best.Where("r.id <> ?", except)
	}
	best = reader.where(best).OrderExpr("rank DESC, r.opened_at DESC, r.id").Limit(int64(limit))
	var list []incident.Incident
	err := db.NewSelect().ColumnExpr("r.*, i.*").TableExpr("(?) AS best", best).Join("JOIN records AS r ON r.id = best.id").
		Join("JOIN incidents AS i ON i.id = best.id").OrderExpr("best.rank DESC, best.opened_at DESC, best.id").Scan(ctx, &list)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("finding similar incidents: %w", err)
	}
	for i := range list {
		normalize(&list[i])
	}
	return list, nil
}

// ownOnly: the reader sees nothing but what they asked for or logged.
func (r Reader) ownOnly() bool { return !r.All && len(r.Teams) == 0 && len(r.Services) == 0 }
