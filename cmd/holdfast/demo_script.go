package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// demoLife is what happened to one incident or change, as its file tells it. Opened is how long ago its first step was: a wall time
// some working days ago ("12wd 09:12"), or open hours ago ("40m").
type demoLife struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Practice is incident where it is left out.
	Practice domain.Practice `json:"practice,omitempty"`
	Opened   string          `json:"opened"`
	Steps    []demoStep      `json:"steps"`
}

// demoStep is one thing that somebody did, some open time or working days after the step before: a command with its body, a
// note with or without a file, a new watcher, or a new version of a policy.
//
// In texts "@[life]" stands for the number of that life's incident or change, and "@[cadence]" for that of the meeting that it called last. As until, promised_at and what begins or ends a change stands "in"
// or "ago" with working days and a wall time, or "ago" with open time.
type demoStep struct {
	By       string         `json:"by,omitempty"`
	After    string         `json:"after,omitempty"`
	Do       string         `json:"do,omitempty"`
	With     map[string]any `json:"with,omitempty"`
	Note     string         `json:"note,omitempty"`
	Internal bool           `json:"internal,omitempty"`
	Answer   bool           `json:"answer,omitempty"` // the note is suggested to others
	Attach   *demoFile      `json:"attach,omitempty"`
	Watch    string         `json:"watch,omitempty"`
	Policy   map[string]any `json:"policy,omitempty"`
	Reason   string         `json:"reason,omitempty"`
}

// demoFile is a file beside a note.
type demoFile struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Public bool   `json:"public,omitempty"`
}

// demoMoment is a step with the moment it happened at.
type demoMoment struct {
	demoStep
	practice domain.Practice
	life     string
	number   int // of the step in its life
	at       time.Time
	turn     *demoTurn // of a cadence; nil: somebody did it
}

// key is the step's idempotency key.
func (m demoMoment) key() string { return "demo/" + m.life + "/" + strconv.Itoa(m.number) }

// demoScript is all that happened until now, in order.
type demoScript struct {
	begin time.Time
	steps []demoMoment
}

// demoTime counts in the organisation's open hours, around the moment that is now.
type demoTime struct {
	*calendar.Calendar
	now time.Time
}

// readDemoScript reads all lives and says when each step happened. What would lie ahead of now has not happened.
func readDemoScript(documents []policy.Document, now time.Time) (demoScript, error) {
	hours, err := demoHours(documents, now)
	if err != nil {
		return demoScript{}, err
	}
	script := demoScript{}
	if script.begin, err = hours.daysAway(-demoAge, "08:00"); err != nil {
		return script, err
	}
	for _, name := range demoLives {
		trees, err := demoTrees(name)
		if err != nil {
			return script, err
		}
		for _, tree := range trees {
			var life demoLife
			if err := tree.Decode(&life); err != nil {
				return script, err
			}
			steps, err := hours.moments(life)
			if err != nil {
				return script, tree.Errorf("", "%v", err)
			}
			script.steps = append(script.steps, steps...)
		}
	}
	turns, err := hours.turns(documents)
	if err != nil {
		return script, err
	}
	script.steps = append(script.steps, turns...)
	slices.SortStableFunc(script.steps, func(a, b demoMoment) int { return a.at.Compare(b.at) })
	return script, nil
}

// demoHours finds the calendar that the organisation lives by.
func demoHours(documents []policy.Document, now time.Time) (demoTime, error) {
	for _, document := range documents {
		if document.Kind != policy.KindCalendar || document.Name != demoCalendar {
			continue
		}
		var spec calendar.Spec
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return demoTime{}, fmt.Errorf("read the calendar of the demo: %w", err)
		}
		compiled, err := policyfile.CompileCalendar(spec)
		return demoTime{Calendar: compiled, now: now}, err
	}
	return demoTime{}, fmt.Errorf("the demo has no calendar %s", demoCalendar)
}

// moments dates the steps of a life until now.
func (d demoTime) moments(life demoLife) ([]demoMoment, error) {
	at, err := d.ago(life.Opened)
	if err != nil {
		return nil, err
	}
	var steps []demoMoment
	for i, step := range life.Steps {
		wait := calendar.Duration{}
		if step.After != "" {
			if wait, err = calendar.ParseDuration(step.After); err != nil {
				return nil, err
			}
		}
		if i > 0 || step.After != "" {
			if at, err = d.AddDuration(at, wait); err != nil {
				return nil, err
			}
		}
		at = domain.Millisecond(at.Add(seconds(life.Name, i)))
		if at.After(d.now) {
			break
		}
		if step.With, err = d.dated(step.With); err != nil {
			return nil, err
		}
		steps = append(steps, demoMoment{demoStep: step, practice: cmp.Or(life.Practice, domain.Incident), life: life.Name, number: i, at: at})
	}
	return steps, nil
}

// seconds are some between one and a minute, always the same for a step: nobody acts at the full minute only.
func seconds(life string, step int) time.Duration {
	sum := fnv.New32a()
	fmt.Fprintf(sum, "%s/%d", life, step)
	return time.Second + time.Duration(sum.Sum32()%58_000)*time.Millisecond
}

// ago reads how long ago something began.
func (d demoTime) ago(text string) (time.Time, error) {
	if days, wall, isDay := strings.Cut(text, "wd "); isDay {
		count, err := strconv.Atoi(days)
		if err != nil || count < 1 {
			return time.Time{}, fmt.Errorf("%q is not some working days ago", text)
		}
		return d.daysAway(-count, wall)
	}
	open, err := time.ParseDuration(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a working day nor a time ago", text)
	}
	return d.openAgo(open), nil
}

// openAgo is the latest moment between which and now lies so much open time, to the second.
func (d demoTime) openAgo(open time.Duration) time.Time {
	early, late := d.now.AddDate(0, -1, 0), d.now
	for late.Sub(early) > time.Second {
		middle := early.Add(late.Sub(early) / 2)
		if d.Between(middle, d.now) >= open {
			early = middle
		} else {
			late = middle
		}
	}
	return early
}

// daysAway is a wall time on the working day that lies so many ahead of today, or before it where days is negative.
func (d demoTime) daysAway(days int, wall string) (time.Time, error) {
	clock, err := time.Parse("15:04", wall)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a wall time", wall)
	}
	step := 1
	if days < 0 {
		step, days = -1, -days
	}
	today := d.now.In(d.Zone())
	for shift := step; ; shift += step {
		day := time.Date(today.Year(), today.Month(), today.Day()+shift, 0, 0, 0, 0, d.Zone())
		if len(d.Spans(day, day.AddDate(0, 0, 1))) == 0 {
			continue
		}
		if days--; days == 0 {
			return time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, d.Zone()), nil
		}
	}
}

// demoMoments are the fields of bodies that are moments.
var demoMoments = []string{"until", "promised_at", "window_from", "window_to", "actual_start", "actual_end"}

// dated replaces the moments in a command's body.
func (d demoTime) dated(body map[string]any) (map[string]any, error) {
	for field, value := range body {
		if value == nil {
			return nil, fmt.Errorf("%q says nothing: a text with a comma needs quotation marks", field)
		}
		text, isText := value.(string)
		if !slices.Contains(demoMoments, field) || !isText {
			continue
		}
		direction, rest, _ := strings.Cut(text, " ")
		if open, err := time.ParseDuration(rest); err == nil && direction == "ago" {
			body[field] = d.openAgo(open)
			continue
		}
		days, wall, isDay := strings.Cut(rest, "wd ")
		count, err := strconv.Atoi(days)
		if err != nil || !isDay || count < 1 || direction != "in" && direction != "ago" {
			return nil, fmt.Errorf("%q is not a moment such as \"in 2wd 16:00\"", text)
		}
		if direction == "ago" {
			count = -count
		}
		at, err := d.daysAway(count, wall)
		if err != nil {
			return nil, err
		}
		body[field] = at
	}
	return body, nil
}
