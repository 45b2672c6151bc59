package incident_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// renew stores a second version of the first agreement.
func (d *desk) renew(text string, days *calendar.Calendar, calendarVersion int) {
	var spec sla.Agreement
	require.NoError(d.t, json.Unmarshal([]byte(text), &spec))
	terms := d.facts.Agreed.Book.Candidates[0]
	terms.Version, terms.Spec, terms.Calendar, terms.CalendarVersion = terms.Version+1, spec, days, calendarVersion
	d.facts.Agreed.Book = &sla.Book{Language: words{}, Candidates: []sla.Terms{terms}}
	d.facts.Agreed.Held = append(d.facts.Agreed.Held, terms)
}

// shifts says what measuring by the newest documents would do now.
func (d *desk) shifts() []sla.Shift {
	decision, err := incident.Decide(d.record, d.command(lead, "re_rate", nil), d.facts, d.now)
	require.NoError(d.t, err)
	return sla.Shifts(d.record.Clocks, decision.Record.Clocks, decision.Record.Life, d.facts.Agreed.Held, d.now)
}

const fasterSpec = `{"applies_to": "true", "targets": {"resolution": {"2": "2h", "3": "4h"}, "response": {"3": "1h"}, "update": {"3": "40h"}},
	"pause_on": {"reasons": ["awaiting_requester"]}}`

func TestReRatingMeasuresByTheNewestDocuments(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	require.Empty(t, d.shifts())
	d.at("2026-12-07 10:00").do(lead, "re_rate", nil)
	require.Equal(t, "incident.re_rated", d.last().Type)
	require.Equal(t, body{"clocks_changed": false}, d.last().Data)

	d.renew(fasterSpec, office(), 1)
	shifts := d.shifts()
	require.Len(t, shifts, 3, "of one promise the length changes, of all the version")
	require.Equal(t, []sla.Effect{sla.Same, sla.Earlier, sla.Same}, []sla.Effect{shifts[0].Effect, shifts[1].Effect, shifts[2].Effect})
	require.Equal(t, berlin("2026-12-07 17:00"), *shifts[1].BeforeEnd)
	require.Equal(t, berlin("2026-12-07 13:00"), *shifts[1].AfterEnd)

	d.do(lead, "re_rate", body{"reason": "gold is faster now"})
	require.Equal(t, 2, d.record.Agreements[0].Version)
	rated := d.clock(sla.Resolution)
	require.Equal(t, []any{2, 2, berlin("2026-12-07 13:00")}, []any{rated.Rating, rated.AgreementVersion, *rated.DueAt})
	require.Empty(t, d.shifts(), "a second time changes nothing")
}

func TestReRatingSaysWhatBreaksAtOnceAndWhatIsPaused(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	d.at("2026-12-07 14:00").do(ana, "hold", body{"reason": "awaiting_requester"})
	d.renew(fasterSpec, office(), 1)
	d.at("2026-12-07 15:00")
	var resolution sla.Shift
	for _, shift := range d.shifts() {
		if shift.Metric == sla.Resolution {
			resolution = shift
		}
	}
	require.Equal(t, sla.Breaks, resolution.Effect)
	require.Equal(t, berlin("2026-12-07 13:00"), *resolution.AfterEnd)
	require.Equal(t, berlin("2026-12-08 10:00"), *resolution.BeforeEnd, "projected, while it is paused")

	d.facts.Agreed.Book = &sla.Book{Language: words{}}
	for _, shift := range d.shifts() {
		want := sla.Leaves
		require.Equal(t, want, shift.Effect, shift.Metric)
	}
}

func TestAHolidayMakesItLater(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 15:00", goldSpec)
	d.do(ana, "log", p3)
	day := []string{"09:00-17:00"}
	days, problems := calendar.Compile(calendar.Spec{
		Timezone: "Europe/Berlin", Weekly: map[string][]string{"mon": day, "tue": day, "wed": day}, Holidays: []string{"2026-12-08"},
	}, office().Zone(), nil)
	require.Empty(t, problems)
	d.renew(goldSpec, days, 2)
	effects := map[sla.Metric]sla.Effect{}
	for _, shift := range d.shifts() {
		effects[shift.Metric] = shift.Effect
	}
	require.Equal(t, map[sla.Metric]sla.Effect{sla.Response: sla.Same, sla.Resolution: sla.Later, sla.Update: sla.Later}, effects)
}

func TestWhyAPromiseWasBroken(t *testing.T) {
	t.Parallel()
	solved := body{"code": "fixed", "notes": "Quota.", "breach_cause": "taken_up_late"}
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	require.Equal(t, "body.breach_cause", d.refuse(domain.CodeInvalid, ana, "resolve", solved).Fields[0].Location)
	d.at("2026-12-07 10:30").catchUp()
	require.True(t, d.record.Breached())
	d.refuse(domain.CodeInvalid, ana, "resolve", body{"code": "fixed", "notes": "Quota.", "breach_cause": "bad_luck"})
	d.do(ana, "resolve", solved)
	require.Equal(t, "taken_up_late", d.record.BreachCause)
	require.Equal(t, "taken_up_late", d.events[len(d.events)-1].Data["breach_cause"])
	require.Equal(t, time.Hour.Milliseconds(), d.clock(sla.Response).LengthMS)
}
