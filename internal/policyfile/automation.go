package policyfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// automations stands for what conditions of automation ask about. No document can name it as its practice.
const automations = "@automation"

// situation are the variables of such a condition, as incident.Situation fills them.
var situation = map[string]map[string]*cel.Type{
	record: {
		"practice": cel.StringType, "number": cel.StringType, "title": cel.StringType, "description": cel.StringType, "state": cel.StringType,
		"impact": cel.StringType, "urgency": cel.StringType, "priority": cel.IntType, "service": cel.StringType, "category": cel.StringType,
		"channel": cel.StringType, "location": cel.StringType, "environment": cel.StringType, "requester": cel.StringType,
		"opened_by": cel.StringType, "team": cel.StringType, "assignee": cel.StringType, "tags": cel.ListType(cel.StringType),
		"configuration_items": cel.ListType(cel.StringType), "hold_reason": cel.StringType, "reopen_count": cel.IntType,
		"reassignment_count": cel.IntType, "open": cel.BoolType, "restricted": cel.BoolType, "breached": cel.BoolType, "ping_pong": cel.BoolType,
	},
	"event": {
		"type": cel.StringType, "public": cel.BoolType, "text": cel.StringType, "reason": cel.StringType, "metric": cel.StringType,
		"agreement": cel.StringType, "at": cel.StringType, "code": cel.StringType, "policy": cel.StringType,
	},
	"actor": {"kind": cel.StringType, "name": cel.StringType},
}

// CheckSituation refuses a situation with fields that no condition can ask about, or of another type.
func CheckSituation(of automation.Situation) error {
	return errors.Join(
		checkFields(record, situation[record], of.Record), checkFields("event", situation["event"], of.Event), checkFields("actor", situation["actor"], of.Actor),
	)
}

func checkAutomation(_ string, rules automation.Rules) []policy.Problem {
	problems := rules.Validate(incident.Followed())
	if rules.Practice != string(domain.Incident) {
		problems = append(problems, policy.Problem{Path: "spec.practice", Message: fmt.Sprintf("%q %s", rules.Practice, errPractice)})
	}
	spoken, err := languageOf(automations)
	if err != nil {
		return append(problems, policy.Problem{Path: "spec.rules", Message: err.Error()})
	}
	for i, rule := range rules.Rules {
		if rule.When == "" {
			continue
		}
		if _, err := spoken.compile(rule.When); err != nil {
			problems = append(problems, policy.Problem{Path: fmt.Sprintf("spec.rules[%d].when", i), Message: err.Error()})
		}
	}
	return problems
}

// follower is a rule of automation with where it stands.
type follower struct {
	automation.Rule
	document string
	place    int
}

// rulesOf are the rules of automation among trees, of all documents: they can feed each other across them.
func rulesOf(trees []Tree) []follower {
	var list []follower
	for _, tree := range trees {
		var rules automation.Rules
		document, err := tree.Document()
		if err != nil || document.Kind != automation.Kind || json.Unmarshal(document.Spec, &rules) != nil {
			continue // told as a problem
		}
		for i, rule := range rules.Rules {
			list = append(list, follower{rule, document.Name, i})
		}
	}
	return list
}

// automationWarnings says of a document's rules which of them can come to follow themselves.
func automationWarnings(document string, all []follower) []policy.Problem {
	rules := make([]automation.Rule, len(all))
	for i, one := range all {
		rules[i] = one.Rule
		rules[i].Name = one.document + "/" + one.Name
	}
	var warnings []policy.Problem
	for i, one := range all {
		if one.document != document {
			continue
		}
		if way := automation.Circle(rules, i); way != nil {
			warnings = append(warnings, policy.Problem{Path: fmt.Sprintf("spec.rules[%d]", one.place), Message: fmt.Sprintf(
				"can follow what it did itself (%s); in such a chain it runs once", strings.Join(way, " → "))})
		}
	}
	return warnings
}
