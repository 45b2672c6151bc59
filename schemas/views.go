package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
)

// ViewRow is a question about a practice's records that somebody keeps.
type ViewRow struct {
	bun.BaseModel `bun:"table:views,alias:v"`
	ID            string          `bun:"id,pk,type:uuid"`
	Practice      domain.Practice `bun:"practice"`
	Name          string          `bun:"name"`
	Owner         string          `bun:"owner"`
	Audience      string          `bun:"audience"`
	Team          string          `bun:"team"`
	Filter        string          `bun:"filter"` // JSON text
	Columns       []string        `bun:"columns,type:jsonb"`
	CreatedAt     time.Time       `bun:"created_at"`
	UpdatedAt     time.Time       `bun:"updated_at"`
	// Chosen: the reader's list begins with it.
	Chosen bool `bun:"chosen,scanonly"`
}

// visibleViews are the views that a person sees: their own, those of their teams, and those for everybody.
func visibleViews(db bun.IDB, rows any, person string) *bun.SelectQuery {
	return db.NewSelect().Model(rows).ColumnExpr("v.*").
		ColumnExpr("EXISTS (SELECT FROM view_defaults d WHERE d.view_id = v.id AND d.person = ?) AS chosen", person).
		Where(`(v.owner = ?0 OR v.audience = 'everybody'
			OR v.audience = 'team' AND v.team IN (SELECT team FROM team_members WHERE person = ?0))`, person)
}

// ListViews reads the views of a practice that a person sees, their own first, by name.
func ListViews(ctx context.Context, db bun.IDB, person string, practice domain.Practice) ([]ViewRow, error) {
	var rows []ViewRow
	err := visibleViews(db, &rows, person).Where("v.practice = ?", practice).
		OrderExpr("(v.owner <> ? OR v.audience <> 'private'), v.name, v.id", person).Limit(maxViews).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing views: %w", err)
	}
	return rows, nil
}

const maxViews = 200

// ReadView reads one view that a person sees; false when there is none.
func ReadView(ctx context.Context, db bun.IDB, person, id string) (ViewRow, bool, error) {
	var row ViewRow
	if !IsID(id) {
		return row, false, nil
	}
	err := visibleViews(db, &row, person).Where("v.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading a view: %w", err)
	}
	return row, true, nil
}

// ReadDefaultView reads the view that a person's list of a practice begins with, as long as they see it; false when there is none.
func ReadDefaultView(ctx context.Context, db bun.IDB, person string, practice domain.Practice) (ViewRow, bool, error) {
	var row ViewRow
	err := visibleViews(db, &row, person).Where("v.id = (SELECT view_id FROM view_defaults WHERE person = ? AND practice = ?)", person, practice).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading a default view: %w", err)
	}
	return row, true, nil
}

// AddView writes a new view, once: a row of its id stays as it is.
func AddView(ctx context.Context, db bun.IDB, row ViewRow) error {
	if _, err := db.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("writing a view: %w", err)
	}
	return nil
}

// CountViews counts the views that a person made.
func CountViews(ctx context.Context, db bun.IDB, owner string) (int, error) {
	var count int
	if err := db.NewSelect().Table("views").ColumnExpr("count(*)").Where("owner = ?", owner).Scan(ctx, &count); err != nil {
		return 0, fmt.Errorf("counting the views of %s: %w", owner, err)
	}
	return count, nil
}

// ChangeView writes a view anew, but for whose it is. It answers false when it is gone.
func ChangeView(ctx context.Context, db bun.IDB, row ViewRow) (bool, error) {
	return changed(db.NewUpdate().Model(&row).Column("name", "audience", "team", "filter", "columns", "updated_at").WherePK().Exec(ctx))
}

// DropView takes a view away, for everybody whose list begins with it too. It answers false when it was gone.
func DropView(ctx context.Context, db bun.IDB, id string) (bool, error) {
	return changed(db.NewDelete().Table("views").Where("id = ?", id).Exec(ctx))
}

// ChooseView makes a person's list of a practice begin with a view; an empty id takes that back.
func ChooseView(ctx context.Context, db bun.IDB, person string, practice domain.Practice, id string) error {
	q := db.NewRaw(`INSERT INTO view_defaults (person, practice, view_id) VALUES (?, ?, ?)
		ON CONFLICT (person, practice) DO UPDATE SET view_id = excluded.view_id`, person, practice, id)
	if id == "" {
		q = db.NewRaw(`DELETE FROM view_defaults WHERE person = ? AND practice = ?`, person, practice)
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("choosing a view: %w", err)
	}
	return nil
}

// IsMember reports whether a person is in a team.
func IsMember(ctx context.Context, db bun.IDB, team, person string) (bool, error) {
	var member bool
	err := db.NewRaw(`SELECT EXISTS (SELECT FROM team_members WHERE team = ? AND person = ?)`, team, person).Scan(ctx, &member)
	if err != nil {
		return false, fmt.Errorf("looking into team %s: %w", team, err)
	}
	return member, nil
}

// CountIncidents counts what lists with these filters have for a reader, each up to a bound, in one statement and in their order.
func CountIncidents(ctx context.Context, db bun.IDB, reader Reader, filters []IncidentFilter, bound int) ([]int, error) {
	counted := make([]*bun.SelectQuery, len(filters))
	for i, filter := range filters {
		counted[i] = filter.where(reader.where(db.NewSelect().ColumnExpr("1").TableExpr("records AS r").Where("r.practice = 'incident'")))
	}
	counts, err := countEach(ctx, db.NewSelect(), counted, bound)
	if err != nil {
		return nil, fmt.Errorf("counting incidents: %w", err)
	}
	return counts, nil
}

// countEach counts what each of some queries finds, up to a bound, in one statement.
func countEach(ctx context.Context, statement *bun.SelectQuery, queries []*bun.SelectQuery, bound int) ([]int, error) {
	if len(queries) == 0 {
		return nil, nil
	}
	parts, bounded := make([]string, len(queries)), make([]any, len(queries))
	for i, query := range queries {
		parts[i], bounded[i] = "(SELECT count(*) FROM (?) AS bounded)", query.Limit(int64(bound))
	}
	var counts []int
	err := statement.ColumnExpr("unnest(ARRAY["+strings.Join(parts, ", ")+"])", bounded...).Scan(ctx, &counts)
	return counts, err
}
