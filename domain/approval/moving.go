package approval

import (
	"cmp"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Defer moves the deadline of a stage to another instant, such as the end of a later meeting. A stage whose deadline has passed
// without a decision is open again until then. No meeting that it was on the agenda of before counts any more.
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
	s.Timing = s.Timing.free()
	k.Approval.Agendas = slices.DeleteFunc(k.Approval.Agendas, func(a Agenda) bool { return slices.Contains(s.Electorate, a.Board) })
	k.move(s, at, by, until, reason)
	k.settle(s, at, by)
	return k.fault
}

// move lets the deadline of a stage that takes votes end at another instant.
func (k *Keeper) move(s *Stage, at time.Time, by string, until time.Time, reason string) {
	used := s.Timing.LengthMS - k.in(s).Between(at, *s.Timing.DueAt).Milliseconds()
	s.State = Open
	k.end(s, &s.Timing, at, until)
	s.Timing.LengthMS = used + s.Timing.LeftMS
	s.Figures = k.tally(*s)
	k.tell(Happening{Kind: HasMoved, At: at, By: by, Stage: *s, Reason: reason})
}

// Agenda is a meeting on whose agenda the record is.
type Agenda struct {
	Awaited
	Board Target `json:"board"` // who meets, as policies name them
}

// Await lets no stage end before a meeting of those whom it asks is over: the deadlines of the open stages with that target move to
// then where they would come before, and one that stands still goes on until then at least. Stages that are asked later, or again, wait
// for it too. Deadlines by the clock stay: whoever sets one cannot wait for a meeting. What the deadlines were is kept for when the
// meeting is called off.
func (k *Keeper) Await(at time.Time, target Target, meeting string, until time.Time, reason string) error {
	at = domain.Millisecond(at)
	agenda := Agenda{Awaited{meeting, domain.Millisecond(until)}, target}
	k.Approval.Agendas = append(k.Approval.agendas(at, meeting), agenda)
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		if s.State != Open || !s.holdsBack(agenda) {
			continue
		}
		if s.Timing.Runs() {
			k.move(s, at, "", agenda.EndsAt, reason)
		} else {
			s.Timing.DueBefore = &agenda.EndsAt
		}
	}
	return k.fault
}

// agendas are those of the meetings that are not over, but for one.
func (a Approval) agendas(at time.Time, without string) []Agenda {
	return slices.DeleteFunc(slices.Clone(a.Agendas), func(one Agenda) bool { return one.Meeting == without || !one.EndsAt.After(at) })
}

// awaitAgain lets a stage that was opened wait for the meetings on whose agenda the record is.
func (k *Keeper) awaitAgain(s *Stage, at time.Time) {
	for _, agenda := range k.Approval.agendas(at, "") {
		if s.holdsBack(agenda) {
			k.end(s, &s.Timing, at, agenda.EndsAt)
			s.Timing.LengthMS = s.Timing.LeftMS
		}
	}
}

// holdsBack notes that a stage waits for a meeting, and reports whether that moves its deadline.
func (s *Stage) holdsBack(agenda Agenda) bool {
	t := &s.Timing
	if s.Wall || !slices.Contains(s.Electorate, agenda.Board) {
		return false
	}
	if own := cmp.Or(t.Own, t).ends(); own == nil || !own.Before(agenda.EndsAt) && !t.waitsFor(agenda.Meeting) {
		return false
	}
	if t.Own == nil {
		own := *t
		t.Own = &own
	}
	t.Meetings = append(t.without(agenda.Meeting), agenda.Awaited)
	return t.ends().Before(agenda.EndsAt)
}

// Forgo lets stages end that waited for a meeting which will not be, or is not about the record any more: each at its own deadline, or
// with the last of the other meetings that it waits for. One whose deadline has passed by then ends at once, with the next Tick.
func (k *Keeper) Forgo(at time.Time, meeting, reason string) error {
	at = domain.Millisecond(at)
	k.Approval.Agendas = k.Approval.agendas(at, meeting)
	for i := range k.Approval.Stages {
		if s := &k.Approval.Stages[i]; s.State == Open && s.Timing.Own != nil && s.Timing.waitsFor(meeting) {
			k.release(s, at, meeting, reason)
		}
	}
	return k.fault
}

// release lets a stage wait for a meeting no longer.
func (k *Keeper) release(s *Stage, at time.Time, meeting, reason string) {
	t := &s.Timing
	t.Meetings = t.without(meeting)
	until := *t.Own.ends()
	for _, other := range t.Meetings {
		until = later(until, other.EndsAt)
	}
	if !t.Runs() {
		t.LengthMS, t.LeftMS, t.DueBefore = t.Own.LengthMS, t.Own.LeftMS, &until
	} else if until = later(until, at); !until.Equal(*t.DueAt) {
		k.move(s, at, "", until, reason)
	}
	if len(t.Meetings) == 0 {
		*t = t.free()
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// ends is when a deadline ends, or before when it does not end while it stands still; nil where there is none.
func (t *Timing) ends() *time.Time {
	if t.Runs() {
		return t.DueAt
	}
	return t.DueBefore
}

func (t *Timing) waitsFor(meeting string) bool {
	return slices.ContainsFunc(t.Meetings, func(a Awaited) bool { return a.Meeting == meeting })
}

// without are the meetings but for one.
func (t *Timing) without(meeting string) []Awaited {
	return slices.DeleteFunc(slices.Clone(t.Meetings), func(a Awaited) bool { return a.Meeting == meeting })
}
