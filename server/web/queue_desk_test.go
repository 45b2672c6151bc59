package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// fillQueue writes incidents that differ in all that a queue asks for.
func (d *desk) fillQueue(many int) []incident.Incident {
	d.t.Helper()
	worker, at := d.base.Worker(d.t), store.Instant("2026-11-30T08:00:00Z")
	var all []incident.Incident
	for i := range many {
		state := incident.Lifecycle.States[i%len(incident.Lifecycle.States)]
		record := incident.Incident{
			Record: domain.Record{
				Practice: domain.Incident, Number: fmt.Sprintf("INC-%06d", 100+i), State: state.Name, Version: 1, Title: "One of many",
				Tags: []string{}, ConfigurationItems: []string{}, Team: []string{"messaging", "network"}[i%2], Service: []string{"", "mail", "wifi"}[i%3],
				Assignee: []string{"", "bo", "cy"}[i/2%3], Requester: []string{"rita", "ana"}[i/3%2], OpenedBy: "ana", Priority: 1 + i*7%5,
				Category: []string{"", "relay"}[i/5%2], Policies: map[string]int{}, Open: state.Open, Active: state.Active,
				OpenedAt: at.Add(time.Duration(-i/2) * time.Hour), UpdatedAt: at.Add(time.Duration(i*13%many) * time.Minute), StateSince: at, LastEventAt: at,
			},
			Details: incident.Details{Impact: "medium", Urgency: "medium"},
		}
		record.ID = domain.NewID(record.Number)
		if i%4 == 0 {
			record.Tags = []string{"vip"}
		}
		if state.Open && i%3 > 0 {
			due := at.Add(time.Duration(i*31%many) * time.Hour)
			record.WakeAt, record.NextDue = &due, "triage"
		}
		into := schemas.NewPassage(worker, record.ID, at)
		into.Events([]domain.Event{{Type: "incident.logged", At: at, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "ana"}, Public: true}})
		into.Incident(record, nil, true, true)
		require.NoError(d.t, into.Write(d.t.Context()))
		all = append(all, record)
	}
	return all
}

// What a live queue takes for its own is what its list has, in the list's order: they are two programs that must agree.
func TestALiveQueueAgreesWithItsList(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	all := d.fillQueue(70)
	bo := app.WithPrincipal(t.Context(), app.Principal{Handle: "bo", Kind: "person", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}}})
	for _, asks := range []string{
		"state=all", "state=open", "state=active", "state=new,on_hold", "state=open,new", "state=resolved", "state=all&priority=1,2", "state=all&team=network",
		"state=open&assignee=me", "state=open&assignee=none", "state=all&requester=rita&service=mail", "state=active&category=relay", "state=all&tag=vip",
	} {
		for _, sort := range []string{"", "-opened_at", "opened_at", "-updated_at", "updated_at", "priority", "-priority", "wake_at", "-wake_at"} {
			query, err := url.ParseQuery(asks + "&sort=" + sort)
			require.NoError(t, err)
			f := filtersOf(incidentQueue, query)
			ask := f.query()
			ask.Limit = 200
			found, err := d.Incidents(bo, ask)
			require.NoError(t, err)
			var want, have []string
			for _, one := range found.Items {
				want = append(want, one.Number)
			}
			ours := slices.DeleteFunc(slices.Clone(all), func(one incident.Incident) bool { return !belongs(f.keep(), one, "bo") })
			slices.SortFunc(ours, func(a, b incident.Incident) int {
				if before(sort, a, b) {
					return -1
				}
				return 1
			})
			for _, one := range ours {
				have = append(have, one.Number)
			}
			require.Equal(t, want, have, "%s sorted by %q", asks, sort)
		}
	}
}

func TestAViewIsKeptFromThePageAndSeenByThoseItIsFor(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.fillQueue(14)
	asks := filters{State: "open", Priority: "1,2", Sort: "wake_at", Columns: []string{"number", "due"}}
	form := func(name, audience string) url.Values {
		return url.Values{"filters": {asks.values().Encode()}, "name": {name}, "audience": {audience}, "team": {"messaging"}, keyField: {newKey()}}
	}
	private := d.done("bo", incidentQueue.viewsPath(), form("Mine", app.AudiencePrivate))
	shared := d.done("bo", incidentQueue.viewsPath(), form("Ours", app.AudienceTeam))
	page := d.get("bo", private, http.StatusOK)
	require.Contains(t, page, "<h1>Mine</h1>")
	require.Contains(t, page, `<option value="1,2" selected>`)
	require.NotContains(t, page, `<th scope="col">Service</th>`, "only the columns chosen")

	d.get("ana", private, http.StatusNotFound)
	require.Contains(t, d.get("ana", shared, http.StatusOK), "<h1>Ours</h1>")
	d.get("rita", shared, http.StatusNotFound)
	refused := d.post("bo", incidentQueue.viewsPath(), form("For all", app.AudienceEverybody), http.StatusForbidden)
	require.Contains(t, refused, `value="For all"`, "what was typed stays")
	require.Contains(t, refused, "view.publish")

	require.Equal(t, shared, d.done("ana", incidentQueue.viewsPath()+"/"+shared[len(queuePath+"?view="):], url.Values{"do": {"choose"}, "filters": {asks.values().Encode()}}))
	require.Contains(t, d.get("ana", queuePath, http.StatusOK), "<h1>Ours</h1>", "her list begins with it")
	d.post("ana", incidentQueue.viewsPath()+"/"+shared[len(queuePath+"?view="):], url.Values{"do": {"drop"}, "filters": {""}}, http.StatusForbidden)
	require.Contains(t, d.get("bo", incidentQueue.viewsPath()+"?state=open", http.StatusOK), `<span class="tally">`)
	for range 2 { // without scripts, a form is easily sent twice
		d.done("bo", incidentQueue.viewsPath()+"/"+shared[len(queuePath+"?view="):], url.Values{"do": {"drop"}, "filters": {""}})
	}
	require.Contains(t, d.get("ana", queuePath, http.StatusOK), "<h1>All open</h1>")
}

func TestABulkFormShowsWhatOneMayRead(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.put("INC-000031", "His own secret", "bo", incident.New, true)
	d.put("INC-000032", "Her mail is out", "rita", incident.New, false)
	address := incidentQueue.bulkPath() + "?do=assign&id=INC-000031&id=INC-000032&id=INC-999999&back=//evil.example"
	page := d.get("rita", address, http.StatusOK)
	require.NotContains(t, page, "secret")
	require.Contains(t, page, "Her mail is out")
	require.Contains(t, page, "Not found, or not for you to see")
	require.NotContains(t, page, `href="//evil.example`)
	require.Contains(t, d.get("bo", address, http.StatusOK), "His own secret")
}
