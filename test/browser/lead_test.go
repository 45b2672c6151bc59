package browser

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// leadsMorning is Gil's, who leads the business applications. Two invoices stuck in the night: Gil keeps a view of such for the
// team, gives both to Hana, of which one cannot be given any more, puts the one that the board asks for first, looks at what
// falls due, and reads by which matrix priorities come about. Hana finds the view and her work in it.
func leadsMorning(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	stuck := func(title string) string {
		var view struct {
			Number string `json:"number"`
		}
		admin.Insist("/incidents", map[string]any{"title": title, "impact": "low", "urgency": "low", "service": "erp"}).Is(http.StatusCreated).Into(&view)
		return view.Number
	}
	first, second := stuck("Invoizle run of Lyon is stuck"), stuck("Invoizle run of Turin is stuck")
	gil := as(t, browser, stack, "gil")

	// The team's queue, narrowed to what stuck, becomes a view for the team.
	gil.visit("/incidents?state=active&team=applications&q=invoizle&sort=priority")
	require.Contains(t, gil.text("#row-"+first), "Lyon")
	gil.do(chromedp.Click(".title-tools .menu summary"), chromedp.SendKeys("#view-name", "Stuck invoices"))
	gil.choose("#view-audience", "team")
	gil.choose("#view-team", "applications")
	gil.submit(".title-tools .menu-body .primary")
	require.Equal(t, "Stuck invoices", gil.text("h1"))
	gil.await(`/Stuck invoices[^]*of team applications[^]*2/.test(document.querySelector("#views [aria-current]").textContent)`)

	// Both are given to Hana at once, while one of them is canceled by somebody else.
	gil.do(chromedp.Click("[data-pick-all]"))
	gil.await(`document.querySelector("[data-picked]").innerText === "With the 2 selected"`)
	gil.do(chromedp.Click(`.bulk-bar button[value="assign"]`), chromedp.WaitVisible("#bulk form"))
	gil.do(chromedp.SendKeys("#f-assignee", "hana"))
	admin.Insist("/incidents/"+second+"/cancel", map[string]any{"reason": "was a holiday there"}).Is(http.StatusOK)
	gil.do(chromedp.Click("#bulk .actions .primary"))
	gil.await(`document.querySelector("#bulk .done") !== null`)
	require.Contains(t, gil.text("#bulk h2"), "1 incident done, 1 not")
	require.Contains(t, gil.text("#bulk .done"), first)
	require.Contains(t, gil.text("#bulk .refused"), second)
	require.Contains(t, gil.text("#bulk .refused"), "Not done:")
	gil.await(`document.querySelector("#row-` + first + `").innerText.includes("hana")`)

	// The board asks for the other one.
	gil.visit("/incidents/" + first)
	gil.do(chromedp.Click(".commands .more summary"))
	gil.command("override-priority", func() {
		gil.choose("#f-priority", "1")
		gil.do(chromedp.SendKeys("#f-reason", "the board waits for it"))
	})
	require.Contains(t, gil.text(".record-head .meta"), "set by hand")
	gil.submit(`a[href$="/history"]`)
	require.Contains(t, gil.text("tbody"), "the board waits for it")

	// What falls due in the team, and why priorities are what they are.
	gil.visit("/waiting?team=applications")
	require.Contains(t, gil.text("main table"), first)
	gil.submit(`.rail a[href="/policies"]`)
	gil.submit(`main a[href="/policies/PriorityMatrix/default"]`)
	require.Contains(t, gil.text("main .code"), "priorities")
	require.NotContains(t, gil.text("main"), "Edit", "policies are the administrators' to write")

	hana := as(t, browser, stack, "hana")
	hana.visit("/incidents")
	hana.await(`[...document.querySelectorAll("#views a")].some(view => view.textContent.includes("Stuck invoices"))`)
	hana.turns(func() {
		hana.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll("#views a")].find(view => view.textContent.includes("Stuck invoices")).click(); undefined`))
	})
	require.Equal(t, "Stuck invoices", hana.text("h1"))
	require.Contains(t, hana.text("#row-"+first), "hana")
	hana.visit("/")
	require.Contains(t, hana.text(`[aria-labelledby="mine-title"]`), "Lyon")
	hana.quiet()
	gil.quiet()
}
