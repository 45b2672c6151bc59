package sla

import "time"

// Responded says that a person acted on the record for its requester: the promise to respond was kept.
func (k *Keeper) Responded(at time.Time) {
	if k.Answered == nil || at.Before(*k.Answered) {
		k.Answered = &at
	}
	k.Stop(at, "responded", Response)
}

// Assigned says that a person took or gave the record; that responds only where the agreement says so.
func (k *Keeper) Assigned(at time.Time) {
	k.running(func(c *Clock, t Terms) {
		if c.Metric == Response && t.Spec.AssignmentResponds {
			k.end(c, t, at, "assigned", Met)
			if k.Answered == nil {
				k.Answered = &at
			}
		}
	})
}

// Resolved says that nothing more is owed; where a machine found that, nobody has responded.
func (k *Keeper) Resolved(at time.Time, byPerson bool) {
	if byPerson {
		if k.Answered == nil {
			k.Answered = &at
		}
		k.Stop(at, "resolved", Response)
	} else {
		k.Cancel(at, "resolved", Response)
	}
	k.Stop(at, "resolved", Resolution, Update, OLA, Underpinning)
}

// Reopened begins a new cycle of all that is owed once more, by the agreements that hold now. What was responded stays responded.
func (k *Keeper) Reopened(at time.Time, choices []Choice, priority int) {
	k.again(at, "resolved", priority, Resolution, Update, OLA, Underpinning)
	k.Rerate(choices, priority, at)
}

// merged is why a clock rests of a record that follows another one.
const merged = "merged"

// Merged lets the clocks of a record rest that follows another one from an instant on.
func (k *Keeper) Merged(at time.Time, by string) {
	k.Live(at, by, func(s *Segment) { s.Merged = true })
	k.Cancel(at, merged)
}

// Unmerged lets them go on, by the agreements that hold now; what lay between does not count.
func (k *Keeper) Unmerged(at time.Time, by string, choices []Choice, priority int) {
	k.Live(at, by, func(s *Segment) { s.Merged = false })
	for i := range k.Clocks {
		c := &k.Clocks[i]
		if !c.InForce || c.StoppedBy != merged {
			continue
		}
		if t, found := k.terms(*c); found {
			c.StoppedAt, c.StoppedBy = nil, ""
			t.read(c, k.Life, at)
		}
	}
	k.Rerate(choices, priority, at)
}

// Told says that the requester heard of the matter: the promise not to be silent was kept, and begins anew.
func (k *Keeper) Told(at time.Time) {
	priority, owed := 0, false
	k.running(func(c *Clock, _ Terms) {
		if c.Metric == Update {
			priority, owed = c.Priority, true
		}
	})
	if !owed {
		return
	}
	k.Stop(at, "told", Update)
	k.again(at, "told", priority, Update)
}
