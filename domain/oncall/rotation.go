package oncall

import (
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// layer is a compiled Layer. Turns are numbered from 0.
type layer struct {
	name   string
	zone   *time.Location
	people []string
	start  time.Time // the first hand-off's wall time, as if it were UTC
	step   int64     // seconds of wall time that a turn takes
	open   *calendar.Calendar
}

// turn is the instant at which a turn begins.
//
// Turns of a week from 2026-03-23 02:30 in Berlin: turn 0 at 2026-03-23T01:30Z; turn 1 would be on 03-30 at 02:30, which is
// 00:30Z, as summer time has begun.
func (l *layer) turn(number int64) time.Time {
	wall := time.Unix(l.start.Unix()+number*l.step, 0).UTC()
	year, month, day := wall.Date()
	return calendar.Instant(l.zone, year, month, day, wall.Sub(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))).UTC()
}

// turnAt is the turn that an instant is in; false before the first one.
func (l *layer) turnAt(at time.Time) (int64, bool) {
	if at.Before(l.turn(0)) {
		return 0, false
	}
	local := at.In(l.zone)
	_, ahead := local.Zone()
	number := max((local.Unix()+int64(ahead)-l.start.Unix())/l.step, 0)
	// In the second copy of a repeated hour the clock shows a time of before the hand-off in the first.
	for !at.Before(l.turn(number + 1)) {
		number++
	}
	return number, true
}

// person is who has a turn.
func (l *layer) person(number int64) string { return l.people[number%int64(len(l.people))] }

// on is who the layer has on at an instant; false for nobody.
func (l *layer) on(at time.Time) (Duty, bool) {
	number, begun := l.turnAt(at)
	if !begun || l.open != nil && !l.open.IsOpen(at) {
		return Duty{}, false
	}
	return Duty{Person: l.person(number), Layer: l.name}, true
}

// shifts are the layer's turns within an interval, cut at its ends and by the restriction. They are in order and never overlap.
func (l *layer) shifts(from, to time.Time) []Shift {
	var list []Shift
	number, _ := l.turnAt(from)
	for begin := l.turn(number); begin.Before(to); number++ {
		end := l.turn(number + 1)
		a, b := later(begin, from), earlier(end, to)
		begin = end
		if !a.Before(b) {
			continue // a turn within the hour that spring leaves out
		}
		duty := Duty{Person: l.person(number), Layer: l.name}
		if l.open == nil {
			list = append(list, Shift{Duty: duty, From: a, To: b})
			continue
		}
		for _, span := range l.open.Spans(a, b) {
			list = append(list, Shift{Duty: duty, From: span.From, To: span.To})
		}
	}
	return list
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
