package sla

import (
	"cmp"
	"slices"
	"time"
)

// Explanation says why a clock reads what it reads at an instant, AsOf: the clock's figures are those of then.
type Explanation struct {
	Clock
	// Spans are what the clock's time was made of; their sums are its figures.
	Spans       []Span `json:"spans"`
	RemainingMS int64  `json:"remaining_ms"` // below zero: the overrun
	// ProjectedAt says, while the clock is paused and nothing is foreseen, when its target would be reached if time counted from
	// now on.
	ProjectedAt *time.Time `json:"projected_at,omitempty"`
	// Thresholds are all that the agreement has for the metric, in the order in which they come.
	Thresholds []Place `json:"thresholds,omitempty"`
}

// Span is a stretch of a clock's time.
type Span struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Counted bool      `json:"counted"`
	// Why says what kept it from being counted, By who brought that about.
	Why string `json:"why,omitempty"`
	By  string `json:"by,omitempty"`
	// OpenMS is the time of it within the hours of the calendar; the rest was outside of them.
	OpenMS int64 `json:"open_ms"`
}

// Place is a threshold of a clock: where it lies, and what became of it.
type Place struct {
	At string `json:"at"` // as the document says: "50%"
	// AmountMS is the open time after which it comes.
	AmountMS int64 `json:"amount_ms"`
	// DueAt is when it came or will come; nothing while that is not foreseen.
	DueAt   *time.Time `json:"due_at,omitempty"`
	Outcome Outcome    `json:"outcome,omitempty"` // nothing yet, where left out
	Do      []Action   `json:"do"`
}

// Explain says of a clock what it is made of, at an instant; one that has stopped is explained as of then. An instant before the
// clock's beginning finds nothing counted.
func (t Terms) Explain(c Clock, life Life, at time.Time) Explanation {
	if c.StoppedAt != nil && c.StoppedAt.Before(at) {
		at = *c.StoppedAt
	}
	e := Explanation{Clock: c, Spans: []Span{}, Thresholds: t.places(c, life)}
	e.ElapsedMS, e.PausedMS, e.AsOf = 0, 0, at
	for s := range until(life.since(c.From), at) {
		counted, why := t.Spec.counts(c.Metric, s.Segment)
		open := t.Calendar.Between(s.From, s.to).Milliseconds()
		if counted {
			e.ElapsedMS += open
		} else {
			e.PausedMS += open
		}
		if n := len(e.Spans); n > 0 && e.Spans[n-1].Counted == counted && e.Spans[n-1].Why == why {
			e.Spans[n-1].To = s.to
			e.Spans[n-1].OpenMS += open
			continue
		}
		e.Spans = append(e.Spans, Span{From: s.From, To: s.to, Counted: counted, Why: why, By: s.By, OpenMS: open})
	}
	e.RemainingMS = c.LengthMS - e.ElapsedMS
	e.asItStood(at)
	if e.StoppedAt == nil && e.DueAt == nil && e.RemainingMS > 0 {
		if projected, err := t.Calendar.Add(at, time.Duration(e.RemainingMS)*time.Millisecond); err == nil {
			e.ProjectedAt = &projected
		}
	}
	return e
}

// asItStood takes back what came only after an instant.
func (e *Explanation) asItStood(at time.Time) {
	if e.BreachedAt != nil && e.BreachedAt.After(at) {
		e.BreachedAt = nil
	}
	if e.StoppedAt == nil || !e.StoppedAt.After(at) {
		return
	}
	e.StoppedAt, e.StoppedBy = nil, ""
	e.Counting = len(e.Spans) > 0 && e.Spans[len(e.Spans)-1].Counted
	switch {
	case e.BreachedAt != nil:
		e.State = Breached
	case e.Counting:
		e.State = Running
	default:
		e.State = Paused
	}
}

// places are a clock's thresholds in their order. Those that lie before the start never come and are left out.
func (t Terms) places(c Clock, life Life) []Place {
	var list []Place
	for _, threshold := range t.Spec.Thresholds {
		amount := threshold.At.reachedAt(c.LengthMS)
		if threshold.Metric != c.Metric || amount <= 0 {
			continue
		}
		place := Place{At: threshold.At.String(), AmountMS: amount, Do: threshold.Do}
		for _, point := range c.Points {
			if point.At == place.At {
				place.DueAt, place.Outcome = &point.DueAt, point.Outcome
			}
		}
		if place.Outcome == "" && c.StoppedAt == nil {
			if at, foreseen := t.reaches(c.Metric, life, c.From, amount); foreseen {
				place.DueAt = &at
			}
		}
		list = append(list, place)
	}
	slices.SortStableFunc(list, func(a, b Place) int { return cmp.Compare(a.AmountMS, b.AmountMS) })
	return list
}
