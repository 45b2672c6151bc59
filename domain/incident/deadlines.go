package incident

import (
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Deadlines are the moments that the incident's one timer keeps, earliest first. They follow from the record alone, so they
// can be computed anew at any time. A merged incident has none: it follows its parent.
func Deadlines(record Incident, facts Facts) ([]domain.Deadline, error) {
	if record.Merged() {
		return nil, nil
	}
	s := &schedule{calendar: facts.Calendar}
	switch record.State {
	case New:
		if within, rated := facts.Timing.Triage[record.Priority]; rated && record.TriageEscalatedAt == nil {
			s.after(record.OpenedAt, within, "triage", "incident.triage_overdue", "tells the team lead that nobody has taken it up")
		}
	case OnHold:
		s.holding(record.Hold, facts.Timing)
	case Resolved:
		if record.Resolution.RecordedAt != nil {
			s.after(*record.Resolution.RecordedAt, facts.Timing.AutoClose, "auto_close", "incident.auto_close", "closes by itself")
		}
	}
	if record.PageAt != nil && record.Open {
		s.on(*record.PageAt, "page", "incident.page_due", "pages the support of the service, which opens then")
	}
	for _, clock := range record.Clocks {
		if record.Open {
			s.clock(clock)
		}
	}
	domain.SortDeadlines(s.deadlines)
	return s.deadlines, s.err
}

type schedule struct {
	calendar  *calendar.Calendar
	deadlines []domain.Deadline
	err       error
}

func (s *schedule) holding(hold Hold, timing Timing) {
	if hold.Until != nil {
		s.on(*hold.Until, "hold_over", "incident.hold_over", "resumes by itself")
	}
	if hold.PromisedAt != nil && !hold.PromiseMissed {
		s.on(*hold.PromisedAt, "promise", "incident.promise_missed", "tells the owner that the vendor's promise has passed")
	}
	if hold.Base != AwaitingRequester || hold.Since == nil {
		return
	}
	for i, wait := range timing.Reminders {
		if hold.Reminders <= i {
			s.after(*hold.Since, wait, "reminder_"+strconv.Itoa(i+1), "incident.remind_requester", "reminds the requester")
		}
	}
	s.after(*hold.Since, timing.NoResponse, "no_response", "incident.no_response", `resolves with "no response"`)
}

func (s *schedule) after(from time.Time, wait calendar.Duration, name, command, then string) {
	due, err := s.calendar.AddDuration(from, wait)
	if err != nil {
		s.err = domain.Errorf(domain.CodeInvalid, "the calendar of the record never opens: %v", err)
		return
	}
	s.on(due, name, command, then)
}

func (s *schedule) on(due time.Time, name, command, then string) {
	s.deadlines = append(s.deadlines, domain.Deadline{Name: name, DueAt: domain.Millisecond(due), Command: command, Then: then})
}

// clock keeps the next place of a clock. Those of teams and vendors are told apart by their agreement.
func (s *schedule) clock(clock sla.Clock) {
	if !clock.Waits() {
		return
	}
	name := string(clock.Metric)
	if !clock.Metric.ToRequester() {
		name += " " + clock.Agreement
	}
	then := "the promise of " + name + " is broken"
	if clock.Next != sla.Due {
		then = clock.Next + " of the promised " + name + " is reached; its agreement says what then"
	}
	s.on(*clock.NextAt, "clock "+name+" "+clock.Next, "incident.clock_due", then)
}
