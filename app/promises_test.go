package app_test

import (
	"encoding/json"
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
)

const goldDocument = `{"applies_to": "true", "calendar": "always", "rank": 5, "targets": {"response": {"3": "1h"}, "resolution": {"3": "8h"}},
	"pause_on": {"reasons": ["awaiting_requester"]}, "thresholds": [{"metric": "resolution", "at": "50%", "do": [{"notify": ["team_lead"]}]}]}`

// agree applies agreements and a calendar that is always open.
func (d *desk) agree(documents ...policy.Document) {
	d.t.Helper()
	always, err := json.Marshal(alwaysOpen)
	require.NoError(d.t, err)
	for _, document := range append([]policy.Document{{Kind: policy.KindCalendar, Name: "always", Spec: always}}, documents...) {
		_, err := d.ApplyPolicy(d.as("root", all(domain.RoleAdmin)), document)
		require.NoError(d.t, err)
	}
}

// promised writes an incident whose clocks were started at nine and whose requester was asked from ten to eleven.
func (d *desk) promised(name, spec string) incident.Incident {
	d.t.Helper()
	var agreement sla.Agreement
	require.NoError(d.t, json.Unmarshal([]byte(spec), &agreement))
	days, err := policyfile.CompileCalendar(alwaysOpen)
	require.NoError(d.t, err)
	terms := sla.Terms{Agreement: name, Version: 1, Spec: agreement, Calendar: days, CalendarName: "always", CalendarVersion: 1}
	opened := d.clock.Now()
	choice := sla.Choice{Terms: terms, Why: name + " applies (rank 5)"}
	keeper, err := sla.Replay(sla.Subject{Choices: []sla.Choice{choice}, Priority: 3}, []sla.Moment{
		{At: opened, Event: sla.EventOpened, By: "ana", Team: "messaging"},
		{At: opened.Add(time.Hour), Event: sla.EventHold, By: "bo", Reason: "awaiting_requester"},
		{At: opened.Add(2 * time.Hour), Event: sla.EventResume, By: "rita"},
	}, opened.Add(2*time.Hour))
	require.NoError(d.t, err)
	return d.incident(func(i *incident.Incident) {
		i.Agreements, i.Life, i.Clocks, i.ClocksVersion = []sla.Stamp{choice.Stamp()}, keeper.Life, keeper.Clocks, 1
	})
}

func TestClocksAreExplainedToStaffAndToldToTheRequester(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree(policy.Document{Kind: policy.KindSLA, Name: "gold", Spec: json.RawMessage(goldDocument)},
		policy.Document{Kind: policy.KindSLA, Name: "ola", Spec: json.RawMessage(olaDocument)})
	record := d.promised("gold", goldDocument)
	opened := d.clock.Now()
	d.clock.Advance(4 * time.Hour)
	agent := d.as("ana", ofTeam(domain.RoleAgent, "messaging"))

	clocks, err := d.Clocks(agent, record.Number)
	require.NoError(t, err)
	require.Len(t, clocks, 2)
	for _, clock := range clocks {
		var elapsed, paused int64
		for _, span := range clock.Spans {
			if span.Counted {
				elapsed += span.OpenMS
			} else {
				paused += span.OpenMS
			}
		}
		require.Equal(t, []int64{clock.ElapsedMS, clock.PausedMS}, []int64{elapsed, paused}, "the sums are the figures")
		require.Equal(t, clock.LengthMS, clock.ElapsedMS+clock.RemainingMS)
	}

	told, err := d.ExplainClock(agent, record.Number, app.ClockQuery{Metric: sla.Resolution})
	require.NoError(t, err)
	require.Equal(t, (3 * time.Hour).Milliseconds(), told.ElapsedMS, "as of now, not as it was written")
	require.Equal(t, "gold applies (rank 5)", told.Why)
	require.Equal(t, opened.Add(5*time.Hour), told.Thresholds[0].DueAt.UTC())
	require.Equal(t, "awaiting_requester", told.Spans[1].Why)

	earlier := opened.Add(90 * time.Minute)
	told, err = d.ExplainClock(agent, record.Number, app.ClockQuery{Metric: sla.Resolution, At: &earlier})
	require.NoError(t, err)
	require.Equal(t, []int64{time.Hour.Milliseconds(), (30 * time.Minute).Milliseconds()}, []int64{told.ElapsedMS, told.PausedMS})
	for _, at := range []time.Time{opened.Add(-time.Second), opened.Add(5 * time.Hour)} {
		_, err = d.ExplainClock(agent, record.Number, app.ClockQuery{Metric: sla.Resolution, At: &at})
		refuses(t, domain.CodeInvalid, err)
	}
	for _, none := range []app.ClockQuery{{Metric: sla.OLA}, {Metric: sla.Resolution, Cycle: 2}, {Metric: sla.Resolution, Agreement: "silver"}} {
		_, err = d.ExplainClock(agent, record.Number, none)
		refuses(t, domain.CodeNotFound, err)
	}

	mine, err := d.ExplainClock(d.as("rita"), record.Number, app.ClockQuery{Metric: sla.Resolution})
	require.NoError(t, err)
	require.Empty(t, mine.Why+mine.Next)
	require.Empty(t, mine.Thresholds)
	_, err = d.Clocks(d.as("otto"), record.Number)
	refuses(t, domain.CodeNotFound, err)
}

func TestTheRequesterSeesNoPromiseOfATeam(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree(policy.Document{Kind: policy.KindSLA, Name: "ola", Spec: json.RawMessage(olaDocument)})
	record := d.promised("ola", olaDocument)
	clocks, err := d.Clocks(d.as("ana", all(domain.RoleAgent)), record.Number)
	require.NoError(t, err)
	require.Len(t, clocks, 1)
	clocks, err = d.Clocks(d.as("rita"), record.Number)
	require.NoError(t, err)
	require.Empty(t, clocks)
	_, err = d.ExplainClock(d.as("rita"), record.Number, app.ClockQuery{Metric: sla.OLA})
	refuses(t, domain.CodeNotFound, err)
	for _, ask := range []app.PromiseQuery{{Clock: "running"}, {Metric: "ola"}, {Agreement: "ola"}} {
		found, err := d.Incidents(d.as("rita"), app.IncidentQuery{PromiseQuery: ask})
		require.NoError(t, err)
		require.Empty(t, found.Items, "nor by asking for it: %v", ask)
		found, err = d.Incidents(d.as("ana", all(domain.RoleAgent)), app.IncidentQuery{PromiseQuery: ask})
		require.NoError(t, err)
		require.Len(t, found.Items, 1)
	}
}

func TestAReRatingIsForeseenByTheRulesThatDecideIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree(policy.Document{Kind: policy.KindSLA, Name: "gold", Spec: json.RawMessage(goldDocument)})
	record := d.promised("gold", goldDocument)
	d.incident(func(i *incident.Incident) { i.Team = "network" })
	d.clock.Advance(4 * time.Hour)
	lead := d.as("lea", ofTeam(domain.RoleTeamLead, "messaging"))

	done, err := d.ReRate(lead, app.ReRating{Preview: true})
	require.NoError(t, err)
	require.Equal(t, app.ReRatedSums{Records: 1}, done.Sums, "nothing is new, and others' records are not theirs")
	d.agree(policy.Document{Kind: policy.KindSLA, Name: "gold", Spec: json.RawMessage(
		`{"applies_to": "true", "calendar": "always", "targets": {"response": {"3": "12h"}, "resolution": {"3": "2h"}}}`)})
	for asked, want := range map[string]int{"SLA/gold": 1, "Calendar/always": 0, "SLA/silver": 0} {
		outdated, err := d.ReRate(lead, app.ReRating{Preview: true, Query: app.IncidentQuery{PromiseQuery: app.PromiseQuery{Outdated: asked}}})
		require.NoError(t, err)
		require.Equal(t, want, outdated.Sums.Records, asked)
	}
	done, err = d.ReRate(lead, app.ReRating{Preview: true, Reason: "gold is faster"})
	require.NoError(t, err)
	require.Equal(t, app.ReRatedSums{Records: 1, Touched: 1, Breached: 1, Mended: 1}, done.Sums)
	require.Equal(t, record.Number, done.Items[0].Number)
	require.Empty(t, done.Items[0].CommandID)

	var before, queued int
	require.NoError(t, d.base.Superuser(t).NewRaw("SELECT count(*) FROM messages").Scan(t.Context(), &before))
	require.Zero(t, before, "a preview writes nothing")
	done, err = d.ReRate(lead, app.ReRating{Reason: "gold is faster", Key: "k"})
	require.NoError(t, err)
	require.NotEmpty(t, done.Items[0].CommandID)
	again, err := d.ReRate(lead, app.ReRating{Reason: "gold is faster", Key: "k"})
	require.NoError(t, err)
	require.Equal(t, done.Items[0].CommandID, again.Items[0].CommandID)
	require.NoError(t, d.base.Superuser(t).NewRaw("SELECT count(*) FROM messages").Scan(t.Context(), &queued))
	require.Equal(t, 1, queued)

	_, err = d.ReRate(d.as("ana", all(domain.RoleAgent)), app.ReRating{Preview: true})
	refuses(t, domain.CodeForbidden, err)
}

func TestPromisesOfADayAndTheirRecords(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.agree(policy.Document{Kind: policy.KindSLA, Name: "gold", Spec: json.RawMessage(goldDocument)})
	record := d.promised("gold", goldDocument) // its response was due an hour after nine, its resolution is at 18:00
	staff := d.as("ana", all(domain.RoleAgent))
	view, err := d.PromisesKept(staff, app.PromisesQuery{Zone: "UTC"})
	require.NoError(t, err)
	require.Equal(t, "2026-11-30", view.Day)
	counts := map[sla.Metric]app.PromiseCount{}
	for _, one := range view.Counts {
		counts[one.Metric] = one
	}
	require.Equal(t, app.PromiseCount{Metric: sla.Response, Agreement: "gold", Priority: 3, Team: "messaging", PromiseFigures: app.PromiseFigures{Breached: 1, BreachedRecords: 1}}, counts[sla.Response])
	require.Equal(t, 1, counts[sla.Resolution].Running)
	figures := app.PromiseFigures{Breached: 1, BreachedRecords: 1, Running: 1, RunningRecords: 1}
	require.Equal(t, figures, view.Total)
	require.Equal(t, []app.TeamPromises{{Team: "messaging", PromiseFigures: figures}}, view.Teams)
	view, err = d.PromisesKept(staff, app.PromisesQuery{Zone: "UTC", Day: "2026-12-01"})
	require.NoError(t, err)
	require.Empty(t, view.Counts)
	require.Empty(t, view.Teams)
	require.Zero(t, view.Total)
	for _, wrong := range []app.PromisesQuery{{Day: "yesterday", Zone: "UTC"}, {Zone: "Berlin"}} {
		_, err = d.PromisesKept(staff, wrong)
		refuses(t, domain.CodeInvalid, err)
	}
	_, err = d.PromisesKept(d.as("rita"), app.PromisesQuery{})
	refuses(t, domain.CodeForbidden, err)

	for _, one := range []struct {
		ask  app.PromiseQuery
		want int
	}{
		{app.PromiseQuery{Clock: "breached"}, 1},
		{app.PromiseQuery{Clock: "breached", Metric: "resolution"}, 0},
		{app.PromiseQuery{Clock: "breached", ClockFrom: &view.From}, 0},
		{app.PromiseQuery{Clock: "met"}, 0},
		{app.PromiseQuery{Clock: "running", Agreement: "gold"}, 1},
		{app.PromiseQuery{Agreement: "silver"}, 0},
		{app.PromiseQuery{DueWithin: "8h"}, 0},
		{app.PromiseQuery{DueWithin: "9h1s"}, 1},
	} {
		found, err := d.Incidents(staff, app.IncidentQuery{PromiseQuery: one.ask})
		require.NoError(t, err)
		require.Len(t, found.Items, one.want, one.ask)
		if one.want > 0 {
			require.Len(t, found.Items[0].Clocks, 2, record.Number)
		}
	}
	for _, wrong := range []app.PromiseQuery{{Clock: "late"}, {Metric: "joy"}, {DueWithin: "soon"}, {DueWithin: "2h", Clock: "met"}, {ClockFrom: &view.From}, {Metric: "ola", ClockTo: &view.To}, {Outdated: "gold"}, {Outdated: "Team/network"}} {
		_, err := d.Incidents(staff, app.IncidentQuery{PromiseQuery: wrong})
		refuses(t, domain.CodeInvalid, err)
	}
}

const olaDocument = `{"applies_to": "true", "calendar": "always", "team": "messaging", "targets": {"ola": {"3": "4h"}}}`

var alwaysOpen = func() calendar.Spec {
	weekly := map[string][]string{}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		weekly[day] = []string{"00:00-24:00"}
	}
	return calendar.Spec{Timezone: "UTC", Weekly: weekly}
}()
