package change

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

// Level is how much a conflict matters.
type Level string

// The levels. Blocking keeps the change from being scheduled and from starting until it is gone or overridden.
const (
	Blocking Level = "blocking"
	Warning  Level = "warning"
	Info     Level = "info"
)

// Conflict is something around a change that speaks against its window.
type Conflict struct {
	// ID is the same for as long as the conflict is: "freeze:year-end", "item:CHG-000012:mx1". An override names it.
	ID    string `json:"id"`
	Level Level  `json:"level"`
	// Kind is exclusive, item, neighbour, freeze, predecessor, incident, implementer, maintenance or model.
	Kind string `json:"kind"`
	Why  string `json:"why"`
	// Other is the number of the record, or the name of the document, that it is with.
	Other string `json:"other,omitempty"`
	Item  string `json:"item,omitempty"`
}

// Surroundings are what conflicts are looked for in, read in the deciding transaction.
type Surroundings struct {
	// Read: they were looked for. A command that moves nothing of the window or of what is touched needs none.
	Read bool
	// Changes are others whose windows overlap, each with an item of ours that it comes near. Left are those of where the command takes
	// the change away from.
	Changes, Left []Neighbour
	// Busy are the other changes in the window that somebody carries out who carries this one out.
	Busy []Busy
	// Freezes and Maintenance are the documents that apply to the change.
	Freezes     []window.Window
	Maintenance []window.Window
	// ByRisk: documents say by the risk whether they apply, which was asked of the risk before the command.
	ByRisk bool
	// Incidents are the open ones of priority 1 and 2 on services that it touches or that depend on its items.
	Incidents    []OpenIncident
	Predecessors []Predecessor
	// Successors are the changes, by id, that must come after this one.
	Successors []string
	// Suspended says why the version of the model that the change follows is out of use; empty while it is not.
	Suspended string
}

// Busy is another change that somebody carries out in the same window, as its assignee or by a task of it.
type Busy struct {
	Number string
	Person string
}

// Neighbour is another change that comes near.
type Neighbour struct {
	ID     string
	Number string
	// Item is ours, Theirs the one of the other change; Depth is how many relations lie between them, 0 where they are the same.
	Item      string
	Theirs    string
	Depth     int
	Exclusive bool
	// Alone: whoever changes the item has it alone, whatever the changes say.
	Alone bool
	// Scheduled: it has reserved what it touches; it is scheduled, or being carried out.
	Scheduled bool
	// Owner is whom news about it goes to: "person:ana".
	Owner string
}

// exclusive reports whether both touch one item, which one of them has to itself.
func (n Neighbour) exclusive(c Change) bool {
	return n.Depth == 0 && (c.Exclusive || n.Exclusive || n.Alone)
}

// Predecessor is a change that must have ended well.
type Predecessor struct {
	ID      string
	Number  string
	State   domain.State
	Outcome string
	EndsBy  *time.Time
	// Restricted: no more is told of it than its number.
	Restricted bool
}

// FindConflicts finds everything that speaks against a change's window, the gravest first. At its start, and after it, a predecessor
// must have ended; before that it must be planned to.
func FindConflicts(c Change, s Surroundings, at time.Time) []Conflict {
	f := &finding{list: []Conflict{}}
	span, set := c.Window()
	if set {
		f.neighbours(c, s.Changes)
		f.freezes(c, s.Freezes, span)
		f.maintenance(s.Maintenance, span)
	}
	f.busy(s.Busy)
	f.incidents(c, s.Incidents)
	f.model(c, s.Suspended)
	f.predecessors(s.Predecessors, span, set, at)
	slices.SortStableFunc(f.list, func(a, b Conflict) int {
		return cmp.Or(cmp.Compare(rank[a.Level], rank[b.Level]), cmp.Compare(a.ID, b.ID))
	})
	return f.list
}

var rank = map[Level]int{Blocking: 0, Warning: 1, Info: 2}

type finding struct{ list []Conflict }

func (f *finding) add(conflict Conflict) { f.list = append(f.list, conflict) }

// busy tells of every other change once, with all who are needed there too; they come by change and person.
func (f *finding) busy(list []Busy) {
	for i := 0; i < len(list); {
		number, people := list[i].Number, []string{}
		for ; i < len(list) && list[i].Number == number; i++ {
			people = append(people, list[i].Person)
		}
		verb := " carries out "
		if len(people) > 1 {
			verb = " carry out "
		}
		f.add(Conflict{
			ID: "implementer:" + number, Level: Warning, Kind: "implementer", Other: number, Why: "in the same window " + domain.Listed(people) + verb + number,
		})
	}
}

// neighbours tells of every other change once for each of our items, by the shortest way to it.
func (f *finding) neighbours(c Change, near []Neighbour) {
	for _, n := range near {
		one := Conflict{ID: "item:" + n.Number + ":" + n.Item, Level: Info, Kind: "neighbour", Other: n.Number, Item: n.Item}
		switch {
		case n.exclusive(c):
			one.Level, one.Kind, one.Why = Blocking, "exclusive", n.claim(c)
			if !n.Scheduled { // who is not authorised yet keeps nobody from starting
				one.Level, one.Why = Warning, one.Why+"; it is not scheduled yet"
			}
		case n.Depth == 0:
			one.Level, one.Kind = Warning, "item"
			one.Why = fmt.Sprintf("%s touches %s too", n.Number, n.Item)
		case n.Depth == 1:
			one.Level = Warning
			one.Why = fmt.Sprintf("%s touches %s, which is tied to %s", n.Number, n.Theirs, n.Item)
		default:
			one.Why = fmt.Sprintf("%s touches %s, %d relations from %s", n.Number, n.Theirs, n.Depth, n.Item)
		}
		f.add(one)
	}
}

// claim says why only one of two changes can have an item.
func (n Neighbour) claim(c Change) string {
	switch {
	case n.Alone:
		return fmt.Sprintf("%s touches %s too; only one change at a time may touch %s", n.Number, n.Item, n.Item)
	case c.Exclusive:
		return fmt.Sprintf("%s touches %s too, which this change wants alone", n.Number, n.Item)
	}
	return fmt.Sprintf("%s touches %s too, and wants it alone", n.Number, n.Item)
}

func (f *finding) freezes(c Change, freezes []window.Window, span window.Span) {
	for _, freeze := range freezes {
		for _, frozen := range freeze.Within(span) {
			if exempt := freeze.Spec.Exempt.Approval; exempt != "" && c.Approval != nil && c.Approval.Policy == exempt {
				continue
			}
			f.add(Conflict{
				ID: "freeze:" + freeze.Name, Level: Blocking, Kind: "freeze", Other: freeze.Name,
				Why: fmt.Sprintf("the freeze %s lasts from %s to %s", freeze.Name, instant(frozen.From), instant(frozen.To)),
			})
			break
		}
	}
}

// maintenance tells where none of the maintenance windows that apply covers the change's own.
func (f *finding) maintenance(windows []window.Window, span window.Span) {
	if len(windows) == 0 {
		return
	}
	for _, w := range windows {
		if slices.ContainsFunc(w.Within(span), func(open window.Span) bool { return open.Covers(span) }) {
			return
		}
	}
	f.add(Conflict{
		ID: "maintenance:" + windows[0].Name, Level: Warning, Kind: "maintenance", Other: windows[0].Name,
		Why: "the window does not lie in a maintenance window (" + windows[0].Name + ")",
	})
}

func (f *finding) incidents(c Change, open []OpenIncident) {
	for _, incident := range open {
		if c.madeFor(incident) {
			continue
		}
		level, linked := Warning, ""
		if incident.Priority == 1 {
			level = Blocking
		}
		if incident.LinkedAt != nil {
			linked = "; that it is linked counts once somebody of the incident's team or a change manager links them"
		}
		f.add(Conflict{
			ID: "incident:" + incident.Number, Level: level, Kind: "incident", Other: incident.Number,
			Why: fmt.Sprintf("%s of priority %d is open on %s%s", incident.Number, incident.Priority, c.wayTo(incident.Service), linked),
		})
	}
}

// wayTo names a service, and how the change comes near to it where it does not say that it touches it.
func (c Change) wayTo(service string) string {
	if service == c.Service || slices.Contains(c.Services, service) {
		return service
	}
	if len(c.ConfigurationItems) == 1 {
		return service + ", which depends on " + c.ConfigurationItems[0]
	}
	return service + ", which depends on what is touched"
}

func (f *finding) predecessors(list []Predecessor, span window.Span, set bool, at time.Time) {
	for _, p := range list {
		one := Conflict{ID: "predecessor:" + p.Number, Level: Blocking, Kind: "predecessor", Other: p.Number}
		planned := p.EndsBy != nil && set && !p.EndsBy.After(span.From)
		switch {
		case p.Outcome == Successful || p.Outcome == SuccessfulWithIssues:
			continue
		case p.Restricted:
			if planned && at.Before(span.From) {
				one.Level = Info
			}
			one.Why = fmt.Sprintf("%s must end well before", p.Number)
		case p.Outcome != "":
			one.Why = fmt.Sprintf("%s, which must end well before, was %s", p.Number, p.Outcome)
		case p.State == Rejected || p.State == Canceled:
			one.Why = fmt.Sprintf("%s, which must end well before, is %s", p.Number, p.State)
		case planned && at.Before(span.From):
			one.Level, one.Why = Info, fmt.Sprintf("%s must end well before", p.Number)
		default:
			one.Why = fmt.Sprintf("%s, which must end well before, has not ended", p.Number)
		}
		f.add(one)
	}
}

// instant words a moment in a sentence that is kept: in UTC, because sentences on records have no reader's zone.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Blocked are the conflicts that keep the change from starting: blocking, and not overridden.
func (c *Change) Blocked() []Conflict {
	var list []Conflict
	for _, conflict := range c.Conflicts {
		if conflict.Level == Blocking && !c.lifts(conflict) {
			list = append(list, conflict)
		}
	}
	return list
}

// lifts reports whether an override lifts a conflict.
func (c *Change) lifts(conflict Conflict) bool {
	return slices.ContainsFunc(c.Overrides, func(o Override) bool { return o.Conflict == conflict.ID })
}

// Released reports whether an override lets somebody else have one of the change's items at the same time.
func (c Change) Released(item string) bool {
	return slices.ContainsFunc(c.Conflicts, func(conflict Conflict) bool {
		return conflict.Kind == "exclusive" && conflict.Item == item &&
			slices.ContainsFunc(c.Overrides, func(o Override) bool { return o.Conflict == conflict.ID })
	})
}
