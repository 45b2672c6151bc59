package incident_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

var (
	importer = domain.Actor{Kind: domain.ActorMachine, Name: "import"}
	imported = berlin("2026-11-30 10:00") // when the tests import
)

// pastFacts are what recounting needs.
var pastFacts = incident.Facts{
	Calendar: office(), Timing: incident.DefaultTiming(), Policies: map[string]int{"Calendar/default": 1},
	Matrix: policy.PriorityMatrix{Levels: []string{incident.Low}, Priorities: map[string]map[string]int{incident.Low: {incident.Low: 5}}},
}

// snapshot is a snapshot an hour after the one before.
func snapshot(i int, state domain.State, team, assignee string) incident.Snapshot {
	s := incident.Snapshot{
		At: berlin("2026-11-02 09:00").Add(time.Duration(i) * time.Hour), By: "ana", State: state, Title: "Old", Impact: incident.Low, Urgency: incident.Low,
		Requester: "rita", Team: team, Assignee: assignee, Source: map[string]string{"count": strconv.Itoa(i)},
	}
	switch state {
	case incident.OnHold:
		s.Hold = incident.Hold{Reason: incident.AwaitingRequester, Base: incident.AwaitingRequester}
	case incident.Resolved, incident.Closed:
		s.Resolution = incident.Resolution{Code: "fixed", Notes: "Done"}
	}
	return s
}

func recount(t require.TestingT, past incident.Past) (incident.Incident, []domain.Event) {
	past.ID, past.Number, past.Origin = domain.NewID("x"), "X1", "old"
	past.OpenedAt = past.Snapshots[0].At
	record, events, err := incident.Recount(past, pastFacts, importer, imported)
	require.NoError(t, err)
	return record, events
}

// TestRecount counts a whole life by our own rules.
func TestRecount(t *testing.T) {
	t.Parallel()
	record, events := recount(t, incident.Past{Snapshots: []incident.Snapshot{
		snapshot(0, incident.New, "mail", ""),
		snapshot(1, incident.InProgress, "net", "bo"),
		snapshot(2, incident.OnHold, "net", "bo"),
		snapshot(3, incident.InProgress, "mail", "cy"),
		snapshot(4, incident.Resolved, "mail", "cy"),
		snapshot(5, incident.InProgress, "mail", "cy"),
		snapshot(6, incident.InProgress, "mail", "cy"),
		snapshot(7, incident.Closed, "mail", "cy"),
	}})
	var types []string
	for _, event := range events {
		types = append(types, event.Type)
	}
	require.Equal(t, []string{
		"incident.logged", "incident.started", "incident.held", "incident.resumed", "incident.resolved", "incident.reopened",
		"incident.edited", "incident.closed", "incident.imported",
	}, types)
	require.Equal(t, incident.Closed, record.State)
	require.False(t, record.Open || record.Active)
	require.Equal(t, 2, record.ReassignmentCount)
	require.True(t, record.PingPong)
	require.Equal(t, 1, record.ReopenCount)
	require.Equal(t, 5, record.Priority)
	require.Equal(t, snapshot(1, "", "", "").At, *record.StartedAt)
	require.Equal(t, snapshot(7, "", "", "").At, *record.ResolvedAt, "closed without a resolved row")
	require.Equal(t, snapshot(7, "", "", "").At, record.UpdatedAt, "the work moved then, not at the import")
	require.Equal(t, imported, record.LastEventAt)
	require.JSONEq(t, `{"count":"7"}`, string(record.Source))
	require.Equal(t, importer, events[8].Actor)
	require.Equal(t, map[string]any{"origin": "old", "number": "X1", "rows": 8}, events[8].Data)
}

// TestRecountFirstContact and the times that the source states.
func TestRecountFirstContact(t *testing.T) {
	t.Parallel()
	at := func(hours int) *time.Time { moment := snapshot(hours, "", "", "").At; return &moment }
	past := incident.Past{Snapshots: []incident.Snapshot{snapshot(0, incident.Resolved, "mail", ""), snapshot(5, incident.Closed, "mail", "")}}
	past.ResolvedAt, past.ClosedAt = at(2), at(4)
	record, _ := recount(t, past)
	require.True(t, record.FirstContact)
	require.Equal(t, []time.Time{*at(2), *at(4)}, []time.Time{*record.ResolvedAt, *record.ClosedAt})
	past.ResolvedAt, past.ClosedAt = at(9), at(-1) // neither lies within the life
	record, _ = recount(t, past)
	require.Equal(t, []time.Time{*at(0), *at(5)}, []time.Time{*record.ResolvedAt, *record.ClosedAt})
}

// TestDeadlinesBeginWithTheImport: nobody is reminded at once of a question from months ago.
func TestDeadlinesBeginWithTheImport(t *testing.T) {
	t.Parallel()
	for state, first := range map[domain.State]string{incident.OnHold: "2026-12-01 10:00", incident.Resolved: "2026-12-03 10:00"} {
		record, _ := recount(t, incident.Past{Snapshots: []incident.Snapshot{snapshot(0, incident.New, "mail", ""), snapshot(1, state, "mail", "")}})
		deadlines, err := incident.Deadlines(record, pastFacts)
		require.NoError(t, err)
		require.Equal(t, berlin(first), deadlines[0].DueAt, state)
		require.Equal(t, snapshot(1, "", "", "").At, record.StateSince)
	}
}

// TestRowsOfTheFutureAreRefused: a life cannot have gone on after it was imported.
func TestRowsOfTheFutureAreRefused(t *testing.T) {
	t.Parallel()
	late := snapshot(0, incident.New, "mail", "")
	late.At = imported.Add(time.Minute)
	_, _, err := incident.Recount(incident.Past{Snapshots: []incident.Snapshot{late}}, pastFacts, importer, imported)
	require.Equal(t, domain.CodeInvalid, domain.CodeOf(err))
}

// TestRecountAnyLife holds what is true of every past: one event per row and one for the import, never going back in time,
// and a record whose flags follow from its state.
func TestRecountAnyLife(t *testing.T) {
	t.Parallel()
	states := []domain.State{incident.New, incident.Triaged, incident.InProgress, incident.OnHold, incident.Resolved, incident.Closed, incident.Canceled}
	rapid.Check(t, func(rt *rapid.T) {
		var past incident.Past
		for i := range rapid.IntRange(1, 12).Draw(rt, "rows") {
			past.Snapshots = append(past.Snapshots, snapshot(i, rapid.SampledFrom(states).Draw(rt, "state"),
				rapid.SampledFrom([]string{"", "mail", "net"}).Draw(rt, "team"), rapid.SampledFrom([]string{"", "bo", "cy"}).Draw(rt, "assignee")))
		}
		record, events := recount(rt, past)
		require.Len(rt, events, len(past.Snapshots)+1)
		for i := 1; i < len(events); i++ {
			require.False(rt, events[i].At.Before(events[i-1].At))
		}
		_, err := json.Marshal(events)
		require.NoError(rt, err)
		last := past.Snapshots[len(past.Snapshots)-1].State
		info, _ := incident.Lifecycle.State(last)
		require.Equal(rt, last, record.State)
		require.Equal(rt, []bool{info.Open, info.Active}, []bool{record.Open, record.Active})
		require.Equal(rt, last == incident.OnHold, record.Hold.Reason != "")
		require.Equal(rt, last == incident.Closed || last == incident.Canceled, record.ClosedAt != nil)
		require.Equal(rt, last == incident.Resolved || last == incident.Closed, record.Resolution.Code != "")
		if last == incident.InProgress || last == incident.OnHold {
			require.True(rt, last == incident.OnHold || record.StartedAt != nil)
		}
	})
}
