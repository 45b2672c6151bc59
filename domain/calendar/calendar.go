// Package calendar counts open time: the hours in which an organisation has promised to work.
//
// A Calendar knows weekly spans in one IANA zone, holidays, exceptions and breaks. Spans are half-open: open at the opening
// instant, closed at the closing one. A wall time in a spring gap is the first instant that exists; in an autumn overlap it
// is the first of the two. A Calendar is immutable after Compile and safe for concurrent use.
package calendar

import (
	"errors"
	"sort"
	"sync/atomic"
	"time"
)

// ErrNeverOpens says that a calendar has no open time within the ten years after an instant.
var ErrNeverOpens = errors.New("the calendar does not open within ten years")

// horizon bounds every search, in days.
const horizon = 3660

// Calendar is a compiled Calendar document.
type Calendar struct {
	zone       *time.Location
	weekly     [7][]span
	holidays   map[date]bool
	yearly     map[monthDay]bool
	exceptions map[date][]span
	breaks     map[date][]span
	// years are made when they are first asked for.
	years [lastYear - firstYear + 1]atomic.Pointer[year]
}

// Span is a stretch of open time, half-open.
type Span struct {
	From time.Time
	To   time.Time
}

// span is a stretch of one day in wall time since midnight; 24 h is the next midnight.
type span struct{ from, to time.Duration }

type date struct {
	year  int
	month time.Month
	day   int
}

type monthDay struct {
	month time.Month
	day   int
}

func (d date) next() date {
	t := time.Date(d.year, d.month, d.day+1, 0, 0, 0, 0, time.UTC)
	return date{t.Year(), t.Month(), t.Day()}
}

func (d date) before() date {
	t := time.Date(d.year, d.month, d.day-1, 0, 0, 0, 0, time.UTC)
	return date{t.Year(), t.Month(), t.Day()}
}

func (d date) weekday() time.Weekday {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Weekday()
}

// Zone is the calendar's time zone.
func (c *Calendar) Zone() *time.Location { return c.zone }

func (c *Calendar) dateOf(t time.Time) date {
	year, month, day := t.In(c.zone).Date()
	return date{year, month, day}
}

// wallSpans are a date's open spans in wall time: weekly or exception, without breaks, none on a holiday.
func (c *Calendar) wallSpans(d date) []span {
	if c.holidays[d] || c.yearly[monthDay{d.month, d.day}] {
		return nil
	}
	spans, replaced := c.exceptions[d]
	if !replaced {
		spans = c.weekly[d.weekday()]
	}
	for _, pause := range c.breaks[d] {
		spans = cut(spans, pause)
	}
	return spans
}

// cut takes a stretch out of spans.
func cut(spans []span, pause span) []span {
	var left []span
	for _, s := range spans {
		if pause.to <= s.from || pause.from >= s.to {
			left = append(left, s)
			continue
		}
		if pause.from > s.from {
			left = append(left, span{s.from, pause.from})
		}
		if pause.to < s.to {
			left = append(left, span{pause.to, s.to})
		}
	}
	return left
}

// merge sorts spans and joins those that touch.
func merge(spans []span) []span {
	sort.Slice(spans, func(i, j int) bool { return spans[i].from < spans[j].from })
	var merged []span
	for _, s := range spans {
		if last := len(merged) - 1; last >= 0 && s.from <= merged[last].to {
			merged[last].to = max(merged[last].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// spans are a date's open spans as instants.
func (c *Calendar) spans(d date) []Span {
	wall := c.wallSpans(d)
	list := make([]Span, 0, len(wall))
	for _, s := range wall {
		from, to := c.instant(d, s.from), c.instant(d, s.to)
		if from.Before(to) {
			list = append(list, Span{from, to})
		}
	}
	return list
}

// instant turns a wall time of a date into an instant.
func (c *Calendar) instant(d date, wall time.Duration) time.Time {
	return Instant(c.zone, d.year, d.month, d.day, wall)
}

// IsOpen reports whether the calendar is open at an instant.
func (c *Calendar) IsOpen(t time.Time) bool {
	// Clocks that go back over midnight show yesterday's date after today has begun, so today's spans count as well.
	day := c.dateOf(t)
	for _, s := range append(c.spans(day), c.spans(day.next())...) {
		if !t.Before(s.From) && t.Before(s.To) {
			return true
		}
	}
	return false
}

// NextOpen is the instant itself when open, else the next opening.
func (c *Calendar) NextOpen(t time.Time) (time.Time, error) {
	if found, known := c.lookUpNext(t); known {
		return found, nil
	}
	return c.walkNext(t)
}

func (c *Calendar) walkNext(t time.Time) (time.Time, error) {
	day := c.dateOf(t)
	for range horizon {
		for _, s := range c.spans(day) {
			if t.Before(s.From) {
				return s.From.UTC(), nil
			}
			if t.Before(s.To) {
				return t.UTC(), nil
			}
		}
		day = day.next()
	}
	return time.Time{}, ErrNeverOpens
}

// Add moves an instant forward by an amount of open time. Adding nothing outside open hours moves to the next opening; an
// amount that ends with a span ends at its closing instant.
func (c *Calendar) Add(t time.Time, open time.Duration) (time.Time, error) {
	if open <= 0 {
		return c.NextOpen(t)
	}
	if found, known := c.lookUpAdd(t, open); known {
		return found, nil
	}
	return c.walkAdd(t, open)
}

func (c *Calendar) walkAdd(t time.Time, open time.Duration) (time.Time, error) {
	day := c.dateOf(t)
	for idle := 0; idle < horizon; {
		spans := c.spans(day)
		idle++
		for _, s := range spans {
			if !t.Before(s.To) {
				continue
			}
			idle = 0
			from := s.From
			if t.After(from) {
				from = t
			}
			if length := s.To.Sub(from); open > length {
				open -= length
				continue
			}
			return from.Add(open).UTC(), nil
		}
		day = day.next()
	}
	return time.Time{}, ErrNeverOpens
}

// Between is the open time from one instant to another; a reversed interval has none.
func (c *Calendar) Between(from, to time.Time) time.Duration {
	if !from.Before(to) {
		return 0
	}
	if sum, known := c.lookUpBetween(from, to); known {
		return sum
	}
	return c.walkBetween(from, to)
}

func (c *Calendar) walkBetween(from, to time.Time) time.Duration {
	var sum time.Duration
	for _, s := range c.Spans(from, to) {
		sum += s.To.Sub(s.From)
	}
	return sum
}

// Spans lists the open stretches within an interval, cut at its ends.
func (c *Calendar) Spans(from, to time.Time) []Span {
	var list []Span
	if !from.Before(to) {
		return list
	}
	last := c.dateOf(to).next().next() // for clocks that go back over midnight
	for day := c.dateOf(from); day != last; day = day.next() {
		for _, s := range c.spans(day) {
			if s.From.Before(from) {
				s.From = from
			}
			if s.To.After(to) {
				s.To = to
			}
			if s.From.Before(s.To) {
				list = append(list, Span{s.From.UTC(), s.To.UTC()})
			}
		}
	}
	return list
}

// AddWorkingDays moves forward by days that have open time, keeping the wall time; from a closed instant it counts from the
// next opening. A result in closed time moves to the next opening.
func (c *Calendar) AddWorkingDays(t time.Time, days int) (time.Time, error) {
	start, err := c.NextOpen(t)
	if err != nil || days <= 0 {
		return start, err
	}
	day, wall := c.dateOf(start), wallOf(start.In(c.zone))
	for idle := 0; idle < horizon; idle++ {
		day = day.next()
		if len(c.wallSpans(day)) == 0 {
			continue
		}
		idle = 0
		if days--; days == 0 {
			return c.NextOpen(c.instant(day, wall))
		}
	}
	return time.Time{}, ErrNeverOpens
}

// BackWorkingDays moves back by working days, keeping the wall time also where that is closed: a time to be ready by must not come
// later than it was asked for. Moving back by none changes nothing.
//
//	Mon 14:00 − 1wd = Fri 14:00
//	Sun 20:00 − 1wd = Fri 20:00
func (c *Calendar) BackWorkingDays(t time.Time, days int) (time.Time, error) {
	if days <= 0 {
		return t, nil
	}
	day, wall := c.dateOf(t), wallOf(t.In(c.zone))
	for idle := 0; idle < horizon && days > 0; idle++ {
		day = day.before()
		if len(c.wallSpans(day)) > 0 {
			days, idle = days-1, 0
		}
	}
	if days > 0 {
		return time.Time{}, ErrNeverOpens
	}
	return c.instant(day, wall), nil
}

// wallOf is what the clock on the wall shows, since midnight.
func wallOf(local time.Time) time.Duration {
	return time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
		time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
}

// AddDuration moves forward by a Duration of either kind.
func (c *Calendar) AddDuration(t time.Time, d Duration) (time.Time, error) {
	if d.WorkingDays > 0 {
		moved, err := c.AddWorkingDays(t, d.WorkingDays)
		if err != nil || d.Open == 0 {
			return moved, err
		}
		t = moved
	}
	return c.Add(t, d.Open)
}
