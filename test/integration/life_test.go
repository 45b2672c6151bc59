package integration

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

func fromLogToClose(t *testing.T, s *kit.Stack) {
	agent, pia := s.As(t, "bo"), s.As(t, "pia")
	incident := log(agent, "Mail cannot be sent", object{"impact": "high", "urgency": "high", "service": "mail", "requester": "pia", "channel": "phone"})
	require.Equal(t, "new", incident["state"])
	require.EqualValues(t, 1, incident["priority"])
	require.Equal(t, "messaging", incident["team"], "the assignment rules chose")
	require.Contains(t, incident["allowed_commands"], "triage")
	require.Regexp(t, `^INC-\d{6}$`, incident["number"])

	incident = give(agent, incident, "triage", object{"category": "delivery"})
	require.Equal(t, "triaged", incident["state"])
	incident = give(agent, incident, "assign", object{"assignee": "dee"})
	require.Equal(t, "dee", incident["assignee"])
	incident = give(agent, incident, "start", object{})
	require.Equal(t, "in_progress", incident["state"])
	incident = give(agent, incident, "resolve", object{"code": "fixed", "notes": "The queue was restarted."})
	require.Equal(t, "resolved", incident["state"])
	require.NotEmpty(t, incident["wake_at"], "it closes by itself when nobody objects")
	incident = give(pia, incident, "reopen", object{"reason": "It happens again"})
	require.Equal(t, "in_progress", incident["state"])
	require.EqualValues(t, 1, incident["reopen_count"])
	incident = give(agent, incident, "resolve", object{"code": "fixed", "notes": "The disk was full."})
	incident = give(pia, incident, "confirm", object{"score": 4, "comment": "Thanks"})
	require.Equal(t, "closed", incident["state"])
	require.EqualValues(t, 4, incident["satisfaction"].(object)["score"])
	require.Nil(t, incident["wake_at"])

	require.Equal(t, []string{
		"incident.logged", "incident.paged", "incident.triaged", "incident.assigned", "incident.started", "incident.resolved",
		"incident.reopened", "incident.paged", "incident.resolved", "incident.confirmed",
	}, happened(agent, incident))
	timeline := items(agent.Get("/incidents/" + incident["number"].(string) + "/timeline").Is(200))
	before := ""
	for i, event := range timeline {
		require.EqualValues(t, i+1, event["seq"])
		require.Equal(t, before, event["prev_hash"], "each event seals the one before")
		before = event["hash"].(string)
	}
}

func resolvedAtFirstContact(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	incident := log(agent, "Password forgotten", object{"service": "intranet", "resolution": object{"code": "fixed", "notes": "Reset by phone."}})
	require.Equal(t, "resolved", incident["state"])
	require.Equal(t, true, incident["first_contact"])
	require.EqualValues(t, 1, incident["version"])
}

func holds(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	for reason, c := range map[string]struct {
		body object
		next string
	}{
		"awaiting_requester": {object{"comment": "Which router?"}, "reminder_1"},
		"awaiting_vendor":    {object{"vendor": "Northline", "reference": "NL-1", "promised_at": time.Now().Add(48 * time.Hour).UTC()}, "promise"},
		"awaiting_change":    {object{"reference": "CHG-1"}, ""},
		"awaiting_problem":   {object{"reference": "PRB-1"}, ""},
		"scheduled":          {object{"until": time.Now().Add(72 * time.Hour).UTC()}, "hold_over"},
	} {
		incident := log(agent, "Waits: "+reason, nil)
		c.body["reason"] = reason
		incident = give(agent, incident, "hold", c.body)
		require.Equal(t, "on_hold", incident["state"], reason)
		if c.next != "" {
			waits := items(agent.Get("/waiting?limit=200&name=" + c.next).Is(200))
			require.True(t, slices.ContainsFunc(waits, func(row object) bool { return row["number"] == incident["number"] }), "%s waits for %s", reason, c.next)
		}
		incident = give(agent, incident, "resume", object{})
		require.Equal(t, "new", incident["state"], reason)
	}

	incident := log(agent, "Waits for a moment", nil)
	until := time.Now().Add(1500 * time.Millisecond).UTC()
	give(agent, incident, "hold", object{"reason": "scheduled", "until": until})
	kit.Eventually(t, 20*time.Second, func() bool { return read(agent, incident)["state"] == "new" }, "the hold ends by itself")
	timeline := items(agent.Get("/incidents/" + incident["number"].(string) + "/timeline").Is(200))
	last := timeline[len(timeline)-1]
	require.Equal(t, "incident.resumed", last["type"])
	require.Equal(t, "timer", last["actor"].(object)["kind"])
	at, err := time.Parse(time.RFC3339, last["due_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, until, at, time.Millisecond, "the event carries the instant that was due")
}

func replies(t *testing.T, s *kit.Stack) {
	agent, pia := s.As(t, "bo"), s.As(t, "pia")
	incident := log(agent, "The screen flickers", object{"requester": "pia"})
	give(agent, incident, "hold", object{"reason": "awaiting_requester", "comment": "Which model?"})
	number := incident["number"].(string)
	pia.Post("/incidents/"+number+"/notes", object{"body": "It is the small one"}).Is(201)
	kit.Eventually(t, 20*time.Second, func() bool { return read(agent, incident)["state"] == "new" }, "a reply resumes")

	give(agent, incident, "resolve", object{"code": "fixed", "notes": "New cable."})
	pia.Post("/incidents/"+number+"/notes", object{"body": "It still flickers"}).Is(201)
	kit.Eventually(t, 20*time.Second, func() bool { return read(agent, incident)["state"] == "in_progress" }, "a reply reopens")

	give(agent, incident, "resolve", object{"code": "fixed", "notes": "New screen."})
	give(agent, incident, "close", object{})
	pia.Post("/incidents/"+number+"/notes", object{"body": "The new one flickers, too"}).Is(201)
	kit.Eventually(t, 20*time.Second, func() bool {
		for _, link := range items(agent.Get("/incidents/" + number + "/links").Is(200)) {
			if link["type"] == "followed_by" {
				return true
			}
		}
		return false
	}, "a reply to a closed incident opens one that follows it")
	require.Equal(t, "closed", read(agent, incident)["state"])
}

func merging(t *testing.T, s *kit.Stack) {
	lead := s.As(t, "ana")
	parent, child, other := log(lead, "Mail is down", nil), log(lead, "No mail at all", nil), log(lead, "Mail is gone", nil)
	child = give(lead, child, "merge-into", object{"incident": parent["number"], "reason": "The same outage"})
	other = give(lead, other, "merge-into", object{"incident": parent["number"]})
	require.Equal(t, parent["id"], child["merged_into"])
	lead.Post("/incidents/"+child["number"].(string)+"/start", object{}).Is(409)
	other = give(lead, other, "unmerge", object{"reason": "Something else after all"})
	require.Nil(t, other["merged_into"])

	give(lead, parent, "resolve", object{"code": "fixed", "notes": "The server is back."})
	give(lead, parent, "close", object{})
	kit.Eventually(t, 20*time.Second, func() bool { return read(lead, child)["state"] == "closed" }, "the child closes with its parent")
	require.Equal(t, "new", read(lead, other)["state"])
	require.Contains(t, happened(lead, parent), "incident.duplicate_joined")
}

func editing(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	incident := log(agent, "Keyboad", object{"description": "Keys stick", "tags": []string{"desk"}})
	incident = give(agent, incident, "edit", object{"title": "Keyboard"})
	require.Equal(t, "Keyboard", incident["title"])
	require.Equal(t, "Keys stick", incident["description"])
	require.Equal(t, []any{"desk"}, incident["tags"])
	incident = give(agent, incident, "change-priority", object{"impact": "high", "urgency": "high", "reason": "The whole floor"})
	require.EqualValues(t, 1, incident["priority"])
	lead := s.As(t, "ana")
	incident = give(lead, incident, "override-priority", object{"priority": 3, "reason": "There is a spare one"})
	require.EqualValues(t, 3, incident["priority"])
	require.Equal(t, true, incident["priority_overridden"])
}
