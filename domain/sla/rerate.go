package sla

import "time"

// Rerate measures the clocks that have not ended by the agreements that hold now, for a priority. A clock whose promise stays
// the same is left alone, so that re-rating twice changes nothing. Of a record that is over, or
// follows another one, nothing is owed.
//
// A clock counts anew from the beginning of its cycle, with all its pauses, or from now, as the agreement says for a higher and
// for a lower priority. Thresholds that lie in the past then are superseded and do not act; where the end of the target lies
// in the past, the promise is broken, and that is told unless it was broken before.
func (k *Keeper) Rerate(choices []Choice, priority int, at time.Time) {
	if now := k.Life.Now(); !now.Open || now.Merged {
		return
	}
	for _, metric := range Metrics {
		for _, choice := range choices {
			before := k.last(metric, choice.Agreement)
			switch {
			case before == nil:
				k.joins(choice, metric, priority, at)
			case !before.Ended() || before.StoppedBy == noLongerPromised:
				k.replace(before, choice, priority, at)
			}
		}
		k.leave(metric, choices, priority, at)
	}
}

// noLongerPromised is why a clock was canceled whose promise may come back with another priority.
const noLongerPromised = "no longer promised"

// joins starts a clock that the record had none of: its promise holds from the beginning.
func (k *Keeper) joins(choice Choice, metric Metric, priority int, at time.Time) {
	from := at
	if len(k.Life) > 0 {
		from = k.Life[0].From
	}
	c, promised := choice.rate(metric, priority, from)
	if !promised {
		return
	}
	c.Why = choice.Why
	k.hold(choice.Terms)
	k.catchUp(&c, choice.Terms, nil, at)
	k.Clocks = append(k.Clocks, c)
}

// replace puts a new rating in a clock's place.
func (k *Keeper) replace(before *Clock, choice Choice, priority int, at time.Time) {
	from := before.CycleFrom
	if choice.Spec.Rerate.origin(before.Priority, priority) == Changed {
		from = at
	}
	c, promised := choice.rate(before.Metric, priority, from)
	if !promised {
		return // leave ends it
	}
	same := c.Agreement == before.Agreement && c.AgreementVersion == before.AgreementVersion && c.Target == before.Target &&
		c.Calendar == before.Calendar && c.CalendarVersion == before.CalendarVersion
	if same && !before.Ended() {
		before.Priority, before.Why = priority, choice.Why
		return
	}
	before.InForce = false
	if !before.Ended() {
		old, found := k.terms(*before)
		if !found {
			return
		}
		old.read(before, k.Life, at)
		before.StoppedAt, before.StoppedBy, before.Counting, before.NextAt, before.Next = &at, "re-rated", false, nil, ""
	}
	c.Cycle, c.Rating, c.CycleFrom, c.Raised, c.Why = before.Cycle, before.Rating+1, before.CycleFrom, before.Raised, choice.Why
	k.hold(choice.Terms)
	for _, point := range before.Points { // what has acted in this cycle does not act again
		if point.Outcome == Fired || point.Outcome == ActedBefore {
			c.Points = append(c.Points, Point{At: point.At, DueAt: point.DueAt, Outcome: ActedBefore})
		}
	}
	replaced := *before
	k.catchUp(&c, choice.Terms, &replaced, at)
	k.Clocks = append(k.Clocks, c) // before is not valid from here on
}

// catchUp settles what a new rating finds in the past, and tells of it.
func (k *Keeper) catchUp(c *Clock, t Terms, before *Clock, at time.Time) {
	t.read(c, k.Life, at)
	breached, until := false, at
	if c.Metric == Response && k.Answered != nil && k.Answered.Before(at) {
		until = *k.Answered
	}
	for c.NextAt != nil && !c.NextAt.After(until) {
		came := *c.NextAt
		if c.Next == Due {
			c.BreachedAt, c.State, breached = &came, Breached, true
		} else {
			c.Points = append(c.Points, Point{At: c.Next, DueAt: came, Outcome: Superseded})
		}
		t.read(c, k.Life, at)
	}
	if c.Metric == Response && k.Answered != nil {
		k.end(c, t, *k.Answered, "responded", Met)
	}
	if before != nil {
		k.tell(Happening{Kind: HasRerated, Clock: *c, Before: before})
	}
	if breached && (before == nil || before.BreachedAt == nil) {
		k.tell(Happening{Kind: HasBreached, Clock: *c, ByRerating: true})
	}
}

// leave cancels clocks whose promise no longer holds.
func (k *Keeper) leave(metric Metric, choices []Choice, priority int, at time.Time) {
	for i := range k.Clocks {
		c := &k.Clocks[i]
		if c.Metric != metric || !c.Owed() {
			continue
		}
		holds := false
		for _, choice := range choices {
			_, promised := choice.Spec.target(metric, priority)
			holds = holds || promised && choice.Agreement == c.Agreement
		}
		if t, found := k.terms(*c); found && !holds {
			k.end(c, t, at, noLongerPromised, Canceled)
		}
	}
}
