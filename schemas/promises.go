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
	// From and To bound when it was broken, was kept, or will fall due; To is excluded.
	From, To *time.Time
	// OutdatedKind and OutdatedName ask, beside that, for a promise still to be kept that an earlier version of this calendar or SLA
	// measures than the newest; empty: they ask nothing.
	OutdatedKind, OutdatedName string
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

// PromiseCount is how many promises of a kind stand so within a period.
type PromiseCount struct {
	Metric    sla.Metric `bun:"metric" json:"metric"`
	Agreement string     `bun:"agreement" json:"agreement"`
	Priority  int        `bun:"priority" json:"priority"` // of the record
	Team      string     `bun:"team" json:"team"`         // of the record
	Met       int        `bun:"met" json:"met"`
	Breached  int        `bun:"breached" json:"breached"`
	Running   int        `bun:"running" json:"running"`
}

// CountPromises counts the promises in force of records that the reader may read: those kept and broken within a period, and
// those that run and fall due in it. to is excluded.
func CountPromises(ctx context.Context, db bun.IDB, reader Reader, from, to time.Time) ([]PromiseCount, error) {
	counted := db.NewSelect().TableExpr(`(
		SELECT record_id, metric, agreement, 1 AS met, 0 AS breached, 0 AS running FROM clocks
			WHERE in_force AND stopped_at IS NOT NULL AND stopped_at >= ?0 AND stopped_at < ?1 AND state = 'met'
		UNION ALL SELECT record_id, metric, agreement, 0, 1, 0 FROM clocks
			WHERE in_force AND breached_at IS NOT NULL AND breached_at >= ?0 AND breached_at < ?1
		UNION ALL SELECT record_id, metric, agreement, 0, 0, 1 FROM clocks
			WHERE in_force AND stopped_at IS NULL AND due_at IS NOT NULL AND due_at >= ?0 AND due_at < ?1 AND breached_at IS NULL) AS c`, from, to).
		Join("JOIN records AS r ON r.id = c.record_id").
		ColumnExpr("c.metric, c.agreement, r.priority, r.team, sum(c.met) AS met, sum(c.breached) AS breached, sum(c.running) AS running").
		GroupExpr("c.metric, c.agreement, r.priority, r.team").OrderExpr("c.metric, c.agreement, r.priority, r.team")
	var counts []PromiseCount
	if err := reader.where(counted).Scan(ctx, &counts); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("counting promises: %w", err)
	}
	return counts, nil
}
