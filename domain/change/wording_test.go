package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

func TestAnAnswerNeedsAQuestion(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	require.Contains(t, d.refuse(domain.CodeConflict, dee, "answer_info", body{"text": "because"}).Error(), "no question waits for an answer")
}

func TestAConflictSaysWhyItIsOne(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	why := func(around change.Surroundings) string {
		list := change.FindConflicts(d.record, around, d.now)
		require.Len(t, list, 1)
		return list[0].Why
	}
	alone := change.Surroundings{Changes: []change.Neighbour{{Number: "CHG-000006", Item: "db1", Theirs: "db1", Alone: true, Scheduled: true}}}
	require.Equal(t, "CHG-000006 touches db1 too; only one change at a time may touch db1", why(alone))
	for service, words := range map[string]string{
		"shop": "INC-000041 of priority 1 is open on shop",
		"erp":  "INC-000041 of priority 1 is open on erp, which depends on db1",
	} {
		require.Equal(t, words, why(change.Surroundings{Incidents: []change.OpenIncident{{Number: "INC-000041", Service: service, Priority: 1}}}))
	}
	d.record.ConfigurationItems = []string{"db1", "db2"}
	require.Equal(t, "INC-000041 of priority 1 is open on erp, which depends on what is touched",
		why(change.Surroundings{Incidents: []change.OpenIncident{{Number: "INC-000041", Service: "erp", Priority: 1}}}))
}
