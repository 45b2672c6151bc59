package worker

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	one   = "11111111-1111-8111-8111-111111111111"
	other = "22222222-2222-8222-8222-222222222222"
)

func TestOnlyTheOldestMessageOfARecordIsGivenOut(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first, second := d.post(one, "start", domain.TargetSend), d.post(one, "resume", domain.TargetSend)
	beside := d.post(other, "start", domain.TargetSend)
	require.ElementsMatch(t, []string{first, beside}, d.claimed(10))
	require.Empty(t, d.claimed(10), "another relay is given neither them nor what waits behind them")

	require.NoError(t, schemas.SettleMessage(t.Context(), d.DB, first, schemas.MessageDelivered, nil, d.clock.Now()))
	require.Equal(t, []string{second}, d.claimed(10))

	d.clock.Advance(claimBound)
	require.ElementsMatch(t, []string{second, beside}, d.claimed(10), "a relay that died with them is followed by another")
}

func TestARelayTakesNoMoreThanItHasRoomFor(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for range 3 {
		d.post(domain.NewID(d.command("start", one, nil).ID), "start", domain.TargetSend)
	}
	require.Empty(t, d.claimed(0))
	require.Len(t, d.claimed(2), 2)
	require.Len(t, d.claimed(2), 1)
}

// While nobody decides, a message comes again for as long as it takes, and what is behind it waits.
func TestAMessageThatNobodyDecidesComesAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first := d.post(one, "start", domain.TargetSend)
	d.post(one, "resume", domain.TargetSend)
	var pauses []time.Duration
	for range 3 * mostFaults {
		require.Equal(t, []string{first}, d.claimed(10))
		settled, err := d.relay.postpone(t.Context(), d.message(first), errors.Join(app.ErrDoorClosed, context.DeadlineExceeded))
		require.NoError(t, err)
		require.False(t, settled)
		row := d.message(first)
		require.Equal(t, schemas.MessagePending, row.State)
		require.Equal(t, "no decision in time", row.Fault)
		pauses = append(pauses, row.NextAt.Sub(d.clock.Now()))
		require.Empty(t, d.claimed(10))
		d.clock.SetTo(row.NextAt)
	}
	require.Equal(t, []time.Duration{firstRetry, 2 * firstRetry, 4 * firstRetry, 8 * firstRetry}, pauses[:4])
	require.Equal(t, longestRetry, pauses[len(pauses)-1])
	require.Zero(t, d.message(first).Faults)
}

// A fault of ours is tried for a while. Then the message is given up, for an operator to look at, and what is behind it goes on.
func TestAMessageThatFaultsOfOursStopIsGivenUp(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first, second := d.post(one, "start", domain.TargetSend), d.post(one, "resume", domain.TargetSend)
	for before := range mostFaults {
		require.Equal(t, []string{first}, d.claimed(10), "after %d faults", before)
		settled, err := d.relay.postpone(t.Context(), d.message(first), domain.Errorf(domain.CodeInternal, "it broke"))
		require.NoError(t, err)
		require.Equal(t, before == mostFaults-1, settled)
		d.clock.Advance(longestRetry)
	}
	row := d.message(first)
	require.Equal(t, schemas.MessageFailed, row.State)
	require.Equal(t, "it broke", row.Fault)
	require.Equal(t, []string{second}, d.claimed(10))
	faults, err := schemas.CheckRows(t.Context(), d.DB, d.clock.Now(), 24*time.Hour, 10)
	require.NoError(t, err)
	require.Len(t, faults, 1, "doctor tells")
	require.Contains(t, faults[0].What, first)
}

// What is behind a message that was given up goes on, but not where that was to open the record: a word to stop would be refused,
// and the record, opened later, would never hear of it.
func TestWhatIsForARecordThatCouldNotBeOpenedWaits(t *testing.T) {
	t.Parallel()
	d := setup(t)
	opening, stop := d.post(one, "log", domain.TargetSend), d.post(one, "cancel", domain.TargetDrop)
	require.Equal(t, []string{opening}, d.claimed(10))
	require.NoError(t, schemas.SettleMessage(t.Context(), d.DB, opening, schemas.MessageFailed, nil, d.clock.Now()))
	require.Equal(t, []string{stop}, d.claimed(10))
	for range 2 * mostFaults {
		settled, err := d.relay.deliver(t.Context(), d.message(stop))
		require.NoError(t, err)
		require.False(t, settled)
	}
	require.Equal(t, schemas.MessagePending, d.message(stop).State)
	require.Equal(t, errNotOpened.Error(), d.message(stop).Fault)

	count, err := schemas.RequeueFailed(t.Context(), d.DB, d.clock.Now())
	require.NoError(t, err)
	require.Equal(t, 1, count)
	require.Equal(t, []string{opening}, d.claimed(10), "in their order")
	require.NoError(t, schemas.SettleMessage(t.Context(), d.DB, opening, schemas.MessageDelivered, nil, d.clock.Now()))
	require.Equal(t, []string{stop}, d.claimed(10), "and at once")
}

func TestARelayThatEndsLeavesItsMessagesAsTheyAre(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.post(one, "start", domain.TargetSend)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.relay.postpone(ended, d.message(id), app.ErrDoorClosed)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, d.message(id).Attempts)
}

// What a message asks to be dropped never reaches Temporal; here nobody could answer there.
func TestAMessageForAnEndedRecordIsDroppedWhereItAsksForThat(t *testing.T) {
	t.Parallel()
	d := setup(t)
	closed := d.closed()
	first, second := d.post(closed, "parent_closed", domain.TargetDrop), d.post(closed, "parent_canceled", domain.TargetDrop)
	d.runs(d.relay.run)
	for _, id := range []string{first, second} {
		d.eventually(func() bool { return d.message(id).State == schemas.MessageDropped })
		require.Equal(t, d.clock.Now(), d.message(id).SettledAt.UTC())
		require.JSONEq(t, `{"outcome": "dropped", "version": 2, "view": {"record": "", "state": "", "version": 0, "ended": false}}`, string(d.message(id).Outcome))
	}
}

// A message that cannot be read holds up nobody but those behind it.
func TestAMessageThatCannotBeReadStopsNobodyElse(t *testing.T) {
	t.Parallel()
	d := setup(t)
	unreadable, behind := d.post(one, "start", domain.TargetSend), d.post(one, "resume", domain.TargetSend)
	_, err := d.super.ExecContext(t.Context(), `UPDATE messages SET command = '"nothing"' WHERE id = ?`, unreadable)
	require.NoError(t, err)
	d.runs(d.relay.run)
	d.eventually(func() bool { return d.message(unreadable).Attempts > 0 })
	beside := d.post(d.closed(), "parent_closed", domain.TargetDrop)
	d.eventually(func() bool { return d.message(beside).State == schemas.MessageDropped })
	require.Equal(t, schemas.MessagePending, d.message(unreadable).State)
	require.Contains(t, d.message(unreadable).Fault, "cannot be read")
	require.Zero(t, d.message(behind).Attempts)
}

// runs runs a part of the worker for the rest of the test.
func (d *desk) runs(part func(context.Context) error) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- part(ctx) }()
	d.t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			require.NoError(d.t, err)
		}
	})
}

// rows decides commands by their rows, as whoever plays a demo does.
type rows struct{ *activities.Activities }

func (r rows) Send(ctx context.Context, command domain.Command) (domain.Result, error) {
	return r.Apply(ctx, command)
}

func (rows) Adopt(context.Context, domain.Practice, string) error { return nil }

// Whoever may not give a command, and gave it to the queue, stands in the audit as if they had waited: however it is settled, and once.
func TestAForbiddenCommandOfTheQueueIsAudited(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.decide("log", "", map[string]any{"title": "Mail is out", "impact": "low", "urgency": "low", "service": "mail", "requester": "rita"})
	d.decide("start", id, nil)
	rita := domain.Actor{Kind: domain.ActorPerson, Name: "rita", Roles: []domain.Role{domain.RoleRequester}}
	queue := func(actor domain.Actor, verb string, content map[string]any) string {
		t.Helper()
		command := d.command(verb, id, content)
		command.Actor = actor
		text, err := json.Marshal(command)
		require.NoError(t, err)
		_, err = schemas.PostCommand(t.Context(), d.app, command, text, domain.TargetSend, d.clock.Now())
		require.NoError(t, err)
		return command.ID
	}
	audited := func() (lines []string) {
		t.Helper()
		require.NoError(t, d.app.NewRaw(`SELECT concat_ws(' ', actor, action, record_id, outcome) FROM audit ORDER BY position`).Scan(t.Context(), &lines))
		return lines
	}
	forbidden := queue(rita, "cancel", map[string]any{"reason": "not needed"})
	queue(agent, "start", nil) // a conflict is no matter for the audit
	require.NoError(t, Drain(t.Context(), d.Dependencies, rows{d.Activities}))
	require.Equal(t, schemas.MessageRefused, d.message(forbidden).State)
	line := "rita incident.cancel " + id + " forbidden"
	require.Equal(t, []string{line}, audited())
	refused := domain.Result{Outcome: domain.Refused, Refusal: domain.Errorf(domain.CodeForbidden, "no")}
	require.NoError(t, d.relay.settle(t.Context(), d.message(forbidden), refused))
	require.Equal(t, []string{line}, audited(), "another relay settled it before")

	// On the way of another command.
	forbidden = queue(rita, "cancel", map[string]any{"reason": "not needed"})
	d.clock.Advance(time.Second)
	d.decide("assign", id, map[string]any{"assignee": "bo", "team": "messaging"})
	require.Equal(t, schemas.MessageRefused, d.message(forbidden).State)
	require.Equal(t, []string{line, line}, audited())
}
