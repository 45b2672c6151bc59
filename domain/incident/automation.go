package incident

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// The events that tell of rules of automation. No rule follows them.
const (
	EventAutomated         = "incident.automated"
	EventAutomationHeld    = "incident.automation_held"
	EventAutomationFailed  = "incident.automation_failed"
	EventAutomationRefused = "incident.automation_refused"
)

// EventNote is a note on the timeline.
const EventNote = "note.added"

// VerbNoted is the verb by which an incident hears of a note, where a rule follows notes.
const VerbNoted = "noted"

// Followed are the types of events that rules of automation can follow, in order.
func Followed() []string {
	list := []string{
		EventNote, "incident.clock_breached", "incident.clock_re_rated", "incident.clock_withdrawn", "incident.page_deferred",
		"incident.page_withdrawn", "incident.priority_raised", "incident.reassignment_failed",
	}
	for _, transition := range Lifecycle.Transitions {
		if transition.Event != EventAutomated && transition.Verb != VerbNoted {
			list = append(list, transition.Event)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// automate tells the incident of a rule: that it runs, with what is no command of its own; that it is held; that its condition failed;
// or that one of its actions was refused.
func (d *draft) automate() error {
	var run automation.Run
	if err := d.command.Decode(&run); err != nil {
		return err
	}
	data := map[string]any{"policy": run.Policy, "version": run.Version, "rule": run.Rule, "on": run.On}
	if run.When != "" {
		data["when"] = run.When
	}
	if len(run.Chain) > 0 {
		data["chain"] = run.Chain
	}
	switch {
	case run.Failed != "":
		d.add(EventAutomationFailed, false, content.Clip(run.Failed, domain.MaxReasonBytes), data, nil)
		return nil
	case run.Held != "":
		d.add(EventAutomationHeld, false, run.Held, data, nil)
		return nil
	case run.Refused != "":
		data["action"] = run.Refused
		d.add(EventAutomationRefused, false, content.Clip(run.Why, domain.MaxReasonBytes), data, nil)
		return nil
	}
	data["actions"] = run.Actions
	d.event(false, run.Reason(), data, nil)
	for _, note := range run.Notes {
		d.add(EventNote, false, "", nil, map[string]any{"body": note})
	}
	d.Watchers = append(d.Watchers, run.Watchers...)
	d.notify(EventAutomated, map[string]any{"rule": run.Rule, "on": run.On}, d.recipients(run.Notify)...)
	return nil
}

// noted hears of a note that a rule may follow.
func (d *draft) noted() error {
	var body Noted
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(false, "", map[string]any{"note": body.Note, "internal": body.Internal}, nil)
	return nil
}

// FollowedEvents are what rules follow of the events of a decision. A note that the incident hears of is the event of that note.
func FollowedEvents(events []domain.Event) []domain.Event {
	list := slices.Clone(events)
	for i := range list {
		if list[i].Type == "incident.noted" {
			list[i].Type, list[i].Public = EventNote, list[i].Data["internal"] != true
		}
	}
	return list
}

// Situation is what a rule's condition can ask once an event has come of a command.
func Situation(record Incident, command domain.Command, event domain.Event) automation.Situation {
	said := func(name string) string { return word(event.Data[name]) }
	text, by, kind := "", event.Actor.Name, string(event.Actor.Kind)
	if body, personal := event.Personal["body"].(string); personal {
		text = body
	}
	if command.Verb() == VerbNoted {
		var note Noted
		if json.Unmarshal(command.Body, &note) == nil {
			text, by, kind = note.Text, note.By, string(domain.ActorPerson)
			if note.Machine {
				kind = string(domain.ActorMachine)
			}
		}
	} else if command.Actor.Machine {
		kind = string(domain.ActorMachine)
	}
	return automation.Situation{
		Record: map[string]any{
			"practice": string(domain.Incident), "number": record.Number, "title": record.Title, "description": record.Description,
			"state": string(record.State), "impact": record.Impact, "urgency": record.Urgency, "priority": int64(record.Priority),
			"service": record.Service, "category": record.Category, "channel": record.Channel, "location": record.Location,
			"environment": record.Environment, "requester": record.Requester, "opened_by": record.OpenedBy, "team": record.Team,
			"assignee": record.Assignee, "tags": record.Tags, "configuration_items": record.ConfigurationItems, "hold_reason": record.Hold.Reason,
			"reopen_count": int64(record.ReopenCount), "reassignment_count": int64(record.ReassignmentCount), "open": record.Open,
			"restricted": record.Restricted, "breached": record.Breached(), "ping_pong": record.PingPong,
		},
		Event: map[string]any{
			"type": event.Type, "public": event.Public, "text": text, "reason": event.Reason, "metric": said("metric"), "agreement": said("agreement"),
			"at": said("at"), "code": said("code"), "policy": said("policy"),
		},
		Actor: map[string]any{"kind": kind, "name": by},
	}
}

// word is a value of an event as text, "" where it is none.
func word(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case interface{ String() string }:
		return value.String()
	}
	if text, err := json.Marshal(value); err == nil {
		if unquoted, err := strconv.Unquote(string(text)); err == nil {
			return unquoted
		}
	}
	return ""
}

// CommandOf is the command that does a rule's action on an incident as it stands; "" where nothing would change, or where telling of the
// rule has done it.
func CommandOf(record Incident, action automation.Action, reason string) (string, any) {
	switch {
	case action.Assign != nil:
		if team := action.Assign.Team; (team == "" || team == record.Team) && (action.Assign.Person == "" || action.Assign.Person == record.Assignee) {
			return "", nil
		}
		return "assign", Assign{Team: action.Assign.Team, Assignee: action.Assign.Person}
	case len(action.AddTags) > 0:
		return retag(record, content.Unique(append(slices.Clone(record.Tags), action.AddTags...)), reason)
	case len(action.RemoveTags) > 0:
		gone := func(tag string) bool { return slices.Contains(action.RemoveTags, tag) }
		return retag(record, slices.DeleteFunc(slices.Clone(record.Tags), gone), reason)
	case len(action.Set) > 0:
		return set(record, action.Set, reason)
	case action.RaisePriority > 0:
		if raised := max(record.Priority-action.RaisePriority, 1); raised < record.Priority {
			return "override_priority", OverridePriority{Priority: raised, Reason: reason}
		}
	case action.ChangePriority != nil:
		if to := action.ChangePriority; to.Impact != "" && to.Impact != record.Impact || to.Urgency != "" && to.Urgency != record.Urgency {
			return "change_priority", ChangePriority{Impact: to.Impact, Urgency: to.Urgency, Reason: reason}
		}
	case action.Escalate != "":
		if !slices.ContainsFunc(record.Escalations, func(c Call) bool { return c.Policy == action.Escalate }) {
			return "page", Page{Policy: action.Escalate, Reason: reason}
		}
	case len(action.Page) > 0:
		return "page", Page{People: action.Page, Reason: reason}
	}
	return "", nil
}

func retag(record Incident, tags []string, reason string) (string, any) {
	if slices.Equal(tags, record.Tags) {
		return "", nil
	}
	return "edit", Edit{Tags: &tags, Reason: reason}
}

func set(record Incident, fields map[string]string, reason string) (string, any) {
	edit, changes := Edit{Reason: reason}, false
	for _, field := range []struct {
		name string
		have string
		want **string
	}{
		{"category", record.Category, &edit.Category},
		{"channel", record.Channel, &edit.Channel},
		{"environment", record.Environment, &edit.Environment},
		{"location", record.Location, &edit.Location},
		{"service", record.Service, &edit.Service},
	} {
		if value, said := fields[field.name]; said && value != field.have {
			*field.want, changes = &value, true
		}
	}
	if !changes {
		return "", nil
	}
	return "edit", edit
}
