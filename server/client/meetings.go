package client

import (
	"context"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

const meetings = "cab-meetings"

// Meeting reads one meeting of a change advisory board.
func (c *client) Meeting(ctx context.Context, reference string) (app.MeetingView, error) {
	return one[app.MeetingView](ctx, c, get(meetings, reference))
}

// Meetings lists the meetings of change advisory boards.
func (c *client) Meetings(ctx context.Context, query app.MeetingQuery) (app.Page[app.MeetingView], error) {
	op := get(meetings)
	op.query = values("state", strings.Join(query.State, ","), "cadence", query.Cadence, "cursor", query.Cursor, "limit", count(query.Limit, mostItems))
	return one[app.Page[app.MeetingView]](ctx, c, op)
}

// MeetingTimeline reads what happened to a meeting.
func (c *client) MeetingTimeline(ctx context.Context, reference string, after int64, limit int) (app.Page[domain.StoredEvent], error) {
	op := get(meetings, reference, "timeline")
	op.query = values(place(after, limit)...)
	return one[app.Page[domain.StoredEvent]](ctx, c, op)
}

// MeetingPaper reads what agenda and minutes of a meeting are made of.
func (c *client) MeetingPaper(ctx context.Context, reference string) (app.MeetingPaper, error) {
	return one[app.MeetingPaper](ctx, c, get(meetings, reference, "paper"))
}
