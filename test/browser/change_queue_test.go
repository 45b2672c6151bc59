package browser

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// drafted drafts a change and gives its number. Its title is its own word.
func drafted(t *testing.T, stack *kit.Stack, title string) string {
	t.Helper()
	var made struct {
		Number string `json:"number"`
	}
	from := time.Now().UTC().AddDate(0, 0, 40).Truncate(time.Hour)
	stack.As(t, "dee").Insist("/changes", map[string]any{
		"title": title, "justification": "The old one ends", "plan": "Switch it", "test_plan": "Try it", "back_out_plan": "Switch it back", "service": "mail",
		"team": "messaging", "window_from": from, "window_to": from.Add(2 * time.Hour),
	}).Is(http.StatusCreated).Into(&made)
	return made.Number
}

// changeQueueByKeys works through a list of changes without a pointer, keeps it as a view, and gives a command that one of the selected
// refuses.
func changeQueueByKeys(t *testing.T, browser context.Context, stack *kit.Stack) {
	first, second := drafted(t, stack, "Zugzwang one"), drafted(t, stack, "Zugzwang two")
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/changes?state=all&q=zugzwang")
	v.await(`document.querySelectorAll("#queue tr[data-number]").length === 2`)
	v.press("j")
	v.await(`document.activeElement.closest("tr")?.dataset.number === "` + second + `"`)
	v.press("x")
	v.press("j")
	v.press("x")
	v.await(`document.querySelectorAll("#queue [name=id]:checked").length === 2`)
	v.press("t")
	v.await(`document.querySelector("#bulk form") !== null && document.activeElement.closest("#bulk") !== null`)
	require.Contains(t, v.text("#bulk h2"), "Tag 2 changes")
	v.do(chromedp.Focus("#f-tags"))
	v.press("endgame")
	v.press(kb.Enter)
	v.await(`document.querySelectorAll("#bulk .done").length === 2`)
	require.Contains(t, v.text("#bulk h2"), "2 changes done.")
	v.press(kb.Escape)
	v.await(`document.querySelector("#bulk .bulk-panel") === null`)

	v.visit("/changes?state=open&tag=endgame&column=title,tags")
	v.await(`document.querySelectorAll("#queue tr[data-number]").length === 2`)
	require.Contains(t, v.text("#row-"+first), "endgame")
	v.do(chromedp.Click(".title-tools details.menu summary"), chromedp.WaitVisible("#view-name"), chromedp.SendKeys("#view-name", "Endgames"))
	v.submit(`form[aria-label="Keep as a new view"] .primary`)
	require.Equal(t, "Endgames", v.text("h1"))
	v.await(`document.querySelector('#views [aria-current] .tally')?.innerText.includes("2")`)

	stack.As(t, "dee").Insist("/changes/"+first+"/cancel", map[string]any{"reason": "not needed"}).Is(http.StatusOK)
	v.await(`document.querySelectorAll("#queue tr[data-number]").length === 1 || document.querySelector("#list-news a, #list-news button") !== null`)
	v.visit("/changes?state=all&tag=endgame")
	v.do(chromedp.Click("[data-pick-all]"))
	v.do(chromedp.Click(`.bulk-bar button[value="cancel"]`), chromedp.WaitVisible("#bulk form"))
	require.Contains(t, v.text("#bulk .refused"), "Not possible in this state")
	v.do(chromedp.SendKeys("#f-reason", "stalemate"))
	v.do(chromedp.Click("#bulk .actions .primary"))
	v.await(`document.querySelector("#bulk .done") !== null`)
	require.Contains(t, v.text("#bulk .done"), second)
	require.Contains(t, v.text("#bulk .refused"), first)
	v.press("j")
	v.do(chromedp.Evaluate[chromedp.Void](`window.before = true; undefined`))
	v.press(kb.Enter)
	v.await(`window.before !== true && document.readyState === "complete" && location.pathname.startsWith("/changes/CHG-")`)
	v.quiet()
}
