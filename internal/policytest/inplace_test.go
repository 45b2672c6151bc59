package policytest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// stored reads documents as they are stored.
func stored(t *testing.T, text string) []policy.Document {
	t.Helper()
	trees, err := policyfile.ParseTrees("stored", []byte(text))
	require.NoError(t, err)
	list := make([]policy.Document, len(trees))
	for i, tree := range trees {
		list[i], err = tree.Document()
		require.NoError(t, err)
		require.Contains(t, Kinds, list[i].Kind)
	}
	return list
}

func TestWhatIsStoredIsAskedInPlace(t *testing.T) {
	t.Parallel()
	outcomes, err := RunInPlace(t.Context(), `kind: PolicyTest
name: in place
cases:
- approval: {of: cab, electorate: [ana], votes: [{by: ana, vote: approve}]}
  expect: {verdict: approved}
- clock:
    of: gold
    metric: resolution
    record: {practice: incident, priority: 2}
    events: [{at: "2026-11-02T09:00:00Z", event: opened}]
    now: "2026-11-02T10:00:00Z"
  expect: {elapsed: 1h}
`, "", stored(t, `kind: ApprovalPolicy
name: cab
spec: {when: 'true', stages: [{name: cab, electorate: [role:cab_member], rule: {threshold: 1}}]}
---
kind: Calendar
name: always
spec: {timezone: UTC, weekly: {mon: ["00:00-24:00"]}}
---
kind: SLA
name: gold
spec: {applies_to: 'true', calendar: always, targets: {resolution: {2: 4h}}}
`))
	require.NoError(t, err)
	require.Len(t, outcomes, 2)
	for _, outcome := range outcomes {
		require.Empty(t, outcome.Difference)
	}
}
