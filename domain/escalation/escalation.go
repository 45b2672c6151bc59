package escalation

import (
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Practice is the short noun of escalations; their numbers begin with ESC.
const Practice domain.Practice = "escalation"

// Escalation is somebody being called to a record: it takes the steps of a policy, one after the other, until somebody
// acknowledges, the record no longer needs anybody, or every step was in vain.
type Escalation struct {
	domain.Record
	Details
}

// Details are the columns that only escalations have.
type Details struct {
	// Source is the record that needs somebody.
	Source         string          `json:"source" bun:"source_id,type:uuid"`
	SourceNumber   string          `json:"source_number" bun:"source_number"`
	SourcePractice domain.Practice `json:"source_practice" bun:"source_practice"`
	// Why says in one sentence what it is for: "resolution of gold reached 100%".
	Why string `json:"why" bun:"why"`
	// Policy names the document whose steps are taken, empty for a page by hand; Plan are its steps as they were then.
	Policy        string `json:"policy,omitempty" bun:"policy"`
	PolicyVersion int    `json:"policy_version,omitempty" bun:"policy_version"`
	Plan          Policy `json:"plan" bun:"plan,type:json"`
	// Run counts how often the steps were begun anew, from 1: what is heard of a step taken in an earlier run counts no more.
	Run int `json:"run,omitempty" bun:"run"`
	// Round counts how often the steps were begun, Step is the one taken last, both from 1.
	Round int `json:"round" bun:"round"`
	Step  int `json:"step" bun:"step"`
	// NextAt is when the next step is taken.
	NextAt *time.Time `json:"next_at,omitempty" bun:"next_at"`
	// Told are the people who were called since it last began, each once.
	Told           []string   `json:"told" bun:"told,type:json"`
	AcknowledgedBy string     `json:"acknowledged_by,omitempty" bun:"acknowledged_by"`
	AcknowledgedAt *time.Time `json:"acknowledged_at,omitempty" bun:"acknowledged_at"`
	// HoldsUntil is when the acknowledgement is looked at: whether anything came of it.
	HoldsUntil   *time.Time `json:"holds_until,omitempty" bun:"holds_until"`
	SnoozedUntil *time.Time `json:"snoozed_until,omitempty" bun:"snoozed_until"`
	// Ended says why nobody is called any more.
	Ended string `json:"ended,omitempty" bun:"ended"`
}
