package integration

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

func idempotency(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	body := object{"title": "Once", "impact": "low", "urgency": "low"}
	var group sync.WaitGroup
	ids := make([]any, 8)
	for i := range ids {
		group.Go(func() {
			ids[i] = agent.Post("/incidents", body, "Idempotency-Key", "once-"+t.Name()).Is(201).Map()["id"]
		})
	}
	group.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id, "eight twins at once open one incident")
	}
	body["title"] = "Twice"
	require.Equal(t, "invalid", agent.Post("/incidents", body, "Idempotency-Key", "once-"+t.Name()).Is(422).Code())
	// Another person's key is another key.
	other := s.As(t, "ana").Post("/incidents", body, "Idempotency-Key", "once-"+t.Name()).Is(201).Map()
	require.NotEqual(t, ids[0], other["id"])

	number := other["number"].(string)
	first := agent.Post("/incidents/"+number+"/start", object{}, "Idempotency-Key", "start-"+number).Is(200).Map()
	again := agent.Post("/incidents/"+number+"/start", object{}, "Idempotency-Key", "start-"+number).Is(200).Map()
	require.Equal(t, first["version"], again["version"])
	// Without a key the server makes one and tells it.
	made := agent.Post("/incidents/"+number+"/assign", object{"team": "network"}).Is(200).Header.Get("Idempotency-Key")
	require.NotEmpty(t, made)
	repeat := agent.Post("/incidents/"+number+"/assign", object{"team": "network"}, "Idempotency-Key", made).Is(200)
	require.Equal(t, "repeated", repeat.Header.Get("Holdfast-Outcome"))
	// A refusal is not remembered: the same key works once the state allows it.
	agent.Post("/incidents/"+number+"/resume", object{}, "Idempotency-Key", "resume-"+number).Is(409)
	give(agent, other, "hold", object{"reason": "awaiting_change"})
	agent.Post("/incidents/"+number+"/resume", object{}, "Idempotency-Key", "resume-"+number).Is(200)
}

func queued(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	body := object{"title": "Later", "impact": "low", "urgency": "low"}
	answer := agent.Post("/incidents", body, "Prefer", "respond-async", "Idempotency-Key", "later").Is(202)
	status := answer.Header.Get("Location")
	require.NotEmpty(t, status)
	var told object
	kit.Eventually(t, 20*time.Second, func() bool {
		told = agent.Get(strings.TrimPrefix(status, "/api/v1")).Is(200).Map()
		return told["state"] == "applied"
	})
	require.Equal(t, "incident.log", told["command"])
	require.Equal(t, told["record"], agent.Get("/incidents/" + told["record"].(string)).Is(200).Map()["id"])
	// The same request without waiting is answered with what it has become.
	require.Equal(t, told["record"], agent.Post("/incidents", body, "Idempotency-Key", "later").Is(201).Map()["id"])
	agent.Get("/commands/" + strings.Repeat("0", 64)).Is(404)
}

func preconditions(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	incident := log(agent, "Versions", nil)
	path := "/incidents/" + incident["number"].(string)
	etag := agent.Get(path).Is(200).Header.Get("ETag")
	require.Equal(t, `"1"`, etag)
	agent.Post(path+"/start", object{}, "If-Match", etag).Is(200)
	require.Equal(t, "precondition_failed", agent.Post(path+"/resolve", object{"code": "fixed", "notes": "x"}, "If-Match", etag).Is(412).Code())
}

func bulk(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "ana")
	a, b, c := log(agent, "Bulk a", nil), log(agent, "Bulk b", nil), log(agent, "Bulk c", nil)
	give(agent, b, "cancel", object{"reason": "A mistake"})
	request := object{"ids": []any{a["number"], b["number"], c["id"], "INC-999999"}, "command": "assign", "body": object{"team": "network"}}
	outcomes := agent.Post("/incidents/bulk", request, "Idempotency-Key", "bulk").Is(200).Map()["outcomes"].([]any)
	told := []any{}
	for _, outcome := range outcomes {
		told = append(told, outcome.(object)["outcome"])
	}
	require.Equal(t, []any{"applied", "refused", "applied", "refused"}, told)
	require.Equal(t, "network", read(agent, a)["team"])
	again := agent.Post("/incidents/bulk", request, "Idempotency-Key", "bulk").Is(200).Map()["outcomes"].([]any)
	require.Equal(t, "repeated", again[0].(object)["outcome"])
}

func refusals(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	incident := log(agent, "Refused", nil)
	path := "/incidents/" + incident["number"].(string)
	problem := agent.Post(path+"/resume", object{}).Is(409)
	require.Equal(t, "conflict", problem.Code())
	require.Contains(t, problem.Map()["allowed_commands"], "start")
	require.Equal(t, read(agent, incident)["allowed_commands"], problem.Map()["allowed_commands"])
	require.Equal(t, "invalid", agent.Post(path+"/resolve", object{"code": "no-such-code", "notes": "x"}).Is(422).Code())
	require.Equal(t, "invalid", agent.Post(path+"/assign", object{"assignee": "nobody-here"}).Is(422).Code())
	require.EqualValues(t, 1, read(agent, incident)["version"], "a refusal changes nothing")
}

func badInput(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	for name, c := range map[string]struct {
		body   any
		status int
	}{
		"not JSON":      {[]byte("{"), http.StatusBadRequest},
		"unknown field": {object{"title": "x", "impact": "low", "urgency": "low", "severity": 1}, http.StatusUnprocessableEntity},
		"no title":      {object{"impact": "low", "urgency": "low"}, http.StatusUnprocessableEntity},
		"title of 301":  {object{"title": strings.Repeat("x", 301), "impact": "low", "urgency": "low"}, http.StatusUnprocessableEntity},
		"bad level":     {object{"title": "x", "impact": "gigantic", "urgency": "low"}, http.StatusUnprocessableEntity},
		"NUL":           {[]byte(`{"title":"a\u0000b","impact":"low","urgency":"low"}`), http.StatusUnprocessableEntity},
		"broken UTF-8":  {[]byte("{\"title\":\"a\xffb\",\"impact\":\"low\",\"urgency\":\"low\"}"), http.StatusUnprocessableEntity},
		"too large":     {[]byte(`{"title":"` + strings.Repeat("x", 1<<20) + `"}`), http.StatusRequestEntityTooLarge},
		"wrong type":    {object{"title": 1, "impact": "low", "urgency": "low"}, http.StatusUnprocessableEntity},
	} {
		answer := agent.Post("/incidents", c.body)
		require.Equal(t, c.status, answer.Status, "%s: %s", name, answer.Body)
		require.NotEmpty(t, answer.Code(), name)
	}
	require.Equal(t, http.StatusUnsupportedMediaType, agent.Do(http.MethodPost, "/incidents", []byte("title=x"),
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"}).Status)
	agent.Get("/incidents?no_such_filter=1").Is(422)
	agent.Get("/incidents?cursor=nonsense").Is(400)
	agent.Get("/incidents?limit=100000").Is(422)
	agent.Get("/incidents/INC-0").Is(404)
	require.Equal(t, "unauthenticated", s.API(t, "").Get("/incidents").Is(401).Code())
	require.Equal(t, "unauthenticated", s.API(t, "hf_wrong").Get("/incidents").Is(401).Code())
}
