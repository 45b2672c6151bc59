package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// Reader says which records somebody may read, as a predicate of the same statement: object rules are never applied after
// the fact, so that pages and counts stay right.
type Reader struct {
	Handle string
	// All: every record. Else those of the teams and services named, and those the person asked for or opened.
	All      bool
	Teams    []string
	Services []string
	// Restricted: also restricted records in which the person is not named (each such read is audited).
	Restricted bool
	// At is the moment of reading: whoever votes for somebody then reads the changes on which that one decides.
	At time.Time
}

// where adds the reader's predicate to a query over records r. Only what the reader has is asked for: each part of an OR must
// find an index.
func (r Reader) where(q *bun.SelectQuery) *bun.SelectQuery {
	q = r.whereOwn(q)
	if !r.Restricted {
		q = q.Where(openTo("?0"), r.Handle)
	}
	return q
}

// whereOwn leaves the records that are the reader's by who asked for them, by their team or by their service.
func (r Reader) whereOwn(q *bun.SelectQuery) *bun.SelectQuery {
	if r.All {
		return q
	}
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where(askedBy("?0"), r.Handle)
		if len(r.Teams) > 0 {
			q = q.WhereOr("r.team = ANY (?)", pgdialect.Array(r.Teams))
		}
		if len(r.Services) > 0 {
			q = q.WhereOr("r.service = ANY (?)", pgdialect.Array(r.Services))
		}
		return q
	})
}

// mayReadOne is the same predicate over one record r in a prepared statement whose first arguments are the reader's.
var mayReadOne = `($1 OR ` + askedBy("$2") + ` OR r.team = ANY ($3) OR r.service = ANY ($4)) AND ($5 OR ` + openTo("$2") + `)`

// arguments are the reader's, $1 to $5, and those that follow.
func (r Reader) arguments(more ...any) []any {
	return append([]any{r.All, r.Handle, append([]string{}, r.Teams...), append([]string{}, r.Services...), r.Restricted}, more...)
}

// changeArguments are the same for a statement over changes, with the moment of reading as $6.
func (r Reader) changeArguments(more ...any) []any {
	return r.arguments(append([]any{r.At}, more...)...)
}

func askedBy(handle string) string {
	return `(r.requester = ` + handle + ` OR r.opened_by = ` + handle + `)`
}

func openTo(handle string) string {
	return `(NOT r.restricted OR ` + handle + ` IN (r.requester, r.opened_by, r.assignee)
		OR EXISTS (SELECT FROM watchers w WHERE w.record_id = r.id AND w.person = ` + handle + `)
		OR EXISTS (SELECT FROM interests s WHERE s.record_id = r.id AND ` + seated + ` = ` + handle + `)
		OR EXISTS (SELECT FROM interests i JOIN services s ON s.name = i.key
			WHERE i.record_id = r.id AND i.kind = '` + InterestCause + `' AND s.owner = ` + handle + `))`
}

// unnamed adds a column that says of a record whether the reader sees it only because they see all restricted ones.
func (r Reader) unnamed(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr(unnamedTo("?0", "?1"), r.Restricted, r.Handle)
}

func unnamedTo(restricted, handle string) string {
	return "(" + restricted + " AND r.restricted AND " + handle + " NOT IN (r.requester, r.opened_by, r.assignee)) AS unnamed"
}

// Unnamed reports of a record's head what the column says of its row.
func (r Reader) Unnamed(head domain.Record) bool {
	return r.Restricted && head.Restricted && r.Handle != head.Requester && r.Handle != head.OpenedBy && r.Handle != head.Assignee
}

// IncidentFilter narrows a list of incidents. Empty fields ask nothing.
type IncidentFilter struct {
	Open, Active bool
	States       []string
	Priorities   []int
	Team         string
	Assignee     string
	Unassigned   bool
	Requester    string
	Service      string
	Category     string
	Tag          string
	Words        string
	// fewWords: not more than mostListed records have the words.
	fewWords   bool
	OpenedFrom *time.Time
	OpenedTo   *time.Time
	Promise    PromiseFilter
	// Sort is a column, with "-" for descending: opened_at, updated_at, priority, wake_at.
	Sort  string
	After *Position
	Limit int
}

// Position is a place in a sorted list: the values that the list is sorted by, as texts with "|" between them, and the
// record's id.
type Position struct {
	Value string `json:"v"`
	ID    string `json:"i"`
}

// sortColumn is one column that a list can be sorted by, and its type.
type sortColumn struct{ expression, cast string }

// sorts are the orders that a list knows; after the columns, ids always ascend. Rows without a wake_at come last, and those
// of one priority in the order of opening.
var sorts = map[string][]sortColumn{
	"opened_at":  {{"r.opened_at", "timestamptz"}},
	"updated_at": {{"r.updated_at", "timestamptz"}},
	"priority":   {{"r.priority", "smallint"}, {"r.opened_at", "timestamptz"}},
	"wake_at":    {{"coalesce(r.wake_at, 'infinity'::timestamptz)", "timestamptz"}},
}

// KnownSort reports whether a list can be sorted so.
func KnownSort(sort string) bool {
	_, known := sorts[strings.TrimPrefix(sort, "-")]
	return known
}

type listedIncident struct {
	incident.Incident
	SortValue string `bun:"sort_value"`
}

// sortBy orders a list, by one of the orders that it knows, and begins it after a place.
func sortBy(q *bun.SelectQuery, orders map[string][]sortColumn, sort string, after *Position) (*bun.SelectQuery, error) {
	direction, comparison := "ASC", ">"
	if strings.HasPrefix(sort, "-") {
		direction, comparison = "DESC", "<"
	}
	var texts, expressions, casts []string
	columns := orders[strings.TrimPrefix(sort, "-")]
	for _, column := range columns {
		q = q.OrderExpr(column.expression + " " + direction)
		texts = append(texts, column.expression+"::text")
		expressions, casts = append(expressions, column.expression), append(casts, "?::"+column.cast)
	}
	q = q.OrderExpr("r.id").ColumnExpr("concat_ws('|', " + strings.Join(texts, ", ") + ") AS sort_value")
	if after == nil {
		return q, nil
	}
	values, ok := placeValues(after, columns)
	if !ok {
		return nil, domain.Errorf(domain.CodeMalformed, "the cursor is not one of this list")
	}
	here, there := "("+strings.Join(expressions, ", ")+")", "("+strings.Join(casts, ", ")+")"
	q = q.Where(here+" "+comparison+"= "+there, values...) // what an index can begin at
	return q.Where("("+here+" <> "+there+" OR r.id > ?)", append(values, after.ID)...), nil
}

// placeTime is how PostgreSQL writes an instant in a session in UTC.
const placeTime = "2006-01-02 15:04:05.999999-07"

// placeValues reads the values of a place; false when they are not such as sortBy made.
func placeValues(place *Position, columns []sortColumn) ([]any, bool) {
	parts := strings.Split(place.Value, "|")
	if len(parts) != len(columns) || !IsID(place.ID) {
		return nil, false
	}
	values := []any{}
	for i, part := range parts {
		if !columns[i].takes(part) {
			return nil, false
		}
		values = append(values, part)
	}
	return values, true
}

// takes reports whether PostgreSQL reads a text as the column's type.
func (c sortColumn) takes(text string) bool {
	if c.cast == "smallint" {
		_, err := strconv.ParseInt(text, 10, 16)
		return err == nil
	}
	moment, err := time.Parse(placeTime, text)
	return text == "infinity" || err == nil && moment.Year() > 0 // there is no year 0
}

// ListIncidents reads one page of incidents and the place after it; nil when there is no more.
func ListIncidents(ctx context.Context, db bun.IDB, reader Reader, filter IncidentFilter) ([]incident.Incident, *Position, error) {
	q := db.NewSelect().ColumnExpr("r.*, i.*").ColumnExpr(clocksInForce("r.id")).
		TableExpr("records AS r").Join("JOIN incidents AS i ON i.id = r.id").Where("r.practice = 'incident'")
	var err error
	if filter.fewWords, err = fewHave(ctx, db, domain.Incident, filter.Words); err != nil {
		return nil, nil, err
	}
	q, err = sortBy(filter.where(reader.where(q)), sorts, filter.Sort, filter.After)
	if err != nil {
		return nil, nil, err
	}
	var rows []listedIncident
	err = q.Limit(int64(filter.Limit+1)).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, fmt.Errorf("listing incidents: %w", err)
	}
	var next *Position
	if len(rows) > filter.Limit {
		rows = rows[:filter.Limit]
		last := rows[len(rows)-1]
		next = &Position{Value: last.SortValue, ID: last.ID}
	}
	list := make([]incident.Incident, len(rows))
	for i, row := range rows {
		normalize(&row.Incident)
		list[i] = row.Incident
	}
	return list, next, nil
}

func (f IncidentFilter) where(q *bun.SelectQuery) *bun.SelectQuery {
	q = whereStates(q, incident.Lifecycle, f.Open, f.Active, f.States)
	if len(f.Priorities) > 0 {
		q = q.Where("r.priority = ANY (?)", pgdialect.Array(f.Priorities))
	}
	for column, value := range map[string]string{"team": f.Team, "assignee": f.Assignee, "requester": f.Requester, "service": f.Service, "category": f.Category} {
		if value != "" {
			q = q.Where("r.? = ?", bun.Ident(column), value)
		}
	}
	if f.Unassigned {
		q = q.Where("r.assignee = ''")
	}
	if f.Tag != "" {
		q = q.Where("r.tags @> to_jsonb(?::text)", f.Tag)
	}
	if f.OpenedFrom != nil {
		q = q.Where("r.opened_at >= ?", *f.OpenedFrom)
	}
	if f.OpenedTo != nil {
		q = q.Where("r.opened_at < ?", *f.OpenedTo)
	}
	return whereWords(f.Promise.where(q), domain.Incident, f.Words, f.fewWords)
}

// whereStates leaves the records of a lifecycle that are open, active, or in one of some states.
func whereStates(q *bun.SelectQuery, lifecycle *domain.Lifecycle, open, active bool, states []string) *bun.SelectQuery {
	if open {
		q = q.Where("r.open")
	}
	if active {
		q = q.Where("r.active")
	}
	switch len(states) {
	case 0:
		return q
	case 1:
		q = q.Where("r.state = ?", states[0]) // then the index by state gives the rows in the order of opening
	default:
		q = q.Where("r.state = ANY (?)", pgdialect.Array(states))
	}
	ends := func(state string) bool {
		info, known := lifecycle.State(domain.State(state))
		return !known || !info.Active
	}
	if !slices.ContainsFunc(states, ends) {
		q = q.Where("r.active") // so it is in these states, and says so to the planner
	}
	return q
}
