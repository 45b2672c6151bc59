package integration

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

func lists(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	numbers := map[any]bool{}
	for range 7 {
		numbers[log(agent, "Listed", object{"category": "listed", "tags": []string{"page"}})["number"]] = true
	}
	seen := map[any]bool{}
	cursor, pages := "", 0
	for {
		page := agent.Get("/incidents?category=listed&limit=3&sort=-opened_at&cursor=" + url.QueryEscape(cursor)).Is(200)
		for _, item := range items(page) {
			require.False(t, seen[item["number"]], "no record twice")
			seen[item["number"]] = true
		}
		pages++
		cursor, _ = page.Map()["next_cursor"].(string)
		if cursor == "" {
			break
		}
	}
	require.Equal(t, numbers, seen)
	require.Equal(t, 3, pages)
	for query, want := range map[string]int{
		"state=open": 7, "state=active": 7, "state=closed": 0, "priority=3": 7, "priority=1,2": 0, "tag=page": 7, "assignee=none": 7,
		"requester=me": 7, "team=service-desk": 7, "q=listed": 7, "sort=priority": 7, "sort=-updated_at": 7, "sort=wake_at": 7,
		"opened_from=2100-01-01T00:00:00Z": 0,
	} {
		require.Len(t, items(agent.Get("/incidents?category=listed&"+query).Is(200)), want, query)
	}
}

func annotations(t *testing.T, s *kit.Stack) {
	agent, pia := s.As(t, "bo"), s.As(t, "pia")
	incident := log(agent, "Annotated", object{"requester": "pia"})
	path := "/incidents/" + incident["number"].(string)
	note := agent.Post(path+"/notes", object{"body": "Only for us", "internal": true}, "Idempotency-Key", "note").Is(201).Map()
	require.Equal(t, note["seq"], agent.Post(path+"/notes", object{"body": "Only for us", "internal": true}, "Idempotency-Key", "note").Is(201).Map()["seq"])
	agent.Post(path+"/notes", object{"body": "We look into it"}).Is(201)
	require.Len(t, items(agent.Get(path+"/notes").Is(200)), 2)
	require.Len(t, items(pia.Get(path+"/notes").Is(200)), 1, "a requester does not read internal notes")
	for _, event := range items(pia.Get(path + "/timeline").Is(200)) {
		text, err := json.Marshal(event)
		require.NoError(t, err)
		require.NotContains(t, string(text), "Only for us")
	}
	pia.Post(path+"/notes", object{"body": "x", "internal": true}).Is(403)

	require.Len(t, items(agent.Do(http.MethodPut, path+"/watchers/me", nil, nil).Is(200)), 1)
	require.Len(t, items(agent.Do(http.MethodPut, path+"/watchers/ana", nil, nil).Is(200)), 2)
	require.Len(t, items(agent.Do(http.MethodDelete, path+"/watchers/me", nil, nil).Is(200)), 1)

	file := agent.Do(http.MethodPost, path+"/attachments?name="+url.QueryEscape("läuft.txt"), []byte("content"), map[string]string{"Content-Type": "text/plain"}).Is(201).Map()
	require.EqualValues(t, 7, file["bytes"])
	got := agent.Get(path + "/attachments/" + file["id"].(string)).Is(200)
	require.Equal(t, "content", string(got.Body))
	require.Contains(t, got.Header.Get("Content-Disposition"), "attachment")
	require.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
	require.Len(t, items(agent.Get(path+"/attachments").Is(200)), 1)
	require.Empty(t, pia.Get(path + "/attachments").Is(200).Map()["items"], "it is internal")
	pia.Get(path + "/attachments/" + file["id"].(string)).Is(404)
	other := log(agent, "Linked", nil)
	give(agent, incident, "link", object{"type": "blocks", "to": other["number"]})
	require.Len(t, items(agent.Get("/incidents/"+other["number"].(string)+"/links").Is(200)), 1, "a link is seen from both ends")
	give(agent, incident, "unlink", object{"type": "blocks", "to": other["number"]})
	require.Empty(t, agent.Get("/incidents/" + other["number"].(string) + "/links").Is(200).Map()["items"])
}

func work(t *testing.T, s *kit.Stack) {
	dee := s.As(t, "dee")
	incident := log(dee, "Zebra crossing on the display", object{"service": "mail"})
	give(dee, incident, "assign", object{"assignee": "dee"})
	mine := dee.Get("/work").Is(200).Map()
	require.Contains(t, numbers(mine["mine"]), incident["number"])
	found := items(dee.Get("/search?q=zebra").Is(200))
	require.Equal(t, incident["number"], found[0]["number"])
	require.Equal(t, incident["number"], items(dee.Get("/search?q=" + incident["number"].(string)).Is(200))[0]["number"])
	similar := items(dee.Get("/incidents/similar?q=" + url.QueryEscape("a zebra on my display")).Is(200))
	require.Equal(t, incident["number"], similar[0]["number"])
	waits := items(dee.Get("/waiting?service=mail&limit=200").Is(200))
	require.NotEmpty(t, waits)
	before := ""
	for _, wait := range waits {
		require.Equal(t, "messaging", wait["team"])
		require.LessOrEqual(t, before, wait["due_at"].(string))
		before = wait["due_at"].(string)
		require.NotEmpty(t, wait["then"], "it says what happens then")
	}
}

func numbers(list any) []any {
	found := []any{}
	for _, item := range list.([]any) {
		found = append(found, item.(object)["number"])
	}
	return found
}

func events(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	incident := log(agent, "Watched live", nil)
	heard := make(chan object, 16)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/events?record="+incident["id"].(string), nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.Token)
	request.Header.Set("Last-Event-ID", "0")
	agent.Do(http.MethodGet, "/events", nil, map[string]string{"Last-Event-ID": "nonsense"}).Is(400)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	go func() {
		defer close(heard)
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if text, data := strings.CutPrefix(lines.Text(), "data: "); data {
				var event object
				if json.Unmarshal([]byte(text), &event) == nil {
					heard <- event
				}
			}
		}
	}()
	give(agent, incident, "start", object{})
	give(agent, incident, "resolve", object{"code": "fixed", "notes": "x"})
	for _, want := range []string{"incident.logged", "incident.started", "incident.resolved"} {
		select {
		case event := <-heard:
			require.Equal(t, want, event["type"])
		case <-time.After(20 * time.Second):
			require.FailNow(t, "no event "+want)
		}
	}
}

func health(t *testing.T, s *kit.Stack) {
	for path, want := range map[string]string{
		"/healthz": "alive", "/readyz": `"database":"ready"`, "/metrics": "holdfast_commands_total",
		"/api/docs": "swagger-ui-bundle.js", "/api/v1/openapi.json": `"openapi":"3.1.0"`,
	} {
		response, err := http.Get(s.URL + path)
		require.NoError(t, err)
		text := new(strings.Builder)
		_, err = bufio.NewReader(response.Body).WriteTo(text)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		require.Contains(t, text.String(), want, path)
	}
}
