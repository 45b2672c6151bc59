package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// oneHour promises an hour around the clock.
const oneHour = `kind: Calendar
name: always
spec: {timezone: UTC, weekly: {mon: ["00:00-24:00"], tue: ["00:00-24:00"], wed: ["00:00-24:00"], thu: ["00:00-24:00"], fri: ["00:00-24:00"], sat: ["00:00-24:00"], sun: ["00:00-24:00"]}}
---
kind: SLA
name: hour
spec: {applies_to: 'true', calendar: always, targets: {resolution: {"3": 1h}}}
`

// resolvedAfter writes an incident that was resolved after a time, then closed.
func (d *desk) resolvedAfter(after time.Duration, change ...func(*incident.Incident)) incident.Incident {
	d.t.Helper()
	record := d.incident(append([]func(*incident.Incident){func(i *incident.Incident) { i.OpenedAt = i.OpenedAt.Add(-24 * time.Hour) }}, change...)...)
	by := domain.Actor{Kind: domain.ActorPerson, Name: "ana"}
	into := schemas.NewPassage(d.worker, record.ID, d.clock.Now())
	into.Events([]domain.Event{
		{Type: "incident.started", At: record.OpenedAt.Add(time.Minute), Actor: by},
		{Type: "incident.resolved", At: record.OpenedAt.Add(after), Actor: by, Data: map[string]any{"code": "fixed"}},
		{Type: "incident.closed", At: record.OpenedAt.Add(after + time.Hour), Actor: by},
	})
	require.NoError(d.t, into.Write(d.t.Context()))
	return record
}

func TestASimulationTakesWhatItsReaderMayRead(t *testing.T) {
	t.Parallel()
	d := setup(t)
	late := d.resolvedAfter(2 * time.Hour)
	d.resolvedAfter(30 * time.Minute)
	d.resolvedAfter(3*time.Hour, func(i *incident.Incident) { i.Team, i.Service, i.Requester = "network", "", "sam" })
	secret := d.resolvedAfter(4*time.Hour, func(i *incident.Incident) { i.Restricted, i.OpenedBy, i.Requester = true, "sam", "sam" })
	body := app.SimulationBody{Proposed: oneHour}

	report, err := d.Simulate(d.as("lea", ofTeam(domain.RoleTeamLead, "messaging")), body)
	require.NoError(t, err)
	require.Equal(t, 2, report.Records)
	require.Equal(t, []simulation.Group{{Metric: sla.Resolution, Sums: simulation.Sums{Promises: 2, After: 1, Gained: 1}}}, report.Totals)
	require.Len(t, report.Verdicts, 1)
	verdict := report.Verdicts[0]
	require.Equal(t, late.Number, verdict.Number)
	require.Equal(t, simulation.Gained, verdict.Change)
	require.Empty(t, verdict.Present.State)
	require.Equal(t, 2*time.Hour.Milliseconds(), verdict.Proposed.ElapsedMS)
	require.Equal(t, late.OpenedAt.Add(time.Hour), verdict.Proposed.DueAt.UTC())

	admin := d.as("mo", all(domain.RoleAdmin))
	report, err = d.Simulate(admin, body)
	require.NoError(t, err)
	require.Equal(t, 4, report.Records)
	require.Equal(t, []string{"mo read allowed: " + secret.ID + "restricted"}, d.audited())
	for _, grants := range [][]app.Grant{nil, {all(domain.RoleRequester)}, {all(domain.RoleAgent)}} {
		_, err := d.Simulate(d.as("rita", grants...), body)
		refuses(t, domain.CodeForbidden, err)
	}
}

func TestASimulationComesInParts(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for i := range 5 {
		d.resolvedAfter(time.Duration(i) * time.Hour)
	}
	ctx := d.as("lea", all(domain.RoleTeamLead))
	whole, err := d.Simulate(ctx, app.SimulationBody{Proposed: oneHour})
	require.NoError(t, err)
	var joined simulation.Report
	body, parts := app.SimulationBody{Proposed: oneHour, Limit: 2}, 0
	for {
		part, err := d.Simulate(ctx, body)
		require.NoError(t, err)
		require.LessOrEqual(t, part.Records, 2)
		require.Equal(t, whole.Until, part.Until, "every part runs clocks up to the same moment")
		joined.Join(part.Report)
		parts++
		if body.Cursor = part.NextCursor; body.Cursor == "" {
			break
		}
	}
	require.Equal(t, 3, parts)
	require.Equal(t, whole.Report, joined)
	before := d.clock.Now().Add(-25 * time.Hour)
	none, err := d.Simulate(ctx, app.SimulationBody{Proposed: oneHour, OpenedTo: &before})
	require.NoError(t, err)
	require.Zero(t, none.Records)
}

func TestASimulationNamesWhatIsWrongWithItsDocuments(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ctx := d.as("lea", all(domain.RoleTeamLead))
	_, err := d.Simulate(ctx, app.SimulationBody{Proposed: "kind: SLA\nname: x\nspec:\n  applies_to: 'true'\n  targets: {response: {\"9\": 1h}}\n"})
	require.Equal(t, []domain.FieldError{{Location: "body.proposed", Message: "line 5: spec.targets.response.9: is not a priority from 1 to 5"}}, refuses(t, domain.CodeInvalid, err).Fields)
	_, err = d.Simulate(ctx, app.SimulationBody{Proposed: "kind: Team\nname: x\nspec: {title: X, members: []}\n"})
	require.Contains(t, refuses(t, domain.CodeInvalid, err).Message, "no document that clocks ask")
	_, err = d.Simulate(ctx, app.SimulationBody{Proposed: oneHour, Cursor: "x"})
	refuses(t, domain.CodeMalformed, err)
}
