package change_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

type body = map[string]any

const (
	recordID   = "0d8f3c52-0000-8000-8000-000000000001"
	incidentID = "0d8f3c52-0000-8000-8000-000000000002"
	otherID    = "0d8f3c52-0000-8000-8000-000000000003"
)

var (
	dee   = person("dee", domain.RoleAgent)
	eli   = person("eli", domain.RoleAgent)
	fred  = person("fred", domain.RoleAgent)
	mona  = person("mona", domain.RoleChangeManager)
	olga  = person("olga", domain.RoleServiceOwner)
	timer = domain.Actor{Kind: domain.ActorTimer, Name: "timer"}
	other = domain.Actor{Kind: domain.ActorMachine, Name: "INC-000002"}
)

func person(name string, roles ...domain.Role) domain.Actor {
	return domain.Actor{Kind: domain.ActorPerson, Name: name, Roles: roles}
}

func member(name string) domain.Actor { return person(name, domain.RoleCABMember) }

func zone() *time.Location {
	found, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return found
}

// berlin reads a wall time: "2026-12-04 15:00", or with seconds.
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

// office is Monday to Friday 09:00–17:00 in Berlin.
func office() *calendar.Calendar {
	day := []string{"09:00-17:00"}
	compiled, problems := calendar.Compile(calendar.Spec{Weekly: map[string][]string{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day}}, zone(), nil)
	if len(problems) > 0 {
		panic(problems[0].Message)
	}
	return compiled
}

// words is a language of the expressions "true" and "emergency".
type words struct{}

func (words) ApprovalApplies(expression string, record map[string]any) (bool, error) {
	return expression == "true" || expression == record["type"], nil
}

// cab is the policy of story 3.
const cab = `{"when": "true", "stages": [
	{"name": "cab", "electorate": ["role:cab_member"], "rule": {"threshold": "60%", "of": "electorate", "required": ["sec"]}, "deadline": "3wd", "default": "escalate", "covers": ["scope", "schedule"]},
	{"name": "window", "electorate": ["role:change_manager"], "rule": {"threshold": 1, "of": "approvals"}, "deadline": "1wd", "covers": ["schedule"], "parallel": true}]}`

// ecab decides emergencies: two within half an hour.
const ecab = `{"when": "emergency", "stages": [
	{"name": "ecab", "electorate": ["role:cab_member"], "rule": {"threshold": 2, "of": "approvals"}, "deadline": "30m", "wall": true, "default": "reject"}]}`

func candidate(t require.TestingT, name, text string) approval.Candidate {
	var spec approval.Policy
	require.NoError(t, json.Unmarshal([]byte(text), &spec))
	require.Empty(t, spec.Validate())
	return approval.Candidate{Name: name, Version: 1, Spec: spec}
}

func seats(names ...string) []approval.Member {
	list := make([]approval.Member, len(names))
	for i, name := range names {
		list[i] = approval.Member{Person: name, As: []string{"role:cab_member"}}
	}
	return list
}

// desk drives one change as Apply does.
type desk struct {
	t        require.TestingT
	now      time.Time
	facts    change.Facts
	record   change.Change
	events   []domain.Event
	messages []domain.Message
	notices  []domain.Notice
	links    []domain.Link
	commands int
	// late: whoever keeps the deadlines was away, and handles those that came meanwhile at the moment at which it is back.
	late bool
}

func setup(t require.TestingT, now string) *desk {
	return &desk{t: t, now: berlin(now), facts: change.Facts{
		Number: "CHG-000001", Policies: map[string]int{"Calendar/default": 1}, Calendar: office(), TeamKnown: true, AssigneeMember: true,
		RequesterActive: true, Services: map[string]change.Service{"shop": {Owner: "olga", Team: "web", Criticality: "high"}},
		Judges: map[string][]change.Judge{"shop": {{Person: "olga", Teams: []string{"web"}}}}, ActorTeams: []string{"web"}, Surroundings: change.Surroundings{Read: true},
		Model: change.Model{Type: change.Normal, Questionnaire: []change.Question{{ID: "tested_back_out", Ask: "Was the back-out tested?", Risk: map[string]int{"no": 25}}}},
		Voting: change.Voting{
			Candidates: []approval.Candidate{candidate(t, "a-ecab", ecab), candidate(t, "cab", cab)}, Language: words{},
			Seats: map[approval.Target][]approval.Member{
				"role:cab_member":     seats("ana", "bo", "cy", "dee", "eli", "fay", "gil", "sec"),
				"role:change_manager": seats("mona"),
			},
			Delegations: []approval.Delegation{{Principal: "bo", Delegate: "hal"}, {Principal: "fay", Delegate: "dee"}},
		},
	}}
}

// content is what a complete change is drafted with.
func content(more body) body {
	b := body{
		"title": "Move the shop to the new database", "justification": "The old one ends", "plan": "Move it", "test_plan": "Buy something",
		"back_out_plan": "Move it back", "service": "shop", "configuration_items": []string{"db1"}, "environment": "production",
		"team": "web", "assignee": "eli", "window_from": berlin("2026-12-18 22:00"), "window_to": berlin("2026-12-19 02:00"),
		"tasks": []body{{"title": "Copy"}, {"title": "Switch", "after": []string{"t1"}}},
	}
	for name, value := range more {
		b[name] = value
	}
	return b
}

// asked is a change of dee's that waits for the board's approval.
func asked(t require.TestingT, more body) *desk {
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(more))
	d.do(dee, "submit", nil)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
	d.do(fred, "peer_review", body{"comment": "reads well"})
	require.Equal(t, change.AwaitingApproval, d.record.State)
	return d
}

// authorised is a change that the board has approved.
func authorised(t require.TestingT, more body) *desk {
	d := asked(t, more)
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
	require.Equal(t, change.Scheduled, d.record.State)
	return d
}

func (d *desk) command(actor domain.Actor, verb string, content any) domain.Command {
	d.commands++
	text, err := json.Marshal(content)
	require.NoError(d.t, err)
	return domain.Command{
		ID: "c" + strconv.Itoa(d.commands), Name: "change." + verb, Practice: change.Practice, Record: recordID, Actor: actor,
		ReceivedAt: d.now, Body: text, Digest: domain.Digest(text),
	}
}

func (d *desk) give(actor domain.Actor, verb string, content any) error {
	d.catchUp()
	return d.apply(d.command(actor, verb, content))
}

func (d *desk) do(actor domain.Actor, verb string, content any) {
	if helper, ok := d.t.(testing.TB); ok {
		helper.Helper()
	}
	require.NoError(d.t, d.give(actor, verb, content), verb)
}

func (d *desk) refuse(code domain.Code, actor domain.Actor, verb string, content any) *domain.Error {
	if helper, ok := d.t.(testing.TB); ok {
		helper.Helper()
	}
	err := d.give(actor, verb, content)
	require.Error(d.t, err, verb)
	require.Equal(d.t, code, domain.CodeOf(err), err.Error())
	return domain.AsError(err)
}

// ballot is a vote about what the change is now.
func (d *desk) ballot(choice string, more body) body {
	b := body{"vote": choice, "hashes": d.record.Approval.Hashes}
	for name, value := range more {
		b[name] = value
	}
	return b
}

func (d *desk) vote(actor domain.Actor, choice string, more body) {
	if helper, ok := d.t.(testing.TB); ok {
		helper.Helper()
	}
	d.do(actor, "cast_vote", d.ballot(choice, more))
}

// loses lets somebody lose the roles for which they are asked, or their account.
func (d *desk) loses(person string, inactive bool) {
	seats := maps.Clone(d.facts.Voting.Seats)
	for target, people := range seats {
		people = slices.Clone(people)
		i := slices.IndexFunc(people, func(m approval.Member) bool { return m.Person == person })
		switch {
		case i >= 0 && inactive:
			people[i].Left = approval.Inactive
		case i >= 0:
			people = slices.Delete(people, i, i+1)
		}
		seats[target] = people
	}
	d.facts.Voting.Seats = seats
}

func (d *desk) at(now string) *desk {
	d.now = berlin(now)
	return d
}

func (d *desk) due() []domain.Deadline {
	due, err := change.Deadlines(d.record, d.facts)
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

// catchUp handles every deadline that is due, earliest first, at the moment at which it is due.
func (d *desk) catchUp() {
	now := d.now
	for fired := 0; d.record.State != ""; fired++ {
		require.Less(d.t, fired, 50, "a deadline that has been handled is due again")
		due := d.due()
		if len(due) == 0 || due[0].DueAt.After(now) {
			break
		}
		if !d.late {
			d.now = due[0].DueAt
		}
		require.NoError(d.t, d.apply(domain.Command{
			ID: "deadline/" + due[0].Name, Name: due[0].Command, Practice: change.Practice, Record: recordID, Actor: timer, ReceivedAt: due[0].DueAt,
		}))
	}
	d.now = now
}

func (d *desk) apply(command domain.Command) error {
	before, err := json.Marshal(d.record)
	require.NoError(d.t, err)
	decision, err := change.Decide(d.record, command, d.facts, d.now)
	after, broken := json.Marshal(d.record)
	require.NoError(d.t, broken)
	require.JSONEq(d.t, string(before), string(after), "Decide changes nothing that it is given")
	if err != nil {
		return err
	}
	sound(d.t, d.record, decision.Record, d.now, decision.Events)
	d.record = decision.Record
	d.record.Version++
	d.events = append(d.events, decision.Events...)
	d.messages, d.notices, d.links = append(d.messages, decision.Messages...), append(d.notices, decision.Notices...), append(d.links, decision.Links...)
	return nil
}

// types lists what happened since a place.
func (d *desk) types(since int) []string {
	list := []string{}
	for _, event := range d.events[since:] {
		list = append(list, event.Type)
	}
	return list
}

// told lists whom notices of a kind went to.
func (d *desk) told(kind string) []string {
	list := []string{}
	for _, notice := range d.notices {
		if notice.Kind == kind {
			list = append(list, notice.To...)
		}
	}
	return list
}
