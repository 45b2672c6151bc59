package browser

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// onCallWalks go over who is on call.
var onCallWalks = map[string]walk{
	"a turn changes hands": aTurnChangesHands, "who is on call is fit for everybody": onCallIsFit,
}

// rota stores a schedule in which two people of the demo take turns of a week.
func rota(t *testing.T, stack *kit.Stack, name string, people ...string) {
	t.Helper()
	stack.Admin(t).Do(http.MethodPut, "/policies/OnCallSchedule/"+name, map[string]any{"reason": "test", "spec": map[string]any{
		"timezone": "Europe/Berlin", "layers": []map[string]any{
			{"name": "week", "rotation": map[string]any{"unit": "week", "start": "2024-01-01", "handoff": "09:00"}, "people": people},
		},
	}}, nil).Is(http.StatusOK)
}

// aTurnChangesHands lets eli hand over his turn, fay accept, and his lead's hand put somebody in, without a pointer but for
// opening what is closed.
func aTurnChangesHands(t *testing.T, browser context.Context, stack *kit.Stack) {
	rota(t, stack, "hands", "eli", "fay")
	eli := as(t, browser, stack, "eli")
	eli.visit("/on-call")
	hand := `a[href^="/on-call/hands?from="]`
	eli.do(chromedp.Focus(hand))
	eli.turns(func() { eli.do(chromedp.SendKeys(hand, "\r")) })
	require.NotEmpty(t, eli.value("#f-swap-gives-from"), "the turn is filled in")
	eli.do(chromedp.SetValue("#f-swap-with", "fay"), chromedp.SendKeys("#f-swap-reason", "a wedding"))
	eli.submit(`form[action="/on-call/hands/swaps"] button.primary`)
	require.Contains(t, eli.text("#swap .notice"), "Nothing changes until they accept")

	fay := as(t, browser, stack, "fay")
	fay.visit("/on-call")
	require.Contains(t, fay.text(".ask"), "eli asks you to swap turns")
	accept := `.ask form[action$="/accept"] button`
	fay.do(chromedp.Focus(accept))
	fay.turns(func() { fay.do(chromedp.SendKeys(accept, "\r")) })
	require.NotContains(t, fay.text("#main"), "asks you to swap turns")
	require.Contains(t, fay.text("#swaps"), "Accepted")

	// eli leads the team of both: he puts dee in, and takes it back.
	eli.visit("/on-call/hands")
	require.Contains(t, eli.text("#overrides"), "fay for eli")
	eli.do(chromedp.Click("#overrides summary"), chromedp.SetValue("#f-override-person", "nobody-like-this"))
	eli.do(chromedp.SetValue("#f-override-to", time.Now().Add(20*24*time.Hour).Format("2006-01-02T15:04")))
	eli.submit("#overrides details form button.primary")
	require.Contains(t, eli.text("#f-override-person-wrong"), "is nobody who is active here")
	eli.do(chromedp.SetValue("#f-override-person", "dee"))
	eli.choose("#f-override-place", "+")
	eli.submit("#overrides details form button.primary")
	require.Contains(t, eli.text("#overrides"), "dee beside whoever is on call")
	require.Contains(t, eli.text(".now-box"), "Dee Marin")
	for range 2 {
		eli.submit("#overrides .cards form button")
	}
	require.Contains(t, eli.text("#overrides"), "everybody has the turns that the schedule gives them")
	require.Contains(t, eli.text("#swaps, #swap"), "Swap turns")
}

// onCallIsFit looks at every page in both themes and as wide as a phone, with nobody on call and with what opens.
func onCallIsFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	rota(t, stack, "fit", "admin", "gil")
	stack.Admin(t).Do(http.MethodPut, "/people/floor", map[string]any{"name": "Floor", "active": false}, nil).Is(http.StatusOK)
	rota(t, stack, "unreachable", "floor")
	stack.Admin(t).Post("/schedules/fit/overrides", map[string]any{"person": "hana", "kind": "add", "to": time.Now().Add(72 * time.Hour), "reason": "helps"}).Is(http.StatusCreated)
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	fitAll(v, append(plain("/on-call", "/on-call/fit", "/on-call/unreachable", "/on-call/network", "/on-call/workplace", "/on-call/none", "/profile"),
		place{"/on-call/fit", "with its forms", func(v *tab) {
			v.do(chromedp.Click("#overrides summary"), chromedp.Click("#swap summary"))
		}},
		place{"/on-call/fit", "with what was refused", func(v *tab) {
			v.do(chromedp.Click("#swap summary"), chromedp.SetValue("#f-swap-with", "gil"))
			v.submit(`form[action="/on-call/fit/swaps"] button.primary`)
		}},
		place{"/on-call/fit", "with an address", func(v *tab) { v.submit("#feed form button") }},
		place{"/on-call", "with an address", func(v *tab) { v.submit("#feed form button") }},
	))
	require.Contains(t, v.text("#feed"), "shown this once")
	address := v.value("#feed-address")
	feed, err := http.Get(address)
	require.NoError(t, err)
	defer feed.Body.Close()
	content, err := io.ReadAll(feed.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, feed.StatusCode, address)
	require.Contains(t, string(content), "SUMMARY:On call: fit\r\n", "the turns of whoever made it")
	v.visit("/on-call")
	require.Contains(t, v.text(".on-call"), "cannot be reached")
	v.visit("/on-call/unreachable")
	require.Contains(t, v.text(`[aria-labelledby="coverage-title"]`), "floor takes turns and is not active")
}
