package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// One Holdfast and one browser serve all visitors; each has cookies of their own and works on a record of their own.
func TestConsole(t *testing.T) {
	t.Parallel()
	stack := kit.Up(t)
	browser := newBrowser(t)
	for name, visit := range map[string]func(*testing.T, context.Context, *kit.Stack){
		"signing in and out": signingInAndOut, "work from log to resolve": workFromLogToResolve, "live updates": liveUpdates,
		"a queue by keyboard": queueByKeyboard, "a queue in bulk": queueInBulk, "a live queue and its views": queueLive,
		"a refused form keeps what was typed": refusedForm, "a requester": requester,
		"the portal from invitation to score": portalFromInvitationToScore, "signing in by password": signingInByPassword,
		"every page is fit for everybody": fitForEverybody,
		"the quick log":                   quickLog, "home is theirs": homeIsTheirs,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			visit(t, browser, stack)
		})
	}
}

// logged makes an incident over the API and gives its number.
func logged(t *testing.T, as *kit.API, title string) string {
	t.Helper()
	var view struct {
		Number string `json:"number"`
	}
	as.Insist("/incidents", map[string]any{"title": title, "impact": "high", "urgency": "low"}).Is(http.StatusCreated).Into(&view)
	return view.Number
}

func signingInAndOut(t *testing.T, browser context.Context, stack *kit.Stack) {
	v := open(t, browser, stack)
	v.visit("/waiting?team=network")
	require.Contains(t, v.text("main"), "holdfast up")
	v.do(chromedp.Click("main details summary"), chromedp.SendKeys("#token", "hf_wrong"))
	v.submit("main details form button")
	require.Contains(t, v.text("[role=alert]"), "not a token that works")
	require.Empty(t, v.value("#token"))
	v.do(chromedp.SendKeys("#token", stack.Token))
	v.submit("main details form button")
	require.Equal(t, "Waiting", v.text("h1"), "it leads back to where one wanted to go")
	require.Equal(t, "network", v.value("#by-team"))
	cookies, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.cookie`))
	require.NoError(t, err)
	require.Empty(t, cookies, "no script can read the session")
	v.do(chromedp.Click(".masthead .menu summary"))
	v.submit(`form[action="/sign-out"] button`)
	v.visit("/incidents")
	require.Equal(t, "Sign in", v.text("h1"))
}

func workFromLogToResolve(t *testing.T, browser context.Context, stack *kit.Stack) {
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.submit(`a[href="/incidents/new"]`)
	v.do(chromedp.SendKeys("#f-title", "VPN drops at home"))
	v.await(`document.querySelectorAll("#similar li").length > 0`)
	v.choose("#f-impact", "high")
	v.choose("#f-urgency", "high")
	v.submit("form.log .actions button")
	require.Equal(t, "VPN drops at home", v.text("h1"))
	require.Equal(t, "New", v.text(".record-head .state"))

	v.do(chromedp.Click(`a[href*="do=triage"]`), chromedp.WaitVisible("#command form"))
	v.choose("#f-team", "network")
	v.submit("#command .actions button")
	require.Equal(t, "Triaged", v.text(".record-head .state"))

	v.do(chromedp.SendKeys("#note-body", "the gateway restarts"))
	v.submit(`button[value="internal"]`)
	require.Contains(t, v.text("#timeline-list li.note.internal"), "the gateway restarts")

	v.do(chromedp.Click(`a[href*="do=hold"]`), chromedp.WaitVisible("#command form"))
	v.choose("#f-reason", "scheduled")
	v.do(chromedp.SetValue("#f-until", "2099-07-01T10:00"))
	require.Contains(t, v.text("#f-until-hint"), "Europe/Berlin")
	v.submit("#command .actions button")
	require.Equal(t, "On hold", v.text(".record-head .state"))
	v.await(`document.querySelector(".due-next time").dateTime === "2099-07-01T08:00:00.000Z"`)

	v.do(chromedp.Click(`a[href*="do=resolve"]`), chromedp.WaitVisible("#command form"))
	v.choose("#f-code", "fixed")
	v.do(chromedp.SendKeys("#f-notes", "new firmware"))
	v.submit("#command .actions button")
	require.Equal(t, "Resolved", v.text(".record-head .state"))
	require.Contains(t, v.text("#description .resolved"), "new firmware")
	v.quiet()
}

func liveUpdates(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	number := logged(t, admin, "Live")
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/incidents/" + number)
	v.do(chromedp.SendKeys("#note-body", "half a note"))
	v.do(chromedp.Click(`a[href*="do=assign"]`), chromedp.WaitVisible("#command form"))
	admin.Post("/incidents/"+number+"/start", map[string]any{}).Is(http.StatusOK)
	v.await(`document.querySelector(".record-head .state").innerText === "In progress"`)
	v.await(`document.querySelector("#live-word").textContent.includes("Started by admin")`)
	admin.Post("/incidents/"+number+"/notes", map[string]any{"body": "<i>from elsewhere</i>", "internal": true}).Is(http.StatusCreated)
	v.await(`document.querySelector("#timeline-list").innerText.includes("<i>from elsewhere</i>")`)
	require.Equal(t, "half a note", v.value("#note-body"), "what is being written stays")
	require.NotEmpty(t, v.text("#command form"), "a form that is open stays")
	require.Contains(t, v.text(".commands"), "Resolve")
	require.NotContains(t, v.text(".commands"), "Start", "the buttons follow the state")
	v.quiet()
}

func refusedForm(t *testing.T, browser context.Context, stack *kit.Stack) {
	number := logged(t, stack.Admin(t), "Refused")
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/incidents/" + number + "?do=hold")
	v.choose("#f-reason", "awaiting_vendor")
	v.do(chromedp.SendKeys("#f-comment", "they <know>"))
	v.submit("#command .actions button")
	require.Contains(t, v.text("#command [role=alert]"), "Nothing was changed")
	require.Equal(t, "awaiting_vendor", v.value("#f-reason"))
	require.Equal(t, "they <know>", v.value("#f-comment"))
	v.do(chromedp.SendKeys("#f-vendor", "RelayCo"), chromedp.SendKeys("#f-reference", "R-1"))
	v.submit("#command .actions button")
	require.Equal(t, "On hold", v.text(".record-head .state"))

	v.visit("/incidents/" + number + "?do=triage")
	require.Contains(t, v.text("#command [role=alert]"), "not possible now")
}

func requester(t *testing.T, browser context.Context, stack *kit.Stack) {
	stack.Admin(t).Do(http.MethodPut, "/people/paula", map[string]any{"name": "Paula"}, nil).Is(http.StatusOK)
	var token struct {
		Secret string `json:"secret"`
	}
	stack.Admin(t).Post("/tokens", map[string]any{"person": "paula", "name": "test"}).Is(http.StatusCreated).Into(&token)
	secret := logged(t, stack.Admin(t), "Not for Paula")
	v := open(t, browser, stack)
	v.signIn(token.Secret)
	v.visit("/incidents?state=all")
	require.Contains(t, v.text(".empty"), "Log the first one")
	v.visit("/incidents/" + secret)
	require.Equal(t, "Not found", v.text("h1"))
	number := logged(t, stack.API(t, token.Secret), "Hers")
	v.visit("/incidents/" + number)
	require.Equal(t, "Cancel", strings.TrimSpace(v.text(".commands")), "what the rules allow, and nothing else")
	require.NotContains(t, v.text(".note-box"), "internal")
	v.do(chromedp.SendKeys("#note-body", "any news?"))
	v.submit(".note-box button")
	require.Contains(t, v.text("#timeline-list li.note"), "any news?")
}

func fitForEverybody(t *testing.T, browser context.Context, stack *kit.Stack) {
	number := logged(t, stack.Admin(t), strings.Repeat("A title of many words, ", 12))
	v := open(t, browser, stack)
	pages := []string{
		"/", "/incidents", "/incidents?state=all", "/incidents?q=nothing-like-this", "/incidents/new", "/incidents/" + number, "/waiting", "/waiting?name=promise", "/profile",
		"/design", "/incidents/" + number + "?do=hold", "/incidents/" + number + "?do=edit", "/incidents/" + number + "?do=reopen",
	}
	look := func(path string) {
		for _, theme := range []string{"light", "dark"} {
			v.dress(1280, theme)
			v.visit(path)
			require.Empty(t, v.barriers(), "%s, %s", path, theme)
		}
		v.dress(360, "light")
		beyond, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
		require.NoError(t, err)
		require.LessOrEqual(t, beyond, 0, "%s is wider than 360 pixels", path)
	}
	look("/sign-in")
	v.signIn(stack.Token)
	for _, path := range pages {
		look(path)
	}
	v.quiet()
}
