package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// looks are the records told to look for conflicts since a number of messages.
func (d *desk) looks(since int) []string {
	list := []string{}
	for _, message := range d.messages[since:] {
		if message.Command == "change.conflicts_changed" {
			list = append(list, message.Record)
		}
	}
	return list
}

func TestASubmittedChangeTellsThoseNearBy(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(body{"exclusive": true}))
	d.facts.Surroundings.Changes = []change.Neighbour{
		{ID: otherID, Number: "CHG-000009", Item: "db1", Theirs: "db1", Owner: "person:zed"},
		{ID: incidentID, Number: "CHG-000010", Item: "db1", Theirs: "db9", Depth: 2, Owner: "person:zed"},
	}
	d.do(dee, "submit", nil)
	require.Equal(t, []string{otherID}, d.looks(0))
	require.Equal(t, []any{change.Warning, "exclusive"}, []any{d.record.Conflicts[0].Level, d.record.Conflicts[0].Kind})
}

// Whoever is not authorised yet is told of, and keeps nobody from starting.
func TestAChangeThatIsOnlyAskedForBlocksNone(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	near := change.Neighbour{ID: otherID, Number: "CHG-000009", Item: "db1", Theirs: "db1", Exclusive: true, Owner: "person:zed"}
	d.facts.Surroundings.Changes = []change.Neighbour{near}
	since := len(d.messages)
	d.do(other, "conflicts_changed", nil)
	require.Empty(t, d.record.Blocked())
	require.Contains(t, d.record.Conflicts[0].Why, "it is not scheduled yet")
	require.Equal(t, []string{otherID}, d.looks(since), "the other one does not know that the item is taken")
	d.do(other, "conflicts_changed", nil)
	require.Len(t, d.looks(since), 1, "it has been told")
	d.at("2026-12-18 22:00").do(eli, "start", nil)
}

// A change that becomes scheduled, or is so no longer, tells those that touch an item which either wants alone.
func TestAReservationIsToldToWhomItConcerns(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.facts.Surroundings.Changes = []change.Neighbour{
		{ID: otherID, Number: "CHG-000009", Item: "db1", Theirs: "db1", Exclusive: true, Owner: "person:zed"},
		{ID: incidentID, Number: "CHG-000010", Item: "db1", Theirs: "db1", Owner: "person:zed"},
	}
	since := len(d.messages)
	d.vote5()
	require.Equal(t, change.Scheduled, d.record.State)
	require.Equal(t, []string{otherID}, d.looks(since))
	since = len(d.messages)
	d.do(dee, "edit", body{"plan": "quite another plan"})
	require.Equal(t, change.AwaitingApproval, d.record.State)
	require.Equal(t, []string{otherID}, d.looks(since))
}

func TestWhereAWindowWasIsToldToo(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.facts.Surroundings.Left = []change.Neighbour{{ID: otherID, Number: "CHG-000009", Item: "db1", Theirs: "db1", Owner: "person:zed"}}
	since := len(d.messages)
	d.do(dee, "edit", body{"title": "Another title"})
	require.Empty(t, d.looks(since))
	d.do(dee, "edit", body{"window_from": berlin("2026-12-19 22:00"), "window_to": berlin("2026-12-20 02:00")})
	require.Equal(t, []string{otherID}, d.looks(since))
}

// What comes after hears of a moved window, a missed one, an extension and an end that is recorded afterwards.
func TestWhatComesAfterHearsOfItsPredecessor(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		begin func(t *testing.T) *desk
		then  func(d *desk)
	}{
		"another window": {
			begin: func(t *testing.T) *desk { return authorised(t, nil) },
			then: func(d *desk) {
				d.do(dee, "edit", body{"window_from": berlin("2026-12-19 22:00"), "window_to": berlin("2026-12-20 02:00")})
			},
		},
		"an extension": {
			begin: func(t *testing.T) *desk { return begun(t) },
			then: func(d *desk) {
				d.do(mona, "extend", body{"until": berlin("2026-12-19 03:00"), "reason": "almost there"})
			},
		},
		"a missed window": {
			begin: func(t *testing.T) *desk { return authorised(t, nil).at("2026-12-19 02:00") },
			then: func(d *desk) {
				d.do(domain.Actor{Kind: domain.ActorTimer, Name: "window_missed"}, "window_missed", nil)
			},
		},
		"done, and recorded afterwards": {
			begin: func(t *testing.T) *desk {
				d := setup(t, "2026-12-01 10:00")
				d.do(dee, "draft", content(body{"type": "emergency", "security_reason": "CVE-2026-1"}))
				return d
			},
			then: func(d *desk) {
				d.do(dee, "record_retrospective", body{
					"actual_start": berlin("2026-12-01 08:00"), "actual_end": berlin("2026-12-01 09:00"), "outcome": "successful", "notes": "done",
				})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := one.begin(t)
			d.facts.Surroundings.Successors = []string{otherID}
			since := len(d.messages)
			one.then(d)
			require.Equal(t, []string{otherID}, d.looks(since))
		})
	}
}

func TestAnotherRiskLooksAgainWhereFreezesGoByIt(t *testing.T) {
	t.Parallel()
	for byRisk, want := range map[bool][]string{false: {}, true: {recordID}} {
		d := setup(t, "2026-12-01 10:00")
		d.facts.Surroundings.ByRisk = byRisk
		d.do(dee, "draft", content(nil))
		d.do(dee, "submit", nil)
		since := len(d.messages)
		d.do(fred, "assess", body{"answers": body{"tested_back_out": "no"}})
		require.Equal(t, want, d.looks(since))
	}
}
