package web

import (
	"strconv"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// clockBar is a clock drawn along its open time: what was counted, the pauses between, what is left, and what lay or lies on the
// way. Its lengths are shares of its whole, as SVG takes them, so that it needs no style of its own.
type clockBar struct {
	Parts []barPart
	Ticks []barTick
	// Due is where the target is, was or, after a pause, would be reached.
	Due string
	// Words tell it to who does not see it.
	Words string
}

// barPart is a stretch of the bar. Its class is "used", "overrun", "paused" or "left".
type barPart struct{ Class, From, Width string }

// barTick is a threshold. Its class is what became of it.
type barTick struct {
	Class, At string
}

// mostBeyond bounds how far beyond a target the bar shows thresholds that have not come, as a share of it in percent.
const mostBeyond = 50

// barOf draws a clock.
func barOf(c app.Clock) clockBar {
	whole := placeOn(c, max(c.LengthMS, c.ElapsedMS))
	whole = max(whole, c.ElapsedMS+c.PausedMS, 1)
	for _, one := range c.Thresholds {
		if one.AmountMS <= c.LengthMS+c.LengthMS*mostBeyond/100 {
			whole = max(whole, placeOn(c, one.AmountMS))
		}
	}
	share := func(ms int64) string { return strconv.FormatFloat(100*float64(ms)/float64(whole), 'f', 2, 64) + "%" }
	bar := clockBar{Due: share(placeOn(c, c.LengthMS)), Words: barWords(c)}
	put := func(class string, from, to int64) {
		if to > from {
			bar.Parts = append(bar.Parts, barPart{Class: class, From: share(from), Width: share(to - from)})
		}
	}
	var at, counted int64
	for _, span := range c.Spans {
		end := at + span.OpenMS
		if !span.Counted {
			put("paused", at, end)
			at = end
			continue
		}
		kept := at + min(span.OpenMS, max(0, c.LengthMS-counted))
		put("used", at, kept)
		put("overrun", kept, end)
		at, counted = end, counted+span.OpenMS
	}
	put("left", at, placeOn(c, c.LengthMS))
	for _, one := range c.Thresholds {
		if place := placeOn(c, one.AmountMS); place <= whole {
			bar.Ticks = append(bar.Ticks, barTick{Class: tickClass(one.Outcome), At: share(place)})
		}
	}
	return bar
}

// placeOn is where on a clock's bar an amount of counted time lies: what was paused before it lies before it as well.
func placeOn(c app.Clock, amountMS int64) int64 {
	var at, counted int64
	for _, span := range c.Spans {
		if span.Counted && counted+span.OpenMS >= amountMS {
			return at + amountMS - counted
		}
		if at += span.OpenMS; span.Counted {
			counted += span.OpenMS
		}
	}
	return at + amountMS - counted
}

func tickClass(outcome sla.Outcome) string {
	if outcome == "" {
		return "ahead"
	}
	return string(outcome)
}

// tickMarks stand before a threshold in the words beside a bar, as they stand on it.
var tickMarks = map[sla.Outcome]string{sla.Fired: "●", sla.ActedBefore: "●", "": "○", sla.Superseded: "◌", sla.Withdrawn: "◌"}

// outcomeInShort words what became of a threshold, beside its bar.
func outcomeInShort(outcome sla.Outcome) string {
	switch outcome {
	case sla.Fired:
		return "acted"
	case sla.ActedBefore:
		return "acted before"
	case sla.Superseded:
		return "superseded"
	case sla.Withdrawn:
		return "taken back"
	}
	return ""
}

// outcomeOfTick words what became of a threshold, in full.
func outcomeOfTick(c app.Clock, one sla.Place) string {
	switch one.Outcome {
	case sla.Fired:
		return "acted"
	case sla.ActedBefore:
		return "had acted before"
	case sla.Superseded:
		return "superseded: a new rating left it behind, and it did not act"
	case sla.Withdrawn:
		return "taken back: the promise had been kept before"
	}
	switch {
	case c.StoppedAt != nil:
		return "never came"
	case one.DueAt == nil:
		return "comes when time counts again"
	}
	return "comes"
}

// barWords tell a bar in a sentence.
func barWords(c app.Clock) string {
	said := []string{openTime(c.ElapsedMS) + " of " + openTime(c.LengthMS) + " counted", remaining(c)}
	if c.PausedMS > 0 {
		said = append(said, "paused for "+openTime(c.PausedMS))
	}
	for _, one := range c.Thresholds {
		said = append(said, one.At+" "+outcomeOfTick(c, one))
	}
	return metricTitle(c.Metric) + ": " + strings.Join(said, "; ")
}

// actionWords say what a threshold does.
func actionWords(do []sla.Action) string {
	said := make([]string, len(do))
	for i, one := range do {
		switch {
		case len(one.Notify) > 0:
			said[i] = "tells " + strings.Join(peopleOf(one.Notify), ", ")
		case one.Escalate != "":
			said[i] = "calls people by the policy " + one.Escalate
		case one.RaisePriority > 0:
			said[i] = "raises the priority by " + strconv.Itoa(one.RaisePriority)
		case one.Reassign != "":
			said[i] = "gives it to " + one.Reassign
		case one.AddWatcher != "":
			said[i] = "lets " + one.AddWatcher + " watch it"
		}
	}
	return strings.Join(said, "; ")
}

// peopleOf words the roles and people that an agreement names.
func peopleOf(names []string) []string {
	words := make([]string, len(names))
	for i, name := range names {
		if person, named := strings.CutPrefix(name, "person:"); named {
			words[i] = person
			continue
		}
		words[i] = "the " + strings.ToLower(human(name))
	}
	return words
}
