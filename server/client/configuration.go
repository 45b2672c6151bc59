package client

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

const configurationItems = "configuration-items"

// ConfigurationItems lists items.
func (c *client) ConfigurationItems(ctx context.Context, query app.ItemQuery) (app.Page[configuration.Item], error) {
	op := get(configurationItems)
	op.query = values(
		"q", query.Words, "class", query.Class, "service", query.Service, "team", query.Team, "environment", query.Environment,
		"criticality", query.Criticality, "at", instant(query.At), "cursor", query.Cursor, "limit", count(query.Limit, mostItems),
	)
	return one[app.Page[configuration.Item]](ctx, c, op)
}

// ConfigurationItem reads an item with what is around it.
func (c *client) ConfigurationItem(ctx context.Context, handle string, at *time.Time) (app.ItemView, error) {
	op := get(configurationItems, handle)
	op.query = values("at", instant(at))
	return one[app.ItemView](ctx, c, op)
}

// ItemVersions lists what was ever said of an item.
func (c *client) ItemVersions(ctx context.Context, handle string) ([]configuration.Item, error) {
	return list[configuration.Item](ctx, c, get(configurationItems, handle, "versions"))
}

// ItemRelations lists the relations that an item has or ever had.
func (c *client) ItemRelations(ctx context.Context, handle string) ([]app.RelatedRow, error) {
	return list[app.RelatedRow](ctx, c, get(configurationItems, handle, "relations"))
}

// SaveItem writes an item's next version.
func (c *client) SaveItem(ctx context.Context, handle string, body app.ItemBody) (configuration.Item, error) {
	return one[configuration.Item](ctx, c, call{method: http.MethodPut, path: []string{configurationItems, handle}, body: body})
}

// EndItem ends an item.
func (c *client) EndItem(ctx context.Context, handle, reason string) (configuration.Item, error) {
	return one[configuration.Item](ctx, c, call{method: http.MethodPost, path: []string{configurationItems, handle, "end"}, body: map[string]string{"reason": reason}})
}

// Relate ties one item to another.
func (c *client) Relate(ctx context.Context, handle string, body app.RelationBody) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: []string{configurationItems, handle, "relations"}, body: body})
	return err
}

// EndRelation ends a relation.
func (c *client) EndRelation(ctx context.Context, handle string, body app.RelationBody) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: []string{configurationItems, handle, "relations", "end"}, body: body})
	return err
}

// Impact says who feels what happens to some items.
func (c *client) Impact(ctx context.Context, query app.ImpactQuery) (configuration.Impact, error) {
	op := get("configuration-impact")
	through := ""
	if query.Through {
		through = strconv.FormatBool(true)
	}
	op.query = values("item", strings.Join(query.Items, ","), "at", instant(query.At), "depth", count(query.Depth, configuration.ImpactDepth), "through_shared", through)
	return one[configuration.Impact](ctx, c, op)
}

// ImportConfiguration writes all that sources say, or with any fault nothing.
func (c *client) ImportConfiguration(ctx context.Context, body app.ImportBody) (configuration.Report, error) {
	return one[configuration.Report](ctx, c, call{method: http.MethodPost, path: []string{"configuration-import"}, body: body, long: true})
}
