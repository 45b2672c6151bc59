package incident_test

import (
	"encoding/json"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// berlin reads a wall time at the desk: "2026-12-04 15:00" or with seconds.
func berlin(text string) time.Time {
	layout := "2006-01-02 15:04"
	if len(text) > len(layout) {
		layout = "2006-01-02 15:04:05"
	}
	t, err := time.ParseInLocation(layout, text, zone())
	if err != nil {
		panic(err) // the texts are literals of tests
	}
	return t.UTC()
}

var zone = sync.OnceValue(func() *time.Location {
	found, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return found
})

// office is the calendar of the lifecycles' stories: Monday to Friday 09:00–17:00 in Berlin.
var office = sync.OnceValue(func() *calendar.Calendar {
	day := []string{"09:00-17:00"}
	compiled, problems := calendar.Compile(calendar.Spec{Weekly: map[string][]string{
		"mon": day, "tue": day, "wed": day, "thu": day, "fri": day,
	}}, zone(), nil)
	if len(problems) > 0 {
		panic(problems[0].Message)
	}
	return compiled
})

type body = map[string]any

var (
	ana   = person("ana", domain.RoleAgent)
	lead  = person("lea", domain.RoleTeamLead)
	rita  = person("rita", domain.RoleRequester)
	timer = domain.Actor{Kind: domain.ActorTimer, Name: "timer"}
	other = domain.Actor{Kind: domain.ActorMachine, Name: "INC-2"}
)

func person(name string, roles ...domain.Role) domain.Actor {
	return domain.Actor{Kind: domain.ActorPerson, Name: name, Roles: roles}
}

// known are facts in which every name that a command mentions stands for something active.
func known() incident.Facts {
	return incident.Facts{
		Number: "INC-1", Policies: map[string]int{"Calendar/default": 1}, Calendar: office(), Timing: incident.DefaultTiming(),
		Matrix: policy.PriorityMatrix{Priorities: map[string]map[string]int{
			incident.High:   {incident.High: 1, incident.Medium: 2, incident.Low: 3},
			incident.Medium: {incident.High: 2, incident.Medium: 3, incident.Low: 4},
			incident.Low:    {incident.High: 3, incident.Medium: 4, incident.Low: 5},
		}},
		HoldReasons: policy.Vocabulary{Terms: []policy.Term{
			{ID: incident.AwaitingRequester},
			{ID: incident.AwaitingVendor},
			{ID: incident.AwaitingChange},
			{ID: incident.AwaitingProblem},
			{ID: incident.Scheduled},
			{ID: "awaiting_parts", Base: incident.AwaitingVendor},
			{ID: "awaiting_logs", Base: incident.AwaitingRequester},
		}},
		ResolutionCodes: policy.Vocabulary{Terms: []policy.Term{{ID: "fixed"}, {ID: "workaround"}}},
		BreachCauses:    policy.Vocabulary{Terms: []policy.Term{{ID: "taken_up_late"}}},
		Team:            incident.TeamFact{Known: true},
		Assignee:        incident.PersonFact{Active: true, Member: true},
		Requester:       incident.PersonFact{Active: true},
		Service:         incident.ServiceFact{Known: true, Team: "messaging"},
		PolicyKnown:     true,
		Callable:        map[string]bool{"bo": true, "cy": true},
		Target:          &incident.TargetFact{ID: parentID, Number: "INC-2", Practice: domain.Incident, State: incident.InProgress},
	}
}

const (
	recordID = "0d8f3c52-0000-8000-8000-000000000001"
	parentID = "0d8f3c52-0000-8000-8000-000000000002"
	childID  = "0d8f3c52-0000-8000-8000-000000000003"
)

// desk drives one incident as Apply does: it clamps the moment, handles what is due first, and counts the version.
type desk struct {
	t        require.TestingT
	now      time.Time
	facts    incident.Facts
	record   incident.Incident
	events   []domain.Event
	messages []domain.Message
	notices  []domain.Notice
	links    []domain.Link
	unlinks  []domain.Link
	commands int
}

func setup(t require.TestingT, now string) *desk {
	return &desk{t: t, now: berlin(now), facts: known()}
}

// logged is an incident of rita's for messaging, P3, logged at a wall time.
func logged(t testing.TB, now string) *desk {
	t.Helper()
	d := setup(t, now)
	d.do(ana, "log", body{"title": "Mail is down", "impact": "medium", "urgency": "medium", "requester": "rita", "team": "messaging"})
	return d
}

func (d *desk) command(actor domain.Actor, verb string, content any) domain.Command {
	d.commands++
	text, err := json.Marshal(content)
	require.NoError(d.t, err)
	return domain.Command{
		ID: "c" + strconv.Itoa(d.commands), Name: "incident." + verb, Practice: domain.Incident, Record: recordID,
		Actor: actor, ReceivedAt: d.now, Body: text, Digest: domain.Digest(text),
	}
}

// give decides a command at the present moment, after everything that is due.
func (d *desk) give(actor domain.Actor, verb string, content any) error {
	d.catchUp()
	return d.apply(d.command(actor, verb, content), nil)
}

// do is give for a command that must be allowed.
func (d *desk) do(actor domain.Actor, verb string, content any) {
	if helper, ok := d.t.(testing.TB); ok {
		helper.Helper()
	}
	require.NoError(d.t, d.give(actor, verb, content), verb)
}

// refuse is give for a command that must be refused; it answers the refusal.
func (d *desk) refuse(code domain.Code, actor domain.Actor, verb string, content any) *domain.Error {
	if helper, ok := d.t.(testing.TB); ok {
		helper.Helper()
	}
	err := d.give(actor, verb, content)
	require.Error(d.t, err, verb)
	require.Equal(d.t, code, domain.CodeOf(err), err.Error())
	return domain.AsError(err)
}

// at moves the clock to a wall time.
func (d *desk) at(now string) *desk {
	d.now = berlin(now)
	return d
}

// catchUp handles every deadline that is due, earliest first.
func (d *desk) catchUp() {
	if d.record.State == "" {
		return
	}
	for fired := 0; ; fired++ {
		require.Less(d.t, fired, 50, "a deadline that has been handled is due again")
		due := d.due()
		if len(due) == 0 || due[0].DueAt.After(d.now) {
			return
		}
		command := domain.Command{
			ID: "deadline/" + due[0].Name, Name: due[0].Command, Practice: domain.Incident, Record: recordID,
			Actor: timer, ReceivedAt: due[0].DueAt,
		}
		require.NoError(d.t, d.apply(command, &due[0]))
	}
}

func (d *desk) due() []domain.Deadline {
	due, err := incident.Deadlines(d.record, d.facts)
	require.NoError(d.t, err)
	return due
}

// waits lists the deadlines as "name wall time".
func (d *desk) waits() []string {
	list := []string{}
	for _, deadline := range d.due() {
		list = append(list, deadline.Name+" "+deadline.DueAt.In(zone()).Format("Mon 2006-01-02 15:04:05"))
	}
	return list
}

func (d *desk) apply(command domain.Command, due *domain.Deadline) error {
	decision, err := decide(d.t, d.record, command, d.facts, d.now)
	if err != nil {
		return err
	}
	for i := range decision.Events {
		if due != nil {
			late := d.now.Sub(due.DueAt).Milliseconds()
			decision.Events[i].DueAt, decision.Events[i].LatenessMS = &due.DueAt, &late
		}
	}
	d.record = decision.Record
	d.record.Version++
	d.events = append(d.events, decision.Events...)
	d.messages = append(d.messages, decision.Messages...)
	d.notices = append(d.notices, decision.Notices...)
	d.links = append(d.links, decision.Links...)
	d.unlinks = append(d.unlinks, decision.Unlinks...)
	return nil
}

func (d *desk) types() []string {
	list := make([]string, len(d.events))
	for i, event := range d.events {
		list[i] = event.Type
	}
	return list
}

func (d *desk) last() domain.Event { return d.events[len(d.events)-1] }

// told lists the notices as "kind → recipient".
func (d *desk) told() []string {
	list := []string{}
	for _, notice := range d.notices {
		for _, recipient := range notice.To {
			list = append(list, notice.Kind+" → "+recipient)
		}
	}
	return list
}

// decide holds every decision of every test against what must hold of all of them: nothing given is changed, the same
// input gives the same answer, a refusal changes nothing and is a domain.Error.
func decide(t require.TestingT, record incident.Incident, command domain.Command, facts incident.Facts, moment time.Time) (domain.Decision[incident.Incident], error) {
	keptRecord, keptCommand, keptFacts := copied(record), copied(command), copied(facts)
	decision, err := incident.Decide(record, command, facts, moment)
	require.True(t, reflect.DeepEqual(keptRecord, record), "%s changed its record", command.Name)
	require.True(t, reflect.DeepEqual(keptCommand, command), "%s changed its command", command.Name)
	require.True(t, reflect.DeepEqual(keptFacts, facts), "%s changed its facts", command.Name)
	again, errAgain := incident.Decide(keptRecord, keptCommand, keptFacts, moment)
	require.Equal(t, decision, again)
	require.Equal(t, err, errAgain)
	if err != nil {
		require.NotNil(t, domain.AsError(err), "%v", err)
		require.Zero(t, decision)
		return decision, err
	}
	sound(t, record, decision)
	return decision, nil
}

// sound holds a decision against the lifecycle's table and its own times.
func sound(t require.TestingT, before incident.Incident, decision domain.Decision[incident.Incident]) {
	after := decision.Record
	info, found := incident.Lifecycle.State(after.State)
	require.True(t, found, after.State)
	require.Equal(t, info.Open, after.Open)
	require.Equal(t, info.Active, after.Active)
	require.Equal(t, before.Version, after.Version, "Apply counts the version, once per commit")
	require.NotEmpty(t, decision.Events, "every command leaves an event")
	require.False(t, after.LastEventAt.Before(before.LastEventAt))
	require.Equal(t, after.LastEventAt, after.UpdatedAt)
	for _, event := range decision.Events {
		require.Equal(t, after.LastEventAt, event.At)
		require.Empty(t, event.Actor.Roles, "roles are not part of history")
	}
	require.False(t, after.StateSince.After(after.LastEventAt))
	require.False(t, after.StateSince.Before(before.StateSince), "a state begins before the one before it")
	require.False(t, after.StateSince.Before(after.OpenedAt))
	require.Equal(t, after.State == incident.OnHold, after.Hold.Reason != "")
	require.Equal(t, after.State == incident.Resolved || after.State == incident.Closed, after.ResolvedAt != nil)
	require.Equal(t, after.State == incident.Closed || after.State == incident.Canceled, after.ClosedAt != nil)
	for _, notice := range decision.Notices {
		require.NotEmpty(t, notice.To)
		require.NotContains(t, notice.To, "")
	}
	deadlines, err := incident.Deadlines(after, known())
	require.NoError(t, err)
	for i, deadline := range deadlines {
		require.Equal(t, domain.Millisecond(deadline.DueAt), deadline.DueAt)
		require.NotEmpty(t, deadline.Then)
		require.True(t, i == 0 || !deadline.DueAt.Before(deadlines[i-1].DueAt), "deadlines are sorted")
		transition, found := incident.Lifecycle.Transition(domain.Command{Name: deadline.Command}.Verb())
		require.True(t, found && transition.Machine(), deadline.Command)
		require.Contains(t, transition.From, after.State, "a deadline whose command would be refused")
	}
	if !after.Active || after.Merged() {
		require.Empty(t, deadlines, "an ended record waits for nothing")
	}
}

// copied is a deep copy. Calendars and times are immutable and kept.
func copied[T any](value T) T {
	result := deep(reflect.ValueOf(&value).Elem())
	typed, _ := result.Interface().(T)
	return typed
}

func deep(value reflect.Value) reflect.Value {
	made := reflect.New(value.Type()).Elem()
	made.Set(value)
	switch value.Kind() {
	case reflect.Pointer:
		if _, opaque := value.Interface().(*calendar.Calendar); !opaque && !value.IsNil() {
			made.Set(reflect.New(value.Type().Elem()))
			made.Elem().Set(deep(value.Elem()))
		}
	case reflect.Struct:
		if _, opaque := value.Interface().(time.Time); !opaque {
			for i := range value.NumField() {
				made.Field(i).Set(deep(value.Field(i)))
			}
		}
	case reflect.Slice:
		if !value.IsNil() {
			made.Set(reflect.MakeSlice(value.Type(), value.Len(), value.Len()))
			for i := range value.Len() {
				made.Index(i).Set(deep(value.Index(i)))
			}
		}
	case reflect.Map:
		if !value.IsNil() {
			made.Set(reflect.MakeMap(value.Type()))
			for _, key := range value.MapKeys() {
				made.SetMapIndex(key, deep(value.MapIndex(key)))
			}
		}
	}
	return made
}
