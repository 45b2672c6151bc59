package workflows_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// The deadlines of a meeting come by themselves, each at its instant and once; with the meeting they move.
func TestEveryDeadlineOfAMeetingIsKept(t *testing.T) {
	t.Parallel()
	d := settleBoard(t)
	waits := d.asked(t, nil)
	defer waits.stop()
	for name, story := range map[string]struct {
		do    func(l *life)
		kept  []string
		state domain.State
	}{
		"nobody does anything": {
			kept:  []string{"agenda_fixed 03-09T14:00", "held 03-10T14:00", "ended 03-10T14:45", "closed 03-15T14:45"},
			state: meeting.Closed,
		},
		"it is put off after its cut-off": {
			do: func(l *life) {
				l.sleep(store.Instant("2100-03-10T08:00:00Z").Sub(l.env.Now()))
				l.must(mona, "reschedule", body{"at": store.Instant("2100-03-12T09:00:00Z"), "reason": "nobody is there"})
			},
			kept: []string{
				"agenda_fixed 03-09T14:00", "agenda_fixed 03-11T09:00", "held 03-12T09:00", "ended 03-12T09:45", "closed 03-17T09:45",
			},
			state: meeting.Closed,
		},
		"the chair holds it early": {
			do:   func(l *life) { l.must(mona, "fix_agenda", nil); l.must(mona, "hold", nil) },
			kept: []string{"ended 03-10T14:45", "closed 03-15T14:45"}, state: meeting.Closed,
		},
		"the chair closes it": {
			do: func(l *life) {
				l.sleep(store.Instant("2100-03-10T15:00:00Z").Sub(l.env.Now()))
				l.must(mona, "close", nil)
			},
			kept: []string{"agenda_fixed 03-09T14:00", "held 03-10T14:00", "ended 03-10T14:45"}, state: meeting.Closed,
		},
		"it is called off": {
			do: func(l *life) { l.must(mona, "cancel", body{"reason": "no changes"}) }, kept: []string{}, state: meeting.Canceled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := d.open(t, d.commandOf(meeting.Practice, mona, "plan", "", body{
				"title": name, "board": body{"role": "cab_member"}, "at": store.Instant("2100-03-10T14:00:00Z"), "minutes": 45,
			}))
			defer l.stop()
			if story.do != nil {
				story.do(l)
			}
			require.NoError(t, l.finish(), "a meeting that is over ends its process")
			require.Equal(t, story.kept, l.kept())
			found, exists, err := schemas.ReadMeeting(t.Context(), d.rows, schemas.Reader{All: true, Restricted: true}, l.record)
			require.NoError(t, err)
			require.True(t, exists)
			require.Equal(t, story.state, found.State)
			if len(story.kept) > 0 {
				require.Equal(t, waits.change().Number, found.Items[0].Number, "what waits for the board is on its agenda")
			}
		})
	}
}

// Steps, acknowledgements and snoozes of an escalation end by themselves, each at its instant and once.
func TestEveryDeadlineOfAnEscalationIsKept(t *testing.T) {
	t.Parallel()
	db := store.Database(t)
	db.Settle(t)
	d := &desk{t: t, rows: db.Worker(t), tamper: db.Superuser(t)}
	db.Apply(t, "EscalationPolicy/night", json.RawMessage(`{"steps": [{"wait": "10m", "to": ["person:ana"]}, {"wait": "20m", "to": ["person:bo"]}],
		"repeat": 1, "unacknowledge_after": "30m", "fallback": ["role:admin"]}`))
	bo := domain.Actor{Kind: domain.ActorPerson, Name: "bo", Roles: []domain.Role{domain.RoleAgent}}
	for name, story := range map[string]struct {
		begun bool // the record is in progress
		do    func(l *life)
		kept  []string
		state domain.State
	}{
		"nobody answers": {
			kept:  []string{"step_taken 03-01T09:10", "step_taken 03-01T09:30", "step_taken 03-01T09:40", "exhausted 03-01T10:00"},
			state: escalation.Exhausted,
		},
		"nothing comes of the acknowledgement": {
			do: func(l *life) {
				l.must(bo, "acknowledge", nil)
				l.sleep(35 * time.Minute)
				l.must(bo, "acknowledge", nil)
			},
			kept: []string{
				"acknowledgement_checked 03-01T09:30", "step_taken 03-01T09:30", "acknowledgement_checked 03-01T10:05", "step_taken 03-01T10:05",
				"step_taken 03-01T10:15", "step_taken 03-01T10:35", "step_taken 03-01T10:45", "exhausted 03-01T11:05",
			},
			state: escalation.Exhausted,
		},
		"it is being worked on": {
			begun: true, do: func(l *life) { l.must(bo, "acknowledge", nil) },
			kept: []string{"acknowledgement_checked 03-01T09:30"}, state: escalation.Acknowledged,
		},
		"a snooze ends": {
			do: func(l *life) { l.must(bo, "snooze", body{"until": store.Instant("2100-03-02T03:00:00Z")}) },
			kept: []string{
				"resumed 03-02T03:00", "step_taken 03-02T03:00", "step_taken 03-02T03:10", "step_taken 03-02T03:30", "step_taken 03-02T03:40",
				"exhausted 03-02T04:00",
			},
			state: escalation.Exhausted,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := d.open(t, d.log())
			defer source.stop()
			if story.begun {
				source.must(bo, "start", nil)
			}
			l := d.open(t, d.commandOf(escalation.Practice, machine, "open", "", body{
				"source": source.record, "source_number": d.incident(t, source.record).Number, "source_practice": "incident",
				"title": "The mail is down", "priority": 1, "why": "it is down", "policy": "night",
			}))
			defer l.stop()
			if story.do != nil {
				story.do(l)
			}
			l.sleep(48 * time.Hour)
			l.settled()
			require.Equal(t, story.kept, l.kept())
			require.Equal(t, story.state, l.memory().State)
		})
	}
}
