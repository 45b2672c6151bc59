package simulation

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Side is one set of documents, ready to be lived under.
type Side struct {
	// books hold the agreements by the record's own calendar, in which those count that name none.
	books    map[string]sla.Book
	services map[string]string // service → the calendar of its support
	matrix   *policy.PriorityMatrix
}

// defaultName is the name of the documents that hold where nothing else is named.
const defaultName = "default"

// Kinds are the kinds of documents that decide about clocks.
var Kinds = []string{policy.KindSLA, policy.KindCalendar, policy.KindPriorityMatrix, policy.KindServicePolicy}

// Tools are what a Side is made with; they live outside of the domain because they need libraries.
type Tools struct {
	CompileCalendar func(calendar.Spec) (*calendar.Calendar, error)
	Language        sla.Language
}

// NewSide makes documents ready. Of each name the last counts; kinds that decide nothing about clocks are passed over. rate says
// that priorities come from the PriorityMatrix among the documents; else they stay as they were recorded.
func NewSide(documents []policy.Document, rate bool, tools Tools) (*Side, error) {
	r := &reader{calendars: map[string]dated{}, agreements: map[string]agreement{}, services: map[string]string{}}
	for _, document := range documents {
		if err := r.read(document, tools); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", document.Kind, document.Name, err)
		}
	}
	side := &Side{books: map[string]sla.Book{}, services: r.services}
	if rate {
		side.matrix = r.matrix
	}
	for name := range r.calendars {
		side.books[name] = r.book(name, tools.Language)
	}
	if _, there := r.calendars[defaultName]; !there {
		return nil, fmt.Errorf("there is no %s/%s", policy.KindCalendar, defaultName)
	}
	return side, nil
}

type (
	dated struct {
		*calendar.Calendar
		version int
	}
	agreement struct {
		sla.Agreement
		version int
	}
	reader struct {
		calendars  map[string]dated
		agreements map[string]agreement
		services   map[string]string
		matrix     *policy.PriorityMatrix
	}
)

func (r *reader) read(document policy.Document, tools Tools) error {
	switch document.Kind {
	case policy.KindCalendar:
		var spec calendar.Spec
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return err
		}
		compiled, err := tools.CompileCalendar(spec)
		r.calendars[document.Name] = dated{compiled, document.Version}
		return err
	case policy.KindSLA:
		var spec sla.Agreement
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return err
		}
		r.agreements[document.Name] = agreement{spec, document.Version}
	case policy.KindServicePolicy:
		var spec policy.ServicePolicy
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return err
		}
		r.services[document.Name] = spec.Support.Calendar
	case policy.KindPriorityMatrix:
		if document.Name != defaultName {
			return nil
		}
		r.matrix = &policy.PriorityMatrix{}
		return json.Unmarshal(document.Spec, r.matrix)
	}
	return nil
}

// book holds every agreement with the calendar in which it counts for records whose own calendar is named.
func (r *reader) book(own string, language sla.Language) sla.Book {
	book := sla.Book{Language: language}
	for name, spec := range r.agreements {
		days := spec.Calendar
		if _, there := r.calendars[days]; !there {
			days = own
		}
		found := r.calendars[days]
		book.Candidates = append(book.Candidates, sla.Terms{
			Agreement: name, Version: spec.version, Spec: spec.Agreement,
			Calendar: found.Calendar, CalendarName: days, CalendarVersion: found.version,
		})
	}
	slices.SortFunc(book.Candidates, func(a, b sla.Terms) int { return strings.Compare(a.Agreement, b.Agreement) })
	return book
}

// life is a case as one side sees it.
type life struct {
	subject sla.Subject
	moments []sla.Moment
}

// Clocks are a case's clocks under the side's documents, as they stand at an instant.
func (s *Side) Clocks(one *Case, until time.Time) ([]sla.Clock, error) {
	return s.life(one).clocks(one, until)
}

func (l life) clocks(one *Case, until time.Time) ([]sla.Clock, error) {
	keeper, err := sla.Replay(l.subject, l.moments, until)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", one.Number, err)
	}
	return keeper.Clocks, nil
}

// last is the priority at the end.
func (l life) last() int {
	last := l.subject.Priority
	for _, m := range l.moments {
		if m.Event == sla.EventChangePriority || m.Event == sla.EventReclassify {
			last = m.Priority
		}
	}
	return last
}

// life chooses and rates by the side's documents.
func (s *Side) life(c *Case) life {
	l := life{moments: make([]sla.Moment, len(c.Steps))}
	for i, step := range c.Steps {
		l.moments[i] = step.Moment
		switch step.Event {
		case sla.EventOpened:
			l.subject.Priority = s.priority(step.Record.Rating)
			l.subject.Choices = s.choose(step.Record, l.subject.Priority, step.At)
		case sla.EventChangePriority:
			l.moments[i].Priority = s.priority(step.Record.Rating)
		case sla.EventReclassify:
			l.moments[i].Priority = s.priority(step.Record.Rating)
			l.moments[i].Choices = s.choose(step.Record, l.moments[i].Priority, c.OpenedAt())
		}
	}
	return l
}

// priority is what the side's matrix says, if it has one that knows the levels; else the priority that was recorded.
func (s *Side) priority(rating Rating) int {
	if s.matrix == nil || rating.ByHand {
		return rating.Priority
	}
	rated, err := s.matrix.Priority(rating.Impact, rating.Urgency)
	if err != nil {
		return rating.Priority
	}
	return rated
}

func (s *Side) choose(record *Record, priority int, openedAt time.Time) []sla.Choice {
	book, known := s.books[s.services[record.Service]]
	if !known {
		book = s.books[defaultName]
	}
	if len(book.Candidates) == 0 {
		return nil
	}
	choices, _ := book.Choose(record.asked(priority), openedAt) // what cannot be evaluated applies to nothing, as in the product
	return choices
}

// asked is the record as expressions see it.
func (r *Record) asked(priority int) map[string]any {
	return map[string]any{
		"practice": r.Practice, "title": r.Title, "priority": int64(priority), "service": r.Service, "category": r.Category,
		"team": r.Team, "channel": r.Channel, "location": r.Location, "environment": r.Environment, "requester": r.Requester,
		"tags": r.Tags, "configuration_items": r.ConfigurationItems,
	}
}

// same reports whether two lives are measured by the same terms and rated alike, so that what becomes of one becomes of the other.
func (l life) same(other life) bool {
	if l.subject.Priority != other.subject.Priority || !sameChoices(l.subject.Choices, other.subject.Choices) {
		return false
	}
	for i, m := range l.moments {
		if m.Priority != other.moments[i].Priority || !sameChoices(m.Choices, other.moments[i].Choices) {
			return false
		}
	}
	return true
}

func sameChoices(a, b []sla.Choice) bool {
	return slices.EqualFunc(a, b, func(x, y sla.Choice) bool {
		return x.Agreement == y.Agreement && x.Version == y.Version && x.CalendarName == y.CalendarName && x.CalendarVersion == y.CalendarVersion
	})
}

// Overlay puts proposed documents over those in force: one of the same name takes the other's place. A document that says
// something new gets a version of its own, so that it is told apart.
func Overlay(present, proposed []policy.Document) []policy.Document {
	list := slices.Clone(present)
	for _, document := range proposed {
		i := slices.IndexFunc(list, func(d policy.Document) bool { return d.Kind == document.Kind && d.Name == document.Name })
		switch {
		case i < 0:
			document.Version = 1
			list = append(list, document)
		case !same(list[i].Spec, document.Spec):
			document.Version = list[i].Version + 1
			list[i] = document
		}
	}
	return list
}

// Sides makes both sides of a comparison ready: the documents in force, and the proposed ones over them. Priorities stay as they
// were recorded, unless the proposal has another PriorityMatrix.
func Sides(present, proposed []policy.Document, tools Tools) (now, then *Side, err error) {
	after := Overlay(present, proposed)
	if now, err = NewSide(present, false, tools); err != nil {
		return nil, nil, fmt.Errorf("reading the documents in force: %w", err)
	}
	if then, err = NewSide(after, rates(present) != rates(after), tools); err != nil {
		return nil, nil, fmt.Errorf("reading the proposed documents: %w", err)
	}
	return now, then, nil
}

// rates is the version of the matrix by which records are rated; 0 for none.
func rates(documents []policy.Document) int {
	for _, document := range documents {
		if document.Kind == policy.KindPriorityMatrix && document.Name == defaultName {
			return document.Version
		}
	}
	return 0
}

// same reports whether two specs say the same, however they are written.
func same(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
