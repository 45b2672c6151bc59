package browser

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// adminsMorning is the first day of Eve, as the administrator sees it: an account, a link, a role, a team, a token for her
// scripts that is taken back, and, as her laptop is stolen at noon, the end of her sessions. Between, the administrator
// changes by a tested policy what she will work by.
func adminsMorning(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := open(t, browser, stack)
	admin.signIn(stack.Token)

	// An account, and a link that makes it Eve's own.
	admin.visit("/people/new")
	admin.do(chromedp.SendKeys("#f-handle", "eve"), chromedp.SendKeys("#f-name", "Eve Holm"))
	admin.submit("main form button.primary")
	require.Contains(t, admin.text("h1"), "Eve Holm")
	admin.submit(`form[action="/people/eve/invitations"] button`)
	link, err := url.Parse(admin.value("#link"))
	require.NoError(t, err)
	eve := open(t, browser, stack)
	eve.visit(link.Path)
	require.Equal(t, "Welcome, Eve Holm", eve.text("h1"))
	eve.do(chromedp.SendKeys("#password", evesPassword), chromedp.SendKeys("#again", evesPassword))
	eve.submit("main form button")
	require.Equal(t, "My reports", eve.text("h1"), "whoever has no role only asks")
	stranger := open(t, browser, stack)
	stranger.visit(link.Path)
	require.Contains(t, stranger.text("main"), "used before", "the link worked once")

	// A role for one team.
	admin.visit("/people/eve")
	admin.choose("#f-role", "agent")
	admin.choose("#f-scope", "team:network")
	admin.submit("#grants form.further button")
	require.Contains(t, admin.text("#grants"), "for the team network")
	eve.visit("/")
	require.Equal(t, "Home", eve.text("h1"), "it counts from the next page on")

	// The team is a document. Its first text has a fault, the second a reason.
	admin.visit("/policies/new?kind=Team")
	team := func(lead string) string {
		return "kind: Team\nname: field\nspec:\n  title: Field service\n  lead: " + lead + "\n  members: [eve]\n  calendar: support\n"
	}
	admin.do(chromedp.SetValue("#text", strings.Replace(team("eve"), "members", "membres", 1)))
	admin.submit(`button[value="check"]`)
	require.Contains(t, admin.text(".faults"), "membres")
	require.Contains(t, admin.text(".problem"), "Nothing was changed")
	admin.do(chromedp.SetValue("#text", team("eve")))
	admin.submit(`button[value="apply"]`)
	require.Contains(t, admin.text("#reason-wrong"), "Say why")
	admin.do(chromedp.SendKeys("#reason", "somebody must drive there"))
	admin.submit(`button[value="apply"]`)
	require.Contains(t, admin.text("h1"), "version 1")
	admin.visit("/teams")
	require.Contains(t, admin.text("main table"), "Field service")
	admin.visit("/people/eve")
	require.Contains(t, admin.text("[aria-labelledby=person-teams]"), "Field service")

	// A policy is tested where it is written, before it is applied.
	admin.visit("/policies/PriorityMatrix/default/edit")
	admin.do(chromedp.SetValue("#tests", "kind: PolicyTest\nname: matrix\ncases:\n"+
		"- {name: both high, priority: {of: default, impact: high, urgency: high}, expect: {priority: 1}}\n"+
		"- {name: both low, priority: {of: default, impact: low, urgency: low}, expect: {priority: 1}}\n"))
	admin.submit(`button[value="test"]`)
	require.Contains(t, admin.text("#test .test-report"), "1 passed, 1 failed.")
	require.Contains(t, admin.text("#test .test-report .wrong"), "5")

	// A token for her scripts, narrowed, and taken back.
	admin.visit("/people/eve")
	admin.do(chromedp.SendKeys("#tokens #f-name", "monitoring"), chromedp.Click(".narrowing summary"), chromedp.Click(`input[value="incident.read"]`))
	admin.submit("#tokens form.further .actions button")
	secret := admin.value("#secret")
	require.True(t, strings.HasPrefix(secret, "hf_"))
	stack.API(t, secret).Get("/incidents").Is(http.StatusOK)
	stack.API(t, secret).Get("/teams").Is(http.StatusForbidden)
	admin.submit(`#tokens form[action$="/revoke"] button`)
	stack.API(t, secret).Get("/incidents").Is(http.StatusUnauthorized)

	// The laptop is gone: whoever has it is signed out.
	admin.submit(`form[action^="/people/eve/sessions/"] button`)
	require.Contains(t, admin.text("[aria-labelledby=sign-in-title]"), "Signed in nowhere")
	eve.visit("/incidents")
	require.Equal(t, "Sign in", eve.text("h1"))

	admin.visit("/design")
	require.Equal(t, "Design", admin.text("h1"))
}

const evesPassword = "four lamps on a long pier"
