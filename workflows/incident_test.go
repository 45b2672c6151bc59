package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestAnIncidentLivesFromLogToClose(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	l.settled()
	for _, step := range []struct {
		verb    string
		content any
		state   domain.State
	}{
		{"triage", body{"category": "outage"}, incident.Triaged},
		{"assign", body{"assignee": "bo"}, incident.Triaged},
		{"start", nil, incident.InProgress},
		{"hold", body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1"}, incident.OnHold},
		{"resume", nil, incident.InProgress},
		{"resolve", body{"code": "fixed", "notes": "Restarted the relay."}, incident.Resolved},
	} {
		l.sleep(time.Minute)
		require.Equal(t, step.state, l.must(agent, step.verb, step.content).View.State)
		l.settled()
	}
	require.Equal(t, incident.Closed, l.must(requester, "confirm", body{"score": 5}).View.State)
	require.NoError(t, l.finish())
	require.Equal(t, l.row(), l.memory())
	require.Equal(t, []string{"logged", "triaged", "assigned", "started", "held", "resumed", "resolved", "confirmed"}, d.types(t, l.record))
}

// Every deadline comes by itself, at its instant, and is handled once.
func TestEveryDeadlineIsKept(t *testing.T) {
	t.Parallel()
	d := setup(t)
	type event struct{ kind, due string }
	for name, story := range map[string]struct {
		log    body
		begun  bool
		hold   body
		events []event // that a timer gave
		ends   bool
	}{
		"triage":            {events: []event{{"triage_escalated", "2100-03-01T13:00:00Z"}}},
		"triage, urgent":    {log: body{"impact": "high", "urgency": "high"}, events: []event{{"triage_escalated", "2100-03-01T09:15:00Z"}}},
		"triage over night": {log: body{"impact": "low", "urgency": "low"}, events: []event{{"triage_escalated", "2100-03-02T09:00:00Z"}}},
		"hold until": {
			begun: true, hold: body{"reason": "scheduled", "until": "2100-03-13T03:04:05.678Z"},
			events: []event{{"resumed", "2100-03-13T03:04:05.678Z"}},
		},
		"a promise, the end of the hold, and triage": {
			hold: body{
				"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1", "promised_at": "2100-03-01T10:00:00Z",
				"until": "2100-03-01T12:00:00Z",
			},
			events: []event{
				{"promise_missed", "2100-03-01T10:00:00Z"}, {"resumed", "2100-03-01T12:00:00Z"}, {"triage_escalated", "2100-03-01T13:00:00Z"},
			},
		},
		"a requester who never answers": {
			hold: body{"reason": "awaiting_requester"}, ends: true,
			events: []event{
				{"reminded", "2100-03-02T09:00:00Z"},
				{"reminded", "2100-03-03T09:00:00Z"},
				{"resolved", "2100-03-04T09:00:00Z"},
				{"closed", "2100-03-09T09:00:00Z"},
			},
		},
		"nobody objects": {log: resolved, ends: true, events: []event{{"closed", "2100-03-04T09:00:00Z"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := d.open(t, d.log(story.log))
			defer l.stop()
			if story.begun {
				l.must(agent, "start", nil)
			}
			if story.hold != nil {
				l.must(agent, "hold", story.hold)
			}
			if story.ends {
				require.NoError(t, l.finish())
			} else {
				l.sleep(60 * 24 * time.Hour)
				l.settled()
			}
			kept := []event{}
			for _, happened := range d.events(t, l.record) {
				if happened.DueAt != nil {
					require.Zero(t, *happened.LatenessMS, happened.Type)
					kept = append(kept, event{happened.Type[len("incident."):], happened.DueAt.UTC().Format(time.RFC3339Nano)})
				}
			}
			require.Equal(t, story.events, kept)
			require.Len(t, l.called(domain.Tick), len(kept), "each by a timer of its own")
		})
	}
}

// The requester's word reaches the record as a message does: as a command of a machine.
func TestAReplyInTimeCallsTheDeadlineOff(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for name, story := range map[string]struct {
		log   body
		hold  body
		after time.Duration
		types []string
	}{
		"it resumes": {
			hold: body{"reason": "awaiting_requester"}, after: 30 * time.Hour,
			types: []string{"logged", "started", "held", "reminded", "resumed"},
		},
		"it reopens": {log: resolved, after: 71 * time.Hour, types: []string{"logged", "resolved", "reopened"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := d.open(t, d.log(story.log))
			defer l.stop()
			if story.hold != nil {
				l.must(agent, "start", nil)
				l.must(agent, "hold", story.hold)
			}
			l.sleep(story.after)
			require.Equal(t, incident.InProgress, l.must(machine, "reply", body{"note": 2}).View.State)
			l.sleep(60 * 24 * time.Hour) // the timers of the deadlines called off come and find nothing due
			l.settled()
			require.Equal(t, story.types, d.types(t, l.record))
		})
	}
}

func TestADuplicateWaitsForItsParentAlone(t *testing.T) {
	t.Parallel()
	d := setup(t)
	parent := d.open(t, d.log())
	defer parent.stop()
	l := d.open(t, d.log())
	defer l.stop()
	require.Nil(t, l.must(agent, "merge_into", body{"incident": parent.record}).View.WakeAt)
	l.sleep(60 * 24 * time.Hour)
	l.settled()
	require.Equal(t, []string{"logged", "merged"}, d.types(t, l.record), "no deadline of its own came")
	parentOf := body{"incident": parent.record, "number": d.incident(t, parent.record).Number}
	require.Equal(t, incident.Closed, l.must(machine, "parent_closed", parentOf).View.State)
	require.NoError(t, l.finish())
}

func TestAnIncidentThatWasCanceledEnds(t *testing.T) {
	t.Parallel()
	d := setup(t)
	l := d.open(t, d.log())
	defer l.stop()
	require.True(t, l.must(requester, "cancel", body{"reason": "It was the cable."}).View.Ended)
	require.NoError(t, l.finish())
	require.True(t, l.env.Now().Before(store.Instant(monday).Add(time.Hour)), "it does not wait for the timer that was set")
}

// A closed incident has no workflow; a command finds the row and starts one that adopts it, as the door does.
func TestAClosedIncidentIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first := d.open(t, d.log(resolved))
	defer first.stop()
	first.must(agent, "close", nil)
	require.NoError(t, first.finish())

	rated := d.begin(t, adopting(first.record), first.env.Now().Add(time.Hour))
	defer rated.stop()
	rated.must(requester, "rate", body{"score": 4})
	require.NoError(t, rated.finish(), "it remains closed, so the run ends at once")

	again := d.begin(t, adopting(first.record), rated.env.Now().Add(time.Hour))
	defer again.stop()
	again.must(agent, "reopen", body{"reason": "It happened again."})
	again.must(agent, "resolve", body{"code": "fixed", "notes": "For good."})
	again.settled()
	require.NoError(t, again.finish(), "nobody objects")
	require.Equal(t, []string{"logged", "resolved", "closed", "rated", "reopened", "resolved", "closed"}, d.types(t, first.record))
}
