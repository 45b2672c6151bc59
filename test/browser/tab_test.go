package browser

import (
	"context"
	_ "embed"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// axe is axe-core, which looks for barriers to access.
//
//go:embed testdata/axe.min.js
var axe string

// tabBound is how long one test may use its tab on a busy machine.
const tabBound = 5 * time.Minute

// newBrowser starts a Chromium that ends with the test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		// A page that is kept for going back has the next one drawn by another process. What chromedp asks meanwhile of the old one
		// is answered by nobody, and it holds the tab's lock for as long as it waits: until the tab's bound.
		chromedp.Flag("disable-features", "site-per-process,Translate,BlinkGenPropertyTrees,BackForwardCache,RenderDocument"))
	if program := os.Getenv("HOLDFAST_CHROMIUM"); program != "" {
		options = append(options, chromedp.ExecPath(program))
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(endAllocator)
	browser, endBrowser := chromedp.NewContext(allocator)
	t.Cleanup(endBrowser)
	require.NoError(t, chromedp.Do(browser), "the browser does not start; make setup-browser finds or installs one")
	return browser
}

// tab is one visitor with cookies of their own. Whatever the browser complains about is kept: a blocked script, a fault of
// ours, an answer that failed.
type tab struct {
	t     *testing.T
	ctx   context.Context
	stack *kit.Stack

	mu         sync.Mutex
	complaints []string
}

func open(t *testing.T, browser context.Context, stack *kit.Stack) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	ctx, cancel := context.WithTimeout(ctx, tabBound)
	t.Cleanup(cancel)
	visitor := &tab{t: t, ctx: ctx, stack: stack}
	t.Cleanup(func() {
		if t.Failed() {
			visitor.mu.Lock()
			defer visitor.mu.Unlock()
			t.Logf("the browser complained: %q", visitor.complaints)
		}
	})
	require.NoError(t, chromedp.Listen(ctx, visitor.hear))
	visitor.do(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Berlin"})
		return chromedp.Void{}, err
	})
	visitor.dress(1280, "light")
	return visitor
}

func (v *tab) hear(event any) {
	said := ""
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		said = event.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError {
			said = event.Entry.Text
		}
	}
	if said != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.complaints = append(v.complaints, said)
	}
}

// quiet expects that the browser had nothing to complain about.
func (v *tab) quiet() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	require.Empty(v.t, v.complaints)
}

func (v *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	err := chromedp.Do(v.ctx, steps...)
	if err != nil {
		require.NoError(v.t, err, "on the page: %s", v.text("body"))
	}
}

// visit opens a page and waits until it is whole: the load event that Navigate hears may be that of the page before.
func (v *tab) visit(path string) {
	v.t.Helper()
	v.turns(func() { v.do(chromedp.Navigate(v.stack.URL + path)) })
}

// signIn signs in through the page's form.
func (v *tab) signIn(token string) {
	v.t.Helper()
	v.visit("/sign-in?with=token")
	v.do(chromedp.SendKeys("#token", token))
	v.submit("main details form button")
	v.await(`document.querySelector(".menu summary") !== null`)
}

// as is somebody of the demo organisation, signed in.
func as(t *testing.T, browser context.Context, stack *kit.Stack, person string) *tab {
	t.Helper()
	var token struct {
		Secret string `json:"secret"`
	}
	stack.Admin(t).Post("/tokens", map[string]any{"person": person, "name": "test"}).Is(http.StatusCreated).Into(&token)
	v := open(t, browser, stack)
	v.signIn(token.Secret)
	return v
}

// submit presses a button and waits for the page that comes of it.
func (v *tab) submit(button string) {
	v.t.Helper()
	v.turns(func() { v.do(chromedp.Click(button)) })
}

// turns does what leads to another page and waits until that is whole.
func (v *tab) turns(do func()) {
	v.t.Helper()
	v.do(chromedp.Evaluate[chromedp.Void](`window.before = true; undefined`))
	do()
	v.await(`window.before !== true && document.readyState === "complete"`)
}

// command opens the form of a record's command, fills it in and gives it.
func (v *tab) command(verb string, fill func()) {
	v.t.Helper()
	v.do(chromedp.Click(`a[href*="do=`+verb+`"]`), chromedp.WaitVisible("#command form"))
	fill()
	v.submit("#command .actions button")
}

// await waits until an expression holds, over changes of the page.
func (v *tab) await(expression string) {
	v.t.Helper()
	kit.Eventually(v.t, 20*time.Second, func() bool {
		holds, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && holds
	}, expression)
}

func (v *tab) text(selector string) string {
	v.t.Helper()
	text, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.querySelector(`+quote(selector)+`)?.innerText ?? ""`))
	require.NoError(v.t, err)
	return text
}

func (v *tab) value(selector string) string {
	v.t.Helper()
	text, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.querySelector(`+quote(selector)+`).value`))
	require.NoError(v.t, err)
	return text
}

// attribute is a property of an element that is a word or a truth.
func (v *tab) attribute(selector, name string) string {
	v.t.Helper()
	text, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`String(document.querySelector(`+quote(selector)+`)[`+quote(name)+`])`))
	require.NoError(v.t, err)
	return text
}

// choose picks a value of a list.
func (v *tab) choose(selector, value string) {
	v.t.Helper()
	v.do(chromedp.SetValue(selector, value))
	require.Equal(v.t, value, v.value(selector), "%s does not offer it", selector)
}

func quote(text string) string { return "`" + strings.ReplaceAll(text, "`", "\\`") + "`" }

// dress sets the width of the window and the theme of the system.
func (v *tab) dress(width int64, theme string) {
	v.t.Helper()
	v.do(chromedp.EmulateViewport(width, 900), func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			// A page that scrolls smoothly moves away under the pointer.
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return chromedp.Void{}, err
	})
}

// barriers are what axe-core finds wrong on the page; of rules, where some are named, else of all.
func (v *tab) barriers(rules ...string) []string {
	v.t.Helper()
	return v.barriersWithin("html", rules...)
}

// barriersWithin looks at a part of the page alone.
func (v *tab) barriersWithin(part string, rules ...string) []string {
	v.t.Helper()
	there, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`window.axe !== undefined`))
	require.NoError(v.t, err)
	if !there {
		v.do(chromedp.Evaluate[chromedp.Void](axe + "; undefined"))
	}
	found, err := chromedp.Run(v.ctx, chromedp.Evaluate[[]string](`(async () => {
		const rules = `+quote(strings.Join(rules, " "))+`.split(" ").filter(Boolean);
		const found = await axe.run(`+quote(part)+`, rules.length > 0 ? {runOnly: rules} : {});
		return found.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join(" "));
	})()`, chromedp.EvalAwaitPromise))
	require.NoError(v.t, err)
	return found
}

// fit expects the page, as it now stands, to be fit for everybody in both themes, and no wider than a phone.
func (v *tab) fit(what string) {
	v.t.Helper()
	v.fitWithin("html", what)
}

// fitWithin expects it of a part alone, where another walk looks at what stands around it, which takes most of the time.
func (v *tab) fitWithin(part, what string) {
	v.t.Helper()
	require.Empty(v.t, v.barriersWithin(part), "%s, light", what)
	v.dress(1280, "dark")
	require.Empty(v.t, v.barriersWithin(part, "color-contrast", "link-in-text-block"), "%s, dark: the rules that colours can break", what)
	v.dress(360, "light")
	beyond, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
	require.NoError(v.t, err)
	require.LessOrEqual(v.t, beyond, 0, "%s is wider than 360 pixels", what)
	v.dress(1280, "light")
}
