package policytest

import (
	"errors"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/internal/cron"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// calendarSubject asks a Calendar one question.
type calendarSubject struct {
	Of       string             `json:"of"`
	Add      *calendar.Duration `json:"add,omitempty"`
	To       *time.Time         `json:"to,omitempty"`
	Between  []time.Time        `json:"between,omitempty"`
	IsOpen   *time.Time         `json:"is_open,omitempty"`
	NextOpen *time.Time         `json:"next_open,omitempty"`
}

func (s *calendarSubject) run(documents *documents) (answer, error) {
	days, err := find("Calendar", documents.calendars, s.Of)
	if err != nil {
		return answer{}, err
	}
	asked := 0
	for _, given := range []bool{s.Add != nil || s.To != nil, s.Between != nil, s.IsOpen != nil, s.NextOpen != nil} {
		if given {
			asked++
		}
	}
	if asked != 1 {
		return answer{}, errors.New("a calendar is asked one question: add and to, between, is_open or next_open")
	}
	switch {
	case s.Add != nil && s.To != nil:
		moved, err := days.AddDuration(*s.To, *s.Add)
		return answer{at: []time.Time{moved.In(days.Zone())}, one: true}, err
	case len(s.Between) == 2:
		open := days.Between(s.Between[0], s.Between[1])
		return answer{duration: &open}, nil
	case s.IsOpen != nil:
		open := days.IsOpen(*s.IsOpen)
		return answer{open: &open}, nil
	case s.NextOpen != nil:
		next, err := days.NextOpen(*s.NextOpen)
		return answer{at: []time.Time{next.In(days.Zone())}, one: true}, err
	}
	return answer{}, errors.New("add needs to, and between needs two instants")
}

// prioritySubject asks a PriorityMatrix.
type prioritySubject struct {
	Of      string `json:"of"`
	Impact  string `json:"impact"`
	Urgency string `json:"urgency"`
}

func (s *prioritySubject) run(documents *documents) (answer, error) {
	matrix, err := find("PriorityMatrix", documents.matrices, s.Of)
	if err != nil {
		return answer{}, err
	}
	priority, err := matrix.Priority(s.Impact, s.Urgency)
	return answer{priority: &priority}, err
}

// assignmentSubject asks AssignmentRules about a record.
type assignmentSubject struct {
	Of     string         `json:"of"`
	Record map[string]any `json:"record"`
}

func (s *assignmentSubject) run(documents *documents) (answer, error) {
	rules, err := find("AssignmentRules", documents.rules, s.Of)
	if err != nil {
		return answer{}, err
	}
	record := map[string]any{"practice": rules.Practice}
	for name, value := range s.Record {
		record[name] = value
	}
	if err := policyfile.CheckRecord(rules.Practice, record); err != nil {
		return answer{}, err
	}
	assignment, err := documents.evaluator.AssignmentFor(rules, record)
	return answer{team: &assignment.Team, rule: &assignment.Rule, category: &assignment.Category, tags: assignment.Tags}, err
}

// cronSubject asks a schedule for its next moments.
type cronSubject struct {
	Spec     string    `json:"spec"`
	Timezone string    `json:"timezone"`
	After    time.Time `json:"after"`
	Count    int       `json:"count,omitempty"`
}

func (s *cronSubject) run(*documents) (answer, error) {
	zone, err := policyfile.LoadZone(s.Timezone)
	if err != nil {
		return answer{}, err
	}
	schedule, err := cron.Parse(s.Spec, zone)
	if err != nil {
		return answer{}, err
	}
	moments, err := schedule.NextN(s.After, max(s.Count, 1))
	return answer{at: moments}, err
}
