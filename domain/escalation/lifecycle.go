package escalation

import (
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// The states of an escalation.
const (
	Calling      domain.State = "calling"
	Acknowledged domain.State = "acknowledged"
	Snoozed      domain.State = "snoozed"
	Exhausted    domain.State = "exhausted"
	Stopped      domain.State = "stopped"
)

var (
	open   = []domain.State{Calling, Acknowledged, Snoozed, Exhausted}
	agents = []domain.Role{domain.RoleAgent, domain.RoleTeamLead, domain.RoleIncidentManager}
)

// Lifecycle is the table of escalations: calling ⇄ acknowledged, snoozed, exhausted → stopped.
var Lifecycle = &domain.Lifecycle{
	Practice: Practice,
	Prefix:   "ESC",
	States: []domain.StateInfo{
		{Name: Calling, Title: "Calling", Open: true, Active: true},
		{Name: Acknowledged, Title: "Acknowledged", Open: true, Active: true},
		{Name: Snoozed, Title: "Snoozed", Open: true, Active: true},
		{Name: Exhausted, Title: "Exhausted", Open: true, Active: true},
		{Name: Stopped, Title: "Stopped"},
	},
	Transitions: []domain.Transition{
		{Verb: "open", Title: "Open", To: []domain.State{Calling, Exhausted}, Event: "escalation.opened", Body: body[Open]},
		{Verb: "acknowledge", Title: "Acknowledge", From: []domain.State{Calling, Snoozed, Exhausted}, To: []domain.State{Acknowledged}, Roles: agents, Event: "escalation.acknowledged", Body: body[Plain]},
		{Verb: "escalate_now", Title: "Escalate now", From: open, To: []domain.State{Calling, Exhausted}, Roles: agents, Event: "escalation.hastened", Body: body[Plain]},
		{Verb: "snooze", Title: "Snooze", From: open, To: []domain.State{Snoozed}, Roles: agents, Event: "escalation.snoozed", Body: body[Snooze]},
		{Verb: "add_responder", Title: "Add responder", From: open, Roles: agents, Event: "escalation.responder_added", Body: body[AddResponder]},
		{Verb: "reassign", Title: "Reassign", From: open, To: []domain.State{Calling, Exhausted}, Roles: agents, Event: "escalation.reassigned", Body: body[Reassign]},

		{Verb: "step_due", Title: "Next step", From: []domain.State{Calling}, To: []domain.State{Calling, Exhausted}, Event: "escalation.stepped", Body: body[Plain]},
		{Verb: "unreached", Title: "Nobody reached", From: []domain.State{Calling}, To: []domain.State{Calling, Exhausted}, Event: "escalation.unreached", Body: body[Unreached]},
		{Verb: "acknowledgement_due", Title: "Look at the acknowledgement", From: []domain.State{Acknowledged}, To: []domain.State{Acknowledged, Calling, Exhausted}, Event: "escalation.acknowledgement_checked", Body: body[Plain]},
		{Verb: "snooze_over", Title: "Snooze ends", From: []domain.State{Snoozed}, To: []domain.State{Calling, Exhausted}, Event: "escalation.resumed", Body: body[Plain]},
		{Verb: "renew", Title: "Another promise in danger", From: open, To: []domain.State{Calling, Exhausted, Acknowledged, Snoozed}, Event: "escalation.renewed", Body: body[Stop]},
		{Verb: "follow", Title: "Follow its record", From: open, Event: "escalation.followed", Body: body[Follow]},
		{Verb: "stop", Title: "Stop", From: open, To: []domain.State{Stopped}, Event: "escalation.stopped", Body: body[Stop]},
	},
}

func body[T any]() any { return new(T) }

// The bodies of commands: each is at once HTTP body, CLI flags, update argument and input of Decide.

// Open calls somebody to a record; given by the record itself.
type Open struct {
	Source         string          `json:"source"`
	SourceNumber   string          `json:"source_number"`
	SourcePractice domain.Practice `json:"source_practice"`
	Title          string          `json:"title"`
	Service        string          `json:"service,omitempty"`
	Team           string          `json:"team,omitempty"`
	Priority       int             `json:"priority"`
	Why            string          `json:"why"`
	// Policy names the steps; left out, People are called at once and nobody after them but the team's lead.
	Policy string   `json:"policy,omitempty"`
	People []string `json:"people,omitempty"`
}

// Plain is the body of commands that need nothing; a reason is kept.
type Plain struct {
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Snooze lets nobody be called until an instant; then the steps begin anew.
type Snooze struct {
	Until  time.Time `json:"until" doc:"At most a week ahead"`
	Reason string    `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// AddResponder calls one more person.
type AddResponder struct {
	Person string `json:"person" minLength:"1" maxLength:"100" doc:"Handle of an active person"`
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Reassign begins anew with the steps of another policy.
type Reassign struct {
	Policy string `json:"policy" minLength:"1" maxLength:"100" doc:"Name of an EscalationPolicy"`
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Unreached says that nobody of a step could be reached on any contact; given by the deliveries.
type Unreached struct {
	Run   int `json:"run,omitempty"`
	Round int `json:"round"`
	Step  int `json:"step"`
}

// Follow says what the record is now; given by the record when that has changed. Why left out, the escalation keeps its own.
type Follow struct {
	Title    string `json:"title"`
	Why      string `json:"why,omitempty"`
	Service  string `json:"service,omitempty"`
	Team     string `json:"team,omitempty"`
	Priority int    `json:"priority"`
}

// Stop says why nobody is needed any more, or why somebody is needed more than ever; given by the record.
type Stop struct {
	Why string `json:"why"`
}
