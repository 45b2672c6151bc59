// Package meeting holds the rules of the meetings of a change advisory board (ITIL 4: change enablement). A meeting is called for a
// time; at its cut-off the changes that await the board's votes become its agenda; it is held, and closed with minutes.
//
// A meeting decides nothing. Votes are cast on the changes, before it, in it and after it, and are the same votes; the minutes tell
// of them from the timelines.
package meeting

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Practice is the short noun of the meetings of a change advisory board; their numbers begin with CAB.
const Practice domain.Practice = "meeting"

// Bounds of a meeting.
const (
	// MinLength and MaxLength bound how long a meeting lasts, in clock time; DefaultLength is what holds where nobody says.
	MinLength     = 5 * time.Minute
	MaxLength     = 12 * time.Hour
	DefaultLength = time.Hour
	// MaxAhead is how far ahead a meeting may be called.
	MaxAhead = 800 * 24 * time.Hour
	// MaxItems is how many changes an agenda takes.
	MaxItems = 500
	// MaxCutOff is how long before a meeting its agenda may be fixed, in working days or as clock time.
	MaxCutOff     = 20
	MaxCutOffTime = MaxCutOff * 24 * time.Hour
	// CloseAfter is how many working days after its end a meeting that nobody closed is closed by itself.
	CloseAfter = 3
)

// DefaultCutOff is how long before a meeting its agenda is fixed where nobody says.
var DefaultCutOff = calendar.Duration{WorkingDays: 1}

// Meeting is one meeting of a change advisory board.
type Meeting struct {
	domain.Record
	Details
}

// Details are the columns that only meetings have.
type Details struct {
	// Cadence names the document that called it, Turn the wall time it was called for, "2027-01-06T14:00"; empty where a person called it.
	Cadence string `json:"cadence,omitempty" bun:"cadence"`
	Turn    string `json:"turn,omitempty" bun:"turn"`
	Board   Board  `json:"board" bun:"board,type:json"`
	// StartsAt and EndsAt bound it; CutOffAt is when its agenda is fixed.
	StartsAt time.Time `json:"starts_at" bun:"starts_at"`
	EndsAt   time.Time `json:"ends_at" bun:"ends_at"`
	CutOffAt time.Time `json:"cut_off_at" bun:"cut_off_at"`
	// CutOff is how long before its start that is: working days of the calendar, or clock time.
	CutOff calendar.Duration `json:"cut_off" bun:"cut_off,type:json"`
	// Items is the agenda, in the order in which they came onto it.
	Items []Item `json:"items" bun:"items,type:json"`
	// FixedAt is when the agenda was fixed, HeldAt when the meeting began, EndedAt when it was over.
	FixedAt *time.Time `json:"fixed_at,omitempty" bun:"fixed_at"`
	HeldAt  *time.Time `json:"held_at,omitempty" bun:"held_at"`
	EndedAt *time.Time `json:"ended_at,omitempty" bun:"ended_at"`
	// CloseAt is when it closes by itself.
	CloseAt *time.Time `json:"close_at,omitempty" bun:"close_at"`
}

// Board says which changes a meeting is about: those that await votes of a role or of a team, of a scope if it has one.
type Board struct {
	Role string `json:"role,omitempty"`
	Team string `json:"team,omitempty"`
	// Scope narrows it to the changes of one team or of one service: "team:network", "service:mail".
	Scope string `json:"scope,omitempty"`
}

// Target is how approval policies name the board: "role:cab_member".
func (b Board) Target() approval.Target {
	if b.Team != "" {
		return approval.Target(approval.TargetTeam + ":" + b.Team)
	}
	return approval.Target(approval.TargetRole + ":" + b.Role)
}

// ScopeKind and ScopeName are the two halves of the scope; both are empty where there is none.
func (b Board) ScopeKind() string { return approval.Target(b.Scope).Kind() }

// ScopeName is the name of the team or of the service.
func (b Board) ScopeName() string { return approval.Target(b.Scope).Name() }

// String words a board.
func (b Board) String() string {
	text := string(b.Target())
	if b.Scope != "" {
		text += " for " + b.Scope
	}
	return text
}

// Validate answers what is wrong with a board, in words that follow the name of the field.
func (b Board) Validate() []policy.Problem {
	var list []policy.Problem
	add := func(path, format string, args ...any) {
		list = append(list, policy.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case (b.Role == "") == (b.Team == ""):
		add("role", "or team is needed, and not both")
	case b.Role != "" && !policy.ValidName(b.Role):
		add("role", "%q is not the name of a role", b.Role)
	case b.Team != "" && !policy.ValidName(b.Team):
		add("team", "%q is not the name of a team", b.Team)
	}
	if b.Scope != "" && (b.ScopeKind() != "team" && b.ScopeKind() != "service" || !policy.ValidName(b.ScopeName())) {
		add("scope", "%q is not a scope like team:network or service:mail", b.Scope)
	}
	return list
}

// ValidCutOff reports whether an agenda can be fixed so long before its meeting: working days or clock time, not both.
func ValidCutOff(before calendar.Duration) bool {
	if before.WorkingDays > 0 && before.Open > 0 {
		return false
	}
	return before.WorkingDays >= 0 && before.WorkingDays <= MaxCutOff && before.Open >= 0 && before.Open <= MaxCutOffTime
}

// Item is one change on an agenda. What the change is called stands with the change, for those who may read it.
type Item struct {
	Change string `json:"change"`
	Number string `json:"number"`
	// By is who put it there; empty where it awaited votes at the cut-off.
	By string    `json:"by,omitempty"`
	At time.Time `json:"at"`
}

// Item finds the item of a change by id or number.
func (m Meeting) Item(reference string) (Item, bool) {
	place := slices.IndexFunc(m.Items, func(i Item) bool { return i.Change == reference || i.Number == reference })
	if place < 0 {
		return Item{}, false
	}
	return m.Items[place], true
}
