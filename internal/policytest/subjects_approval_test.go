package policytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func runText(t *testing.T, content string) (bool, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	var out strings.Builder
	failed, err := Run(&out, []string{path})
	require.NoError(t, err, out.String())
	return failed, out.String()
}

func TestApprovalCases(t *testing.T) {
	t.Parallel()
	failed, out := runText(t, `kind: ApprovalPolicy
name: cab
spec:
  when: 'record.practice == "change"'
  stages:
  - {name: cab, electorate: [role:cab_member], rule: {threshold: 60%, of: electorate, required: [sec]}, default: escalate}
  - {name: window, electorate: [role:change_manager], rule: {threshold: 1, of: approvals}, default: reject, parallel: true}
---
kind: PolicyTest
name: boards
cases:
- approval:
    rule: {quorum: 50%, threshold: 60%, of: electorate, veto: [security], required: [security]}
    electorate: [ana, bo, cy, security]
    requester: dee
    implementer: eli
    votes: [{by: ana, vote: approve}, {by: bo, vote: reject, comment: "no back-out"}]
    expired: false
    default: reject
  expect: {verdict: pending, why: "1 of 4 approves (25.0 %), 60 % needed; waiting for cy, security"}
- approval: {of: cab, stage: cab, electorate: [ana, bo, sec], expired: true}
  expect: {verdict: escalated}
- approval: {of: cab, stage: window, electorate: [mia], expired: true}
  expect: {verdict: rejected}
- approval: {of: cab, stage: window, electorate: [mia], expired: true, default: approve}
  expect: {verdict: approved}
- approval: {rule: {threshold: 60%, of: votes_cast}, electorate: [ana, bo, cy], votes: [{by: ana, vote: approve}], expired: true, default: reject}
  expect: {verdict: approved}
- approval: {rule: {threshold: 1}, electorate: [dee, eli, tom, ida], requester: dee, implementer: eli, task_owners: [tom], inactive: [ida]}
  expect: {verdict: error}
- approval: {rule: {threshold: 2}, electorate: [ana, bo], votes: [{by: ana, vote: approve}, {by: hal, for: bo, vote: approve_with, conditions: [be there]}]}
  expect: {verdict: approved}
- approval: {rule: {threshold: 2}, electorate: [ana, bo], inactive: [hal], votes: [{by: ana, vote: approve}, {by: hal, for: bo, vote: approve}]}
  expect: {verdict: pending}
- approval: {rule: {threshold: 1}, electorate: [ana], votes: [{by: ana, vote: recuse}]}
  expect: {verdict: error}
- approval: {rule: {first_response: true}, electorate: [ana, bo], votes: [{by: bo, vote: reject, comment: "no"}, {by: ana, vote: approve}]}
  expect: {verdict: rejected}
`)
	require.False(t, failed, out)
	require.Contains(t, out, "10 passed, 0 failed")
}

func TestWrongApprovalCases(t *testing.T) {
	t.Parallel()
	failed, out := runText(t, `kind: ApprovalPolicy
name: cab
spec: {when: 'true', stages: [{name: a, electorate: [service_owner], rule: {threshold: 1}}, {name: b, electorate: [service_owner], rule: {threshold: 1}}]}
---
kind: PolicyTest
name: boards
cases:
- {approval: {rule: {threshold: 1}, electorate: [ana], votes: [{by: ana, vote: approve}]}, expect: {verdict: rejected}}
- {approval: {rule: {threshold: 1}, electorate: [ana], votes: [{by: ana, vote: yes please}]}, expect: {verdict: approved}}
- {approval: {rule: {threshold: 1}, electorate: [ana], votes: [{by: ana, vote: reject}]}, expect: {verdict: rejected}}
- {approval: {rule: {threshold: one}, electorate: [ana]}, expect: {verdict: approved}}
- {approval: {electorate: [ana]}, expect: {verdict: approved}}
- {approval: {of: cab, electorate: [ana]}, expect: {verdict: approved}}
- {approval: {of: ecab, stage: a, electorate: [ana]}, expect: {verdict: approved}}
- {approval: {rule: {threshold: 1}, electorate: [ana], default: pass}, expect: {verdict: approved}}
`)
	require.True(t, failed)
	for _, says := range []string{
		`case 1: verdict: expected "rejected", got "approved"`,
		`case 2: expected {verdict: "approved"}, got the error: votes[0]: vote "yes please" is not one of approve, approve_with, reject, abstain, recuse`,
		`case 3: expected {verdict: "rejected"}, got the error: votes[0]: comment is needed: say why it is rejected`,
		"case 4: expected", "neither a share like",
		"either a rule, or of", `stage: "" is not one of a, b`, `there is no ApprovalPolicy "ecab"`, "not one of reject, escalate, approve",
	} {
		require.Contains(t, out, says)
	}
}
