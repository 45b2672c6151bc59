package simulation_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// all is a language in which every expression holds, but for one that asks for the highest priority.
type all struct{}

func (all) AgreementApplies(expression string, record map[string]any) (bool, error) {
	return expression != "urgent" || record["priority"] == int64(1), nil
}

var tools = simulation.Tools{
	CompileCalendar: func(spec calendar.Spec) (*calendar.Calendar, error) {
		compiled, _ := calendar.Compile(spec, time.UTC, nil)
		return compiled, nil
	},
	Language: all{},
}

func document(kind, name, spec string) policy.Document {
	return policy.Document{Kind: kind, Name: name, Version: 1, Spec: json.RawMessage(spec)}
}

const week = `{"weekly": {"mon": ["09:00-17:00"], "tue": ["09:00-17:00"], "wed": ["09:00-17:00"], "thu": ["09:00-17:00"], "fri": ["09:00-17:00"]}}`

// present are a calendar, a matrix and one agreement.
func present() []policy.Document {
	return []policy.Document{
		document(policy.KindCalendar, "default", week),
		document(policy.KindPriorityMatrix, "default", `{"priorities": {"high": {"high": 2}, "low": {"low": 4}}}`),
		document(policy.KindSLA, "gold", `{"applies_to": "true", "targets": {"resolution": {"1": "1h", "2": "4h", "4": "1wd"}}}`),
	}
}

func compared(t require.TestingT, until time.Time, proposed ...policy.Document) *simulation.Comparison {
	now, then, err := simulation.Sides(present(), proposed, tools)
	require.NoError(t, err)
	return &simulation.Comparison{Present: now, Proposed: then, Until: until}
}

// monday is a Monday at nine.
var monday = time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)

// lived is a case of priority 2 that was opened on a Monday at nine, and resolved after a time.
func lived(after time.Duration) *simulation.Case {
	opened := simulation.Record{Practice: "incident", Rating: simulation.Rating{Impact: "high", Urgency: "high", Priority: 2}}
	return &simulation.Case{ID: "1", Number: "INC-1", Team: "desk", Priority: 2, Opened: opened, Steps: []simulation.Step{
		{Moment: sla.Moment{At: monday, Event: sla.EventOpened, Team: "desk"}, Record: &opened},
		{Moment: sla.Moment{At: monday.Add(after), Event: sla.EventResolve}},
	}}
}

func TestBreachesAreGainedLostAndKept(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		after    time.Duration
		proposed policy.Document
		change   simulation.Change
	}{
		{3 * time.Hour, document(policy.KindSLA, "gold", `{"applies_to": "true", "targets": {"resolution": {"2": "2h"}}}`), simulation.Gained},
		{5 * time.Hour, document(policy.KindSLA, "gold", `{"applies_to": "true", "targets": {"resolution": {"2": "6h"}}}`), simulation.Lost},
		{5 * time.Hour, document(policy.KindSLA, "gold", `{"applies_to": "true", "targets": {"resolution": {"2": "3h"}}}`), simulation.Kept},
		{time.Hour, document(policy.KindSLA, "gold", `{"applies_to": "true", "targets": {"resolution": {"2": "2h"}}}`), simulation.Unchanged},
		{5 * time.Hour, document(policy.KindSLA, "better", `{"applies_to": "true", "rank": 5, "targets": {"resolution": {"2": "6h"}}}`), simulation.Lost},
		{5 * time.Hour, document(policy.KindSLA, "worse", `{"applies_to": "true", "rank": -5, "targets": {"resolution": {"2": "6h"}}}`), simulation.Kept},
		{5 * time.Hour, document(policy.KindCalendar, "default", `{"weekly": {"mon": ["11:00-17:00"]}}`), simulation.Lost},
		{3 * time.Hour, document(policy.KindPriorityMatrix, "default", `{"priorities": {"high": {"high": 1}}}`), simulation.Gained},
	} {
		comparison := compared(t, monday.AddDate(0, 0, 9), one.proposed)
		verdicts, err := comparison.Compare(lived(one.after))
		require.NoError(t, err)
		require.Len(t, verdicts, 1)
		require.Equal(t, one.change, verdicts[0].Change, "%s %s", one.proposed.Name, one.proposed.Spec)
		require.Equal(t, "2026-W50", verdicts[0].Week)
		require.Len(t, verdicts[0].Values(), len(simulation.Columns))
	}
}

// A matrix rates what was rated by one before, and leaves alone what somebody set by hand.
func TestAMatrixLeavesWhatWasSetByHand(t *testing.T) {
	t.Parallel()
	one := lived(3 * time.Hour)
	by := one.Opened
	by.Rating.ByHand = true
	one.Steps = slices.Insert(one.Steps, 1, simulation.Step{Moment: sla.Moment{At: monday.Add(30 * time.Minute), Event: sla.EventChangePriority, Priority: 2}, Record: &by})
	verdicts, err := compared(t, monday.AddDate(0, 0, 9), document(policy.KindPriorityMatrix, "default", `{"priorities": {"high": {"high": 1}}}`)).Compare(one)
	require.NoError(t, err)
	require.Equal(t, simulation.Unchanged, verdicts[0].Change)
	require.Equal(t, 2, verdicts[0].Proposed.Priority)
}

// What says the same is no proposal: its version stays, and no record is lived twice.
func TestTheSameDocumentChangesNothing(t *testing.T) {
	t.Parallel()
	again := document(policy.KindCalendar, "default", "  "+week)
	again.Version = 7
	require.Equal(t, present(), simulation.Overlay(present(), []policy.Document{again}))
	changed := simulation.Overlay(present(), []policy.Document{document(policy.KindCalendar, "default", `{}`)})
	require.Equal(t, 2, changed[0].Version)
}

// lives draws cases with everything that can happen.
func lives(t *rapid.T) *simulation.Case {
	one := lived(0)
	one.Number = "INC-" + strconv.Itoa(rapid.IntRange(1, 999).Draw(t, "number"))
	one.Steps = one.Steps[:1]
	at, record, open, held := monday, one.Opened, true, false
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		at = at.Add(time.Duration(rapid.IntRange(0, 86400).Draw(t, "wait")) * time.Second)
		allowed := []sla.Event{sla.EventTriage, sla.EventStart, sla.EventAssign, sla.EventReply, sla.EventHold, sla.EventChangePriority, sla.EventReclassify, sla.EventMerge, sla.EventUnmerge, sla.EventResolve}
		if held {
			allowed = append(allowed, sla.EventResume)
		}
		if !open {
			allowed = []sla.Event{sla.EventReopen}
		}
		step := simulation.Step{Moment: sla.Moment{At: at, Event: rapid.SampledFrom(allowed).Draw(t, "event"), Team: "desk", Reason: "awaiting_requester", Priority: record.Rating.Priority}}
		if step.Event == sla.EventChangePriority {
			record.Rating.Priority = rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "priority")
			step.Priority = record.Rating.Priority
		}
		now := record
		step.Record = &now
		held = step.Event == sla.EventHold || held && !slices.Contains([]sla.Event{sla.EventResume, sla.EventStart, sla.EventTriage, sla.EventResolve}, step.Event)
		open = step.Event != sla.EventResolve && (open || step.Event == sla.EventReopen)
		one.Steps = append(one.Steps, step)
	}
	return one
}

// TestVerdictsAreThoseOfReplay: what a side answers is what sla.Replay answers when it is asked without a simulation.
func TestVerdictsAreThoseOfReplay(t *testing.T) {
	t.Parallel()
	compiled, _ := calendar.Compile(calendar.Spec{Weekly: map[string][]string{"mon": {"09:00-17:00"}, "tue": {"09:00-17:00"}, "wed": {"09:00-17:00"}, "thu": {"09:00-17:00"}, "fri": {"09:00-17:00"}}}, time.UTC, nil)
	var spec sla.Agreement
	require.NoError(t, json.Unmarshal(present()[2].Spec, &spec))
	choices := []sla.Choice{{Terms: sla.Terms{Agreement: "gold", Version: 1, Spec: spec, Calendar: compiled, CalendarName: "default", CalendarVersion: 1}, Why: "gold applies (rank 0)"}}
	rapid.Check(t, func(t *rapid.T) {
		one := lives(t)
		until := monday.Add(time.Duration(rapid.IntRange(0, 20*86400).Draw(t, "until")) * time.Second)
		moments := make([]sla.Moment, len(one.Steps))
		for i, step := range one.Steps {
			moments[i] = step.Moment
			if step.Event == sla.EventReclassify {
				moments[i].Choices = choices
			}
		}
		asked, err := sla.Replay(sla.Subject{Choices: choices, Priority: 2}, moments, until)
		require.NoError(t, err)
		comparison := compared(t, until, document(policy.KindSLA, "gold", `{"applies_to": "true", "targets": {"resolution": {"1": "1h", "2": "5h", "4": "2wd"}}}`))
		clocks, err := comparison.Present.Clocks(one, until)
		require.NoError(t, err)
		require.Equal(t, asked.Clocks, clocks)
		verdicts, err := comparison.Compare(one)
		require.NoError(t, err)
		require.Len(t, verdicts, 1)
		broken := slices.ContainsFunc(asked.Clocks, func(c sla.Clock) bool { return c.InForce && c.State == sla.Breached })
		require.Equal(t, broken, verdicts[0].Present.Breached())
	})
}

// TestFiguresAreThoseOfTheVerdicts: every figure is the number of verdicts that it is about, however the records were parted.
func TestFiguresAreThoseOfTheVerdicts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		comparison := compared(t, monday.AddDate(0, 0, 20), document(policy.KindSLA, "gold", `{"applies_to": "true", "targets": {"resolution": {"1": "30m", "2": "6h", "4": "4h"}}}`))
		var whole simulation.Tally
		parts := make([]simulation.Tally, 3)
		for range rapid.IntRange(0, 20).Draw(t, "records") {
			verdicts, err := comparison.Compare(lives(t))
			require.NoError(t, err)
			whole.Add(verdicts)
			parts[rapid.IntRange(0, 2).Draw(t, "part")].Add(verdicts)
		}
		report := whole.Report()
		var joined simulation.Report
		joined.Join(parts[0].Report(), parts[1].Report(), parts[2].Report())
		require.Equal(t, report.Totals, joined.Totals)
		require.Equal(t, report.ByPriority, joined.ByPriority)
		require.Len(t, joined.Verdicts, len(report.Verdicts))
		for _, total := range report.Totals {
			counted := map[simulation.Change]int{}
			for _, v := range report.Verdicts {
				counted[v.Change]++
			}
			require.Equal(t, []int{total.Gained, total.Lost, total.Kept}, []int{counted[simulation.Gained], counted[simulation.Lost], counted[simulation.Kept]})
			require.Equal(t, total.Before+total.Gained-total.Lost, total.After)
		}
	})
}
