package change_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/change"
)

// Of a restricted record a conflict tells the number, and nothing of how it stands or how it ended.
func TestARestrictedPredecessorTellsNothingOfItself(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 12, 5, 22, 0, 0, 0, time.UTC)
	to := from.Add(time.Hour)
	c := change.Change{Details: change.Details{WindowFrom: &from, WindowTo: &to}}
	words := map[string]bool{}
	for _, p := range []change.Predecessor{{Outcome: "failed", State: change.Closed}, {State: change.Canceled}, {State: change.Implementing}} {
		p.Number, p.Restricted = "CHG-000007", true
		for _, found := range change.FindConflicts(c, change.Surroundings{Predecessors: []change.Predecessor{p}}, from) {
			words[found.Why] = true
		}
	}
	require.Equal(t, map[string]bool{"CHG-000007 must end well before": true}, words)
}
