package web

import (
	"bufio"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// TestALivePageShowsWhatItsViewerMaySeeNow: the rights of a page that is open end with the grants that gave them.
func TestALivePageShowsWhatItsViewerMaySeeNow(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	base.Settle(t)
	service := app.New(app.Dependencies{
		DB: base.App(t), Clock: store.NewClock("2026-11-30T09:00:00Z"), CheckPolicy: policyfile.Check, Transient: pg.Transient, Log: slog.New(slog.DiscardHandler),
	})
	installs := app.WithPrincipal(t.Context(), app.Principal{Handle: "holdfast", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
	grant := app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"}
	_, err := service.GiveGrant(installs, grant)
	require.NoError(t, err)
	token, err := service.CreateToken(installs, "", app.TokenBody{Person: "bo", Name: "session"})
	require.NoError(t, err)
	session, err := service.SignInWithToken(t.Context(), token.Secret, app.Caller{Address: "127.0.0.1"})
	require.NoError(t, err)
	record := incidentOf(t, base, "bo")
	engine := gin.New()
	require.NoError(t, Mount(engine, Dependencies{Service: service, SignIns: service, Log: slog.New(slog.DiscardHandler)}))
	pages := httptest.NewServer(engine)
	t.Cleanup(pages.Close)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, pages.URL+"/incidents/"+record.Number+"/live", nil)
	require.NoError(t, err)
	request.AddCookie(&http.Cookie{Name: "holdfast", Value: session.Secret})
	request.Header.Set("Last-Event-ID", "0")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	stream := bufio.NewReader(response.Body)
	until := func(text string) string {
		var seen strings.Builder
		for !strings.Contains(seen.String(), text) {
			line, err := stream.ReadString('\n')
			require.NoError(t, err)
			seen.WriteString(line)
		}
		return seen.String()
	}
	note := func(body string, internal bool) {
		_, err := service.AddNote(installs, record.ID, "", app.NoteBody{Body: body, Internal: internal})
		require.NoError(t, err)
	}
	note("Giraffe, for us", true)
	until("Giraffe, for us")
	_, err = service.TakeGrant(installs, grant)
	require.NoError(t, err)
	note("Zebra, for us", true)
	note("Okapi, for all", false)
	require.NotContains(t, until("Okapi, for all"), "Zebra")
	require.NoError(t, service.RevokeToken(installs, token.ID))
	note("Quagga, for all", false)
	rest, err := io.ReadAll(stream)
	require.NoError(t, err, "the stream ends in order")
	require.NotContains(t, string(rest), "Quagga")
}

// incidentOf writes an incident of somebody's, as the worker does.
func incidentOf(t *testing.T, base store.DB, requester string) incident.Incident {
	t.Helper()
	worker, now := base.Worker(t), store.Instant("2026-11-30T08:00:00Z")
	record := incident.Incident{
		Record: domain.Record{
			ID: domain.NewID("one"), Practice: domain.Incident, Number: "INC-000001", State: incident.New, Version: 1, Title: "Mail is out",
			Tags: []string{}, ConfigurationItems: []string{}, Requester: requester, OpenedBy: requester, Priority: 3,
			Policies: map[string]int{}, Open: true, Active: true, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: incident.Details{Impact: "medium", Urgency: "medium"},
	}
	into := schemas.NewPassage(worker, record.ID, now)
	into.Events([]domain.Event{{Type: "incident.logged", At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: requester}, Public: true}})
	into.Incident(record, true, true)
	require.NoError(t, into.Write(t.Context()))
	return record
}
