package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// deadline is a moment that an incident's timer can keep, with when it comes in words.
type deadline struct {
	domain.Deadline
	While, When string
}

// deadlines asks the rules themselves which deadlines incidents have, on one incident of each sort that has any, and says
// when each comes. A deadline that nothing here is known of is an error.
func deadlines(timing incident.Timing) ([]deadline, error) {
	always, problems := calendar.Compile(calendar.Spec{Weekly: map[string][]string{"mon": {"00:00-24:00"}}}, time.UTC, nil)
	if len(problems) > 0 {
		return nil, fmt.Errorf("making a calendar: %s", problems[0].Message)
	}
	facts := incident.Facts{Calendar: always, Timing: timing}
	var list []deadline
	for _, sample := range samples() {
		found, err := incident.Deadlines(sample, facts)
		if err != nil {
			return nil, err
		}
		for _, one := range found {
			when, known := whens(timing)[one.Name]
			if !known {
				return nil, fmt.Errorf("the deadline %s is new here: say when it comes", one.Name)
			}
			while := code(sample.State)
			if sample.Hold.Reason != "" && one.Name != "hold_over" && one.Name != "promise" {
				while += " for " + code(sample.Hold.Base)
			}
			list = append(list, deadline{Deadline: one, While: while, When: when})
		}
	}
	return list, nil
}

// samples are incidents that between them have every deadline once.
func samples() []incident.Incident {
	at := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	later := at.Add(time.Hour)
	state := func(state domain.State, details incident.Details) incident.Incident {
		return incident.Incident{Record: domain.Record{State: state, Priority: 1, OpenedAt: at}, Details: details}
	}
	return []incident.Incident{
		state(incident.New, incident.Details{}),
		promised(state(incident.InProgress, incident.Details{PageAt: &later}), at),
		state(incident.OnHold, incident.Details{Hold: incident.Hold{Reason: incident.AwaitingRequester, Base: incident.AwaitingRequester, Since: &at}}),
		state(incident.OnHold, incident.Details{Hold: incident.Hold{
			Reason: incident.AwaitingVendor, Base: incident.AwaitingVendor, Since: &at, PromisedAt: &at, Until: &later,
		}}),
		state(incident.Resolved, incident.Details{Resolution: incident.Resolution{RecordedAt: &at}}),
	}
}

// promised puts an incident under a promise.
func promised(one incident.Incident, due time.Time) incident.Incident {
	one.Open = true
	one.Clocks = []sla.Clock{{Metric: sla.Resolution, Agreement: "gold", InForce: true, NextAt: &due, Next: sla.Due}}
	return one
}

// whens says when each deadline comes.
func whens(timing incident.Timing) map[string]string {
	triage := []string{}
	for _, priority := range slices.Sorted(maps.Keys(timing.Triage)) {
		triage = append(triage, fmt.Sprintf("P%d %s", priority, wait(timing.Triage[priority])))
	}
	words := map[string]string{
		"triage":      "after opening: " + strings.Join(triage, ", "),
		"no_response": wait(timing.NoResponse) + " after the hold began",
		"promise":     "at `promised_at`",

		"clock resolution due": "when the promised open time is used up; so for each promise, and each threshold on the way",
		"page":                 "when the support calendar of the service opens, after it was logged or raised outside its hours ([paging](escalation.md#paging))",
		"hold_over":            "at `until`",
		"auto_close":           wait(timing.AutoClose) + " after it was recorded as resolved",
	}
	for i, one := range timing.Reminders {
		words[fmt.Sprintf("reminder_%d", i+1)] = wait(one) + " after the hold began"
	}
	return words
}
