package meeting

import (
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// The states of a meeting.
const (
	Planned     domain.State = "planned"
	AgendaFixed domain.State = "agenda_fixed"
	Held        domain.State = "held"
	Closed      domain.State = "closed"
	Canceled    domain.State = "canceled"
)

var (
	chairs   = []domain.Role{domain.RoleChangeManager}
	minutes  = []domain.Role{domain.RoleChangeManager, domain.RoleCABMember}
	upcoming = []domain.State{Planned, AgendaFixed}
	open     = []domain.State{Planned, AgendaFixed, Held}
)

// Lifecycle is the table of the meetings of a change advisory board: planned → agenda_fixed → held → closed, or canceled.
var Lifecycle = &domain.Lifecycle{
	Practice: Practice,
	Prefix:   "CAB",
	States: []domain.StateInfo{
		{Name: Planned, Title: "Planned", Open: true, Active: true},
		{Name: AgendaFixed, Title: "Agenda fixed", Open: true, Active: true},
		{Name: Held, Title: "Held", Open: true, Active: true},
		{Name: Closed, Title: "Closed"},
		{Name: Canceled, Title: "Canceled"},
	},
	Transitions: []domain.Transition{
		{Verb: "plan", Title: "Call a meeting", To: []domain.State{Planned}, Roles: chairs, Event: "meeting.called", Body: body[Plan]},
		{Verb: "add_item", Title: "Put on the agenda", From: open, Roles: chairs, Event: "meeting.item_added", Body: body[OfChange]},
		{Verb: "remove_item", Title: "Take off the agenda", From: open, Roles: chairs, Event: "meeting.item_removed", Body: body[OfChange]},
		{Verb: "fix_agenda", Title: "Fix the agenda now", From: []domain.State{Planned}, To: []domain.State{AgendaFixed}, Roles: chairs, Event: "meeting.agenda_fixed", Body: body[Plain]},
		{Verb: "hold", Title: "Begin", From: []domain.State{AgendaFixed}, To: []domain.State{Held}, Roles: chairs, Event: "meeting.held", Body: body[Plain]},
		{Verb: "note", Title: "Note", From: open, Roles: minutes, Event: "meeting.noted", Body: body[Note]},
		{Verb: "close", Title: "Close", From: []domain.State{Held}, To: []domain.State{Closed}, Roles: chairs, Event: "meeting.closed", Body: body[Plain]},
		{Verb: "reschedule", Title: "Reschedule", From: upcoming, To: upcoming, Leads: rescheduleLeads, Roles: chairs, Event: "meeting.rescheduled", Body: body[Reschedule]},
		{Verb: "cancel", Title: "Cancel", From: upcoming, To: []domain.State{Canceled}, Roles: chairs, Event: "meeting.canceled", Body: body[Because]},

		{Verb: "cut_off", Title: "Cut-off", From: []domain.State{Planned}, To: []domain.State{AgendaFixed}, Event: "meeting.agenda_fixed", Body: body[Plain]},
		{Verb: "begin", Title: "Begins", From: []domain.State{AgendaFixed}, To: []domain.State{Held}, Event: "meeting.held", Body: body[Plain]},
		{Verb: "end", Title: "Ends", From: []domain.State{Held}, Event: "meeting.ended", Body: body[Plain]},
		{Verb: "auto_close", Title: "Closes by itself", From: []domain.State{Held}, To: []domain.State{Closed}, Event: "meeting.closed", Body: body[Plain]},
	},
}

// rescheduleLeads: a meeting whose new cut-off lies ahead has its agenda fixed anew.
var rescheduleLeads = map[domain.State][]domain.State{AgendaFixed: {Planned, AgendaFixed}}

func body[T any]() any { return new(T) }

// The bodies of commands: each is at once HTTP body, CLI flags, update argument and input of Decide.

// Plan calls a meeting.
type Plan struct {
	Title    string            `json:"title" minLength:"1" maxLength:"300"`
	Board    Board             `json:"board" doc:"Whose votes it is about: a role or a team, of a scope if it has one"`
	At       time.Time         `json:"at" doc:"When it begins"`
	Minutes  int               `json:"minutes,omitempty" minimum:"5" maximum:"720" doc:"How long it lasts; left out: 60"`
	CutOff   calendar.Duration `json:"cut_off,omitzero" doc:"How long before it the agenda is fixed, such as 1wd or 4h; left out: 1wd"`
	Calendar string            `json:"calendar,omitempty" maxLength:"100" doc:"In which working days are counted; left out: default"`
	// Cadence and Turn are given by the cadence that calls it.
	Cadence string `json:"cadence,omitempty" maxLength:"100" doc:"Left to the platform"`
	Turn    string `json:"turn,omitempty" maxLength:"40" doc:"Left to the platform"`
}

// OfChange is about one change.
type OfChange struct {
	Change string `json:"change" minLength:"1" maxLength:"200" doc:"Its number or id"`
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Note puts something into the minutes.
type Note struct {
	Change string `json:"change,omitempty" maxLength:"200" doc:"What it is about, an item of the agenda; left out: the meeting itself"`
	Text   string `json:"text" minLength:"1" maxLength:"4096"`
}

// Reschedule moves a meeting to another time; its cut-off moves with it.
type Reschedule struct {
	At      time.Time `json:"at" doc:"When it begins"`
	Minutes int       `json:"minutes,omitempty" minimum:"5" maximum:"720" doc:"How long it lasts; left out: as before"`
	Reason  string    `json:"reason" minLength:"1" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Plain is the body of commands that need nothing; a reason is kept.
type Plain struct {
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Because is the body of commands that need a reason.
type Because struct {
	Reason string `json:"reason" minLength:"1" maxLength:"4096" doc:"Why, kept on the timeline"`
}
