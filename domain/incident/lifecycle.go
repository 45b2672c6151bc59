package incident

import (
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
)

// The states of an incident.
const (
	New        domain.State = "new"
	Triaged    domain.State = "triaged"
	InProgress domain.State = "in_progress"
	OnHold     domain.State = "on_hold"
	Resolved   domain.State = "resolved"
	Closed     domain.State = "closed"
	Canceled   domain.State = "canceled"
)

var (
	openStates = []domain.State{New, Triaged, InProgress, OnHold}
	allStates  = []domain.State{New, Triaged, InProgress, OnHold, Resolved, Closed, Canceled}

	editStates = []domain.State{New, Triaged, InProgress, OnHold, Resolved, Canceled}

	agents = []domain.Role{domain.RoleAgent, domain.RoleTeamLead, domain.RoleIncidentManager}
	leads  = []domain.Role{domain.RoleTeamLead, domain.RoleIncidentManager}
	asker  = []domain.Role{domain.RoleRequester}
	anyone = []domain.Role{domain.RoleRequester, domain.RoleAgent, domain.RoleTeamLead, domain.RoleIncidentManager}
)

// Lifecycle is the table of incident management: new → triaged → in_progress ⇄ on_hold → resolved → closed; canceled.
var Lifecycle = &domain.Lifecycle{
	Practice: domain.Incident,
	Prefix:   "INC",
	States: []domain.StateInfo{
		{Name: New, Title: "New", Open: true, Active: true},
		{Name: Triaged, Title: "Triaged", Open: true, Active: true},
		{Name: InProgress, Title: "In progress", Open: true, Active: true},
		{Name: OnHold, Title: "On hold", Open: true, Active: true},
		{Name: Resolved, Title: "Resolved", Active: true},
		{Name: Closed, Title: "Closed"},
		{Name: Canceled, Title: "Canceled"},
	},
	Transitions: []domain.Transition{
		{Verb: "log", Title: "Log", To: []domain.State{New, Resolved}, Roles: anyone, Event: "incident.logged", Body: body[Log]},
		{Verb: "triage", Title: "Triage", From: []domain.State{New}, To: []domain.State{Triaged}, Roles: agents, Event: "incident.triaged", Body: body[Triage]},
		{Verb: "assign", Title: "Assign", From: openStates, Roles: agents, Event: "incident.assigned", Body: body[Assign]},
		{Verb: "start", Title: "Start", From: []domain.State{New, Triaged}, To: []domain.State{InProgress}, Roles: agents, Event: "incident.started", Body: body[Start]},
		{Verb: "hold", Title: "Hold", From: openStates, To: []domain.State{OnHold}, Roles: agents, Event: "incident.held", Body: body[HoldOn]},
		{Verb: "resume", Title: "Resume", From: []domain.State{OnHold}, To: []domain.State{New, Triaged, InProgress}, Roles: agents, Event: "incident.resumed", Body: body[Plain]},
		{Verb: "resolve", Title: "Resolve", From: openStates, To: []domain.State{Resolved}, Roles: agents, Event: "incident.resolved", Body: body[Resolve]},
		{Verb: "confirm", Title: "Confirm", From: []domain.State{Resolved}, To: []domain.State{Closed}, Roles: asker, Event: "incident.confirmed", Body: body[Confirm]},
		{Verb: "reopen", Title: "Reopen", From: []domain.State{Resolved, Closed}, To: []domain.State{InProgress}, Roles: anyone, Event: "incident.reopened", Body: body[Because]},
		{Verb: "close", Title: "Close", From: []domain.State{Resolved}, To: []domain.State{Closed}, Roles: agents, Event: "incident.closed", Body: body[Plain]},
		{Verb: "cancel", Title: "Cancel", From: openStates, To: []domain.State{Canceled}, Roles: anyone, Event: "incident.canceled", Body: body[Because]},
		{Verb: "merge_into", Title: "Merge into", From: openStates, Roles: leads, Event: "incident.merged", Body: body[MergeInto]},
		{Verb: "unmerge", Title: "Unmerge", From: openStates, Roles: leads, Event: "incident.unmerged", Body: body[Plain]},
		{Verb: "change_priority", Title: "Change priority", From: openStates, Roles: agents, Event: "incident.priority_changed", Body: body[ChangePriority]},
		{Verb: "override_priority", Title: "Override priority", From: openStates, Roles: leads, Event: "incident.priority_overridden", Body: body[OverridePriority]},
		{Verb: "page", Title: "Page", From: openStates, Roles: agents, Event: "incident.paged", Body: body[Page]},
		{Verb: "re_rate", Title: "Re-rate clocks", From: openStates, Roles: leads, Event: "incident.re_rated", Body: body[Plain]},
		{Verb: "edit", Title: "Edit", From: editStates, Roles: agents, Event: "incident.edited", Body: body[Edit]},
		{Verb: "rate", Title: "Rate", From: []domain.State{Closed}, Roles: asker, Event: "incident.rated", Body: body[Confirm]},
		{Verb: "link", Title: "Link", From: allStates, Roles: agents, Event: "incident.linked", Body: body[Relate]},
		{Verb: "unlink", Title: "Unlink", From: allStates, Roles: agents, Event: "incident.unlinked", Body: body[Relate]},

		{Verb: "reply", Title: "Requester's reply", From: allStates, To: []domain.State{New, Triaged, InProgress}, Leads: replyLeads, Event: "incident.replied", Body: body[Reply]},
		{Verb: "triage_overdue", Title: "Triage overdue", From: []domain.State{New}, Event: "incident.triage_escalated", Body: body[Plain]},
		{Verb: "remind_requester", Title: "Remind the requester", From: []domain.State{OnHold}, Event: "incident.reminded", Body: body[Plain]},
		{Verb: "no_response", Title: "Resolve without a response", From: []domain.State{OnHold}, To: []domain.State{Resolved}, Event: "incident.resolved", Body: body[Plain]},
		{Verb: "promise_missed", Title: "Vendor's promise missed", From: []domain.State{OnHold}, Event: "incident.promise_missed", Body: body[Plain]},
		{Verb: "hold_over", Title: "Hold ends", From: []domain.State{OnHold}, To: []domain.State{New, Triaged, InProgress}, Event: "incident.resumed", Body: body[Plain]},
		{Verb: "auto_close", Title: "Close by itself", From: []domain.State{Resolved}, To: []domain.State{Closed}, Event: "incident.closed", Body: body[Plain]},
		{Verb: "clock_due", Title: "Clock due", From: openStates, Event: "incident.clock_reached", Body: body[Plain]},
		{Verb: "page_due", Title: "Page, as support opens", From: openStates, Event: "incident.paged", Body: body[Plain]},
		{Verb: "informed", Title: "Requester informed", From: openStates, Event: "incident.requester_informed", Body: body[Informed]},
		{Verb: "acknowledged", Title: "Acknowledged", From: openStates, Event: "incident.acknowledged", Body: body[Taken]},
		{Verb: "automate", Title: "Follow a rule", From: allStates, Event: EventAutomated, Body: body[automation.Run]},
		{Verb: "noted", Title: "Note added", From: allStates, Event: "incident.noted", Body: body[Noted]},
		{Verb: "duplicate_joined", Title: "Duplicate joined", From: allStates, Event: "incident.duplicate_joined", Body: body[Parent]},
		{Verb: "duplicate_left", Title: "Duplicate left", From: allStates, Event: "incident.duplicate_left", Body: body[Parent]},
		{Verb: "parent_closed", Title: "Close with its parent", From: openStates, To: []domain.State{Closed}, Event: "incident.closed", Body: body[Parent]},
		{Verb: "parent_canceled", Title: "Leave its canceled parent", From: openStates, Event: "incident.unmerged", Body: body[Parent]},
		{Verb: "alert_stopped", Title: "Its alert stopped", From: allStates, To: []domain.State{Resolved}, Leads: stopLeads, Event: "incident.alert_ended", Body: body[Alerted]},
		{Verb: "alert_again", Title: "Its alert fires again", From: allStates, To: []domain.State{New, Triaged, InProgress}, Leads: againLeads, Event: "incident.alert_returned", Body: body[Alerted]},
	},
}

// replyLeads: a reply moves an incident that waits for it, or one that was held for resolved; elsewhere it is only told.
var replyLeads = map[domain.State][]domain.State{OnHold: {New, Triaged, InProgress}, Resolved: {InProgress}}

// stopLeads: what nobody has taken up is over with its alert; whoever works on it decides what that means.
var stopLeads = map[domain.State][]domain.State{New: {Resolved}, Triaged: {Resolved}}

// againLeads: an alert that fires again takes up what had ended.
var againLeads = map[domain.State][]domain.State{Resolved: {New, Triaged, InProgress}, Closed: {New, Triaged, InProgress}}

func body[T any]() any { return new(T) }

// mergedVerbs are the commands that an incident which follows another one still takes.
var mergedVerbs = map[string]bool{
	"unmerge": true, "edit": true, "link": true, "unlink": true, "reply": true, "reopen": true, "rate": true,
	"parent_closed": true, "parent_canceled": true, "duplicate_joined": true, "duplicate_left": true,
	"automate": true, "noted": true,
	"alert_stopped": true, "alert_again": true,
}

// Allowed lists the commands that this incident takes from this actor now; the table, narrowed by what the row says.
func Allowed(record Incident, actor domain.Actor) []string {
	allowed := []string{}
	for _, verb := range Lifecycle.Allowed(record.State, actor) {
		if check(record, domain.Command{Name: "incident." + verb, Actor: actor}) == nil {
			allowed = append(allowed, verb)
		}
	}
	return allowed
}

// check refuses what the row itself forbids beyond the table: it needs no facts, so that buttons can follow it.
func check(record Incident, command domain.Command) error {
	verb := command.Verb()
	if record.Merged() && !mergedVerbs[verb] {
		return domain.Conflict(nil, "the incident is merged into another one and follows it")
	}
	onlyRequester := command.Actor.Kind == domain.ActorPerson && !command.Actor.Has(agents...)
	switch {
	case verb == "unmerge" && !record.Merged():
		return domain.Conflict(nil, "the incident is not merged into another one")
	case verb == "cancel" && onlyRequester && record.State != New:
		return domain.Errorf(domain.CodeForbidden, "a requester may cancel only while nobody has taken the incident up")
	case verb == "reopen" && onlyRequester && record.State == Closed:
		return domain.Errorf(domain.CodeForbidden, "a closed incident is reopened by an agent; a reply opens a new one")
	case (verb == "confirm" || verb == "rate") && command.Actor.Kind == domain.ActorPerson && command.Actor.Name != record.Requester:
		return domain.Errorf(domain.CodeForbidden, "only the requester can %s: whoever logged or works on the incident cannot speak for them", verb)
	case verb == "rate" && record.Satisfaction.Score != 0:
		return domain.Conflict(nil, "the incident has been rated")
	}
	return nil
}

// Check says whether the committed row allows a command at all: the table and what the row itself forbids. Decide checks
// the same, and all that needs facts. A conflict names exactly what Allowed lists.
func Check(record Incident, command domain.Command) error {
	err := Lifecycle.Check(command.Verb(), record.State, command.Actor)
	if err == nil {
		err = check(record, command)
	}
	if refused := domain.AsError(err); refused != nil && refused.Code == domain.CodeConflict {
		refused.Allowed = Allowed(record, command.Actor)
	}
	return err
}
