package policytest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// clockSubject replays one record's life against one target of an SLA.
type clockSubject struct {
	Of     string        `json:"of"`
	Metric string        `json:"metric"`
	Record clockRecord   `json:"record,omitzero"`
	Events []clockMoment `json:"events"`
	Now    time.Time     `json:"now"`
}

// clockRecord is the record as its agreement asks about it.
type clockRecord struct {
	Practice    string   `json:"practice,omitempty"`
	Priority    int      `json:"priority,omitempty"`
	Title       string   `json:"title,omitempty"`
	Service     string   `json:"service,omitempty"`
	Category    string   `json:"category,omitempty"`
	Team        string   `json:"team,omitempty"`
	Channel     string   `json:"channel,omitempty"`
	Location    string   `json:"location,omitempty"`
	Environment string   `json:"environment,omitempty"`
	Requester   string   `json:"requester,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Items       []string `json:"configuration_items,omitempty"`
}

func (r clockRecord) asked() map[string]any {
	return map[string]any{
		"practice": r.Practice, "priority": int64(r.Priority), "title": r.Title, "service": r.Service, "category": r.Category,
		"team": r.Team, "channel": r.Channel, "location": r.Location, "environment": r.Environment, "requester": r.Requester,
		"tags": r.Tags, "configuration_items": r.Items,
	}
}

// clockMoment is something that happened to it.
type clockMoment struct {
	At       time.Time `json:"at"`
	Event    string    `json:"event"`
	By       string    `json:"by,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Base     string    `json:"base,omitempty"`
	Vendor   string    `json:"vendor,omitempty"`
	Team     string    `json:"team,omitempty"`
	Priority int       `json:"priority,omitempty"`
}

func (s *clockSubject) run(documents *documents) (answer, error) {
	terms, err := documents.terms(s.Of)
	if err != nil {
		return answer{}, err
	}
	record := s.Record
	if record.Practice == "" {
		record.Practice = "incident"
	}
	if record.Priority == 0 {
		record.Priority = policy.LowestPriority
	}
	for _, event := range s.Events {
		if !slices.Contains(sla.Events, sla.Event(event.Event)) {
			return answer{}, fmt.Errorf("%q is not an event; there are %v", event.Event, sla.Events)
		}
	}
	moments := make([]sla.Moment, len(s.Events))
	for i, event := range s.Events {
		moments[i] = sla.Moment{
			At: event.At, Event: sla.Event(event.Event), By: event.By, Reason: event.Reason, Base: event.Base,
			Vendor: event.Vendor, Team: event.Team, Priority: event.Priority,
		}
		if moments[i].Event == sla.EventOpened && moments[i].Team == "" {
			moments[i].Team = record.Team
		}
	}
	if len(moments) == 0 || s.Now.IsZero() {
		return answer{}, errors.New("a clock needs events, opened first, and now")
	}
	book := sla.Book{Candidates: []sla.Terms{terms}, Language: documents.evaluator}
	choices, faults := book.Choose(record.asked(), moments[0].At)
	if len(faults) > 0 {
		return answer{}, errors.New(faults[0])
	}
	if len(choices) == 0 {
		return answer{}, fmt.Errorf("%s does not apply to this record", s.Of)
	}
	keeper, err := sla.Replay(sla.Subject{Choices: choices, Priority: record.Priority}, moments, s.Now)
	if err != nil {
		return answer{}, err
	}
	return s.shown(keeper)
}

// shown answers with the newest clock of the metric.
func (s *clockSubject) shown(keeper *sla.Keeper) (answer, error) {
	var newest *sla.Clock
	for i := range keeper.Clocks {
		c := &keeper.Clocks[i]
		if string(c.Metric) == s.Metric && c.InForce && (newest == nil || c.Cycle > newest.Cycle) {
			newest = c
		}
	}
	if newest == nil {
		return answer{}, fmt.Errorf("%s promises no %s for this record", s.Of, s.Metric)
	}
	state := string(newest.State)
	elapsed, remaining := milliseconds(newest.ElapsedMS), milliseconds(newest.LengthMS-newest.ElapsedMS)
	fired := []string{}
	for _, point := range newest.Points {
		if point.Outcome == sla.Fired {
			fired = append(fired, point.At)
		}
	}
	return answer{state: &state, elapsed: &elapsed, remaining: &remaining, dueAt: newest.DueAt, fired: fired}, nil
}

func milliseconds(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// terms makes an SLA of the documents ready, with the calendar that it names; one that names none counts in `default`.
func (d *documents) terms(name string) (sla.Terms, error) {
	agreement, err := find(policy.KindSLA, d.agreements, name)
	if err != nil {
		return sla.Terms{}, err
	}
	days := agreement.Calendar
	if days == "" {
		days = "default"
	}
	compiled, known := d.calendars[days]
	if !known && agreement.Calendar == "" {
		return sla.Terms{}, fmt.Errorf("%s names no calendar; a Calendar named default must stand beside it", name)
	}
	if !known {
		return sla.Terms{}, fmt.Errorf("there is no Calendar %q in this file or its documents", days)
	}
	return sla.Terms{Agreement: name, Version: 1, Spec: agreement, Calendar: compiled, CalendarName: days, CalendarVersion: 1}, nil
}

var _ subject = (*clockSubject)(nil)
