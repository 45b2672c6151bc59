package policytest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// automationSubject asks AutomationRules which rules run on one event of a record, and what they do. What their actions lead to is not
// played on.
type automationSubject struct {
	Of string `json:"of"`
	// On is the type of the event.
	On     string         `json:"on"`
	Record map[string]any `json:"record,omitempty"`
	Event  map[string]any `json:"event,omitempty"`
	Actor  map[string]any `json:"actor,omitempty"`
}

func (s *automationSubject) run(documents *documents) (answer, error) {
	rules, err := find(automation.Kind, documents.follow, s.Of)
	if err != nil {
		return answer{}, err
	}
	if !slices.Contains(incident.Followed(), s.On) {
		return answer{}, fmt.Errorf("%q is not an event to follow; there are %s", s.On, strings.Join(incident.Followed(), ", "))
	}
	situation := automation.Situation{
		Record: with(s.Record, "practice", rules.Practice), Event: with(s.Event, "type", s.On), Actor: with(s.Actor, "kind", string(domain.ActorPerson)),
	}
	if err := policyfile.CheckSituation(situation); err != nil {
		return answer{}, err
	}
	ran, actions := []string{}, []string{}
	for _, rule := range rules.Rules {
		holds := slices.Contains(rule.On, s.On)
		if holds && rule.When != "" {
			if holds, err = documents.evaluator.AutomationHolds(rule.When, situation); err != nil {
				return answer{}, fmt.Errorf("rule %q: %w", rule.Name, err)
			}
		}
		if !holds {
			continue
		}
		ran = append(ran, rule.Name)
		for _, action := range rule.Then {
			actions = append(actions, action.String())
		}
	}
	return answer{rules: &ran, actions: &actions}, nil
}

// with is a copy of values in which what is left out has a value.
func with(values map[string]any, name string, otherwise any) map[string]any {
	filled := map[string]any{name: otherwise}
	for key, value := range values {
		filled[key] = value
		if number, is := value.(json.Number); is {
			if whole, err := number.Int64(); err == nil {
				filled[key] = whole
			}
		}
	}
	return filled
}
