package activities_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// gold promises, in the desk's own hours, P3 within 8 h, P2 within 4 h.
const gold = `{
	"applies_to": "record.practice == 'incident' && record.priority <= 3", "rank": 10,
	"targets": {"resolution": {"2": "4h", "3": "8h"}, "response": {"2": "30m", "3": "1h"}},
	"pause_on": {"reasons": ["awaiting_requester"]},
	"thresholds": [
		{"metric": "resolution", "at": "50%", "do": [{"notify": ["assignee"]}, {"add_watcher": "bo"}]},
		{"metric": "resolution", "at": "100%", "do": [{"notify": ["team_lead"]}, {"reassign": "network"}]}]}`

// agree applies an agreement.
func (d *desk) agree(name, text string) {
	d.t.Helper()
	var spec sla.Agreement
	require.NoError(d.t, json.Unmarshal([]byte(text), &spec))
	require.Empty(d.t, spec.Validate())
	d.db.Apply(d.t, "SLA/"+name, spec)
}

func (d *desk) clockOf(record string, metric sla.Metric) sla.Clock {
	d.t.Helper()
	for _, c := range d.incident(record).Clocks {
		if c.Metric == metric {
			return c
		}
	}
	require.Fail(d.t, "no clock", metric)
	return sla.Clock{}
}

// TestTheFirstStory is story 1 of the lifecycles against real rows.
func TestTheFirstStory(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree("gold", gold)
	d.clock.Set("2026-12-04T14:00:00Z") // Friday 15:00 in Berlin
	id := d.log()
	require.Equal(t, []sla.Stamp{{Agreement: "gold", Version: 1, Calendar: "desk", CalendarVersion: 1, Why: "gold applies (rank 10)"}}, d.incident(id).Agreements)
	require.Equal(t, "2026-12-07T14:00:00Z", d.clockOf(id, sla.Resolution).DueAt.Format(time.RFC3339))
	d.clock.Set("2026-12-04T14:10:00Z")
	d.apply(agent, "start", id, nil)
	d.clock.Set("2026-12-04T15:00:00Z")
	d.apply(agent, "hold", id, body{"reason": "awaiting_requester"})
	require.Equal(t, sla.Paused, d.clockOf(id, sla.Resolution).State)
	d.clock.Set("2026-12-07T09:00:00Z")
	d.apply(machine, "reply", id, body{"note": 3, "text": "this one"})
	resumed := d.clockOf(id, sla.Resolution)
	require.Equal(t, incident.InProgress, d.incident(id).State)
	require.Equal(t, []int64{3_600_000, 7_200_000}, []int64{resumed.ElapsedMS, resumed.PausedMS})
	require.Equal(t, "2026-12-07T16:00:00Z", resumed.DueAt.Format(time.RFC3339))
	require.Equal(t, "2026-12-07T12:00:00Z", d.incident(id).WakeAt.Format(time.RFC3339))

	d.clock.Set("2026-12-07T12:00:00Z")
	d.tick(id)
	d.clock.Set("2026-12-07T12:30:00Z")
	d.apply(agent, "change_priority", id, body{"impact": "high", "urgency": "medium", "reason": "the board"})
	require.Equal(t, []string{
		"incident.logged", "incident.started", "incident.held", "incident.resumed", "incident.clock_reached",
		"incident.priority_changed", "incident.clock_re_rated", "incident.clock_breached",
	}, d.types(id))
	broken := d.clockOf(id, sla.Resolution)
	require.Equal(t, sla.Breached, broken.State)
	require.Equal(t, "2026-12-07T12:00:00Z", broken.BreachedAt.Format(time.RFC3339))
	require.Equal(t, []sla.Outcome{sla.ActedBefore, sla.Superseded, sla.Superseded}, []sla.Outcome{broken.Points[0].Outcome, broken.Points[1].Outcome, broken.Points[2].Outcome})
	require.Equal(t, "messaging", d.incident(id).Team, "what is superseded does not act")

	all, err := schemas.ReadClocks(t.Context(), d.worker, id)
	require.NoError(t, err)
	var kept sla.Clock
	for _, c := range all {
		if c.Metric == sla.Resolution && !c.InForce {
			kept = c
		}
	}
	require.Equal(t, sla.Running, kept.State)
	require.Equal(t, []int64{16_200_000, 28_800_000}, []int64{kept.ElapsedMS, kept.LengthMS})
	d.sound()
}

func TestThresholdsActWhileNobodyIsThere(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree("gold", gold)
	id := d.log(body{"service": ""})
	d.clock.Set("2026-12-03T08:00:00Z") // three days later
	d.tick(id)
	c := d.clockOf(id, sla.Resolution)
	require.Equal(t, sla.Breached, c.State)
	require.Equal(t, "2026-11-30T17:00:00Z", c.BreachedAt.Format(time.RFC3339))
	require.Equal(t, "network", d.incident(id).Team)
	watchers, err := schemas.ReadWatchers(t.Context(), d.worker, id)
	require.NoError(t, err)
	require.Len(t, watchers, 1)
	d.sound()
}

func TestAnEditCanBringAnotherAgreement(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree("gold", gold)
	d.agree("mail", `{"applies_to": "record.service == 'mail'", "rank": 50, "calendar": "night", "targets": {"resolution": {"3": "2h"}}}`)
	id := d.log(body{"service": ""})
	d.apply(agent, "edit", id, body{"service": "mail"})
	c := d.clockOf(id, sla.Resolution)
	require.Equal(t, []string{"mail", "mail applies (rank 50), before gold (10)"}, []string{c.Agreement, c.Why})
	require.NotEqual(t, "night", c.Calendar, "there is no such calendar: the record's own counts")
	d.apply(agent, "resolve", id, body{"code": "fixed", "notes": "Turned it on."})
	require.Equal(t, sla.Met, d.clockOf(id, sla.Resolution).State)
	require.Empty(t, d.incident(id).Clocks[0].NextAt)
}

// TestMeasuringAnewTakesTheNewestCalendarToo: a holiday that is added moves what is due, once it is asked for.
func TestMeasuringAnewTakesTheNewestCalendarToo(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree("gold", gold)
	d.clock.Set("2026-12-04T14:00:00Z")
	id := d.log()
	day := []string{"09:00-17:00"}
	d.db.Apply(t, "Calendar/desk", calendar.Spec{
		Timezone: "Europe/Berlin", Weekly: map[string][]string{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day}, Holidays: []string{"2026-12-07"},
	})
	require.Equal(t, "2026-12-07T14:00:00Z", d.clockOf(id, sla.Resolution).DueAt.Format(time.RFC3339))
	d.apply(agent, "re_rate", id, body{"reason": "a holiday"})
	rated := d.clockOf(id, sla.Resolution)
	require.Equal(t, "2026-12-08T14:00:00Z", rated.DueAt.Format(time.RFC3339))
	require.Equal(t, []int{2, 2}, []int{rated.Rating, rated.CalendarVersion})
	require.Equal(t, 2, d.incident(id).Policies["Calendar/desk"])
	all, err := schemas.ReadClocks(t.Context(), d.worker, id)
	require.NoError(t, err)
	require.Len(t, all, 4, "the ratings before stay beside")
}

func TestWhyAPromiseWasBrokenIsStored(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree("gold", gold)
	d.clock.Set("2026-12-04T08:00:00Z")
	id := d.log()
	d.clock.Set("2026-12-04T10:00:00Z")
	d.apply(agent, "resolve", id, body{"code": "fixed", "notes": "Quota.", "breach_cause": "taken_up_late"})
	require.Equal(t, "taken_up_late", d.incident(id).BreachCause)
}
