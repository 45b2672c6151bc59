package policyfile

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a machine without zone files compiles the same calendars

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// Bounds of a calendar's content.
const (
	maxDates = 2000
	maxSpans = 24
)

// CompileCalendar makes a working calendar of a Calendar document: it loads the time zone and the included holiday sets.
// Everything wrong is in one domain.Error, by field.
func CompileCalendar(spec calendar.Spec) (*calendar.Calendar, error) {
	compiled, problems := compile(spec)
	fields := make([]domain.FieldError, len(problems))
	for i, problem := range problems {
		fields[i] = domain.FieldError{Location: "body.spec." + problem.Path, Message: problem.Message}
	}
	if err := domain.Join(fields); err != nil {
		return nil, fmt.Errorf("compiling a calendar: %w", err)
	}
	return compiled, nil
}

func compile(spec calendar.Spec) (*calendar.Calendar, []calendar.Problem) {
	problems := bounds(spec)
	if len(problems) > 0 {
		return nil, problems // what is too much is not worked through
	}
	zone, err := LoadZone(spec.Timezone)
	if err != nil {
		problems = append(problems, calendar.Problem{Path: "timezone", Message: err.Error()})
		zone = time.UTC
	}
	var closed []time.Time
	for i, name := range spec.Include {
		set, known := holidaySets[name]
		if !known {
			problems = append(problems, calendar.Problem{
				Path:    fmt.Sprintf("include[%d]", i),
				Message: fmt.Sprintf("%q is not a holiday set; there are %s", name, strings.Join(HolidaySets(), ", ")),
			})
			continue
		}
		closed = append(closed, datesOf(set)...)
	}
	compiled, wrong := calendar.Compile(spec, zone, closed)
	return compiled, append(problems, wrong...)
}

// bounds keeps a calendar small enough to be read while a decision waits.
func bounds(spec calendar.Spec) []calendar.Problem {
	var problems []calendar.Problem
	open := 0
	many := func(path string, have, most int) {
		if have > most {
			problems = append(problems, calendar.Problem{Path: path, Message: fmt.Sprintf("takes at most %d entries, has %d", most, have)})
		}
	}
	many("holidays", len(spec.Holidays), maxDates)
	many("yearly_holidays", len(spec.YearlyHolidays), 366)
	many("include", len(spec.Include), len(holidaySets))
	for _, part := range []struct {
		name  string
		spans map[string][]string
		opens bool
	}{{"weekly", spec.Weekly, true}, {"exceptions", spec.Exceptions, true}, {"breaks", spec.Breaks, false}} {
		many(part.name, len(part.spans), maxDates)
		for _, day := range sortedKeys(part.spans) {
			many(part.name+"."+day, len(part.spans[day]), maxSpans)
			if part.opens {
				open += len(part.spans[day])
			}
		}
	}
	if open == 0 {
		problems = append(problems, calendar.Problem{Path: "weekly", Message: "a calendar needs at least one open span"})
	}
	return problems
}

// LoadZone loads a time zone by its IANA name. "Local" and the empty name are refused: they mean another zone on another
// machine, or none that was meant.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone like Europe/Berlin or UTC", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not a time zone like Europe/Berlin or UTC", name)
	}
	return zone, nil
}
