// Package sla keeps promises: clocks that count the open time a record has used of what was agreed, to the millisecond.
//
// A record's Life says in which circumstances it was, and since when. An Agreement (a document of the kind SLA) says what was
// promised, and in which circumstances time counts. A Clock is one promise to one record. What a clock shows always follows
// from the life, the agreement and a calendar, so it can be explained span by span, computed anew under another agreement, and
// no pause is ever lost. Keeper brings a record's clocks in line with what happens to it; all of it is pure.
//
// A clock's amounts are open time in the agreement's calendar. An amount is reached at the first instant at which so much open
// time has gone by; amounts are compared in time and never rounded.
package sla

import (
	"reflect"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// Metric says what a clock measures.
type Metric string

// The metrics. Response, resolution and update are promises to the requester; an operational level agreement (OLA) is a
// team's promise to the others, and counts while the team owns the record; an underpinning contract is a vendor's promise,
// and counts while the record is held awaiting that vendor (ITIL 4: service level management).
const (
	Response     Metric = "response"     // until a person first acts on it for the requester
	Resolution   Metric = "resolution"   // until service is restored
	Update       Metric = "update"       // the longest silence to the requester
	OLA          Metric = "ola"          // the open time for which one team owns it
	Underpinning Metric = "underpinning" // the open time for which one vendor has it
)

// Metrics are all metrics, in the order in which they are shown.
var Metrics = []Metric{Response, Resolution, Update, OLA, Underpinning}

// ToRequester reports whether a metric is a promise to the requester, of which a record has one. Promises of teams and vendors
// stand beside it, several of a metric, told apart by their agreement.
func (m Metric) ToRequester() bool { return m != OLA && m != Underpinning }

// State is where a clock stands.
type State string

// The states of a clock. A breached clock goes on counting its overrun until it is stopped, and stays breached.
const (
	Running  State = "running"
	Paused   State = "paused"
	Met      State = "met"
	Breached State = "breached"
	Canceled State = "canceled"
)

// Clock is one promise to one record, in one cycle and one rating. A cycle begins when the record is opened or reopened, for
// update also with each word to the requester. A rating begins with the cycle, and anew whenever the promise changes: the
// rating before is kept beside it as it stood.
type Clock struct {
	Metric           Metric `json:"metric" bun:"metric"`
	Agreement        string `json:"agreement" bun:"agreement"`
	AgreementVersion int    `json:"agreement_version" bun:"agreement_version"`
	Cycle            int    `json:"cycle" bun:"cycle"`
	Rating           int    `json:"rating" bun:"rating"`
	// Why says in one sentence why this agreement is the one that holds.
	Why             string `json:"why" bun:"why"`
	Priority        int    `json:"priority" bun:"priority"`
	Calendar        string `json:"calendar" bun:"calendar"`
	CalendarVersion int    `json:"calendar_version" bun:"calendar_version"`
	// Target is the promise as it is written; LengthMS is as much open time in the calendar, fixed when the clock was rated.
	Target   string `json:"target" bun:"target"`
	LengthMS int64  `json:"length_ms" bun:"length_ms"`
	State    State  `json:"state" bun:"state"`
	// Counting: time counts now, be it towards the target or, once breached, towards the overrun.
	Counting bool `json:"counting" bun:"counting"`
	// CycleFrom is when the cycle began, From the instant from which time counts: the same, or that of a re-rating.
	CycleFrom time.Time `json:"cycle_from" bun:"cycle_from"`
	From      time.Time `json:"from" bun:"from_at"`
	// DueAt is when the target is or was reached; nothing while that is not foreseen, because the clock is paused.
	DueAt *time.Time `json:"due_at,omitempty" bun:"due_at"`
	// BreachedAt is when the target was reached; it goes where the promise turns out to have been kept (effective_at).
	BreachedAt *time.Time `json:"breached_at,omitempty" bun:"breached_at"`
	// StoppedAt is when the promise was kept, or the record no longer needed it, or another rating took over.
	StoppedAt *time.Time `json:"stopped_at,omitempty" bun:"stopped_at"`
	// StoppedBy says what stopped it: "resolved", "responded", "re-rated", …
	StoppedBy string `json:"stopped_by,omitempty" bun:"stopped_by"`
	// ElapsedMS is the time counted and PausedMS the open time not counted, from From until AsOf.
	ElapsedMS int64     `json:"elapsed_ms" bun:"elapsed_ms"`
	PausedMS  int64     `json:"paused_ms" bun:"paused_ms"`
	AsOf      time.Time `json:"as_of" bun:"as_of"`
	// NextAt is when the next of its points comes, Next its name; nothing while none is foreseen.
	NextAt *time.Time `json:"next_at,omitempty" bun:"next_at"`
	Next   string     `json:"next,omitempty" bun:"next"`
	// Points are the thresholds that came or will not come any more, in the order in which that was found.
	Points []Point `json:"points" bun:"points,type:json"`
	// Raised: a threshold has raised the priority in this cycle.
	Raised bool `json:"raised,omitempty" bun:"raised"`
	// InForce: this is the rating that counts. Reports count the verdict of the rating in force at the end.
	InForce bool `json:"in_force" bun:"in_force"`
}

// Point is a threshold of which it is settled what became of it.
type Point struct {
	At      string    `json:"at"` // as the document says: "50%"
	DueAt   time.Time `json:"due_at"`
	Outcome Outcome   `json:"outcome"`
}

// Outcome says what became of a threshold.
type Outcome string

// The outcomes of a threshold.
const (
	Fired       Outcome = "fired"      // it came, and acted
	Superseded  Outcome = "superseded" // a re-rating left it in the past; it did not act
	ActedBefore Outcome = "earlier"    // it had fired under an earlier rating of the cycle, and does not act again
	Withdrawn   Outcome = "withdrawn"  // it had fired, and the promise turned out to have been kept before
)

// Length is the promised open time.
func (c Clock) Length() time.Duration { return time.Duration(c.LengthMS) * time.Millisecond }

// Ended reports whether the clock has stopped for good.
func (c Clock) Ended() bool { return c.StoppedAt != nil }

// Owed reports whether the promise is still to be kept: the rating counts, and its clock has not stopped.
func (c Clock) Owed() bool { return c.InForce && !c.Ended() }

// Waits reports whether something of the clock will come at a known moment, which is NextAt.
func (c Clock) Waits() bool { return c.Owed() && c.NextAt != nil }

// Differing are those of a record's clocks that differ from what they were before.
func Differing(before, now []Clock) []Clock {
	var changed []Clock
	for _, c := range now {
		if !slices.ContainsFunc(before, c.Same) {
			changed = append(changed, c)
		}
	}
	return changed
}

// Same reports whether two clocks are the same and show the same.
func (c Clock) Same(other Clock) bool { return reflect.DeepEqual(c, other) }

// Terms are what a clock is measured by: one version of an agreement and one of a calendar, compiled.
type Terms struct {
	Agreement       string
	Version         int
	Spec            Agreement
	Calendar        *calendar.Calendar
	CalendarName    string
	CalendarVersion int
}

// Stamp says under which agreement a record is: the versions by which its clocks are measured until it is re-rated.
type Stamp struct {
	Agreement       string `json:"agreement"`
	Version         int    `json:"version"`
	Calendar        string `json:"calendar"`
	CalendarVersion int    `json:"calendar_version"`
	// Why says in one sentence why it holds.
	Why string `json:"why"`
}

// Stamp is what a record under this choice keeps of it.
func (c Choice) Stamp() Stamp {
	return Stamp{Agreement: c.Agreement, Version: c.Version, Calendar: c.CalendarName, CalendarVersion: c.CalendarVersion, Why: c.Why}
}

// Stamps reports whether the terms are those of a stamp.
func (t Terms) Stamps(s Stamp) bool {
	return t.Agreement == s.Agreement && t.Version == s.Version && t.CalendarName == s.Calendar && t.CalendarVersion == s.CalendarVersion
}

// Measures reports whether a clock is measured by the terms.
func (t Terms) Measures(c Clock) bool {
	return t.Agreement == c.Agreement && t.Version == c.AgreementVersion && t.CalendarName == c.Calendar && t.CalendarVersion == c.CalendarVersion
}
