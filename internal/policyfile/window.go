package policyfile

import (
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/internal/cron"
)

var _ window.Language = (*Evaluator)(nil)

// WindowApplies evaluates the expression by which a freeze or a maintenance window says which changes it is for.
func (e *Evaluator) WindowApplies(expression string, record map[string]any) (bool, error) {
	return e.matches(approvals, expression, record)
}

// Recurs answers the beginnings of a recurring window. Of a wall time that a clock change skips there is none that day, and of one
// that it repeats there is one, the first.
func (*Evaluator) Recurs(recurring window.Recurring) (window.Starts, error) {
	zone, err := LoadZone(recurring.Timezone)
	if err != nil {
		return nil, err
	}
	schedule, err := cron.Parse(recurring.Cron, zone)
	if err != nil {
		return nil, err
	}
	return func(after time.Time) (time.Time, bool) {
		next, err := schedule.Next(after)
		return next, err == nil
	}, nil
}

// checkWindow says what is wrong with a freeze or a maintenance window.
func checkWindow(_ string, spec window.Spec) []policy.Problem {
	problems := spec.Validate()
	add := func(path string, err error) {
		problems = append(problems, policy.Problem{Path: "spec." + path, Message: err.Error()})
	}
	if recurring := spec.Recurring; recurring != nil {
		if zone, err := LoadZone(recurring.Timezone); err != nil {
			add("recurring.timezone", err)
		} else if _, err := cron.Parse(recurring.Cron, zone); err != nil {
			add("recurring.cron", err)
		}
	}
	if spec.AppliesTo == "" {
		return problems
	}
	language, err := languageOf(approvals)
	if err == nil {
		_, err = language.compile(spec.AppliesTo)
	}
	if err != nil {
		add("applies_to", err)
	}
	return problems
}

// checkMaintenance says what is wrong with a maintenance window: from it nothing is exempt.
func checkMaintenance(name string, spec window.Spec) []policy.Problem {
	problems := checkWindow(name, spec)
	if spec.Exempt != (window.Exempt{}) {
		problems = append(problems, policy.Problem{Path: "spec.exempt", Message: "belongs to a freeze"})
	}
	return problems
}

// checkModel says what is wrong with a model of changes.
func checkModel(_ string, model change.Model) []policy.Problem { return model.Validate() }

// CompileWindow makes a freeze or a maintenance window ready to be asked.
func CompileWindow(name string, version int, spec window.Spec) (window.Window, error) {
	made, err := window.Compile(name, version, spec, &Evaluator{})
	if err != nil {
		return made, fmt.Errorf("compiling %s: %w", name, err)
	}
	return made, nil
}
