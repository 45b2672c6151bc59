package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// WaitingRow is one thing that the platform waits for: since when, until when, and what then.
type WaitingRow struct {
	Record   string          `bun:"record_id" json:"record"`
	Practice domain.Practice `bun:"practice" json:"practice"`
	Number   string          `bun:"number" json:"number"`
	Title    string          `bun:"title" json:"title"`
	State    domain.State    `bun:"state" json:"state"`
	Team     string          `bun:"team" json:"team"`
	Assignee string          `bun:"assignee" json:"assignee"`
	Priority int             `bun:"priority" json:"priority"`
	Name     string          `bun:"name" json:"name"`
	Since    time.Time       `bun:"since" json:"since"`
	DueAt    time.Time       `bun:"due_at" json:"due_at"`
	Then     string          `bun:"outcome" json:"then"`
	// Unnamed: the reader sees the record only because they see all restricted ones.
	Unnamed bool `bun:"unnamed" json:"-"`
}

// WaitingFilter narrows the list of deadlines.
type WaitingFilter struct {
	Team, Assignee, Service, Name string
	Until                         *time.Time
	After                         *WaitingPosition
	Limit                         int
}

// WaitingPosition is a place in the list of deadlines.
type WaitingPosition struct {
	DueAt  time.Time `json:"d"`
	Record string    `json:"r"`
	Name   string    `json:"n"`
}

var deadlineName = regexp.MustCompile(`^[a-z0-9_.%+ -]{0,200}$`)

// sound reports whether the place is such as a list made.
func (p WaitingPosition) sound() bool {
	year := p.DueAt.UTC().Year()
	return year >= 1 && year <= 9999 && IsID(p.Record) && deadlineName.MatchString(p.Name)
}

// ListWaiting reads open deadlines, the next one first, and the place after the page.
func ListWaiting(ctx context.Context, db bun.IDB, reader Reader, filter WaitingFilter) ([]WaitingRow, *WaitingPosition, error) {
	q := db.NewSelect().ColumnExpr("d.record_id::text AS record_id, r.practice, r.number, r.title, r.state, r.team, r.assignee, r.priority").
		ColumnExpr("d.name, d.since, d.due_at, d.outcome").TableExpr("deadlines AS d").Join("JOIN records AS r ON r.id = d.record_id")
	q = reader.unnamed(reader.where(q))
	if !reader.All || filter.Team != "" || filter.Assignee != "" {
		q = q.Where("r.wake_at IS NOT NULL") // so it is where there are deadlines; said, it brings in the indexes of those that wait
	}
	if filter.Team != "" {
		q = q.Where("r.team = ?", filter.Team)
	}
	if filter.Assignee != "" {
		q = q.Where("r.assignee = ?", filter.Assignee)
	}
	if filter.Service != "" {
		q = q.Where("r.service = ?", filter.Service)
	}
	if filter.Name != "" {
		q = q.Where("d.name = ?", filter.Name)
	}
	if filter.Until != nil {
		q = q.Where("d.due_at <= ?", *filter.Until)
	}
	if filter.After != nil {
		if !filter.After.sound() {
			return nil, nil, domain.Errorf(domain.CodeMalformed, "the cursor is not one of this list")
		}
		q = q.Where("(d.due_at, d.record_id, d.name) > (?, ?, ?)", filter.After.DueAt, filter.After.Record, filter.After.Name)
	}
	var rows []WaitingRow
	err := q.OrderExpr("d.due_at, d.record_id, d.name").Limit(int64(filter.Limit+1)).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, fmt.Errorf("listing what is waited for: %w", err)
	}
	var next *WaitingPosition
	if len(rows) > filter.Limit {
		rows = rows[:filter.Limit]
		last := rows[len(rows)-1]
		next = &WaitingPosition{DueAt: last.DueAt, Record: last.Record, Name: last.Name}
	}
	for i := range rows {
		rows[i].Since, rows[i].DueAt = rows[i].Since.UTC(), rows[i].DueAt.UTC()
	}
	return rows, next, nil
}

// StreamPosition is a place in the stream of all events: transaction and position, because positions commit out of order.
type StreamPosition struct {
	Xid      string `json:"x"`
	Position int64  `json:"p"`
}

// Before reports whether a place comes before another one. Xid is written without leading zeros.
func (p StreamPosition) Before(other StreamPosition) bool {
	if p.Xid != other.Xid {
		return len(p.Xid) < len(other.Xid) || len(p.Xid) == len(other.Xid) && p.Xid < other.Xid
	}
	return p.Position < other.Position
}

// StreamedEvent is an event with its place in the stream and what its record is about.
type StreamedEvent struct {
	domain.StoredEvent
	Practice   domain.Practice `bun:"practice" json:"practice"`
	State      domain.State    `bun:"state" json:"state"`
	Version    int64           `bun:"version" json:"version"`
	Service    string          `bun:"service" json:"service,omitempty"`
	Team       string          `bun:"team" json:"team,omitempty"`
	Requester  string          `bun:"requester" json:"-"`
	OpenedBy   string          `bun:"opened_by" json:"-"`
	Assignee   string          `bun:"assignee" json:"assignee,omitempty"`
	Restricted bool            `bun:"restricted" json:"-"`
	// Watchers are those of a restricted record: they may read it as well.
	Watchers []string `bun:"watchers,type:json" json:"-"`
	Xid      string   `bun:"xid" json:"-"`
	Position int64    `bun:"position" json:"-"`
}

// Place is where the event stands in the stream.
func (e StreamedEvent) Place() StreamPosition {
	return StreamPosition{Xid: e.Xid, Position: e.Position}
}

// ReadStream reads events after a place, below the oldest transaction still running, so that none is ever skipped.
func ReadStream(ctx context.Context, db bun.IDB, after StreamPosition, limit int) ([]StreamedEvent, error) {
	var events []StreamedEvent
	err := db.NewRaw(`SELECT t.record_id, r.number, t.seq, t.at, t.recorded_at, t.type, t.actor_kind, t.actor_name, t.reason, t.data, t.public,
			t.due_at, t.lateness_ms, t.hash, t.prev_hash, t.xid::text AS xid, t.position, r.practice, r.state, r.version, r.service, r.team,
			r.requester, r.opened_by, r.assignee, r.restricted,
			CASE WHEN r.restricted THEN (SELECT json_agg(w.person) FROM watchers w WHERE w.record_id = r.id) END AS watchers
		FROM timeline t JOIN records r ON r.id = t.record_id
		WHERE (t.xid, t.position) > (?::xid8, ?) AND t.xid < pg_snapshot_xmin(pg_current_snapshot())
		ORDER BY t.xid, t.position LIMIT ?`, after.Xid, after.Position, limit).Scan(ctx, &events)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading the stream of events: %w", err)
	}
	return events, nil
}

// StreamEnd is the place up to which every event is visible now.
func StreamEnd(ctx context.Context, db bun.IDB) (StreamPosition, error) {
	var xid string
	if err := db.NewRaw(`SELECT pg_snapshot_xmin(pg_current_snapshot())::text`).Scan(ctx, &xid); err != nil {
		return StreamPosition{}, fmt.Errorf("reading the end of the stream: %w", err)
	}
	return StreamPosition{Xid: xid, Position: -1}, nil
}

// StreamReaches reports whether a place is one of this stream's past, with so many events behind it at most. A place of another
// cluster can lie ahead of everything.
func StreamReaches(ctx context.Context, db bun.IDB, place StreamPosition, most int) (bool, error) {
	var reaches bool
	err := db.NewRaw(`SELECT ?::xid8 <= pg_snapshot_xmin(pg_current_snapshot()) AND (
			SELECT count(*) FROM (SELECT FROM timeline WHERE (xid, position) > (?::xid8, ?) LIMIT ?) AS beyond) <= ?`,
		place.Xid, place.Xid, place.Position, most+1, most).Scan(ctx, &reaches)
	if err != nil {
		return false, fmt.Errorf("finding a place in the stream: %w", err)
	}
	return reaches, nil
}

// TeamWork reads the open incidents of a person's teams that nobody has taken, most urgent first, and how many there are.
func TeamWork(ctx context.Context, db bun.IDB, reader Reader, person string, limit int) ([]incident.Incident, int, error) {
	query := func() *bun.SelectQuery {
		return reader.where(db.NewSelect().TableExpr("records AS r").Join("JOIN incidents AS i ON i.id = r.id").
			Where("r.open AND r.assignee = '' AND r.practice = 'incident'").
			Where("r.team IN (SELECT team FROM team_members WHERE person = ?)", person))
	}
	var list []incident.Incident
	err := query().ColumnExpr("r.*, i.*").ColumnExpr(clocksInForce("r.id")).OrderExpr("r.priority, r.opened_at, r.id").Limit(int64(limit)).Scan(ctx, &list)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fmt.Errorf("reading the teams' work: %w", err)
	}
	var count int
	if err := query().ColumnExpr("count(*)").Scan(ctx, &count); err != nil {
		return nil, 0, fmt.Errorf("counting the teams' work: %w", err)
	}
	for i := range list {
		normalize(&list[i])
	}
	return list, count, nil
}
