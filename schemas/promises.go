package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Verdict says how a promise stands.
type Verdict string

// The verdicts that lists can ask for.
const (
	VerdictBreached Verdict = "breached" // broken, be it over or not
	VerdictMet      Verdict = "met"      // kept
	VerdictRunning  Verdict = "running"  // neither yet
	VerdictAny      Verdict = "any"
)

// PromiseFilter narrows a list to records of which a promise in force stands so. Without a verdict it asks nothing.
type PromiseFilter struct {
	Verdict   Verdict
	Metric    string
	Agreement string
	// From and To bound when it was broken, was kept, or will fall due; To is excluded. They go with one of these verdicts alone.
	From, To *time.Time
	// OutdatedKind and OutdatedName ask, beside that, for a promise still to be kept that an earlier version of this calendar or SLA
	// measures than the newest; empty: they ask nothing.
	OutdatedKind, OutdatedName string
	// ToRequester leaves aside what teams and vendors promised, which is not everybody's to know.
	ToRequester bool
}

// moments are the columns that say when a verdict was, or will be.
var moments = map[Verdict]string{VerdictBreached: "c.breached_at", VerdictMet: "c.stopped_at", VerdictRunning: "c.due_at"}

func (f PromiseFilter) where(q *bun.SelectQuery) *bun.SelectQuery {
	if f.OutdatedName != "" {
		q = f.outdated(q)
	}
	if f.Verdict == "" {
		return q
	}
	of := q.NewSelect().TableExpr("clocks AS c").ColumnExpr("c.record_id").Where("c.in_force")
	switch f.Verdict {
	case VerdictBreached:
		of = of.Where("c.breached_at IS NOT NULL")
	case VerdictMet:
		of = of.Where("c.stopped_at IS NOT NULL AND c.state = 'met'")
	case VerdictRunning:
		of = of.Where("c.stopped_at IS NULL AND c.breached_at IS NULL")
	}
	if f.Metric != "" {
		of = of.Where("c.metric = ?", f.Metric)
	}
	if f.ToRequester {
		of = of.Where("c.metric NOT IN ('ola', 'underpinning')")
	}
	if f.Agreement != "" {
		of = of.Where("c.agreement = ?", f.Agreement)
	}
	if f.From != nil {
		of = of.Where(moments[f.Verdict]+" >= ?", *f.From)
	}
	if f.To != nil {
		of = of.Where(moments[f.Verdict]+" < ?", *f.To)
	}
	return q.Where("r.id IN (?)", of)
}

func (f PromiseFilter) outdated(q *bun.SelectQuery) *bun.SelectQuery {
	name, version := "c.agreement", "c.agreement_version"
	if f.OutdatedKind == policy.KindCalendar {
		name, version = "c.calendar", "c.calendar_version"
	}
	of := q.NewSelect().TableExpr("clocks AS c").ColumnExpr("c.record_id").Where("c.in_force AND c.stopped_at IS NULL").
		Where(name+" = ?", f.OutdatedName).
		Where(version+" < (SELECT max(p.version) FROM policies p WHERE p.kind = ? AND p.name = ?)", f.OutdatedKind, f.OutdatedName)
	return q.Where("r.id IN (?)", of)
}

// PromiseFigures are how many promises stand so, and to how many records: a record that was reopened, or whose requester was to be
// told more than once, has several of one kind.
type PromiseFigures struct {
	Met      int `bun:"met" json:"met"`
	Breached int `bun:"breached" json:"breached"`
	Running  int `bun:"running" json:"running"`
	// A list that asks for the same finds as many records.
	MetRecords      int `bun:"met_records" json:"met_records"`
	BreachedRecords int `bun:"breached_records" json:"breached_records"`
	RunningRecords  int `bun:"running_records" json:"running_records"`
}

// PromiseCount is how many promises of a kind stand so within a period.
type PromiseCount struct {
	Metric    sla.Metric `bun:"metric" json:"metric"`
	Agreement string     `bun:"agreement" json:"agreement"`
	Priority  int        `bun:"priority" json:"priority"` // of the record
	Team      string     `bun:"team" json:"team"`         // of the record
	PromiseFigures
}

// TeamPromises are the figures of one team's records, of every kind of promise together.
type TeamPromises struct {
	Team string `bun:"team" json:"team"`
	PromiseFigures
}

// PromiseSums are the promises of a period: of each kind, of each team, and all.
type PromiseSums struct {
	Counts []PromiseCount
	Teams  []TeamPromises
	Total  PromiseFigures
}

// How much of its sets a row of figures was grouped by.
const (
	groupedByKind = 0
	groupedByTeam = 2
)

// CountPromises counts the promises in force of records that the reader may read: those kept and broken within a period, and
// those that run and fall due in it. to is excluded.
func CountPromises(ctx context.Context, db bun.IDB, reader Reader, from, to time.Time) (PromiseSums, error) {
	counted := db.NewSelect().TableExpr(`(
		SELECT record_id, metric, agreement, 1 AS met, 0 AS breached, 0 AS running FROM clocks
			WHERE in_force AND stopped_at IS NOT NULL AND stopped_at >= ?0 AND stopped_at < ?1 AND state = 'met'
		UNION ALL SELECT record_id, metric, agreement, 0, 1, 0 FROM clocks
			WHERE in_force AND breached_at IS NOT NULL AND breached_at >= ?0 AND breached_at < ?1
		UNION ALL SELECT record_id, metric, agreement, 0, 0, 1 FROM clocks
			WHERE in_force AND stopped_at IS NULL AND due_at IS NOT NULL AND due_at >= ?0 AND due_at < ?1 AND breached_at IS NULL) AS c`, from, to).
		Join("JOIN records AS r ON r.id = c.record_id").
		ColumnExpr("coalesce(c.metric, '') AS metric, coalesce(c.agreement, '') AS agreement, coalesce(r.priority, 0) AS priority, coalesce(r.team, '') AS team").
		ColumnExpr("coalesce(sum(c.met), 0) AS met, coalesce(sum(c.breached), 0) AS breached, coalesce(sum(c.running), 0) AS running").
		ColumnExpr("count(DISTINCT r.id) FILTER (WHERE c.met = 1) AS met_records").
		ColumnExpr("count(DISTINCT r.id) FILTER (WHERE c.breached = 1) AS breached_records").
		ColumnExpr("count(DISTINCT r.id) FILTER (WHERE c.running = 1) AS running_records").
		ColumnExpr("grouping(c.metric, r.team) AS grouped_by").
		GroupExpr("GROUPING SETS ((c.metric, c.agreement, r.priority, r.team), (r.team), ())").
		OrderExpr("c.metric, c.agreement, r.priority, r.team")
	var rows []struct {
		PromiseCount
		GroupedBy int `bun:"grouped_by"`
	}
	if err := reader.where(counted).Scan(ctx, &rows); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return PromiseSums{}, fmt.Errorf("counting promises: %w", err)
	}
	var sums PromiseSums
	for _, row := range rows {
		switch row.GroupedBy {
		case groupedByKind:
			sums.Counts = append(sums.Counts, row.PromiseCount)
		case groupedByTeam:
			sums.Teams = append(sums.Teams, TeamPromises{Team: row.Team, PromiseFigures: row.PromiseFigures})
		default:
			sums.Total = row.PromiseFigures
		}
	}
	return sums, nil
}
