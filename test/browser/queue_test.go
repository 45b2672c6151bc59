package browser

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// press gives keys to whatever has the focus.
func (v *tab) press(keys string) {
	v.t.Helper()
	v.do(chromedp.KeyEvent(keys))
}

// queueByKeyboard works through a queue of its own without a pointer: select, assign, resolve, open.
func queueByKeyboard(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	first, second := logged(t, admin, "Quaxle one"), logged(t, admin, "Quaxle two")
	list := "/incidents?state=open&q=quaxle"
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit(list)
	v.await(`document.querySelectorAll("#queue tr[data-number]").length === 2`)

	v.press("?")
	v.await(`document.querySelector("#keys").open`)
	v.press(kb.Escape)
	v.await(`!document.querySelector("#keys").open`)

	v.press("j")
	v.await(`document.activeElement.closest("tr")?.dataset.number === "` + second + `"`)
	v.press("j")
	v.await(`document.activeElement.closest("tr")?.dataset.number === "` + first + `"`)
	v.press("x")
	v.press("k")
	v.press("x")
	v.await(`document.querySelectorAll("#queue [name=id]:checked").length === 2`)
	v.press("a")
	v.await(`document.querySelector("#bulk form") !== null && document.activeElement.closest("#bulk") !== null`)
	require.Contains(t, v.text("#bulk h2"), "Assign 2 incidents")
	v.choose("#f-team", "network")
	v.do(chromedp.Focus("#f-assignee"))
	v.press("eli")
	require.Equal(t, "eli", v.value("#f-assignee"), "keys of the queue sleep while one types")
	v.press(kb.Enter)
	v.await(`document.querySelectorAll("#bulk .done").length === 2`)
	require.Contains(t, v.text("#bulk h2"), "2 incidents done.")
	v.await(`[...document.querySelectorAll("#queue tr[data-number]")].every(row => row.innerText.includes("eli"))`)
	v.press(kb.Escape)
	v.await(`document.querySelector("#bulk .bulk-panel") === null`)

	v.do(chromedp.Evaluate[chromedp.Void](`for (const box of document.querySelectorAll("#queue [name=id]:checked")) box.click()`))
	v.press("k")
	v.press("r")
	v.await(`document.querySelector("#bulk form") !== null`)
	require.Contains(t, v.text("#bulk h2"), "Resolve 1 incident")
	v.press(kb.Escape)
	v.await(`document.querySelector("#bulk .bulk-panel") === null`)
	v.press("/")
	v.await(`document.activeElement.matches(".find input")`)
	v.press("jar?")
	require.Contains(t, v.value(".find input[type=search]"), "jar?")
	require.Empty(t, v.text("#bulk"))
	v.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	v.press("j")
	v.do(chromedp.Evaluate[chromedp.Void](`window.before = true; undefined`))
	v.press(kb.Enter)
	v.await(`window.before !== true && document.readyState === "complete" && location.pathname.startsWith("/incidents/INC-")`)
	v.quiet()
}

// queueInBulk gives a command that some of the selected refuse: the page tells which, and why; also where no scripts run.
func queueInBulk(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	open1, closed := logged(t, admin, "Bulky one"), logged(t, admin, "Bulky two")
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/incidents?state=active&q=bulky")
	v.await(`document.querySelectorAll("#queue tr[data-number]").length === 2`)
	v.do(chromedp.Click("[data-pick-all]"))
	v.await(`document.querySelector("[data-picked]").innerText === "With the 2 selected"`)
	admin.Post("/incidents/"+closed+"/cancel", map[string]any{"reason": "was none"}).Is(http.StatusOK)
	v.await(`document.querySelector("#row-` + closed + `").classList.contains("left")`)
	require.Contains(t, v.text("#row-"+closed), "no longer in this view")
	require.Equal(t, "true", v.attribute("#row-"+closed+" [name=id]", "checked"), "what was selected stays so")
	v.do(chromedp.Click(`.bulk-bar button[value="resolve"]`), chromedp.WaitVisible("#bulk form"))
	require.Contains(t, v.text("#bulk .refused"), "Not possible in this state")
	v.choose("#f-code", "fixed")
	v.do(chromedp.SendKeys("#f-notes", "All mended"))
	v.do(chromedp.Click("#bulk .actions .primary"))
	v.await(`document.querySelector("#bulk .done") !== null`)
	require.Contains(t, v.text("#bulk .done"), open1)
	require.Contains(t, v.text("#bulk .refused"), closed)
	require.Contains(t, v.text("#bulk .refused"), "Not done:")
	v.quiet()

	third := logged(t, admin, "Bulky three")
	v.do(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	})
	v.visit("/incidents?state=open&q=bulky")
	v.do(chromedp.Click(`#row-` + third + ` [name="id"]`))
	v.submit(`.bulk-bar button[value="hold"]`)
	require.Contains(t, v.text("h2"), "Hold 1 incident")
	v.choose("#f-reason", "awaiting_vendor")
	v.submit("#bulk .actions .primary")
	require.Contains(t, v.text("#bulk .refused"), "Not done:")
	v.do(chromedp.Click("#bulk .further summary"))
	v.choose("#f-reason", "awaiting_requester")
	v.submit("#bulk .further .primary")
	require.Contains(t, v.text("#bulk .done"), third, "pages and forms do without scripts")
}

// queueLive shows what comes in without moving a row, and lets a view be kept.
func queueLive(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	logged(t, admin, "Queue, the first")
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/incidents?state=new&sort=-updated_at")
	v.await(`document.querySelector("#views .tally") !== null`)
	top := `document.querySelector("#queue tr[data-number]").getBoundingClientRect().top`
	before, err := chromedp.Run(v.ctx, chromedp.Evaluate[float64](top))
	require.NoError(t, err)
	number := logged(t, admin, "Queue, the second")
	v.await(`/new . show/.test(document.querySelector("#queue-news")?.innerText ?? "")`)
	after, err := chromedp.Run(v.ctx, chromedp.Evaluate[float64](top))
	require.NoError(t, err)
	require.InDelta(t, before, after, 0.5, "no row moves")
	v.do(chromedp.Click("#queue-news a"))
	v.await(`document.querySelector("#row-` + number + `") !== null`)

	v.do(chromedp.Click(".title-tools .menu summary"), chromedp.SendKeys("#view-name", "Fresh ones"))
	v.submit(".title-tools .menu-body .primary")
	require.Equal(t, "Fresh ones", v.text("h1"))
	v.await(`/Fresh ones.*\d/s.test(document.querySelector("#views [aria-current]").innerText)`)
	v.do(chromedp.Click(".title-tools .menu summary"))
	v.submit(`.view-actions button[value="choose"]`)
	v.visit("/incidents")
	require.Equal(t, "Fresh ones", v.text("h1"), "the list begins with it")
	require.Equal(t, "new", v.value("#by-state"))
	v.do(chromedp.Click(".title-tools .menu summary"))
	v.submit(`.view-actions button[value="drop"]`)
	v.visit("/incidents")
	require.Equal(t, "All open", v.text("h1"))
	v.quiet()
}
