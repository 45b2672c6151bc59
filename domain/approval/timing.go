package approval

import (
	"fmt"
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
	// Meetings are those whose agendas hold the deadline back, and Own is what it is without them; nothing where none does.
	Meetings []Awaited `json:"meetings,omitempty"`
	Own      *Timing   `json:"own,omitempty"`
}

// Awaited is a meeting before whose end a stage does not end.
type Awaited struct {
	Meeting string    `json:"meeting"` // its number
	EndsAt  time.Time `json:"ends_at"`
}

// Runs reports whether the deadline will come at a known moment.
func (t Timing) Runs() bool { return t.RunsFrom != nil }

// ended is the timing of a stage that does not wait any more.
func (t Timing) ended() Timing {
	t.RunsFrom = nil
	return t.free()
}

// free is the timing as it stands, which no meeting holds back any more.
func (t Timing) free() Timing {
	t.Meetings, t.Own = nil, nil
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
	s.Timing = Timing{}
	k.end(s, &s.Timing, at, due)
	s.Timing.LengthMS = s.Timing.LeftMS
}

// end lets a deadline of a stage run from an instant until another.
func (k *Keeper) end(s *Stage, t *Timing, from, due time.Time) {
	due = domain.Millisecond(due)
	t.RunsFrom, t.DueAt, t.DueBefore = &from, &due, nil
	t.LeftMS = k.in(s).Between(from, due).Milliseconds()
}

func (k *Keeper) neverOpens(err error) {
	k.fail(domain.Errorf(domain.CodeInvalid, "the calendar of the record never opens: %v", err))
}

// stop lets the deadline of a stage stand still.
func (k *Keeper) stop(s *Stage, at time.Time) {
	for t := &s.Timing; t != nil; t = t.Own {
		if t.Runs() {
			t.LeftMS = k.in(s).Between(at, *t.DueAt).Milliseconds()
			t.RunsFrom, t.DueBefore, t.DueAt = nil, t.DueAt, nil
		}
	}
}

// resume lets the deadline of a stage go on.
func (k *Keeper) resume(s *Stage, at time.Time) {
	for t := &s.Timing; t != nil; t = t.Own {
		if t.Runs() || t.DueBefore == nil {
			continue
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
		k.end(s, t, at, due)
		t.LeftMS = left.Milliseconds()
	}
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
