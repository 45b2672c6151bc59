package client

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
)

// Deliveries lists what left for the outside, or waits to.
func (c *client) Deliveries(ctx context.Context, query app.DeliveryQuery) (app.Page[app.Delivery], error) {
	op := get("deliveries")
	op.query = values("state", strings.Join(query.State, ","), "destination", query.Destination, "person", query.Person, "record", query.Record, "cursor", query.Cursor, "limit", count(query.Limit, mostItems))
	return one[app.Page[app.Delivery]](ctx, c, op)
}

// ReplayDelivery lets one that was given up try again.
func (c *client) ReplayDelivery(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: []string{"deliveries", id, "replay"}, unkeyed: true})
	return err
}

// Destinations lists where deliveries go.
func (c *client) Destinations(ctx context.Context) ([]app.Destination, error) {
	return list[app.Destination](ctx, c, get("destinations"))
}

// SaveDestination adds a webhook, or writes one anew.
func (c *client) SaveDestination(ctx context.Context, name string, body app.DestinationBody) (app.NewDestination, error) {
	return one[app.NewDestination](ctx, c, call{method: http.MethodPut, path: []string{"destinations", name}, body: body})
}

// RotateSecret gives a webhook a new secret.
func (c *client) RotateSecret(ctx context.Context, name string) (app.NewDestination, error) {
	return one[app.NewDestination](ctx, c, call{method: http.MethodPost, path: []string{"destinations", name, "rotate-secret"}, unkeyed: true})
}

// Bell lists what the caller was told.
func (c *client) Bell(ctx context.Context, query app.BellQuery) (app.Page[app.Rung], error) {
	op := get("notifications")
	op.query = values("cursor", query.Cursor, "limit", count(query.Limit, mostItems))
	if query.Unread {
		op.query.Set("unread", "true")
	}
	return one[app.Page[app.Rung]](ctx, c, op)
}

// Unread counts what the caller has not read.
func (c *client) Unread(ctx context.Context) (int, error) {
	got, err := one[struct {
		Count int `json:"count"`
	}](ctx, c, get("notifications", "unread"))
	return got.Count, err
}

// ReadBell marks what the caller has read.
func (c *client) ReadBell(ctx context.Context, id int64, upTo bool) error {
	op := call{method: http.MethodPost, path: []string{"notifications", strconv.FormatInt(id, 10), "read"}}
	if upTo {
		op.query = values("up_to", "true")
	}
	_, err := c.do(ctx, op)
	return err
}

// NotificationSettings reads how the caller is told.
func (c *client) NotificationSettings(ctx context.Context) (app.NotificationSettings, error) {
	return one[app.NotificationSettings](ctx, c, get("notification-rules"))
}

// SaveNotificationRules says how the caller is told.
func (c *client) SaveNotificationRules(ctx context.Context, rules app.NotificationRules) (app.NotificationSettings, error) {
	return one[app.NotificationSettings](ctx, c, call{method: http.MethodPut, path: []string{"notification-rules"}, body: rules})
}

// AddContact sends a code to a new contact.
func (c *client) AddContact(ctx context.Context, body app.ContactBody) (app.Contact, error) {
	return one[app.Contact](ctx, c, call{method: http.MethodPost, path: []string{"contacts"}, body: body, unkeyed: true})
}

// VerifyContact brings a code back.
func (c *client) VerifyContact(ctx context.Context, id, code string) (app.Contact, error) {
	return one[app.Contact](ctx, c, call{method: http.MethodPost, path: []string{"contacts", id, "verify"}, body: map[string]string{"code": code}, unkeyed: true})
}

// DropContact takes a contact away.
func (c *client) DropContact(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{"contacts", id}})
	return err
}

// TestPage pages the caller.
func (c *client) TestPage(ctx context.Context) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: []string{"test-page"}, unkeyed: true})
	return err
}
