package client

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

const changes = "changes"

// Change reads one change.
func (c *client) Change(ctx context.Context, reference string) (app.ChangeView, error) {
	return one[app.ChangeView](ctx, c, get(changes, reference))
}

// Changes lists changes.
func (c *client) Changes(ctx context.Context, query app.ChangeQuery) (app.Page[app.ChangeView], error) {
	op := get(changes)
	op.query = values(
		"state", strings.Join(query.State, ","), "team", query.Team, "service", query.Service, "assignee", query.Assignee, "requester", query.Requester,
		"priority", priorities(query.Priority), "voting", whether(query.Voting), "type", query.Type,
		"model", query.Model, "item", query.Item, "category", query.Category, "tag", query.Tag, "q", query.Words, "sort", query.Sort, "from", instant(query.From), "to", instant(query.To), "cursor", query.Cursor,
		"limit", count(query.Limit, mostItems),
	)
	return one[app.Page[app.ChangeView]](ctx, c, op)
}

// ChangeTimeline reads what happened to a change.
func (c *client) ChangeTimeline(ctx context.Context, reference string, after int64, limit int) (app.Page[domain.StoredEvent], error) {
	op := get(changes, reference, "timeline")
	op.query = values(place(after, limit)...)
	return one[app.Page[domain.StoredEvent]](ctx, c, op)
}

// PlannedWork lists what users are told of changes that they will notice.
func (c *client) PlannedWork(ctx context.Context, service string, limit int) ([]app.PlannedWork, error) {
	op := get("planned-work")
	op.query = values("service", service, "limit", count(limit, mostItems))
	return list[app.PlannedWork](ctx, c, op)
}

// ChangeModels lists the models that changes can be made of.
func (c *client) ChangeModels(ctx context.Context) ([]app.ModelView, error) {
	page, err := one[app.Page[app.ModelView]](ctx, c, get("change-models"))
	return page.Items, err
}

// ModelRecord says how the changes of a model ended.
func (c *client) ModelRecord(ctx context.Context, model string) (app.TrackRecord, error) {
	return one[app.TrackRecord](ctx, c, get("change-models", model, "record"))
}

// TeamRecord says how the changes of a team ended.
func (c *client) TeamRecord(ctx context.Context, team string) (app.TrackRecord, error) {
	return one[app.TrackRecord](ctx, c, get("teams", team, "change-record"))
}

// ChangeWindows lists freezes and maintenance windows.
func (c *client) ChangeWindows(ctx context.Context, span window.Span) ([]app.WindowView, error) {
	op := get("change-windows")
	op.query = values("from", instant(&span.From), "to", instant(&span.To))
	return list[app.WindowView](ctx, c, op)
}

// changeFeeds is where addresses of the change calendar are kept.
const changeFeeds = "change-feeds"

// ChangeFeeds lists the caller's addresses of the change calendar.
func (c *client) ChangeFeeds(ctx context.Context) ([]app.Feed, error) {
	return list[app.Feed](ctx, c, get(changeFeeds))
}

// MakeChangeFeed makes an address of the change calendar.
func (c *client) MakeChangeFeed(ctx context.Context, service string) (app.NewFeed, error) {
	body := struct {
		Service string `json:"service,omitempty"`
	}{service}
	return one[app.NewFeed](ctx, c, call{method: http.MethodPost, path: []string{changeFeeds}, body: body})
}

// RevokeChangeFeed ends an address of the change calendar.
func (c *client) RevokeChangeFeed(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{changeFeeds, id}})
	return err
}

// Approvals lists the votes that wait for the caller, and those that they gave last.
func (c *client) Approvals(ctx context.Context) (app.Approvals, error) {
	return one[app.Approvals](ctx, c, get("approvals"))
}

// Delegations lists who votes for whom.
func (c *client) Delegations(ctx context.Context) ([]app.Delegation, error) {
	page, err := one[app.Page[app.Delegation]](ctx, c, get("delegations"))
	return page.Items, err
}

// Delegate lets somebody vote for the caller.
func (c *client) Delegate(ctx context.Context, request app.Delegating) (app.Delegation, error) {
	return one[app.Delegation](ctx, c, call{method: http.MethodPost, path: []string{"delegations"}, body: request})
}

// EndDelegation ends a delegation before its time.
func (c *client) EndDelegation(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{"delegations", id}})
	return err
}

// priorities and whether write what a query asks; empty where it asks nothing.
func priorities(list []int) string {
	texts := make([]string, len(list))
	for i, priority := range list {
		texts[i] = strconv.Itoa(priority)
	}
	return strings.Join(texts, ",")
}

func whether(asked bool) string {
	if !asked {
		return ""
	}
	return strconv.FormatBool(asked)
}
