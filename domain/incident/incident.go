// Package incident holds the rules of incident management (ITIL 4): restore service as fast as possible.
//
// lifecycle.go has the table of states and commands, decide.go and its neighbours say what each command does, deadlines.go
// says which moments the record's timer keeps. All of it is pure: facts and the moment come in, a decision goes out.
package incident

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Levels of impact and urgency that every PriorityMatrix knows by default.
const (
	High   = "high"
	Medium = "medium"
	Low    = "low"
)

// Reasons to hold; a Vocabulary may add further ones, each naming one of these as its base.
const (
	AwaitingRequester = "awaiting_requester"
	AwaitingVendor    = "awaiting_vendor"
	AwaitingChange    = "awaiting_change"
	AwaitingProblem   = "awaiting_problem"
	Scheduled         = "scheduled"
)

// Codes of resolutions that the platform itself gives.
const (
	CodeNoResponse = "no_response"
	CodeDuplicate  = "duplicate"
	CodeRecovered  = "recovered"
)

// Incident is an unplanned interruption of a service or a loss of its quality (ITIL 4).
type Incident struct {
	domain.Record
	Details
	// Clocks are the promises made of it: those in force, and those that a decision has just put out of force.
	Clocks []sla.Clock `json:"clocks,omitempty" bun:"clocks,scanonly,type:json"`
}

// Details are the columns that only incidents have.
type Details struct {
	Impact  string `json:"impact" bun:"impact"`
	Urgency string `json:"urgency" bun:"urgency"`
	// PriorityOverridden marks a priority set by hand against the matrix.
	PriorityOverridden bool       `json:"priority_overridden" bun:"priority_overridden"`
	StartedAt          *time.Time `json:"started_at,omitempty" bun:"started_at"` // first start of work
	TriagedAt          *time.Time `json:"triaged_at,omitempty" bun:"triaged_at"`
	Hold               Hold       `json:"hold,omitzero" bun:"embed:hold_"`
	Resolution         Resolution `json:"resolution,omitzero" bun:"embed:resolution_"`
	// FirstContact: logged and resolved in one step.
	FirstContact      bool   `json:"first_contact" bun:"first_contact"`
	ReassignmentCount int    `json:"reassignment_count" bun:"reassignment_count"`
	PreviousTeam      string `json:"previous_team,omitempty" bun:"previous_team"`
	// PingPong: the incident went from one team to another and straight back.
	PingPong    bool `json:"ping_pong" bun:"ping_pong"`
	ReopenCount int  `json:"reopen_count" bun:"reopen_count"`
	// MergedInto is the id of the incident that this one duplicates and follows.
	MergedInto string `json:"merged_into,omitempty" bun:"merged_into,type:uuid,nullzero"`
	// TriageEscalatedAt is when the team lead was told that triage is overdue.
	TriageEscalatedAt *time.Time   `json:"triage_escalated_at,omitempty" bun:"triage_escalated_at"`
	Satisfaction      Satisfaction `json:"satisfaction,omitzero" bun:"embed:satisfaction_"`
	// BreachCause says why a promise was broken, as whoever resolved it put it.
	BreachCause string `json:"breach_cause,omitempty" bun:"breach_cause"`
	// Source keeps the counters and the priority of the system that an imported incident came from, beside ours.
	Source json.RawMessage `json:"source,omitempty" bun:"source,type:json,nullzero"`
	// Agreements are the service level agreements that it is under.
	Agreements []sla.Stamp `json:"agreements,omitempty" bun:"agreements,type:json"`
	// RespondedAt is when a person first responded to its requester.
	RespondedAt *time.Time `json:"responded_at,omitempty" bun:"responded_at"`
	// Life are its circumstances since it was opened, by which its clocks count.
	Life sla.Life `json:"-" bun:"life,type:json"`
	// Escalations are those that it has begun and that may still call somebody.
	Escalations []Call `json:"escalations,omitempty" bun:"escalations,type:json"`
	// PageAt is when its service's support opens and is paged.
	PageAt *time.Time `json:"page_at,omitempty" bun:"page_at"`
	// ClocksVersion is the record's version at which its clocks last moved.
	ClocksVersion int64 `json:"-" bun:"clocks_version"`
}

// Breached reports whether a promise that counts was broken, be it kept late or still open.
func (i Incident) Breached() bool {
	return slices.ContainsFunc(i.Clocks, func(c sla.Clock) bool { return c.InForce && c.BreachedAt != nil })
}

// Hold says why an incident waits and for what.
type Hold struct {
	Reason string `json:"reason" bun:"reason"`
	// Base is the built-in reason whose rules apply; a Vocabulary's own reason names one.
	Base       string       `json:"base" bun:"base"`
	Since      *time.Time   `json:"since,omitempty" bun:"since"`
	Until      *time.Time   `json:"until,omitempty" bun:"until"` // resumes by itself
	Vendor     string       `json:"vendor,omitempty" bun:"vendor"`
	Reference  string       `json:"reference,omitempty" bun:"reference"` // the vendor's own number
	PromisedAt *time.Time   `json:"promised_at,omitempty" bun:"promised_at"`
	From       domain.State `json:"from,omitempty" bun:"from"` // the state before
	// Reminders counts those sent to the requester; PromiseMissed: the vendor's promise passed and the assignee was told.
	Reminders     int  `json:"reminders" bun:"reminders"`
	PromiseMissed bool `json:"promise_missed" bun:"promise_missed"`
}

// Resolution says how service was restored.
type Resolution struct {
	Code  string `json:"code" bun:"code"`
	Notes string `json:"notes" bun:"notes"`
	By    string `json:"by,omitempty" bun:"by"`
	// RecordedAt is when it was said; the record's resolved_at is when it was so (effective_at).
	RecordedAt *time.Time `json:"recorded_at,omitempty" bun:"recorded_at"`
}

// Satisfaction is the requester's answer to one question after closing: 1 (bad) to 5 (good).
type Satisfaction struct {
	Score   int        `json:"score" bun:"score"`
	Comment string     `json:"comment,omitempty" bun:"comment"`
	At      *time.Time `json:"at,omitempty" bun:"at"`
}

// Merged reports whether the incident follows another one.
func (i Incident) Merged() bool { return i.MergedInto != "" }
