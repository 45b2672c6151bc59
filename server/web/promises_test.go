package web

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	silver = `{"applies_to": "true", "calendar": "always", "rank": 5, "targets": {"response": {"3": "1h"}, "resolution": {"3": "8h"}},
		"pause_on": {"reasons": ["awaiting_requester"]}, "thresholds": [{"metric": "resolution", "at": "50%", "do": [{"notify": ["team_lead"]}]}]}`
	fasterSilver = `{"applies_to": "true", "calendar": "always", "rank": 5, "targets": {"response": {"3": "1h"}, "resolution": {"3": "30m"}}}`
)

var alwaysOpen = calendar.Spec{Timezone: "UTC", Weekly: map[string][]string{
	"mon": {"00:00-24:00"}, "tue": {"00:00-24:00"}, "wed": {"00:00-24:00"}, "thu": {"00:00-24:00"}, "fri": {"00:00-24:00"}, "sat": {"00:00-24:00"}, "sun": {"00:00-24:00"},
}}

// agrees stores an agreement of the name silver, in a calendar that is always open.
func (d *desk) agrees(spec string) policy.Document {
	d.t.Helper()
	days, err := json.Marshal(alwaysOpen)
	require.NoError(d.t, err)
	var stored policy.Document
	for _, document := range []policy.Document{{Kind: policy.KindCalendar, Name: "always", Spec: days}, {Kind: policy.KindSLA, Name: "silver", Spec: json.RawMessage(spec)}} {
		stored, err = d.ApplyPolicy(app.WithPrincipal(d.t.Context(), d.admin), document)
		require.NoError(d.t, err)
	}
	return stored
}

// promised writes an incident of rita's under silver, which was opened at eight and of which more is told.
func (d *desk) promised(number int, spec string, more ...sla.Moment) incident.Incident {
	d.t.Helper()
	record := incidentNumbered(d.t, d.base, number, "rita")
	var agreement sla.Agreement
	require.NoError(d.t, json.Unmarshal([]byte(spec), &agreement))
	days, err := policyfile.CompileCalendar(alwaysOpen)
	require.NoError(d.t, err)
	choice := sla.Choice{Why: "silver applies", Terms: sla.Terms{
		Agreement: "silver", Version: 1, Spec: agreement, Calendar: days, CalendarName: "always", CalendarVersion: 1,
	}}
	moments := append([]sla.Moment{{At: record.OpenedAt, Event: sla.EventOpened, By: "rita"}}, more...)
	keeper, err := sla.Replay(sla.Subject{Choices: []sla.Choice{choice}, Priority: record.Priority}, moments, d.Clock.Now())
	require.NoError(d.t, err)
	record.Agreements, record.Life, record.Clocks, record.Version = []sla.Stamp{choice.Stamp()}, keeper.Life, keeper.Clocks, 2
	into := schemas.NewPassage(d.base.Worker(d.t), record.ID, d.Clock.Now())
	into.Events([]domain.Event{{Type: "incident.edited", At: record.OpenedAt, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "bo"}}})
	into.Incident(record, nil, false, false)
	require.NoError(d.t, into.Write(d.t.Context()))
	return record
}

func TestTheRequesterSeesWhatTheyWerePromised(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.agrees(silver)
	held := sla.Moment{At: d.Clock.Now().Add(-30 * time.Minute), Event: sla.EventHold, By: "bo", Reason: "awaiting_requester"}
	running, paused := d.promised(1, silver), d.promised(2, silver, held)

	page := d.get("rita", portalURL(running.Number), http.StatusOK)
	require.Contains(t, page, "Promised by")
	require.Contains(t, page, `<time datetime="2026-11-30T16:00:00.000Z"`)
	require.Contains(t, page, "We had promised it by", "the first answer is late")
	require.NotContains(t, page, "silver", "by which agreement is the desk's own business")
	require.NotContains(t, page, "50%")
	require.Contains(t, d.get("rita", portalURL(paused.Number), http.StatusOK), "it would be promised by")

	desk := d.get("bo", recordURL(paused.Number), http.StatusOK)
	require.Contains(t, desk, `class="paused"`)
	require.Contains(t, desk, "if it went on now")
	require.Contains(t, desk, "50%")
	explained := d.get("bo", clockURL(paused.Number), http.StatusOK)
	require.Contains(t, explained, "comes when time counts again")
	require.Contains(t, explained, "Awaiting requester")
}
