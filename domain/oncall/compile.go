package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Bounds of a schedule, so that a decision that reads it stays short.
const (
	MaxLayers = 20
	MaxPeople = 200
	maxSpans  = 24
)

// mostEvery bounds how many units a turn takes.
var mostEvery = map[string]int{UnitHour: 24 * 7, UnitDay: 366, UnitWeek: 52}

// Schedule is a compiled OnCallSchedule document.
type Schedule struct {
	zone   *time.Location
	layers []layer
	people []string
}

// Compile makes a working schedule of a document, in a zone that the caller has loaded, or answers every problem it finds, at
// paths such as "layers[0].rotation.start".
func Compile(spec Spec, zone *time.Location) (*Schedule, []calendar.Problem) {
	c := &compiler{zone: zone}
	if len(spec.Title) > policy.MaxWords {
		c.wrong("title", "takes at most %d bytes, has %d", policy.MaxWords, len(spec.Title))
	}
	if len(spec.Layers) < 1 || len(spec.Layers) > MaxLayers {
		c.wrong("layers", "takes 1 to %d entries, has %d", MaxLayers, len(spec.Layers))
		return nil, c.problems
	}
	schedule, seen := &Schedule{zone: zone}, map[string]bool{}
	for i, one := range spec.Layers {
		c.path = fmt.Sprintf("layers[%d].", i)
		if one.Name == "" || len(one.Name) > policy.MaxWords {
			c.wrong("name", "takes 1 to %d bytes, has %d", policy.MaxWords, len(one.Name))
		}
		if seen[one.Name] {
			c.wrong("name", "%q stands here a second time", one.Name)
		}
		seen[one.Name] = true
		made := layer{name: one.Name, zone: zone, people: c.people(one.People), open: c.restriction(one.Restrict)}
		made.start, made.step = c.rotation(one.Rotation)
		schedule.layers = append(schedule.layers, made)
		schedule.people = append(schedule.people, one.People...)
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	slices.Sort(schedule.people)
	schedule.people = slices.Compact(schedule.people)
	return schedule, nil
}

// People are all who take turns, in the order of their handles.
func (s *Schedule) People() []string { return slices.Clone(s.people) }

// Zone is the schedule's time zone.
func (s *Schedule) Zone() *time.Location { return s.zone }

type compiler struct {
	zone     *time.Location
	path     string
	problems []calendar.Problem
}

func (c *compiler) wrong(path, format string, args ...any) {
	c.problems = append(c.problems, calendar.Problem{Path: c.path + path, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) people(people []string) []string {
	if len(people) < 1 || len(people) > MaxPeople {
		c.wrong("people", "takes 1 to %d entries, has %d", MaxPeople, len(people))
	}
	for i, person := range people {
		if !policy.ValidName(person) {
			c.wrong(fmt.Sprintf("people[%d]", i), "%q is not a name of lower-case letters, digits, dots, underscores and hyphens", person)
		}
	}
	return slices.Clone(people)
}

// rotation reads when the first turn begins, as a wall time that is written as if it were UTC, and how long a turn is, in
// seconds of wall time.
func (c *compiler) rotation(rotation Rotation) (start time.Time, step int64) {
	most, known := mostEvery[rotation.Unit]
	if !known {
		c.wrong("rotation.unit", "%q is not one of %s, %s, %s", rotation.Unit, UnitHour, UnitDay, UnitWeek)
	}
	every := max(rotation.Every, 1)
	if rotation.Every < 0 || known && every > most {
		c.wrong("rotation.every", "takes 1 to %d, has %d", most, rotation.Every)
	}
	start, err := time.Parse(time.DateOnly, rotation.Start)
	if err != nil || start.Year() < 1970 || start.Year() > 2200 {
		c.wrong("rotation.start", "%q is not a date like 2026-01-05", rotation.Start)
	}
	if rotation.Handoff != "" {
		wall, err := time.Parse("15:04", rotation.Handoff)
		if err != nil || len(rotation.Handoff) != len("15:04") {
			c.wrong("rotation.handoff", "%q is not a wall time like 09:00", rotation.Handoff)
		}
		start = start.Add(time.Duration(wall.Hour())*time.Hour + time.Duration(wall.Minute())*time.Minute)
	}
	seconds := map[string]int64{UnitHour: 3600, UnitDay: 24 * 3600, UnitWeek: 7 * 24 * 3600}[rotation.Unit]
	return start, int64(every) * seconds
}

// restriction makes a calendar of the times at which a layer has somebody on; nil: at all times.
func (c *compiler) restriction(restrict Restriction) *calendar.Calendar {
	if restrict.Weekly == nil {
		return nil
	}
	spans := 0
	for _, texts := range restrict.Weekly {
		spans += len(texts)
	}
	if spans == 0 || spans > 7*maxSpans {
		c.wrong("restrict.weekly", "takes 1 to %d spans, has %d; leave restrict out where there is none", 7*maxSpans, spans)
		return nil
	}
	open, problems := calendar.Compile(calendar.Spec{Weekly: restrict.Weekly}, c.zone, nil)
	for _, problem := range problems {
		c.wrong("restrict."+problem.Path, "%s", problem.Message)
	}
	return open
}

// TitleOf is what a schedule is called: its title, else its name.
func (s Spec) TitleOf(name string) string {
	if strings.TrimSpace(s.Title) != "" {
		return s.Title
	}
	return name
}
