package policyfile

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// CompileOnCall makes a working schedule of an OnCallSchedule document: it loads the time zone. Everything wrong is in one
// domain.Error, by field.
func CompileOnCall(spec oncall.Spec) (*oncall.Schedule, error) {
	compiled, problems := compileOnCall(spec)
	fields := make([]domain.FieldError, len(problems))
	for i, problem := range problems {
		fields[i] = domain.FieldError{Location: "body.spec." + problem.Path, Message: problem.Message}
	}
	if err := domain.Join(fields); err != nil {
		return nil, fmt.Errorf("compiling an on-call schedule: %w", err)
	}
	return compiled, nil
}

func compileOnCall(spec oncall.Spec) (*oncall.Schedule, []calendar.Problem) {
	zone, err := LoadZone(spec.Timezone)
	if err == nil {
		return oncall.Compile(spec, zone)
	}
	_, problems := oncall.Compile(spec, time.UTC)
	return nil, append([]calendar.Problem{{Path: "timezone", Message: err.Error()}}, problems...)
}

func checkOnCall(_ string, spec oncall.Spec) []policy.Problem {
	_, problems := compileOnCall(spec)
	list := make([]policy.Problem, len(problems))
	for i, problem := range problems {
		list[i] = policy.Problem{Path: "spec." + problem.Path, Message: problem.Message}
	}
	return list
}

// Gaps says that nobody is on call at times within the 52 weeks after a moment, by an OnCallSchedule document that does not
// accept that; nothing for any other document, and for one that Check finds something wrong with. It is apart from Check
// because it depends on the moment: a document that is right stays right.
func Gaps(document policy.Document, now time.Time) []policy.Problem {
	spec, schedule := scheduleOf(document)
	if schedule == nil || spec.AcceptGaps {
		return nil
	}
	gaps := schedule.Check(now, nil).Gaps
	if len(gaps) == 0 {
		return nil
	}
	from, to := gaps[0].From.In(schedule.Zone()), gaps[0].To.In(schedule.Zone())
	message := fmt.Sprintf("nobody is on call from %s to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	if len(gaps) > 1 {
		message += fmt.Sprintf(", and at %d more times within %d weeks", len(gaps)-1, oncall.CheckedWeeks)
	}
	return []policy.Problem{{Path: "spec.accept_gaps", Message: message + "; cover it, or accept it with accept_gaps: true"}}
}

// warningsOf says what a document that is right may get wrong all the same. It looks at a schedule from the moment at which
// all of its layers have begun.
func warningsOf(document policy.Document) []policy.Problem {
	spec, schedule := scheduleOf(document)
	if schedule == nil {
		return nil
	}
	var begun time.Time
	for _, layer := range spec.Layers {
		if start, err := time.Parse(time.DateOnly, layer.Rotation.Start); err == nil && start.After(begun) {
			begun = start
		}
	}
	return Gaps(document, begun.AddDate(0, 0, 2))
}

// scheduleOf compiles an OnCallSchedule document; nil for another, and for one that is wrong.
func scheduleOf(document policy.Document) (oncall.Spec, *oncall.Schedule) {
	var spec oncall.Spec
	if document.Kind != policy.KindOnCallSchedule || json.Unmarshal(document.Spec, &spec) != nil {
		return spec, nil
	}
	schedule, problems := compileOnCall(spec)
	if len(problems) > 0 {
		return spec, nil
	}
	return spec, schedule
}
