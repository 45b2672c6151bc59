package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// put writes an incident as it stands, as the worker does.
func (d *desk) put(number, title, requester string, state domain.State, restricted bool) incident.Incident {
	d.t.Helper()
	worker, now := d.base.Worker(d.t), store.Instant("2026-11-30T08:00:00Z")
	over := state == incident.Closed || state == incident.Canceled
	record := incident.Incident{
		Record: domain.Record{
			ID: domain.NewID(number), Practice: domain.Incident, Number: number, State: state, Version: 1, Title: title, Restricted: restricted,
			Tags: []string{}, ConfigurationItems: []string{}, Team: "messaging", Service: "mail", Requester: requester, OpenedBy: requester, Priority: 3,
			Policies: map[string]int{}, Open: !over && state != incident.Resolved, Active: !over,
			OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: incident.Details{Impact: "medium", Urgency: "medium"},
	}
	into := schemas.NewPassage(worker, record.ID, now)
	into.Events([]domain.Event{{Type: "incident.logged", At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: requester}, Public: true}})
	into.Incident(record, nil, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return record
}

// note adds a note as bo, an agent.
func (d *desk) note(record string, body app.NoteBody) error {
	d.t.Helper()
	agent := app.Principal{Handle: "bo", Kind: "person", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}}}
	_, err := d.AddNote(app.WithPrincipal(d.t.Context(), agent), record, "", body)
	return err
}

func TestThePortalShowsWhatIsOnesOwnAndNothingInternal(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	mine := d.put("INC-000011", "My mail is out", "rita", incident.New, false)
	d.put("INC-000012", "His mail is out", "bo", incident.New, false)
	require.NoError(t, d.note(mine.ID, app.NoteBody{Body: "She clicked on a giraffe again", Internal: true}))
	require.NoError(t, d.note(mine.ID, app.NoteBody{Body: "We have found the cause."}))

	list := d.get("rita", portalPath, http.StatusOK)
	require.Contains(t, list, "My mail is out")
	require.NotContains(t, list, "His mail is out")
	record := d.get("rita", portalURL("INC-000011"), http.StatusOK)
	require.Contains(t, record, "We have found the cause.")
	require.NotContains(t, record, "giraffe")
	require.Contains(t, record, "You reported this")
	d.get("rita", portalURL("INC-000012"), http.StatusNotFound)
	d.get("bo", portalURL("INC-000011"), http.StatusNotFound) // staff have the console for it
	d.post("rita", portalURL("INC-000012")+"/reply", url.Values{"body": {"let me in"}}, http.StatusNotFound)
	d.post("rita", portalURL("INC-000012")+"/do/cancel", url.Values{"body": {"let me in"}}, http.StatusNotFound)
	d.post("rita", portalURL("INC-000011")+"/do/assign", url.Values{"body": {"x"}}, http.StatusNotFound)

	require.Equal(t, portalURL("INC-000011"), d.done("rita", portalURL("INC-000011")+"/reply", url.Values{"body": {"Thank you all"}, keyField: {"k"}}))
	require.Contains(t, d.get("rita", portalURL("INC-000011"), http.StatusOK), "Thank you all")
}

func TestEverybodyStartsWhereTheyBelong(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	require.Equal(t, portalPath, ask(t, d.pages, http.MethodGet, "/", nil, d.cookies["rita"]).Header().Get("Location"))
	require.Contains(t, d.get("bo", "/", http.StatusOK), "Quick log")
	require.NotContains(t, d.get("rita", portalPath, http.StatusOK), `href="/incidents/new"`)
}

func TestAnswersAreWhatStaffSharedAndNothingElse(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	solved := d.put("INC-000021", "Printer prints giraffes", "bo", incident.Closed, false)
	secret := d.put("INC-000022", "Printer prints payrolls", "bo", incident.Closed, true)
	open := d.put("INC-000023", "Printer prints nothing", "bo", incident.InProgress, false)
	require.NoError(t, d.note(solved.ID, app.NoteBody{Body: "Dear Bo, it was the tray."}))
	require.NoError(t, d.note(solved.ID, app.NoteBody{Body: "At the printer choose tray two in the dialog.", Answer: true}))
	require.NoError(t, d.note(open.ID, app.NoteBody{Body: "Hold the button for ten seconds.", Answer: true}))
	require.Error(t, d.note(secret.ID, app.NoteBody{Body: "Lock the door.", Answer: true}), "others would read it")
	require.Error(t, d.note(solved.ID, app.NoteBody{Body: "Lock the door.", Answer: true, Internal: true}))
	rita := app.WithPrincipal(t.Context(), app.Principal{Handle: "bo", Kind: "person"})
	_, err := d.AddNote(rita, solved.ID, "", app.NoteBody{Body: "I know it better", Answer: true})
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err), "requesters suggest nothing")

	found := d.get("rita", answersPath+"?title=printer+prints+in+colour", http.StatusOK)
	require.Contains(t, found, "At the printer choose tray two in the dialog.")
	for _, hidden := range []string{"Dear Bo", "giraffes", "ten seconds", "Lock the door", "INC-"} {
		require.NotContains(t, found, hidden)
	}
	require.NotContains(t, d.get("rita", answersPath+"?title=calendar+is+empty", http.StatusOK), "tray")
	require.Contains(t, d.get("rita", reportPath+"?title=printer+prints+in+colour", http.StatusOK), "choose tray two", "without scripts too")
}

func TestStandingIsSaidForEveryState(t *testing.T) {
	t.Parallel()
	for _, state := range incident.Lifecycle.States {
		var one app.IncidentView
		one.State = state.Name
		title, more := howItStands(one)
		require.NotEmpty(t, title, state.Name)
		require.NotEmpty(t, more, state.Name)
	}
}
