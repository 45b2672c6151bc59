package integration

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// rulesFollow: rules of automation act as soon as a command is decided, on notes when they arrive, and tell of themselves.
func rulesFollow(t *testing.T, s *kit.Stack) {
	s.Admin(t).Do(http.MethodPut, "/policies/AutomationRules/robots", object{"reason": "test", "spec": object{"practice": "incident", "rules": []object{
		{"name": "name", "on": []string{"incident.logged"}, "when": `record.title.startsWith("robot:")`, "then": []object{{"raise_priority": 1}, {"add_tags": []string{"robot"}}}},
		{"name": "again", "on": []string{"incident.edited"}, "when": `"robot" in record.tags`, "then": []object{{"add_tags": []string{"seen"}}}},
		{"name": "call", "on": []string{"note.added"}, "when": `event.text.contains("call me") && "robot" in record.tags`, "then": []object{{"assign": object{"team": "messaging", "person": "dee"}}}},
	}}}, nil).Is(200)
	agent, sam := s.As(t, "ana"), s.As(t, "sam")
	incident := log(agent, "robot: the arm hangs", object{"requester": "sam"})
	require.EqualValues(t, 2, incident["priority"])
	require.Equal(t, []any{"robot", "seen"}, incident["tags"], "the answer to the command has what the rules made of it")
	require.Equal(t, []string{
		"incident.logged", "incident.automated", "incident.priority_overridden", "incident.edited", "incident.automated", "incident.edited",
		"incident.automation_held",
	}, slices.DeleteFunc(happened(agent, incident), func(kind string) bool { return kind == "incident.clock_re_rated" }))
	number := incident["number"].(string)
	sam.Post("/incidents/"+number+"/notes", object{"body": "Please call me"}).Is(201)
	kit.Eventually(t, 30*time.Second, func() bool { return read(agent, incident)["assignee"] == "dee" }, "a rule follows the note")

	runs := items(agent.Get("/policies/AutomationRules/robots/runs?limit=10").Is(200))
	require.Len(t, runs, 4)
	require.Equal(t, []any{number, "call", "ran", "note.added"}, []any{runs[0]["number"], runs[0]["rule"], runs[0]["outcome"], runs[0]["on"]})
	require.Equal(t, "held", runs[1]["outcome"])
	sam.Get("/policies/AutomationRules/robots/runs").Is(403)
	require.Empty(t, items(s.As(t, "eli").Get("/policies/AutomationRules/robots/runs").Is(200)), "another team's records")
	s.Admin(t).Do(http.MethodPut, "/policies/AutomationRules/robots", object{"reason": "done", "spec": object{"practice": "incident", "rules": []object{}}}, nil).Is(200)
	require.Empty(t, log(agent, "robot: it moves", object{})["tags"], "rules are off for everything at once")
}
