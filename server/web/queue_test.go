package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

// queueOf is the page of a queue for an agent.
func queueOf(f filters, found app.Page[app.IncidentView]) queueView {
	return queueView{
		page: pageOf("Incidents"), Of: incidentQueue, Filters: f, Columns: f.shownColumns(), Rows: listedAs(found.Items, listedIncident), Next: found.NextCursor,
		Staff: true, Keep: keepForm{Key: "k"},
	}
}

func TestFiltersSurviveAddressAndView(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Hour)
	f := filters{
		Of:    incidentQueue,
		State: "new,triaged", Priority: "1,2", Team: "a&b", Assignee: "me", Requester: "rita", Service: "mail", Category: "c", Tag: "vip",
		Words: "relay down", Sort: "wake_at", View: "v", Columns: []string{"number", "due"},
		Promise: promiseFilter{Clock: "breached", Metric: "resolution", Agreement: "gold", From: &noon, To: &later},
	}
	address, err := url.Parse(f.url("c2"))
	require.NoError(t, err)
	again := filtersOf(incidentQueue, address.Query())
	require.Equal(t, "c2", again.Cursor)
	again.Cursor = ""
	require.Equal(t, f, again)
	require.Equal(t, f, filtersOfView(incidentQueue, app.View{ID: "v", Filter: f.keep(), Columns: f.Columns}))
	every := filters{Of: incidentQueue, State: everyState}
	require.Equal(t, every, filtersOfView(incidentQueue, app.View{Filter: every.keep()}), "every state is kept as none")
	require.Equal(t, "open", filtersOf(incidentQueue, url.Values{}).State)
	require.True(t, f.same(filtersOfView(incidentQueue, app.View{ID: "other", Filter: f.keep()})))
	require.False(t, f.same(every))
}

func TestANumberLeadsToItsRecord(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"inc-7": "INC-000007", "INC000123": "INC-000123", "Inc-1234567": "INC-1234567"} {
		number, is := incidentQueue.numberOf(typed)
		require.True(t, is)
		require.Equal(t, want, number)
		_, is = changeQueue.numberOf(typed)
		require.False(t, is, "it is no change")
		answer := ask(t, mounted(t, whoHas(domain.RoleAgent)), http.MethodGet, "/incidents?q="+typed, nil, cookie)
		require.Equal(t, "/incidents/"+want, answer.Header().Get("Location"))
	}
}

func TestColumnsAreThoseThatWereChosen(t *testing.T) {
	t.Parallel()
	names := func(f filters) (list []string) {
		for _, one := range f.shownColumns() {
			list = append(list, one.Name)
		}
		return list
	}
	require.Equal(t, []string{"number", "priority", "title", "state", "service", "team", "assignee", "promise"}, names(filters{}))
	require.Equal(t, []string{"title", "tags"}, names(filters{Columns: []string{"tags", "nonsense"}}), "the title always shows")
	one := recordOf(incident.New)
	one.Tags, one.Impact = []string{"vip"}, "very_high"
	list := app.Page[app.IncidentView]{Items: []app.IncidentView{one}}
	var every []string
	for _, column := range incidentColumns {
		every = append(every, column.Name)
	}
	text := html(t, queuePage(queueOf(filters{State: "open", Columns: every}, list)))
	for _, want := range []string{`<span class="chip">vip</span>`, "Very high", `data-label="Changed"`, `data-label="Location"`} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, html(t, queuePage(queueOf(filters{State: "open"}, list))), "Very high")
}

func TestViewsAreOfferedWithTheirCounts(t *testing.T) {
	t.Parallel()
	view := queueOf(filtersOfView(incidentQueue, app.View{ID: "v1", Name: "Urgent"}), app.Page[app.IncidentView]{})
	view.Views = []app.View{{ID: "v1", Name: "Urgent", Changeable: true}, {ID: "v2", Name: "Desk", Audience: app.AudienceTeam, Team: "desk"}}
	view.Current = &view.Views[0]
	counts := make([]int, len(standing())+2)
	counts[0], counts[len(standing())] = 12, app.MaxCount+1
	text := html(t, viewTabs(view, counts))
	require.Regexp(t, `My work ?<span class="tally"><span class="visually-hidden">, </span>12</span>`, text)
	require.Regexp(t, `<a href="/incidents\?view=v1" aria-current="true">Urgent ?<span class="tally"><span class="visually-hidden">, </span>999\+</span>`, text)
	require.Contains(t, text, "(of team desk)")
	require.Equal(t, 1, strings.Count(text, "aria-current"))
	page := html(t, queuePage(view))
	require.Contains(t, page, "<h1>Urgent</h1>")
	require.Contains(t, page, `hx-trigger="load"`, "the page does not wait for its counts")
	require.Contains(t, page, "Take it away")
	view.Current.Changeable = false
	require.NotContains(t, html(t, queuePage(view)), "Take it away")
}

func TestARefusedViewKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	view := queueOf(filters{State: "open"}, app.Page[app.IncidentView]{})
	view.Keep = keepForm{Key: "k2", Name: "<Mine>", Audience: app.AudienceEverybody, Problem: server.ProblemOf(domain.Errorf(domain.CodeForbidden, "no"))}
	text := html(t, viewMenu(view))
	require.Contains(t, text, `<details class="menu" open>`)
	require.Contains(t, text, `value="&lt;Mine&gt;"`)
	require.Contains(t, text, `<option value="everybody" selected>`)
	require.Contains(t, text, `role="alert"`)
}

func TestOnlyStaffSelectRows(t *testing.T) {
	t.Parallel()
	list := app.Page[app.IncidentView]{Items: []app.IncidentView{recordOf(incident.New)}}
	view := queueOf(filters{State: "open"}, list)
	require.Contains(t, html(t, queuePage(view)), `name="id" value="INC-000007"`)
	view.Staff = false
	text := html(t, queuePage(view))
	require.NotContains(t, text, `name="id"`)
	require.NotContains(t, text, `class="bulk-bar"`)
}

func TestABulkCommandTellsWhatBecameOfEach(t *testing.T) {
	t.Parallel()
	view := bulkView{page: pageOf("Assign"), Of: incidentQueue, Command: incidentQueue.first[0], Back: "/incidents?team=a", Form: &form{Verb: "assign", Title: "Assign", Action: incidentQueue.bulkPath(), Key: "k", Fields: fieldsFor(t, "assign")}}
	outcomes := []*app.BulkOutcome{
		{Outcome: domain.Applied}, {Outcome: domain.Queued}, {Outcome: domain.Refused, Refusal: domain.Errorf(domain.CodeConflict, "it is <closed>")},
	}
	for i := range outcomes {
		row := bulkRow{Reference: "INC-00000" + string(rune('1'+i)), Record: listedIncident(recordOf(incident.New, "assign"))}
		view.Rows = append(view.Rows, row)
	}
	view.Rows[2].Record.Allowed = nil
	text := html(t, bulkPage(view))
	require.Contains(t, text, "Assign 3 incidents")
	require.Equal(t, 1, strings.Count(text, "Not possible in this state"))
	require.Equal(t, 3, strings.Count(text, `type="hidden" name="id"`))

	view.Given = true
	for i := range view.Rows {
		view.Rows[i].Outcome = outcomes[i]
	}
	text = html(t, bulkPage(view))
	require.Contains(t, text, "Assign: 1 incident done, 1 in line, 1 not.")
	require.Contains(t, text, "Not done: it is &lt;closed&gt;")
	require.Contains(t, text, "Try again for those that were not done")
	require.Equal(t, 1, strings.Count(text, `type="hidden" name="id"`), "only those are tried again")
	require.Contains(t, html(t, bulkPage(bulkView{page: pageOf("x"), Of: incidentQueue, Form: view.Form})), "Select incidents in the list first")
}

func TestBulkTakesOnlyCommandsForSeveral(t *testing.T) {
	t.Parallel()
	for _, command := range slices.Concat(incidentQueue.first, incidentQueue.more) {
		verb := command.Verb
		transition, known := incident.Lifecycle.Transition(verb)
		require.True(t, known, verb)
		require.False(t, transition.Machine(), verb)
	}
	handler := mounted(t, whoHas(domain.RoleAgent))
	require.Equal(t, http.StatusNotFound, ask(t, handler, http.MethodGet, incidentQueue.bulkPath()+"?do=merge-into", nil, cookie).Code)
	require.Equal(t, http.StatusNotFound, ask(t, handler, http.MethodPost, incidentQueue.bulkPath(), url.Values{"do": {"log"}}, cookie, fromHere).Code)
	many := url.Values{"do": {"assign"}, "id": make([]string, maxBulk+1)}
	for i := range many["id"] {
		many["id"][i] = "INC-" + strings.Repeat("1", i%9+1) + string(rune('a'+i/9))
	}
	require.Equal(t, http.StatusUnprocessableEntity, ask(t, handler, http.MethodPost, incidentQueue.bulkPath(), many, cookie, fromHere).Code)
}

func TestWhatFitsAList(t *testing.T) {
	t.Parallel()
	one := recordOf(incident.InProgress).Incident
	one.Open, one.Active, one.Team, one.Service, one.Assignee, one.Requester, one.Tags = true, true, "mail", "smtp", "ana", "rita", []string{"vip"}
	for ask, want := range map[string]bool{
		"state=all": true, "state=open": true, "state=in_progress": true, "state=new,in_progress": true, "state=open,new": false, "state=resolved": false,
		"priority=2,3": true, "priority=1": false, "team=mail": true, "team=net": false, "assignee=me": true, "assignee=none": false,
		"assignee=bo": false, "requester=rita": true, "requester=me": false, "service=smtp&tag=vip": true, "tag=x": false, "category=c": false,
	} {
		query, err := url.ParseQuery(ask)
		require.NoError(t, err)
		require.Equal(t, want, belongs(filtersOf(incidentQueue, query).keep(), one, "ana"), ask)
	}
	one.Assignee, one.Open = "", false
	require.True(t, belongs(app.ViewFilter{Assignee: "none"}, one, "ana"))
	require.False(t, belongs(app.ViewFilter{State: []string{"open"}}, one, "ana"))
}

func TestTheOrderOfAList(t *testing.T) {
	t.Parallel()
	older, newer := recordOf(incident.New).Incident, recordOf(incident.New).Incident
	older.OpenedAt, older.Priority, older.ID = noon.Add(-time.Hour), 1, "a"
	newer.OpenedAt, newer.Priority, newer.WakeAt, newer.ID = noon, 3, nil, "b"
	for sort, first := range map[string]incident.Incident{
		"": newer, "-opened_at": newer, "opened_at": older, "priority": older, "-priority": newer, "wake_at": older, "-wake_at": newer,
	} {
		second := older
		if first.ID == older.ID {
			second = newer
		}
		require.True(t, before(sort, first, second), sort)
		require.False(t, before(sort, second, first), sort)
		twin := first
		twin.ID = "z"
		require.True(t, before(sort, first, twin), sort)
	}
}

func TestARowIsReadOnceForAllWhoLook(t *testing.T) {
	t.Parallel()
	var kept heads
	var reads, version atomic.Int64
	agent := app.Principal{Handle: "bo", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}}}
	event := app.LiveEvent{StreamedEvent: app.StreamedEvent{Version: 3}}
	event.Number = "INC-000007"
	read := func(context.Context, string) (app.IncidentView, error) {
		reads.Add(1)
		view := recordOf(incident.New)
		view.Version = version.Load()
		return view, nil
	}
	version.Store(3)
	var viewers sync.WaitGroup
	for range 20 {
		viewers.Go(func() {
			one, err := kept.get(t.Context(), event, agent, read)
			require.NoError(t, err)
			require.Equal(t, "INC-000007", one.Number)
		})
	}
	viewers.Wait()
	require.Equal(t, int64(1), reads.Load())
	event.Version = 4
	version.Store(5) // it went on meanwhile
	_, err := kept.get(t.Context(), event, agent, read)
	require.NoError(t, err)
	require.Equal(t, int64(2), reads.Load())
	_, err = kept.get(t.Context(), event, agent, read)
	require.NoError(t, err)
	require.Equal(t, int64(3), reads.Load(), "what came after the event may not be this viewer's any more")

	event.Restricted = true
	for range 2 {
		_, err = kept.get(t.Context(), event, agent, read)
		require.NoError(t, err)
	}
	require.Equal(t, int64(5), reads.Load(), "each reader of a restricted record reads it")
	event.Restricted, event.Version = false, 5
	_, err = kept.get(t.Context(), event, agent, func(context.Context, string) (app.IncidentView, error) { return app.IncidentView{}, errors.New("away") })
	require.Error(t, err)
	_, err = kept.get(t.Context(), event, agent, read)
	require.NoError(t, err, "a failure is not kept")

	reads.Store(0)
	for _, reader := range []app.Principal{{Handle: "rita"}, agent, agent, {Handle: "rita"}} {
		event.Version = 6
		version.Store(6)
		_, err = kept.get(t.Context(), event, reader, read)
		require.NoError(t, err)
	}
	require.Equal(t, int64(3), reads.Load(), "who sees less of it than staff neither gives nor takes")
}

func TestRowsOfALiveQueueKeepTheirPlace(t *testing.T) {
	t.Parallel()
	one := recordOf(incident.Resolved).Incident
	row := rowView{listedRecord: listedRecord{Record: one.Record, Incident: &one}, Of: incidentQueue, Columns: filters{}.shownColumns(), Staff: true, Now: noon, News: "changed", Left: true}
	text, err := message(t.Context(), "", queueNews([]rowView{row}, 3, "/incidents?state=open", "1 row brought up to date"))
	require.NoError(t, err)
	require.Contains(t, text, `<hx-partial hx-target="#row-INC-000007" hx-swap="outerMorph">`)
	require.Contains(t, text, "no longer in this view")
	require.Contains(t, text, "3 new – show")
	require.Contains(t, text, `hx-select="#queue"`)
}
