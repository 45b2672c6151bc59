package sla

import "time"

// Explanation says why a clock reads what it reads.
type Explanation struct {
	Clock Clock `json:"clock"`
	// Spans are what the clock's time was made of; their sums are its figures.
	Spans       []Span `json:"spans"`
	ElapsedMS   int64  `json:"elapsed_ms"`
	PausedMS    int64  `json:"paused_ms"`
	RemainingMS int64  `json:"remaining_ms"` // below zero: the overrun
	// DueAt is when the target is or was reached. While the clock is paused nothing is foreseen; then ProjectedAt says when it
	// would be if time counted from now on.
	DueAt       *time.Time `json:"due_at,omitempty"`
	ProjectedAt *time.Time `json:"projected_at,omitempty"`
	At          time.Time  `json:"at"`
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

// Explain says of a clock what it is made of, at an instant; one that has stopped is explained as of then.
func (t Terms) Explain(c Clock, life Life, at time.Time) Explanation {
	if c.StoppedAt != nil && c.StoppedAt.Before(at) {
		at = *c.StoppedAt
	}
	e := Explanation{Clock: c, Spans: []Span{}, DueAt: c.DueAt, At: at}
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
	if c.StoppedAt == nil && c.DueAt == nil && e.RemainingMS > 0 {
		if projected, err := t.Calendar.Add(at, time.Duration(e.RemainingMS)*time.Millisecond); err == nil {
			e.ProjectedAt = &projected
		}
	}
	return e
}
