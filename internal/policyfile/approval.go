package policyfile

import (
	"fmt"
	"maps"
	"slices"

	"cel.dev/cel-go/cel"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// approvals stands for the records of every practice, as an ApprovalPolicy asks about them once they are submitted. No document
// can name it as its practice.
const approvals = "@approvals"

// practiceOfChanges is the practice whose records silence must never approve.
const practiceOfChanges = "change"

// checkApproval checks an ApprovalPolicy. A stage that is approved by nobody having decided is refused where the policy may be
// for changes.
func checkApproval(_ string, spec approval.Policy) []policy.Problem {
	problems := spec.Validate()
	if spec.When == "" {
		return problems
	}
	language, err := languageOf(approvals)
	if err != nil {
		return append(problems, policy.Problem{Path: "spec.when", Message: err.Error()})
	}
	if _, err := language.compile(spec.When); err != nil {
		return append(problems, policy.Problem{Path: "spec.when", Message: err.Error()})
	}
	silent := slices.IndexFunc(spec.Stages, func(s approval.StagePolicy) bool { return s.Default == approval.DefaultApprove })
	if silent < 0 {
		return problems
	}
	possible, err := language.possible(spec.When, practiceOfChanges)
	if err != nil {
		return append(problems, policy.Problem{Path: "spec.when", Message: err.Error()})
	}
	if possible {
		problems = append(problems, policy.Problem{
			Path:    fmt.Sprintf("spec.stages[%d].default", silent),
			Message: `a change is not approved by nobody deciding; let it reject or escalate, or say in when that it is for no change: record.practice != "change"`,
		})
	}
	return problems
}

// possible reports whether an expression may be true of some record of a practice: whatever its other fields are, it is not false.
func (l *language) possible(expression, practice string) (bool, error) {
	ast, issues := l.env.Compile(expression)
	if err := issues.Err(); err != nil {
		return false, fmt.Errorf("compiling %s: %w", expression, err)
	}
	program, err := l.env.Program(ast, cel.CostLimit(costLimit), cel.EvalOptions(cel.OptPartialEval))
	if err != nil {
		return false, fmt.Errorf("preparing %s: %w", expression, err)
	}
	var unknown []*cel.AttributePatternType
	for _, field := range slices.Sorted(maps.Keys(fields[approvals])) {
		if field != "practice" {
			unknown = append(unknown, cel.AttributePattern("record").QualString(field))
		}
	}
	vars, err := cel.PartialVars(map[string]any{"record": map[string]any{"practice": practice}}, unknown...)
	if err != nil {
		return false, fmt.Errorf("preparing %s: %w", expression, err)
	}
	answer, _, err := program.Eval(vars)
	if err != nil {
		return true, nil //nolint:nilerr // it fails for some record; what it says of the others is not known
	}
	value, known := answer.Value().(bool)
	return !known || value, nil
}

// ApprovalApplies evaluates the expression by which an ApprovalPolicy says which records it is for.
func (e *Evaluator) ApprovalApplies(expression string, record map[string]any) (bool, error) {
	return e.matches(approvals, expression, record)
}

var _ approval.Language = (*Evaluator)(nil)
