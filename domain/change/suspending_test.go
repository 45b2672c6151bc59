package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// An approved change of a suspended model is not scheduled by a window either, and says why.
func TestAChangeOfASuspendedModelIsNotScheduled(t *testing.T) {
	t.Parallel()
	d := standard(t, nil)
	d.facts.Surroundings.Suspended = "2 of its last 4 changes failed"
	d.do(dee, "schedule", body{"window_from": berlin("2026-12-01 11:00"), "window_to": berlin("2026-12-01 12:00")})
	require.Equal(t, change.Approved, d.record.State)
	require.Equal(t, []string{"person:dee", "person:eli"}, d.told("change.blocked"))
	refused := d.refuse(domain.CodeConflict, eli, "start", nil)
	require.Contains(t, refused.Error(), "restart-shop is suspended: 2 of its last 4 changes failed; have this assessed as a normal change")
	require.NotContains(t, refused.Error(), "overrides")
	require.NotContains(t, change.Allowed(d.record, mona), "override_conflict")
	d.facts.Surroundings.Suspended = ""
	d.do(other, "conflicts_changed", nil)
	require.Equal(t, change.Scheduled, d.record.State)
}

// Who waits for the same model hears of a failure once, from the change that has become one.
func TestThoseOfTheSameModelHearOfAFailure(t *testing.T) {
	t.Parallel()
	d := standard(t, body{"window_from": berlin("2026-12-01 09:00"), "window_to": berlin("2026-12-01 12:00")})
	d.facts.SameModel = []string{otherID}
	told := func() int {
		n := 0
		for _, message := range d.messages {
			if message.Record == otherID && message.Command == "change.conflicts_changed" {
				n++
			}
		}
		return n
	}
	d.do(eli, "start", nil)
	d.do(eli, "complete_task", body{"task": "t1"})
	d.do(eli, "complete", body{"outcome": change.Successful})
	require.Zero(t, told())
	for _, number := range []string{"INC-000002", "INC-000003"} {
		d.do(other, "cause_proposed", body{"incident": number, "number": number, "service": "shop"})
		d.do(olga, "decide_cause", body{"incident": number, "caused": true})
	}
	require.Equal(t, 1, told())
}

// Of two records of failures the one with the greater share counts.
func TestTheWorseRecordCountsInTheRisk(t *testing.T) {
	t.Parallel()
	model := change.Measured{Failed: 1, Ended: 10, WhoseRecord: "model restart"}
	require.Equal(t, "team web", model.OrRecord(2, 10, "team web").WhoseRecord)
	require.Equal(t, "model restart", model.OrRecord(1, 10, "team web").WhoseRecord)
	require.Equal(t, "model restart", model.OrRecord(0, 0, "team web").WhoseRecord)
	require.Equal(t, "team web", change.Measured{}.OrRecord(0, 3, "team web").WhoseRecord)
}
