package integration

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// promise applies an agreement that counts around the clock, for incidents whose title begins with its name.
func promise(t *testing.T, s *kit.Stack, name string, spec object) {
	t.Helper()
	admin := s.Admin(t)
	day := []string{"00:00-24:00"}
	spec["applies_to"], spec["rank"], spec["calendar"] = `record.title.startsWith("`+name+`")`, 1000, "always-"+name
	for path, document := range map[string]object{
		"Calendar/always-" + name: {"timezone": "UTC", "weekly": object{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day}},
		"SLA/" + name:             spec,
	} {
		admin.Do(http.MethodPut, "/policies/"+path, object{"spec": document, "reason": "test"}, nil).Is(200)
	}
}

// aBrokenPromiseCalls: a threshold begins an escalation, whose steps call one after the other until somebody acknowledges; it
// ends with the incident. Real timers, a scaled copy of the lifecycles' stories.
func aBrokenPromiseCalls(t *testing.T, s *kit.Stack) {
	s.Admin(t).Do(http.MethodPut, "/policies/EscalationPolicy/quick", object{"reason": "test", "spec": object{
		"steps": []object{
			{"wait": "5s", "to": []string{"schedule:nobody-at-all"}},
			{"wait": "2s", "to": []string{"person:dee"}},
			{"wait": "60s", "to": []string{"team:messaging"}},
		},
		"fallback": []string{"role:admin"},
	}}, nil).Is(200)
	promise(t, s, "urgent", object{
		"targets":    object{"resolution": object{"1": "2s", "2": "2s", "3": "2s"}, "response": object{"3": "10m"}},
		"thresholds": []object{{"metric": "resolution", "at": "50%", "do": []object{{"escalate": "quick"}}}},
	})
	agent, dee := s.As(t, "bo"), s.As(t, "dee")
	incident := log(agent, "urgent: nothing works", object{"service": "mail"})
	require.Equal(t, "running", clockOf(incident, "resolution")["state"])
	source := incident["number"].(string)

	var call object
	kit.Eventually(t, 30*time.Second, func() bool {
		found := items(agent.Get("/escalations?source=" + source).Is(200))
		if len(found) == 1 {
			call = found[0]
		}
		return len(found) == 1 && call["step"].(float64) == 3
	}, "the second step and then the third have called")
	require.Equal(t, "resolution of urgent reached 50%", call["why"])
	require.ElementsMatch(t, []any{"dee"}, call["told"].([]any)[:1])
	broken := read(agent, incident)
	require.Contains(t, happened(agent, incident), "incident.clock_breached")
	clock := clockOf(broken, "resolution")
	require.Equal(t, "breached", clock["state"])
	opened, err := time.Parse(time.RFC3339, clock["from"].(string))
	require.NoError(t, err)
	at, err := time.Parse(time.RFC3339, clock["breached_at"].(string))
	require.NoError(t, err)
	require.Equal(t, 2*time.Second, at.Sub(opened), "to the millisecond, whenever it was committed")

	number := call["number"].(string)
	answered := dee.Insist("/escalations/"+number+"/acknowledge", object{}).Is(200).Map()
	require.Equal(t, "acknowledged", answered["state"])
	require.Equal(t, "dee", answered["acknowledged_by"])
	kit.Eventually(t, 30*time.Second, func() bool {
		return clockOf(read(agent, incident), "response")["state"] == "met"
	}, "an acknowledgement is a response")
	conflict := dee.Post("/escalations/"+number+"/acknowledge", object{}).Is(409).Map()
	require.Contains(t, conflict["allowed_commands"], "snooze")

	give(agent, incident, "resolve", object{"code": "fixed", "notes": "Plugged in."})
	kit.Eventually(t, 30*time.Second, func() bool {
		return agent.Get("/escalations/" + number).Is(200).Map()["state"] == "stopped"
	}, "it ends with the incident")
	steps := []string{}
	for _, event := range items(agent.Get("/escalations/" + number + "/timeline").Is(200)) {
		steps = append(steps, strings.TrimPrefix(event["type"].(string), "escalation."))
	}
	require.Equal(t, []string{"opened", "step_empty", "step_taken", "step_taken", "acknowledged", "stopped"}, steps)
	s.As(t, "rita").Get("/escalations/" + number).Is(403)
}

// aPauseIsCounted: held for the requester, a clock rests; the reply lets it go on, and what it counted adds up.
func aPauseIsCounted(t *testing.T, s *kit.Stack) {
	promise(t, s, "calm", object{
		"targets": object{"resolution": object{"3": "1h"}}, "pause_on": object{"reasons": []string{"awaiting_requester"}},
	})
	agent, sam := s.As(t, "bo"), s.As(t, "sam")
	incident := log(agent, "calm: the printer jams", object{"requester": "sam"})
	incident = give(agent, incident, "hold", object{"reason": "awaiting_requester", "comment": "Which one?"})
	clock := clockOf(incident, "resolution")
	require.Equal(t, "paused", clock["state"])
	require.Nil(t, clock["due_at"])
	sam.Post("/incidents/"+incident["number"].(string)+"/notes", object{"body": "The small one"}).Is(201)
	kit.Eventually(t, 30*time.Second, func() bool { return read(agent, incident)["state"] == "new" }, "the reply resumes")
	clock = clockOf(read(agent, incident), "resolution")
	require.Equal(t, "running", clock["state"])
	from, err := time.Parse(time.RFC3339, clock["from"].(string))
	require.NoError(t, err)
	due, err := time.Parse(time.RFC3339, clock["due_at"].(string))
	require.NoError(t, err)
	paused := time.Duration(clock["paused_ms"].(float64)) * time.Millisecond
	require.Positive(t, paused)
	require.Equal(t, time.Hour+paused, due.Sub(from), "the pause adds exactly itself")
}

// clockOf is a record's clock of a metric; the demo's teams have promises of their own beside it.
func clockOf(record object, metric string) object {
	for _, clock := range record["clocks"].([]any) {
		if clock := clock.(object); clock["metric"] == metric {
			return clock
		}
	}
	return object{}
}
