package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
)

// strip is a calendar of some days in which an hour is a column: a table, so that it needs neither a style of its own nor a
// script, and reads as one.
type strip struct {
	language app.Language
	From, To time.Time
	Days     []stripDay
	Rows     []stripRow
	Zone     string
}

// stripDay is a local date; around a change of the clocks it has 23 or 25 hours.
type stripDay struct {
	Label          string
	Hours          int
	Weekend, Today bool
}

// stripRow is a schedule.
type stripRow struct {
	Schedule, Title string
	Cells           []stripCell
}

// stripCell is a time in which nobody changes.
type stripCell struct {
	Hours int
	// Handles are who is on call; none: nobody. Words tells it all to who does not see the strip.
	Handles []string
	Words   string
	// Class says how it looks.
	Class string
}

const stripDays = 14

// strip draws who is on call from today on, by the viewer's zone, and answers the shifts that it drew.
func (w *console) strip(ctx context.Context, accepted map[string]bool, schedules ...app.OnCallView) (strip, []app.ShiftView, error) {
	zone, err := time.LoadLocation(zoneOf(ctx))
	if err != nil {
		zone = time.UTC // a zone that this machine's tables do not have
	}
	now := w.Now().In(zone)
	drawn := strip{language: languageOf(ctx), From: midnight(now, 0), To: midnight(now, stripDays), Zone: zone.String()}
	for day := range stripDays {
		begin := midnight(now, day)
		drawn.Days = append(drawn.Days, stripDay{
			Label: begin.Format("Mon 2"), Hours: hoursBetween(begin, midnight(now, day+1)), Today: day == 0,
			Weekend: begin.Weekday() == time.Saturday || begin.Weekday() == time.Sunday,
		})
	}
	query := app.ShiftQuery{From: &drawn.From, To: &drawn.To}
	if len(schedules) == 1 {
		query.Schedule = schedules[0].Schedule
	}
	shifts, err := w.Service.Shifts(ctx, query)
	if err != nil {
		return drawn, nil, err
	}
	me := ""
	if who, err := app.PrincipalFrom(ctx); err == nil {
		me = who.Handle
	}
	for _, one := range schedules {
		row := stripRow{Schedule: one.Schedule, Title: one.Title}
		own := slices.DeleteFunc(slices.Clone(shifts), func(shift app.ShiftView) bool { return shift.Schedule != one.Schedule })
		row.Cells = drawn.cells(own, me, accepted[one.Schedule])
		drawn.Rows = append(drawn.Rows, row)
	}
	return drawn, shifts, nil
}

// acceptedGaps tells which schedules may have nobody on call.
func acceptedGaps(schedules []app.Schedule) map[string]bool {
	accepted := map[string]bool{}
	for _, one := range schedules {
		accepted[one.Name] = one.AcceptGaps
	}
	return accepted
}

// midnight is the beginning of the local date some days after another's.
func midnight(at time.Time, days int) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day()+days, 0, 0, 0, 0, at.Location())
}

// hoursBetween rounds to whole hours: a strip shows no minutes.
func hoursBetween(from, to time.Time) int { return int(to.Sub(from).Round(time.Hour) / time.Hour) }

// cells cuts a row at every change. Two neighbours never look alike, so that a hand-off is seen.
func (s strip) cells(shifts []app.ShiftView, me string, accepted bool) []stripCell {
	edges := []time.Time{s.From, s.To}
	people := []string{}
	for _, shift := range shifts {
		edges = append(edges, shift.From, shift.To)
		people = append(people, shift.Person)
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	slices.Sort(people)
	people = slices.Compact(people)
	var cells []stripCell
	drawn := 0
	for i := range len(edges) - 1 {
		from, to := edges[i], edges[i+1]
		end := hoursBetween(s.From, to)
		if end <= drawn {
			continue // shorter than a column
		}
		on := onAt(shifts, from)
		cell := stripCell{Hours: end - drawn, Words: s.words(on, from, to, accepted), Class: classOf(on, people, me, accepted)}
		for _, shift := range on {
			cell.Handles = append(cell.Handles, shift.Person)
		}
		cells, drawn = append(cells, cell), end
	}
	return cells
}

func onAt(shifts []app.ShiftView, at time.Time) []app.ShiftView {
	var on []app.ShiftView
	for _, shift := range shifts {
		if !at.Before(shift.From) && at.Before(shift.To) {
			on = append(on, shift)
		}
	}
	return on
}

// classOf says how a cell looks: nobody, mine, or one of three tones by who it is.
func classOf(on []app.ShiftView, people []string, me string, accepted bool) string {
	switch {
	case len(on) == 0 && accepted:
		return "off"
	case len(on) == 0:
		return "gap"
	case slices.ContainsFunc(on, func(shift app.ShiftView) bool { return !shift.Active }):
		return "gap"
	case slices.ContainsFunc(on, func(shift app.ShiftView) bool { return shift.Person == me }):
		return "mine"
	}
	place, _ := slices.BinarySearch(people, on[0].Person)
	class := []string{"tone-a", "tone-b", "tone-c"}[place%3]
	if on[0].Override != "" {
		class += " changed"
	}
	return class
}

// words tells a cell in a sentence.
func (s strip) words(on []app.ShiftView, from, to time.Time, accepted bool) string {
	zone := s.From.Location()
	span := s.language.Clock(from.In(zone)) + " to " + s.language.Clock(to.In(zone))
	if len(on) == 0 && accepted {
		return "nobody, as accepted, " + span
	}
	if len(on) == 0 {
		return "nobody is on call, " + span
	}
	var names []string
	for _, shift := range on {
		name := shift.Name
		if !shift.Active {
			name += ", who cannot be reached"
		}
		if shift.Replaces != "" {
			name += " in place of " + shift.Replaces
		}
		names = append(names, name)
	}
	return strings.Join(names, " and ") + ", " + span
}
