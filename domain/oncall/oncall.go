// Package oncall says who is on call: rotations in layers, and what people change about them for a while.
//
// A layer hands its people their turns in order. Hand-offs are counted in the local time of the schedule's zone, so that one
// at 09:00 is at 09:00 on every date for ever; a wall time in a spring gap is the first instant that exists, one in an autumn
// overlap the first of the two. Where several layers have somebody on, the later one in the document wins, as those who come
// from PagerDuty expect: the first layer is the base, what is laid over it covers it.
//
// A Schedule is immutable after Compile and safe for concurrent use.
package oncall

import "time"

// Units of a rotation.
const (
	UnitHour = "hour"
	UnitDay  = "day"
	UnitWeek = "week"
)

// Spec is the content of an OnCallSchedule document.
type Spec struct {
	// Title is what people call it; left out: the document's name.
	Title string `json:"title,omitempty"`
	// Timezone is an IANA name, "Europe/Berlin". Hand-offs and restrictions are wall times in it.
	Timezone string `json:"timezone"`
	// Layers cover one another: a later one wins.
	Layers []Layer `json:"layers"`
	// AcceptGaps lets the document be applied although there are times at which nobody is on call.
	AcceptGaps bool `json:"accept_gaps,omitempty"`
}

// Layer is one rotation of people, at all times or within a restriction.
type Layer struct {
	Name     string   `json:"name"`
	Rotation Rotation `json:"rotation"`
	// People take turns in this order, the first one from the rotation's start on. Somebody may stand here several times.
	People []string `json:"people"`
	// Restrict: outside of it the layer has nobody on, while turns go on being counted.
	Restrict Restriction `json:"restrict,omitzero"`
}

// Rotation says when the next one of a layer takes over: every so many units from the hand-off on the start date.
type Rotation struct {
	// Every counts units; left out: 1.
	Every int `json:"every,omitempty"`
	// Unit is hour, day or week.
	//
	// Hours are counted as wall time, like the others: shifts of 12 hours that begin at 08:00 and 20:00 do so on every date.
	// Counted as time that passes, they would begin at 09:00 and 21:00 for half of the year. The price is that one shift is an
	// hour shorter or longer on the two nights, and that a shift which lies within the hour that spring leaves out is not held.
	Unit string `json:"unit"`
	// Start is a local date, "2026-01-05". Before its hand-off the layer has nobody on.
	Start string `json:"start"`
	// Handoff is a local wall time, "09:00"; left out: 00:00.
	Handoff string `json:"handoff,omitempty"`
}

// Restriction has the spans per day (mon … sun) in local wall time in which a layer has somebody on: "09:00-17:00"; 24:00 ends
// a day.
type Restriction struct {
	Weekly map[string][]string `json:"weekly"`
}

// Duty is that somebody is on call, and why.
type Duty struct {
	Person string `json:"person"`
	// Layer is the layer whose turn it is or would be; empty where only an override has somebody on.
	Layer string `json:"layer,omitempty"`
	// Override is the id of the override that put the person there; empty: their turn.
	Override string `json:"override,omitempty"`
	// Replaces is whose turn it would be.
	Replaces string `json:"replaces,omitempty"`
}

// Shift is a duty from an instant until another, which is not of it.
type Shift struct {
	Duty
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Kinds of overrides.
const (
	// Replace puts a person in the place of another, or of whoever is on call.
	Replace = "replace"
	// Add puts a person beside whoever is on call, after them in order.
	Add = "add"
)

// MaxOverride bounds how long an override lasts.
const MaxOverride = 366 * 24 * time.Hour

// Override changes who is on call within its span and nothing outside of it.
type Override struct {
	ID string `json:"id"`
	// Kind is replace or add.
	Kind   string `json:"kind"`
	Person string `json:"person"`
	// Replaces is in whose place the person is, where a replacement is about one; empty: of everybody, and where there is
	// nobody, too.
	Replaces string    `json:"replaces,omitempty"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	// MadeAt orders overrides: a later one sees what the earlier ones left.
	MadeAt time.Time `json:"made_at"`
}

func (o Override) covers(at time.Time) bool { return !at.Before(o.From) && at.Before(o.To) }

// apply changes who is on call, at an instant that the override covers.
func (o Override) apply(duties []Duty) []Duty {
	mine := Duty{Person: o.Person, Override: o.ID}
	if o.Kind == Add {
		if has(duties, o.Person) {
			return duties
		}
		return append(duties, mine)
	}
	if o.Replaces == "" {
		if len(duties) > 0 {
			mine.Layer, mine.Replaces = duties[0].Layer, duties[0].turn()
		}
		return []Duty{mine}
	}
	list := make([]Duty, 0, len(duties))
	for _, duty := range duties {
		switch {
		case duty.Person != o.Replaces:
			list = append(list, duty)
		case !has(duties, o.Person):
			mine.Layer, mine.Replaces = duty.Layer, duty.turn()
			list = append(list, mine)
		}
	}
	return list
}

// turn is whose turn it would be without overrides, or nobody's.
func (d Duty) turn() string {
	if d.Override != "" {
		return d.Replaces
	}
	return d.Person
}

func has(duties []Duty, person string) bool {
	for _, duty := range duties {
		if duty.Person == person {
			return true
		}
	}
	return false
}
