package approval

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Base is what a threshold is a share of.
type Base string

// The bases of a threshold.
const (
	// OfElectorate: everybody who can vote; silence and abstention count as not approving.
	OfElectorate Base = "electorate"
	// OfVotesCast: those who approved or rejected; abstention counts not at all.
	OfVotesCast Base = "votes_cast"
	// OfApprovals: the threshold is a number of approvals.
	OfApprovals Base = "approvals"
)

// Rule says when a stage is approved.
type Rule struct {
	// Threshold is how much must approve, as a share or a number; it is reached by at least so much.
	Threshold Amount `json:"threshold,omitzero"`
	// Of is what a share is of. Left out: the electorate for a share, approvals for a number.
	Of Base `json:"of,omitempty"`
	// Quorum is how many people must have voted, as a share of the electorate or a number; abstention counts, weights do not.
	Quorum Amount `json:"quorum,omitzero"`
	// Veto are people whose rejection rejects at once; their silence does not hold.
	Veto []string `json:"veto,omitempty"`
	// Required are people without whose approval nothing is approved.
	Required []string `json:"required,omitempty"`
	// Weights let a person count as several towards the threshold, by their handle or by a target for which they are asked, such as
	// "role:cab_member": their own weight goes before that of a target, the greatest target's before the others'. Who has none counts as one.
	Weights map[string]int `json:"weights,omitempty"`
	// FirstResponse: the first approval or rejection decides, and nothing else is asked.
	FirstResponse bool `json:"first_response,omitempty"`
}

// base is what the threshold is of, where the rule leaves it open.
func (r Rule) base() Base {
	switch {
	case r.Of != "":
		return r.Of
	case r.Threshold.IsShare():
		return OfElectorate
	}
	return OfApprovals
}

// weight is how much a member counts towards the threshold.
func (r Rule) weight(m Member) int64 {
	if weight, given := r.Weights[m.Person]; given {
		return int64(weight)
	}
	greatest := 0
	for _, target := range m.As {
		greatest = max(greatest, r.Weights[target])
	}
	return int64(max(greatest, 1))
}

// Validate answers what is wrong with the rule, at paths below the one given.
func (r Rule) Validate(path string) []policy.Problem {
	f := &findings{}
	if r.FirstResponse {
		if !r.Threshold.IsZero() || r.Of != "" || !r.Quorum.IsZero() || len(r.Veto)+len(r.Required)+len(r.Weights) > 0 {
			f.add(path+".first_response", "lets the first response decide; nothing else can stand beside it")
		}
		return f.list
	}
	f.threshold(path, r)
	if r.Quorum.fault != "" {
		f.add(path+".quorum", "%s", r.Quorum.fault)
	}
	f.people(path+".veto", r.Veto)
	f.people(path+".required", r.Required)
	if len(r.Weights) > MaxPeople {
		f.add(path+".weights", "takes at most %d entries, has %d", MaxPeople, len(r.Weights))
	}
	for _, person := range slices.Sorted(maps.Keys(r.Weights)) {
		if !strings.Contains(person, ":") || !Target(person).valid() {
			f.name(path+".weights."+person, person)
		}
		if weight := r.Weights[person]; weight < 1 || weight > MaxWeight {
			f.add(path+".weights."+person, "%d is not a weight from 1 to %d", weight, MaxWeight)
		}
	}
	return f.list
}

func (f *findings) threshold(path string, r Rule) {
	switch {
	case r.Threshold.fault != "":
		f.add(path+".threshold", "%s", r.Threshold.fault)
		return
	case r.Threshold.IsZero():
		f.add(path+".threshold", "is missing: a share like 60%% or a number of approvals, or else first_response: true")
		return
	}
	switch base := r.base(); {
	case !slices.Contains([]Base{OfElectorate, OfVotesCast, OfApprovals}, base):
		f.add(path+".of", "%q is not one of %s, %s, %s", base, OfElectorate, OfVotesCast, OfApprovals)
	case r.Threshold.IsShare() && base == OfApprovals:
		f.add(path+".of", "a share is of the %s or of %s; %s are a number", OfElectorate, OfVotesCast, OfApprovals)
	case !r.Threshold.IsShare() && base != OfApprovals:
		f.add(path+".of", "a number is of %s; write a share like 60%% of the %s or of %s", OfApprovals, OfElectorate, OfVotesCast)
	}
}

// people checks a list of handles.
func (f *findings) people(path string, list []string) {
	if len(list) > MaxPeople {
		f.add(path, "takes at most %d entries, has %d", MaxPeople, len(list))
	}
	seen := map[string]bool{}
	for i, person := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		f.name(at, person)
		if seen[person] {
			f.add(at, "%q stands here a second time", person)
		}
		seen[person] = true
	}
}
