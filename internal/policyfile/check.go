package policyfile

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/cadence"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

// kinds gives an empty spec and a check of its meaning for every kind of document.
var kinds = map[string]struct {
	spec  any
	check func(name string, spec json.RawMessage) ([]policy.Problem, error)
}{
	policy.KindCadence:           {cadence.Spec{}, reading(checkCadence)},
	policy.KindCalendar:          {calendar.Spec{}, reading(checkCalendar)},
	policy.KindPriorityMatrix:    {policy.PriorityMatrix{}, reading(func(_ string, m policy.PriorityMatrix) []policy.Problem { return m.Validate() })},
	policy.KindAssignmentRules:   {policy.AssignmentRules{}, reading(checkRules)},
	policy.KindTeam:              {policy.Team{}, reading(func(_ string, t policy.Team) []policy.Problem { return t.Validate() })},
	policy.KindServicePolicy:     {policy.ServicePolicy{}, reading(func(_ string, s policy.ServicePolicy) []policy.Problem { return s.Validate() })},
	policy.KindVocabulary:        {policy.Vocabulary{}, reading(checkVocabulary)},
	policy.KindRecordTemplate:    {policy.RecordTemplate{}, reading(checkTemplate)},
	policy.KindOnCallSchedule:    {oncall.Spec{}, reading(checkOnCall)},
	policy.KindEscalationPolicy:  {escalation.Policy{}, reading(func(_ string, p escalation.Policy) []policy.Problem { return p.Validate() })},
	policy.KindChangeModel:       {change.Model{}, reading(checkModel)},
	policy.KindFreezeWindow:      {window.Spec{}, reading(checkWindow)},
	policy.KindMaintenanceWindow: {window.Spec{}, reading(checkMaintenance)},
	policy.KindCannedReply:       {policy.CannedReply{}, reading(func(_ string, r policy.CannedReply) []policy.Problem { return r.Validate() })},
	policy.KindSLA:               {sla.Agreement{}, reading(checkAgreement)},
	policy.KindApprovalPolicy:    {approval.Policy{}, reading(checkApproval)},
	automation.Kind:              {automation.Rules{}, reading(checkAutomation)},
}

// reading decodes a spec, whose shape is known to fit, for the check of its meaning.
func reading[T any](check func(name string, spec T) []policy.Problem) func(string, json.RawMessage) ([]policy.Problem, error) {
	return func(name string, content json.RawMessage) ([]policy.Problem, error) {
		var spec T
		if err := json.Unmarshal(content, &spec); err != nil {
			return nil, fmt.Errorf("reading the spec: %w", err)
		}
		return check(name, spec), nil
	}
}

// Kinds lists the kinds of documents, in order.
func Kinds() []string {
	return []string{
		policy.KindApprovalPolicy, policy.KindAssignmentRules, automation.Kind, policy.KindCadence, policy.KindCalendar, policy.KindCannedReply, policy.KindChangeModel,
		policy.KindEscalationPolicy, policy.KindFreezeWindow, policy.KindMaintenanceWindow, policy.KindOnCallSchedule, policy.KindPriorityMatrix, policy.KindRecordTemplate, policy.KindSLA,
		policy.KindServicePolicy, policy.KindTeam, policy.KindVocabulary,
	}
}

// Check says what is wrong with a document's kind and spec: nothing, or every problem found. Meaning is looked at only where
// the structure is right. The document's name is its store's affair.
func Check(document policy.Document) []policy.Problem {
	kind, known := kinds[document.Kind]
	if !known {
		return []policy.Problem{{Path: "kind", Message: fmt.Sprintf("%q is not a kind; there are %s", document.Kind, strings.Join(Kinds(), ", "))}}
	}
	if len(document.Spec) > MaxSpecBytes {
		return []policy.Problem{{Path: "spec", Message: fmt.Sprintf("has %d bytes, takes at most %d", len(document.Spec), MaxSpecBytes)}}
	}
	value, err := readJSON(document.Spec)
	if err != nil {
		return []policy.Problem{{Path: "spec", Message: err.Error()}}
	}
	fits := &fitting{}
	fits.fit("spec", value, reflect.TypeOf(kind.spec))
	if len(fits.problems) > 0 {
		return fits.problems
	}
	problems, err := kind.check(document.Name, document.Spec)
	if err != nil {
		return []policy.Problem{{Path: "spec", Message: err.Error()}}
	}
	return problems
}

func checkCalendar(_ string, spec calendar.Spec) []policy.Problem {
	_, problems := compile(spec)
	list := make([]policy.Problem, len(problems))
	for i, problem := range problems {
		list[i] = policy.Problem{Path: "spec." + problem.Path, Message: problem.Message}
	}
	return list
}

func checkRules(_ string, rules policy.AssignmentRules) []policy.Problem {
	problems := rules.Validate()
	language, err := languageOf(rules.Practice)
	if err != nil {
		return append(problems, policy.Problem{Path: "spec.practice", Message: err.Error()})
	}
	for i, rule := range rules.Rules {
		if rule.When == "" {
			continue
		}
		if _, err := language.compile(rule.When); err != nil {
			problems = append(problems, policy.Problem{Path: fmt.Sprintf("spec.rules[%d].when", i), Message: err.Error()})
		}
	}
	return problems
}

func checkAgreement(_ string, agreement sla.Agreement) []policy.Problem {
	problems := agreement.Validate()
	if agreement.AppliesTo == "" {
		return problems
	}
	language, err := languageOf(agreements)
	if err != nil {
		return append(problems, policy.Problem{Path: "spec.applies_to", Message: err.Error()})
	}
	if _, err := language.compile(agreement.AppliesTo); err != nil {
		problems = append(problems, policy.Problem{Path: "spec.applies_to", Message: err.Error()})
	}
	return problems
}

func checkTemplate(_ string, template policy.RecordTemplate) []policy.Problem {
	problems := template.Validate()
	if template.Practice != string(domain.Incident) {
		problems = append(problems, policy.Problem{Path: "spec.practice", Message: fmt.Sprintf("%q has no form to fill in; there is %s", template.Practice, domain.Incident)})
	}
	return problems
}

// holdReasons is the Vocabulary whose terms each follow the rules of one of these.
const holdReasons = "hold-reasons"

var holdBases = []string{
	incident.AwaitingRequester, incident.AwaitingVendor, incident.AwaitingChange, incident.AwaitingProblem, incident.Scheduled,
}

func checkVocabulary(name string, vocabulary policy.Vocabulary) []policy.Problem {
	problems := vocabulary.Validate()
	if name != holdReasons {
		return problems
	}
	for i, term := range vocabulary.Terms {
		if base, _ := vocabulary.Base(term.ID); !slices.Contains(holdBases, base) {
			problems = append(problems, policy.Problem{
				Path:    fmt.Sprintf("spec.terms[%d].base", i),
				Message: "a reason to hold needs a base, one of " + strings.Join(holdBases, ", "),
			})
		}
	}
	return problems
}
