package integration

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/timed"
)

// TestChangesKeepTheirTimes plays what time does to changes on a real engine, one story after the other, at the instants of a clock that
// the test sets (calendar desk: Berlin, Monday to Friday 09:00 to 17:00).
func TestChangesKeepTheirTimes(t *testing.T) {
	t.Parallel()
	s := timed.Up(t, berlin("2026-12-01 10:00").Format(time.RFC3339))
	day := []string{"09:00-17:00"}
	s.Admin(t).Do(http.MethodPut, "/policies/Calendar/default", object{"reason": "test", "spec": object{
		"timezone": "Europe/Berlin", "weekly": object{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day},
	}}, nil).Is(200)
	s.Admin(t).Do(http.MethodPut, "/policies/ServicePolicy/vpn", object{"reason": "test", "spec": object{"title": "VPN", "support": object{}}}, nil).Is(200)
	for _, story := range []struct {
		name string
		play func(*testing.T, *timed.Stack)
	}{
		{"a vote that is late is no vote", deadlinesDefault},
		{"a freeze is declared for what is approved", frozenWhileApproved},
		{"nobody judges what went wrong", nobodyJudges},
		{"nobody works while a window opens", restsOverTheOpening},
	} {
		require.True(t, t.Run(story.name, func(t *testing.T) { story.play(t, s) }))
	}
	s.Doctor(t)
}

// deadlinesDefault: what is not decided in three working days becomes what the policy says, after two reminders.
func deadlinesDefault(t *testing.T, s *timed.Stack) {
	boards, records := map[string]*board{}, map[string]object{}
	for _, otherwise := range []string{"reject", "escalate"} {
		name := "late" + otherwise
		b := newBoard(t, s.Stack, name, object{
			"name": "board", "electorate": (&board{name: name}).asked("ana", "bo"), "rule": object{"threshold": "2"}, "default": otherwise,
		})
		record := b.submitted(object{"window_from": berlin("2027-01-16 22:00"), "window_to": berlin("2027-01-16 23:00")})
		b.vote("ana", record, "approve", nil)
		boards[otherwise], records[otherwise] = b, record
	}
	s.At(berlin("2026-12-04 09:59:59"))
	for otherwise, b := range boards {
		require.Equal(t, "open", b.stage(records[otherwise], "board").State, "a second before the end of the third working day")
	}
	s.At(berlin("2026-12-04 10:00"))
	for otherwise, c := range map[string]struct{ state, stage string }{"reject": {"rejected", "rejected"}, "escalate": {"awaiting_approval", "escalated"}} {
		b, record := boards[otherwise], records[otherwise]
		require.Equal(t, []string{c.state, c.stage}, []string{b.read(record)["state"].(string), b.stage(record, "board").State})
		require.Equal(t, []string{"2026-12-02T13:00:00Z", "2026-12-03T14:36:00Z"}, b.due(record, "change.approval_reminded"), "half of 24 hours, and nine tenths")
	}
	late := records["reject"]["number"].(string)
	boards["reject"].as("bo").Insist("/changes/"+late+"/cast-vote", boards["reject"].ballot(records["reject"], "approve", nil)).Is(409)
	require.Equal(t, "scheduled", boards["escalate"].vote("bo", records["escalate"], "approve", nil)["state"], "votes are still taken")
}

// due are the instants at which events of a type of a change were due.
func (b *board) due(record object, kind string) (due []string) {
	for _, event := range items(b.Admin(b.t).Get("/changes/" + record["number"].(string) + "/timeline?limit=200").Is(200)) {
		if event["type"] == kind {
			due = append(due, event["due_at"].(string))
		}
	}
	return due
}

// approved is a change that a board of one has approved, which starts by itself.
func approved(t *testing.T, s *timed.Stack, name, from, to string) (*board, object) {
	t.Helper()
	b := newBoard(t, s.Stack, name, object{"name": "board", "electorate": (&board{name: name}).asked("ana"), "rule": object{"threshold": "1"}})
	record := b.submitted(object{"auto_start": true, "window_from": berlin(from), "window_to": berlin(to)})
	require.Equal(t, "scheduled", b.vote("ana", record, "approve", nil)["state"])
	return b, record
}

// frozenWhileApproved: a freeze that is declared after the approval blocks the start, tells the owners at once, and lets it begin once
// it is taken back, while the window lasts.
func frozenWhileApproved(t *testing.T, s *timed.Stack) {
	b, record := approved(t, s, "frozen", "2026-12-12 22:00", "2026-12-13 02:00")
	s.At(berlin("2026-12-08 10:00"))
	freeze := object{"title": "Stocktaking", "from": berlin("2026-12-12 20:00"), "to": berlin("2026-12-14 08:00")}
	declare := func(reason string) {
		b.Admin(t).Do(http.MethodPut, "/policies/FreezeWindow/stocktaking", object{"reason": reason, "spec": freeze}, nil).Is(200)
		s.Settle()
	}
	declare("no changes while things are counted")
	blocked := b.read(record)
	conflict := blocked["conflicts"].([]any)[0].(object)
	require.Equal(t, []any{"freeze", "blocking"}, []any{conflict["kind"], conflict["level"]})
	require.Contains(t, b.told(record), "change.conflicts_found")
	s.At(berlin("2026-12-12 22:00"))
	held := b.read(record)
	require.Equal(t, []any{"scheduled", "2026-12-12T21:00:00Z"}, []any{held["state"], held["held_since"]})
	s.At(berlin("2026-12-12 23:30"))
	freeze["to"] = berlin("2026-12-12 21:00")
	declare("everything is counted")
	begun := b.read(record)
	require.Equal(t, []any{"implementing", "2026-12-12T22:30:00Z"}, []any{begun["state"], begun["actual_start"]})
	b.changed("eli", record, "back-out", object{"notes": "enough"})
}

// nobodyJudges: a change that was backed out is to be reviewed, and an incident on what it touched to be judged, within three working
// days of the next opening; then both are told of, once.
func nobodyJudges(t *testing.T, s *timed.Stack) {
	b, record := approved(t, s, "unjudged", "2026-12-14 18:00", "2026-12-14 20:00")
	s.At(berlin("2026-12-14 18:00"))
	require.Equal(t, []string{"2026-12-14T17:00:00Z"}, b.due(record, "change.started"))
	s.At(berlin("2026-12-14 19:00"))
	b.changed("eli", record, "back-out", object{"notes": "it did not work"})
	log(b.as("dee"), "Nobody gets in", object{"service": "vpn", "configuration_items": []string{"item-unjudged"}})
	s.Settle()
	require.Len(t, b.read(record)["causes"], 1)
	s.At(berlin("2026-12-18 08:59:59"))
	require.NotContains(t, b.told(record), "change.review_escalated")
	s.At(berlin("2026-12-18 09:00"))
	for _, kind := range []string{"change.review_escalated", "change.cause_escalated"} {
		require.Equal(t, []string{"2026-12-18T08:00:00Z"}, b.due(record, kind), kind)
	}
	require.Equal(t, "review", b.read(record)["state"])
}

// restsOverTheOpening: no worker lives as two windows open and one of them ends. Once one does, the one change starts, with the instant
// at which it was due, and the other has missed its window.
func restsOverTheOpening(t *testing.T, s *timed.Stack) {
	b, starts := approved(t, s, "rests", "2026-12-19 22:00", "2026-12-20 02:00")
	c, misses := approved(t, s, "misses", "2026-12-19 22:00", "2026-12-19 22:10")
	s.At(berlin("2026-12-19 21:59:50"))
	s.Rest()
	s.Pass(berlin("2026-12-19 22:12"))
	require.Equal(t, "scheduled", b.read(starts)["state"])
	s.Work()
	s.Settle()
	require.Equal(t, "implementing", b.read(starts)["state"])
	require.Equal(t, []string{"2026-12-19T21:00:00Z"}, b.due(starts, "change.started"))
	for _, event := range items(b.Admin(t).Get("/changes/" + starts["number"].(string) + "/timeline?limit=200").Is(200)) {
		if event["type"] == "change.started" {
			require.Equal(t, 720_000.0, event["lateness_ms"])
		}
	}
	missed := c.read(misses)
	require.Equal(t, []any{"approved", true}, []any{missed["state"], missed["window_missed"]})
	require.NotContains(t, c.told(misses), "change.started")
}
