package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// PeopleFilter narrows a list of people: to those whose handle or name, or with Mails whose mail, contains a text, and to
// those who are active or are not.
type PeopleFilter struct {
	Text   string
	Mails  bool
	Active *bool
	After  *PeoplePosition
	Limit  int
}

// PeoplePosition is where a page of people ends.
type PeoplePosition struct {
	Active bool   `json:"a"`
	Handle string `json:"h"`
}

// ListPeople finds people, the active ones first, in the order of their handles, and where the next page begins after.
func ListPeople(ctx context.Context, db bun.IDB, filter PeopleFilter) ([]PersonRow, *PeoplePosition, error) {
	var rows []PersonRow
	q := db.NewSelect().Model(&rows).OrderExpr("active DESC, handle").Limit(int64(filter.Limit) + 1)
	if filter.Text != "" {
		like := "%" + filter.Text + "%"
		q = q.Where("handle ILIKE ? OR name ILIKE ? OR ? AND mail ILIKE ?", like, like, filter.Mails, like)
	}
	if filter.Active != nil {
		q = q.Where("active = ?", *filter.Active)
	}
	if after := filter.After; after != nil {
		q = q.Where("(NOT active, handle) > (?, ?)", !after.Active, after.Handle)
	}
	if err := q.Scan(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, fmt.Errorf("listing people: %w", err)
	}
	if len(rows) <= filter.Limit {
		return rows, nil, nil
	}
	rows = rows[:filter.Limit]
	last := rows[len(rows)-1]
	return rows, &PeoplePosition{Active: last.Active, Handle: last.Handle}, nil
}
