package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

// pages are the pages that a receiver took about each incident: the step of each, in order, what came again left out.
func pages(t *testing.T, receiver *outside.WebhookServer) map[string][]int {
	t.Helper()
	by, known := map[string][]int{}, map[string]bool{}
	for _, call := range receiver.Calls() {
		id := call.Header.Get("webhook-id")
		var told struct {
			Type string `json:"type"`
			Data struct {
				Facts struct {
					Source string `json:"source"`
					Step   int    `json:"step"`
				} `json:"facts"`
			} `json:"data"`
		}
		require.NoError(t, json.Unmarshal(call.Body, &told))
		if known[id] || told.Type != "escalation.page" {
			continue
		}
		known[id] = true
		by[told.Data.Facts.Source] = append(by[told.Data.Facts.Source], told.Data.Facts.Step)
	}
	return by
}

// Somebody will come: while all workers are dead no step can be taken, but none is forgotten, taken twice or taken out of turn, and
// whatever ended meanwhile calls nobody any more.
func TestEscalationsPassWhileAllWorkersAreDead(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 2, 1)
	pager := outside.NewWebhookServer(t)
	s.api.Do(http.MethodPut, "/destinations/pager", object{"title": "Pager", "url": pager.URL, "kinds": []string{}, "active": true}, nil).Is(http.StatusOK)
	step := object{"wait": "6s", "to": []string{"webhook:pager"}}
	s.api.Do(http.MethodPut, "/policies/EscalationPolicy/night", object{"reason": "test", "spec": object{
		"steps": []object{step, step, step}, "fallback": []string{"webhook:pager"},
	}}, nil).Is(http.StatusOK)

	calling := make([]incident, 12)
	for i := range calling {
		calling[i] = s.log(fmt.Sprintf("Somebody is needed, number %d", i))
		s.give(calling[i], "page", object{"policy": "night", "reason": "nobody is here"})
	}
	kit.Eventually(t, bound, func() bool { return len(pages(t, pager)) == len(calling) }, "the first step of each")
	for _, worker := range s.Workers {
		worker.Kill()
	}
	ended, waiting := calling[:4], calling[4:]
	for _, of := range ended { // decided when workers are back, as received now
		s.api.Post(of.path("resolve"), object{"code": "fixed", "notes": "It was the cable."}, "Prefer", "respond-async").Is(http.StatusAccepted)
	}
	const due = `SELECT count(*) FROM records WHERE practice = 'escalation' AND wake_at < now()`
	s.becomes(int64(len(calling)), due)
	before := len(pager.Calls())
	for _, worker := range s.Workers {
		worker.Start()
	}

	const exhausted = `SELECT count(*) FROM records WHERE practice = 'escalation' AND state = 'exhausted'`
	s.becomes(int64(len(waiting)), exhausted)
	kit.Eventually(t, bound, func() bool {
		by := pages(t, pager)
		for _, of := range waiting {
			if len(by[of.ID]) < 4 {
				return false
			}
		}
		return true
	}, "every step, and the fallback")
	by := pages(t, pager)
	for _, of := range waiting {
		require.Equal(t, []int{1, 2, 3, 3}, by[of.ID], "each step once and in turn, then the fallback")
	}
	s.becomes(int64(len(ended)), `SELECT count(*) FROM records WHERE practice = 'escalation' AND state = 'stopped'`)
	resolvedAt := map[string]time.Time{}
	for _, of := range ended {
		events := s.timeline(of)
		require.Equal(t, "incident.resolved", events[len(events)-1].Type)
		resolvedAt[of.ID] = events[len(events)-1].RecordedAt
	}
	for _, call := range pager.Calls()[before:] {
		for id, at := range resolvedAt {
			if call.At.After(at.Add(time.Second)) {
				require.NotContains(t, string(call.Body), id, "no page begins later than a second after its incident was resolved")
			}
		}
	}
	s.sound()
}
