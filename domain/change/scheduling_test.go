package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

func (d *desk) vote5() {
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
}

func TestAWindowThatOpensAndClosesWhileNobodyIsThereIsMissed(t *testing.T) {
	t.Parallel()
	d := authorised(t, body{"auto_start": true})
	d.late = true
	d.at("2026-12-19 03:00").catchUp()
	require.Equal(t, change.Approved, d.record.State, "it is not started outside its window")
	require.True(t, d.record.WindowMissed)
	require.Nil(t, d.record.ActualStart)
	require.Contains(t, d.types(0), "change.window_missed")
	d = authorised(t, body{"auto_start": true})
	d.late = true
	d.at("2026-12-18 23:00").catchUp()
	require.Equal(t, change.Implementing, d.record.State)
	require.Equal(t, berlin("2026-12-18 23:00"), *d.record.ActualStart, "it is begun when it is begun")
}

func TestAMissedWindowIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.at("2026-12-19 02:00").catchUp()
	require.True(t, d.record.WindowMissed)
	require.Contains(t, d.told("change.window_missed"), "person:eli")
	d.refuse(domain.CodeInvalid, dee, "schedule", body{"window_from": berlin("2026-12-18 22:00"), "window_to": berlin("2026-12-19 02:00")})
	d.at("2026-12-21 10:00").do(dee, "schedule", body{"window_from": berlin("2026-12-21 22:00"), "window_to": berlin("2026-12-22 02:00")})
	require.False(t, d.record.WindowMissed)
	d.vote(mona, "approve", nil)
	require.Equal(t, change.Scheduled, d.record.State)
}

// A change that is approved when its window has passed is never said to be scheduled.
func TestAnApprovalAfterTheWindowSchedulesNothing(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.at("2026-12-19 10:00")
	d.vote5()
	d.catchUp()
	require.NotContains(t, d.types(0), "change.scheduled")
	require.Equal(t, []any{change.Approved, true}, []any{d.record.State, d.record.WindowMissed})
}

func TestAHeldStartIsForItsWindowAlone(t *testing.T) {
	t.Parallel()
	d := standard(t, body{"window_from": berlin("2026-12-01 11:00"), "window_to": berlin("2026-12-01 12:00")})
	d.do(dee, "edit", body{"auto_start": true})
	busy(&d.facts.Surroundings)
	d.at("2026-12-01 11:00").catchUp()
	require.NotNil(t, d.record.HeldSince)
	d.at("2026-12-01 11:30").do(dee, "edit", body{"window_from": berlin("2026-12-01 14:00"), "window_to": berlin("2026-12-01 15:00")})
	require.Nil(t, d.record.HeldSince)
	d.facts.Surroundings.Changes = nil
	d.do(other, "conflicts_changed", nil)
	d.at("2026-12-01 14:00").catchUp()
	require.Equal(t, change.Implementing, d.record.State, "the next window opens as any")
}

func TestAHeldChangeThatShallNotStartByItselfDoesNot(t *testing.T) {
	t.Parallel()
	d := authorised(t, body{"auto_start": true})
	busy(&d.facts.Surroundings)
	d.at("2026-12-18 22:00").catchUp()
	d.do(dee, "edit", body{"auto_start": false})
	d.facts.Surroundings.Changes = nil
	d.do(other, "conflicts_changed", nil)
	require.Equal(t, change.Scheduled, d.record.State)
	d.do(eli, "start", nil)
}

// Nothing starts by itself on what was found earlier: conflicts are looked for in the moment of the start.
func TestNothingStartsByItselfWithoutLookingAround(t *testing.T) {
	t.Parallel()
	d := asked(t, body{"auto_start": true})
	d.vote(member("ana"), "approve_with", body{"conditions": []string{"tell the users"}})
	for _, name := range []string{"bo", "fay", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
	d.at("2026-12-18 22:00").catchUp()
	require.NotNil(t, d.record.HeldSince)
	busy(&d.facts.Surroundings)
	d.do(eli, "complete_task", body{"task": d.record.Tasks[2].ID})
	require.Equal(t, change.Scheduled, d.record.State)
	d.facts.Surroundings.Changes = nil
	d.do(other, "conflicts_changed", nil)
	require.Equal(t, change.Implementing, d.record.State)
}

func TestOthersLookAgainWhenAChangeIsOutOfTheirWay(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(d *desk){
		"withdraw": func(d *desk) { d.do(dee, "withdraw", nil) },
		"cancel":   func(d *desk) { d.do(dee, "cancel", body{"reason": "not needed"}) },
		"reject":   func(d *desk) { d.vote(member("sec"), "reject", body{"comment": "not now"}) },
		"revise": func(d *desk) {
			d.vote5()
			d.do(dee, "revise", nil)
		},
		"back out": func(d *desk) {
			d.vote5()
			d.at("2026-12-18 22:05").do(eli, "start", nil)
			d.do(eli, "back_out", body{"notes": "It broke."})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := asked(t, nil)
			d.facts.Surroundings.Changes = []change.Neighbour{{ID: otherID, Number: "CHG-000002", Item: "db1", Theirs: "db1", Owner: "person:gus"}}
			d.facts.Surroundings.Successors = []string{incidentID}
			before := len(d.messages)
			end(d)
			told := []string{}
			for _, message := range d.messages[before:] {
				require.Equal(t, "change.conflicts_changed", message.Command)
				told = append(told, message.Record)
			}
			require.Equal(t, []string{otherID, incidentID}, told)
		})
	}
}

// A change that waits for its approval hears of what comes into its way, or the last vote would schedule what is blocked.
func TestWhatIsBlockedIsNotScheduledByTheLastVote(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	busy(&d.facts.Surroundings)
	d.do(other, "conflicts_changed", nil)
	require.Contains(t, d.told("change.blocked"), "person:gus")
	d.vote5()
	require.Equal(t, change.Approved, d.record.State)
	early := d.refuse(domain.CodeConflict, eli, "start", nil)
	require.Contains(t, early.Message, d.record.Blocked()[0].Why, "it says what keeps it")
	require.Equal(t, change.Allowed(d.record, eli), early.Allowed)
	d.refuse(domain.CodeInvalid, mona, "override_conflict", body{"conflict": "item:CHG-000009:db1", "reason": "r"})
	d.do(mona, "override_conflict", body{"conflict": "item:CHG-000002:db1", "reason": "both know"})
	require.Equal(t, change.Scheduled, d.record.State)
	require.True(t, d.record.Released("db1"))
}

func TestALinkToTheIncidentFreesAChangeThatIsMadeForIt(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.facts.Target = &change.Target{ID: incidentID, Number: "INC-000002", Practice: domain.Incident}
	before := len(d.messages)
	d.do(dee, "link", body{"type": "caused_by", "to": "INC-000002"})
	require.Len(t, d.messages, before+1)
	require.Equal(t, []string{recordID, "change.conflicts_changed"}, []string{d.messages[before].Record, d.messages[before].Command})
}

func TestAnExtensionDoesNotRunIntoWhatSomebodyWantsAlone(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.at("2026-12-18 22:05").do(eli, "start", nil)
	busy(&d.facts.Surroundings)
	d.refuse(domain.CodeConflict, mona, "extend", body{"until": berlin("2026-12-19 03:00"), "reason": "almost there"})
	d.facts.Surroundings.Changes[0].Exclusive = false
	d.do(mona, "extend", body{"until": berlin("2026-12-19 03:00"), "reason": "almost there"})
	require.Equal(t, otherID, d.messages[len(d.messages)-1].Record, "the other one looks again")
}

func TestListsAreNeverNull(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.do(dee, "edit", body{"window_from": berlin("2026-12-19 00:00"), "window_to": berlin("2026-12-19 04:00")})
	require.NotNil(t, d.record.Overrides)
	d.do(dee, "withdraw", nil)
	require.NotNil(t, d.record.Overrides)
}
