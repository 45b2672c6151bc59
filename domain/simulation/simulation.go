// Package simulation answers what-if questions: it lets records that were lived before live again under two sets of policy
// documents, those in force and those proposed, and says whose promises would have been kept or broken by which.
//
// It keeps no clocks of its own. A record becomes a Case, what happened to it, and sla.Replay keeps the clocks of that, as it
// does in policy tests and as the product keeps those of living records. What a threshold did to a record, such as to raise its
// priority, is taken as it happened: it is part of what was lived. What was said later to have been so earlier (effective_at)
// counts from when it was so.
package simulation

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Case is one record's life, as it was.
type Case struct {
	ID     string
	Number string
	// Team and Priority are the record's at the end.
	Team     string
	Priority int
	// Opened is the record as it was opened.
	Opened Record
	// Steps are what happened to it, in order; the first opens it.
	Steps []Step
}

// OpenedAt is when the record was opened.
func (c Case) OpenedAt() time.Time { return c.Steps[0].At }

// Record is what agreements ask about a record, at one time.
type Record struct {
	Practice, Title, Service, Category, Team, Channel, Location, Environment, Requester string
	Tags, ConfigurationItems                                                            []string
	Rating                                                                              Rating
}

// Rating is where a priority comes from.
type Rating struct {
	Impact, Urgency string
	// Priority is the one that was recorded. ByHand: it was set against the matrix, so that no matrix changes it.
	Priority int
	ByHand   bool
}

// Step is one thing that happened.
type Step struct {
	sla.Moment
	// Record goes with opened, change_priority and reclassify: the record as it was from then on.
	Record *Record
}

// Outcome is what became of one promise to one record under one set of documents. Of several cycles it is that of the first
// one that was broken, else of one that still counts, else of the one that took longest.
type Outcome struct {
	// State is empty where nothing was promised.
	State     sla.State  `json:"state,omitempty"`
	Agreement string     `json:"agreement,omitempty"`
	Priority  int        `json:"priority"`
	Target    string     `json:"target,omitempty"`
	LengthMS  int64      `json:"length_ms"`
	ElapsedMS int64      `json:"elapsed_ms"`
	DueAt     *time.Time `json:"due_at,omitempty"`
	Cycles    int        `json:"cycles"`
}

// Promised reports whether there was a promise.
func (o Outcome) Promised() bool { return o.State != "" }

// Breached reports whether the promise was broken.
func (o Outcome) Breached() bool { return o.State == sla.Breached }

// outcomes sums up a record's clocks, in the order of sla.Metrics.
func outcomes(clocks []sla.Clock, priority int) [5]Outcome {
	var list [5]Outcome
	for i, metric := range sla.Metrics {
		list[i].Priority = priority
		for _, c := range clocks {
			if c.Metric != metric || !c.InForce {
				continue
			}
			cycles := list[i].Cycles + 1
			if !list[i].Promised() || says(list[i], c) {
				list[i] = Outcome{
					State: c.State, Agreement: c.Agreement, Priority: c.Priority, Target: c.Target, LengthMS: c.LengthMS,
					ElapsedMS: c.ElapsedMS, DueAt: c.DueAt,
				}
			}
			list[i].Cycles = cycles
		}
	}
	return list
}

// says reports whether a clock says more of a promise than the outcome so far.
func says(o Outcome, c sla.Clock) bool {
	before, now := weight(o.State), weight(c.State)
	return now > before || now == before && !o.Breached() && c.ElapsedMS > o.ElapsedMS
}

// weight orders states by what they say of a promise: one without a verdict says least.
func weight(state sla.State) int {
	return slices.Index([]sla.State{sla.Canceled, sla.Met, sla.Paused, sla.Running, sla.Breached}, state)
}
