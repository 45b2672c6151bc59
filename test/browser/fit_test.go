package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// place is a page, and what is opened on it: a menu, a dialog, a form, what came of it.
type place struct {
	path string
	// opens says what is opened; empty: the page as it comes.
	opens string
	open  func(*tab)
}

// as it comes.
func plain(paths ...string) []place {
	var places []place
	for _, path := range paths {
		places = append(places, place{path: path})
	}
	return places
}

// click opens by pressing, shown is what is there then.
func click(presses, shown string) func(*tab) {
	return func(v *tab) { v.do(chromedp.Click(presses), chromedp.WaitVisible(shown)) }
}

// fitAll looks at each place in both themes and as wide as a phone.
func fitAll(v *tab, places []place) {
	v.t.Helper()
	for _, one := range places {
		v.visit(one.path)
		if one.open != nil {
			one.open(v)
		}
		v.fit(strings.TrimSpace(one.path + " " + one.opens))
	}
}

// palette opens the palette and looks for something.
func palette(words string) func(*tab) {
	return func(v *tab) {
		v.do(chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, bubbles: true})); undefined`))
		v.await(`document.activeElement.id === "palette-input"`)
		v.press(words)
		v.await(`document.querySelector('#palette-list [aria-selected="true"]') !== null`)
	}
}

// workIsFit walks the pages of the work itself as they come, commandsAreFit and workOpenedIsFit what opens on them: three walks,
// so that they go beside each other.
func workIsFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	record := longRecord(t, stack)
	v := open(t, browser, stack)
	fitAll(v, append(plain("/sign-in", "/sign-in?with=token", "/welcome/hf_old", "/acknowledge/hf_old"), place{"/sign-in", "refused", func(v *tab) {
		v.do(chromedp.SendKeys("#handle", "nobody"), chromedp.SendKeys("#password", "no word of theirs"))
		v.submit("main form button.primary")
	}}))
	v.signIn(stack.Token)
	fitAll(v, plain("/", "/incidents", "/incidents?state=all", "/incidents?q=nothing-like-this", "/incidents/new", record, record+"/history",
		record+"/history?field=team", "/waiting", "/waiting?name=promise", "/waiting?team=nobody", "/search", "/search?q=manywords", "/search?q=nothing-like-this",
		"/escalations", "/escalations?state=exhausted", "/escalations?state=all", "/incidents/INC-999999", "/no-such-page", "/portal", "/portal/report", "/profile"))
	fitAll(v, ofStates(t, stack))
	called := calledTo(t, stack, record)
	fitAll(v, plain("/", record, called, called+"?do=snooze", called+"?do=add-responder"))
}

// calledTo calls the administrator to an incident, and gives the path of the escalation's page.
func calledTo(t *testing.T, stack *kit.Stack, record string) string {
	t.Helper()
	stack.Admin(t).Insist(record+"/page", map[string]any{"people": []string{"admin"}, "reason": strings.Repeat("Nobody can work. ", 20)}).Is(http.StatusOK)
	var found struct {
		Items []struct {
			Number string `json:"number"`
		} `json:"items"`
	}
	kit.Eventually(t, time.Minute, func() bool {
		stack.Admin(t).Get("/escalations?source=" + strings.TrimPrefix(record, "/incidents/")).Into(&found)
		return len(found.Items) == 1
	})
	return "/escalations/" + found.Items[0].Number
}

// longRecord logs an incident whose every text is long, and gives the path of its page.
func longRecord(t *testing.T, stack *kit.Stack) string {
	t.Helper()
	record := "/incidents/" + logged(t, stack.Admin(t), strings.Repeat("A title of many words, ", 12))
	stack.Admin(t).Insist(record+"/notes", map[string]any{
		"body": "# Found\n\n```\n" + strings.Repeat("a long line ", 40) + "\n```\n\n- [x](https://example.com)\n\n| a | b |\n|---|---|\n| 1 | " + strings.Repeat("w", 80) + " |\n", "internal": true,
	}).Is(http.StatusCreated)
	return record
}

// commandsAreFit walks the form of every command.
func commandsAreFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	record := longRecord(t, stack)
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	for _, transition := range incident.Lifecycle.Transitions {
		if !transition.Machine() && transition.Verb != "log" {
			v.visit(record + "?do=" + strings.ReplaceAll(transition.Verb, "_", "-"))
			v.fitWithin("#command", transition.Verb)
		}
	}
	fitAll(v, []place{
		{record, "with more commands", click(".commands .more summary", ".commands .more .menu-body")},
		{record, "with a form for a link and one for a watcher", func(v *tab) {
			v.do(chromedp.Click("#links summary"), chromedp.WaitVisible("#link-to"), chromedp.Click("#watchers summary"), chromedp.WaitVisible("#watcher"))
		}},
		{record + "?do=hold", "refused", func(v *tab) {
			v.choose("#f-reason", "awaiting_vendor")
			v.submit("#command .actions button")
			require.Contains(v.t, v.text("#command [role=alert]"), "Nothing was changed")
		}},
	})
}

// workOpenedIsFit walks what opens on home, on the queue and where incidents are written.
func workOpenedIsFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	logged(t, admin, "Fitting, the first")
	second := logged(t, admin, "Fitting, the second")
	list := "/incidents?state=all&q=fitting"
	bulk := func(v *tab) {
		v.do(chromedp.Click("[data-pick-all]"), chromedp.Click(`.bulk-bar button[value="assign"]`), chromedp.WaitVisible("#bulk form"))
	}
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	fitAll(v, []place{
		{"/", "with a caller, and what was solved", func(v *tab) {
			v.do(chromedp.SendKeys("#f-requester", "rita"), chromedp.Click(".quick .further summary"))
			v.await(`document.querySelector("#caller .caller") !== null`)
		}},
		{"/", "with the account's menu", click(".masthead .menu summary", ".masthead .menu-body")},
		{"/", "with the palette", palette("fitting")},
		{list, "with the keys", click(".keys-button", "#keys")},
		{list, "with the menu of views", click(".title-tools .menu summary", ".title-tools .menu-body")},
		{list, "with the choice of columns", click(".queue-filters .menu summary", ".queue-filters .menu-body")},
		{list, "with a command for several", bulk},
		{list, "with more commands for several", click(".bulk-bar .menu summary", ".bulk-bar .menu-body")},
		{list, "with what became of a command for several", func(v *tab) {
			bulk(v)
			admin.Insist("/incidents/"+second+"/cancel", map[string]any{"reason": "for the test"})
			v.choose("#f-team", "network")
			v.do(chromedp.Click("#bulk .actions .primary"))
			v.await(`document.querySelector("#bulk .refused, #bulk .done") !== null`)
		}},
		{"/incidents/new", "with similar incidents", func(v *tab) {
			v.do(chromedp.SendKeys("#f-title", "Fitting, the third"))
			v.await(`document.querySelectorAll("#similar li").length > 0`)
		}},
		{"/portal/report", "with answers", func(v *tab) {
			v.do(chromedp.SendKeys("#report-title", "The intranet search finds nothing"))
			v.await(`document.querySelectorAll("#answers .answer").length > 0`)
		}},
	})
}

// ofStates are incidents of the demo organisation in every state, as the desk sees them and as whoever reported them does.
func ofStates(t *testing.T, stack *kit.Stack) []place {
	var places []place
	for _, state := range incident.Lifecycle.States {
		var found struct {
			Items []struct {
				Number string `json:"number"`
			} `json:"items"`
		}
		stack.Admin(t).Get("/incidents?limit=1&state=" + string(state.Name)).Is(http.StatusOK).Into(&found)
		if len(found.Items) > 0 {
			places = append(places, place{path: "/incidents/" + found.Items[0].Number})
		}
	}
	return places
}

// governingIsFit walks the pages that keep an organisation, with all that opens on them.
func governingIsFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	stack.Admin(t).Do(http.MethodPut, "/people/fenna", map[string]any{"name": "Fenna Fit"}, nil).Is(http.StatusOK)
	stack.Admin(t).Do(http.MethodPut, "/destinations/acme", map[string]any{
		"channel": "slack", "title": "Acme", "token": "xoxb-nobody", "signing_secret": "0123456789abcdef", "active": false,
	}, nil).Is(http.StatusOK)
	stack.Admin(t).Do(http.MethodPut, "/destinations/gateway", map[string]any{
		"title": "A gateway", "url": "https://gateway.example.com/" + strings.Repeat("x", 80), "carries": []string{"sms"}, "active": true,
	}, nil).Is(http.StatusOK)
	stack.Admin(t).Post("/contacts", map[string]any{"channel": "sms", "address": "+4930123456"}).Is(http.StatusCreated)
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	fitAll(v, plain("/notifications", "/notifications?unread=1", "/deliveries", "/deliveries?state=dead", "/deliveries/destinations/new", "/deliveries/destinations/gateway", "/deliveries/destinations/new?channel=slack", "/deliveries/destinations/acme", "/policies", "/policies?kind=Calendar", "/policies/Calendar/default", "/policies/PriorityMatrix/default/edit", "/policies/new", "/policies/new?kind=CannedReply",
		"/policies/PriorityMatrix/default/compare", "/policies/Calendar/none", "/people", "/people?active=all", "/people?q=nobody-like-this", "/people/fenna", "/people/admin",
		"/people/new", "/people/fenna/edit", "/teams", "/services", "/profile", "/design"))
	written := func(kind, text, button string) func(*tab) {
		return func(v *tab) {
			v.do(chromedp.SetValue("#text", "kind: "+kind+"\nname: fit\nspec:\n"+text))
			v.submit(button)
		}
	}
	fitAll(v, []place{
		{"/policies/new?kind=CannedReply", "with faults", written("CannedReply", "  title: Fit\n  text: Hello {{requestor}}\n", `button[value="check"]`)},
		{"/policies/new?kind=CannedReply", "checked", written("CannedReply", "  title: Fit\n  text: Hello {{requester}}\n", `button[value="check"]`)},
		{"/policies/new?kind=CannedReply", "without a reason", written("CannedReply", "  title: Fit\n  text: Hello {{requester}}\n", `button[value="apply"]`)},
		{"/policies/PriorityMatrix/default/edit", "with what tests say", func(v *tab) {
			v.do(chromedp.SetValue("#tests", "kind: PolicyTest\nname: matrix\ncases:\n- {priority: {of: default, impact: low, urgency: low}, expect: {priority: 1}}\n"))
			v.submit(`button[value="test"]`)
		}},
		{"/what-if", "", nil},
		{"/what-if", "with faults", func(v *tab) {
			v.do(chromedp.SetValue("#text", "kind: SLA\nname: fit\nspec: {}\n"))
			v.submit(".what-if button.primary")
		}},
		{"/what-if?kind=PriorityMatrix&name=default", "with what would change", func(v *tab) {
			v.do(chromedp.SetValue("#text", "kind: SLA\nname: fit\nspec:\n  applies_to: 'true'\n  targets: {response: {'1': 1s, '2': 1s, '3': 1s, '4': 1s, '5': 1s}}\n"))
			v.submit(".what-if button.primary")
			v.await(`document.querySelector(".found [role=status] strong") !== null`)
			v.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details.behind").forEach(one => one.open = true); undefined`))
		}},
		{"/deliveries/destinations/gateway", "with a secret", func(v *tab) { v.submit(`form[action$="/rotate"] button`) }},
		{"/people/fenna", "with a link", func(v *tab) { v.submit(`form[action="/people/fenna/invitations"] button`) }},
		{"/people/fenna", "with a token", func(v *tab) {
			v.do(chromedp.SendKeys("#tokens #f-name", "fit"))
			v.submit("#tokens form.further .actions button")
		}},
		{"/people/fenna", "with a token to be narrowed", click(".narrowing summary", `input[value="incident.read"]`)},
		{"/profile", "with a password refused", func(v *tab) {
			v.do(chromedp.SendKeys("#password", petrasPassword), chromedp.SendKeys("#again", evesPassword))
			v.submit("#password-box form button")
		}},
		{"/design", "with a dialog", func(v *tab) {
			v.do(chromedp.Click("main [data-opens]"))
			v.await(`document.querySelector("dialog[open]") !== null`)
		}},
		{"/design", "after it", func(v *tab) { v.press(kb.Escape) }},
	})
}

// configuringIsFit walks what is run, what monitoring tells of it, and what opens on that.
func configuringIsFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/configuration-items/fit-1", map[string]any{
		"class": "server", "title": strings.Repeat("A long name ", 12), "service": "mail", "exclusive": true, "attributes": map[string]any{"serial": strings.Repeat("x", 80)},
	}, nil).Is(http.StatusOK)
	admin.Insist("/configuration-items/fit-1/relations", map[string]any{"type": "runs_on", "to": "esx-ber-1"}).Is(http.StatusNoContent)
	var key struct {
		Path string `json:"path"`
	}
	admin.Post("/intake-keys", map[string]any{"service": "mail", "name": "fit"}).Is(http.StatusCreated).Into(&key)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, stack.URL+key.Path+"generic", strings.NewReader(`{"key": "fit", "status": "firing",
		"title": "`+strings.Repeat("Long words ", 20)+`", "severity": "critical", "configuration_item": "fit-1", "labels": {"job": "`+strings.Repeat("y", 90)+`"}}`))
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusAccepted, answer.StatusCode)
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	fitAll(v, plain("/configuration-items", "/configuration-items?q=nothing-like-this", "/configuration-items/fit-1", "/configuration-items/esx-ber-1/impact?through=1",
		"/configuration-items/nothing", "/configuration-items/fit-1/edit", "/configuration-items/-/new", "/configuration-import", "/alerts", "/alerts?service=erp", "/intake-keys"))
	fitAll(v, []place{
		{"/alerts", "as it was told", click(".alert-details summary", ".alert-details dl")},
		{"/configuration-items/fit-1", "to be tied and to be ended", func(v *tab) {
			v.do(chromedp.Click("#relations .further summary"), chromedp.WaitVisible("#f-to"), chromedp.Click("#end summary"), chromedp.WaitVisible("#end form"))
		}},
		{"/configuration-items/fit-1", "with items to be tied to", func(v *tab) {
			v.do(chromedp.Click("#relations .further summary"), chromedp.SendKeys("#f-to", "esx"))
			v.await(`document.querySelector("#f-to-list option[value='esx-ber-1']") !== null && document.querySelector("#f-to-list option[value='fit-1']") === null`)
		}},
		{"/intake-keys", "with an address", func(v *tab) {
			v.choose("#f-service", "erp")
			v.do(chromedp.SendKeys("#f-name", "fit"))
			v.submit("#make button.primary")
		}},
	})
}

// askingIsFit walks the portal of somebody who reported a thing in every state.
func askingIsFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/people/flora", map[string]any{"name": "Flora Fit"}, nil).Is(http.StatusOK)
	states := map[string][]string{"new": nil, "held": {"hold"}, "solved": {"resolve"}, "closed": {"resolve", "close"}, "canceled": {"cancel"}}
	bodies := map[string]map[string]any{
		"hold":   {"reason": "awaiting_requester", "comment": "Which one?"},
		"cancel": {"reason": "was none"}, "resolve": {"code": "fixed", "notes": "Done"}, "close": {},
	}
	places := plain("/portal/report", "/profile", "/incidents?state=all", "/search?q=flora")
	for name, verbs := range states {
		var view struct {
			Number string `json:"number"`
		}
		admin.Insist("/incidents", map[string]any{"title": "Flora's, " + name, "impact": "low", "urgency": "low", "requester": "flora"}).Is(http.StatusCreated).Into(&view)
		for _, verb := range verbs {
			admin.Insist("/incidents/"+view.Number+"/"+verb, bodies[verb]).Is(http.StatusOK)
		}
		path := "/portal/records/" + view.Number
		places = append(places, place{path: path}, place{path: "/incidents/" + view.Number})
		if name == "new" || name == "solved" {
			places = append(places, place{path, "with what else one can do", click("#portal-actions details summary", "#portal-actions details form")})
		}
	}
	v := as(t, browser, stack, "flora")
	fitAll(v, append(plain("/portal"), places...))
}
