package sla_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// berlin is the zone of the calendar `desk` of the lifecycles' stories.
func berlin(t require.TestingT) *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return zone
}

// desk is open Monday to Friday from 09:00 to 17:00.
func desk(t require.TestingT) *calendar.Calendar {
	day := []string{"09:00-17:00"}
	made, problems := calendar.Compile(calendar.Spec{
		Timezone: "Europe/Berlin",
		Weekly:   map[string][]string{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day},
	}, berlin(t), nil)
	require.Empty(t, problems)
	return made
}

// gold is an agreement as a document would hold it.
func gold(t require.TestingT, spec string) sla.Choice {
	var agreement sla.Agreement
	require.NoError(t, json.Unmarshal([]byte(spec), &agreement))
	require.Empty(t, agreement.Validate())
	return sla.Choice{
		Terms: sla.Terms{
			Agreement: "gold", Version: 1, Spec: agreement, Calendar: desk(t), CalendarName: "desk", CalendarVersion: 1,
		},
		Why: "gold applies (rank 0)",
	}
}

// story is the agreement of the first story: P3 8h, P2 4h, thresholds at 50 and 100 %.
const story = `{
	"applies_to": "true",
	"targets": {"resolution": {"2": "4h", "3": "8h", "4": "5wd"}, "response": {"2": "30m", "3": "1h"}, "update": {"2": "2h"}},
	"pause_on": {"reasons": ["awaiting_requester"]},
	"thresholds": [
		{"metric": "resolution", "at": "50%", "do": [{"notify": ["assignee"]}]},
		{"metric": "resolution", "at": "100%", "do": [{"notify": ["team_lead"]}]}
	]}`

// on reads a local time of the story: "2026-12-04 15:00" or with seconds.
func on(t require.TestingT, text string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(layout, text, berlin(t)); err == nil {
			return at.UTC()
		}
	}
	require.Fail(t, "not a time", text)
	return time.Time{}
}

// replay lets a life be lived by moments until an instant.
func replay(t *testing.T, choice sla.Choice, priority int, until string, moments ...sla.Moment) *sla.Keeper {
	t.Helper()
	keeper, err := sla.Replay(sla.Subject{Choices: []sla.Choice{choice}, Priority: priority}, moments, on(t, until))
	require.NoError(t, err)
	return keeper
}

// clock finds a metric's clock of the highest cycle and rating.
func clock(t require.TestingT, keeper *sla.Keeper, metric sla.Metric) sla.Clock {
	var found sla.Clock
	for _, c := range keeper.Clocks {
		if c.Metric == metric && c.Cycle*1000+c.Rating > found.Cycle*1000+found.Rating {
			found = c
		}
	}
	require.NotZero(t, found, metric)
	return found
}

// elapsed is what a clock has counted.
func elapsed(c sla.Clock) time.Duration { return time.Duration(c.ElapsedMS) * time.Millisecond }
