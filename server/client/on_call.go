package client

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
)

// Schedules lists the on-call schedules.
func (c *client) Schedules(ctx context.Context) ([]app.Schedule, error) {
	return list[app.Schedule](ctx, c, get("schedules"))
}

// WhoIsOnCall tells who is on call.
func (c *client) WhoIsOnCall(ctx context.Context, query app.OnCallQuery) ([]app.OnCallView, error) {
	op := get("on-call")
	op.query = values("schedule", query.Schedule, "at", instant(query.At))
	return list[app.OnCallView](ctx, c, op)
}

// Shifts lists who is on call between two instants.
func (c *client) Shifts(ctx context.Context, query app.ShiftQuery) ([]app.ShiftView, error) {
	op := get("on-call", "shifts")
	op.query = values("schedule", query.Schedule, "person", query.Person, "from", instant(query.From), "to", instant(query.To))
	return list[app.ShiftView](ctx, c, op)
}

// CheckSchedule looks through the next 52 weeks.
func (c *client) CheckSchedule(ctx context.Context, schedule string) (app.CoverageView, error) {
	return one[app.CoverageView](ctx, c, get("schedules", schedule, "check"))
}

// Overrides lists those that are not over.
func (c *client) Overrides(ctx context.Context, schedule string) ([]app.Override, error) {
	return list[app.Override](ctx, c, get("schedules", schedule, "overrides"))
}

// AddOverride puts somebody in another's place, or beside them.
func (c *client) AddOverride(ctx context.Context, schedule, key string, body app.OverrideBody) (app.Override, error) {
	return one[app.Override](ctx, c, call{method: http.MethodPost, path: []string{"schedules", schedule, "overrides"}, key: key, body: body})
}

// EndOverride takes one back.
func (c *client) EndOverride(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{"overrides", id}})
	return err
}

// Swaps lists the caller's swaps.
func (c *client) Swaps(ctx context.Context) ([]app.Swap, error) {
	return list[app.Swap](ctx, c, get("swaps"))
}

// ProposeSwap asks somebody to change turns.
func (c *client) ProposeSwap(ctx context.Context, schedule, key string, body app.SwapBody) (app.Swap, error) {
	return one[app.Swap](ctx, c, call{method: http.MethodPost, path: []string{"schedules", schedule, "swaps"}, key: key, body: body})
}

// DecideSwap accepts, declines or withdraws.
func (c *client) DecideSwap(ctx context.Context, id string, decision app.SwapDecision) (app.Swap, error) {
	return one[app.Swap](ctx, c, call{method: http.MethodPost, path: []string{"swaps", id, string(decision)}})
}

// Feeds lists the caller's calendar addresses.
func (c *client) Feeds(ctx context.Context) ([]app.Feed, error) {
	return list[app.Feed](ctx, c, get("on-call", "feeds"))
}

// MakeFeed makes a calendar address.
func (c *client) MakeFeed(ctx context.Context, schedule string) (app.NewFeed, error) {
	body := struct {
		Schedule string `json:"schedule,omitempty"`
	}{schedule}
	return one[app.NewFeed](ctx, c, call{method: http.MethodPost, path: []string{"on-call", "feeds"}, body: body})
}

// RevokeFeed ends a calendar address.
func (c *client) RevokeFeed(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{"on-call", "feeds", id}})
	return err
}
