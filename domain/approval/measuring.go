package approval

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Targets are whom the stages ask, each target once: what they stand for must be known to whoever moves the approval, because any
// stage may open, or open again.
func (a Approval) Targets() []Target {
	var targets []Target
	for _, stage := range a.Stages {
		targets = append(targets, stage.Targets()...)
	}
	slices.Sort(targets)
	return slices.Compact(targets)
}

// Targets are whom the stage asks: those of its policy, and those by whom others were asked in addition.
func (s Stage) Targets() []Target {
	targets := slices.Clone(s.Electorate)
	for _, m := range s.Members {
		for _, as := range m.As {
			if target := Target(as); m.Left == "" && !slices.Contains(targets, target) {
				targets = append(targets, target)
			}
		}
	}
	return targets
}

// Electors are the people with a seat in a stage that was opened and is not decided: whether they still are of those who are asked
// matters.
func (a Approval) Electors() []string {
	var people []string
	for _, stage := range a.Stages {
		if !stage.measurable() {
			continue
		}
		for _, m := range stage.Members {
			if m.Left == "" {
				people = append(people, m.Person)
			}
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// Hands are the people who have voted for others in a stage that was opened and is not decided: whether their account is active matters.
func (a Approval) Hands() []string {
	var people []string
	for _, stage := range a.Stages {
		if stage.measurable() {
			people = append(people, stage.hands()...)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// hands are those whose votes for others count in the stage.
func (s Stage) hands() []string {
	var people []string
	for _, vote := range s.InForce() {
		if vote.Delegated() {
			people = append(people, vote.By)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// measurable reports whether who is of the stage can still change: it has people, and no verdict.
func (s Stage) measurable() bool {
	return s.OpenedAt != nil && (s.State.Undecided() || s.State == Waiting)
}

// Measure lets those leave the stages that are not decided who have lost what they were asked for, or are inactive. What they voted
// does not count any more, of those who are inactive also what they voted for others, and the rest is counted anew. A stage that is
// decided stays as it was, and so does one whose seats were not read. Who would be asked by now and was not is asked in the next
// submission.
func (k *Keeper) Measure(at time.Time) error {
	at = domain.Millisecond(at)
	for i := range k.Approval.Stages {
		if s := &k.Approval.Stages[i]; s.measurable() {
			k.measure(s, at)
			k.settle(s, at, "")
		}
	}
	return k.fault
}

// measure lets those leave a stage whom none of its targets stands for now.
func (k *Keeper) measure(s *Stage, at time.Time) {
	for _, person := range s.hands() {
		if slices.Contains(k.facts.Inactive, person) {
			k.part(s, at, person, Inactive)
		}
	}
	seats, known := k.facts.Seats[s.Name]
	if !known {
		return
	}
	for _, m := range slices.Clone(s.Members) {
		if m.Left != "" {
			continue
		}
		i := slices.IndexFunc(seats, func(seat Member) bool { return seat.Person == m.Person })
		switch {
		case i < 0:
			k.part(s, at, m.Person, NoLonger)
		case seats[i].Left != "":
			k.part(s, at, m.Person, seats[i].Left)
		}
	}
}
