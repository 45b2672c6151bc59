package automation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/automation"
)

func read(t *testing.T, text string) automation.Rules {
	t.Helper()
	var rules automation.Rules
	require.NoError(t, json.Unmarshal([]byte(text), &rules))
	return rules
}

func TestEveryActionIsReadAndWorded(t *testing.T) {
	t.Parallel()
	rules := read(t, `{"practice": "incident", "rules": [{"name": "all", "on": ["incident.logged"], "then": [
		{"assign": {"team": "network", "person": "cy"}}, {"add_tags": ["vip", "mail"]}, {"remove_tags": ["new"]}, {"set": {"location": "Berlin", "category": "mail"}},
		{"raise_priority": 2}, {"change_priority": {"impact": "high"}}, {"escalate": "major"}, {"page": ["ana"]}, {"add_watcher": "bo"}, {"note": "Look."}]},
		{"name": "more", "on": ["incident.logged"], "then": [{"notify": ["team_lead", "person:ana"]}]}]}`)
	require.Empty(t, rules.Validate(events))
	words := []string{}
	for _, action := range append(rules.Rules[0].Then, rules.Rules[1].Then...) {
		words = append(words, action.String())
	}
	require.Equal(t, []string{
		"assign to network, cy", "add the tags vip, mail", "remove the tags new", "set category to mail, location to Berlin", "raise the priority by 2",
		"rate anew: impact high, urgency as it is", "escalate by major", "page ana", "add the watcher bo", "write an internal note",
		"notify team_lead, person:ana",
	}, words)
	require.Empty(t, read(t, `{"practice": "incident", "rules": []}`).Validate(events), "a document without rules switches them off")
}

func TestEveryProblemOfRulesIsFound(t *testing.T) {
	t.Parallel()
	rules := read(t, `{"practice": "incident", "rules": [
		{"name": "A b", "on": [], "then": []},
		{"name": "two", "on": ["incident.exploded"], "then": [{}, {"note": "a", "escalate": "b"}, {"assign": {}}, {"add_tags": []}, {"set": {"title": "x", "category": ""}},
			{"raise_priority": 5}, {"change_priority": {}}, {"escalate": "A"}, {"notify": ["boss"]}, {"page": []}]},
		{"name": "two", "on": ["incident.logged"], "then": [{"add_watcher": "Ana"}]}]}`)
	paths := []string{}
	for _, problem := range rules.Validate(events) {
		require.NotEmpty(t, problem.Message)
		paths = append(paths, problem.Path)
	}
	require.Equal(t, []string{
		"spec.rules[0].name", "spec.rules[0].on", "spec.rules[0].then", "spec.rules[1].on[0]", "spec.rules[1].then[0]", "spec.rules[1].then[1]",
		"spec.rules[1].then[2].assign", "spec.rules[1].then[3].add_tags", "spec.rules[1].then[4].set.category", "spec.rules[1].then[4].set.title",
		"spec.rules[1].then[5].raise_priority", "spec.rules[1].then[6].change_priority", "spec.rules[1].then[7].escalate",
		"spec.rules[1].then[8].notify[0]", "spec.rules[1].then[9].page", "spec.rules[2].name", "spec.rules[2].then[0].add_watcher",
	}, paths)
}
