package schemas

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain/change"
)

// ChangeFilter narrows a list of changes. Empty fields ask nothing.
type ChangeFilter struct {
	Open, Active bool
	States       []string
	Team         string
	// Service is one that the change touches.
	Service string
	// Assignee carries it out; Unassigned leaves those that nobody carries out.
	Assignee   string
	Unassigned bool
	Requester  string
	Priorities []int
	// Voting leaves those that await approval, and those that go on while a stage takes votes.
	Voting bool
	Type   string
	Model  string
	// Item is a configuration item that the change touches.
	Item     string
	Category string
	Tag      string
	Words    string
	// fewWords: not more than mostListed records have the words.
	fewWords bool
	// From and To ask for changes whose window has a moment in that span.
	From, To *time.Time
	// Sort is a column, with "-" for descending: opened_at, updated_at, priority, wake_at, window_from; empty: the newest first.
	Sort  string
	After *Position
	Limit int
}

// changeOrders are the orders that a list of changes knows. Those without a window come last.
var changeOrders = func() map[string][]sortColumn {
	orders := maps.Clone(sorts)
	orders["window_from"] = []sortColumn{{"coalesce(c.window_from, 'infinity'::timestamptz)", "timestamptz"}}
	return orders
}()

// KnownChangeSort reports whether a list of changes can be sorted so.
func KnownChangeSort(sort string) bool {
	_, known := changeOrders[strings.TrimPrefix(sort, "-")]
	return known
}

type listedChange struct {
	change.Change
	SortValue string `bun:"sort_value"`
}

// ListChanges reads one page of the changes that a reader may read, and the place after it; nil when there is no more. bun writes it,
// so that it is planned for what it asks: of a service that few changes touch and of one that all do, another index is the right one.
func ListChanges(ctx context.Context, db bun.IDB, reader Reader, filter ChangeFilter) ([]change.Change, *Position, error) {
	q := db.NewSelect().ColumnExpr(changeColumns).TableExpr("records AS r").Join("JOIN changes AS c ON c.id = r.id").Where("r.practice = 'change'")
	var err error
	if filter.fewWords, err = fewHave(ctx, db, change.Practice, filter.Words); err != nil {
		return nil, nil, err
	}
	if q, err = sortBy(filter.where(reader.whereChange(reader.withDecided(q))), changeOrders, cmp.Or(filter.Sort, "-opened_at"), filter.After); err != nil {
		return nil, nil, err
	}
	var rows []listedChange
	err = q.Limit(int64(filter.Limit+1)).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, fmt.Errorf("listing changes: %w", err)
	}
	var next *Position
	if len(rows) > filter.Limit {
		rows = rows[:filter.Limit]
		last := rows[len(rows)-1]
		next = &Position{Value: last.SortValue, ID: last.ID}
	}
	list := make([]change.Change, len(rows))
	for i, row := range rows {
		normalizeChange(&row.Change)
		list[i] = row.Change
	}
	return list, next, nil
}

// CountChanges counts what lists with these filters have for a reader, each up to a bound, in one statement and in their order.
func CountChanges(ctx context.Context, db bun.IDB, reader Reader, filters []ChangeFilter, bound int) ([]int, error) {
	counted := make([]*bun.SelectQuery, len(filters))
	for i, filter := range filters {
		q := db.NewSelect().ColumnExpr("1").TableExpr("records AS r").Where("r.practice = 'change'")
		if filter.asksOwn() {
			q = q.Join("JOIN changes AS c ON c.id = r.id")
		}
		counted[i] = filter.where(reader.whereChange(q))
	}
	counts, err := countEach(ctx, reader.withDecided(db.NewSelect()), counted, bound)
	if err != nil {
		return nil, fmt.Errorf("counting changes: %w", err)
	}
	return counts, nil
}

// asksOwn reports whether a filter asks for columns that only changes have.
func (f ChangeFilter) asksOwn() bool {
	return f.Voting || f.Service != "" || f.Type != "" || f.Model != "" || f.From != nil
}

func (f ChangeFilter) where(q *bun.SelectQuery) *bun.SelectQuery {
	q = whereStates(q, change.Lifecycle, f.Open, f.Active, f.States)
	if len(f.Priorities) > 0 {
		q = q.Where("r.priority = ANY (?)", pgdialect.Array(f.Priorities))
	}
	for _, column := range []struct{ name, value string }{
		{"r.team", f.Team}, {"r.assignee", f.Assignee}, {"r.requester", f.Requester}, {"r.category", f.Category}, {"c.type", f.Type}, {"c.model", f.Model},
	} {
		if column.value != "" {
			q = q.Where(column.name+" = ?", column.value)
		}
	}
	if f.Unassigned {
		q = q.Where("r.assignee = ''")
	}
	if f.Tag != "" {
		q = q.Where("r.tags @> to_jsonb(?::text)", f.Tag)
	}
	if f.Voting {
		q = q.Where(takingVotes)
	}
	if f.Service != "" {
		q = q.Where("names_of(c.services) @> ARRAY[?]", f.Service)
	}
	if f.Item != "" {
		q = q.Where("r.configuration_items @> to_jsonb(?::text)", f.Item)
	}
	if f.From != nil && f.To != nil {
		q = q.Where("c.window_from IS NOT NULL AND tstzrange(c.window_from, coalesce(c.extended_to, c.window_to)) && tstzrange(?, ?)", *f.From, *f.To)
	}
	return whereWords(q, change.Practice, f.Words, f.fewWords)
}

// takingVotes are the changes that await approval, and those that are carried out, or were, while a stage takes votes.
const takingVotes = `r.active AND (r.state = 'awaiting_approval' OR r.state IN ('implementing', 'review')
	AND EXISTS (SELECT FROM jsonb_array_elements(c.approval::jsonb -> 'stages') s WHERE s ->> 'state' IN ('open', 'escalated')))`
