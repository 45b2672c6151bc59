package client

import (
	"context"
	"net/http"
	"strconv"

	"github.com/holdfast-itsm/holdfast/app"
)

// Clocks lists all clocks of an incident.
func (c *client) Clocks(ctx context.Context, reference string) ([]app.Clock, error) {
	return list[app.Clock](ctx, c, get(incidents, reference, "clocks"))
}

// ExplainClock explains one clock of an incident.
func (c *client) ExplainClock(ctx context.Context, reference string, query app.ClockQuery) (app.Clock, error) {
	op := get(incidents, reference, "clocks", string(query.Metric), "explain")
	op.query = values("agreement", query.Agreement, "cycle", positive(query.Cycle), "rating", positive(query.Rating), "at", instant(query.At))
	return one[app.Clock](ctx, c, op)
}

func positive(number int) string {
	if number <= 0 {
		return ""
	}
	return strconv.Itoa(number)
}

// ReRate measures the incidents of one page anew, or previews that.
func (c *client) ReRate(ctx context.Context, request app.ReRating) (app.ReRated, error) {
	op := call{
		method: http.MethodPost, path: []string{"re-ratings"}, key: request.Key, long: true, query: listed(request.Query),
		body: map[string]string{"reason": request.Reason},
	}
	if request.Preview {
		op.query.Set("preview", "true")
	}
	return one[app.ReRated](ctx, c, op)
}

// PromisesKept counts the promises of one day.
func (c *client) PromisesKept(ctx context.Context, query app.PromisesQuery) (app.PromisesView, error) {
	op := get("promises")
	op.query = values("day", query.Day, "zone", query.Zone)
	return one[app.PromisesView](ctx, c, op)
}
