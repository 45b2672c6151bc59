package policyfile

import (
	"errors"
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"

	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// maxPrograms bounds the compiled expressions that an Evaluator keeps; an organisation has some hundred in force.
const maxPrograms = 2000

// Evaluator evaluates the expressions of documents. It keeps what it compiled and is safe for concurrent use; the zero value
// is ready.
type Evaluator struct {
	mu       sync.Mutex
	programs map[string]cel.Program
}

var _ policy.Evaluator = (*Evaluator)(nil)

// AssignmentFor finds the first rule that matches a record; the zero Assignment when none does. A rule that cannot be
// evaluated for this record, or costs too much, is passed over: one such rule must not keep anybody from logging. The error
// names those passed over; the answer stands beside it.
func (e *Evaluator) AssignmentFor(rules policy.AssignmentRules, record map[string]any) (policy.Assignment, error) {
	var faults []error
	for _, rule := range rules.Rules {
		matches, err := e.matches(rules.Practice, rule.When, record)
		if err != nil {
			faults = append(faults, fmt.Errorf("rule %q: %w", rule.Name, err))
			continue
		}
		if matches {
			return policy.Assignment{Rule: rule.Name, Team: rule.Set.Team, Category: rule.Set.Category, Tags: rule.Set.Tags}, errors.Join(faults...)
		}
	}
	return policy.Assignment{}, errors.Join(faults...)
}

// AgreementApplies evaluates the expression by which an SLA says which records it is for.
func (e *Evaluator) AgreementApplies(expression string, record map[string]any) (bool, error) {
	return e.matches(agreements, expression, record)
}

// AutomationHolds evaluates the condition of a rule of automation.
func (e *Evaluator) AutomationHolds(condition string, of automation.Situation) (bool, error) {
	return e.holds(automations, condition, map[string]any{"record": of.Record, "event": of.Event, "actor": of.Actor})
}

func (e *Evaluator) matches(practice, expression string, of map[string]any) (bool, error) {
	return e.holds(practice, expression, map[string]any{record: of})
}

func (e *Evaluator) holds(practice, expression string, variables map[string]any) (bool, error) {
	program, err := e.program(practice, expression)
	if err != nil {
		return false, err
	}
	answer, _, err := program.Eval(variables)
	if err != nil {
		return false, fmt.Errorf("evaluating %s: %w", expression, err)
	}
	matches, right := answer.Value().(bool)
	if !right {
		return false, fmt.Errorf("%s answered %v instead of true or false", expression, answer)
	}
	return matches, nil
}

// program compiles an expression, once for many records.
func (e *Evaluator) program(practice, expression string) (cel.Program, error) {
	key := practice + "\x00" + expression
	e.mu.Lock()
	defer e.mu.Unlock()
	if program, found := e.programs[key]; found {
		return program, nil
	}
	spoken, err := languageOf(practice)
	if err != nil {
		return nil, err
	}
	program, err := spoken.compile(expression)
	if err != nil {
		return nil, err
	}
	if e.programs == nil || len(e.programs) >= maxPrograms {
		e.programs = map[string]cel.Program{}
	}
	e.programs[key] = program
	return program, nil
}
