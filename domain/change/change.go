// Package change holds the rules of change enablement (ITIL 4): decide well, then do it safely.
//
// lifecycle.go has the table of states and commands; drafting.go, assessing.go, deciding.go, scheduling.go, implementing.go and
// reviewing.go say what each command does, in the order in which a change lives; deadlines.go says which moments the record's timer
// keeps. All of it is pure: facts and the moment come in, a decision goes out.
package change

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

// Practice is the short noun of changes; their numbers begin with CHG.
const Practice domain.Practice = "change"

// The types of changes (ITIL 4).
const (
	Standard  = "standard"  // pre-authorised: it follows a model
	Normal    = "normal"    // assessed and authorised
	Emergency = "emergency" // as soon as possible, by the emergency board
)

// The outcomes of a change.
const (
	Successful           = "successful"
	SuccessfulWithIssues = "successful_with_issues"
	BackedOut            = "backed_out"
	Failed               = "failed"
)

// Change is the addition, modification or removal of anything that could have an effect on services (ITIL 4).
type Change struct {
	domain.Record
	Details
}

// Details are the columns that only changes have.
type Details struct {
	Type string `json:"type" bun:"type"`
	// Model names the ChangeModel that it follows; its version is among the record's policies.
	Model string `json:"model,omitempty" bun:"model"`
	// Why it is made, how, how it is tested, and how it is taken back.
	Justification string `json:"justification" bun:"justification"`
	Plan          string `json:"plan" bun:"plan"`
	TestPlan      string `json:"test_plan" bun:"test_plan"`
	BackOutPlan   string `json:"back_out_plan" bun:"back_out_plan"`
	// Services are all that it touches, the record's own among them.
	Services []string `json:"services" bun:"services,type:json"`
	// Exclusive: while it is carried out, nobody else may touch its configuration items.
	Exclusive bool `json:"exclusive" bun:"exclusive"`
	// Window is when it is carried out; half-open.
	WindowFrom *time.Time `json:"window_from,omitempty" bun:"window_from"`
	WindowTo   *time.Time `json:"window_to,omitempty" bun:"window_to"`
	// ExtendedTo is the window's end since it was extended while the change was carried out. Votes were about the one before.
	ExtendedTo *time.Time `json:"extended_to,omitempty" bun:"extended_to"`
	// WindowMissed: the window passed without a start.
	WindowMissed bool `json:"window_missed" bun:"window_missed"`
	// AutoStart: it starts by itself as its window opens.
	AutoStart bool `json:"auto_start" bun:"auto_start"`
	// Expedited: the lead time is not kept, on purpose.
	Expedited bool `json:"expedited" bun:"expedited"`
	// SecurityReason says why an emergency needs no incident.
	SecurityReason string `json:"security_reason,omitempty" bun:"security_reason"`
	// ExpectedOutage tells users what they will notice.
	ExpectedOutage string `json:"expected_outage,omitempty" bun:"expected_outage"`
	// Predecessors are changes, by id, that must have ended well before this one starts.
	Predecessors []string `json:"predecessors" bun:"predecessors,type:json"`
	Tasks        []Task   `json:"tasks" bun:"tasks,type:json"`
	// Answers are those to the model's questionnaire, by the question's id.
	Answers map[string]string `json:"answers,omitempty" bun:"answers,type:json"`
	Risk    Risk              `json:"risk,omitzero" bun:"risk,type:json"`
	// AssessedBy is who judged its risk, ReviewedBy the peer who looked at it meanwhile.
	AssessedBy string `json:"assessed_by,omitempty" bun:"assessed_by"`
	ReviewedBy string `json:"reviewed_by,omitempty" bun:"reviewed_by"`
	// Approval is what it was, or is being, decided by; nothing before it is first submitted.
	Approval *approval.Approval `json:"approval,omitempty" bun:"approval,type:json,nullzero"`
	// Attached are the digests of the files that votes are about. What is attached once it has been carried out is not among them.
	Attached []string `json:"attached,omitempty" bun:"attached,type:json"`
	// ApprovalVoid: what was approved is no longer what is being done.
	ApprovalVoid bool `json:"approval_void" bun:"approval_void"`
	// Unauthorised: it was done first, and then rejected.
	Unauthorised bool       `json:"unauthorised" bun:"unauthorised"`
	SubmittedAt  *time.Time `json:"submitted_at,omitempty" bun:"submitted_at"`
	ActualStart  *time.Time `json:"actual_start,omitempty" bun:"actual_start"`
	ActualEnd    *time.Time `json:"actual_end,omitempty" bun:"actual_end"`
	// CarriedBy are those who have carried some of it out, whoever is named now; they do not judge what it caused.
	CarriedBy []string `json:"carried_by,omitempty" bun:"carried_by,type:json"`
	// AgreedFrom is the beginning of the window for which those were last asked who decide on the scope.
	AgreedFrom *time.Time `json:"agreed_from,omitempty" bun:"agreed_from"`
	// Retrospective: it was recorded after it was done.
	Retrospective bool   `json:"retrospective" bun:"retrospective"`
	Outcome       string `json:"outcome,omitempty" bun:"outcome"`
	OutcomeNotes  string `json:"outcome_notes,omitempty" bun:"outcome_notes"`
	// Conflicts are those found when they were last looked for; Overrides lift some of them.
	Conflicts []Conflict `json:"conflicts" bun:"conflicts,type:json"`
	Overrides []Override `json:"overrides" bun:"overrides,type:json"`
	// HeldSince is since when a blocking conflict has kept it from starting by itself.
	HeldSince *time.Time `json:"held_since,omitempty" bun:"held_since"`
	// OverrunAt is when it was told that the window is over.
	OverrunAt *time.Time `json:"overrun_at,omitempty" bun:"overrun_at"`
	// SettleAt is when what still fires of the alerts that the change holds opens incidents; nothing once that is done.
	SettleAt *time.Time `json:"settle_at,omitempty" bun:"settle_at"`
	// WatchUntil is how long incidents on what it touched are proposed as caused by it; Causes are these proposals.
	WatchUntil *time.Time `json:"watch_until,omitempty" bun:"watch_until"`
	Causes     []Cause    `json:"causes" bun:"causes,type:json"`
	// CausedIncident: the owner of a service has confirmed that it caused one. Only that counts in failure rates.
	CausedIncident bool `json:"caused_incident" bun:"caused_incident"`
	// ReviewNeeded says why it must be reviewed before it is closed; empty: it closes by itself.
	ReviewNeeded    string     `json:"review_needed,omitempty" bun:"review_needed"`
	ReviewDueAt     *time.Time `json:"review_due_at,omitempty" bun:"review_due_at"`
	ReviewEscalated bool       `json:"review_escalated" bun:"review_escalated"`
	Findings        string     `json:"findings,omitempty" bun:"findings"`
}

// Task is one step of carrying a change out.
type Task struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Owner is "person:ana" or "team:web".
	Owner string `json:"owner,omitempty"`
	// After are the ids of tasks that must be done before; tasks without a common chain may be done side by side.
	After []string `json:"after,omitempty"`
	// Condition: a board asked for it; it must be done before the change starts.
	Condition bool       `json:"condition,omitempty"`
	AskedBy   string     `json:"asked_by,omitempty"`
	State     string     `json:"state"`
	By        string     `json:"by,omitempty"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	DoneAt    *time.Time `json:"done_at,omitempty"`
}

// The states of tasks.
const (
	TaskOpen    = "open"
	TaskStarted = "started"
	TaskDone    = "done"
)

// Cause is an incident that may have been caused by the change. The owner of the service decides, never the implementer; a change
// manager where nobody else may, or has in time.
type Cause struct {
	Incident   string    `json:"incident"`
	Number     string    `json:"number"`
	Service    string    `json:"service,omitempty"`
	ProposedAt time.Time `json:"proposed_at"`
	DueAt      time.Time `json:"due_at"`
	// Verdict is "" while undecided, then "confirmed" or "declined".
	Verdict   string     `json:"verdict,omitempty"`
	By        string     `json:"by,omitempty"`
	At        *time.Time `json:"at,omitempty"`
	Escalated bool       `json:"escalated,omitempty"`
	// AsksManagers: change managers were asked from the start, because nobody who owns the service may decide.
	AsksManagers bool `json:"asks_managers,omitempty"`
}

// Override lifts one blocking conflict for the next start.
type Override struct {
	Conflict string    `json:"conflict"`
	By       string    `json:"by"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"`
}

// Window is when the change is to be carried out; false where none is set.
func (c Change) Window() (window.Span, bool) {
	if c.WindowFrom == nil || c.WindowTo == nil {
		return window.Span{}, false
	}
	return window.Span{From: *c.WindowFrom, To: *c.end()}, true
}

// Lasts is what a calendar shows of the change: its window, and once it has ended the time that it took, at least a minute; false where
// no window is set.
func (c Change) Lasts() (window.Span, bool) {
	span, set := c.Window()
	if !set || c.ActualStart == nil || c.ActualEnd == nil {
		return span, set
	}
	span = window.Span{From: *c.ActualStart, To: *c.ActualEnd}
	if shortest := span.From.Add(time.Minute); span.To.Before(shortest) {
		span.To = shortest
	}
	return span, true
}

// AsksAgain reports whether a window that is set later makes votes void: an emergency is voted on without one, by a stage whose votes are
// about when it is done too.
func (c Change) AsksAgain() bool {
	_, set := c.Window()
	return c.Type == Emergency && !set && c.Approval != nil && slices.ContainsFunc(c.Approval.Stages, func(s approval.Stage) bool {
		return slices.Contains(s.Covered(), approval.Schedule)
	})
}

// end is when the window ends, with its extension.
func (c Change) end() *time.Time {
	if c.ExtendedTo != nil {
		return c.ExtendedTo
	}
	return c.WindowTo
}
