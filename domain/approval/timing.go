package approval

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// Timing is a stage's deadline. It stands still while a question is open, and goes on with exactly the time that was left.
type Timing struct {
	// LengthMS is the whole time in milliseconds of the calendar, LeftMS what was left of it at RunsFrom or, while it stands
	// still, is left.
	LengthMS int64      `json:"length_ms"`
	LeftMS   int64      `json:"left_ms"`
	RunsFrom *time.Time `json:"runs_from,omitempty"`
	// DueAt is when it ends or ended; nothing while that is not foreseen.
	DueAt *time.Time `json:"due_at,omitempty"`
	// DueBefore is what DueAt was before it stood still; standing still never brings it forward.
	DueBefore *time.Time `json:"due_before,omitempty"`
	// Reminded is how many of the reminders have gone out.
	Reminded int `json:"reminded,omitempty"`
}

// Runs reports whether the deadline will come at a known moment.
func (t Timing) Runs() bool { return t.RunsFrom != nil }

// ended is the timing of a stage that does not wait any more.
func (t Timing) ended() Timing {
	t.RunsFrom = nil
	return t
}

// wall counts wall time.
type wall struct{}

func (wall) AddDuration(from time.Time, d calendar.Duration) (time.Time, error) {
	return from.Add(d.Open + time.Duration(d.WorkingDays)*24*time.Hour), nil
}

func (wall) Add(from time.Time, open time.Duration) (time.Time, error) { return from.Add(open), nil }

func (wall) Between(from, to time.Time) time.Duration { return max(to.Sub(from), 0) }

// in is the calendar in which a stage's deadline counts.
func (k *Keeper) in(s *Stage) Calendar {
	if s.Wall {
		return wall{}
	}
	return k.facts.Calendar
}

// start begins the deadline of a stage.
func (k *Keeper) start(s *Stage, at time.Time) {
	due, err := k.in(s).AddDuration(at, s.deadline())
	if err != nil {
		k.neverOpens(err)
		return
	}
	k.end(s, at, due)
	s.Timing.LengthMS, s.Timing.Reminded = s.Timing.LeftMS, 0
}

// end lets the deadline of a stage run from an instant until another.
func (k *Keeper) end(s *Stage, from, due time.Time) {
	due = domain.Millisecond(due)
	s.Timing.RunsFrom, s.Timing.DueAt, s.Timing.DueBefore = &from, &due, nil
	s.Timing.LeftMS = k.in(s).Between(from, due).Milliseconds()
}

func (k *Keeper) neverOpens(err error) {
	k.fail(domain.Errorf(domain.CodeInvalid, "the calendar of the record never opens: %v", err))
}

// stop lets the deadline of a stage stand still.
func (k *Keeper) stop(s *Stage, at time.Time) {
	if t := &s.Timing; t.Runs() {
		t.LeftMS = k.in(s).Between(at, *t.DueAt).Milliseconds()
		t.RunsFrom, t.DueBefore, t.DueAt = nil, t.DueAt, nil
	}
}

// resume lets the deadline of a stage go on.
func (k *Keeper) resume(s *Stage, at time.Time) {
	t := &s.Timing
	if t.Runs() || t.DueBefore == nil {
		return
	}
	left := time.Duration(t.LeftMS) * time.Millisecond
	due, err := k.in(s).Add(at, left)
	if err != nil {
		k.neverOpens(err)
		return
	}
	if due.Before(*t.DueBefore) {
		due = *t.DueBefore
	}
	k.end(s, at, due)
	t.LeftMS = left.Milliseconds()
}

// place is the next moment of a stage: a reminder, or the deadline itself.
type place struct {
	stage    *Stage
	at       time.Time
	reminder Amount // zero: the deadline
}

// places are the moments of a stage that are still to come, earliest first.
func (k *Keeper) places(s *Stage) []place {
	t := s.Timing
	if s.State != Open || !t.Runs() {
		return nil
	}
	var list []place
	reminders := s.reminders()
	for _, reminder := range reminders[min(t.Reminded, len(reminders)):] {
		// The first whole millisecond that is not before the share.
		used := (t.LengthMS*reminder.part + reminder.whole - 1) / reminder.whole
		at := *t.RunsFrom
		if wait := used - (t.LengthMS - t.LeftMS); wait > 0 {
			var err error
			if at, err = k.in(s).Add(*t.RunsFrom, time.Duration(wait)*time.Millisecond); err != nil {
				k.neverOpens(err)
				return nil
			}
		}
		if at.Before(*t.DueAt) {
			list = append(list, place{stage: s, at: domain.Millisecond(at), reminder: reminder})
		}
	}
	return append(list, place{stage: s, at: *t.DueAt})
}

// Deadlines are the moments that the record's timer keeps for the approval, earliest first. Each brings the practice's command
// approval_due, on which the record lets the Keeper Tick.
func (k *Keeper) Deadlines(practice domain.Practice) ([]domain.Deadline, error) {
	var list []domain.Deadline
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		for _, p := range k.places(s) {
			one := domain.Deadline{
				Name: "approval " + s.Name + " " + due, DueAt: p.at, Command: string(practice) + "." + Due,
				Then: fmt.Sprintf("%s the stage %s, unless it is decided before", thens[s.ByDefault()], s.Name),
			}
			if !p.reminder.IsZero() {
				one.Name = "approval " + s.Name + " " + p.reminder.text
				one.Then = "reminds " + shown(s.Figures.Outstanding) + " to vote in the stage " + s.Name
			}
			list = append(list, one)
		}
	}
	domain.SortDeadlines(list)
	return list, k.fault
}

// Due is the verb of the command by which the platform brings what is due of an approval.
const Due = "approval_due"

const due = "due"

var thens = map[Default]string{DefaultReject: "rejects", DefaultEscalate: "escalates", DefaultApprove: "approves"}

// Tick settles everything that came until an instant, in the order in which it came, each as of when it was due.
func (k *Keeper) Tick(until time.Time) error {
	for k.fault == nil {
		var first *place
		for i := range k.Approval.Stages {
			if places := k.places(&k.Approval.Stages[i]); len(places) > 0 && (first == nil || places[0].at.Before(first.at)) {
				first = &places[0]
			}
		}
		if first == nil || first.at.After(until) {
			break
		}
		k.come(*first)
	}
	return k.fault
}

// come settles a moment of a stage.
func (k *Keeper) come(p place) {
	s := p.stage
	if !p.reminder.IsZero() {
		s.Timing.Reminded++
		k.tell(Happening{Kind: HasReminded, At: p.at, Stage: *s, People: s.Figures.Outstanding, Reason: p.reminder.String()})
		return
	}
	figures := Tally(s.Rule, s.electorate(k.Approval.Parties), s.InForce(), true)
	s.Figures = figures
	switch figures.Verdict {
	case Approved:
		k.decide(s, StageApproved, p.at, "")
		return
	case Rejected:
		k.decide(s, StageRejected, p.at, "")
		return
	}
	s.Figures.Verdict, s.Figures.Why = Overdue(figures, s.ByDefault())
	switch s.Figures.Verdict {
	case Approved:
		k.decide(s, StageApproved, p.at, "")
	case Rejected:
		k.decide(s, StageRejected, p.at, "")
	default:
		s.State, s.Timing = StageEscalated, s.Timing.ended()
		k.tell(Happening{Kind: HasEscalated, At: p.at, Stage: *s, People: s.Figures.Outstanding})
	}
}

// Overdue is what becomes of votes that were still pending when the deadline passed, and why.
func Overdue(figures Figures, by Default) (Verdict, string) {
	if figures.Verdict != Pending {
		return figures.Verdict, figures.Why
	}
	verdict := map[Default]Verdict{DefaultReject: Rejected, DefaultEscalate: Escalated, DefaultApprove: Approved}[by]
	return verdict, figures.Why + "; the deadline has passed, which " + thens[by] + " by default"
}

// Defer moves the deadline of a stage to another instant, such as the end of a later meeting. A stage whose deadline has passed
// without a decision is open again until then.
func (k *Keeper) Defer(at time.Time, by, stage string, until time.Time, reason string) error {
	at = domain.Millisecond(at)
	s, err := k.stage(stage)
	switch {
	case err != nil:
		return err
	case !s.State.TakesVotes():
		return domain.Errorf(domain.CodeConflict, "the stage %s has no deadline to move: it is %s", s.Name, s.State)
	case s.State == Open && !s.Timing.Runs():
		return domain.Errorf(domain.CodeConflict, "the deadline of the stage %s stands still until a question is answered", s.Name)
	case !until.After(at):
		return domain.Invalid("until", "must lie ahead")
	}
	k.move(s, at, by, until, reason)
	k.settle(s, at, by)
	return k.fault
}

// move lets the deadline of a stage that takes votes end at another instant.
func (k *Keeper) move(s *Stage, at time.Time, by string, until time.Time, reason string) {
	used := s.Timing.LengthMS - k.in(s).Between(at, *s.Timing.DueAt).Milliseconds()
	s.State = Open
	k.end(s, at, until)
	s.Timing.LengthMS = used + s.Timing.LeftMS
	s.Figures = k.tally(*s)
	k.tell(Happening{Kind: HasMoved, At: at, By: by, Stage: *s, Reason: reason})
}

// Await lets no stage end before a meeting of those whom it asks is over: the deadlines of the open stages with that target move to
// then where they would come before, and one that stands still goes on until then at least. Deadlines by the clock stay: whoever sets
// one cannot wait for a meeting.
func (k *Keeper) Await(at time.Time, target Target, until time.Time, reason string) error {
	at = domain.Millisecond(at)
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		if s.State != Open || s.Wall || !slices.Contains(s.Electorate, target) {
			continue
		}
		switch t := &s.Timing; {
		case t.Runs() && t.DueAt.Before(until):
			k.move(s, at, "", until, reason)
		case !t.Runs() && t.DueBefore != nil && t.DueBefore.Before(until):
			floor := domain.Millisecond(until)
			t.DueBefore = &floor
		}
	}
	return k.fault
}
