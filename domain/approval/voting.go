package approval

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Ballot is a vote that somebody wants to give.
type Ballot struct {
	// Stage may be left out where only one takes the vote.
	Stage string
	By    string
	// For is whose seat it fills; left out: that of whoever votes.
	For        string
	Choice     Choice
	Comment    string
	Conditions []string
	// Hashes are the content that the voter saw, at least of what the stage covers.
	Hashes Hashes
}

// Cast takes a vote, or another one in place of an earlier one. It is refused with CodeForbidden to whoever may not vote, with
// CodeConflict where the stage does not take votes, the content has changed since, or the hand has voted already, and with
// CodeInvalid where the ballot is wrong in itself.
func (k *Keeper) Cast(at time.Time, b Ballot) error {
	at = domain.Millisecond(at)
	unsaid := b.For == ""
	if unsaid {
		b.For = b.By
	}
	s, err := k.seatOf(at, b.Stage, b.By, b.For)
	if err != nil && unsaid && domain.CodeOf(err) == domain.CodeForbidden {
		if others := k.standsFor(at, b.By, b.Stage); len(others) > 0 {
			return sayFor(others)
		}
	}
	if err != nil {
		return err
	}
	if err := k.fresh(*s, b.Hashes); err != nil {
		return err
	}
	if err := b.Check(); err != nil {
		return err
	}
	if err := s.oneHand(b); err != nil {
		return err
	}
	if b.Choice != Recuse && s.changes(b.For) >= MaxVoteChanges {
		return domain.Conflict(nil, "the vote of %s was changed %d times in this round, which is as often as it can be", b.For, MaxVoteChanges)
	}
	vote := Vote{
		By: b.By, For: b.For, Choice: b.Choice, Comment: b.Comment, Conditions: slices.Clone(b.Conditions), Round: s.Round, At: at,
		Hashes: s.about(k.Approval.Hashes),
	}
	k.void(s, at, VoidChanged, nil, func(v Vote) bool { return v.For == b.For })
	s.Votes = append(s.Votes, vote)
	if b.Choice == Recuse {
		k.tell(Happening{Kind: HasRecused, At: at, By: b.By, Stage: *s, Vote: vote, People: []string{b.By}})
		k.part(s, at, b.By, Recused)
	} else {
		s.Figures = k.tally(*s)
		k.tell(Happening{Kind: HasVoted, At: at, By: b.By, Stage: *s, Vote: vote})
	}
	k.settle(s, at, b.By)
	return k.fault
}

// MaxVoteChanges bounds how often the vote of one seat is changed in a round: each stays visible.
const MaxVoteChanges = 20

// changes counts how often the vote of a seat was changed in the stage's round.
func (s *Stage) changes(seat string) int {
	count := 0
	for _, v := range s.Votes {
		if v.For == seat && v.Round == s.Round && v.Void != nil && v.Void.Why == VoidChanged {
			count++
		}
	}
	return count
}

// Check says what is wrong with a ballot in itself, whoever gives it and whatever it is about: a CodeInvalid.
func (b Ballot) Check() error {
	switch {
	case !slices.Contains(Choices, b.Choice):
		return domain.Invalid("vote", "%q is not one of %s", b.Choice, choiceList())
	case b.Choice == Recuse && b.For != b.By:
		return domain.Invalid("for", "a delegate steps aside by not voting; only %s can leave the seat of %s", b.For, b.For)
	case b.Choice == Reject && strings.TrimSpace(b.Comment) == "":
		return domain.Invalid("comment", "is needed: say why it is rejected")
	case len(b.Comment) > domain.MaxReasonBytes:
		return domain.Invalid("comment", "takes at most %d bytes, has %d", domain.MaxReasonBytes, len(b.Comment))
	case b.Choice == ApproveWith && len(b.Conditions) == 0:
		return domain.Invalid("conditions", "are needed: what must be done before it is begun?")
	case b.Choice != ApproveWith && len(b.Conditions) > 0:
		return domain.Invalid("conditions", "belong to %s alone", ApproveWith)
	case len(b.Conditions) > MaxConditions:
		return domain.Invalid("conditions", "takes at most %d entries, has %d", MaxConditions, len(b.Conditions))
	}
	for i, condition := range b.Conditions {
		if length := len(strings.TrimSpace(condition)); length == 0 || len(condition) > domain.MaxTitleBytes || !domain.OneLine(condition) {
			return domain.Invalid(fmt.Sprintf("conditions[%d]", i), "is one line of 1 to %d bytes", domain.MaxTitleBytes)
		}
	}
	return nil
}

func choiceList() string {
	words := make([]string, len(Choices))
	for i, choice := range Choices {
		words[i] = string(choice)
	}
	return strings.Join(words, ", ")
}

// seatOf finds the stage in which a hand fills a seat now, or says why it does not.
func (k *Keeper) seatOf(at time.Time, name, by, seat string) (*Stage, error) {
	if leaving, barred := k.Approval.Parties.Bars(by); barred {
		return nil, domain.Errorf(domain.CodeForbidden, "%s %s, and so votes neither for themselves nor for anybody", by, leaving)
	}
	if by != seat && !k.delegated(at, by, seat) {
		return nil, domain.Errorf(domain.CodeForbidden, "%s has not delegated to %s for now", seat, by)
	}
	if name != "" {
		s, err := k.stage(name)
		if err != nil {
			return nil, err
		}
		return s, k.admit(s, by, seat)
	}
	var found *Stage
	var refusal error
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		if err := k.admit(s, by, seat); err != nil {
			// Where one has a seat says more than where one has none.
			if refusal == nil || domain.CodeOf(refusal) == domain.CodeForbidden {
				refusal = err
			}
			continue
		}
		if found != nil {
			return nil, domain.Invalid("stage", "is needed: %s is asked in %s and in %s", seat, found.Name, s.Name)
		}
		found = s
	}
	if found == nil && refusal == nil {
		refusal = domain.Errorf(domain.CodeConflict, "nobody is asked")
	}
	if found == nil {
		return nil, refusal
	}
	return found, nil
}

// AskedOf lists the seats that a hand can fill now and that are empty: somebody's own, and those of members who delegated to them.
func (k *Keeper) AskedOf(at time.Time, by string) []Asked {
	var list []Asked
	for _, asked := range k.Approval.Asked() {
		if asked.Person != by && !k.delegated(at, by, asked.Person) {
			continue
		}
		s, err := k.seatOf(at, asked.Stage, by, asked.Person)
		if err == nil && s.oneHand(Ballot{By: by, For: asked.Person}) == nil {
			list = append(list, asked)
		}
	}
	return list
}

// standsFor are those whose votes a hand can give now, or gave and can change; of one stage, where that is named.
func (k *Keeper) standsFor(at time.Time, by, stage string) []string {
	var list []string
	for _, asked := range k.AskedOf(at, by) {
		if stage == "" || stage == asked.Stage {
			list = append(list, asked.Person)
		}
	}
	for _, given := range k.Changeable(by) {
		if stage == "" || stage == given.Stage.Name {
			list = append(list, given.Vote.For)
		}
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(person string) bool { return person == by })
}

// sayFor refuses a vote of somebody who has no seat of their own, and votes for others.
func sayFor(others []string) error {
	message := "you vote here for " + domain.Listed(others) + ": say whose seat (for)"
	return &domain.Error{Code: domain.CodeInvalid, Message: message, Fields: []domain.FieldError{{Location: "body.for", Message: message}}}
}

// Given is a vote in force, and the stage that it was given in.
type Given struct {
	Stage Stage
	Vote  Vote
}

// Changeable lists the votes that a hand has given and can still change.
func (k *Keeper) Changeable(by string) []Given {
	var list []Given
	for _, s := range k.Approval.Stages {
		for _, vote := range s.InForce() {
			if s.State.TakesVotes() && vote.By == by && vote.Choice != Recuse {
				list = append(list, Given{s, vote})
			}
		}
	}
	return list
}

// Holds reports whether a hand has a vote to give now, or one that it can still change.
func (k *Keeper) Holds(at time.Time, by string) bool {
	return len(k.AskedOf(at, by)) > 0 || len(k.Changeable(by)) > 0
}

func (k *Keeper) delegated(at time.Time, by, seat string) bool {
	return slices.ContainsFunc(k.facts.Delegations, func(d Delegation) bool {
		return d.Principal == seat && d.Delegate == by && d.Holds(at)
	})
}

// admit says why a stage does not take the vote of a hand for a seat.
func (k *Keeper) admit(s *Stage, by, seat string) error {
	if s.OpenedAt == nil && s.State == Waiting {
		seats, known := k.facts.Seats[s.Name]
		if known && !slices.ContainsFunc(seats, func(m Member) bool { return m.Person == seat }) {
			return notAsked(s, seat)
		}
		return domain.Errorf(domain.CodeConflict, "the stage %s is not open yet", s.Name)
	}
	e := s.electorate(k.Approval.Parties)
	m, found := e.Find(seat)
	leaving, barred := e.hand(by)
	switch {
	case !found:
		return notAsked(s, seat)
	case barred:
		return domain.Errorf(domain.CodeForbidden, "%s %s, and so does not vote in the stage %s", by, leaving, s.Name)
	case m.Left != "":
		return domain.Errorf(domain.CodeForbidden, "%s %s, and so does not vote in the stage %s", seat, m.Left, s.Name)
	case s.State == Waiting:
		return domain.Errorf(domain.CodeConflict, "the stage %s waits for an earlier one", s.Name)
	case !s.State.TakesVotes():
		return domain.Errorf(domain.CodeConflict, "the stage %s takes no votes: it is %s", s.Name, s.State)
	}
	return nil
}

func notAsked(s *Stage, person string) error {
	return domain.Errorf(domain.CodeForbidden, "%s is not among those who decide the stage %s", person, s.Name)
}

// ChangedSince refuses what was seen of a stage's content, with a CodeConflict that names what has changed, where that has.
func (a Approval) ChangedSince(stage string, seen Hashes) error {
	k := NewKeeper(a, Facts{})
	s, err := k.stage(stage)
	if err != nil {
		return err
	}
	return k.fresh(*s, seen)
}

// fresh refuses a vote about content that has changed since the voter saw it, and names what changed.
func (k *Keeper) fresh(s Stage, seen Hashes) error {
	for _, part := range s.Covered() {
		now, known := k.Approval.Hashes[part]
		if !known || seen[part] == now {
			continue
		}
		if seen[part] == "" {
			return domain.Invalid("hashes", "must say which %s the vote is about", part)
		}
		return k.stale(part, seen[part])
	}
	return nil
}

func (k *Keeper) stale(part Cover, seen string) error {
	var fields []string
	since := false
	for _, edit := range k.Approval.Edits {
		if edit.From[part] == seen {
			since, fields = true, nil
		}
		if since && edit.From[part] != edit.To[part] {
			fields = append(fields, edit.Fields...)
		}
	}
	sort.Strings(fields)
	fields = slices.Compact(fields)
	what := strings.Join(fields, ", ")
	if what == "" {
		what = "the " + string(part)
	}
	refused := domain.Errorf(domain.CodeConflict, "the vote is about content that has changed since: %s; look at it again", what)
	for _, field := range fields {
		refused.Fields = append(refused.Fields, domain.FieldError{Location: field, Message: "has changed since"})
	}
	return refused
}

// oneHand refuses what would let one human count twice, and a delegate to change what a member has said.
func (s *Stage) oneHand(b Ballot) error {
	for _, v := range s.InForce() {
		switch {
		case v.For == b.For && !v.Delegated() && b.By != b.For:
			return domain.Errorf(domain.CodeConflict, "%s has voted already; a delegate does not change that", b.For)
		case v.By == b.By && v.For != b.For && b.Choice != Recuse:
			return domain.Errorf(domain.CodeConflict, "%s has voted for %s in the stage %s already; one person counts once", b.By, v.For, s.Name)
		}
	}
	return nil
}

// Closable reports whether the chair can end the vote of the stage: it counts the votes cast, or is overdue.
func (s Stage) Closable() bool {
	return s.State == StageEscalated || s.State == Open && s.Rule.base() == OfVotesCast
}

// CloseVoting lets the chair end a stage with the votes that there are: one that counts the votes cast, once they decide it, and
// one whose deadline has passed, whatever they come to. Silence under a rule of the electorate is for the deadline to end.
func (k *Keeper) CloseVoting(at time.Time, by, stage string) error {
	at = domain.Millisecond(at)
	s, err := k.stage(stage)
	if err != nil {
		return err
	}
	if leaving, barred := s.electorate(k.Approval.Parties).hand(by); barred {
		return domain.Errorf(domain.CodeForbidden, "%s %s, and so does not close the voting", by, leaving)
	}
	switch {
	case !s.State.TakesVotes():
		return domain.Errorf(domain.CodeConflict, "the stage %s takes no votes: it is %s", s.Name, s.State)
	case s.State == Open && s.Rule.base() != OfVotesCast:
		return domain.Errorf(domain.CodeConflict, "the stage %s counts everybody, also those who have not voted; its votes or its deadline (%s by default) end it", s.Name, s.ByDefault())
	}
	figures := Tally(s.Rule, s.electorate(k.Approval.Parties), s.InForce(), true)
	switch {
	case figures.Verdict == Approved:
	case s.State == StageEscalated || figures.Verdict == Rejected:
		figures.Verdict = Rejected
	default:
		return domain.Errorf(domain.CodeConflict, "the votes do not decide the stage %s yet: %s", s.Name, figures.Why)
	}
	figures.Why += "; " + by + " closed the voting"
	s.Figures = figures
	state := StageRejected
	if figures.Verdict == Approved {
		state = StageApproved
	}
	k.decide(s, state, at, by)
	return k.fault
}
