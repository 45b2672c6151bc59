package approval

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Edited lets an approval know that the content changed: fields are what was edited, content what it is now. Votes about a part
// whose hash differs become void, and their stages are asked again in a new round; likewise those about the parts that are named
// in addition: a practice that holds a new schedule to be as grave as a new scope names Scope. What was rejected stays rejected,
// and what was not submitted is only noted.
func (k *Keeper) Edited(at time.Time, by string, content Hashes, fields []string, also ...Cover) error {
	a := &k.Approval
	at = domain.Millisecond(at)
	parts := slices.Clone(also)
	for _, part := range Covers {
		if a.Hashes[part] != content[part] {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	if len(a.Hashes) > 0 {
		a.Edits = append(a.Edits, Edit{At: at, By: by, From: a.Hashes, To: maps.Clone(content), Fields: slices.Clone(fields)})
		a.Edits = a.Edits[max(len(a.Edits)-MaxEdits, 0):]
	}
	verdict := a.Verdict()
	a.Hashes = maps.Clone(content)
	if a.SubmittedAt == nil || verdict == Rejected {
		return nil
	}
	if k.liftGlass(at, VoidEdited, fields) {
		parts = Covers
	}
	for i := range a.Stages {
		if s := &a.Stages[i]; a.asks(*s, parts) {
			k.again(s, at, by, VoidEdited, fields, func(Vote) bool { return true })
		}
	}
	k.advance(at, by)
	return k.fault
}

// asks reports whether a change of some parts is a stage's affair. One of nothing but the schedule is that of the stages that cover
// the schedule alone, where there are any.
func (a Approval) asks(s Stage, parts []Cover) bool {
	alone := func(s Stage) bool { return slices.Equal(s.Covered(), []Cover{Schedule}) }
	if !slices.ContainsFunc(parts, func(part Cover) bool { return part != Schedule }) && slices.ContainsFunc(a.Stages, alone) {
		return alone(s)
	}
	return s.covers(parts)
}

// again lets a stage wait for a new round, without those votes that answer.
func (k *Keeper) again(s *Stage, at time.Time, by string, why Voiding, fields []string, which func(Vote) bool) {
	people := k.void(s, at, why, fields, which)
	slices.Sort(people)
	if s.OpenedAt != nil || s.State == Moot {
		s.Round++
	}
	s.State, s.DecidedAt, s.Timing, s.Figures = Waiting, nil, Timing{}, Figures{}
	if len(people) > 0 {
		k.tell(Happening{Kind: HasVoided, At: at, By: by, Stage: *s, People: people, Fields: fields})
	}
}

// part lets somebody leave a stage, with their vote. Whoever leaves because the decision is not theirs, or is inactive, takes along what
// they voted for others.
func (k *Keeper) part(s *Stage, at time.Time, person string, why Leaving) {
	member := false
	for i := range s.Members {
		if m := &s.Members[i]; m.Person == person && m.Left == "" {
			m.Left, member = why, true
		}
	}
	people := k.void(s, at, VoidLeft, nil, func(v Vote) bool {
		return v.Choice != Recuse && (v.For == person || (why.ofInterest() || why == Inactive) && v.By == person)
	})
	if s.State.Undecided() {
		s.Figures = k.tally(*s)
	}
	if member && why != Recused || len(people) > 0 {
		k.tell(Happening{Kind: HasLeft, At: at, Stage: *s, People: []string{person}, Reason: string(why)})
	}
}

// Bar lets an approval know who its parties are now. New ones leave every stage that is not decided. A stage that approved by a
// vote of theirs, and would not have without it, is asked again in a new round, in which the other votes still count: somebody
// who votes and then takes over the work must not have decided. Once it is submitted, who was a party does not come back.
func (k *Keeper) Bar(at time.Time, by string, parties Parties) error {
	at = domain.Millisecond(at)
	before := k.Approval.Parties
	if k.Approval.SubmittedAt == nil {
		k.Approval.Parties = parties
		return nil
	}
	k.Approval.Parties = before.With(parties)
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		if s.OpenedAt == nil || s.State == StageRejected {
			continue
		}
		for _, person := range k.Approval.Parties.all() {
			if _, known := before.Bars(person); known {
				continue
			}
			leaving, _ := k.Approval.Parties.Bars(person)
			k.barred(s, at, by, person, leaving)
		}
		k.settle(s, at, by)
	}
	if glass := k.Approval.BreakGlass; glass != nil && glass.Void == nil {
		if _, party := k.Approval.Parties.Bars(glass.By); party {
			k.liftGlass(at, VoidLeft, nil)
			for i := range k.Approval.Stages {
				k.again(&k.Approval.Stages[i], at, by, VoidLeft, nil, func(Vote) bool { return false })
			}
		}
	}
	k.advance(at, by)
	return k.fault
}

// barred lets a new party leave a stage.
func (k *Keeper) barred(s *Stage, at time.Time, by, person string, why Leaving) {
	approved := s.State == StageApproved && slices.ContainsFunc(s.InForce(), func(v Vote) bool {
		return (v.By == person || v.For == person) && v.Choice.Approves()
	})
	k.part(s, at, person, why)
	if !approved {
		return
	}
	if figures := Tally(s.Rule, s.electorate(k.Approval.Parties), s.InForce(), true); figures.Verdict == Approved {
		s.Figures = figures
		return
	}
	k.again(s, at, by, VoidLeft, nil, func(Vote) bool { return false })
}

// With joins parties; who was one stays one.
func (p Parties) With(more Parties) Parties {
	join := func(a, b []string) []string {
		list := append(slices.Clone(a), b...)
		slices.Sort(list)
		return slices.Compact(list)
	}
	return Parties{
		Requesters: join(p.Requesters, more.Requesters), Implementers: join(p.Implementers, more.Implementers),
		TaskOwners: join(p.TaskOwners, more.TaskOwners),
	}
}

// all lists the parties, each once.
func (p Parties) all() []string {
	list := slices.Concat(p.Requesters, p.Implementers, p.TaskOwners)
	slices.Sort(list)
	return slices.Compact(list)
}

// Seat asks other people in a stage that nobody can decide, in addition to those who are left.
func (k *Keeper) Seat(at time.Time, by, stage string, members []Member) error {
	at = domain.Millisecond(at)
	s, err := k.stage(stage)
	if err != nil {
		return err
	}
	if s.State != StageError {
		return domain.Errorf(domain.CodeConflict, "the stage %s is %s; others are asked only where its rule cannot be met", s.Name, s.State)
	}
	var people []string
	for _, m := range members {
		if _, known := s.electorate(Parties{}).Find(m.Person); !known {
			people = append(people, m.Person)
		}
	}
	s.Members = NewElectorate(append(slices.Clone(s.Members), members...), k.Approval.Parties).Members
	if figures := k.tally(*s); figures.Verdict == Error {
		return domain.Errorf(domain.CodeConflict, "the stage %s still cannot be decided: %s", s.Name, figures.Why)
	}
	s.State = Open
	k.start(s, at)
	if len(s.OpenQuestions()) > 0 {
		k.stop(s, at)
	}
	s.Figures = k.tally(*s)
	k.tell(Happening{Kind: HasSeated, At: at, By: by, Stage: *s, People: people})
	k.settle(s, at, by)
	return k.fault
}

// BreakGlass lets one person approve alone, for a reason and to be reviewed. No party can, and nothing that was rejected can be
// approved so. An edit of the content ends it.
func (k *Keeper) BreakGlass(at time.Time, by, reason string) error {
	a := &k.Approval
	at = domain.Millisecond(at)
	if leaving, barred := a.Parties.Bars(by); barred {
		return domain.Errorf(domain.CodeForbidden, "%s %s, and so does not decide alone", by, leaving)
	}
	for _, s := range a.Stages {
		if m, found := s.electorate(Parties{}).Find(by); found && m.Left == Recused {
			return domain.Errorf(domain.CodeForbidden, "%s %s, and so does not decide alone", by, Recused)
		}
	}
	switch verdict := a.Verdict(); {
	case a.SubmittedAt == nil:
		return domain.Errorf(domain.CodeConflict, "the approval is not asked for")
	case verdict == Approved || verdict == Rejected:
		return domain.Errorf(domain.CodeConflict, "the approval is %s already", verdict)
	case strings.TrimSpace(reason) == "":
		return domain.Invalid("reason", "is needed: why can it not wait for those who decide?")
	case len(reason) > domain.MaxReasonBytes:
		return domain.Invalid("reason", "takes at most %d bytes, has %d", domain.MaxReasonBytes, len(reason))
	}
	a.BreakGlass = &BreakGlass{By: by, Reason: reason, At: at, Hashes: maps.Clone(a.Hashes)}
	k.moot(by+" decided alone (break-glass)", nil)
	k.tell(Happening{Kind: HasBrokenGlass, At: at, By: by, Reason: reason})
	return k.fault
}

// liftGlass ends a break-glass; it reports whether there was one.
func (k *Keeper) liftGlass(at time.Time, why Voiding, fields []string) bool {
	glass := k.Approval.BreakGlass
	if glass == nil || glass.Void != nil {
		return false
	}
	glass.Void = &Void{At: at, Why: why, Fields: fields}
	return true
}
