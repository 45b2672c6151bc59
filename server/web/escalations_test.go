package web

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// calling writes an escalation that calls bo to an incident, as the workers do.
func (d *desk) calling(source incident.Incident, change ...func(*escalation.Escalation)) escalation.Escalation {
	d.t.Helper()
	worker, now := d.base.Worker(d.t), d.Clock.Now()
	number, err := schemas.NextNumber(d.t.Context(), worker, escalation.Lifecycle)
	require.NoError(d.t, err)
	next := now.Add(10 * time.Minute)
	one := escalation.Escalation{
		Record: domain.Record{
			ID: domain.NewID(number), Practice: escalation.Practice, Number: number, State: escalation.Calling, Version: 1, Title: source.Title,
			Tags: []string{}, ConfigurationItems: []string{}, Team: source.Team, Service: source.Service, OpenedBy: source.Number, Priority: 1,
			Policies: map[string]int{}, Open: true, Active: true, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: escalation.Details{
			Source: source.ID, SourceNumber: source.Number, SourcePractice: domain.Incident, Why: "resolution of gold reached 50%",
			Round: 1, Step: 1, NextAt: &next, Told: []string{"bo"}, Plan: escalation.Policy{
				Steps:    []escalation.Step{{To: []escalation.Target{"schedule:mail", "person:bo"}}, {To: []escalation.Target{"team:messaging"}}},
				Fallback: []escalation.Target{"role:team_lead"},
			},
		},
	}
	for _, with := range change {
		with(&one)
	}
	into := schemas.NewPassage(worker, one.ID, now)
	into.Events([]domain.Event{{Type: "escalation.opened", At: now, Actor: domain.Actor{Kind: domain.ActorMachine, Name: source.Number}}})
	if one.NextAt != nil {
		into.Deadlines([]domain.Deadline{{Name: "step", DueAt: *one.NextAt, Command: "escalation.step_due", Then: "calls the next in line"}}, false)
	}
	into.Escalation(one, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return one
}

func TestWhoIsCalledSeesItFirst(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	source := incidentOf(t, d.base, "rita")
	one := d.calling(source)

	require.Contains(t, d.get("bo", homePath, http.StatusOK), "You are called")
	require.NotContains(t, d.get("ana", homePath, http.StatusOK), "You are called")
	list := d.get("bo", escalationsPath, http.StatusOK)
	require.Contains(t, list, `href="/escalations/`+one.Number+`"`)
	require.Contains(t, list, `href="/incidents/`+source.Number+`"`)
	page := d.get("bo", recordURL(one.Number), http.StatusOK)
	for _, words := range []string{"whoever is on call in mail, bo", "everybody of messaging", "whoever is team lead", "I take care", "Opened", "resolution of gold"} {
		require.Contains(t, page, words)
	}
	require.Contains(t, d.get("bo", recordURL(one.Number)+"?do=snooze", http.StatusOK), "At most a week ahead")
	require.Contains(t, d.get("bo", "/waiting", http.StatusOK), `href="/escalations/`+one.Number+`"`)
	require.Contains(t, d.get("bo", "/waiting", http.StatusOK), "The next to be called")
	d.get("rita", escalationsPath, http.StatusForbidden)
	answer := ask(t, d.pages, http.MethodGet, searchURL(one.Number), nil, d.cookies["bo"])
	require.Equal(t, recordURL(one.Number), answer.Header().Get("Location"))
}

func TestWhatWasInVainWaitsInSight(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.calling(incidentOf(t, d.base, "rita"), func(e *escalation.Escalation) { e.State, e.NextAt = escalation.Exhausted, nil })
	require.Contains(t, d.get("bo", "/waiting", http.StatusOK), one.Number+" for ")
	require.Contains(t, d.get("bo", escalationsPath+"?state=exhausted", http.StatusOK), one.Number)
	require.NotContains(t, d.get("bo", "/waiting?team=network", http.StatusOK), one.Number)
}

func TestALinkInAMailIsShownAndNotUsedByLooking(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	source := incidentOf(t, d.base, "rita")
	one := d.calling(source)
	link := func(secret string, expires time.Duration) string {
		t.Helper()
		now := d.Clock.Now()
		require.NoError(t, schemas.MailAcknowledgement(t.Context(), d.base.Worker(t), app.HashSecret(secret), one.ID, "bo", now, now.Add(expires)))
		return app.AcknowledgePath + secret
	}
	d.cookies[""] = "Cookie: other=1" // nobody is signed in
	works := link("hf_works", time.Hour)
	for range 2 {
		page := d.get("", works, http.StatusOK)
		require.Contains(t, page, "I take care, as ")
		require.Contains(t, page, source.Number+", priority 1")
	}
	require.Contains(t, d.get("", app.AcknowledgePath+"hf_wrong", http.StatusNotFound), "This link does not work")
	old := link("hf_old", -time.Minute)
	require.Contains(t, d.get("", old, http.StatusGone), "It worked for a day")
	require.Contains(t, d.post("", old, url.Values{}, http.StatusGone), "It worked for a day")
	used, err := schemas.UseAcknowledgeLink(t.Context(), d.base.App(t), app.HashSecret("hf_works"), d.Clock.Now())
	require.NoError(t, err)
	require.True(t, used)
	require.Contains(t, d.post("", works, url.Values{}, http.StatusGone), "It was used before")
	require.Equal(t, http.StatusForbidden, ask(t, d.pages, http.MethodPost, works, url.Values{}, "Sec-Fetch-Site: cross-site").Code)
}
