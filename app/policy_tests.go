package app

import (
	"context"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/policytest"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// PolicyTestBody asks for policy tests to be run in place.
type PolicyTestBody struct {
	// Tests is YAML with PolicyTest documents; files that they name are not read.
	Tests string `json:"tests" minLength:"1" maxLength:"131072" doc:"YAML with documents of the kind PolicyTest; files that they name are not read"`
	// Documents is YAML with policies that are not stored yet and stand before the stored ones of their names.
	Documents string `json:"documents,omitempty" maxLength:"131072" doc:"YAML with policies that are not stored yet; they stand before the stored ones"`
}

// PolicyTestReport is what became of tests. Where a text has faults, no case was run.
type PolicyTestReport struct {
	Passed int              `json:"passed"`
	Failed int              `json:"failed"`
	Cases  []PolicyTestCase `json:"cases"`
	Faults []PolicyFault    `json:"faults"`
}

// PolicyTestCase is what became of one case; Difference is empty where it passed.
type PolicyTestCase struct {
	Test       string `json:"test"`
	Name       string `json:"name"`
	Line       int    `json:"line" doc:"Where the case stands in the text of the tests"`
	Difference string `json:"difference,omitempty" doc:"What was expected and what was got; left out where the case passed"`
}

// PolicyFault is one thing wrong with a text, at a line counted from 1; 0 where no line is to blame.
type PolicyFault struct {
	Text    string `json:"text" enum:"tests,document,"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// Evaluating calendars and expressions is work: policyTestRuns bounds how many runs are under way at once, policyTestTime each.
const (
	policyTestRuns = 2
	policyTestTime = 10 * time.Second
)

// TestPolicies runs policy tests against what is being written and, beneath it, what is stored. It changes nothing, and is for all
// who read policies: unavailable while too many others do, invalid when it takes longer than 10 s.
func (a *App) TestPolicies(ctx context.Context, body PolicyTestBody) (PolicyTestReport, error) {
	report := PolicyTestReport{Cases: []PolicyTestCase{}, Faults: []PolicyFault{}}
	if err := a.allowed(ctx, PermissionPolicyRead); err != nil {
		return report, err
	}
	bounded, cancel := context.WithTimeout(ctx, policyTestTime)
	defer cancel()
	select {
	case a.policyTests <- struct{}{}:
		defer func() { <-a.policyTests }()
	case <-bounded.Done():
		return report, &domain.Error{Code: domain.CodeUnavailable, Message: "others are running policy tests; try again in a moment", RetryAfter: retryAfter}
	}
	var stored []policy.Document
	for _, kind := range policytest.Kinds {
		rows, err := schemas.ListPolicies(ctx, a.DB, kind)
		if err != nil {
			return report, a.fault(ctx, "reading policies", err)
		}
		stored = append(stored, documents(rows)...)
	}
	outcomes, err := policytest.RunInPlace(bounded, body.Tests, body.Documents, stored)
	if ctx.Err() != nil {
		return report, a.fault(ctx, "testing policies", ctx.Err())
	}
	if err != nil && bounded.Err() != nil {
		return report, domain.Invalid("tests", "take longer than %s; run fewer cases at once", policyTestTime)
	}
	for _, fault := range policyfile.Faults(err) {
		report.Faults = append(report.Faults, PolicyFault{Text: fault.File, Line: fault.Line, Message: fault.Message})
	}
	for _, outcome := range outcomes {
		report.Cases = append(report.Cases, PolicyTestCase(outcome))
		if outcome.Difference == "" {
			report.Passed++
		} else {
			report.Failed++
		}
	}
	return report, nil
}
