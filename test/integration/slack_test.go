package integration

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

// night is a Holdfast of separate processes whose people are reached in Slack, and by text messages through a gateway.
type night struct {
	*kit.Stack
	t       *testing.T
	admin   *kit.API
	slack   *outside.SlackServer
	gateway *outside.WebhookServer
}

func setupNight(t *testing.T) *night {
	t.Helper()
	s := kit.Parts(t, 1, 1)
	n := &night{Stack: s, t: t, admin: s.Admin(t), slack: outside.NewSlackServer(t), gateway: outside.NewWebhookServer(t)}
	n.admin.Do(http.MethodPut, "/destinations/acme", object{
		"channel": "slack", "title": "Acme", "url": n.slack.URL, "token": outside.SlackToken, "signing_secret": outside.SlackSigningSecret, "active": true,
	}, nil).Is(200)
	n.admin.Do(http.MethodPut, "/destinations/gateway", object{"title": "Gateway", "url": n.gateway.URL, "carries": []string{"sms"}, "active": true}, nil).Is(200)
	for _, person := range []string{"ana", "bo", "cy", "duty", "boss"} {
		n.admin.Do(http.MethodPut, "/people/"+person, object{"name": strings.ToUpper(person[:1]) + person[1:], "active": true, "zone": "UTC"}, nil).Is(200)
		n.admin.Post("/grants", object{"person": person, "role": "agent", "scope_kind": "all"}).Is(200)
	}
	return n
}

// reached lets somebody be paged in Slack at once, and by a text message five minutes later: each contact is verified by the code
// that came there.
func (n *night) reached(person string) {
	n.t.Helper()
	api := n.As(n.t, person)
	user, number := "U0"+strings.ToUpper(person), phones[person]
	pages := []object{}
	for _, one := range []struct {
		channel, address string
		after            int
		code             func() string
	}{
		{"slack", user, 0, func() string {
			for _, post := range n.slack.Posts() {
				if code, is := strings.CutPrefix(post.Text, "Your code is "); is && post.To == user {
					return code[:8]
				}
			}
			return ""
		}},
		{"sms", number, 300, func() string { return between(n.texts(number), "Your code is ", 8) }},
	} {
		contact := api.Post("/contacts", object{"channel": one.channel, "address": one.address}).Is(201).Map()
		id := contact["id"].(string)
		code := ""
		kit.Eventually(n.t, time.Minute, func() bool { code = one.code(); return code != "" }, "the code of %s", one.address)
		require.Equal(n.t, true, api.Post("/contacts/"+id+"/verify", object{"code": code}).Is(200).Map()["verified"])
		pages = append(pages, object{"contact": id, "after_seconds": one.after})
	}
	api.Do(http.MethodPut, "/notification-rules", object{"notices": []object{}, "pages": pages}, nil).Is(200)
}

// phones are the phones of those who have one.
var phones = map[string]string{"bo": "+49301111111", "cy": "+49302222222", "duty": "+49303333333"}

// texts is all that the gateway was asked to bring to a number.
func (n *night) texts(number string) string {
	all := ""
	for _, call := range n.gateway.Calls() {
		if bytes.Contains(call.Body, []byte(number)) {
			all += string(call.Body) + "\n"
		}
	}
	return all
}

func between(text, before string, length int) string {
	if _, after, found := strings.Cut(text, before); found && len(after) >= length {
		return after[:length]
	}
	return ""
}

// pagesTo are the pages that somebody was sent in Slack.
func (n *night) pagesTo(person string) (pages []outside.Post) {
	room := "D0" + strings.ToUpper(person)
	for _, post := range n.slack.Posts() {
		if post.Room == room && strings.Contains(post.Text, "You are needed") {
			pages = append(pages, post)
		}
	}
	return pages
}

// awaitPages waits until somebody was sent so many pages in Slack, and answers the last of them.
func (n *night) awaitPages(person string, count int) outside.Post {
	n.t.Helper()
	kit.Eventually(n.t, 2*time.Minute, func() bool { return len(n.pagesTo(person)) >= count }, "page %d of %s", count, person)
	pages := n.pagesTo(person)
	require.Len(n.t, pages, count)
	return pages[count-1]
}

// press tells what Slack tells when somebody presses a button, as often as Slack would, and answers the last status.
func (n *night) press(user string, on outside.Post, action string, times int) int {
	n.t.Helper()
	body := n.slack.Press(n.t, user, on, action, time.Now().Format("150405.000000"))
	status := 0
	for range times {
		stamp, signature := outside.SlackSignature(outside.SlackSigningSecret, body, time.Now())
		request, err := http.NewRequestWithContext(n.t.Context(), http.MethodPost, n.URL+"/api/v1/integrations/slack/acme/interactions", bytes.NewReader(body))
		require.NoError(n.t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("X-Slack-Request-Timestamp", stamp)
		request.Header.Set("X-Slack-Signature", signature)
		response, err := http.DefaultClient.Do(request)
		require.NoError(n.t, err)
		require.NoError(n.t, response.Body.Close())
		status = response.StatusCode
	}
	return status
}

func (n *night) call(number string) object {
	n.t.Helper()
	return n.admin.Get("/escalations/" + number).Is(200).Map()
}

func (n *night) events(number string) []object {
	n.t.Helper()
	return items(n.admin.Get("/escalations/" + number + "/timeline").Is(200))
}

// page calls for an incident by a policy, and answers the escalation's number.
func (n *night) page(as *kit.API, incident object, policy string) (number string) {
	n.t.Helper()
	give(as, incident, "page", object{"policy": policy, "reason": "the shop is down"})
	kit.Eventually(n.t, time.Minute, func() bool {
		found := items(as.Get("/escalations?source=" + incident["number"].(string)).Is(200))
		if len(found) == 1 {
			number = found[0]["number"].(string)
		}
		return number != ""
	}, "the escalation is open")
	return number
}

// TestTheSeventhStory is story 7 of the lifecycles with real timers, its minutes being about a second: steps primary (a gap), secondary
// and duty manager, repeated once; Slack that fails, a swap, workers that die in between, an acknowledgement by a button in Slack. Each
// step waits for as long as whoever it calls needs on a busy machine: bo's for Slack to fail three times, and for cy to press the button.
func TestTheSeventhStory(t *testing.T) {
	t.Parallel()
	n := setupNight(t)
	for _, person := range []string{"bo", "cy", "duty"} {
		n.reached(person)
	}
	day := time.Now().UTC().AddDate(0, 0, -2).Format("2006-01-02")
	n.admin.Do(http.MethodPut, "/policies/OnCallSchedule/secondary", object{"reason": "test", "spec": object{"timezone": "UTC", "layers": []object{
		{"name": "only", "rotation": object{"unit": "week", "start": day, "handoff": "00:00"}, "people": []string{"bo"}},
	}}}, nil).Is(200)
	n.admin.Do(http.MethodPut, "/policies/EscalationPolicy/night", object{"reason": "test", "spec": object{
		"steps": []object{
			{"wait": "10s", "to": []string{"schedule:primary"}}, {"wait": "12s", "to": []string{"schedule:secondary"}}, {"wait": "6s", "to": []string{"person:duty"}},
		},
		"repeat": 1, "unacknowledge_after": "8s", "fallback": []string{"person:boss"},
	}}, nil).Is(200)
	ana, bo, cy := n.As(t, "ana"), n.As(t, "bo"), n.As(t, "cy")

	n.slack.FailFor("U0BO")
	before := n.slack.Tries()
	incident := log(ana, "The shop is down", nil)
	number := n.page(ana, incident, "night")
	kit.Eventually(t, time.Minute, func() bool { return strings.Contains(n.texts(phones["bo"]), "You are needed") }, "Slack failed three times, and bo's next contact came")
	require.GreaterOrEqual(t, n.slack.Tries()-before, 3)
	n.slack.FailFor("")

	now := time.Now().UTC()
	swap := bo.Post("/schedules/secondary/swaps", object{"with": "cy", "gives": object{"from": now, "to": now.Add(time.Hour)}, "reason": "asleep"}).Is(201).Map()
	cy.Post("/swaps/"+swap["id"].(string)+"/accept", object{}).Is(200)
	n.Workers[0].Kill()
	n.Workers[0].Start()

	n.awaitPages("duty", 1)
	page := n.awaitPages("cy", 1)
	require.Equal(t, http.StatusOK, n.press("U0CY", page, "acknowledge", 2), "Slack tells it twice")
	kit.Eventually(t, time.Minute, func() bool { return n.call(number)["state"] == "acknowledged" })
	require.Equal(t, "cy", n.call(number)["acknowledged_by"])
	give(cy, incident, "start", object{})
	kit.Eventually(t, time.Minute, func() bool { return len(n.slack.Replies()) == 2 })
	reply := n.slack.Replies()[0]
	require.Equal(t, true, reply["replace_original"])
	require.Contains(t, reply["text"], "Cy took care of it")

	kit.Eventually(t, time.Minute, func() bool {
		events := n.events(number)
		return events[len(events)-1]["type"] == "escalation.acknowledgement_checked"
	}, "it was looked whether anything came of it")
	require.Equal(t, "acknowledged", n.call(number)["state"])
	steps, next := []string{}, ""
	for _, event := range n.events(number) {
		data, _ := event["data"].(object)
		kind := strings.TrimPrefix(event["type"].(string), "escalation.")
		if kind != "step_taken" {
			steps = append(steps, kind)
			continue
		}
		steps = append(steps, kind+" "+data["people"].([]any)[0].(string))
		if next != "" {
			due, err := time.Parse(time.RFC3339, event["due_at"].(string))
			require.NoError(t, err)
			require.Equal(t, next, due.UTC().Format(time.RFC3339Nano), "to the millisecond, whatever was dead meanwhile")
		}
		at, err := time.Parse(time.RFC3339, data["next_at"].(string))
		require.NoError(t, err)
		next = at.UTC().Format(time.RFC3339Nano)
	}
	require.Equal(t, []string{
		"opened", "step_empty", "step_taken bo", "step_taken duty", "step_empty", "step_taken cy", "acknowledged", "acknowledgement_checked",
	}, steps, "each once")
	require.Len(t, n.pagesTo("cy"), 1, "nobody is called once it is being worked on")

	// Had cy done nothing, they were paged then. Whoever is late is told so.
	n.admin.Do(http.MethodPut, "/policies/EscalationPolicy/idle", object{"reason": "test", "spec": object{
		"steps": []object{{"wait": "10m", "to": []string{"person:cy"}}}, "unacknowledge_after": "3s", "fallback": []string{"person:boss"},
	}}, nil).Is(200)
	idle := n.page(ana, log(ana, "The shop is down again", nil), "idle")
	page = n.awaitPages("cy", 2)
	require.Equal(t, http.StatusOK, n.press("U0CY", page, "acknowledge", 1))
	kit.Eventually(t, time.Minute, func() bool { return n.call(idle)["run"] == 2.0 }, "the steps begin anew")
	n.awaitPages("cy", 4)
	require.Equal(t, "calling", n.call(idle)["state"])
	told := len(n.slack.Replies())
	require.Equal(t, http.StatusOK, n.press("U0BO", page, "acknowledge", 1))
	kit.Eventually(t, time.Minute, func() bool { return len(n.slack.Replies()) == told+1 })
	require.Contains(t, n.slack.Replies()[told]["text"], "did not send you this message")
	require.Equal(t, "calling", n.call(idle)["state"])
}
