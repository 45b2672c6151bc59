package app_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

const priorityTest = `kind: PolicyTest
name: the matrix
documents: [of/no/use.yaml]
cases:
- name: high and high
  priority: {of: default, impact: high, urgency: high}
  expect: {priority: 1}
- priority: {of: default, impact: low, urgency: low}
  expect: {priority: 4}
`

// TestPolicyTestsRunAgainstDraftsBeforeWhatIsStored: the stored matrix gives 5 for low and low, the draft gives 4.
func TestPolicyTestsRunAgainstDraftsBeforeWhatIsStored(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", all(domain.RoleAdmin))
	report, err := d.TestPolicies(admin, app.PolicyTestBody{Tests: priorityTest})
	require.NoError(t, err)
	require.Equal(t, app.PolicyTestReport{
		Passed: 1, Failed: 1, Faults: []app.PolicyFault{},
		Cases: []app.PolicyTestCase{
			{Test: "the matrix", Name: "high and high", Line: 5},
			{Test: "the matrix", Name: "case 2", Line: 8, Difference: "priority: expected 4, got 5"},
		},
	}, report)

	const draft = "kind: PriorityMatrix\nname: default\nspec:\n  levels: [high, low]\n  priorities: {high: {high: 1, low: 2}, low: {high: 3, low: 4}}\n"
	report, err = d.TestPolicies(d.as("bo", all(domain.RoleAgent)), app.PolicyTestBody{Tests: priorityTest, Documents: draft})
	require.NoError(t, err)
	require.Equal(t, 2, report.Passed, "%v", report.Cases)

	report, err = d.TestPolicies(admin, app.PolicyTestBody{Tests: priorityTest, Documents: "kind: Team\nname: x\nspec: {}\n"})
	require.NoError(t, err)
	require.Empty(t, report.Cases)
	require.Contains(t, report.Faults, app.PolicyFault{Text: "document", Line: 3, Message: "spec.title: is missing"})

	report, err = d.TestPolicies(admin, app.PolicyTestBody{Tests: "kind: PolicyTest\nname: x\ncases:\n- gates: {}\n  expect: {open: true}\n"})
	require.NoError(t, err)
	require.Len(t, report.Faults, 1)
	require.Equal(t, "tests", report.Faults[0].Text)
	require.Equal(t, 4, report.Faults[0].Line)
}

func TestPolicyTestsNeedNoMoreThanReading(t *testing.T) {
	t.Parallel()
	d := setup(t)
	narrow := func(permission app.Permission) context.Context {
		return app.WithPrincipal(t.Context(), app.Principal{Handle: "bo", Kind: "person", Permissions: []string{string(permission)}})
	}
	_, err := d.TestPolicies(narrow(app.PermissionPolicyRead), app.PolicyTestBody{Tests: priorityTest})
	require.NoError(t, err)
	_, err = d.TestPolicies(narrow(app.PermissionIncidentRead), app.PolicyTestBody{Tests: priorityTest})
	refuses(t, domain.CodeForbidden, err)
}
