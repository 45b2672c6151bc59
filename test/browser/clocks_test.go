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

// TestClocks walks the pages that show what was promised and whom it wakes. Its administrator's bell rings for nothing else, so it
// has a Holdfast of its own.
func TestClocks(t *testing.T) {
	t.Parallel()
	walkAll(t, newBrowser(t), kit.Up(t), map[string]walk{
		"every clock is fit for everybody": clocksAreFit, "a new version is brought to open records": newVersionIsBrought,
		"who is called is live": whoIsCalledIsLive,
	})
}

// clocksAreFit looks at clocks that run, rest, are broken, kept and replaced, as the desk sees them and as whoever reported it does.
func clocksAreFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/policies/SLA/fit", map[string]any{"reason": "test", "spec": map[string]any{
		"applies_to": `"fit" in record.tags`, "rank": 300, "calendar": "around-the-clock",
		"targets":  map[string]any{"response": map[string]string{"3": "2h", "5": "1s"}, "resolution": map[string]string{"1": "2s", "3": "2h", "5": "6s"}},
		"pause_on": map[string]any{"reasons": []string{"awaiting_requester"}},
		"thresholds": []map[string]any{
			{"metric": "resolution", "at": "50%", "do": []map[string]any{{"notify": []string{"assignee", "person:ana"}}}},
			{"metric": "resolution", "at": "due+30s", "do": []map[string]any{{"raise_priority": 1}}},
		},
	}}, nil).Is(http.StatusOK)
	promised := func(impact string) string {
		var view struct {
			Number string `json:"number"`
		}
		admin.Insist("/incidents", map[string]any{
			"title": "A clock of " + impact, "impact": impact, "urgency": "low", "requester": "rita", "tags": []string{"fit"},
		}).Is(http.StatusCreated).Into(&view)
		return view.Number
	}
	held, broken, rated := promised("high"), promised("low"), promised("high")
	admin.Insist("/incidents/"+held+"/hold", map[string]any{"reason": "awaiting_requester", "comment": "Which one?"}).Is(http.StatusOK)
	kit.Eventually(t, time.Minute, func() bool {
		var clocks struct {
			Items []struct {
				Metric, State string
			} `json:"items"`
		}
		admin.Get("/incidents/" + broken + "/clocks").Is(http.StatusOK).Into(&clocks)
		broke := 0
		for _, clock := range clocks.Items {
			if clock.State == "breached" {
				broke++
			}
		}
		return broke == 2
	})
	admin.Insist("/incidents/"+rated+"/change-priority", map[string]any{"impact": "high", "urgency": "high", "reason": "Nobody can work"}).Is(http.StatusOK)
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	for _, number := range []string{held, broken, rated} {
		fitAll(v, plain("/incidents/"+number, "/incidents/"+number+"/clocks"))
		v.quiet()
	}
	require.Contains(t, v.text("#main"), "superseded: a new rating left it behind")
	v.await(`document.querySelector(".clock-bar .overrun").getBoundingClientRect().width > 0`)
	rita := as(t, browser, stack, "rita")
	fitAll(rita, plain("/portal/records/"+held, "/portal/records/"+broken))
	require.Contains(t, rita.text("#portal-promises"), "We had promised it by")
}

// newVersionIsBrought lets an administrator shorten an agreement, look at what that does to open records, and do it.
func newVersionIsBrought(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	agree := func(resolution string) {
		admin.Do(http.MethodPut, "/policies/SLA/anew", map[string]any{"reason": "test", "spec": map[string]any{
			"applies_to": `"anew" in record.tags`, "rank": 301, "calendar": "around-the-clock", "targets": map[string]any{"resolution": map[string]string{"5": resolution}},
		}}, nil).Is(http.StatusOK)
	}
	agree("8h")
	var view struct {
		Number string `json:"number"`
	}
	admin.Insist("/incidents", map[string]any{"title": "Anew", "impact": "low", "urgency": "low", "tags": []string{"anew"}}).Is(http.StatusCreated).Into(&view)
	agree("4h")
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/policies/SLA/anew")
	require.Contains(t, v.text("#main"), "1 open record is measured by an earlier version")
	v.fit("a policy with an offer")
	v.submit(`a[href^="/re-rating"]`)
	require.Contains(t, v.text("[role=status]"), "0 broken at once, 1 due earlier, 0 later")
	require.Contains(t, v.text(".effect-earlier"), view.Number)
	v.fit("a preview")
	v.do(chromedp.SendKeys("#reason", "half the time"))
	v.submit("form.box button.primary")
	require.Contains(t, v.text("[role=status]"), "1 record is being measured anew")
	v.fit("what was done")
	v.quiet()
	kit.Eventually(t, time.Minute, func() bool {
		var clock struct {
			AgreementVersion int `json:"agreement_version"`
		}
		admin.Get("/incidents/" + view.Number + "/clocks/resolution/explain").Is(http.StatusOK).Into(&clock)
		return clock.AgreementVersion == 2
	})
	v.visit("/re-rating?outdated=SLA/anew")
	require.Contains(t, v.text("[role=status]"), "Nothing would change")
	fitAll(v, plain("/re-rating", "/re-rating?outdated=SLA/anew&team=network"))
}

// whoIsCalledIsLive lets two windows of a browser stand open while somebody is called: they hear of it, and of what is done about it,
// by the one connection, and both count the bell.
func whoIsCalledIsLive(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	number := logged(t, admin, "Nobody can print")
	record := open(t, browser, stack)
	record.signIn(stack.Token)
	list := open(t, browser, stack)
	list.signIn(stack.Token)
	record.visit("/incidents/" + number)
	list.visit("/escalations")
	admin.Insist("/incidents/"+number+"/page", map[string]any{"people": []string{"admin"}, "reason": "Somebody must come"}).Is(http.StatusOK)
	record.await(`document.querySelector("#escalations").innerText.includes("Told: admin")`)
	list.await(`document.querySelector("#escalation-list").innerText.includes(` + quote(number) + `)`)
	for _, v := range []*tab{record, list} {
		v.await(`Number.parseInt(document.querySelector("#bell-count").innerText) >= 1`)
	}
	called := list.text(`#escalation-list tr:has(a[href="/incidents/` + number + `"]) .number a`)
	one := open(t, browser, stack)
	one.signIn(stack.Token)
	one.visit("/escalations/" + called)
	record.do(chromedp.Click("#escalations form button"))
	one.await(`document.querySelector("#escalation-head .state").innerText === "Acknowledged"`)
	one.await(`document.querySelector("#timeline-list").innerText.includes("Acknowledged")`)
	list.await(`document.querySelector("#escalation-list").innerText.includes("Acknowledged")`)
	list.visit("/notifications")
	list.submit(`form[action="/notifications/read"] button`)
	one.await(`document.querySelector("#bell-count").innerText === ""`)
	for _, v := range []*tab{record, list, one} {
		v.quiet()
	}
	one.fit("an escalation that was brought up to date")
}
