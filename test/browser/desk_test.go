package browser

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// deskWalks go over the pages that keep an organisation and those around a record.
var deskWalks = map[string]walk{
	"a policy from draft to version": policyFromDraftToVersion, "an administrator's morning": adminsMorning, "a day without a pointer": withoutAPointer,
	"the palette by keyboard alone": paletteByKeyboard, "what stands around a record": aroundARecord, "every page of what is run is fit for everybody": configuringIsFit,
	"every page that governs is fit for everybody": governingIsFit,
}

func policyFromDraftToVersion(t *testing.T, browser context.Context, stack *kit.Stack) {
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/policies/new?kind=CannedReply")
	v.do(chromedp.SetValue("#text", "kind: CannedReply\nname: hello\nspec:\n  title: Say hello\n  text: Hello {{requestor}}\n"))
	v.submit(`button[value="check"]`)
	require.Contains(t, v.text(".faults"), "{{requestor}} is not a placeholder")
	require.Contains(t, v.text(".faults .here"), "text: Hello {{requestor}}")
	v.do(chromedp.SetValue("#text", "kind: CannedReply\nname: hello\nspec:\n  title: Say hello\n  text: Hello {{requester}}, this is **{{number}}**.\n"))
	v.submit(`button[value="apply"]`)
	require.Contains(t, v.text("#reason-wrong"), "Say why")
	v.do(chromedp.SendKeys("#reason", "it is polite"))
	v.submit(`button[value="apply"]`)
	require.Contains(t, v.text("h1"), "version 1")
	require.Contains(t, v.text(".cards"), "it is polite")

	number := logged(t, stack.Admin(t), "Says hello")
	v.visit("/incidents/" + number)
	v.do(chromedp.SendKeys("#note-body", "So far."))
	v.choose("#reply", "hello")
	v.do(chromedp.Click("#note .picker button"))
	v.await(`document.querySelector("#note-body").value.includes("this is **` + number + `**")`)
	require.Contains(t, v.value("#note-body"), "So far.", "what was typed stays")
	v.submit(`button[value="public"]`)
	require.Equal(t, number, v.text("#timeline-list .note strong:not(.event-head *)"))
}

func paletteByKeyboard(t *testing.T, browser context.Context, stack *kit.Stack) {
	number := logged(t, stack.Admin(t), "Kaleidoscope is stuck")
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	press := func(keys string) {
		v.do(chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, bubbles: true})); undefined`))
		v.await(`document.activeElement.id === "palette-input"`)
		v.do(chromedp.SendKeys("#palette-input", keys))
	}
	press("kaleidoscope")
	v.await(`document.querySelector('#palette-list [aria-selected="true"]')?.dataset.path === "/incidents/` + number + `"`)
	v.do(chromedp.SendKeys("#palette-input", "\r"))
	v.await(`document.querySelector("h1")?.innerText === "Kaleidoscope is stuck"`)
	press("theme dark")
	v.await(`document.querySelector('#palette-list [aria-selected="true"]')?.innerText.trim() === "Theme: Dark"`)
	v.do(chromedp.SendKeys("#palette-input", "\r"))
	v.await(`document.documentElement.dataset.theme === "dark"`)
	v.visit("/search?q=" + strings.ToLower(strings.ReplaceAll(number, "-", "")))
	require.Equal(t, "Kaleidoscope is stuck", v.text("h1"))
	v.quiet()
}

func aroundARecord(t *testing.T, browser context.Context, stack *kit.Stack) {
	number, other := logged(t, stack.Admin(t), "In the middle"), logged(t, stack.Admin(t), "At the other end")
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/incidents/" + number)
	v.do(chromedp.Click("#links summary"))
	v.choose("#link-type", "blocked_by")
	v.do(chromedp.SendKeys("#link-to", strings.ToLower(other)))
	v.submit("#links details form button")
	shows := func(record, links string) { // a busy machine decides a moment later
		kit.Eventually(t, time.Minute, func() bool {
			v.visit("/incidents/" + record)
			return strings.Contains(v.text("#link-list"), links)
		}, links)
	}
	shows(number, "is blocked by "+other)
	shows(other, "blocks "+number)
	v.submit("#link-list form button")
	shows(other, "No other record is linked")
	shows(number, "No other record is linked")

	picture := filepath.Join(t.TempDir(), "picture.txt")
	require.NoError(t, os.WriteFile(picture, []byte("the wrong one"), 0o600))
	v.do(chromedp.SetUploadFiles("#upload-file", []string{picture}))
	v.submit("form.upload button")
	require.Contains(t, v.text("#attachment-list"), "picture.txt")
	v.do(chromedp.Click("#attachment-list summary"))
	v.submit("#attachment-list form button")
	require.Contains(t, v.text("#attachment-list"), "No files yet")
	require.Contains(t, v.text("#timeline-list"), "Attachment removed")

	stack.Admin(t).Post("/incidents/"+number+"/override-priority", map[string]any{"priority": 1, "reason": "the board waits"}).Is(http.StatusOK)
	v.visit("/incidents/" + number + "/history?field=priority")
	require.Contains(t, v.text("tbody tr"), "the board waits")

	stack.Admin(t).Do(http.MethodPut, "/people/noor", map[string]any{"name": "Noor"}, nil).Is(http.StatusOK)
	stack.Admin(t).Post("/grants", map[string]any{"person": "noor", "role": "agent", "scope_kind": "all"}).Is(http.StatusOK)
	var token struct {
		Secret string `json:"secret"`
	}
	stack.Admin(t).Post("/tokens", map[string]any{"person": "noor", "name": "test"}).Is(http.StatusCreated).Into(&token)
	second := open(t, browser, stack)
	second.signIn(token.Secret)
	second.visit("/incidents/" + number)
	v.visit("/incidents/" + number)
	v.await(`document.querySelector("#viewers").innerText.includes("noor")`)
	second.await(`document.querySelector("#viewers").innerText.includes("admin")`)
	second.visit("/waiting")
	v.await(`document.querySelector("#viewers").innerText.trim() === ""`)
}
