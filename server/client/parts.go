package client

import (
	"context"
	"strconv"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

func place(after int64, limit int) []string {
	pairs := []string{"limit", count(limit, mostItems)}
	if after > 0 {
		pairs = append(pairs, "after", strconv.FormatInt(after, 10))
	}
	return pairs
}

// Timeline reads a record's events after a place.
func (c *client) Timeline(ctx context.Context, reference string, after int64, limit int) (app.Page[domain.StoredEvent], error) {
	op := get(incidents, reference, "timeline")
	op.query = values(place(after, limit)...)
	return one[app.Page[domain.StoredEvent]](ctx, c, op)
}

// Links reads a record's links, seen from its end.
func (c *client) Links(ctx context.Context, reference string) ([]app.LinkRow, error) {
	return list[app.LinkRow](ctx, c, get(incidents, reference, "links"))
}

func myself(person string) string {
	if person == "" {
		return "me"
	}
	return person
}

// Answers suggests what helped others who reported something similar.
func (c *client) Answers(ctx context.Context, text, service string, limit int) ([]app.Answer, error) {
	op := get("answers")
	op.query = values("q", text, "service", service, "limit", count(limit, 20))
	return list[app.Answer](ctx, c, op)
}
