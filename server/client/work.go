package client

import (
	"context"

	"github.com/holdfast-itsm/holdfast/app"
)

// Work gathers what stands before somebody.
func (c *client) Work(ctx context.Context) (app.WorkView, error) {
	return one[app.WorkView](ctx, c, get("work"))
}

// Waiting lists every open deadline, the next one first.
func (c *client) Waiting(ctx context.Context, query app.WaitingQuery) (app.Page[app.WaitingRow], error) {
	op := get("waiting")
	op.query = values("team", query.Team, "assignee", query.Assignee, "service", query.Service, "name", query.Name,
		"until", instant(query.Until), "cursor", query.Cursor, "limit", count(query.Limit, mostItems))
	return one[app.Page[app.WaitingRow]](ctx, c, op)
}

// Search finds records of every practice by number or by words.
func (c *client) Search(ctx context.Context, text string, limit int) ([]app.FoundRow, error) {
	op := get("search")
	op.query = values("limit", count(limit, mostItems))
	op.query.Set("q", text)
	return list[app.FoundRow](ctx, c, op)
}
