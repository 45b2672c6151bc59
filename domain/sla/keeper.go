package sla

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Keeper brings a record's clocks in line with what happens to it. It works on copies: what it was made of stays as it was.
//
// Its methods are called in the order in which things happened; instants are whole milliseconds. Whoever calls it has let it
// Tick until the instant of each change first, so that nothing that came before is overtaken.
type Keeper struct {
	Life   Life
	Clocks []Clock
	// Answered is when a person first responded; a promise to respond that begins to hold later was kept then.
	Answered *time.Time
	// Happenings are what is to be told of the clocks, in order.
	Happenings []Happening
	held       []Terms
	fault      error
}

// Happening is something that befell a clock.
type Happening struct {
	Kind  HappeningKind
	Clock Clock // as it stands afterwards
	// Point is the threshold, Actions are what it does.
	Point   Point
	Actions []Action
	// Before is the rating that a re-rating replaced.
	Before *Clock
	// ByRerating: the breach was found by a re-rating, which left the end of the target in the past.
	ByRerating bool
}

// HappeningKind says what befell a clock.
type HappeningKind string

// The kinds of happenings.
const (
	HasBreached  HappeningKind = "breached"
	HasReached   HappeningKind = "reached" // a threshold
	HasPassed    HappeningKind = "passed"  // a threshold that had acted in this cycle already
	HasWithdrawn HappeningKind = "withdrawn"
	HasRerated   HappeningKind = "re_rated"
)

// Facts are what a timeline keeps of a happening.
func (h Happening) Facts() map[string]any {
	c := h.Clock
	facts := map[string]any{
		"metric": c.Metric, "agreement": c.Agreement, "cycle": c.Cycle, "priority": c.Priority, "target": c.Target, "state": c.State,
		"elapsed_ms": c.ElapsedMS,
	}
	switch h.Kind {
	case HasReached, HasPassed:
		facts["at"], facts["threshold_due"] = h.Point.At, h.Point.DueAt
	case HasBreached:
		facts["breached_at"] = c.BreachedAt
	case HasRerated:
		facts["due_at"] = c.DueAt
		facts["before"] = map[string]any{
			"agreement": h.Before.Agreement, "priority": h.Before.Priority, "target": h.Before.Target, "state": h.Before.State,
			"elapsed_ms": h.Before.ElapsedMS,
		}
		if c.AgreementVersion != h.Before.AgreementVersion || c.Agreement != h.Before.Agreement {
			facts["agreement_version"] = c.AgreementVersion
		}
	}
	return facts
}

// NewKeeper begins to keep clocks. held are the terms of every clock in force.
func NewKeeper(life Life, clocks []Clock, held []Terms) *Keeper {
	k := &Keeper{Life: life.Clone(), Clocks: slices.Clone(clocks), held: held}
	for i := range k.Clocks {
		k.Clocks[i].Points = slices.Clone(k.Clocks[i].Points)
	}
	return k
}

// Fault is a failure to keep the clocks: terms that were not given.
func (k *Keeper) Fault() error { return k.fault }

// terms finds what a clock is measured by.
func (k *Keeper) terms(c Clock) (Terms, bool) {
	for _, t := range k.held {
		if t.Measures(c) {
			return t, true
		}
	}
	if k.fault == nil {
		k.fault = domain.Errorf(domain.CodeInternal, "the terms of the clock %s of %s version %d with %s version %d were not read",
			c.Metric, c.Agreement, c.AgreementVersion, c.Calendar, c.CalendarVersion)
	}
	return Terms{}, false
}

// running calls for every clock in force that has not ended.
func (k *Keeper) running(call func(*Clock, Terms)) {
	for i := range k.Clocks {
		if c := &k.Clocks[i]; c.Owed() {
			if t, found := k.terms(*c); found {
				call(c, t)
			}
		}
	}
}

// Open starts the clocks of the agreements that hold for a new record.
func (k *Keeper) Open(choices []Choice, priority int, at time.Time) {
	for _, choice := range choices {
		for _, metric := range Metrics {
			k.start(choice, metric, priority, at)
		}
	}
}

func (k *Keeper) start(choice Choice, metric Metric, priority int, from time.Time) {
	c, promised := choice.rate(metric, priority, from)
	if !promised {
		return
	}
	c.Why = choice.Why
	k.hold(choice.Terms)
	choice.read(&c, k.Life, from)
	k.Clocks = append(k.Clocks, c)
}

func (k *Keeper) hold(t Terms) {
	k.held = append(slices.Clip(k.held), t)
}

// Live lets the record's circumstances change at an instant. Where that lies before the end of a clock, what it counted until
// then is counted anew; its verdict stays.
func (k *Keeper) Live(at time.Time, by string, change func(*Segment)) {
	k.Life = k.Life.Change(at, by, change)
	k.running(func(c *Clock, t Terms) { t.read(c, k.Life, at) })
	for i := range k.Clocks {
		c := &k.Clocks[i]
		if !c.InForce || !c.Ended() || !c.AsOf.After(at) {
			continue
		}
		if t, found := k.terms(*c); found {
			c.ElapsedMS, c.PausedMS = t.measure(c.Metric, k.Life, c.From, c.AsOf)
		}
	}
}

// Read brings what running clocks show up to an instant; nothing may have come since the last Tick.
func (k *Keeper) Read(at time.Time) {
	k.running(func(c *Clock, t Terms) { t.read(c, k.Life, at) })
}

// Used reports whether a running clock has used a share of its target, in hundredths of a percent, at an instant.
func (k *Keeper) Used(at time.Time, share int) bool {
	used := false
	k.running(func(c *Clock, t Terms) {
		elapsed, _ := t.measure(c.Metric, k.Life, c.From, at)
		used = used || elapsed*Whole >= c.LengthMS*int64(share)
	})
	return used
}

// Tick settles everything that came until an instant, in the order in which it came.
func (k *Keeper) Tick(until time.Time) {
	for {
		first := -1
		for i, c := range k.Clocks {
			if c.Waits() && !c.NextAt.After(until) && (first < 0 || c.NextAt.Before(*k.Clocks[first].NextAt)) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		t, found := k.terms(k.Clocks[first])
		if !found {
			return
		}
		k.come(&k.Clocks[first], t)
	}
}

// come settles the next place of a clock.
func (k *Keeper) come(c *Clock, t Terms) {
	at, name := *c.NextAt, c.Next
	if name == Due {
		c.BreachedAt, c.State = &at, Breached
		t.read(c, k.Life, at)
		k.tell(Happening{Kind: HasBreached, Clock: *c})
		return
	}
	point := Point{At: name, DueAt: at, Outcome: Fired}
	if slices.ContainsFunc(c.Points, func(p Point) bool { return p.At == name && p.Outcome == ActedBefore }) {
		point.Outcome = Superseded
	}
	c.Points = append(c.Points, point)
	t.read(c, k.Life, at)
	if point.Outcome == Superseded {
		k.tell(Happening{Kind: HasPassed, Clock: *c, Point: point})
		return
	}
	k.tell(Happening{Kind: HasReached, Clock: *c, Point: point, Actions: t.actions(*c, name)})
}

func (k *Keeper) tell(h Happening) {
	h.Clock.Points = slices.Clone(h.Clock.Points)
	k.Happenings = append(k.Happenings, h)
}

// Raise marks that a threshold has raised the priority in this cycle; it reports whether that had not been so.
func (k *Keeper) Raise(metric Metric, agreement string) bool {
	c := k.last(metric, agreement)
	if c == nil || c.Raised {
		return false
	}
	c.Raised = true
	return true
}

// Stop ends the clocks of some metrics at an instant: their promise was kept, unless it was broken before. An instant before a
// threshold that fired withdraws it.
func (k *Keeper) Stop(at time.Time, by string, metrics ...Metric) {
	k.running(func(c *Clock, t Terms) {
		if slices.Contains(metrics, c.Metric) {
			k.end(c, t, at, by, Met)
		}
	})
}

// Cancel ends the clocks of some metrics at an instant without a verdict, but for those that are broken; none named: all.
func (k *Keeper) Cancel(at time.Time, by string, metrics ...Metric) {
	k.running(func(c *Clock, t Terms) {
		if len(metrics) == 0 || slices.Contains(metrics, c.Metric) {
			k.end(c, t, at, by, Canceled)
		}
	})
}

func (k *Keeper) end(c *Clock, t Terms, at time.Time, by string, verdict State) {
	if at.Before(c.From) {
		at = c.From
	}
	withdrawn := false
	for i := range c.Points {
		if p := &c.Points[i]; p.Outcome == Fired && p.DueAt.After(at) {
			p.Outcome, withdrawn = Withdrawn, true
		}
	}
	if c.BreachedAt != nil && c.BreachedAt.After(at) {
		c.BreachedAt, withdrawn = nil, true
	}
	t.read(c, k.Life, at)
	c.State = verdict
	if c.BreachedAt != nil {
		c.State = Breached
	}
	c.StoppedAt, c.StoppedBy, c.Counting, c.NextAt, c.Next = &at, by, false, nil, ""
	if withdrawn {
		k.tell(Happening{Kind: HasWithdrawn, Clock: *c})
	}
}

// again begins a new cycle of every clock of some metrics that a word has stopped; the verdict of the last one stays beside.
func (k *Keeper) again(at time.Time, stoppedBy string, priority int, metrics ...Metric) {
	for _, before := range slices.Clone(k.Clocks) {
		if !before.InForce || before.StoppedBy != stoppedBy || !slices.Contains(metrics, before.Metric) {
			continue
		}
		t, found := k.terms(before)
		if newest := k.last(before.Metric, before.Agreement); !found || newest.Cycle != before.Cycle {
			continue
		}
		c, promised := t.rate(before.Metric, priority, at)
		if !promised {
			continue
		}
		c.Cycle, c.Why = before.Cycle+1, before.Why
		t.read(&c, k.Life, at)
		k.Clocks = append(k.Clocks, c)
	}
}

// last finds the newest clock in force of a metric. Of teams and vendors there can be several, told apart by their agreement.
func (k *Keeper) last(metric Metric, agreement string) *Clock {
	var found *Clock
	for i := range k.Clocks {
		c := &k.Clocks[i]
		if c.Metric != metric || !c.InForce || !metric.ToRequester() && c.Agreement != agreement {
			continue
		}
		if found == nil || c.Cycle > found.Cycle {
			found = c
		}
	}
	return found
}
