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

// Await lets no stage end before a meeting of those whom it asks is over: the deadlines of the open stages with that target move to
// then where they would come before, and one that stands still goes on until then at least. Deadlines by the clock stay: whoever sets
// one cannot wait for a meeting. What the deadlines were is kept for when the meeting is called off.
func (k *Keeper) Await(at time.Time, target Target, meeting string, until time.Time, reason string) error {
	at, until = domain.Millisecond(at), domain.Millisecond(until)
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		if s.State != Open || s.Wall || !slices.Contains(s.Electorate, target) {
			continue
		}
		t := &s.Timing
		if own := cmp.Or(t.Own, t).ends(); own == nil || !own.Before(until) && !t.waitsFor(meeting) {
			continue
		}
		if t.Own == nil {
			own := *t
			t.Own = &own
		}
		t.Meetings = append(t.without(meeting), Awaited{Meeting: meeting, EndsAt: until})
		if !t.ends().Before(until) {
			continue
		}
		if t.Runs() {
			k.move(s, at, "", until, reason)
		} else {
			t.DueBefore = &until
		}
	}
	return k.fault
}

// Forgo lets stages end that waited for a meeting which will not be, or is not about the record any more: each at its own deadline, or
// with the last of the other meetings that it waits for. One whose deadline has passed by then ends at once, with the next Tick.
func (k *Keeper) Forgo(at time.Time, meeting, reason string) error {
	at = domain.Millisecond(at)
	for i := range k.Approval.Stages {
		s := &k.Approval.Stages[i]
		t := &s.Timing
		if s.State != Open || t.Own == nil || !t.waitsFor(meeting) {
			continue
		}
		t.Meetings = t.without(meeting)
		until := *t.Own.ends()
		for _, other := range t.Meetings {
			if until.Before(other.EndsAt) {
				until = other.EndsAt
			}
		}
		if !t.Runs() {
			t.LengthMS, t.LeftMS, t.DueBefore = t.Own.LengthMS, t.Own.LeftMS, &until
		} else {
			if until.Before(at) {
				until = at
			}
			if !until.Equal(*t.DueAt) {
				k.move(s, at, "", until, reason)
			}
		}
		if len(t.Meetings) == 0 {
			*t = t.free()
		}
	}
	return k.fault
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
