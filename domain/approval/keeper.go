package approval

import (
	"maps"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// Calendar counts open time; *calendar.Calendar does. Its moments are those of the record.
type Calendar interface {
	// AddDuration moves forward by working days or by open time.
	AddDuration(from time.Time, length calendar.Duration) (time.Time, error)
	// Add moves forward by an amount of open time.
	Add(from time.Time, open time.Duration) (time.Time, error)
	// Between is the open time from one instant to another.
	Between(from, to time.Time) time.Duration
}

// Facts are what a Keeper needs to know beyond the approval, read in the deciding transaction.
type Facts struct {
	// Calendar is the record's, in which deadlines count.
	Calendar Calendar
	// Seats are whom the targets of each stage stand for now, by the stage's name; needed for every stage that can open, also again.
	// Inactive people are marked as such.
	Seats map[string][]Member
	// Delegations are those by which whoever votes may vote for another.
	Delegations []Delegation
	// Inactive are those of Approval.Hands whose account is not active.
	Inactive []string
}

// Keeper brings a record's approval in line with what happens to it. It works on a copy: what it was made of stays as it was.
//
// Its methods are called in the order in which things happened; instants are whole milliseconds. Whoever calls one has let it
// Tick until that instant first, so that nothing that came before is overtaken. A method that fails has changed nothing that
// counts: the decision is refused.
type Keeper struct {
	Approval Approval
	// Happenings are what is to be told of it, in order.
	Happenings []Happening
	facts      Facts
	fault      error
}

// NewKeeper begins to keep an approval.
func NewKeeper(approval Approval, facts Facts) *Keeper {
	return &Keeper{Approval: approval.Clone(), facts: facts}
}

// Happening is something that befell an approval.
type Happening struct {
	Kind HappeningKind
	At   time.Time
	// By is who brought it about; empty where time did.
	By string
	// Stage is the stage as it stands afterwards; without a name where it befell the approval as a whole.
	Stage Stage
	// Vote and Question are those that it is about.
	Vote     Vote
	Question Question
	// People are whom it concerns: who is asked, is reminded, is needed again, or left.
	People []string
	// Fields are what was edited.
	Fields []string
	// Reason is why, in somebody's words or in the platform's.
	Reason string
	// Again: the stage was asked before.
	Again bool
}

// HappeningKind says what befell an approval.
type HappeningKind string

// The kinds of happenings.
const (
	HasOpened      HappeningKind = "opened"      // a stage; People are asked
	HasVoted       HappeningKind = "voted"       // Vote
	HasRecused     HappeningKind = "recused"     // Vote; People is who stepped aside
	HasAsked       HappeningKind = "asked"       // Question; the deadline stands still
	HasAnswered    HappeningKind = "answered"    // Question
	HasReminded    HappeningKind = "reminded"    // People have not voted
	HasApproved    HappeningKind = "approved"    // a stage
	HasRejected    HappeningKind = "rejected"    // a stage
	HasEscalated   HappeningKind = "escalated"   // a stage, whose deadline passed
	HasFailed      HappeningKind = "failed"      // a stage, whose rule cannot be met: verdict error
	HasVoided      HappeningKind = "voided"      // votes of a stage; People are needed again
	HasLeft        HappeningKind = "left"        // People left an electorate
	HasSeated      HappeningKind = "seated"      // People are asked in place of those before
	HasMoved       HappeningKind = "moved"       // a deadline
	HasBrokenGlass HappeningKind = "broke_glass" // by break-glass
	HasWithdrawn   HappeningKind = "withdrawn"   // the approval is not asked for any more
	HasReplaced    HappeningKind = "replaced"    // another policy decides; Reason is why it holds
)

// Facts are what a timeline keeps of a happening: no words of anybody, which Words has.
func (h Happening) Facts() map[string]any {
	facts := map[string]any{}
	if h.Stage.Name != "" {
		facts["stage"], facts["round"] = h.Stage.Name, h.Stage.Round
	}
	if h.Vote.By != "" {
		facts["vote"], facts["by"], facts["for"] = h.Vote.Choice, h.Vote.By, h.Vote.For
	}
	if len(h.People) > 0 {
		facts["people"] = h.People
	}
	if len(h.Fields) > 0 {
		facts["fields"] = h.Fields
	}
	switch h.Kind {
	case HasApproved, HasRejected, HasEscalated, HasFailed, HasVoted:
		facts["verdict"], facts["why"] = h.Stage.Figures.Verdict, h.Stage.Figures.Why
	case HasVoided:
		facts["needed_again"] = h.People
		delete(facts, "people")
	case HasOpened, HasMoved, HasAnswered:
		if h.Stage.Timing.DueAt != nil {
			facts["due_at"] = *h.Stage.Timing.DueAt
		}
	}
	return facts
}

// Words are what people said in a happening.
func (h Happening) Words() map[string]any {
	words := map[string]any{}
	for name, text := range map[string]string{
		"comment": h.Vote.Comment, "question": h.Question.Text, "answer": h.Question.Answer,
	} {
		if text != "" {
			words[name] = text
		}
	}
	if len(h.Vote.Conditions) > 0 {
		words["conditions"] = h.Vote.Conditions
	}
	return words
}

// Submit asks for the approval of some content, in a new round of every stage.
func (k *Keeper) Submit(at time.Time, by string, content Hashes) error {
	a := &k.Approval
	if a.SubmittedAt != nil {
		return domain.Errorf(domain.CodeConflict, "the approval is asked for already")
	}
	at = domain.Millisecond(at)
	a.SubmittedAt, a.Hashes = &at, maps.Clone(content)
	for i := range a.Stages {
		s := &a.Stages[i]
		s.State, s.Round = Waiting, s.Round+1
		k.void(s, at, VoidWithdrawn, nil, func(Vote) bool { return true })
	}
	k.advance(at, by)
	return k.fault
}

// Withdraw ends the approval without a verdict: every vote becomes void, and nobody is asked until it is submitted anew.
func (k *Keeper) Withdraw(at time.Time, by, reason string) error {
	a := &k.Approval
	if a.SubmittedAt == nil {
		return domain.Errorf(domain.CodeConflict, "the approval is not asked for")
	}
	at = domain.Millisecond(at)
	a.SubmittedAt = nil
	for i := range a.Stages {
		s := &a.Stages[i]
		k.void(s, at, VoidWithdrawn, nil, func(Vote) bool { return true })
		s.State, s.OpenedAt, s.DecidedAt, s.Figures, s.Timing = Waiting, nil, nil, Figures{}, Timing{}
		s.leave(func(m Member) bool { return m.Left == Recused })
	}
	k.liftGlass(at, VoidWithdrawn, nil)
	k.tell(Happening{Kind: HasWithdrawn, At: at, By: by, Reason: reason})
	return k.fault
}

// leave keeps only those members who answer.
func (s *Stage) leave(who func(Member) bool) {
	list := []Member{}
	for _, m := range s.Members {
		if who(m) {
			list = append(list, m)
		}
	}
	s.Members = list
}

// advance opens the stages whose turn it is: those of the first group that has not approved. A stage that is parallel belongs to
// the group of the one before it.
func (k *Keeper) advance(at time.Time, by string) {
	if k.Approval.SubmittedAt == nil || k.Approval.Final() {
		return
	}
	before := true
	group := before
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		if !s.Parallel {
			group = before
		}
		if group && s.State == Waiting {
			k.open(s, at, by)
		}
		before = before && s.State == StageApproved
	}
}

// open asks the members of a stage. One that was asked before in this submission keeps those of its members who still are of those
// who are asked; votes that still count are counted.
func (k *Keeper) open(s *Stage, at time.Time, by string) {
	seats, known := k.facts.Seats[s.Name]
	if !known {
		k.fail(domain.Errorf(domain.CodeInternal, "who decides the stage %s was not read", s.Name))
		return
	}
	again := s.OpenedAt != nil
	if again {
		k.measure(s, at)
	} else {
		s.Members = append(s.Members, seats...)
	}
	s.Members = NewElectorate(s.Members, k.Approval.Parties).Members
	s.State, s.OpenedAt, s.DecidedAt = Open, &at, nil
	k.start(s, at)
	k.awaitAgain(s, at)
	s.Figures = k.tally(*s)
	k.tell(Happening{Kind: HasOpened, At: at, By: by, Stage: *s, People: s.Figures.Outstanding, Again: again})
	k.settle(s, at, by)
}

// tally counts the votes of a stage. Those that come after the deadline decide as soon as the votes cast can.
func (k *Keeper) tally(s Stage) Figures {
	late := s.State == StageEscalated
	figures := Tally(s.Rule, s.electorate(k.Approval.Parties), s.InForce(), late && s.Rule.base() == OfVotesCast)
	if late && figures.Verdict == Pending {
		figures.Verdict = Escalated
	}
	return figures
}

// settle counts a stage that takes votes and acts on the verdict.
func (k *Keeper) settle(s *Stage, at time.Time, by string) {
	if !s.State.Undecided() {
		return
	}
	s.Figures = k.tally(*s)
	switch s.Figures.Verdict {
	case Approved:
		k.decide(s, StageApproved, at, by)
	case Rejected:
		k.decide(s, StageRejected, at, by)
	case Error:
		if s.State != StageError {
			s.State = StageError
			k.stop(s, at)
			k.tell(Happening{Kind: HasFailed, At: at, By: by, Stage: *s})
		}
	}
}

// decide ends a stage, and with it what waits for it.
func (k *Keeper) decide(s *Stage, state State, at time.Time, by string) {
	s.State, s.DecidedAt, s.Timing = state, &at, s.Timing.ended()
	if state == StageApproved {
		k.tell(Happening{Kind: HasApproved, At: at, By: by, Stage: *s})
		k.advance(at, by)
		return
	}
	k.tell(Happening{Kind: HasRejected, At: at, By: by, Stage: *s})
	k.moot("another stage was rejected", s)
}

// moot lets every stage but one rest that has not been decided.
func (k *Keeper) moot(why string, but *Stage) {
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		if s != but && (s.State == Waiting || s.State.Undecided()) {
			s.State, s.Timing = Moot, s.Timing.ended()
			s.Figures.Why = why
		}
	}
}

// void takes the force from those votes of a stage that answer; it answers for whom they were given.
func (k *Keeper) void(s *Stage, at time.Time, why Voiding, fields []string, which func(Vote) bool) []string {
	var people []string
	for i := range s.Votes {
		if v := &s.Votes[i]; v.Counts() && which(*v) {
			v.Void = &Void{At: at, Why: why, Fields: fields}
			people = append(people, v.For)
		}
	}
	return people
}

func (k *Keeper) fail(err error) {
	if k.fault == nil {
		k.fault = err
	}
}

// tell notes a happening with the stage as it stands now.
func (k *Keeper) tell(h Happening) {
	h.Stage = Approval{Stages: []Stage{h.Stage}}.Clone().Stages[0]
	k.Happenings = append(k.Happenings, h)
}

// stage finds a stage by name.
func (k *Keeper) stage(name string) (*Stage, error) {
	for i := range k.Approval.Stages {
		if s := &k.Approval.Stages[i]; s.Name == name {
			return s, nil
		}
	}
	return nil, domain.Errorf(domain.CodeNotFound, "the approval has no stage %q", name)
}
