package approval

import (
	"slices"
	"sort"
	"time"
)

// Leaving says why somebody who would be of an electorate does not vote.
type Leaving string

// Why people leave an electorate.
const (
	AsRequester   Leaving = "requester"
	AsImplementer Leaving = "implementer"
	AsTaskOwner   Leaving = "task_owner"
	Recused       Leaving = "recused"   // stepped aside by themselves
	Inactive      Leaving = "inactive"  // the account is
	NoLonger      Leaving = "no_longer" // has lost the role or the team for which they were asked
)

// leavings word why somebody left: "dee is the requester".
var leavings = map[Leaving]string{
	AsRequester: "is the requester", AsImplementer: "is the implementer", AsTaskOwner: "owns a task", Recused: "has stepped aside",
	Inactive: "is inactive", NoLonger: "is no longer one of those who are asked",
}

// String words why somebody left, to follow their name.
func (l Leaving) String() string { return leavings[l] }

// ofInterest reports whether a person left because the decision is not theirs to take, by their own hand or for anybody.
func (l Leaving) ofInterest() bool {
	return l == AsRequester || l == AsImplementer || l == AsTaskOwner || l == Recused
}

// Parties are the people who ask for something or carry it out. They never vote on it, nor for anybody, whatever roles they have.
type Parties struct {
	Requesters   []string `json:"requesters,omitempty"` // who asked, and who opened it for them
	Implementers []string `json:"implementers,omitempty"`
	TaskOwners   []string `json:"task_owners,omitempty"`
}

// Bars says as what a person is a party.
func (p Parties) Bars(person string) (Leaving, bool) {
	switch {
	case slices.Contains(p.Requesters, person):
		return AsRequester, true
	case slices.Contains(p.Implementers, person):
		return AsImplementer, true
	case slices.Contains(p.TaskOwners, person):
		return AsTaskOwner, true
	}
	return "", false
}

// Member is one person who is asked, or would be.
type Member struct {
	Person string `json:"person"`
	// As are the targets of the policy that stand for them: "role:cab_member".
	As []string `json:"as,omitempty"`
	// Left says why they do not vote; they are not counted.
	Left Leaving `json:"left,omitempty"`
}

// Electorate is who decides a stage.
type Electorate struct {
	Members []Member
	Parties Parties
}

// NewElectorate joins those for whom several targets stand, lets the parties leave and orders by name.
func NewElectorate(members []Member, parties Parties) Electorate {
	joined := map[string]Member{}
	for _, m := range members {
		known, twice := joined[m.Person]
		if twice {
			m.As = append(slices.Clip(known.As), m.As...)
			if m.Left == "" {
				m.Left = known.Left
			}
		}
		if leaving, barred := parties.Bars(m.Person); barred {
			m.Left = leaving
		}
		sort.Strings(m.As)
		m.As = slices.Compact(m.As)
		joined[m.Person] = m
	}
	list := make([]Member, 0, len(joined))
	for _, m := range joined {
		list = append(list, m)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Person < list[j].Person })
	return Electorate{Members: list, Parties: parties}
}

// Find finds a member, also one who left.
func (e Electorate) Find(person string) (Member, bool) {
	for _, m := range e.Members {
		if m.Person == person {
			return m, true
		}
	}
	return Member{}, false
}

// hand says why a person's hand does not count, be it for themselves or for another.
func (e Electorate) hand(person string) (Leaving, bool) {
	if leaving, barred := e.Parties.Bars(person); barred {
		return leaving, true
	}
	if m, found := e.Find(person); found && m.Left.ofInterest() {
		return m.Left, true
	}
	return "", false
}

// Delegation lets one person vote for another in a time: from From on, until before Until; a missing end has none. It is not
// handed on: a delegate of a delegate votes for nobody.
type Delegation struct {
	Principal string     `json:"principal"`
	Delegate  string     `json:"delegate"`
	From      *time.Time `json:"from,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
}

// Holds reports whether the delegation is in force at an instant.
func (d Delegation) Holds(at time.Time) bool {
	return (d.From == nil || !at.Before(*d.From)) && (d.Until == nil || at.Before(*d.Until))
}
