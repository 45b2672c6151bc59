package activities_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Two thresholds of one clock and one of another fall on one instant: each acts once, in the order of the agreement, in one
// transaction, and one policy calls once.
func TestThresholdsOfOneInstantActOnceEachAndInOrder(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.steps("major", `{"steps": [{"wait": "5m", "to": ["person:bo"]}], "fallback": ["person:ana"]}`)
	d.agree("gold", `{"applies_to": "true", "targets": {"resolution": {"3": "4h"}, "response": {"3": "2h"}}, "thresholds": [
		{"metric": "resolution", "at": "50%", "do": [{"add_watcher": "bo"}]},
		{"metric": "resolution", "at": "due-2h", "do": [{"escalate": "major"}]},
		{"metric": "response", "at": "100%", "do": [{"escalate": "major"}]}]}`)
	d.clock.Set("2026-11-30T08:00:00Z") // the desk opens in Berlin
	id := d.log()
	d.clock.Set("2026-11-30T10:00:00Z")
	d.tick(id)
	reached := []string{}
	for _, event := range d.events(id) {
		if event.DueAt == nil {
			continue
		}
		require.Equal(t, d.clock.Now(), event.DueAt.UTC())
		require.Zero(t, *event.LatenessMS)
		var data struct {
			Metric string `json:"metric"`
			At     string `json:"at"`
		}
		require.NoError(t, json.Unmarshal(event.Data, &data))
		reached = append(reached, event.Type+" "+data.Metric+" "+data.At)
	}
	require.Equal(t, []string{
		"incident.clock_reached resolution 50%", "incident.clock_reached resolution due-2h", "incident.clock_breached response ",
		"incident.clock_reached response 100%",
	}, reached)
	version := d.incident(id).Version
	d.tick(id)
	require.Equal(t, version, d.incident(id).Version, "none is left for later")
	require.Len(t, d.incident(id).Escalations, 1, "of one policy there is one at a time")
	call := d.incident(id).Escalations[0]
	require.Len(t, call.For, 2, "for the sake of both promises")
	d.relay()
	require.Equal(t, []any{escalation.Calling, 1}, []any{d.escalation(call.ID).State, d.escalation(call.ID).Run})
	require.Equal(t, []string{"person:bo"}, d.pages())
	d.sound()
}

// A page of what is waited for may end at a clock, or between two deadlines of one instant.
func TestWaitingIsReadPastClocks(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree("gold", `{"applies_to": "true", "targets": {"resolution": {"3": "4h"}, "response": {"3": "2h"}, "update": {"3": "2h"}},
		"thresholds": [{"metric": "resolution", "at": "12.5%", "do": [{"add_watcher": "bo"}]}, {"metric": "response", "at": "due-1h30m", "do": [{"add_watcher": "bo"}]}]}`)
	d.agree("team", `{"applies_to": "true", "team": "messaging", "targets": {"ola": {"3": "3h"}}}`)
	for range 3 {
		d.log()
	}
	whole, next, err := schemas.ListWaiting(t.Context(), d.db.App(t), everything, schemas.WaitingFilter{Limit: 200})
	require.NoError(t, err)
	require.Nil(t, next)
	names := map[string]bool{}
	for _, row := range whole {
		names[row.Name] = true
	}
	for _, name := range []string{"clock resolution 12.5%", "clock response due-1h30m", "clock update due", "clock ola team due"} {
		require.Contains(t, names, name)
	}
	for _, size := range []int{1, 2, 5} {
		paged, after := []schemas.WaitingRow{}, (*schemas.WaitingPosition)(nil)
		for {
			rows, next, err := schemas.ListWaiting(t.Context(), d.db.App(t), everything, schemas.WaitingFilter{Limit: size, After: after})
			require.NoError(t, err)
			require.LessOrEqual(t, len(rows), size)
			paged = append(paged, rows...)
			if next == nil {
				break
			}
			text, err := json.Marshal(next)
			require.NoError(t, err)
			after = &schemas.WaitingPosition{}
			require.NoError(t, json.Unmarshal(text, after), "as a cursor carries it")
		}
		require.Equal(t, whole, paged, "by %d", size)
	}
}
