package escalation_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
)

type body = map[string]any

// life drives one escalation as Apply does.
type life struct {
	t       testing.TB
	now     time.Time
	onCall  map[escalation.Target][]string
	taken   bool
	named   *escalation.Policy
	record  escalation.Escalation
	events  []domain.Event
	notices []domain.Notice
	sent    []domain.Message
	keys    int
}

// nightOf is a life at the moment of story 7: Sunday 2026-10-25, the night in which clocks go back in Berlin.
func nightOf(t testing.TB, at string) *life {
	t.Helper()
	var policy escalation.Policy
	require.NoError(t, json.Unmarshal([]byte(`{
		"steps": [
			{"wait": "5m", "to": ["schedule:primary"]},
			{"wait": "10m", "to": ["schedule:secondary"]},
			{"wait": "10m", "to": ["person:duty"]}],
		"repeat": 1, "unacknowledge_after": "30m", "fallback": ["person:boss"]}`), &policy))
	require.Empty(t, policy.Validate())
	return &life{t: t, now: instant(t, at), named: &policy, onCall: map[escalation.Target][]string{
		"schedule:secondary": {"bo"}, "person:duty": {"duty"}, "person:boss": {"boss"}, "person:cy": {"cy"}, "person:bo": {"bo"},
		"role:team_lead": {"lea"}, "role:admin": {"root"},
	}}
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, "2026-10-25T"+text+"Z")
	require.NoError(t, err)
	return at
}

var (
	machine = domain.Actor{Kind: domain.ActorMachine, Name: "INC-000001"}
	timer   = domain.Actor{Kind: domain.ActorTimer, Name: "timer"}
	cy      = domain.Actor{Kind: domain.ActorPerson, Name: "cy", Roles: []domain.Role{domain.RoleAgent}}
)

func (l *life) facts() escalation.Facts {
	return escalation.Facts{Number: "ESC-000001", Named: l.named, NamedVersion: 1, Reached: l.onCall, PersonActive: true, Taken: l.taken}
}

func (l *life) give(actor domain.Actor, verb string, content any) error {
	l.t.Helper()
	l.catchUp()
	text, err := json.Marshal(content)
	require.NoError(l.t, err)
	l.keys++
	return l.decide(domain.Command{
		ID: strconv.Itoa(l.keys), Name: "escalation." + verb, Practice: escalation.Practice, Record: "r", Actor: actor, ReceivedAt: l.now, Body: text,
	})
}

func (l *life) do(actor domain.Actor, verb string, content any) {
	l.t.Helper()
	require.NoError(l.t, l.give(actor, verb, content), verb)
}

func (l *life) decide(command domain.Command) error {
	decision, err := escalation.Decide(l.record, command, l.facts(), l.now)
	if err != nil {
		return err
	}
	l.record = decision.Record
	l.events, l.notices, l.sent = append(l.events, decision.Events...), append(l.notices, decision.Notices...), append(l.sent, decision.Messages...)
	return nil
}

func (l *life) due() []domain.Deadline {
	due, err := escalation.Deadlines(l.record, l.facts())
	require.NoError(l.t, err)
	return due
}

// catchUp handles what is due, as its timer does.
func (l *life) catchUp() {
	for l.record.State != "" {
		due := l.due()
		if len(due) == 0 || due[0].DueAt.After(l.now) {
			return
		}
		require.NoError(l.t, l.decide(domain.Command{Name: due[0].Command, Practice: escalation.Practice, Record: "r", Actor: timer, ReceivedAt: due[0].DueAt}))
	}
}

// at lets time pass until an instant; every deadline on the way is handled when it is due.
func (l *life) at(text string) *life {
	until := instant(l.t, text)
	for due := l.due(); len(due) > 0 && !due[0].DueAt.After(until); due = l.due() {
		l.now = due[0].DueAt
		l.catchUp()
	}
	l.now = until
	return l
}

// paged lists the pages as "hh:mm:ss who", by when the decision was taken.
func (l *life) paged() []string {
	list := []string{}
	for _, event := range l.events {
		people, called := event.Data["people"].([]string)
		if !called || len(people) == 0 || event.Type == "escalation.opened" {
			continue
		}
		list = append(list, event.At.Format("15:04:05")+" "+strings.Join(people, " "))
	}
	return list
}

var opening = body{
	"source": "i", "source_number": "INC-000001", "source_practice": "incident", "title": "Shop is down", "service": "shop", "team": "web",
	"priority": 1, "why": "priority 1 of a service that always pages", "policy": "major",
}

// TestTheSeventhStory is story 7 of the lifecycles, but for the delivery of its pages.
func TestTheSeventhStory(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.do(machine, "open", opening)
	require.Equal(t, []string{"00:30:00 bo"}, l.paged(), "the first step reaches nobody and waits for nothing")
	require.Equal(t, "escalation.step_empty", l.events[1].Type)
	l.at("00:38:00").onCall["schedule:secondary"] = []string{"cy"} // the swap
	l.at("00:50:20")
	require.Equal(t, []string{"00:30:00 bo", "00:40:00 duty", "00:50:00 cy"}, l.paged())
	l.do(cy, "acknowledge", nil)
	require.Equal(t, instant(t, "01:20:20"), *l.record.HoldsUntil)
	require.Equal(t, "incident.acknowledged", l.sent[len(l.sent)-1].Command)
	l.taken = true // started at 00:52
	l.at("02:00:00")
	require.Len(t, l.paged(), 3, "nobody is called at 01:20:20")
	require.Equal(t, escalation.Acknowledged, l.record.State)
	require.Empty(t, l.due())

	idle := nightOf(t, "00:30:00")
	idle.do(machine, "open", opening)
	idle.onCall["schedule:secondary"] = []string{"cy"}
	idle.at("00:50:20").do(cy, "acknowledge", nil)
	idle.at("01:20:20")
	require.Equal(t, escalation.Calling, idle.record.State)
	called := idle.notices[len(idle.notices)-2:]
	require.Equal(t, [][]string{{"person:cy"}, {"person:cy"}}, [][]string{called[0].To, called[1].To}, "whoever is on call, and whoever acknowledged")
	require.Equal(t, instant(t, "01:30:20"), *idle.record.NextAt)
}

func TestWhenAllWasInVainTheFallbackIsTold(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.do(machine, "open", opening)
	l.at("02:00:00")
	require.Equal(t, []string{"00:30:00 bo", "00:40:00 duty", "00:50:00 bo", "01:00:00 duty", "01:10:00 boss"}, l.paged())
	require.Equal(t, escalation.Exhausted, l.record.State)
	require.Empty(t, l.due())
	l.do(cy, "acknowledge", nil)
	require.Equal(t, escalation.Acknowledged, l.record.State)
}

func TestAPolicyThatReachesNobodyExhaustsAtOnce(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.onCall = map[escalation.Target][]string{}
	l.do(machine, "open", opening)
	require.Equal(t, escalation.Exhausted, l.record.State)
	require.Empty(t, l.notices)
	require.Equal(t, true, l.events[len(l.events)-1].Data["nobody"])
}

func TestAMissingPolicyCallsTheLeadAndThenAdministrators(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.named = nil
	l.do(machine, "open", opening)
	require.Equal(t, "major", l.events[0].Data["missing_policy"])
	l.at("00:45:00")
	require.Equal(t, []string{"00:30:00 lea", "00:45:00 lea root"}, l.paged())
}

func TestItFollowsItsRecord(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.do(machine, "open", opening)
	l.do(machine, "follow", body{"title": "A restricted incident", "why": "somebody is needed", "service": "shop", "team": "data", "priority": 2})
	require.Equal(t, []string{"00:30:00 bo"}, l.paged(), "nobody is called for that")
	l.at("00:40:00")
	data := l.notices[len(l.notices)-1].Data
	require.Equal(t, []any{"A restricted incident", "somebody is needed", 2}, []any{data["title"], data["why"], data["priority"]})
	require.Equal(t, "data", l.record.Team, "its lead is the one to call")
	l.do(machine, "follow", body{"title": "Shop", "priority": 2})
	require.Equal(t, []string{"Shop", "somebody is needed"}, []string{l.record.Title, l.record.Why})
}

func TestAPageByHand(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.do(machine, "open", body{"source": "i", "source_number": "INC-1", "source_practice": "incident", "title": "x", "priority": 2, "why": "help", "people": []string{"cy", "bo"}})
	require.Equal(t, []string{"00:30:00 cy bo"}, l.paged())
	require.Equal(t, instant(t, "00:45:00"), *l.record.NextAt)
}

func TestALateStepGivesThoseWhoAreCalledTheirTime(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.do(machine, "open", opening)
	l.now = instant(t, "01:15:00") // the worker was away
	l.catchUp()
	require.Equal(t, []string{"00:30:00 bo", "01:15:00 duty"}, l.paged())
	require.Equal(t, instant(t, "01:25:00"), *l.record.NextAt)
	l.now = instant(t, "01:25:04")
	l.catchUp()
	require.Equal(t, instant(t, "01:35:00"), *l.record.NextAt, "some seconds do not add up")
}

func TestTheOtherCommands(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.do(machine, "open", opening)
	l.at("00:31:00").do(cy, "escalate_now", body{"reason": "asleep"})
	require.Equal(t, "00:31:00 duty", l.paged()[1])
	require.Equal(t, instant(t, "00:41:00"), *l.record.NextAt)
	l.do(cy, "add_responder", body{"person": "cy"})
	require.Equal(t, escalation.GuardOpen, l.notices[len(l.notices)-1].Guard.Kind)
	require.Contains(t, l.record.Told, "cy")
	l.do(cy, "snooze", body{"until": instant(t, "00:50:00")})
	require.Equal(t, []string{"snooze"}, []string{l.due()[0].Name})
	require.Equal(t, domain.CodeInvalid, domain.CodeOf(l.give(cy, "snooze", body{"until": instant(t, "00:20:00")})))
	l.at("00:50:00")
	require.Equal(t, "00:50:00 bo", l.paged()[2], "from the first step on")
	l.do(machine, "unreached", body{"run": 2, "round": 1, "step": 2})
	require.Equal(t, "00:50:00 duty", l.paged()[3])
	require.Equal(t, domain.CodeConflict, domain.CodeOf(l.give(machine, "unreached", body{"run": 2, "round": 1, "step": 2})))
	l.do(cy, "reassign", body{"policy": "other"})
	require.Equal(t, 1, l.record.Round)
	l.do(machine, "stop", body{"why": "resolved"})
	require.Equal(t, escalation.Stopped, l.record.State)
	require.False(t, l.record.Active)
	require.Empty(t, l.due())
	for _, transition := range escalation.Lifecycle.Transitions {
		if transition.Verb != "open" {
			require.Equal(t, domain.CodeConflict, domain.CodeOf(escalation.Check(l.record, domain.Command{Name: "escalation." + transition.Verb, Actor: machine})))
		}
	}
}
