package browser

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// plannedWorkIsTold: somebody who asks for help reads what is planned before they report it: where, when by their own clock, and what to
// expect; and of a change that is restricted nothing.
func plannedWorkIsTold(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/policies/ServicePolicy/okapi", map[string]any{"spec": map[string]any{
		"title": "Okapi booking", "support": map[string]any{"team": "messaging", "calendar": "default"},
	}}, nil).Is(http.StatusOK)
	from := time.Now().UTC().AddDate(0, 0, 12).Truncate(time.Hour) // before the demo's freeze
	planned := func(outage string, restricted bool) string {
		number := awaiting(t, stack, "Okapi behind the counter", "bo")
		stack.As(t, "dee").Insist("/changes/"+number+"/edit", map[string]any{
			"service": "okapi", "services": []string{"okapi"}, "expected_outage": outage, "restricted": restricted,
			"window_from": from, "window_to": from.Add(2 * time.Hour),
		}).Is(http.StatusOK)
		var c struct {
			State    string `json:"state"`
			Approval struct {
				Hashes map[string]string `json:"hashes"`
			} `json:"approval"`
		}
		admin.Get("/changes/" + number).Is(http.StatusOK).Into(&c)
		stack.As(t, "bo").Insist("/changes/"+number+"/cast-vote", map[string]any{"vote": "approve", "hashes": c.Approval.Hashes}).Is(http.StatusOK).Into(&c)
		require.Equal(t, "scheduled", c.State)
		return number
	}
	number := planned("No booking for about ten minutes.\nWhat you typed before is kept.", false)
	planned("The gnu knows", true)

	admin.Do(http.MethodPut, "/people/gwen", map[string]any{"name": "Gwen Lund", "zone": "Asia/Tokyo"}, nil).Is(http.StatusOK)
	gwen := as(t, browser, stack, "gwen")
	gwen.visit("/portal")
	require.Equal(t, "Planned work", gwen.text("#planned-title"))
	require.Contains(t, gwen.text(".planned"), "Okapi booking")
	require.Contains(t, gwen.text(".planned"), "No booking for about ten minutes.")
	const inTokyo = `(() => {
		const one = document.querySelector(".planned-when time"), usual = {month: "short", day: "numeric", hour: "numeric", minute: "2-digit"};
		return one.textContent === new Intl.DateTimeFormat(undefined, {...usual, timeZone: "Asia/Tokyo"}).format(new Date(one.dateTime));
	})()`
	gwen.await(inTokyo)
	for _, inside := range []string{"behind the counter", number, "The gnu", "Switch the record"} {
		require.NotContains(t, gwen.text("body"), inside)
	}
	gwen.fit("the portal with planned work")

	gwen.visit("/portal/report")
	require.Empty(t, gwen.text("#planned"), "nothing is said before it is about a service")
	gwen.choose("#report-service", "okapi")
	gwen.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#report-service").dispatchEvent(new Event("change", {bubbles: true})); undefined`))
	gwen.await(`document.querySelector("#planned").innerText.includes("No booking for about ten minutes.")`)
	gwen.fit("a report about a service with planned work")
	gwen.visit("/portal/report?service=okapi")
	require.Contains(t, gwen.text("#planned"), "No booking for about ten minutes.", "without a script too")
	gwen.visit("/portal/report?service=mail")
	require.NotContains(t, gwen.text("#planned"), "booking")

	page := stack.As(t, "gwen").Get("/planned-work?service=okapi").Is(http.StatusOK).Map()["items"].([]any)
	require.Len(t, page, 1)
	one := page[0].(map[string]any)
	require.Equal(t, []any{map[string]any{"name": "okapi", "title": "Okapi booking"}}, one["services"])
	require.Len(t, one, 5, "services, from, until, expect, under way: %v", one)
	stack.As(t, "dee").Insist("/changes/"+number+"/cancel", map[string]any{"reason": "not needed"}).Is(http.StatusOK)
	require.Empty(t, stack.As(t, "gwen").Get("/planned-work?service=okapi").Is(http.StatusOK).Map()["items"])
	gwen.visit("/portal")
	require.NotContains(t, gwen.text("body"), "Okapi", "the next look is right")
	gwen.quiet()
}
