package browser

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

const petrasPassword = "a lamp beside seven boats"

// portalFromInvitationToScore is the way of somebody who asks for help once a month: invited, reports, answers, confirms.
func portalFromInvitationToScore(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/people/petra", map[string]any{"name": "Petra Holm", "zone": "Asia/Tokyo"}, nil).Is(http.StatusOK)
	var invitation struct {
		Path string `json:"path"`
	}
	admin.Post("/people/petra/invitations", nil).Is(http.StatusCreated).Into(&invitation)
	v := open(t, browser, stack)
	v.visit(invitation.Path)
	require.Equal(t, "Welcome, Petra Holm", v.text("h1"))
	v.do(chromedp.SendKeys("#password", petrasPassword), chromedp.SendKeys("#again", petrasPassword))
	v.submit("main form button")
	require.Equal(t, "My reports", v.text("h1"), "whoever asks for help begins in the portal")
	require.Contains(t, v.text(".empty"), "Nothing reported yet")

	v.submit(`.empty a[href="/portal/report"]`)
	v.do(chromedp.SendKeys("#report-title", "The door of room 4 beeps"))
	v.do(chromedp.Click(`input[name="hindrance"][value="high"]`))
	v.submit("form.log .actions button")
	require.Equal(t, "The door of room 4 beeps", v.text("h1"))
	require.Contains(t, v.text("#portal-head"), "Received")
	number := v.text("dd.number")
	require.Contains(t, v.text(".notice"), number)
	const inTokyo = `(() => {
		const at = new Date(document.querySelector("#said time").dateTime), usual = {month: "short", day: "numeric", hour: "numeric", minute: "2-digit"};
		return new Intl.DateTimeFormat(undefined, {...usual, timeZone: "Asia/Tokyo"}).format(at);
	})()`
	wanted, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](inTokyo))
	require.NoError(t, err)
	v.await(`document.querySelector("#said time").textContent !== ""`)
	require.Equal(t, wanted, v.text("#said time"), "times are in the zone of the profile, not of the browser")

	admin.Insist("/incidents/"+number+"/notes", map[string]any{"body": "Petra again", "internal": true}).Is(http.StatusCreated)
	admin.Insist("/incidents/"+number+"/hold", map[string]any{"reason": "awaiting_requester", "comment": "Which door exactly?"}).Is(http.StatusOK)
	v.await(`document.querySelector("#portal-head").innerText.includes("Waiting for you")`)
	require.Contains(t, v.text("#said"), "Which door exactly?")
	require.NotContains(t, v.text("body"), "Petra again")
	v.do(chromedp.SendKeys("#reply-body", "The one to the yard"))
	v.submit(".note-box button")
	v.await(`!document.querySelector("#portal-head").innerText.includes("Waiting for you")`)

	admin.Insist("/incidents/"+number+"/resolve", map[string]any{"code": "fixed", "notes": "A new battery is in."}).Is(http.StatusOK)
	v.await(`document.querySelector("#portal-head").innerText.includes("Solved?")`)
	require.Contains(t, v.text("#portal-actions"), "A new battery is in.")
	for _, theme := range []string{"light", "dark"} {
		v.dress(1280, theme)
		for _, path := range []string{"/portal", "/portal/report", "/portal/records/" + number, "/profile"} {
			v.visit(path)
			require.Empty(t, v.barriers(), "%s, %s", path, theme)
		}
	}
	v.dress(360, "light")
	for _, path := range []string{"/portal", "/portal/report", "/profile", "/portal/records/" + number} {
		v.visit(path)
		beyond, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
		require.NoError(t, err)
		require.LessOrEqual(t, beyond, 0, "%s is wider than 360 pixels", path)
	}
	v.submit(`#portal-actions button[name="score"][value="5"]`)
	require.Contains(t, v.text("#portal-head"), "Closed")
	var closed struct {
		State        string `json:"state"`
		Satisfaction struct {
			Score int `json:"score"`
		} `json:"satisfaction"`
	}
	admin.Get("/incidents/" + number).Is(http.StatusOK).Into(&closed)
	require.Equal(t, "closed", closed.State)
	require.Equal(t, 5, closed.Satisfaction.Score)
	v.quiet()
}

// signingInByPassword signs in and out with a password, on two machines.
func signingInByPassword(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/people/paul", map[string]any{"name": "Paul Berg"}, nil).Is(http.StatusOK)
	var invitation struct {
		Path string `json:"path"`
	}
	admin.Post("/people/paul/invitations", nil).Is(http.StatusCreated).Into(&invitation)
	home := open(t, browser, stack)
	home.visit(invitation.Path)
	home.do(chromedp.SendKeys("#password", petrasPassword), chromedp.SendKeys("#again", petrasPassword))
	home.submit("main form button")

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
