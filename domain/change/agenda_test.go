package change_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// A change on an agenda is not decided by its deadline before the board has met; an emergency, which counts by the clock, is.
func TestAnAgendaLeavesTimeForItsMeeting(t *testing.T) {
	t.Parallel()
	on := body{"meeting": "CAB-000002", "board": "role:cab_member", "starts_at": berlin("2026-12-09 14:00"), "ends_at": berlin("2026-12-09 15:00")}
	d := asked(t, nil)
	before := d.waits()
	require.Contains(t, before, "approval cab due Fri 2026-12-04 10:00:00")
	d.do(other, "on_agenda", on)
	require.Contains(t, d.waits(), "approval cab due Wed 2026-12-09 15:00:00")
	require.Contains(t, d.waits(), "approval window due Wed 2026-12-02 10:00:00", "whose people do not meet")
	require.Equal(t, []string{"change.on_agenda", "change.vote_deferred"}, d.types(len(d.events)-2))
	events := len(d.events)
	d.do(other, "on_agenda", body{"meeting": "CAB-000001", "board": "role:cab_member", "starts_at": berlin("2026-12-03 14:00"), "ends_at": berlin("2026-12-03 15:00")})
	require.Equal(t, []string{"change.on_agenda"}, d.types(events), "an earlier meeting takes no time away")

	d.do(member("ana"), "request_info", body{"text": "why?"})
	d.do(other, "on_agenda", body{"meeting": "CAB-000003", "board": "role:cab_member", "starts_at": berlin("2026-12-16 14:00"), "ends_at": berlin("2026-12-16 15:00")})
	d.at("2026-12-01 11:00").do(dee, "answer_info", body{"text": "because"})
	require.Contains(t, d.waits(), "approval cab due Wed 2026-12-16 15:00:00", "nor does a question")

	d.do(other, "on_agenda", body{"meeting": "CAB-000003", "off": true})
	require.Contains(t, d.waits(), "approval cab due Wed 2026-12-09 15:00:00", "the board still meets before")
	d.do(other, "on_agenda", body{"meeting": "CAB-000002", "off": true})
	require.Contains(t, d.waits(), "approval cab due Fri 2026-12-04 11:00:00", "its own, and the hour that a question took")
	require.Equal(t, []string{"change.off_agenda", "change.vote_deferred"}, d.types(len(d.events)-2))
	events = len(d.events)
	d.do(other, "on_agenda", body{"meeting": "CAB-000002", "off": true})
	require.Equal(t, []string{"change.off_agenda"}, d.types(events))

	// What its own deadline would have been has passed when the meeting is called off.
	late := asked(t, nil)
	late.do(other, "on_agenda", on)
	late.at("2026-12-08 12:00").do(other, "on_agenda", body{"meeting": "CAB-000002", "off": true})
	require.Contains(t, late.waits(), "approval cab due Tue 2026-12-08 12:00:00")
	late.do(other, "approval_due", nil)
	require.Equal(t, approval.StageEscalated, late.stage("cab").State, "as the policy says of a deadline that has passed")

	// What the chair has put off stays where the chair has put it.
	put := asked(t, nil)
	put.do(other, "on_agenda", on)
	put.do(mona, "defer", body{"stage": "cab", "until": berlin("2026-12-11 12:00"), "reason": "supplier away"})
	put.do(other, "on_agenda", body{"meeting": "CAB-000002", "off": true})
	require.Contains(t, put.waits(), "approval cab due Fri 2026-12-11 12:00:00")

	e := setup(t, "2026-12-01 10:00")
	e.facts.Urgent = []change.Urgent{{Number: "INC-000002", OpenedAt: e.now.Add(-time.Hour)}}
	e.do(dee, "draft", content(body{"type": "emergency"}))
	e.do(dee, "submit", nil)
	e.do(other, "on_agenda", on)
	require.Contains(t, e.waits(), "approval ecab due Tue 2026-12-01 10:30:00")
}

// A meeting that is moved to where no vote waits for it holds nothing back any more, and asks no stage that opens later to wait.
func TestAMeetingMovedFarAheadHoldsNothingBack(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.do(other, "on_agenda", body{"meeting": "CAB-000002", "board": "role:cab_member", "starts_at": berlin("2026-12-09 14:00"), "ends_at": berlin("2026-12-09 15:00")})
	require.Contains(t, d.waits(), "approval cab due Wed 2026-12-09 15:00:00")
	d.do(other, "on_agenda", body{"meeting": "CAB-000002", "board": "role:cab_member", "starts_at": berlin("2027-06-09 14:00"), "ends_at": berlin("2027-06-09 15:00")})
	require.Contains(t, d.waits(), "approval cab due Fri 2026-12-04 10:00:00", "nobody meets on the ninth")
	require.Empty(t, d.record.Approval.Agendas)
}
