package sla

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Moment is something that happened to a record, as policy tests and simulations tell it.
type Moment struct {
	At    time.Time
	Event Event
	By    string
	// Reason, Base and Vendor go with a hold; Base left out: the reason itself.
	Reason, Base, Vendor string
	// Team goes with opened and assign.
	Team string
	// Priority goes with change_priority and reclassify.
	Priority int
	// Choices goes with reclassify: the agreements that hold from then on.
	Choices []Choice
	// Silent: it answers no promise to respond, because a machine did it, or nobody was named.
	Silent bool
	// State goes with reopen, where nobody works on the record then; left out: somebody does.
	State domain.State
}

// Event is a kind of moment.
type Event string

// The events of a record's life that clocks ask about.
const (
	EventOpened         Event = "opened"
	EventStart          Event = "start"
	EventTriage         Event = "triage"
	EventAssign         Event = "assign"
	EventReply          Event = "reply" // a person's word to the requester
	EventAcknowledge    Event = "acknowledge"
	EventHold           Event = "hold"
	EventResume         Event = "resume"
	EventChangePriority Event = "change_priority"
	EventMerge          Event = "merge"   // it follows another record
	EventUnmerge        Event = "unmerge" // it goes its own way again
	EventResolve        Event = "resolve"
	EventReopen         Event = "reopen"
	EventClose          Event = "close"
	EventCancel         Event = "cancel"
	// EventReclassify names another service or category, so that other agreements can hold. A life that is told under one
	// agreement has none, so it is not among Events.
	EventReclassify Event = "reclassify"
)

// Events are the kinds of moments that a policy test can tell.
var Events = []Event{
	EventOpened, EventTriage, EventStart, EventAssign, EventReply, EventAcknowledge, EventHold, EventResume, EventChangePriority,
	EventMerge, EventUnmerge, EventResolve, EventReopen, EventClose, EventCancel,
}

// Subject is the record whose life is replayed.
type Subject struct {
	Choices  []Choice
	Priority int
}

// Replay keeps the clocks of a life that is told, until an instant: what the product does with a record, without one. The first
// moment opens the record; each moment lies at or after the one before.
func Replay(subject Subject, moments []Moment, until time.Time) (*Keeper, error) {
	r := &replay{Keeper: NewKeeper(nil, nil, nil), subject: subject}
	for i, moment := range moments {
		moment.At = domain.Millisecond(moment.At)
		switch {
		case i == 0 && moment.Event != EventOpened:
			return nil, fmt.Errorf("the first event is %s; it must be %s", moment.Event, EventOpened)
		case i > 0 && moment.Event == EventOpened:
			return nil, fmt.Errorf("event %d: the record is opened once", i+1)
		case i > 0 && moment.At.Before(domain.Millisecond(moments[i-1].At)):
			return nil, fmt.Errorf("event %d (%s) lies before the one before", i+1, moment.Event)
		}
		if moment.At.After(until) {
			break
		}
		r.Tick(moment.At)
		if err := r.happens(moment); err != nil {
			return nil, fmt.Errorf("event %d: %w", i+1, err)
		}
	}
	r.Tick(domain.Millisecond(until))
	r.Read(domain.Millisecond(until))
	return r.Keeper, r.Fault()
}

type replay struct {
	*Keeper
	subject Subject
	started bool
	before  domain.State // the hold
}

// The states of a told life.
const (
	stateNew        domain.State = "new"
	stateTriaged    domain.State = "triaged"
	stateInProgress domain.State = "in_progress"
	stateOnHold     domain.State = "on_hold"
	stateResolved   domain.State = "resolved"
	stateClosed     domain.State = "closed"
	stateCanceled   domain.State = "canceled"
)

func (r *replay) happens(m Moment) error {
	switch m.Event {
	case EventOpened:
		r.Life = Life{{From: m.At, By: m.By, State: stateNew, Open: true, Team: m.Team}}
		r.Open(r.subject.Choices, r.subject.Priority, m.At)
	case EventTriage:
		r.enter(m, stateTriaged, true)
	case EventStart:
		r.started = true
		r.enter(m, stateInProgress, true)
		r.responds(m)
	case EventAssign:
		r.Live(m.At, m.By, func(s *Segment) { s.Team = m.Team })
		if !m.Silent {
			r.Assigned(m.At)
		}
	case EventReply:
		r.Responded(m.At)
		r.Told(m.At)
	case EventAcknowledge:
		r.Responded(m.At)
	case EventHold:
		return r.holds(m)
	case EventResume:
		if r.Life.Now().State != stateOnHold {
			return fmt.Errorf("the record is not held at %s", m.At.Format(time.RFC3339))
		}
		r.enter(m, r.before, true)
	case EventChangePriority:
		r.subject.Priority = m.Priority
		r.Rerate(r.subject.Choices, m.Priority, m.At)
	case EventReclassify:
		r.subject.Choices, r.subject.Priority = m.Choices, m.Priority
		r.Rerate(m.Choices, m.Priority, m.At)
	case EventMerge:
		r.Merged(m.At, m.By)
	case EventUnmerge:
		r.Unmerged(m.At, m.By, r.subject.Choices, r.subject.Priority)
	case EventResolve:
		r.enter(m, stateResolved, false)
		r.Resolved(m.At, !m.Silent)
	case EventReopen:
		state := cmp.Or(m.State, stateInProgress)
		r.started = r.started || state == stateInProgress
		r.enter(m, state, true)
		r.Reopened(m.At, r.subject.Choices, r.subject.Priority)
	case EventClose:
		r.enter(m, stateClosed, false)
		r.Resolved(m.At, true)
	case EventCancel:
		r.enter(m, stateCanceled, false)
		r.Cancel(m.At, "canceled")
	default:
		return fmt.Errorf("%q is not an event; there are %s", m.Event, eventList())
	}
	return nil
}

func (r *replay) responds(m Moment) {
	if !m.Silent {
		r.Responded(m.At)
	}
}

func (r *replay) holds(m Moment) error {
	if now := r.Life.Now(); now.State != stateOnHold {
		r.before = now.State
	}
	if r.started {
		r.before = stateInProgress
	}
	base := m.Base
	if base == "" {
		base = m.Reason
	}
	r.Live(m.At, m.By, func(s *Segment) {
		s.State, s.Open, s.Reason, s.Base, s.Vendor = stateOnHold, true, m.Reason, base, m.Vendor
	})
	return nil
}

func (r *replay) enter(m Moment, state domain.State, open bool) {
	r.Live(m.At, m.By, func(s *Segment) {
		s.State, s.Open, s.Reason, s.Base, s.Vendor = state, open, "", "", ""
	})
}

func eventList() string {
	names := make([]string, len(Events))
	for i, event := range Events {
		names[i] = string(event)
	}
	return strings.Join(names, ", ")
}
