package client

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
)

// Alerts lists what monitoring told.
func (c *client) Alerts(ctx context.Context, query app.AlertQuery) (app.Page[app.AlertRow], error) {
	op := get("alerts")
	op.query = values("service", query.Service, "item", query.Item, "change", query.Change, "incident", query.Incident, "cursor", query.Cursor, "limit", count(query.Limit, mostItems))
	for name, set := range map[string]bool{"firing": query.Firing, "held": query.Held} {
		if set {
			op.query.Set(name, "true")
		}
	}
	return one[app.Page[app.AlertRow]](ctx, c, op)
}

// IntakeKeys lists the keys of the caller's services.
func (c *client) IntakeKeys(ctx context.Context) ([]app.IntakeKey, error) {
	return list[app.IntakeKey](ctx, c, get("intake-keys"))
}

// MakeIntakeKey makes a key for a service.
func (c *client) MakeIntakeKey(ctx context.Context, body app.IntakeKeyBody) (app.NewIntakeKey, error) {
	return one[app.NewIntakeKey](ctx, c, call{method: http.MethodPost, path: []string{"intake-keys"}, body: body, unkeyed: true})
}

// RevokeIntakeKey ends a key.
func (c *client) RevokeIntakeKey(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{"intake-keys", id}})
	return err
}
