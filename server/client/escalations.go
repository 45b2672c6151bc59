package client

import (
	"context"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

const escalations = "escalations"

// Escalation reads one escalation.
func (c *client) Escalation(ctx context.Context, reference string) (app.EscalationView, error) {
	return one[app.EscalationView](ctx, c, get(escalations, reference))
}

// Escalations lists escalations.
func (c *client) Escalations(ctx context.Context, query app.EscalationQuery) (app.Page[app.EscalationView], error) {
	op := get(escalations)
	op.query = values("state", strings.Join(query.State, ","), "source", query.Source, "cursor", query.Cursor, "limit", count(query.Limit, mostItems))
	return one[app.Page[app.EscalationView]](ctx, c, op)
}

// EscalationTimeline reads whom an escalation called.
func (c *client) EscalationTimeline(ctx context.Context, reference string, after int64, limit int) (app.Page[domain.StoredEvent], error) {
	op := get(escalations, reference, "timeline")
	op.query = values(place(after, limit)...)
	return one[app.Page[domain.StoredEvent]](ctx, c, op)
}
