package activities_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func (d *desk) message(id string) schemas.MessageRow {
	d.t.Helper()
	row, found, err := schemas.ReadMessage(d.t.Context(), d.worker, id)
	require.NoError(d.t, err)
	require.True(d.t, found)
	return row
}

func TestACommandDoesNotOvertakeWhatWaits(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	waiting := d.post("start", id, nil)
	d.clock.Advance(time.Second)
	d.apply(agent, "hold", id, body{"reason": "awaiting_change"})
	require.Equal(t, []string{"incident.logged", "incident.started", "incident.held"}, d.types(id))
	require.Equal(t, schemas.MessageDelivered, d.message(waiting.ID).State)
	require.NotNil(t, d.incident(id).StartedAt)
	require.Zero(t, d.deliver(), "it is not decided a second time")
	d.sound()
}

// Two relays have read the same message; one of them saw it refused. Later its command would be allowed.
func TestASettledMessageIsNotDecidedAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	stale := d.post("resume", id, nil)
	d.clock.Advance(time.Second)
	d.apply(agent, "hold", id, body{"reason": "awaiting_change"}) // takes the message first, which is refused
	require.Equal(t, schemas.MessageRefused, d.message(stale.ID).State)
	stale.Relayed = true
	result, err := d.Apply(t.Context(), stale)
	require.NoError(t, err)
	require.Equal(t, domain.Refused, result.Outcome, "as its row says")
	require.Equal(t, int64(2), result.View.Version)
	require.Equal(t, incident.OnHold, d.incident(id).State)
	// Asked for again, it is queued again and decided by what holds now.
	text, err := json.Marshal(stale)
	require.NoError(t, err)
	posted, err := schemas.PostCommand(t.Context(), d.db.App(t), stale, text, domain.TargetSend, d.clock.Now())
	require.NoError(t, err)
	require.Equal(t, schemas.PostedNow, posted)
	require.Equal(t, 1, d.deliver())
	require.Equal(t, incident.New, d.incident(id).State)
	d.sound()
}

func TestAQueuedKeyTakesNoOtherBody(t *testing.T) {
	t.Parallel()
	d := setup(t)
	command := d.post("assign", d.log(), body{"assignee": "bo"})
	post := func() schemas.Posted {
		text, err := json.Marshal(command)
		require.NoError(t, err)
		posted, err := schemas.PostCommand(t.Context(), d.db.App(t), command, text, domain.TargetSend, d.clock.Now())
		require.NoError(t, err)
		return posted
	}
	require.Equal(t, schemas.PostedNow, post(), "it waits already")
	d.deliver()
	require.Equal(t, schemas.PostedDelivered, post())
	command.Digest = domain.Digest([]byte("another"))
	require.Equal(t, schemas.PostedOther, post())
}

// A message that no Apply can write must stop neither the record's deadlines nor its commands.
func TestAMessageThatCannotBeAppliedStopsNobody(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	poison := d.post("duplicate_joined", id, body{"incident": "x", "number": "INC-000009"})
	_, err := d.db.Owner(t).NewRaw(`UPDATE messages SET command = replace(command::text, '"kind":"machine"', '"kind":"ghost"')::json WHERE id = ?`, poison.ID).Exec(t.Context())
	require.NoError(t, err)
	unreadable := d.post("reply", id, body{"note": 1})
	_, err = d.db.Owner(t).NewRaw(`UPDATE messages SET command = json_build_object('id', id, 'record', record_id, 'received_at', 'never') WHERE id = ?`, unreadable.ID).Exec(t.Context())
	require.NoError(t, err)
	d.clock.Advance(5 * 24 * time.Hour)
	d.tick(id)
	d.apply(agent, "start", id, nil)
	require.Equal(t, incident.InProgress, d.incident(id).State)
	require.Equal(t, schemas.MessagePending, d.message(unreadable.ID).State, "the relay gives it up")
}

func TestAStaleVersionIsRefusedAlsoWhenADeadlineMovedIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	seen := d.apply(agent, "hold", id, body{"reason": "scheduled", "until": d.clock.Now().Add(time.Hour)}).View.Version
	d.clock.Advance(2 * time.Hour)
	command := d.command(agent, "edit", id, body{"title": "Something else"})
	command.IfVersion = seen
	result, err := d.Apply(t.Context(), command)
	require.NoError(t, err)
	require.Equal(t, domain.CodePreconditionFailed, result.Refusal.Code)
	require.Equal(t, seen+1, result.View.Version, "the hold has ended all the same")
	require.Equal(t, incident.New, d.incident(id).State)
	d.sound()
}

// The rules that compute deadlines change with a release, or a time zone with its data; the row still names the old instant.
func TestATickThatFindsAnotherDeadlineWritesIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	due := *d.incident(id).WakeAt
	for _, statement := range []string{
		`UPDATE records SET wake_at = ? WHERE id = ?`, `UPDATE deadlines SET due_at = ? WHERE record_id = ?`,
	} {
		_, err := d.db.Owner(t).NewRaw(statement, d.clock.Now(), id).Exec(t.Context())
		require.NoError(t, err)
	}
	d.clock.Advance(time.Second)
	view := d.tick(id).View
	require.True(t, due.Equal(*view.WakeAt), "%s", view.WakeAt)
	require.Positive(t, view.WakeAfter)
	require.Equal(t, []string{"incident.logged"}, d.types(id))
	d.sound()
}

func TestARuleThatCannotBeEvaluatedIsPassedOver(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.db.Apply(t, "AssignmentRules/default", policy.AssignmentRules{Practice: "incident", Rules: []policy.AssignmentRule{
		{Name: "first-tag", When: `record.tags[0] == "vip"`, Set: policy.AssignmentSet{Team: "network"}},
		{Name: "mail", When: `record.service == "mail"`, Set: policy.AssignmentSet{Team: "messaging"}},
	}})
	id := d.apply(agent, "log", "", body{"title": "No tags", "impact": "low", "urgency": "low", "service": "mail"}).View.Record
	require.Equal(t, "messaging", d.incident(id).Team)
	require.Contains(t, string(d.events(id)[0].Data), "first-tag", "the timeline says so")
}

// An older release stamped fewer documents on its records.
func TestARecordWithoutAStampLivesOn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	_, err := d.db.Owner(t).NewRaw(`UPDATE records SET policies = '{"PriorityMatrix/default": 1}' WHERE id = ?`, id).Exec(t.Context())
	require.NoError(t, err)
	d.apply(agent, "hold", id, body{"reason": "awaiting_requester"})
	require.Equal(t, store.Instant("2026-12-01T09:00:00Z"), *d.incident(id).WakeAt, "by the calendar of its service")
}

func TestCustomFieldsAreTextThatCanBeStored(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log(body{"custom_fields": json.RawMessage(`{"a": "\ud800", "n": 12345678901234567890}`)})
	require.JSONEq(t, `{"a": "�", "n": 12345678901234567890}`, string(d.incident(id).CustomFields))
	d.apply(agent, "edit", id, body{"custom_fields": json.RawMessage(`{"a": "\udc00"}`)})
	require.JSONEq(t, `{"a": "�"}`, string(d.incident(id).CustomFields))
}

func TestNumbersThatAnImportBroughtAreSteppedOver(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, err := d.db.Owner(t).NewRaw(`UPDATE records SET number = 'INC-000003' WHERE id = ?`, d.log()).Exec(t.Context())
	require.NoError(t, err)
	require.Equal(t, "INC-000002", d.incident(d.log()).Number)
	require.Equal(t, "INC-000004", d.incident(d.log()).Number)
}
