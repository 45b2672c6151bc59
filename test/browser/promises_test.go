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

// promiseWalks go over what was promised, kept and broken.
var promiseWalks = map[string]walk{
	"a figure leads to its incidents": aFigureLeadsToItsIncidents, "a row comes and goes as promises break": aRowComesAndGoes,
	"a countdown turns by itself": aCountdownTurns, "promises are fit for everybody": promisesAreFit,
}

// promise applies an agreement for incidents whose title begins with its name; half of each time, nothing happens.
func promise(t *testing.T, stack *kit.Stack, name string, targets map[string]any) {
	t.Helper()
	day := []string{"00:00-24:00"}
	for path, spec := range map[string]map[string]any{
		"Calendar/always-" + name: {"timezone": "UTC", "weekly": map[string]any{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day}},
		"SLA/" + name: {
			"applies_to": `record.title.startsWith("` + name + `")`, "rank": 1000, "calendar": "always-" + name, "targets": targets,
			"pause_on":   map[string]any{"reasons": []string{"awaiting_requester"}},
			"thresholds": []map[string]any{{"metric": "resolution", "at": "50%", "do": []map[string]any{{"notify": []string{"team_lead"}}}}},
		},
	} {
		stack.Admin(t).Do(http.MethodPut, "/policies/"+path, map[string]any{"spec": spec, "reason": "test"}, nil).Is(http.StatusOK)
	}
}

// resolveWithin promises to resolve, at every priority.
func resolveWithin(length string) map[string]any {
	return map[string]any{"resolution": map[string]any{"1": length, "2": length, "3": length, "4": length, "5": length}}
}

// aFigureLeadsToItsIncidents goes from the page of today to a list as long as the figure, takes a filter off, and keeps the rest.
func aFigureLeadsToItsIncidents(t *testing.T, browser context.Context, stack *kit.Stack) {
	promise(t, stack, "figured", resolveWithin("1s"))
	for range 3 {
		logged(t, stack.Admin(t), "figured")
	}
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	figure := `a.figure.alarm[href*="agreement=figured"]`
	kit.Eventually(t, time.Minute, func() bool {
		v.visit("/promises")
		return v.text(figure+" strong") == "3"
	}, "three are broken")
	v.submit(figure)
	v.await(`document.querySelectorAll("#queue tr[data-number]").length === 3`)
	v.await(`/This list[^]*3/.test(document.querySelector("#views [aria-current]").innerText)`)
	require.Equal(t, "breached", v.value("#by-promise"))
	require.Contains(t, v.text(".filter-line"), "Promised: Resolution")
	require.Contains(t, v.text("#queue"), "broken")
	v.submit(`.filter-line a[href*="clock_from"]:not([href*="agreement"])`)
	require.NotContains(t, v.text(".filter-line"), "Agreement")
	v.choose("#by-promise", "met")
	v.submit(".queue-filters .filter-actions button")
	require.Contains(t, v.text(".filter-line"), "Promise: Kept")
	require.Contains(t, v.text(".filter-line"), "On ", "the day stays")
	v.quiet()
}

// aRowComesAndGoes watches two lists while a promise breaks: it comes into the one, and does not belong to the other any more.
func aRowComesAndGoes(t *testing.T, browser context.Context, stack *kit.Stack) {
	promise(t, stack, "breaking", resolveWithin("12s"))
	broken, soon := open(t, browser, stack), open(t, browser, stack)
	broken.signIn(stack.Token)
	soon.signIn(stack.Token)
	broken.visit("/incidents?state=all&clock=breached&agreement=breaking")
	require.Contains(t, broken.text("#queue"), "Nothing matches")
	number := logged(t, stack.Admin(t), "breaking")
	soon.visit("/incidents?state=all&due_within=30m&agreement=breaking")
	soon.await(`document.querySelector("#row-` + number + `.fresh.left") !== null`)
	require.Contains(t, soon.text("#row-"+number), "no longer in this view")
	broken.await(`/1 new . show/.test(document.querySelector("#queue-news").innerText)`)
	broken.do(chromedp.Click("#queue-news a"))
	broken.await(`/broken/.test(document.querySelector("#row-` + number + ` .due")?.innerText ?? "")`)
	broken.quiet()
	soon.quiet()
}

// aCountdownTurns lets countdowns turn in a page that hears nothing of the server: at a threshold, when it is soon, and when the
// promise breaks. One that is paused stands still.
func aCountdownTurns(t *testing.T, browser context.Context, stack *kit.Stack) {
	promise(t, stack, "turning", resolveWithin("4h"))
	admin := stack.Admin(t)
	number, held := logged(t, admin, "turning, one"), logged(t, admin, "turning, two")
	admin.Insist("/incidents/"+held+"/hold", map[string]any{"reason": "awaiting_requester", "comment": "Which?"}).Is(http.StatusOK)
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/incidents?state=all&agreement=turning&clock=running")
	due, paused := `document.querySelector("#row-`+number+` .due")`, `document.querySelector("#row-`+held+` .due")`
	calm := `!/near|soon|over/.test(` + due + `.className)`
	v.await(calm + ` && /^in 3 h 5\d min/.test(` + due + `.innerText)`)
	v.await(paused + `.classList.contains("held") && /paused/.test(` + paused + `.innerText) && /3 h 59 min left/.test(` + paused + `.innerText)`)
	asked := `performance.getEntriesByType("resource").filter(one => one.initiatorType === "fetch" && !one.name.includes("/views")).length`
	v.await(asked + ` === 0`)

	// The page's clock goes on; what it was told stays.
	later := func(milliseconds string) {
		v.do(chromedp.Evaluate[chromedp.Void](`window.really ??= Date.now; window.ahead = ` + milliseconds + `; Date.now = () => window.really.call(Date) + window.ahead; dispatchEvent(new Event("pageshow")); undefined`))
	}
	later("2 * 3600_000 - 60_000 + 1500")
	v.await(calm + ` && /^in 2 h/.test(` + due + `.innerText)`)
	later("2 * 3600_000 + 1000")
	v.await(due + `.classList.contains("near") && /past 50%/.test(` + due + `.innerText)`)
	later("3.6 * 3600_000")
	v.await(due + `.classList.contains("soon") && /in 2\d min/.test(` + due + `.innerText) && /soon/.test(` + due + `.innerText)`)
	later("4 * 3600_000 + 120_000")
	v.await(due + `.classList.contains("over") && /broken \d min ago/.test(` + due + `.innerText)`)
	require.Contains(t, v.text("#row-"+held+" .due"), "3 h 59 min left", "a pause stands still")

	// It turns by the page's own timer as well, and not only because something was done to the page.
	later("Date.parse(" + due + ".querySelector('[data-until]').dataset.until) - window.really.call(Date) - 2500")
	v.await(`!` + due + `.classList.contains("over")`)
	v.await(due + `.classList.contains("over")`)
	v.await(asked + ` === 0`) // but for the counts of the views, the server was not asked
	v.quiet()
}

// promisesAreFit looks at the page and at lists of promises in both themes and as wide as a phone, empty and full.
func promisesAreFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	promise(t, stack, "fitting", map[string]any{
		"resolution": map[string]any{"1": "1s", "2": "1s", "3": "1s"}, "response": map[string]any{"1": "8h", "2": "8h", "3": "8h"},
	})
	admin := stack.Admin(t)
	number := logged(t, admin, "fitting")
	admin.Insist("/incidents/"+number+"/assign", map[string]any{"team": "network", "assignee": "fay"}).Is(http.StatusOK)
	v := as(t, browser, stack, "fay")
	today := time.Now().UTC().Format(time.DateOnly)
	kit.Eventually(t, time.Minute, func() bool {
		v.visit("/")
		return v.text(".pressing .alarm") != ""
	}, "her work tells of a broken promise")
	require.Contains(t, v.text(`[aria-labelledby="promises-title"]`), "broken")
	period := "&clock_from=" + today + "T00:00:00Z&clock_to=2999-01-01T00:00:00Z"
	fitAll(v, append(plain("/", "/promises", "/promises?day=2001-01-01", "/promises?team=network", "/promises?team=nobody", "/promises?day=nonsense",
		"/incidents?state=all&clock=breached&metric=resolution&agreement=fitting"+period, "/incidents?state=all&clock=met&agreement=nothing", "/incidents?due_within=24h&column=promise,due"),
		place{"/incidents?state=all&clock=running&agreement=fitting", "with the menu of views", click(".title-tools .menu summary", ".title-tools .menu-body")}))
}
