package incident_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// side makes agreements by name ready for a simulation; all calendars are the office's.
func side(t require.TestingT, specs map[string]string) *simulation.Side {
	documents := []policy.Document{
		{Kind: policy.KindCalendar, Name: "default", Version: 1, Spec: json.RawMessage(`{}`)},
		{Kind: policy.KindCalendar, Name: "desk", Version: 1, Spec: json.RawMessage(`{}`)},
	}
	for name, spec := range specs {
		documents = append(documents, policy.Document{Kind: policy.KindSLA, Name: name, Version: 1, Spec: json.RawMessage(spec)})
	}
	made, err := simulation.NewSide(documents, false, simulation.Tools{
		CompileCalendar: func(calendar.Spec) (*calendar.Calendar, error) { return office(), nil }, Language: words{},
	})
	require.NoError(t, err)
	return made
}

// TestSimulatedLivesKeepTheClocksOfLivedOnes lives random lives by commands and simulates them from their timelines under the
// agreements that they were under: every clock in force reads the same.
func TestSimulatedLivesKeepTheClocksOfLivedOnes(t *testing.T) {
	t.Parallel()
	mail := `{"applies_to": "mail", "rank": 5, "calendar": "desk", "targets": {"resolution": {"1": "1h", "2": "3h", "3": "1wd", "4": "2wd"}, "response": {"1": "5m"}},
		"rerate": {"raise": "changed"}, "thresholds": [{"metric": "resolution", "at": "75%", "do": [{"raise_priority": 1}]}]}`
	team := `{"applies_to": "true", "team": "messaging", "calendar": "desk", "targets": {"ola": {"1": "30m", "2": "2h", "3": "5h"}}}`
	present := side(t, map[string]string{"gold": goldSpec, "mail": mail, "third": team})
	rapid.Check(t, func(t *rapid.T) {
		d := promised(t, "2026-12-04 15:00", goldSpec, mail, team)
		d.now = d.now.Add(time.Duration(rapid.Int64Range(0, int64(7*24*time.Hour)).Draw(t, "opening"))).Truncate(time.Millisecond)
		d.do(ana, "log", drawBody(t, "log", d.now))
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			d.now = d.now.Add(drawPause(t, d)).Truncate(time.Millisecond)
			d.catchUp()
			verb := rapid.SampledFrom(verbs()).Draw(t, "verb")
			actor := ana
			if transition, _ := incident.Lifecycle.Transition(verb); transition.Machine() {
				actor = other
			}
			_ = d.apply(d.command(actor, verb, drawBody(t, verb, d.now)), nil) // most are refused in most states
		}
		if overtaken(d.events) {
			return // a simulation takes things in the order in which they were so, a living record as they become known
		}
		told, err := simulation.Incident(d.record, simulation.LinesOf(d.events), d.facts.HoldReasons)
		require.NoError(t, err)
		clocks, err := present.Clocks(told, d.record.LastEventAt)
		require.NoError(t, err)
		require.Equal(t, verdicts(d.record.Clocks), verdicts(clocks))
	})
}

// overtaken reports whether an event was so before one that was told earlier.
func overtaken(events []domain.Event) bool {
	var last time.Time
	for _, event := range events {
		if so, backDated := event.Data["effective_at"].(time.Time); backDated && so.Before(last) {
			return true
		}
		if slices.Contains(simulation.IncidentEvents, event.Type) {
			last = event.At
		}
	}
	return false
}

// verdict is what a simulation tells of a clock.
type verdict struct {
	Metric                 sla.Metric
	Agreement              string
	Cycle, Priority        int
	State                  sla.State
	LengthMS, ElapsedMS    int64
	DueAt, BreachedAt, End *time.Time
}

// verdicts are those of the clocks in force that have ended or are broken: others have moved on since they were last written.
func verdicts(clocks []sla.Clock) []verdict {
	list := []verdict{}
	for _, c := range clocks {
		if !c.InForce {
			continue
		}
		v := verdict{c.Metric, c.Agreement, c.Cycle, c.Priority, c.State, c.LengthMS, c.ElapsedMS, c.DueAt, c.BreachedAt, c.StoppedAt}
		if !c.Ended() {
			v.ElapsedMS = 0
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b verdict) int {
		if a.Metric != b.Metric {
			return slices.Index(sla.Metrics, a.Metric) - slices.Index(sla.Metrics, b.Metric)
		}
		return a.Cycle - b.Cycle
	})
	return list
}
