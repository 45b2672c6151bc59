package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// agreed are the agreements of these tests: one with the requester, one of a team.
var agreed = map[string]string{
	"gold": `{"applies_to": "true", "calendar": "always", "rank": 5, "targets": {"response": {"3": "1h"}, "update": {"3": "4h"}, "resolution": {"3": "8h"}},
		"pause_on": {"reasons": ["awaiting_requester"]}, "thresholds": [{"metric": "resolution", "at": "50%", "do": [{"notify": ["team_lead"]}]}]}`,
	"ola": `{"applies_to": "true", "calendar": "always", "team": "messaging", "targets": {"ola": {"3": "6h"}}}`,
}

// deskNow is the time of a desk's service.
var deskNow = store.Instant("2026-11-30T09:00:00Z")

// agreedChoices stores the agreements, and gives them as they hold for a record.
func agreedChoices(t *testing.T, d *desk) []sla.Choice {
	t.Helper()
	days, err := policyfile.CompileCalendar(alwaysOpen)
	require.NoError(t, err)
	spec, err := json.Marshal(alwaysOpen)
	require.NoError(t, err)
	installs := app.WithPrincipal(t.Context(), d.admin)
	_, err = d.ApplyPolicy(installs, policy.Document{Kind: policy.KindCalendar, Name: "always", Spec: spec})
	require.NoError(t, err)
	var choices []sla.Choice
	for name, text := range agreed {
		_, err = d.ApplyPolicy(installs, policy.Document{Kind: policy.KindSLA, Name: name, Spec: json.RawMessage(text)})
		require.NoError(t, err)
		var agreement sla.Agreement
		require.NoError(t, json.Unmarshal([]byte(text), &agreement))
		choices = append(choices, sla.Choice{
			Terms: sla.Terms{Agreement: name, Version: 1, Spec: agreement, Calendar: days, CalendarName: "always", CalendarVersion: 1}, Why: name + " applies",
		})
	}
	return choices
}

// lives are what can happen to a record, in minutes after it was opened.
var lives = [][]struct {
	after int
	event sla.Event
}{
	{},
	{{10, sla.EventStart}},
	{{20, sla.EventReply}, {60, sla.EventHold}},
	{{10, sla.EventStart}, {540, sla.EventResolve}, {600, sla.EventReopen}},
	{{30, sla.EventReply}, {90, sla.EventReply}, {200, sla.EventReply}},
	{{90, sla.EventResolve}},
	{{15, sla.EventStart}, {120, sla.EventResolve}, {150, sla.EventReopen}, {180, sla.EventResolve}},
	{{300, sla.EventCancel}},
}

// fillPromises writes incidents to which all was promised, opened at all hours of two days, with every kind of life.
func (d *desk) fillPromises(many int) {
	d.t.Helper()
	choices, worker := agreedChoices(d.t, d), d.base.Worker(d.t)
	for i := range many {
		opened := deskNow.Add(-time.Duration(1+i*7%31) * time.Hour)
		moments := []sla.Moment{{At: opened, Event: sla.EventOpened, By: "ana", Team: []string{"messaging", "network"}[i%2]}}
		for _, one := range lives[i%len(lives)] {
			moments = append(moments, sla.Moment{At: opened.Add(time.Duration(one.after) * time.Minute), Event: one.event, By: "bo", Reason: "awaiting_requester"})
		}
		keeper, err := sla.Replay(sla.Subject{Choices: choices, Priority: 3}, moments, deskNow)
		require.NoError(d.t, err)
		record := incident.Incident{
			Record: domain.Record{
				Practice: domain.Incident, Number: fmt.Sprintf("INC-%06d", 500+i), State: incident.New, Version: 1, Title: "Promised",
				Tags: []string{}, ConfigurationItems: []string{}, Team: moments[0].Team, Requester: "rita", OpenedBy: "ana", Priority: 3,
				Policies: map[string]int{}, Open: true, Active: true, OpenedAt: opened, UpdatedAt: opened, StateSince: opened, LastEventAt: opened,
			},
			Details: incident.Details{Impact: "medium", Urgency: "medium", Life: keeper.Life},
			Clocks:  keeper.Clocks,
		}
		record.ID = domain.NewID(record.Number)
		for _, choice := range choices {
			record.Agreements = append(record.Agreements, choice.Stamp())
		}
		into := schemas.NewPassage(worker, record.ID, opened)
		into.Events([]domain.Event{{Type: "incident.logged", At: opened, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "ana"}, Public: true}})
		into.Incident(record, nil, true, true)
		require.NoError(d.t, into.Write(d.t.Context()))
	}
}

// watchedBy is a live list as somebody's page has it.
func (d *desk) watchedBy(who app.Principal, asks string) *watchedQueue {
	d.t.Helper()
	query, err := url.ParseQuery(asks)
	require.NoError(d.t, err)
	pages := &console{Dependencies: Dependencies{Service: d.App, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return deskNow }}}
	f := filtersOf(incidentQueue, query)
	return &watchedQueue{
		console: pages, filters: f, columns: f.shownColumns(), who: who, shown: map[string]int64{}, fresh: map[string]bool{}, changed: map[string]app.LiveEvent{},
	}
}

// A row appears and leaves by the same rule as that of the list, whatever is asked of promises, over all cycles.
func TestALiveQueueAgreesWithItsListAboutPromises(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.fillPromises(96)
	for handle, grants := range map[string][]app.Grant{"bo": {{Role: domain.RoleAgent, ScopeKind: "all"}}, "rita": nil} {
		who := app.Principal{Handle: handle, Kind: "person", Grants: grants}
		ctx := app.WithPrincipal(t.Context(), who)
		all, err := d.Incidents(ctx, app.IncidentQuery{Limit: 200})
		require.NoError(t, err)
		require.Len(t, all.Items, 96)
		sizes := map[int]bool{}
		for _, asks := range []string{
			"clock=breached", "clock=met", "clock=running", "clock=breached&metric=resolution", "clock=met&metric=resolution", "clock=met&metric=update",
			"clock=running&metric=ola", "clock=breached&agreement=ola", "metric=response", "agreement=silver", "due_within=30m", "due_within=2h", "due_within=8h", "due_within=24h",
			"due_within=8h&metric=resolution", "promise=2h", "promise=breached&metric=update", "clock=running&clock_from=2026-11-30T10:00:00Z&clock_to=2026-11-30T12:00:00Z",
			"clock=breached&clock_from=2026-11-29T12:00:00Z&clock_to=2026-11-30T00:00:00Z", "clock=met&clock_from=2026-11-30T00:00:00Z", "clock=met&clock_to=2026-11-29T12:00:00Z&metric=update",
		} {
			list := d.watchedBy(who, "state=all&"+asks)
			query := list.filters.query()
			query.Limit = 200
			found, err := d.Incidents(ctx, query)
			require.NoError(t, err, asks)
			var want, have []string
			for _, one := range found.Items {
				want = append(want, one.Number)
			}
			for _, one := range all.Items {
				if list.belongs(ctx, one.Incident) {
					have = append(have, one.Number)
				}
			}
			require.ElementsMatch(t, want, have, "%s asks %s", handle, asks)
			sizes[len(want)] = true
		}
		require.Greater(t, len(sizes), 8, "the questions tell the records apart")
	}
}

func TestAQueueOfWhatFallsDueSoonChangesByTimeAlone(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.fillPromises(16)
	bo := app.Principal{Handle: "bo", Kind: "person", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}}}
	ctx := app.WithPrincipal(t.Context(), bo)
	require.Zero(t, d.watchedBy(bo, "clock=breached").ages(), "what is broken stays so, and an event tells that it is")
	list := d.watchedBy(bo, "due_within=24h")
	require.Positive(t, list.ages())
	one := watch{watched: list}
	one.ages(deskNow)
	at, waits := one.comes()
	require.True(t, waits)
	require.Equal(t, deskNow.Add(list.ages()), at)
	one.dirty(deskNow.Add(time.Second), "place")
	at, _ = one.comes()
	require.Equal(t, deskNow.Add(time.Second), at, "or as soon as something happens")

	list.read = time.Now()
	part, err := list.tell(ctx)
	require.NoError(t, err)
	require.Nil(t, part, "it was read just now")
	list.read = time.Now().Add(-list.ages())
	part, err = list.tell(ctx)
	require.NoError(t, err)
	require.Contains(t, html(t, part), "new – show")
}

func TestPromisesAreAskedForInEveryWay(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.fillPromises(24)
	page := d.get("bo", "/incidents?state=open&promise=breached&metric=resolution", http.StatusOK)
	require.Contains(t, page, `<option value="breached" selected>Broken</option>`)
	require.Contains(t, page, `<option value="resolution" selected>`)
	require.Contains(t, page, "Promise: Broken")
	require.Contains(t, page, "clock=breached", "addresses on the page say it in the one way")
	require.NotRegexp(t, `(href|hx-get|data-live|data-url)="[^"]*promise=breached`, page)
	page = d.get("bo", "/incidents?due_within=90m&agreement=gold", http.StatusOK)
	require.Contains(t, page, `<option value="90m" selected>Due within 1 h 30 min</option>`)
	require.Contains(t, page, `name="agreement" value="gold"`)
	page = d.get("bo", "/incidents?state=all&clock=breached&clock_from=2026-11-29T00:00:00Z&clock_to=2026-11-30T00:00:00Z", http.StatusOK)
	require.Contains(t, page, "On 29 November 2026", "a whole day is told as one")
	require.Contains(t, page, `type="hidden" name="clock_from" value="2026-11-29T00:00:00.000Z"`)
	d.get("bo", "/incidents?clock=breached&clock_from=yesterday", http.StatusUnprocessableEntity)
	d.get("bo", "/incidents?clock=late", http.StatusUnprocessableEntity)
	require.NotContains(t, d.get("bo", "/incidents?promise=&clock_from=2026-11-29T00:00:00Z", http.StatusOK), `name="clock_from"`, "a moment of no verdict is let go")

	asks := filters{State: everyState, Promise: promiseFilter{Clock: "met", Metric: "response", From: &deskNow}}
	kept := d.done("bo", incidentQueue.viewsPath(), url.Values{"filters": {asks.values().Encode()}, "name": {"Kept"}, "audience": {app.AudiencePrivate}, keyField: {newKey()}})
	page = d.get("bo", kept, http.StatusOK)
	require.Contains(t, page, "<h1>Kept</h1>")
	require.Contains(t, page, `<option value="met" selected>`)
	require.Contains(t, page, "From 30 Nov 2026, 09:00 UTC")
	require.NotContains(t, page, "View changed", "what was kept is what is shown")
}

func TestEachPromiseFilterCanBeTakenOff(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Hour)
	view := queueView{Filters: filters{State: "open", Promise: promiseFilter{Clock: "met", Metric: "ola", Agreement: "gold", From: &noon, To: &later}}}
	lengths := map[string]int{}
	titles := []string{}
	for _, one := range view.applied(t.Context()) {
		titles = append(titles, one.Title)
		address, err := url.Parse(one.Without)
		require.NoError(t, err)
		lengths[one.Title] = len(queueView{Filters: filtersOf(incidentQueue, address.Query())}.applied(t.Context()))
	}
	period := "From 2 Mar 2026, 12:00 UTC to 2 Mar 2026, 13:00 UTC"
	require.Equal(t, []string{"Promise: Kept", period, "Promised: The team's own promise", "Agreement: gold"}, titles)
	require.Equal(t, map[string]int{"Promise: Kept": 2, period: 3, titles[2]: 3, titles[3]: 3}, lengths, "a period goes with its verdict")
	require.True(t, slices.Contains(promiseNames, "clock"))
}
