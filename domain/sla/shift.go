package sla

import "time"

// Shift says what a re-rating does to one promise.
type Shift struct {
	Metric Metric `json:"metric"`
	Effect Effect `json:"effect"`
	// Before and After are the ratings; left out where there is none. Their ends say when the target was, is or, if time counted
	// from now on, would be reached.
	Before    *Clock     `json:"before,omitempty"`
	After     *Clock     `json:"after,omitempty"`
	BeforeEnd *time.Time `json:"before_end,omitempty"`
	AfterEnd  *time.Time `json:"after_end,omitempty"`
}

// Effect is what a re-rating does to a promise.
type Effect string

// The effects of a re-rating on a promise.
const (
	Earlier Effect = "earlier"  // its target is reached earlier
	Later   Effect = "later"    // its target is reached later
	Breaks  Effect = "breached" // it is broken at once
	Mends   Effect = "mended"   // it was broken, and is not by the new terms
	Same    Effect = "same"     // other terms, and its target is reached at the same instant
	Joins   Effect = "new"      // it was not promised
	Leaves  Effect = "gone"     // it is no longer promised
)

// Shifts compares the clocks of a record before a re-rating with those after it, at its instant. held are the terms of them all.
// What the re-rating leaves alone is left out.
func Shifts(before, after []Clock, life Life, held []Terms, at time.Time) []Shift {
	was, is := (&Keeper{Clocks: before}).newest(), (&Keeper{Clocks: after}).newest()
	var list []Shift
	for _, now := range is {
		shift := Shift{Metric: now.Metric, After: &now, AfterEnd: endOf(now, life, held, at)}
		for _, then := range was {
			if then.Metric == now.Metric && (then.Agreement == now.Agreement || now.Metric.ToRequester()) {
				shift.Before, shift.BeforeEnd = &then, endOf(then, life, held, at)
			}
		}
		if shift.Effect = shift.effect(); shift.Effect != "" {
			list = append(list, shift)
		}
	}
	return list
}

func (s Shift) effect() Effect {
	then, now := s.Before, s.After
	switch {
	case then == nil && now.BreachedAt != nil:
		return Breaks
	case then == nil:
		return Joins
	case now.StoppedBy == noLongerPromised && then.StoppedBy != noLongerPromised:
		return Leaves
	case now.Cycle == then.Cycle && now.Rating == then.Rating:
		return ""
	case now.BreachedAt != nil && then.BreachedAt == nil:
		return Breaks
	case now.BreachedAt == nil && then.BreachedAt != nil:
		return Mends
	case s.BeforeEnd == nil || s.AfterEnd == nil || s.AfterEnd.Equal(*s.BeforeEnd):
		return Same
	case s.AfterEnd.Before(*s.BeforeEnd):
		return Earlier
	}
	return Later
}

// endOf is when a clock's target was, is or would be reached, by its terms.
func endOf(c Clock, life Life, held []Terms, at time.Time) *time.Time {
	if c.DueAt != nil {
		return c.DueAt
	}
	for _, terms := range held {
		if terms.Measures(c) {
			return terms.Explain(c, life, at).ProjectedAt
		}
	}
	return nil
}

// newest lists the newest clock in force of every promise, in the order of the metrics.
func (k *Keeper) newest() []Clock {
	var list []Clock
	for _, metric := range Metrics {
		for i := range k.Clocks {
			c := &k.Clocks[i]
			if c.Metric == metric && k.last(metric, c.Agreement) == c {
				list = append(list, *c)
			}
		}
	}
	return list
}
