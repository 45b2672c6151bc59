package browser

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// walk is what one visitor, or a few, do in the console.
type walk func(t *testing.T, browser context.Context, stack *kit.Stack)

// consoleWalks go over the work itself.
var consoleWalks = map[string]walk{
	"an agent's morning": agentsMorning, "a team lead's morning": leadsMorning, "a requester's morning": requestersMorning,
	"signing in and out": signingInAndOut, "live updates": liveUpdates,
	"a queue by keyboard": queueByKeyboard, "a queue in bulk": queueInBulk, "a queue of changes by keys": changeQueueByKeys, "a live queue and its views": queueLive,
	"a refused form keeps what was typed": refusedForm, "signing in by password": signingInByPassword,
	"every page of the work is fit for everybody": workIsFit, "every command is fit for everybody": commandsAreFit,
	"what opens on pages of the work is fit for everybody": workOpenedIsFit, "the portal is fit for everybody": askingIsFit,
	"home is theirs": homeIsTheirs, "planned work is told to those who use it": plannedWorkIsTold,
}

// One Holdfast and one browser serve all visitors, since starting them takes longer than most walks; each has cookies of
// their own and works on records of their own.
func TestConsole(t *testing.T) {
	t.Parallel()
	stack := kit.Up(t)
	browser := newBrowser(t)
	for _, walks := range []map[string]walk{consoleWalks, changeWalks, deskWalks, onCallWalks, promiseWalks} {
		walkAll(t, browser, stack, walks)
	}
}

func walkAll(t *testing.T, browser context.Context, stack *kit.Stack, walks map[string]walk) {
	for name, goes := range walks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goes(t, browser, stack)
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
