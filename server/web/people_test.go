package web

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

func TestPeopleAreForTheDesk(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	for _, path := range []string{peoplePath, "/people/bo", "/people/rita", "/teams", "/services", "/people/new", "/people/bo/edit"} {
		d.get("rita", path, http.StatusForbidden)
		d.get("ana", path, http.StatusOK)
	}
	for _, path := range []string{"/people/bo/edit", "/people/new", "/people/bo/grants", "/people/bo/grants/take", "/people/bo/tokens"} {
		d.post("rita", path, url.Values{"name": {"x"}, "role": {"admin"}, "scope": {"all"}, "days": {"1"}}, http.StatusForbidden)
	}
	for _, path := range []string{"/people/bo/edit", "/people/new", "/people/rita/grants", "/people/rita/grants/take", "/people/rita/tokens"} {
		d.post("bo", path, url.Values{"name": {"x"}, "role": {"admin"}, "scope": {"all"}, "days": {"1"}}, http.StatusForbidden)
	}
	d.get("ana", "/people/nobody", http.StatusNotFound)
	d.get("ana", "/people/nobody/edit", http.StatusNotFound)
	d.post("ana", "/people/nobody/edit", url.Values{"name": {"x"}}, http.StatusNotFound)
}

func TestWhoMayNotSeesNoButtons(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	pages := []string{peoplePath, "/people/ana", "/people/rita", "/people/bo", "/teams", "/services"}
	post := regexp.MustCompile(`method="post" action="(/people[^"]*)"`)
	for _, page := range pages {
		text := d.get("bo", page, http.StatusOK)
		require.NotRegexp(t, `(?:New person|New team|New service|Edit|Give the role|Take away)\s*<`, text, page)
		for _, form := range post.FindAllStringSubmatch(text, -1) {
			require.Contains(t, form[1], "/people/bo/tokens", "only one's own tokens are to be handled")
		}
	}
	require.Contains(t, d.get("ana", "/people/rita", http.StatusOK), "Give the role")
	require.Contains(t, d.get("ana", "/teams", http.StatusOK), "New team")
}

func TestPeopleAreFound(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	list := d.get("bo", peoplePath, http.StatusOK)
	require.Contains(t, list, `href="/people/cy"`)
	require.NotContains(t, list, `href="/people/gone"`, "those who left are asked for")
	left := d.get("bo", peoplePath+"?active=no", http.StatusOK)
	require.Contains(t, left, `href="/people/gone"`)
	require.NotContains(t, left, `href="/people/cy"`)
	all := d.get("bo", peoplePath+"?active=all&q=GON", http.StatusOK)
	require.Contains(t, all, "not active")
	require.Contains(t, d.get("bo", peoplePath+"?q=nobody-like-this", http.StatusOK), "Nobody fits")
	d.get("bo", peoplePath+"?cursor=x", http.StatusBadRequest)
}

func TestAPageOfPeopleLeadsToTheNext(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	admin := app.WithPrincipal(t.Context(), d.admin)
	var seen []string
	query := app.PeopleQuery{Limit: 2}
	for {
		page, err := d.Directory(admin, query)
		require.NoError(t, err)
		for _, person := range page.Items {
			seen = append(seen, person.Handle)
		}
		if query.Cursor = page.NextCursor; query.Cursor == "" {
			break
		}
	}
	require.Equal(t, []string{"ana", "bo", "cy", "rita", "gone"}, seen, "everybody once, those who left last")
}

func TestSomebodyIsAddedAndChanged(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	form := url.Values{"handle": {"eve"}, "name": {"Eve"}, "mail": {"eve@example.com"}, "kind": {"person"}, "zone": {"Mars/Olympus"}, "active": {"true"}}
	refused := d.post("ana", peoplePath+"/new", form, http.StatusUnprocessableEntity)
	require.Contains(t, refused, `id="f-zone-wrong">Zone "Mars/Olympus" is not a time zone.`)
	require.Contains(t, refused, `value="eve@example.com"`)
	form.Set("zone", "Europe/Oslo")
	require.Equal(t, "/people/eve", d.done("ana", peoplePath+"/new", form))
	require.Equal(t, "/people/eve", d.done("ana", peoplePath+"/new", form), "sent twice, somebody is added once")
	form.Set("name", "Evelyn")
	require.Contains(t, d.post("ana", peoplePath+"/new", form, http.StatusUnprocessableEntity), "belongs to somebody already")

	form.Del("active")
	form.Set("name", "Eve O'Hara")
	require.Equal(t, "/people/eve", d.done("ana", "/people/eve/edit", form))
	page := d.get("ana", "/people/eve", http.StatusOK)
	require.Contains(t, page, "Eve O'Hara")
	require.Contains(t, page, "not active")
	require.Contains(t, d.get("ana", "/people/eve/edit", http.StatusOK), `value="Europe/Oslo"`)
	require.NotContains(t, d.get("ana", "/people/eve/edit", http.StatusOK), `name="handle"`)
	d.done("ana", "/people/eve/edit", url.Values{"name": {"Eve"}, "active": {"true"}})
}

func TestEveryRoleOfferedCanBeGivenAndTaken(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	for _, role := range grantable {
		d.done("ana", "/people/cy/grants", url.Values{"role": {role.Value}, "scope": {"all"}})
	}
	page := d.get("ana", "/people/cy", http.StatusOK)
	require.Contains(t, page, "for everything")
	for _, role := range grantable {
		d.done("ana", "/people/cy/grants/take", url.Values{"role": {role.Value}, "scope": {"all"}})
	}
	require.Contains(t, d.get("ana", "/people/cy", http.StatusOK), "No role was given")

	require.Equal(t, "/people/cy#grants", d.done("ana", "/people/cy/grants", url.Values{"role": {"agent"}, "scope": {"team:network"}}))
	require.Contains(t, d.get("ana", "/people/cy", http.StatusOK), "for the team network")
	wrong := d.post("ana", "/people/cy/grants", url.Values{"role": {"agent"}, "scope": {"team:nowhere"}}, http.StatusUnprocessableEntity)
	require.Contains(t, wrong, `id="f-scope-wrong">Scope "nowhere" is not a team.`)
	d.post("ana", "/people/cy/grants", url.Values{"role": {"king"}, "scope": {"all"}}, http.StatusUnprocessableEntity)
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	refused := d.post("ana", "/people/ana/grants/take", url.Values{"role": {"admin"}, "scope": {"all"}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "last active administrator")
	d.post("ana", "/people/ana/edit", url.Values{"name": {"Ana"}}, http.StatusUnprocessableEntity)
}

func TestATokenFormThatIsSentTwiceMakesOneToken(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	page := d.get("bo", "/people/bo", http.StatusOK)
	key := regexp.MustCompile(`(?s)aria-label="Make a token">.*?name="key" value="([^"]+)"`).FindStringSubmatch(page)
	require.NotNil(t, key)
	before, err := d.Tokens(app.WithPrincipal(t.Context(), d.admin), "bo")
	require.NoError(t, err)
	form := url.Values{"name": {"monitoring"}, "days": {"3"}, keyField: {key[1]}}
	for range 2 {
		require.Equal(t, http.StatusCreated, ask(t, d.pages, http.MethodPost, "/people/bo/tokens", form, d.cookies["bo"], fromHere).Code)
	}
	after, err := d.Tokens(app.WithPrincipal(t.Context(), d.admin), "bo")
	require.NoError(t, err)
	require.Len(t, after, len(before)+1)
}

func TestASecretIsShownOnce(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	form := url.Values{"name": {"monitoring"}, "days": {"3"}, "permissions": {"incident.read", "incident.log"}}
	made := d.post("ana", "/people/bo/tokens", form, http.StatusCreated)
	secret := regexp.MustCompile(`hf_[A-Za-z0-9_-]+`).FindString(made)
	require.NotEmpty(t, secret)
	principal, err := d.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, "bo", principal.Handle)
	require.ElementsMatch(t, []string{"incident.read", "incident.log"}, principal.Permissions)
	page := d.get("ana", "/people/bo", http.StatusOK)
	require.NotContains(t, page, secret)
	require.Contains(t, page, "2 permissions")

	d.done("ana", "/people/bo/tokens/"+principal.TokenID+"/revoke", url.Values{})
	_, err = d.Authenticate(t.Context(), secret)
	require.Equal(t, domain.CodeUnauthenticated, domain.CodeOf(err))
	require.Contains(t, d.get("ana", "/people/bo", http.StatusOK), "1 token that ended")

	for _, days := range []string{"", "0", "x", "4000"} {
		form.Set("days", days)
		refused := d.post("ana", "/people/bo/tokens", form, http.StatusUnprocessableEntity)
		require.Contains(t, refused, `id="f-days-wrong"`, days)
		require.Contains(t, refused, `value="incident.log" checked`, "what was ticked stays")
	}
	form.Set("days", "3")
	require.Equal(t, http.StatusCreated, ask(t, d.pages, http.MethodPost, "/people/bo/tokens", form, d.cookies["bo"], fromHere).Code, "one's own")
	d.done("bo", "/people/bo/tokens/"+principal.TokenID+"/revoke", url.Values{}) // it has ended, and stays so
}
