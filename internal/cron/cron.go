// Package cron reads five-field cron text and finds the moments it names, in a time zone that the caller passes in.
//
// The fields are minute, hour, day of month, month and day of week (0–6 or sun–sat); when both day fields are restricted,
// either one suffices. A schedule is about wall time: where a clock change skips a wall time there is no moment that day, and
// where one repeats it there is one moment, the first.
//
// robfig/cron only parses and walks plain dates here. Its own handling of zones skips whole hours at clock changes, its
// prefix TZ= can panic, and it answers a date that never comes with the zero time.
package cron

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Bounds of what is read and searched.
const (
	maxBytes = 200
	// MaxMoments is how many moments NextN gives at most.
	MaxMoments = 1000
	// maxSkipped bounds the wall times passed over in one search; a zone that leaves out a whole day skips 1,440.
	maxSkipped = 5000
	// The longest wait there is, from one 29 February to the next across a century, takes eight years.
	searchYears = 9
	lastYear    = 9000
)

// ErrNever says that no moment comes within nine years.
var ErrNever = errors.New("the schedule names no moment within nine years")

// Schedule is cron text that was read. It is immutable and safe for concurrent use; the zero value is not one.
type Schedule struct {
	text  string
	zone  *time.Location
	dates cron.Schedule
}

var (
	parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	words  = regexp.MustCompile(`^[0-9A-Za-z*/,?-]+$`)
)

// Parse reads five-field cron text for a zone. Descriptors such as @every, zone prefixes, a seconds field and dates that
// never come (30 February) are errors.
func Parse(text string, zone *time.Location) (Schedule, error) {
	if zone == nil {
		return Schedule{}, errors.New("a schedule needs a time zone")
	}
	if len(text) > maxBytes {
		return Schedule{}, fmt.Errorf("the schedule has %d bytes, takes at most %d", len(text), maxBytes)
	}
	fields := strings.Fields(text)
	if strings.Contains(text, "=") {
		return Schedule{}, fmt.Errorf("%q: the time zone is given beside the schedule, not within it", text)
	}
	if strings.HasPrefix(strings.TrimSpace(text), "@") {
		return Schedule{}, fmt.Errorf("%q: write the five fields; words such as @daily or @every are not taken", text)
	}
	if len(fields) != 5 {
		return Schedule{}, fmt.Errorf("%q has %d fields, needs five: minute, hour, day of month, month, day of week", text, len(fields))
	}
	for _, field := range fields {
		if !words.MatchString(field) || strings.HasPrefix(field, ",") || strings.HasSuffix(field, ",") || strings.Contains(field, ",,") {
			return Schedule{}, fmt.Errorf("%q is not a field of a schedule", field)
		}
	}
	dates, err := read(strings.Join(fields, " "))
	if err != nil {
		return Schedule{}, fmt.Errorf("%q is not a schedule: %w", text, err)
	}
	schedule := Schedule{text: strings.Join(fields, " "), zone: zone, dates: dates}
	if _, found := schedule.date(time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)); !found {
		return Schedule{}, fmt.Errorf("%q: %w", text, ErrNever)
	}
	return schedule, nil
}

// read keeps a panic of the library's parser from reaching whoever typed the text.
func read(text string) (dates cron.Schedule, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			dates, err = nil, fmt.Errorf("cannot be read: %v", fault)
		}
	}()
	parsed, err := parser.Parse(text)
	if err != nil {
		return nil, err
	}
	if dates, right := parsed.(*cron.SpecSchedule); right {
		dates.Location = time.UTC // wall times are walked as if they were UTC, which has no clock changes
		return dates, nil
	}
	return nil, errors.New("is not made of fields")
}

// String gives the five fields, one space apart.
func (s Schedule) String() string { return s.text }

// Zone is the time zone that the fields are about.
func (s Schedule) Zone() *time.Location { return s.zone }

// Next is the first moment after an instant, in the schedule's zone; ErrNever when none comes within nine years.
func (s Schedule) Next(after time.Time) (time.Time, error) {
	next, _, err := s.next(after)
	return next, err
}

// next is the first moment after an instant, and the wall times before it that a clock change leaves out.
func (s Schedule) next(after time.Time) (next time.Time, skipped []Turn, err error) {
	if s.dates == nil {
		return time.Time{}, nil, errors.New("the schedule was not read by Parse")
	}
	local := after.In(s.zone)
	if local.Year() < 1 || local.Year() > lastYear {
		return time.Time{}, nil, fmt.Errorf("%s: the year lies outside 1 to %d", s.text, lastYear)
	}
	wall := asUTC(local)
	for range maxSkipped {
		named, found := s.date(wall)
		if !found {
			break
		}
		// A moment before or at the instant is the first copy of a wall time that is being repeated.
		moment, exists := s.moment(named)
		if exists && moment.After(after) {
			return moment, skipped, nil
		}
		if !exists {
			skipped = append(skipped, Turn{Wall: named})
		}
		wall = named
	}
	return time.Time{}, nil, fmt.Errorf("%s after %s: %w", s.text, local.Format(time.RFC3339), ErrNever)
}

// NextN is the next moments after an instant, oldest first; n is 1 to MaxMoments.
func (s Schedule) NextN(after time.Time, n int) ([]time.Time, error) {
	if n < 1 || n > MaxMoments {
		return nil, fmt.Errorf("%d moments were asked for; 1 to %d are given", n, MaxMoments)
	}
	moments := make([]time.Time, n)
	for i := range moments {
		next, err := s.Next(after)
		if err != nil {
			return nil, err
		}
		moments[i], after = next, next
	}
	return moments, nil
}

// date is the next wall time that the fields name. The library gives up after five years, which is too soon for a
// 29 February.
func (s Schedule) date(wall time.Time) (time.Time, bool) {
	for limit := wall.AddDate(searchYears, 0, 0); wall.Before(limit); wall = wall.AddDate(4, 0, 0) {
		if next := s.dates.Next(wall); !next.IsZero() {
			return next, true
		}
	}
	return time.Time{}, false
}

// moment is the instant of a wall time: the first of two, or none where a clock change leaves it out.
func (s Schedule) moment(wall time.Time) (time.Time, bool) {
	moment := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, s.zone)
	if !sameWall(moment, wall) {
		return time.Time{}, false
	}
	start, _ := moment.ZoneBounds()
	if start.IsZero() {
		return moment, true
	}
	_, offset := start.Add(-time.Second).In(s.zone).Zone()
	if earlier := wall.Add(-time.Duration(offset) * time.Second).In(s.zone); earlier.Before(start) && sameWall(earlier, wall) {
		return earlier, true
	}
	return moment, true
}

func sameWall(a, b time.Time) bool {
	return a.Day() == b.Day() && a.Hour() == b.Hour() && a.Minute() == b.Minute() && a.Month() == b.Month() && a.Year() == b.Year()
}
