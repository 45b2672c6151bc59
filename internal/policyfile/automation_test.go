package policyfile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

func problemsOf(when string) []policy.Problem {
	spec, err := json.Marshal(automation.Rules{Practice: "incident", Rules: []automation.Rule{
		{Name: "a", On: []string{"incident.logged"}, When: when, Then: []automation.Action{{Note: "x"}}},
	}})
	if err != nil {
		panic(err) // they are strings
	}
	return Check(policy.Document{Kind: automation.Kind, Name: "desk", Spec: spec})
}

func TestConditionsOfAutomationAreChecked(t *testing.T) {
	t.Parallel()
	for when, says := range map[string]string{
		"": "", `record.priority <= 2 && record.open && event.type == "incident.logged" && actor.kind != "timer"`: "",
		`record.priorty == 1`: "undefined field", `record.priority == "1"`: "no matching overload", `event.text`: "must answer true or false",
		`person.name == ""`: "undeclared reference", `actor.handle == ""`: "undefined field",
	} {
		problems := problemsOf(when)
		if says == "" {
			require.Empty(t, problems, when)
			continue
		}
		require.Len(t, problems, 1, when)
		require.Equal(t, "spec.rules[0].when", problems[0].Path)
		require.Contains(t, problems[0].Message, says)
	}
	for _, spec := range []string{`{"practice": "change", "rules": []}`, `{"practice": "@automation", "rules": []}`} {
		problems := Check(policy.Document{Kind: automation.Kind, Name: "desk", Spec: json.RawMessage(spec)})
		require.Equal(t, "spec.practice", problems[0].Path)
	}
}

// Every field that a condition can ask about is filled, with its type, by the practice.
func TestTheSituationOfAnIncidentIsWhatConditionsKnow(t *testing.T) {
	t.Parallel()
	filled := incident.Situation(incident.Incident{}, domain.Command{}, domain.Event{})
	for variable, values := range map[string]map[string]any{"record": filled.Record, "event": filled.Event, "actor": filled.Actor} {
		require.Len(t, values, len(situation[variable]), variable)
		for name := range values {
			require.Contains(t, situation[variable], name)
		}
	}
	holds, err := (&Evaluator{}).AutomationHolds(`record.priority == 0 && !record.open && !has(record.tags) && event.type == ""`, filled)
	require.NoError(t, err)
	require.True(t, holds)
}

func TestLintWarnsOfRulesThatCanFollowThemselves(t *testing.T) {
	t.Parallel()
	trees, err := ParseTrees("rules.yaml", []byte(`kind: AutomationRules
name: first
spec:
  practice: incident
  rules:
  - {name: tag, on: [incident.assigned], then: [{add_tags: [seen]}]}
  - {name: alone, on: [incident.logged], then: [{add_watcher: ana}]}
---
kind: AutomationRules
name: second
spec:
  practice: incident
  rules:
  - {name: give, on: [incident.edited], then: [{assign: {team: network}}]}
`))
	require.NoError(t, err)
	text := lint("rules.yaml", trees)
	require.Zero(t, text.problems)
	require.Equal(t, 2, strings.Count(text.String(), "warning"), text.String())
	require.Contains(t, text.String(), "rules.yaml:6: warning: spec.rules[0]: can follow what it did itself (first/tag → second/give → first/tag); in such a chain it runs once")
}
