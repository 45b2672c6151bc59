package client

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// Views lists the views that the caller sees.
func (c *client) Views(ctx context.Context, practice domain.Practice) ([]app.View, error) {
	op := get("views")
	op.query = values("practice", string(practice))
	return list[app.View](ctx, c, op)
}

// View reads one view.
func (c *client) View(ctx context.Context, id string) (app.View, error) {
	return one[app.View](ctx, c, get("views", id))
}

// DefaultView reads the view that the caller's list begins with.
func (c *client) DefaultView(ctx context.Context, practice domain.Practice) (app.View, error) {
	op := get("views", "default")
	op.query = values("practice", string(practice))
	return one[app.View](ctx, c, op)
}

// CountViews counts what each of some filters finds.
func (c *client) CountViews(ctx context.Context, practice domain.Practice, filters []app.ViewFilter) ([]int, error) {
	if len(filters) == 0 {
		return []int{}, nil
	}
	var got struct {
		Counts []int `json:"counts"`
	}
	_, err := c.do(ctx, call{method: http.MethodPost, path: []string{"views", "count"}, body: map[string]any{"practice": practice, "filters": filters}, into: &got})
	return got.Counts, err
}

// SaveView keeps a new view, or writes one anew.
func (c *client) SaveView(ctx context.Context, key string, view app.View) (app.View, error) {
	body := struct {
		Practice domain.Practice `json:"practice,omitempty"`
		Name     string          `json:"name"`
		Audience string          `json:"audience,omitempty"`
		Team     string          `json:"team,omitempty"`
		Filter   app.ViewFilter  `json:"filter"`
		Columns  []string        `json:"columns,omitempty"`
	}{view.Practice, view.Name, view.Audience, view.Team, view.Filter, view.Columns}
	op := call{method: http.MethodPost, path: []string{"views"}, key: key, body: body}
	if view.ID != "" {
		op = call{method: http.MethodPut, path: []string{"views", view.ID}, body: body}
	}
	return one[app.View](ctx, c, op)
}

// DropView takes a view away.
func (c *client) DropView(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{"views", id}})
	return err
}

// ChooseView makes the caller's list begin with a view; an empty id takes that back.
func (c *client) ChooseView(ctx context.Context, practice domain.Practice, id string) error {
	op := call{method: http.MethodPut, path: []string{"views", id, "default"}}
	if id == "" {
		op = call{method: http.MethodDelete, path: []string{"views", "default"}, query: values("practice", string(practice))}
	}
	_, err := c.do(ctx, op)
	return err
}
