package browser

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// quickLog is a call at the desk: who calls is looked up, what they say is logged, and what is solved at once is resolved.
func quickLog(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/people/quilla", map[string]any{"name": "Quilla Quist", "mail": "quilla@example.com"}, nil).Is(http.StatusOK)
	admin.Post("/incidents", map[string]any{"title": "Her laptop hums", "impact": "low", "urgency": "low", "requester": "quilla"}).Is(http.StatusCreated)
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	v.visit("/")
	require.Equal(t, "Home", v.text("h1"))
	for _, theme := range []string{"light", "dark"} {
		v.dress(1280, theme)
		require.Empty(t, v.barriers(), theme)
	}
	v.do(chromedp.SendKeys("#f-requester", "quist"))
	v.await(`document.querySelector("#caller .caller")?.innerText.includes("Quilla Quist")`)
	require.Contains(t, v.text("#caller"), "quilla")
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#f-requester").value = ""; undefined`), chromedp.SendKeys("#f-requester", "quilla"))
	v.await(`document.querySelector("#caller")?.innerText.includes("Her laptop hums")`)
	v.do(chromedp.SendKeys("#f-title", "Forgot how to print"))
	v.choose("#f-impact", "low")
	v.choose("#f-urgency", "low")
	require.Empty(t, v.barriers(), "with a caller")
	v.do(chromedp.Click(".quick .further summary"))
	v.choose("#f-resolution-code", "fixed")
	v.do(chromedp.SendKeys("#f-resolution-notes", "Showed her"))
	v.submit(".quick .further button")
	require.Equal(t, "Forgot how to print", v.text("h1"))
	require.Equal(t, "Resolved", v.text(".record-head .state"))
	v.visit("/")
	v.do(chromedp.SendKeys("#f-requester", "quilla"))
	v.await(`document.querySelector("#caller")?.innerText.includes("Forgot how to print")`)
	v.dress(360, "light")
	beyond, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
	require.NoError(t, err)
	require.LessOrEqual(t, beyond, 0)
	v.quiet()
}

// homeIsTheirs shows each what is theirs: an agent their work, a requester no desk.
func homeIsTheirs(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	number := logged(t, admin, "Work for Eli")
	admin.Post("/incidents/"+number+"/assign", map[string]any{"team": "network", "assignee": "eli"}).Is(http.StatusOK)
	tokenOf := func(person string) string {
		var token struct {
			Secret string `json:"secret"`
		}
		admin.Post("/tokens", map[string]any{"person": person, "name": "test"}).Is(http.StatusCreated).Into(&token)
		return token.Secret
	}
	v := open(t, browser, stack)
	v.signIn(tokenOf("eli"))
	v.visit("/")
	require.Contains(t, v.text(`[aria-labelledby="mine-title"]`), "Work for Eli")
	require.NotEmpty(t, v.text(".due-list li"))
	v.submit(`.work a[href="/incidents/` + number + `"]`)
	require.Equal(t, "Work for Eli", v.text("h1"))

	admin.Do(http.MethodPut, "/people/petra", map[string]any{"name": "Petra"}, nil).Is(http.StatusOK)
	asker := open(t, browser, stack)
	asker.signIn(tokenOf("petra"))
	asker.visit("/")
	require.Empty(t, asker.text(".quick"), "no desk for those who only ask")
	asker.await(`location.pathname !== "/"`)
	asker.quiet()
}
