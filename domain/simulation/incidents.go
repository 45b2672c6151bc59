package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// IncidentEvents are the types of events by which an incident's life is told; others say nothing that a clock asks about.
var IncidentEvents = []string{
	"incident.logged", "incident.triaged", "incident.assigned", "incident.started", "incident.held", "incident.resumed",
	"incident.resolved", "incident.confirmed", "incident.reopened", "incident.closed", "incident.canceled", "incident.merged",
	"incident.unmerged", "incident.priority_changed", "incident.priority_overridden", "incident.priority_raised",
	"incident.edited", "incident.requester_informed", "incident.acknowledged",
}

// Line is an event of a timeline with its data as values: as decided, or as read from JSON.
type Line struct {
	Type  string
	At    time.Time
	Actor domain.Actor
	DueAt *time.Time
	Data  map[string]any
}

// LinesOf are events that have just been decided, as lines.
func LinesOf(events []domain.Event) []Line {
	lines := make([]Line, len(events))
	for i, event := range events {
		lines[i] = Line{Type: event.Type, At: event.At, Actor: event.Actor, DueAt: event.DueAt, Data: event.Data}
	}
	return lines
}

// Incident makes a case of an incident and its timeline. reasons are the vocabulary of its holds. A timeline that does not begin
// with the incident's opening is an error.
func Incident(one incident.Incident, lines []Line, reasons policy.Vocabulary) (*Case, error) {
	lines = slices.DeleteFunc(slices.Clone(lines), func(l Line) bool { return !slices.Contains(IncidentEvents, l.Type) })
	if len(lines) == 0 || lines[0].Type != "incident.logged" {
		return nil, fmt.Errorf("%s: its timeline does not begin with its opening", one.Number)
	}
	t := &teller{reasons: reasons, made: &Case{ID: one.ID, Number: one.Number, Team: one.Team, Priority: one.Priority}}
	t.open(one, lines)
	for i, line := range lines {
		t.tell(line, i == 0)
	}
	t.settle(one)
	return t.made, nil
}

// teller turns events into steps. It follows the incident's fields and state as the events change them.
type teller struct {
	made     *Case
	reasons  policy.Vocabulary
	record   Record // as it is now
	assignee string
	state    domain.State
	moved    time.Time // when the state last changed
	merged   bool
	started  bool
	restored int // the last step that restored service; 0: none
}

// open finds out what the incident was like when it was opened: what its first event says, else what the first change of a field
// says it was before, else what it is now.
func (t *teller) open(one incident.Incident, lines []Line) {
	first := func(name, now string) string {
		for i, line := range lines {
			value, there := line.Data[name]
			if !there {
				continue
			}
			if before, changed := beforeOf(value); changed && i > 0 {
				return text(before)
			}
			return text(after(value))
		}
		return now
	}
	priority := one.Priority
	for i, line := range lines {
		if value, there := line.Data["priority"]; there {
			before, changed := beforeOf(value)
			if !changed || i == 0 {
				before = after(value)
			}
			priority = number(before)
			break
		}
	}
	t.record = Record{
		Practice: string(domain.Incident), Title: one.Title, Service: first("service", one.Service), Category: first("category", one.Category),
		Team: first("team", one.Team), Channel: first("channel", one.Channel), Location: one.Location,
		Environment: first("environment", one.Environment), Requester: one.Requester, Tags: one.Tags, ConfigurationItems: one.ConfigurationItems,
		Rating: Rating{Impact: first("impact", one.Impact), Urgency: first("urgency", one.Urgency), Priority: priority},
	}
	t.assignee = first("assignee", one.Assignee)
	opened := t.record
	t.made.Opened = opened
	t.moved = domain.Millisecond(one.OpenedAt)
	t.state = incident.New
	t.add(sla.Moment{At: t.moved, Event: sla.EventOpened, By: one.OpenedBy, Team: opened.Team}, &opened)
}

func (t *teller) add(m sla.Moment, record *Record) {
	if opened := t.made.Steps; len(opened) > 0 && m.At.Before(opened[0].At) {
		m.At = opened[0].At
	}
	t.made.Steps = append(t.made.Steps, Step{Moment: m, Record: record})
}

// tell adds what one event says: first the circumstances, then the rating, then what answers a promise, as a decision does.
func (t *teller) tell(line Line, first bool) {
	moment := sla.Moment{At: domain.Millisecond(line.At), By: line.Actor.Name, Silent: line.Actor.Kind != domain.ActorPerson}
	if first {
		moment.At = t.moved
	}
	t.fields(line, moment, first)
	switch line.Type {
	case "incident.requester_informed":
		moment.Event = sla.EventReply
		t.add(moment, nil)
	case "incident.acknowledged":
		moment.Event = sla.EventAcknowledge
		t.add(moment, nil)
	case "incident.merged":
		t.merge(moment, true)
	case "incident.unmerged":
		t.merge(moment, false)
	}
	if to := t.stateAfter(line); to != "" {
		t.enter(line, to, moment)
	}
}

// fields follows what the event changes of team, assignee, rating, service and category.
func (t *teller) fields(line Line, moment sla.Moment, first bool) {
	was, by := t.record, t.assignee
	into := map[string]*string{
		"service": &t.record.Service, "category": &t.record.Category, "team": &t.record.Team, "channel": &t.record.Channel,
		"environment": &t.record.Environment, "impact": &t.record.Rating.Impact, "urgency": &t.record.Rating.Urgency, "assignee": &t.assignee,
	}
	for name, value := range line.Data {
		if field := into[name]; field != nil {
			*field = text(after(value))
		}
	}
	if value, there := line.Data["priority"]; there {
		t.record.Rating.Priority = number(after(value))
	}
	switch line.Type {
	case "incident.priority_overridden", "incident.priority_raised":
		t.record.Rating.ByHand = true
	case "incident.priority_changed":
		t.record.Rating.ByHand = false
	}
	now := t.record
	team := now.Team != was.Team
	if team {
		owned := moment
		owned.Event, owned.Team, owned.Silent = sla.EventAssign, now.Team, true
		t.add(owned, nil)
	}
	rated := moment
	rated.At, rated.Priority = dueOf(line, moment.At), now.Rating.Priority
	if now.Service != was.Service || now.Category != was.Category {
		rated.Event = sla.EventReclassify
		t.add(rated, &now)
	} else if now.Rating != was.Rating {
		rated.Event = sla.EventChangePriority
		t.add(rated, &now)
	}
	if t.assignee != "" && !moment.Silent && (first || team || t.assignee != by) {
		moment.Event, moment.Team = sla.EventAssign, now.Team
		t.add(moment, nil)
	}
}

// dueOf is when something really was so: for what a timer brings, when it was due, however late that was decided.
func dueOf(line Line, decided time.Time) time.Time {
	if line.Actor.Kind != domain.ActorTimer || line.DueAt == nil || line.DueAt.After(decided) {
		return decided
	}
	return domain.Millisecond(*line.DueAt)
}

func (t *teller) merge(moment sla.Moment, merged bool) {
	if t.merged == merged {
		return
	}
	t.merged = merged
	moment.Event = sla.EventUnmerge
	if merged {
		moment.Event = sla.EventMerge
	}
	t.add(moment, nil)
}

// stateAfter is the state that the event leads to; empty where it leads to none.
func (t *teller) stateAfter(line Line) domain.State {
	said := domain.State(text(after(line.Data["state"])))
	switch line.Type {
	case "incident.logged", "incident.resumed":
		return said
	case "incident.triaged":
		return incident.Triaged
	case "incident.started":
		return incident.InProgress
	case "incident.held":
		return incident.OnHold
	case "incident.resolved":
		return incident.Resolved
	case "incident.closed", "incident.confirmed":
		return incident.Closed
	case "incident.canceled":
		return incident.Canceled
	case "incident.reopened":
		if said != "" {
			return said
		}
		return incident.InProgress
	}
	return ""
}

// enter adds the step into a state, when it really was so: never before the step into the one before.
func (t *teller) enter(line Line, to domain.State, moment sla.Moment) {
	if stated := instant(line.Data["effective_at"]); stated != nil {
		moment.At = *stated
	} else if line.Type == "incident.resumed" {
		moment.At = dueOf(line, moment.At)
	}
	if moment.At.Before(t.moved) {
		moment.At = t.moved
	}
	open := isOpen(to)
	if !isOpen(t.state) && open {
		t.merge(moment, false)
		t.restored, t.started = 0, t.started || to == incident.InProgress
		moment.Event = sla.EventReopen
		t.state = incident.InProgress
		if to == incident.New || to == incident.Triaged {
			t.state, moment.State = to, to
		}
		t.add(moment, nil)
	}
	if moment.Event = t.event(to); moment.Event != "" {
		switch moment.Event {
		case sla.EventStart:
			moment.Silent = moment.Silent || t.started
			t.started = true
		case sla.EventHold:
			moment.Reason, moment.Vendor = text(line.Data["reason"]), text(line.Data["vendor"])
			if moment.Base = text(line.Data["base"]); moment.Base == "" {
				moment.Base, _ = t.reasons.Base(moment.Reason)
			}
		}
		if isOpen(t.state) && !open {
			t.restored = len(t.made.Steps)
		}
		t.add(moment, nil)
	}
	t.state, t.moved = to, moment.At
}

// event is the moment that leads from the present state to another; empty where nothing moves.
func (t *teller) event(to domain.State) sla.Event {
	if to == t.state && to != incident.OnHold {
		return ""
	}
	switch to {
	case incident.New:
		return sla.EventResume
	case incident.Triaged:
		return sla.EventTriage
	case incident.InProgress:
		return sla.EventStart
	case incident.OnHold:
		return sla.EventHold
	case incident.Resolved:
		return sla.EventResolve
	case incident.Closed:
		return sla.EventClose
	}
	return sla.EventCancel
}

// settle takes the incident's own word for when service was restored, where its steps leave room for it, and puts the steps in
// the order in which they really happened.
func (t *teller) settle(one incident.Incident) {
	steps := t.made.Steps
	if at := one.ResolvedAt; at != nil && t.restored > 0 {
		earliest := steps[0].At
		for _, step := range steps[:t.restored] {
			if step.Event != sla.EventAssign && step.Event != sla.EventChangePriority && step.Event != sla.EventReclassify {
				earliest = step.At
			}
		}
		if stated := domain.Millisecond(*at); !stated.Before(earliest) && !stated.After(steps[t.restored].At) {
			steps[t.restored].At = stated
		}
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.At.Compare(b.At) })
}

func isOpen(state domain.State) bool {
	info, known := incident.Lifecycle.State(state)
	return known && info.Open
}

// beforeOf is the old value of a change.
func beforeOf(value any) (any, bool) {
	switch v := value.(type) {
	case domain.Change:
		return v.From, true
	case map[string]any:
		from, changed := v["from"]
		return from, changed
	}
	return nil, false
}

// after is the new value of a change, or the value itself.
func after(value any) any {
	switch v := value.(type) {
	case domain.Change:
		return v.To
	case map[string]any:
		return v["to"]
	}
	return value
}

func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case domain.State:
		return string(v)
	}
	return ""
}

func number(value any) int {
	switch v := value.(type) {
	case int:
		return v
	case float64:
		return int(v)
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return 0
		}
		return int(n)
	}
	return 0
}

func instant(value any) *time.Time {
	switch v := value.(type) {
	case time.Time:
		v = domain.Millisecond(v)
		return &v
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			at = domain.Millisecond(at.UTC())
			return &at
		}
	}
	return nil
}
