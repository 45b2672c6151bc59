package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func (b board) meet(actor domain.Actor, verb, record string, content any) (domain.Result, error) {
	b.t.Helper()
	command := b.command(actor, verb, record, content)
	command.Name, command.Practice = "meeting."+verb, meeting.Practice
	return b.Apply(b.t.Context(), command)
}

// called is a meeting on Friday at three, whose agenda is fixed the day before.
func (b board) called(of body) string {
	b.t.Helper()
	result, err := b.meet(b.by("mona", domain.RoleChangeManager), "plan", "", body{
		"title": "CAB", "board": of, "at": store.Instant("2026-12-04T14:00:00Z"), "minutes": 45,
	})
	require.NoError(b.t, err)
	require.Equal(b.t, domain.Applied, result.Outcome, "%v", result.Refusal)
	return result.View.Record
}

func (b board) meeting(id string) meeting.Meeting {
	b.t.Helper()
	found, exists, err := schemas.ReadMeeting(b.t.Context(), b.worker, everything, id)
	require.NoError(b.t, err)
	require.True(b.t, exists)
	return found
}

// ring lets the meeting's timer come.
func (b board) ring(id string) {
	b.t.Helper()
	b.clock.SetTo(*b.meeting(id).WakeAt)
	result, err := b.meet(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil)
	require.NoError(b.t, err)
	require.Equal(b.t, domain.Applied, result.Outcome, "%v", result.Refusal)
}

// At its cut-off a meeting has on its agenda what awaits votes of its board at that moment, and nothing else.
func TestTheAgendaIsWhatAwaitsTheBoardAtTheCutOff(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	waits, decided, drafted := b.asked(nil), b.asked(nil), b.draft(nil)
	// A standard change was approved as its model was: its approval has no stages.
	preapproved := b.asked(nil)
	_, err := b.worker.NewRaw(`UPDATE changes SET approval = '{"policy": "", "stages": null}' WHERE id = ?`, preapproved).Exec(t.Context())
	require.NoError(t, err)
	withdrawn := b.asked(nil)
	b.do(b.by("dee", domain.RoleAgent), "withdraw", withdrawn, nil)
	for _, name := range []string{"ana", "bo", "cy", "fay", "sec"} {
		b.vote(name, decided, nil)
	}
	every, scoped, elsewhere := b.called(body{"role": "cab_member"}), b.called(body{"role": "cab_member", "scope": "service:mail"}), b.called(body{"role": "cab_member", "scope": "team:network"})
	team := b.called(body{"team": "messaging"})

	require.Equal(t, store.Instant("2026-12-03T14:00:00Z"), b.meeting(every).CutOffAt)
	b.ring(every)
	fixed := b.meeting(every)
	require.Equal(t, meeting.AgendaFixed, fixed.State)
	require.Equal(t, []meeting.Item{{Change: waits, Number: b.change(waits).Number, At: store.Instant("2026-12-03T14:00:00Z")}}, fixed.Items)
	for id, count := range map[string]int{scoped: 1, elsewhere: 0, team: 0} {
		b.ring(id)
		require.Len(t, b.meeting(id).Items, count, b.meeting(id).Board.String())
	}

	mona := b.by("mona", domain.RoleChangeManager)
	result, err := b.meet(mona, "add_item", every, body{"change": b.change(drafted).Number})
	require.NoError(t, err)
	require.Equal(t, domain.Applied, result.Outcome)
	incident := b.log()
	result, err = b.meet(mona, "add_item", every, body{"change": incident})
	require.NoError(t, err)
	require.Equal(t, domain.Refused, result.Outcome, "an incident is no item")
	b.ring(every)
	require.Equal(t, meeting.Held, b.meeting(every).State)
	b.ring(every)
	b.ring(every)
	closed := b.meeting(every)
	require.Equal(t, meeting.Closed, closed.State)
	require.Equal(t, store.Instant("2026-12-04T14:45:00Z"), *closed.EndedAt)
	require.Equal(t, store.Instant("2026-12-09T14:45:00Z"), *closed.ClosedAt, "three working days later")
	require.Nil(t, closed.WakeAt)
	require.Len(t, closed.Items, 2)

	open, err := schemas.ListMeetings(t.Context(), b.worker, everything, schemas.MeetingFilter{Open: true, Limit: 10})
	require.NoError(t, err)
	require.Len(t, open, 3)
}

func TestAMeetingNeedsItsCalendar(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	result, err := b.meet(b.by("mona", domain.RoleChangeManager), "plan", "", body{
		"title": "CAB", "board": body{"role": "cab_member"}, "at": store.Instant("2026-12-04T14:00:00Z"), "calendar": "nowhere",
	})
	require.NoError(t, err)
	require.Equal(t, domain.Refused, result.Outcome)
	require.Contains(t, result.Refusal.Message, "nowhere")
}

// A turn of a cadence calls one meeting, whoever tells of it.
func TestATurnCallsOneMeeting(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	content := body{
		"title": "CAB", "board": body{"role": "cab_member"}, "at": store.Instant("2026-12-04T14:00:00Z"), "cadence": "weekly", "turn": "2026-12-04T15:00",
	}
	by := domain.Actor{Kind: domain.ActorPolicy, Name: "Cadence/weekly"}
	first, err := b.meet(by, "plan", "", content)
	require.NoError(t, err)
	require.Equal(t, domain.Applied, first.Outcome)
	twice, err := b.meet(by, "plan", "", content)
	require.NoError(t, err)
	require.Equal(t, domain.Refused, twice.Outcome, "even under another id")
	require.Contains(t, twice.Refusal.Message, "cab_meetings_turn")
}

// A change that is put off to a meeting is on its agenda, and has time until that is over; so has whatever awaits the board at the
// cut-off. What is moved once more goes with its meeting.
func TestAMeetingLeavesTimeUntilItIsOver(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	mona := b.by("mona", domain.RoleChangeManager)
	deferred, waits := b.asked(nil), b.asked(nil)
	id := b.called(body{"role": "cab_member"})
	ends := store.Instant("2026-12-04T14:45:00Z")
	b.do(mona, "defer", deferred, body{"stage": "cab", "meeting": b.meeting(id).Number, "reason": "the supplier is not back"})
	require.Equal(t, ends, b.stage(deferred, "cab").Timing.DueAt.UTC())
	b.deliver()
	require.Len(t, b.meeting(id).Items, 1)
	require.Equal(t, b.change(deferred).Number, b.meeting(id).Items[0].Number)

	require.Equal(t, store.Instant("2026-12-03T09:00:00Z"), b.stage(waits, "cab").Timing.DueAt.UTC())
	b.clock.Set("2026-12-02T09:00:00Z")
	result, err := b.meet(mona, "fix_agenda", id, nil)
	require.NoError(t, err)
	require.Equal(t, domain.Applied, result.Outcome)
	b.deliver()
	require.Len(t, b.meeting(id).Items, 2)
	require.Equal(t, ends, b.stage(waits, "cab").Timing.DueAt.UTC(), "the cut-off gives time until the meeting is over")

	result, err = b.meet(mona, "reschedule", id, body{"at": store.Instant("2026-12-08T14:00:00Z"), "reason": "a holiday"})
	require.NoError(t, err)
	require.Equal(t, domain.Applied, result.Outcome)
	b.deliver()
	for _, change := range []string{deferred, waits} {
		require.Equal(t, store.Instant("2026-12-08T14:45:00Z"), b.stage(change, "cab").Timing.DueAt.UTC())
	}
	refused, err := b.give(mona, "defer", deferred, body{"stage": "cab", "meeting": "CAB-000099", "reason": "r"})
	require.NoError(t, err)
	require.Equal(t, domain.CodeInvalid, refused.Refusal.Code)
	b.sound()
}

// What is on an agenda no longer ends at its own deadline; where that has passed, it is decided at once as the policy says.
func TestAMeetingThatWillNotBeLeavesNoTime(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	mona := b.by("mona", domain.RoleChangeManager)
	chairs := func(verb, id string, content any) {
		t.Helper()
		result, err := b.meet(mona, verb, id, content)
		require.NoError(t, err)
		require.Equal(t, domain.Applied, result.Outcome, "%v", result.Refusal)
		b.deliver()
	}
	due := func(id string) time.Time { return b.stage(id, "cab").Timing.DueAt.UTC() }
	taken, waits := b.asked(nil), b.asked(nil)
	own, ends := store.Instant("2026-12-03T09:00:00Z"), store.Instant("2026-12-04T14:45:00Z")
	id := b.called(body{"role": "cab_member"})
	for _, one := range []string{taken, waits} {
		chairs("add_item", id, body{"change": b.change(one).Number})
		require.Equal(t, ends, due(one))
		require.Equal(t, b.meeting(id).Number, b.stage(one, "cab").Timing.Meetings[0].Meeting)
	}
	chairs("remove_item", id, body{"change": taken, "reason": "not for the board"})
	require.Equal(t, []time.Time{own, ends}, []time.Time{due(taken), due(waits)})
	require.Empty(t, b.stage(taken, "cab").Timing.Meetings)

	b.clock.Set("2026-12-04T08:00:00Z")
	b.rings(taken)
	require.Equal(t, approval.StageEscalated, b.stage(taken, "cab").State, "its own deadline has passed")
	require.Equal(t, approval.Open, b.stage(waits, "cab").State)
	chairs("cancel", id, body{"reason": "nobody can come"})
	require.Equal(t, b.clock.Now(), due(waits))
	require.Equal(t, "approval cab due", b.change(waits).NextDue)
	b.rings(waits)
	require.Equal(t, approval.StageEscalated, b.stage(waits, "cab").State)
	b.sound()
}
