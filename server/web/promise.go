package web

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// promise is what a row shows of a promise.
type promise struct {
	Metric sla.Metric
	// At is when it falls due, or was broken; nothing while it is paused.
	At *time.Time
	// Past is the newest threshold that came: "75%"; empty: none did.
	Past string
	// Turns is when the next threshold before the end comes, Turn its name.
	Turns *time.Time
	Turn  string
	// Rests: it is broken, and no time counts now.
	Rests bool
	// LeftMS is the open time that is left of it.
	LeftMS int64
	// Ended is how it ended, where it did; At is when it was kept or broken then.
	Ended sla.State
}

// promiseNouns word what is promised in a word or two.
var promiseNouns = map[sla.Metric]string{
	sla.Response: "Response", sla.Resolution: "Resolution", sla.Update: "Next word", sla.OLA: "Team's promise", sla.Underpinning: "Vendor's promise",
}

// nextPromise is the promise of a record that ends next, one that is broken before those that are not, a paused one last.
func nextPromise(clocks []sla.Clock) (promise, bool) {
	var next *sla.Clock
	for i := range clocks {
		if one := &clocks[i]; one.Owed() && (next == nil || endsBefore(one, next)) {
			next = one
		}
	}
	if next == nil {
		return promise{}, false
	}
	return owedPromise(next), true
}

// promiseFor is what a row shows in a list: of the promises that the list asks for the one that ends next, else the one that ended
// last; nextPromise where it asks for none.
func promiseFor(asked promiseFilter, clocks []sla.Clock, now time.Time) (promise, bool) {
	if !asked.asks() {
		return nextPromise(clocks)
	}
	fitting := slices.DeleteFunc(slices.Clone(clocks), func(one sla.Clock) bool { return !asked.fits(one, now) })
	if next, owes := nextPromise(fitting); owes {
		return next, true
	}
	var last *sla.Clock
	for i := range fitting {
		if one := &fitting[i]; one.State == sla.Met || one.State == sla.Breached {
			if last == nil || last.StoppedAt.Before(*one.StoppedAt) {
				last = one
			}
		}
	}
	if last == nil {
		return nextPromise(clocks)
	}
	of := promise{Metric: last.Metric, Ended: last.State, At: last.StoppedAt}
	if last.BreachedAt != nil {
		of.At = last.BreachedAt
	}
	return of, true
}

// owedPromise is what a row shows of a clock that has not stopped.
func owedPromise(next *sla.Clock) promise {
	of := promise{Metric: next.Metric, At: ends(next), Rests: !next.Counting, LeftMS: next.LengthMS - next.ElapsedMS}
	for _, point := range next.Points {
		if point.At != sla.Due && (point.Outcome == sla.Fired || point.Outcome == sla.ActedBefore) {
			of.Past = markWord(point.At)
		}
	}
	if next.NextAt != nil && next.BreachedAt == nil && next.Next != sla.Due {
		of.Turns, of.Turn = next.NextAt, markWord(next.Next)
	}
	return of
}

// clockWaits words what of a clock is waited for: "clock resolution 75%" is the resolution's 75%.
func clockWaits(name string) (string, bool) {
	words := strings.Fields(name)
	if len(words) < 3 || words[0] != "clock" || promiseNouns[sla.Metric(words[1])] == "" {
		return "", false
	}
	return promiseNouns[sla.Metric(words[1])] + " " + markWord(words[len(words)-1]), true
}

// markWord words a place on a clock as agreements write it: "75%", "due-5m".
func markWord(at string) string {
	if before, found := strings.CutPrefix(at, sla.Due+"-"); found {
		return before + " before due"
	}
	return at
}

// ends is when a promise is, was or will be at its end; nothing where that is not foreseen.
func ends(one *sla.Clock) *time.Time {
	if one.BreachedAt != nil {
		return one.BreachedAt
	}
	return one.DueAt
}

func endsBefore(one, other *sla.Clock) bool {
	a, b := ends(one), ends(other)
	if a == nil && b == nil {
		return one.LengthMS-one.ElapsedMS < other.LengthMS-other.ElapsedMS
	}
	return a != nil && (b == nil || a.Before(*b))
}

// face is how a countdown looks at a moment: its tone, its text, and the word that tells the tone without a colour.
// The page's script makes the same of the same instants.
type face struct{ Tone, Text, Word string }

func (p promise) face(now time.Time) face {
	switch {
	case p.Ended == sla.Met:
		return face{Tone: "kept", Text: "kept " + ago(*p.At, now)}
	case p.Ended == sla.Breached:
		return face{Tone: "over", Text: "broken " + ago(*p.At, now), Word: "ended"}
	case p.At == nil:
		return face{Tone: "held", Text: "paused", Word: openTime(p.LeftMS) + " left"}
	case p.At.Before(now) && p.Rests:
		return face{Tone: "over", Text: "broken " + ago(*p.At, now), Word: "paused"}
	case p.At.Before(now):
		return face{Tone: "over", Text: "broken " + ago(*p.At, now)}
	case soon(*p.At, now):
		return face{Tone: "soon", Text: relative(*p.At, now), Word: soonWord(*p.At, now)}
	case p.Turns != nil && !p.Turns.After(now):
		return face{Tone: "near", Text: relative(*p.At, now), Word: "past " + p.Turn}
	case p.Past != "":
		return face{Tone: "near", Text: relative(*p.At, now), Word: "past " + p.Past}
	}
	return face{Text: relative(*p.At, now)}
}

// ago says how long past a moment is: "2 h 5 min ago".
func ago(at, now time.Time) string { return spanOf(now.Sub(at)) + " ago" }
