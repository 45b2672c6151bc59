package meeting_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

type body = map[string]any

var (
	mona    = domain.Actor{Kind: domain.ActorPerson, Name: "mona", Roles: []domain.Role{domain.RoleChangeManager}}
	cy      = domain.Actor{Kind: domain.ActorPerson, Name: "cy", Roles: []domain.Role{domain.RoleCABMember}}
	ana     = domain.Actor{Kind: domain.ActorPerson, Name: "ana", Roles: []domain.Role{domain.RoleAgent}}
	cadence = domain.Actor{Kind: domain.ActorPolicy, Name: "Cadence/weekly-cab"}
	timer   = domain.Actor{Kind: domain.ActorTimer, Name: "timer"}

	first, second = meeting.Waiting{ID: "c1", Number: "CHG-000001"}, meeting.Waiting{ID: "c2", Number: "CHG-000002"}
)

// life drives one meeting as Apply does.
type life struct {
	t       testing.TB
	now     time.Time
	desk    *calendar.Calendar
	record  meeting.Meeting
	waiting []meeting.Waiting
	named   *meeting.Waiting
	events  []domain.Event
	notices []domain.Notice
	keys    int
}

// setup is a life on Thursday 2026-12-03 10:00 in Berlin, where the desk works on weekdays from nine to five.
func setup(t testing.TB) *life {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	day := []string{"09:00-17:00"}
	desk, problems := calendar.Compile(calendar.Spec{Timezone: "Europe/Berlin", Weekly: map[string][]string{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day}}, zone, nil)
	require.Empty(t, problems)
	return &life{t: t, now: instant(t, "2026-12-03T10:00:00+01:00"), desk: desk}
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at
}

func (l *life) decide(actor domain.Actor, verb string, content any) error {
	l.t.Helper()
	text, err := json.Marshal(content)
	require.NoError(l.t, err)
	l.keys++
	command := domain.Command{
		ID: strconv.Itoa(l.keys), Name: "meeting." + verb, Practice: meeting.Practice, Record: "m1", Actor: actor, ReceivedAt: l.now, Body: text,
	}
	facts := meeting.Facts{Number: "CAB-000001", Policies: map[string]int{"Calendar/default": 1}, Calendar: l.desk, Waiting: l.waiting, Named: l.named}
	before, err := json.Marshal(l.record)
	require.NoError(l.t, err)
	decision, err := meeting.Decide(l.record, command, facts, l.now)
	after, jsonErr := json.Marshal(l.record)
	require.NoError(l.t, jsonErr)
	require.JSONEq(l.t, string(before), string(after), "what it decides about stays as it was")
	if err != nil {
		return err
	}
	l.record = decision.Record
	l.events, l.notices = append(l.events, decision.Events...), append(l.notices, decision.Notices...)
	return nil
}

func (l *life) must(actor domain.Actor, verb string, content any) {
	l.t.Helper()
	require.NoError(l.t, l.decide(actor, verb, content), verb)
}

func (l *life) refused(code domain.Code, actor domain.Actor, verb string, content any) {
	l.t.Helper()
	err := l.decide(actor, verb, content)
	require.Equal(l.t, code, domain.CodeOf(err), "%s: %v", verb, err)
}

// due lets the next deadline come.
func (l *life) due(name string) {
	l.t.Helper()
	list, err := meeting.Deadlines(l.record, meeting.Facts{})
	require.NoError(l.t, err)
	require.Len(l.t, list, 1)
	require.Equal(l.t, name, list[0].Name)
	l.now = list[0].DueAt
	l.must(timer, domain.Command{Name: list[0].Command}.Verb(), nil)
}

func (l *life) last() domain.Event { return l.events[len(l.events)-1] }

// plan calls the meeting of Monday 2026-12-07 14:00.
func (l *life) plan(more ...body) {
	l.t.Helper()
	content := body{"title": "Weekly CAB", "board": body{"role": "cab_member"}, "at": "2026-12-07T14:00:00+01:00", "cadence": "weekly-cab", "turn": "2026-12-07T14:00"}
	for _, fields := range more {
		for name, value := range fields {
			content[name] = value
		}
	}
	l.must(cadence, "plan", content)
}

func TestAMeetingFromItsCallToItsMinutes(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.plan()
	require.Equal(t, meeting.Planned, l.record.State)
	require.Equal(t, "weekly-cab", l.record.Cadence)
	require.Equal(t, instant(t, "2026-12-04T14:00:00+01:00").UTC(), l.record.CutOffAt, "one working day before Monday is Friday")
	require.Equal(t, instant(t, "2026-12-07T15:00:00+01:00").UTC(), l.record.EndsAt)
	require.Equal(t, []string{"role:cab_member"}, l.notices[0].To)

	l.named = &second
	l.must(mona, "add_item", body{"change": "CHG-000002"})
	l.refused(domain.CodeConflict, mona, "add_item", body{"change": "CHG-000002"})
	l.refused(domain.CodeForbidden, cy, "add_item", body{"change": "CHG-000002"})
	l.named = nil
	l.refused(domain.CodeInvalid, mona, "add_item", body{"change": "CHG-999999"})

	l.waiting = []meeting.Waiting{first, second}
	l.due("cut_off")
	require.Equal(t, meeting.AgendaFixed, l.record.State)
	require.Equal(t, []meeting.Item{
		{Change: "c2", Number: "CHG-000002", By: "mona", At: instant(t, "2026-12-03T10:00:00+01:00").UTC()},
		{Change: "c1", Number: "CHG-000001", At: l.now},
	}, l.record.Items, "what awaits votes, once, behind what was put there by hand")
	require.Equal(t, []string{"CHG-000001"}, l.last().Data["changes"])

	l.must(mona, "remove_item", body{"change": "CHG-000002", "reason": "not ready"})
	l.refused(domain.CodeInvalid, mona, "remove_item", body{"change": "CHG-000002"})
	l.due("meeting")
	require.Equal(t, meeting.Held, l.record.State)
	l.must(cy, "note", body{"change": "CHG-000001", "text": "the way back takes an hour"})
	require.Equal(t, map[string]any{"text": "the way back takes an hour"}, l.last().Personal)
	l.must(cy, "note", body{"text": "gil was late"})
	l.refused(domain.CodeInvalid, cy, "note", body{"change": "CHG-000002", "text": "gone"})
	l.refused(domain.CodeForbidden, ana, "note", body{"text": "me too"})

	l.due("end")
	require.Equal(t, meeting.Held, l.record.State, "the chair closes it")
	require.Equal(t, []string{"role:change_manager"}, l.notices[len(l.notices)-1].To)
	require.Equal(t, instant(t, "2026-12-10T15:00:00+01:00").UTC(), *l.record.CloseAt)
	l.must(mona, "close", nil)
	require.False(t, l.record.Active)
	list, err := meeting.Deadlines(l.record, meeting.Facts{})
	require.NoError(t, err)
	require.Empty(t, list)
	l.refused(domain.CodeConflict, cy, "note", body{"text": "too late"})
}

func TestAMeetingThatNobodyClosesClosesByItself(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.plan()
	for _, name := range []string{"cut_off", "meeting", "end", "close"} {
		l.due(name)
	}
	require.Equal(t, meeting.Closed, l.record.State)
	require.Equal(t, l.now, *l.record.ClosedAt)
}

func TestARescheduledMeetingHasItsCutOffAnew(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.plan()
	l.waiting = []meeting.Waiting{first}
	l.due("cut_off")
	l.refused(domain.CodeInvalid, mona, "reschedule", body{"at": "2026-12-09T14:00:00+01:00", "reason": ""})
	l.refused(domain.CodeInvalid, mona, "reschedule", body{"at": "2026-12-01T14:00:00+01:00", "reason": "earlier"})

	l.must(mona, "reschedule", body{"at": "2026-12-07T16:00:00+01:00", "minutes": 30, "reason": "the room"})
	require.Equal(t, instant(t, "2026-12-07T16:30:00+01:00").UTC(), l.record.EndsAt)
	require.Equal(t, meeting.Planned, l.record.State, "Friday 16:00 is ahead still")
	l.waiting = []meeting.Waiting{first, second}
	l.due("cut_off")
	require.Len(t, l.record.Items, 2, "what was on it stays, what came since joins")

	l.now = instant(t, "2026-12-07T15:00:00+01:00")
	l.must(mona, "reschedule", body{"at": "2026-12-07T17:00:00+01:00", "reason": "the room again"})
	require.Equal(t, meeting.AgendaFixed, l.record.State, "its cut-off has passed")
	l.must(mona, "cancel", body{"reason": "nobody can come"})
	require.Equal(t, meeting.Canceled, l.record.State)
	require.False(t, l.record.Active)
}

func TestTheChairFixesTheAgendaAndBeginsBeforeTime(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.plan()
	l.refused(domain.CodeConflict, mona, "hold", nil)
	l.waiting = []meeting.Waiting{first}
	l.must(mona, "fix_agenda", nil)
	l.must(mona, "hold", nil)
	require.Len(t, l.record.Items, 1)
	require.Equal(t, l.now.UTC(), *l.record.HeldAt)
}

func TestAnAgendaSaysWhatItHasNoRoomFor(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.plan()
	for i := range meeting.MaxItems + 3 {
		l.waiting = append(l.waiting, meeting.Waiting{ID: strconv.Itoa(i), Number: "CHG-" + strconv.Itoa(i)})
	}
	l.due("cut_off")
	require.Len(t, l.record.Items, meeting.MaxItems)
	require.Equal(t, 3, l.last().Data["left_off"])
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]body{
		"no title":       {"title": ""},
		"no board":       {"board": body{}},
		"two boards":     {"board": body{"role": "cab_member", "team": "network"}},
		"a scope":        {"board": body{"role": "cab_member", "scope": "everything"}},
		"the past":       {"at": "2026-12-01T14:00:00+01:00"},
		"years ahead":    {"at": "2036-12-01T14:00:00+01:00"},
		"its length":     {"minutes": 4000},
		"a long cut-off": {"cut_off": "21wd"},
		"two cut-offs":   {"cut_off": "1wd4h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := body{"title": "CAB", "board": body{"role": "cab_member"}, "at": "2026-12-07T14:00:00+01:00"}
			for field, value := range wrong {
				content[field] = value
			}
			setup(t).refused(domain.CodeInvalid, mona, "plan", content)
		})
	}
	l := setup(t)
	l.plan(body{"cut_off": "4h", "board": body{"team": "network", "scope": "service:mail"}})
	require.Equal(t, instant(t, "2026-12-07T10:00:00+01:00").UTC(), l.record.CutOffAt, "clock time")
	require.Equal(t, "network", l.record.Team)
	require.Equal(t, "team:network for service:mail", l.record.Board.String())

	by := setup(t)
	by.must(mona, "plan", body{"title": "CAB", "board": body{"role": "cab_member"}, "at": "2026-12-07T14:00:00+01:00", "cadence": "weekly-cab", "turn": "x"})
	require.Empty(t, by.record.Cadence, "nobody calls a meeting as a cadence does")
}

// Every command in every state is either taken or refused with those that are allowed, by the table.
func TestEveryCommandInEveryState(t *testing.T) {
	t.Parallel()
	states := map[domain.State]func(*life){
		meeting.Planned:     func(*life) {},
		meeting.AgendaFixed: func(l *life) { l.due("cut_off") },
		meeting.Held:        func(l *life) { l.due("cut_off"); l.due("meeting") },
		meeting.Closed:      func(l *life) { l.due("cut_off"); l.due("meeting"); l.must(mona, "close", nil) },
		meeting.Canceled:    func(l *life) { l.must(mona, "cancel", body{"reason": "x"}) },
	}
	bodies := map[string]body{
		"add_item": {"change": "CHG-000002"}, "remove_item": {"change": "CHG-000001"}, "note": {"text": "x"}, "cancel": {"reason": "x"},
		"reschedule": {"at": "2026-12-14T14:00:00+01:00", "reason": "x"},
	}
	require.Len(t, meeting.Lifecycle.States, len(states))
	for state, reach := range states {
		for _, transition := range meeting.Lifecycle.Transitions {
			if len(transition.From) == 0 {
				continue
			}
			l := setup(t)
			l.plan()
			l.named = &first
			l.must(mona, "add_item", body{"change": "CHG-000001"})
			reach(l)
			require.Equal(t, state, l.record.State)
			l.named = &second
			actor := mona
			if transition.Machine() {
				actor = timer
			}
			err := l.decide(actor, transition.Verb, bodies[transition.Verb])
			if _, allowed := indexOf(transition.From, state); !allowed {
				require.Equal(t, domain.CodeConflict, domain.CodeOf(err), "%s while %s", transition.Verb, state)
				continue
			}
			require.NoError(t, err, "%s while %s", transition.Verb, state)
			require.Equal(t, transition.Event, l.last().Type)
			targets := transition.Targets(state)
			if len(targets) == 0 {
				targets = []domain.State{state}
			}
			require.Contains(t, targets, l.record.State)
		}
	}
}

func indexOf(states []domain.State, state domain.State) (int, bool) {
	for i, one := range states {
		if one == state {
			return i, true
		}
	}
	return 0, false
}
