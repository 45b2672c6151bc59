package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

func TestEachFilterCanBeTakenOff(t *testing.T) {
	t.Parallel()
	view := queueView{
		Filters: filters{State: "on_hold", Priority: "1,2", Team: "messaging", Assignee: "none", Requester: "rita", Words: "mail", Sort: "wake_at", Cursor: "c", View: "v"},
		Teams:   []choice{{"messaging", "Messaging"}},
	}
	titles := []string{}
	for _, one := range view.applied(t.Context()) {
		titles = append(titles, one.Title)
		address, err := url.Parse(one.Without)
		require.NoError(t, err)
		without := filtersOf(incidentQueue, address.Query())
		require.Empty(t, without.Cursor, "another list begins anew")
		require.Equal(t, "wake_at", without.Sort)
		require.Len(t, queueView{Filters: without}.applied(t.Context()), len(view.applied(t.Context()))-1, one.Title)
	}
	require.Equal(t, []string{"On hold", "P1 and P2", "Team: Messaging", "Assignee: nobody", "Requester: rita", "Words: mail"}, titles)
	require.Empty(t, queueView{Filters: filtersOf(incidentQueue, url.Values{})}.applied(t.Context()), "the usual list is not narrowed")

	d := setupDesk(t)
	page := d.get("bo", "/incidents?state=open&team=messaging", http.StatusOK)
	require.Contains(t, page, "Filters (1)")
	require.Contains(t, page, `popovertarget="queue-filters"`)
	require.Contains(t, page, `id="queue-filters"`)
}

func TestViewsAreCountedWithoutScripts(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	incidentOf(t, d.base, "rita")
	page := d.get("bo", "/incidents?state=open", http.StatusOK)
	require.Contains(t, page, `<noscript><a href="/incidents?state=open&counts=yes">Count them</a></noscript>`)
	require.NotContains(t, page, `class="tally"`)
	counted := d.get("bo", "/incidents?state=open&counts=yes", http.StatusOK)
	require.Regexp(t, `(?s)All open.*?class="tally"><span class="visually-hidden">, </span>1<`, counted)
	require.NotContains(t, counted, "Count them")
}

func TestACallerIsPickedWithoutScripts(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	page := d.get("bo", "/?requester=r&pick=rita&title=Mail", http.StatusOK)
	require.Regexp(t, `id="f-requester"[^>]*value="rita"`, page)
	require.Contains(t, page, `value="Mail"`, "what was written stays")
	require.Contains(t, page, "caller-name")
}

func TestARequesterIsToldInTheirWords(t *testing.T) {
	t.Parallel()
	for code := range map[domain.Code]bool{
		domain.CodeUnavailable: true, domain.CodeInternal: true, domain.CodeConflict: true, domain.CodeForbidden: true, domain.CodeTooMany: true,
	} {
		text := html(t, portalProblem(server.ProblemOf(domain.Errorf(code, "the permission incident.cancel is needed for record 7"))))
		require.NotContains(t, text, "permission", code)
		require.NotContains(t, text, "record", code)
	}
	text := html(t, portalProblem(server.ProblemOf(domain.Invalid("reason", "is needed to reopen"))))
	require.Contains(t, text, "What you wrote is needed to reopen.")
	require.Equal(t, "This must have 1 to 300 bytes.", ofField("must have 1 to 300 bytes"))
	require.Equal(t, `"x" is not a service.`, ofField(`"x" is not a service`))
	require.NotContains(t, html(t, answersFailed()), "log")
	for _, state := range []string{"pending", "applied", "refused"} {
		text := html(t, portalOutcome(app.CommandStatus{CommandID: "c", Command: "incident.log", State: state, Record: "INC-000001"}))
		require.NotContains(t, text, "/incidents/", state)
	}
	d := setupDesk(t)
	require.Contains(t, d.get("rita", "/incidents/INC-999999", http.StatusNotFound), `href="`+portalPath+`">Go to My reports`)
	require.Contains(t, ask(t, d.pages, http.MethodGet, app.InvitationPath+"hf_x", nil).Body.String(), "This link does not work")
}
