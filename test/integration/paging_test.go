package integration

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// aServicePages: priority 1 of a service calls its support at once, priority 2 as support opens. Real timers: the calendar opens at
// the next minute that is not about to begin.
func aServicePages(t *testing.T, s *kit.Stack) {
	opens := time.Now().UTC().Add(65 * time.Second).Truncate(time.Minute)
	if opens.Hour() == 0 && opens.Minute() == 0 {
		opens = opens.Add(time.Minute) // a calendar of whole days is always open
	}
	day := []string{opens.Format("15:04") + "-24:00"}
	admin := s.Admin(t)
	for path, document := range map[string]object{
		"Calendar/late-shift":        {"timezone": "UTC", "weekly": object{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day}},
		"EscalationPolicy/late-shop": {"steps": []object{{"wait": "10m", "to": []string{"person:fay"}}}, "fallback": []string{"role:admin"}},
	} {
		admin.Do(http.MethodPut, "/policies/"+path, object{"spec": document, "reason": "test"}, nil).Is(200)
	}
	admin.Do(http.MethodPut, "/policies/ServicePolicy/late-shop", object{"reason": "test", "spec": object{
		"title": "Late shop", "support": object{"team": "network", "calendar": "late-shift", "escalation": "late-shop"},
	}}, nil).Is(200)
	lead := s.As(t, "eli")
	callOf := func(incident object) object {
		found := items(lead.Get("/escalations?source=" + incident["number"].(string)).Is(200))
		if len(found) == 0 {
			return nil
		}
		require.Len(t, found, 1)
		return found[0]
	}

	second := log(lead, "The late shop is slow", object{"service": "late-shop", "team": "network", "impact": "high"})
	require.Equal(t, opens.Format(time.RFC3339), second["page_at"])
	require.Equal(t, []string{"incident.logged", "incident.page_deferred"}, happened(lead, second))
	first := log(lead, "The late shop is down", object{"service": "late-shop", "team": "network", "impact": "high", "urgency": "high"})
	lowered := log(lead, "The late shop blinks", object{"service": "late-shop", "team": "network", "impact": "high"})
	give(lead, lowered, "override-priority", object{"priority": 3, "reason": "it is one lamp"})
	kit.Eventually(t, 30*time.Second, func() bool { return callOf(first) != nil }, "priority 1 calls at once")
	require.Equal(t, "priority 1 of a service that always pages", callOf(first)["why"])
	require.Equal(t, []any{"fay"}, callOf(first)["told"])
	require.Nil(t, callOf(second))

	kit.Eventually(t, 3*time.Minute, func() bool { return callOf(second) != nil }, "priority 2 calls as support opens")
	events := items(lead.Get("/incidents/" + second["number"].(string) + "/timeline?limit=200").Is(200))
	paged := events[len(events)-1]
	require.Equal(t, "incident.paged", paged["type"])
	require.Equal(t, opens.Format(time.RFC3339), paged["due_at"])
	require.Nil(t, read(lead, second)["page_at"])
	require.Nil(t, callOf(lowered), "nobody is called for what was lowered before support opened")
	give(lead, second, "cancel", object{"reason": "it was the lamp too"})
	kit.Eventually(t, 30*time.Second, func() bool { return callOf(second)["state"] == "stopped" }, "it ends with the incident")
}
