package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// agentsMorning is an hour of Jun, who looks after workplaces. Quilla calls about her laptop, a thing that happens often; Jun looks
// her up, fills in what the template says, logs it, finds it in the queue, works on it, waits for a part, tells her, and resolves it.
// Her second question is answered while she is on the phone.
func agentsMorning(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/people/quilla", map[string]any{"name": "Quilla Quist", "mail": "quilla@example.com"}, nil).Is(http.StatusOK)
	admin.Insist("/incidents", map[string]any{"title": "Her laptop hums", "impact": "low", "urgency": "low", "requester": "quilla", "service": "workplace"}).Is(http.StatusCreated)
	admin.Do(http.MethodPut, "/policies/RecordTemplate/laptop", map[string]any{"spec": map[string]any{
		"title": "A laptop does not start", "practice": "incident",
		"fields": map[string]any{"title": "Laptop does not start", "impact": "low", "urgency": "high", "service": "workplace", "channel": "phone"},
	}}, nil).Is(http.StatusOK)
	jun := as(t, browser, stack, "jun")

	// The phone rings.
	jun.visit("/")
	require.Equal(t, "Home", jun.text("h1"))
	jun.do(chromedp.SendKeys("#f-requester", "quist"))
	jun.await(`document.querySelector("#caller .caller")?.innerText.includes("Quilla Quist")`)
	require.Contains(t, jun.text("#caller"), "quilla@example.com")
	require.Contains(t, jun.text("#caller"), "Her laptop hums", "what she asked for before")
	jun.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#f-requester").value = ""; undefined`), chromedp.SendKeys("#f-requester", "quilla"))
	jun.choose("#template", "laptop")
	jun.submit(".quick .picker button")
	require.Equal(t, "quilla", jun.value("#f-requester"), "what was typed stays")
	require.Equal(t, "Laptop does not start", jun.value("#f-title"))
	require.Equal(t, "workplace", jun.value("#f-service"))
	jun.do(chromedp.SendKeys("#f-title", kb.End+", quibbled"))
	jun.await(`document.querySelectorAll("#similar li").length > 0`)
	jun.submit("form.log .actions button")
	require.Equal(t, "Laptop does not start, quibbled", jun.text("h1"))
	require.Equal(t, "New", jun.text(".record-head .state"))
	number := jun.text(".record-head .number")

	// It stands in the queue, and is opened with keys.
	jun.visit("/incidents?state=open&q=quibbled")
	jun.press("j")
	jun.await(`document.activeElement.closest("tr")?.dataset.number === "` + number + `"`)
	jun.press("a")
	jun.await(`document.activeElement.closest("#bulk") !== null`)
	jun.do(chromedp.Focus("#f-assignee"))
	jun.press("jun" + kb.Enter)
	jun.await(`document.querySelectorAll("#bulk .done").length === 1`)
	jun.press(kb.Escape)
	jun.await(`document.querySelector("#bulk .bulk-panel") === null`)
	jun.turns(func() { jun.press("k" + kb.Enter) })
	require.Equal(t, "Laptop does not start, quibbled", jun.text("h1"))

	// Work begins, and waits for a part until a day that is named in the zone of the profile.
	jun.command("triage", func() { jun.choose("#f-team", "workplace") })
	require.Equal(t, "Triaged", jun.text(".record-head .state"))
	jun.do(chromedp.SendKeys("#note-body", "the mainboard, I think"))
	jun.submit(`button[value="internal"]`)
	require.Contains(t, jun.text("#timeline-list li.note.internal"), "the mainboard, I think")
	jun.command("hold", func() {
		jun.choose("#f-reason", "scheduled")
		jun.do(chromedp.SetValue("#f-until", "2099-07-01T10:00"))
		require.Contains(t, jun.text("#f-until-hint"), "Europe/Berlin")
	})
	require.Equal(t, "On hold", jun.text(".record-head .state"))
	jun.await(`document.querySelector(".due-next time").dateTime === "2099-07-01T08:00:00.000Z"`)
	jun.do(chromedp.SendKeys("#note-body", "A new one comes tomorrow, **before ten**."))
	jun.submit(`button[value="public"]`)
	require.Equal(t, "before ten", jun.text("#timeline-list .note:not(.internal) .written strong"))

	// The part is there.
	jun.command("resolve", func() {
		jun.choose("#f-code", "fixed")
		jun.do(chromedp.SendKeys("#f-notes", "new mainboard"))
	})
	require.Equal(t, "Resolved", jun.text(".record-head .state"))
	require.Contains(t, jun.text("#description .resolved"), "new mainboard")

	// She asks one more thing, which is answered at once.
	jun.visit("/")
	jun.do(chromedp.SendKeys("#f-requester", "quilla"))
	jun.await(`document.querySelector("#caller")?.innerText.includes("quibbled")`)
	jun.do(chromedp.SendKeys("#f-title", "Forgot how to print"))
	jun.choose("#f-service", "print")
	jun.choose("#f-impact", "low")
	jun.choose("#f-urgency", "low")
	jun.do(chromedp.Click(".quick .further summary"))
	jun.choose("#f-resolution-code", "fixed")
	jun.do(chromedp.SendKeys("#f-resolution-notes", "Showed her"))
	jun.submit(".quick .further button")
	require.Equal(t, "Forgot how to print", jun.text("h1"))
	require.Equal(t, "Resolved", jun.text(".record-head .state"))
	require.Contains(t, strings.ToLower(jun.text(".record-head .meta")), "first contact")
	jun.quiet()
}
