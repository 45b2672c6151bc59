package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

func TestWhoOnlyAsksBeginsAtThePortal(t *testing.T) {
	t.Parallel()
	answer := ask(t, mounted(t, whoHas("")), http.MethodGet, homePath, nil, cookie)
	require.Equal(t, http.StatusSeeOther, answer.Code)
	require.Equal(t, portalPath, answer.Header().Get("Location"))
}

// homeOf is the page of an agent with some work.
func homeOf(t *testing.T, mine ...app.IncidentView) homeView {
	t.Helper()
	fields := fieldsFor(t, "log")
	var quick []field
	for _, name := range quickFields {
		quick = append(quick, *byName(t, fields, name))
	}
	return homeView{
		page: pageOf("Home"), Quick: form{Verb: "log", Title: "Quick log", Action: "/incidents/new", Key: "k", Fields: quick},
		Work: app.WorkView{Mine: mine, Teams: mine, Unassigned: 1200, Requested: mine},
		Due:  []app.WaitingRow{{Number: "INC-000007", Title: "Mail", Name: "triage", Then: "tells the team lead", DueAt: noon.Add(time.Hour)}},
	}
}

func TestHomeShowsWhatIsToBeDone(t *testing.T) {
	t.Parallel()
	mine := recordOf(incident.New)
	mine.Team = "messaging"
	text := html(t, homePage(homeOf(t, mine)))
	for _, want := range []string{
		`action="/incidents/new"`, `name="requester"`, `name="resolution.code"`, `hx-get="/caller"`, "Log and resolve",
		"1 min over", "999+", `href="/incidents?assignee=none&amp;sort=priority&amp;state=open&amp;team=messaging"`, "tells the team lead", "What I asked for",
	} {
		require.Contains(t, text, want)
	}
	text = html(t, homePage(homeView{page: pageOf("Home"), Quick: homeOf(t).Quick}))
	require.Contains(t, text, "Nothing is yours just now")
	require.Contains(t, text, "Nothing is waited for")
	require.NotContains(t, text, "What I asked for")
}

func TestTheQueueOfMyTeams(t *testing.T) {
	t.Parallel()
	of := func(teams ...string) (work app.WorkView) {
		for _, team := range teams {
			one := recordOf(incident.New)
			one.Team = team
			work.Teams = append(work.Teams, one)
		}
		return work
	}
	require.Contains(t, teamQueue(of("a", "a")), "team=a")
	require.NotContains(t, teamQueue(of("a", "b", "a")), "team=")
	require.NotContains(t, teamQueue(of()), "team=")
}

func TestACallerIsToldOf(t *testing.T) {
	t.Parallel()
	rita := app.Person{Handle: "rita", Name: "Rita <Moss>", Mail: "rita@example.com", Active: true}
	open, before := recordOf(incident.New), recordOf(incident.Closed)
	text := html(t, callerPart(callerView{Asked: "rita", Found: &rita, Open: []app.IncidentView{open}, Recent: []app.IncidentView{before}}, pageOf("x")))
	require.Contains(t, text, "Rita &lt;Moss&gt;")
	require.Contains(t, text, "rita@example.com")
	require.NotContains(t, text, "data-picks")
	require.Less(t, strings.Index(text, "Under way"), strings.Index(text, "Before"))

	rita.Active = false
	text = html(t, callerPart(callerView{Asked: "moss", Found: &rita}, pageOf("x")))
	require.Contains(t, text, `name="pick" value="rita"`)
	require.Contains(t, text, "has left")
	require.Contains(t, text, "Never asked for anything before")
	alike := html(t, callerPart(callerView{Asked: "r", Alike: []app.Person{rita, {Handle: "ruth"}}}, pageOf("x")))
	require.Contains(t, alike, "Which one?")
	require.Contains(t, alike, `name="pick" value="rita"`)
	require.Contains(t, alike, `name="pick" value="ruth"`)
	require.Contains(t, html(t, callerPart(callerView{Asked: "nobody"}, pageOf("x"))), "Nobody is called so")
	require.Empty(t, strings.TrimSpace(html(t, callerPart(callerView{}, pageOf("x")))))
}

func TestStaffBeginAtHome(t *testing.T) {
	t.Parallel()
	require.Equal(t, homePath, placesFor(whoHas(domain.RoleAgent))[0].Places[0].Path)
	for _, group := range placesFor(whoHas("")) {
		for _, one := range group.Places {
			require.NotEqual(t, homePath, one.Path)
		}
	}
}
