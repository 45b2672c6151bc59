// Package proposal holds the rules of edits of policy documents that need four eyes: whoever writes one proposes it, and it comes
// into force once another person has approved exactly what it says. Pure; domain/approval decides.
package proposal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Needed reports whether edits of documents of a kind need a second person. A standard model lets changes by that nobody votes on, so
// whoever writes one alone approves them alone.
func Needed(kind string) bool { return kind == policy.KindChangeModel }

// Targets are those who approve: administrators and change managers, for everything.
var Targets = []approval.Target{
	approval.Target(approval.TargetRole + ":" + string(domain.RoleAdmin)), approval.Target(approval.TargetRole + ":" + string(domain.RoleChangeManager)),
}

const (
	// Stage is the name of the one stage in which a proposal is decided.
	Stage = "second-person"
	// Lasts is how long a proposal waits, by the clock; then it is rejected.
	Lasts = 14 * 24 * time.Hour
)

// terms are how a proposal is decided: the first of those who are asked approves or rejects it.
var terms = approval.Policy{When: "true", Stages: []approval.StagePolicy{{
	Name: Stage, Electorate: Targets, Rule: approval.Rule{FirstResponse: true}, Deadline: calendar.Duration{Open: Lasts}, Wall: true,
	Default: approval.DefaultReject, Covers: []approval.Cover{approval.Scope},
}}}

// State is where a proposal stands.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Applied   State = "applied"   // approved, and stored as a version
	Rejected  State = "rejected"  // by somebody, or because nobody approved it in time
	Withdrawn State = "withdrawn" // by whoever proposed it, or replaced by a version that was stored otherwise
)

// Proposal is an edit of a policy document that waits for a second person, or has been decided.
type Proposal struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Base is the version that it was made from, 0 for a new document.
	Base   int             `json:"base"`
	Spec   json.RawMessage `json:"spec"`
	Reason string          `json:"reason,omitempty"`
	// Hash is what an approval is about: kind, name, base and spec.
	Hash       string    `json:"hash"`
	State      State     `json:"state"`
	ProposedBy string    `json:"proposed_by"`
	ProposedAt time.Time `json:"proposed_at"`
	// Approval is how it is decided. Everybody who wrote on it is a party and does not approve it.
	Approval approval.Approval `json:"approval"`
	// Version is that as which it was stored; 0 while it is not.
	Version   int        `json:"version,omitempty"`
	DecidedBy string     `json:"decided_by,omitempty"`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
}

// HashOf is the digest of what somebody approves.
func HashOf(document policy.Document, base int) string {
	digest := sha256.New()
	for _, part := range []string{document.Kind, document.Name, strconv.Itoa(base), string(document.Spec)} {
		digest.Write([]byte(strconv.Itoa(len(part)) + " " + part + "\n"))
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// New proposes a document, with the people who can approve it. It fails with CodeConflict where there are none but its author.
func New(id string, document policy.Document, base int, by string, seats []approval.Member, at time.Time) (Proposal, error) {
	p := Proposal{
		ID: id, State: Waiting,
		Approval: approval.Begin(approval.Selection{Candidate: approval.Candidate{Name: Stage, Version: 1, Spec: terms}}, approval.Parties{Requesters: []string{by}}),
	}
	p.say(document, base, by, at)
	k := p.keeper(seats)
	if err := k.Submit(at, by, p.hashes()); err != nil {
		return p, err
	}
	p.keep(k)
	if p.Approval.Verdict() == approval.Error {
		return p, domain.Errorf(domain.CodeConflict, "nobody else can approve it: %s", p.Approval.Reason())
	}
	return p, nil
}

// Edit proposes something else under the same name. What was approved of it is void; whoever writes on it becomes a party too. The
// same content said again changes nothing, unless nobody was left who could approve it: then those are asked who can by now.
func (p Proposal) Edit(document policy.Document, base int, by string, seats []approval.Member, at time.Time) (Proposal, error) {
	if err := p.waits(at); err != nil {
		return p, err
	}
	same := HashOf(document, base) == p.Hash
	if same && p.Approval.Verdict() != approval.Error {
		return p, nil
	}
	k := p.keeper(seats)
	if same {
		if err := k.Withdraw(at, by, ""); err != nil {
			return p, err
		}
		if err := k.Submit(at, by, p.hashes()); err != nil {
			return p, err
		}
		p.keep(k)
		return p, nil
	}
	if err := k.Bar(at, by, approval.Parties{Requesters: []string{by}}); err != nil {
		return p, err
	}
	p.say(document, base, by, at)
	if err := k.Edited(at, by, p.hashes(), []string{"spec"}); err != nil {
		return p, err
	}
	p.keep(k)
	return p, nil
}

// Decision is what a second person says of a proposal.
type Decision struct {
	Vote    approval.Choice `json:"vote" enum:"approve,reject" doc:"What is decided"`
	Hash    string          `json:"hash" minLength:"64" maxLength:"64" doc:"The hash of the proposal as it was read; another one by now is a conflict"`
	Comment string          `json:"comment,omitempty" maxLength:"4096" doc:"Why; needed to reject"`
}

// Decide takes what somebody says of it. It is refused with CodeForbidden to who wrote on it and to who cannot approve, and with
// CodeConflict where its content has changed since, or it is decided.
func (p Proposal) Decide(by string, said Decision, seats []approval.Member, at time.Time) (Proposal, error) {
	if err := p.waits(at); err != nil {
		return p, err
	}
	if said.Vote != approval.Approve && said.Vote != approval.Reject {
		return p, domain.Invalid("vote", "is approve or reject")
	}
	k := p.keeper(seats)
	if err := k.Measure(at); err != nil {
		return p, err
	}
	err := k.Cast(at, approval.Ballot{By: by, Choice: said.Vote, Comment: said.Comment, Hashes: approval.Hashes{approval.Scope: said.Hash}})
	if err != nil {
		return p, err
	}
	p.keep(k)
	p.DecidedBy, p.DecidedAt = by, &at
	p.State = Rejected
	if p.Approval.Verdict() == approval.Approved {
		p.State = Applied
	}
	return p, nil
}

// Withdraw ends it; whoever wrote on it may.
func (p Proposal) Withdraw(by string, at time.Time) (Proposal, error) {
	if err := p.waits(at); err != nil {
		return p, err
	}
	if _, party := p.Approval.Parties.Bars(by); !party {
		return p, domain.Errorf(domain.CodeForbidden, "it is withdrawn by who proposed it; reject it instead")
	}
	return p.End(by, at), nil
}

// End closes it without a decision.
func (p Proposal) End(by string, at time.Time) Proposal {
	p.State, p.DecidedBy, p.DecidedAt = Withdrawn, by, &at
	return p
}

// At is the proposal as it stands at an instant: one that nobody approved in time is rejected.
func (p Proposal) At(at time.Time) (Proposal, error) {
	if p.State != Waiting {
		return p, nil
	}
	k := p.keeper(nil)
	if err := k.Tick(at); err != nil {
		return p, err
	}
	p.keep(k)
	if p.Approval.Verdict() == approval.Rejected {
		p.State, p.DecidedAt = Rejected, p.Approval.Stages[0].DecidedAt
	}
	return p, nil
}

// WaitsFor are those who can approve it.
func (p Proposal) WaitsFor() []string {
	list := []string{}
	for _, asked := range p.Approval.Asked() {
		list = append(list, asked.Person)
	}
	return list
}

// Document is what it proposes.
func (p Proposal) Document() policy.Document {
	return policy.Document{Kind: p.Kind, Name: p.Name, Version: p.Version, Spec: p.Spec, Author: p.ProposedBy, Reason: p.Reason, CreatedAt: p.ProposedAt}
}

func (p *Proposal) say(document policy.Document, base int, by string, at time.Time) {
	p.Kind, p.Name, p.Spec, p.Reason, p.Base = document.Kind, document.Name, document.Spec, document.Reason, base
	p.Hash, p.ProposedBy, p.ProposedAt = HashOf(document, base), by, at
}

func (p Proposal) hashes() approval.Hashes { return approval.Hashes{approval.Scope: p.Hash} }

func (p Proposal) keeper(seats []approval.Member) *approval.Keeper {
	return approval.NewKeeper(p.Approval, approval.Facts{Seats: map[string][]approval.Member{Stage: seats}})
}

func (p *Proposal) keep(k *approval.Keeper) { p.Approval = k.Approval }

func (p Proposal) waits(at time.Time) error {
	now, err := p.At(at)
	if err == nil && now.State != Waiting {
		return domain.Errorf(domain.CodeConflict, "the proposal is %s", now.State)
	}
	return err
}
