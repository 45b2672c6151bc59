package incident

import (
	"encoding/json"
	"time"
)

// The bodies of commands: each is at once HTTP body, CLI flags, update argument and input of Decide.

// Log opens an incident. With a Resolution it is logged and resolved in one step (first contact).
type Log struct {
	Title              string          `json:"title" minLength:"1" maxLength:"300" doc:"What is wrong, in one line"`
	Description        string          `json:"description,omitempty" maxLength:"65536" doc:"More about it"`
	Impact             string          `json:"impact" doc:"How much is affected: high, medium or low by default" example:"high"`
	Urgency            string          `json:"urgency" doc:"How soon it matters: high, medium or low by default" example:"medium"`
	Service            string          `json:"service,omitempty" doc:"Handle of the affected service"`
	Category           string          `json:"category,omitempty" maxLength:"200" doc:"What kind of thing it is about"`
	Requester          string          `json:"requester,omitempty" doc:"On behalf of whom; left out: whoever logs"`
	Channel            string          `json:"channel,omitempty" maxLength:"200" doc:"How it reached the desk: phone, portal, mail, monitoring, …"`
	Location           string          `json:"location,omitempty" maxLength:"200" doc:"Where it happens"`
	Environment        string          `json:"environment,omitempty" maxLength:"200" doc:"Such as production"`
	Team               string          `json:"team,omitempty" doc:"Left out: the assignment rules choose"`
	Assignee           string          `json:"assignee,omitempty" doc:"An active member of the team"`
	ConfigurationItems []string        `json:"configuration_items,omitempty" maxItems:"100" doc:"Handles of what is affected"`
	Tags               []string        `json:"tags,omitempty" maxItems:"100" doc:"Words to find it by"`
	CustomFields       json.RawMessage `json:"custom_fields,omitempty" doc:"An object of further fields"`
	Restricted         bool            `json:"restricted,omitempty" doc:"Only named people may read it"`
	Follows            string          `json:"follows,omitempty" doc:"The closed incident that this one continues"`
	Resolution         *Resolve        `json:"resolution,omitempty" doc:"Logged and resolved in one step"`
}

// Triage says what the incident is about and whose it is; what is left out stays.
type Triage struct {
	Category           string   `json:"category,omitempty" maxLength:"200" doc:"What kind of thing it is about"`
	Service            string   `json:"service,omitempty" doc:"Handle of the affected service"`
	ConfigurationItems []string `json:"configuration_items,omitempty" maxItems:"100" doc:"All that are affected; replaces the list"`
	Impact             string   `json:"impact,omitempty" doc:"How much is affected"`
	Urgency            string   `json:"urgency,omitempty" doc:"How soon it matters"`
	Team               string   `json:"team,omitempty" doc:"Whose it is; needed where nobody owns it"`
	Tags               []string `json:"tags,omitempty" maxItems:"100" doc:"All of them; replaces the list"`
}

// Assign gives the incident to a team, to a person, or to both; the person must be an active member of the team.
type Assign struct {
	Team     string `json:"team,omitempty" doc:"Whose it is from now on"`
	Assignee string `json:"assignee,omitempty" doc:"An active member of that team"`
}

// Start says that work has begun.
type Start struct {
	EffectiveAt *time.Time `json:"effective_at,omitempty" doc:"When it really was so, at most 24 h back; needs a reason"`
	Reason      string     `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// HoldOn stops work until something outside happens.
type HoldOn struct {
	Reason     string     `json:"reason" doc:"awaiting_requester, awaiting_vendor, awaiting_change, awaiting_problem, scheduled or one of the Vocabulary"`
	Until      *time.Time `json:"until,omitempty" doc:"Resumes by itself"`
	Vendor     string     `json:"vendor,omitempty" maxLength:"200" doc:"Who is waited for; needed for awaiting_vendor"`
	Reference  string     `json:"reference,omitempty" maxLength:"200" doc:"The vendor's number"`
	PromisedAt *time.Time `json:"promised_at,omitempty" doc:"When the vendor promised to be done"`
	Comment    string     `json:"comment,omitempty" maxLength:"4096" doc:"More about it; the requester reads it"`
}

// Resolve says that service is restored, and how.
type Resolve struct {
	Code        string     `json:"code" doc:"One of the Vocabulary resolution-codes" example:"fixed"`
	Notes       string     `json:"notes" minLength:"1" maxLength:"4096" doc:"What was done; the requester reads it"`
	BreachCause string     `json:"breach_cause,omitempty" doc:"Why a promise was broken, one of the Vocabulary breach-causes; only where one was"`
	EffectiveAt *time.Time `json:"effective_at,omitempty" doc:"When it really was so, at most 24 h back; needs a reason"`
	Reason      string     `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Confirm is the requester's yes to the resolution, with an optional score.
type Confirm struct {
	Score   int    `json:"score,omitempty" minimum:"0" maximum:"5" doc:"1 (bad) to 5 (good); 0 leaves it open"`
	Comment string `json:"comment,omitempty" maxLength:"4096" doc:"More about it"`
}

// Because is the body of commands that need a reason and nothing else.
type Because struct {
	Reason string `json:"reason" minLength:"1" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Plain is the body of commands that need nothing; a reason is kept.
type Plain struct {
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// MergeInto makes the incident a duplicate that follows another one.
type MergeInto struct {
	Incident string `json:"incident" doc:"Id or number of the incident that stays"`
	Reason   string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// ChangePriority rates the incident anew by the matrix.
type ChangePriority struct {
	Impact  string `json:"impact" doc:"How much is affected"`
	Urgency string `json:"urgency" doc:"How soon it matters"`
	Reason  string `json:"reason" minLength:"1" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// OverridePriority sets the priority against the matrix; it is marked as such.
type OverridePriority struct {
	Priority int    `json:"priority" minimum:"1" maximum:"5" doc:"1 is the highest"`
	Reason   string `json:"reason" minLength:"1" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Edit changes content; old and new value of each field stand on the timeline. What is left out stays.
type Edit struct {
	Title              *string         `json:"title,omitempty" minLength:"1" maxLength:"300" doc:"What is wrong, in one line"`
	Description        *string         `json:"description,omitempty" maxLength:"65536" doc:"More about it"`
	Service            *string         `json:"service,omitempty" doc:"Handle of the affected service; its policies hold from now on"`
	Category           *string         `json:"category,omitempty" maxLength:"200" doc:"What kind of thing it is about"`
	Requester          *string         `json:"requester,omitempty" doc:"On behalf of whom"`
	Channel            *string         `json:"channel,omitempty" maxLength:"200" doc:"How it reached the desk"`
	Location           *string         `json:"location,omitempty" maxLength:"200" doc:"Where it happens"`
	Environment        *string         `json:"environment,omitempty" maxLength:"200" doc:"Such as production"`
	ConfigurationItems *[]string       `json:"configuration_items,omitempty" maxItems:"100" doc:"All that are affected; replaces the list"`
	Tags               *[]string       `json:"tags,omitempty" maxItems:"100" doc:"All of them; replaces the list"`
	CustomFields       json.RawMessage `json:"custom_fields,omitempty" doc:"An object of further fields; replaces them"`
	Restricted         *bool           `json:"restricted,omitempty" doc:"Only named people may read it"`
	Reason             string          `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Relate ties the incident to another record.
type Relate struct {
	Type string `json:"type" enum:"caused_by,blocks,duplicates,fixed_by,implements,child_of,follows"`
	To   string `json:"to" doc:"Id or number of the other incident or change"`
}

// Reply tells the incident that its requester wrote; given by the platform when a public note comes from the requester.
type Reply struct {
	Note int64  `json:"note,omitempty"` // the note's place on the timeline
	Text string `json:"text,omitempty"` // what the requester wrote: a new incident opens with it when this one is closed
}

// Parent names the incident that a merged one follows; given by the platform.
type Parent struct {
	Incident string `json:"incident"`
	Number   string `json:"number,omitempty"`
}

// Alerted tells the incident what became of the alert that it is about; given by the platform as monitoring says so.
type Alerted struct {
	Alert string `json:"alert"` // the occurrence's id
}

// Informed tells the incident that a person wrote to its requester; given by the platform when a public note is not theirs.
type Informed struct {
	Note int64 `json:"note"` // the note's place on the timeline
}

// Noted tells the incident of a note; given by the platform where a rule of automation follows notes.
type Noted struct {
	Note     int64  `json:"note"` // the note's place on the timeline
	Internal bool   `json:"internal,omitempty"`
	Text     string `json:"text"`
	By       string `json:"by"`
	// Machine: the account that wrote it is a machine's.
	Machine bool `json:"machine,omitempty"`
}

// Page calls people to the incident, or lets the steps of an EscalationPolicy call them.
type Page struct {
	People []string `json:"people,omitempty" maxItems:"20" doc:"Handles of whom to call at once"`
	Policy string   `json:"policy,omitempty" maxLength:"100" doc:"Name of an EscalationPolicy whose steps to take instead"`
	Reason string   `json:"reason" minLength:"1" maxLength:"4096" doc:"What they read first"`
}

// Taken says that somebody who was called takes care; given by the escalation.
type Taken struct {
	By         string `json:"by"`
	Escalation string `json:"escalation"` // its number
	// At is when; left out: when the incident hears of it.
	At *time.Time `json:"at,omitempty"`
}
