package policytest

import (
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// pagingSubject asks a ServicePolicy when an incident that is logged, or raised, at an instant pages, and by which steps.
type pagingSubject struct {
	Of       string    `json:"of"`
	Priority int       `json:"priority"`
	At       time.Time `json:"at"`
}

func (s *pagingSubject) run(documents *documents) (answer, error) {
	service, err := find("ServicePolicy", documents.services, s.Of)
	if err != nil {
		return answer{}, err
	}
	if s.Priority < policy.HighestPriority || s.Priority > policy.LowestPriority {
		return answer{}, fmt.Errorf("%d is not a priority from %d to %d", s.Priority, policy.HighestPriority, policy.LowestPriority)
	}
	at := s.At
	switch service.PagesFor(s.Priority) {
	case policy.PageNever:
		none := ""
		return answer{at: []time.Time{}, policy: &none}, nil
	case policy.PageSupportHours:
		support := service.Support.Calendar
		if support == "" {
			support = "default"
		}
		days, err := find("Calendar", documents.calendars, support)
		if err != nil {
			return answer{}, err
		}
		at, _ = incident.PagesAt(service, s.Priority, days, s.At)
		at = at.In(days.Zone())
	}
	steps := service.Support.Escalation
	if steps == "" {
		steps = documents.teams[service.Support.Team].Escalation
	}
	if steps == "" {
		steps = incident.DefaultEscalation
	}
	return answer{at: []time.Time{at}, one: true, policy: &steps}, nil
}
