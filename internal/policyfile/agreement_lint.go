package policyfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// agreementWarnings says what an SLA document that is right may get wrong all the same: a `d` is 24 h of open time, which takes
// several days where a day is open for less; a threshold before the start never comes; a review may be overdue. days are the
// Calendar documents at hand; one that is not among them is taken to close at night.
func agreementWarnings(document policy.Document, days map[string]calendar.Spec, now time.Time) []policy.Problem {
	var agreement sla.Agreement
	var written struct {
		Targets map[string]map[string]string `json:"targets"`
	}
	if json.Unmarshal(document.Spec, &agreement) != nil || json.Unmarshal(document.Spec, &written) != nil {
		return nil // told as a problem
	}
	var warnings []policy.Problem
	add := func(path, format string, args ...any) {
		warnings = append(warnings, policy.Problem{Path: "spec." + path, Message: fmt.Sprintf(format, args...)})
	}
	for _, metric := range slices.Sorted(maps.Keys(written.Targets)) {
		for _, priority := range slices.Sorted(maps.Keys(written.Targets[metric])) {
			if text := written.Targets[metric][priority]; countsDays(text) && !roundTheClock(days[agreement.Calendar]) {
				add("targets."+metric+"."+priority, "%s is 24 h of open time for each d; in a calendar that closes at night that takes several days: use wd for working days", text)
			}
		}
	}
	for i, threshold := range agreement.Thresholds {
		for _, priority := range slices.Sorted(maps.Keys(agreement.Targets[threshold.Metric])) {
			target := agreement.Targets[threshold.Metric][priority]
			if target.WorkingDays == 0 && threshold.At.OffsetMS < 0 && target.Open.Milliseconds()+threshold.At.OffsetMS <= 0 {
				add(fmt.Sprintf("thresholds[%d].at", i), "%s lies at or before the start of the %s of priority %s and never comes", threshold.At, target, priority)
			}
		}
	}
	if by := agreement.Valid.ReviewBy; by != "" && by < now.UTC().Format(time.DateOnly) {
		add("valid.review_by", "%s has passed: look at the agreement again", by)
	}
	return warnings
}

// countsDays reports whether a duration is written with d, which is not wd.
func countsDays(text string) bool { return strings.Contains(strings.ReplaceAll(text, "wd", ""), "d") }

// roundTheClock reports whether a calendar is open for 24 h on every day of the week on which it opens.
func roundTheClock(spec calendar.Spec) bool {
	for _, spans := range spec.Weekly {
		if len(spans) > 0 && !slices.Equal(spans, []string{"00:00-24:00"}) {
			return false
		}
	}
	return len(spec.Weekly) > 0
}

// calendarsOf are the Calendar documents among trees.
func calendarsOf(trees []Tree) map[string]calendar.Spec {
	found := map[string]calendar.Spec{}
	for _, tree := range trees {
		var spec calendar.Spec
		document, err := tree.Document()
		if err == nil && document.Kind == policy.KindCalendar && json.Unmarshal(document.Spec, &spec) == nil {
			found[document.Name] = spec
		}
	}
	return found
}
