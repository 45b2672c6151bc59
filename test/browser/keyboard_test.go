package browser

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// withoutAPointer is a day of an agent who has a keyboard and nothing else: signs in, logs an incident, finds it in the queue,
// and resolves it. After every key something has the focus, and whoever looks sees what.
func withoutAPointer(t *testing.T, browser context.Context, stack *kit.Stack) {
	invited(t, browser, stack, "kira")
	kira := open(t, browser, stack)
	kira.visit("/")

	kira.tabTo("#handle")
	kira.types("kira")
	kira.tabTo("#password")
	kira.types(petrasPassword)
	kira.turns(func() { kira.press(kb.Enter) })
	require.Equal(t, "Home", kira.text("h1"))

	// The first thing on a page leads past all that is the same on every page.
	kira.tabTo(".skip")
	kira.types(kb.Enter)
	require.Equal(t, "main", kira.attribute(":focus", "id"))
	kira.tabTo("#f-requester")
	kira.types("rita")
	kira.tabTo("#f-title")
	kira.types("Zyzzyva in the keyboard")
	kira.tabTo("#f-impact")
	kira.types("l")
	kira.tabTo("#f-urgency")
	kira.types("h")
	kira.turns(func() {
		kira.tabTo(".quick .actions .primary")
		kira.press(kb.Enter)
	})
	require.Equal(t, "Zyzzyva in the keyboard", kira.text("h1"))
	number := kira.text(".record-head .number")

	// The palette leads to the queue's search, the queue's own keys to the record.
	kira.tabTo(".find input")
	kira.types("zyzzyva")
	kira.turns(func() { kira.press(kb.Enter) })
	require.Contains(t, kira.text("main"), number)
	kira.tabTo(`.rail a[href="/incidents"]`)
	kira.turns(func() { kira.press(kb.Enter) })
	kira.tabTo("#by-q")
	kira.types("zyzzyva")
	kira.turns(func() { kira.press(kb.Enter) })
	kira.press("j")
	kira.await(`document.activeElement.closest("tr")?.dataset.number === "` + number + `"`)
	kira.seen("a row of the queue")
	kira.types("?")
	kira.await(`document.querySelector("#keys").open`)
	kira.seen("the keys of the queue")
	kira.types(kb.Escape)
	kira.await(`!document.querySelector("#keys").open && document.activeElement.closest("tr")?.dataset.number === "` + number + `"`)
	kira.turns(func() { kira.press(kb.Enter) })

	kira.tabTo(`a[href*="do=resolve"]`)
	kira.types(kb.Enter)
	kira.await(`document.activeElement.closest("#command form") !== null`)
	kira.seen("the form of a command")
	kira.tabTo(".commands .more summary")
	kira.types(kb.Enter)
	kira.await(`document.querySelector(".commands .more").open`)
	kira.types(kb.Escape)
	kira.await(`!document.querySelector(".commands .more").open`)
	kira.seen("a menu that was closed")
	kira.tabTo("#f-code")
	kira.types("f")
	kira.tabTo("#f-notes")
	kira.types("shaken out")
	kira.turns(func() {
		kira.tabTo("#command .actions .primary")
		kira.press(kb.Enter)
	})
	require.Equal(t, "Resolved", kira.text(".record-head .state"))
	kira.quiet()
}

// types gives keys to what has the focus, one after the other, as a person does. The focus must not be lost by it.
func (v *tab) types(keys string) {
	v.t.Helper()
	v.press(keys)
	v.seen(keys)
}

// focused says what is wrong with the focus: nothing has it, or one does not see what, because it is out of the window, or
// because nothing about it, or around it, is drawn for it. A place that Tab passes by, such as the content that the first link
// of a page leads to, need not be drawn: from there one reads on.
const focused = `(() => {
	const it = document.activeElement;
	if (!it || it === document.body) return "nothing has the focus";
	if (it.tabIndex < 0) return "";
	const box = it.getBoundingClientRect();
	if (box.width === 0 || box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth) return "out of sight: " + it.outerHTML.slice(0, 200);
	const drawn = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
	for (let at = it; at && at !== document.body; at = at.parentElement) if (drawn(getComputedStyle(at))) return "";
	return "not to be seen: " + it.outerHTML.slice(0, 200);
})()`

// seen expects that something has the focus, and that one sees what.
func (v *tab) seen(after string) {
	v.t.Helper()
	require.Eventually(v.t, func() bool { // the page scrolls there in its next frame
		lost, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](focused))
		return err == nil && lost == ""
	}, 5*time.Second, 20*time.Millisecond, "after %q", after)
}

// tabTo presses Tab until something has the focus, and expects to see the focus on the whole way.
func (v *tab) tabTo(selector string) {
	v.t.Helper()
	const most = 120
	for range most {
		v.press(kb.Tab)
		there, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`document.activeElement.matches(`+quote(selector)+`)`))
		require.NoError(v.t, err)
		if there {
			v.seen("Tab")
			return
		}
		body, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`document.activeElement === document.body`))
		require.NoError(v.t, err)
		if !body { // else the way led out of the page at its end, and begins anew
			v.seen("Tab")
		}
	}
	require.FailNow(v.t, "Tab does not lead there", selector)
}
