package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

const petrasPassword = "a lamp beside seven boats"

// requestersMorning is the way of somebody who asks for help once a month. Petra is invited, reports a door that beeps though an
// answer that helped others is suggested, answers what the desk asks, says that it beeps still, and at last that it works. What
// the desk writes among themselves, and what others reported, she never sees.
func requestersMorning(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	others := logged(t, admin, "The door of room 9 beeps")
	admin.Insist("/incidents/"+others+"/notes", map[string]any{"body": "A door beeps while its **latch** hangs: press it in.", "answer": true}).Is(http.StatusCreated)
	admin.Insist("/incidents/"+others+"/resolve", map[string]any{"code": "fixed", "notes": "pressed it in"}).Is(http.StatusOK)
	admin.Do(http.MethodPut, "/people/petra", map[string]any{"name": "Petra Holm", "zone": "Asia/Tokyo"}, nil).Is(http.StatusOK)
	petra := invited(t, browser, stack, "petra")
	require.Equal(t, "My reports", petra.text("h1"), "whoever asks for help begins in the portal")
	require.Contains(t, petra.text(".empty"), "Nothing reported yet")

	// She reports what no answer mends.
	petra.submit(`.empty a[href="/portal/report"]`)
	petra.do(chromedp.SendKeys("#report-title", "The door of room 4 beeps"))
	petra.await(`document.querySelector("#answers .answer strong")?.innerText === "latch"`)
	require.NotContains(t, petra.text("#answers"), "room 9", "no word of whose door it was")
	petra.do(chromedp.Click(`input[name="hindrance"][value="high"]`))
	petra.submit("form.log .actions button")
	require.Equal(t, "The door of room 4 beeps", petra.text("h1"))
	require.Contains(t, petra.text("#portal-head"), "Received")
	number := petra.text("dd.number")
	require.Contains(t, petra.text(".notice"), number)
	const inTokyo = `(() => {
		const at = new Date(document.querySelector("#said time").dateTime), usual = {month: "short", day: "numeric", hour: "numeric", minute: "2-digit"};
		return new Intl.DateTimeFormat(undefined, {...usual, timeZone: "Asia/Tokyo"}).format(at);
	})()`
	wanted, err := chromedp.Run(petra.ctx, chromedp.Evaluate[string](inTokyo))
	require.NoError(t, err)
	petra.await(`document.querySelector("#said time").textContent !== ""`)
	require.Equal(t, wanted, petra.text("#said time"), "times are in the zone of the profile, not of the browser")

	petra.visit("/incidents/" + number)
	require.Equal(t, "Cancel", strings.TrimSpace(petra.text(".commands")), "what the rules allow, and nothing else")
	require.NotContains(t, petra.text(".note-box"), "internal")

	// The desk asks back, and she answers.
	petra.visit("/portal/records/" + number)
	admin.Insist("/incidents/"+number+"/notes", map[string]any{"body": "Petra again", "internal": true}).Is(http.StatusCreated)
	admin.Insist("/incidents/"+number+"/hold", map[string]any{"reason": "awaiting_requester", "comment": "Which door exactly?"}).Is(http.StatusOK)
	petra.await(`document.querySelector("#portal-head").innerText.includes("Waiting for you")`)
	require.Contains(t, petra.text("#said"), "Which door exactly?")
	petra.do(chromedp.SendKeys("#reply-body", "The one to the yard"))
	petra.submit(".note-box button")
	kit.Eventually(t, time.Minute, func() bool { // a busy machine decides a moment later
		return admin.Get("/incidents/" + number).Is(http.StatusOK).Map()["state"] != "on_hold"
	}, "her reply goes on with it")
	petra.await(`!document.querySelector("#portal-head").innerText.includes("Waiting for you")`)

	// It is said to be solved. It is not, and then it is.
	admin.Insist("/incidents/"+number+"/resolve", map[string]any{"code": "fixed", "notes": "The latch was pressed in."}).Is(http.StatusOK)
	petra.await(`document.querySelector("#portal-head").innerText.includes("Solved?")`)
	require.Contains(t, petra.text("#portal-actions"), "The latch was pressed in.")
	petra.do(chromedp.Click("#portal-actions details summary"), chromedp.SendKeys("#reopen-body", "It beeps still"))
	petra.submit(`form[action$="/do/reopen"] button`)
	require.Contains(t, petra.text("#portal-head"), "Being worked on")
	admin.Insist("/incidents/"+number+"/resolve", map[string]any{"code": "fixed", "notes": "A new battery is in."}).Is(http.StatusOK)
	petra.await(`document.querySelector("#portal-head").innerText.includes("Solved?")`)
	petra.fit("a report that is solved")
	petra.submit(`#portal-actions button[name="score"][value="5"]`)
	require.Contains(t, petra.text("#portal-head"), "Closed")
	var closed struct {
		State        string `json:"state"`
		Satisfaction struct {
			Score int `json:"score"`
		} `json:"satisfaction"`
	}
	admin.Get("/incidents/" + number).Is(http.StatusOK).Into(&closed)
	require.Equal(t, "closed", closed.State)
	require.Equal(t, 5, closed.Satisfaction.Score)
	petra.quiet()

	// Wherever she looks, there is hers and nothing internal.
	for _, path := range []string{"/portal", "/portal/records/" + number, "/incidents/" + number, "/incidents/" + number + "/history", "/incidents?state=all", "/search?q=door"} {
		petra.visit(path)
		require.Contains(t, petra.text("main"), "door", path)
		require.NotContains(t, petra.text("body"), "Petra again", path)
		require.NotContains(t, petra.text("body"), "room 9", path)
	}
	petra.visit("/incidents/" + others)
	require.Equal(t, "Not found", petra.text("h1"))
}

// invited is a visitor who came by a link and set a password.
func invited(t *testing.T, browser context.Context, stack *kit.Stack, person string) *tab {
	t.Helper()
	var invitation struct {
		Path string `json:"path"`
	}
	stack.Admin(t).Post("/people/"+person+"/invitations", nil).Is(http.StatusCreated).Into(&invitation)
	v := open(t, browser, stack)
	v.visit(invitation.Path)
	require.Contains(t, v.text("h1"), "Welcome")
	v.do(chromedp.SendKeys("#password", petrasPassword), chromedp.SendKeys("#again", petrasPassword))
	v.submit("main form button")
	return v
}

// signingInByPassword signs in and out with a password, on two machines.
func signingInByPassword(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/people/paul", map[string]any{"name": "Paul Berg"}, nil).Is(http.StatusOK)
	home := invited(t, browser, stack, "paul")

	office := open(t, browser, stack)
	office.visit("/profile")
	office.do(chromedp.SendKeys("#handle", "paul"), chromedp.SendKeys("#password", "not this one at all"))
	office.submit("main form button.primary")
	require.Contains(t, office.text("[role=alert]"), "do not belong together")
	require.Equal(t, "paul", office.value("#handle"))
	require.Empty(t, office.value("#password"))
	office.do(chromedp.SendKeys("#password", petrasPassword))
	office.submit("main form button.primary")
	require.Equal(t, "Paul Berg", office.text("h1"), "it leads back to where one wanted to go")
	office.submit("#sessions form button")
	require.Contains(t, office.text("#sessions [role=status]"), "ended")
	home.visit("/profile")
	require.Equal(t, "Sign in", home.text("h1"), "the other browser is signed out")
}
