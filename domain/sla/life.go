package sla

import (
	"iter"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Segment is a stretch of a record's life in which nothing changed that a clock could ask about. It lasts until the next one
// begins.
type Segment struct {
	From time.Time `json:"from"`
	// By is who brought the circumstances about.
	By    string       `json:"by,omitempty"`
	State domain.State `json:"state"`
	// Open: work remains.
	Open bool `json:"open,omitempty"`
	// Reason is why it is held, as a vocabulary says it, Base the built-in reason whose rules apply, Vendor who is awaited.
	Reason string `json:"reason,omitempty"`
	Base   string `json:"base,omitempty"`
	Vendor string `json:"vendor,omitempty"`
	Team   string `json:"team,omitempty"`
	// Merged: it follows another record.
	Merged bool `json:"merged,omitempty"`
}

// same reports whether two segments tell of the same circumstances.
func (s Segment) same(other Segment) bool {
	s.From, s.By = other.From, other.By
	return s == other
}

// Life is a record's circumstances since it was opened, earliest first.
type Life []Segment

// Change lets circumstances change at an instant, which may lie before the last change: then what changed since stays as it
// is but for what is changed here. The life given is not touched.
func (l Life) Change(at time.Time, by string, change func(*Segment)) Life {
	at = domain.Millisecond(at)
	if len(l) == 0 {
		first := Segment{From: at, By: by}
		change(&first)
		return Life{first}
	}
	if at.Before(l[0].From) {
		at = l[0].From
	}
	split := make(Life, 0, len(l)+1)
	for i, segment := range l {
		split = append(split, segment)
		if segment.From.Before(at) && (i+1 == len(l) || at.Before(l[i+1].From)) {
			segment.From = at
			split = append(split, segment)
		}
	}
	for i := range split {
		if split[i].From.Equal(at) {
			split[i].By = by
		}
		if !split[i].From.Before(at) {
			change(&split[i])
		}
	}
	return split.joined()
}

// joined joins neighbours that tell of the same.
func (l Life) joined() Life {
	var joined Life
	for _, segment := range l {
		if n := len(joined); n == 0 || !joined[n-1].same(segment) {
			joined = append(joined, segment)
		}
	}
	return joined
}

// Now is the segment that lasts.
func (l Life) Now() Segment {
	if len(l) == 0 {
		return Segment{}
	}
	return l[len(l)-1]
}

// Clone copies the life.
func (l Life) Clone() Life { return slices.Clone(l) }

// span is a stretch of a life that ends; one that lasts has no end.
type span struct {
	Segment
	to    time.Time
	lasts bool
}

// since gives what of the life lies at or after an instant, the last of it lasting.
func (l Life) since(from time.Time) iter.Seq[span] {
	return func(yield func(span) bool) {
		for i, segment := range l {
			s := span{Segment: segment, lasts: i+1 == len(l)}
			if !s.lasts {
				s.to = l[i+1].From
			}
			if s.From.Before(from) {
				s.From = from
			}
			if (s.lasts || s.From.Before(s.to)) && !yield(s) {
				return
			}
		}
	}
}

// until cuts spans at an instant.
func until(spans iter.Seq[span], at time.Time) iter.Seq[span] {
	return func(yield func(span) bool) {
		for s := range spans {
			if s.lasts || s.to.After(at) {
				s.to, s.lasts = at, false
			}
			if s.From.Before(s.to) && !yield(s) {
				return
			}
		}
	}
}
