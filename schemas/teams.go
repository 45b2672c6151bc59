package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// TeamRow and ServiceRow are what Team and ServicePolicy documents say, as rows that guards can join.
type TeamRow struct {
	Name     string   `bun:"name"`
	Title    string   `bun:"title"`
	Lead     string   `bun:"lead"`
	Calendar string   `bun:"calendar"`
	Members  []string `bun:"members,type:json"`
}

// ServiceRow is a service and who supports it.
type ServiceRow struct {
	bun.BaseModel `bun:"table:services,alias:s"`
	Name          string `bun:"name,pk"`
	Title         string `bun:"title"`
	Owner         string `bun:"owner"`
	Criticality   string `bun:"criticality"`
	Team          string `bun:"team"`
	Calendar      string `bun:"calendar"`
}

// ListTeams lists teams with their members.
func ListTeams(ctx context.Context, db bun.IDB) ([]TeamRow, error) {
	var rows []TeamRow
	err := db.NewRaw(`SELECT t.name, t.title, t.lead, t.calendar,
		to_json(ARRAY(SELECT person FROM team_members m WHERE m.team = t.name ORDER BY person)) AS members FROM teams t ORDER BY t.name`).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing teams: %w", err)
	}
	return rows, nil
}

// TeamPeople are the members of a team, and who leads it. A team that is not known has nobody.
func TeamPeople(ctx context.Context, db bun.IDB, name string) (members []string, lead string, err error) {
	var found struct {
		Lead    string   `bun:"lead"`
		Members []string `bun:"members,type:json"`
	}
	err = db.NewRaw(`SELECT coalesce((SELECT lead FROM teams WHERE name = ?0), '') AS lead,
		to_json(ARRAY(SELECT person FROM team_members WHERE team = ?0 ORDER BY person)) AS members`, name).Scan(ctx, &found)
	if err != nil {
		return nil, "", fmt.Errorf("reading the members of %s: %w", name, err)
	}
	return found.Members, found.Lead, nil
}

// SaveTeam writes what a Team document says.
func SaveTeam(ctx context.Context, db bun.IDB, row TeamRow) error {
	_, err := db.NewRaw(`INSERT INTO teams (name, title, lead, calendar) VALUES (?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET title = excluded.title, lead = excluded.lead, calendar = excluded.calendar`,
		row.Name, row.Title, row.Lead, row.Calendar).Exec(ctx)
	if err == nil {
		_, err = db.NewRaw(`DELETE FROM team_members WHERE team = ?`, row.Name).Exec(ctx)
	}
	if err == nil {
		_, err = db.NewRaw(`INSERT INTO team_members (team, person) SELECT DISTINCT ?, person FROM unnest(?::text[]) AS person`,
			row.Name, pgdialect.Array(row.Members)).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("writing team %s: %w", row.Name, err)
	}
	return nil
}

// ListServices lists services.
func ListServices(ctx context.Context, db bun.IDB) ([]ServiceRow, error) {
	var rows []ServiceRow
	if err := db.NewSelect().Model(&rows).OrderExpr("name").Scan(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing services: %w", err)
	}
	return rows, nil
}

// SaveService writes what a ServicePolicy document says.
func SaveService(ctx context.Context, db bun.IDB, row ServiceRow) error {
	_, err := db.NewInsert().Model(&row).On("CONFLICT (name) DO UPDATE").
		Set("title = excluded.title, owner = excluded.owner, criticality = excluded.criticality, team = excluded.team, calendar = excluded.calendar").Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing service %s: %w", row.Name, err)
	}
	return nil
}
