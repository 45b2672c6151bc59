package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/auth"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// entrance is the pages over a real application, and a browser's cookies.
type entrance struct {
	t       *testing.T
	app     *app.App
	clock   *store.Clock
	pages   http.Handler
	cookies map[string]string
}

func enter(t *testing.T) *entrance {
	t.Helper()
	base, clock := store.Database(t), store.NewClock("2026-11-30T09:00:00Z")
	base.Settle(t)
	service := app.New(app.Dependencies{
		DB: base.App(t), Clock: clock, CheckPolicy: policyfile.Check, Transient: pg.Transient, Log: slog.New(slog.DiscardHandler),
		Passwords: auth.NewPasswords(auth.Cost{Memory: 64, Passes: 1, Lanes: 1}),
	})
	engine := gin.New()
	require.NoError(t, engine.SetTrustedProxies(nil))
	require.NoError(t, Mount(engine, Dependencies{Service: service, SignIns: service, Log: slog.New(slog.DiscardHandler), Now: clock.Now}))
	return &entrance{t: t, app: service, clock: clock, pages: engine, cookies: map[string]string{}}
}

// do sends a request as this browser would.
func (e *entrance) do(method, target string, form url.Values) *httptest.ResponseRecorder {
	e.t.Helper()
	headers := []string{fromHere}
	for name, value := range e.cookies {
		headers = append(headers, "Cookie: "+name+"="+value)
	}
	answer := ask(e.t, e.pages, method, target, form, headers...)
	for _, cookie := range answer.Result().Cookies() {
		e.cookies[cookie.Name] = cookie.Value
	}
	return answer
}

func (e *entrance) link(person string) string {
	e.t.Helper()
	admin := app.WithPrincipal(e.t.Context(), app.Principal{Handle: "root", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
	invitation, err := e.app.Invite(admin, "", person)
	require.NoError(e.t, err)
	return invitation.Path
}

const pass = "correct horse battery staple"

func TestFromAnInvitationToThePages(t *testing.T) {
	t.Parallel()
	e := enter(t)
	link := e.link("rita")
	shown := e.do(http.MethodGet, link, nil)
	require.Equal(t, http.StatusOK, shown.Code)
	require.Contains(t, shown.Body.String(), "Welcome, Rita")
	require.Contains(t, e.do(http.MethodPost, link, url.Values{"password": {pass}, "again": {pass + "r"}}).Body.String(), "not the same")
	require.Contains(t, e.do(http.MethodPost, link, url.Values{"password": {"short"}, "again": {"short"}}).Body.String(), "at least 15 characters")
	in := e.do(http.MethodPost, link, url.Values{"password": {pass}, "again": {pass}})
	require.Equal(t, http.StatusSeeOther, in.Code, in.Body)
	require.Equal(t, http.StatusOK, e.do(http.MethodGet, profilePath, nil).Code)
	require.Equal(t, http.StatusNotFound, e.do(http.MethodGet, link, nil).Code)

	first := e.cookies["holdfast"]
	require.Equal(t, http.StatusSeeOther, e.do(http.MethodPost, "/sign-out", url.Values{}).Code)
	e.cookies["holdfast"] = first // a copy of the cookie is worth nothing
	require.Equal(t, http.StatusSeeOther, e.do(http.MethodGet, profilePath, nil).Code)

	wrong := e.do(http.MethodPost, signInPath, url.Values{"handle": {"rita"}, "password": {"wrong"}, "next": {"/waiting"}})
	require.Equal(t, http.StatusUnauthorized, wrong.Code)
	require.Contains(t, wrong.Body.String(), `value="rita"`, "what was typed stays")
	require.NotContains(t, wrong.Body.String(), `value="wrong"`, "but for the password")
	right := e.do(http.MethodPost, signInPath, url.Values{"handle": {"rita"}, "password": {pass}, "next": {"/waiting"}})
	require.Equal(t, "/waiting", right.Header().Get("Location"))
	require.NotEqual(t, first, e.cookies["holdfast"])
}

func TestTooManyAttemptsAreTold(t *testing.T) {
	t.Parallel()
	e := enter(t)
	var answer *httptest.ResponseRecorder
	for range auth.PerPair.Free + 1 {
		answer = e.do(http.MethodPost, signInPath, url.Values{"handle": {"rita"}, "password": {"wrong"}})
	}
	require.Equal(t, http.StatusTooManyRequests, answer.Code)
	require.NotEmpty(t, answer.Header().Get("Retry-After"))
	require.Contains(t, answer.Body.String(), "nothing was tried")
}

func TestTheProfileSetsWhatIsOnesOwn(t *testing.T) {
	t.Parallel()
	e := enter(t)
	e.do(http.MethodPost, e.link("rita"), url.Values{"password": {pass}, "again": {pass}})
	other := e.cookies["holdfast"]
	e.cookies = map[string]string{}
	e.do(http.MethodPost, signInPath, url.Values{"handle": {"rita"}, "password": {pass}})

	require.Contains(t, e.do(http.MethodPost, profilePath+"/zone", url.Values{"zone": {"Moon/Crater"}}).Body.String(), "is not a time zone")
	require.Equal(t, http.StatusSeeOther, e.do(http.MethodPost, profilePath+"/zone", url.Values{"zone": {"Asia/Kolkata"}}).Code)
	page := e.do(http.MethodGet, profilePath, nil).Body.String()
	require.Contains(t, page, `value="Asia/Kolkata"`)
	require.Equal(t, 2, strings.Count(page, "last used"), "both sessions are listed")

	refused := e.do(http.MethodPost, profilePath+"/password", url.Values{"present": {"wrong"}, "password": {"a longer horse staple"}, "again": {"a longer horse staple"}})
	require.Equal(t, http.StatusUnprocessableEntity, refused.Code)
	require.Contains(t, refused.Body.String(), "not your present password")
	done := e.do(http.MethodPost, profilePath+"/password", url.Values{"present": {pass}, "password": {"a longer horse staple"}, "again": {"a longer horse staple"}})
	require.Equal(t, http.StatusSeeOther, done.Code)
	require.Equal(t, http.StatusOK, e.do(http.MethodGet, profilePath, nil).Code)
	mine := e.cookies["holdfast"]
	e.cookies["holdfast"] = other
	require.Equal(t, http.StatusSeeOther, e.do(http.MethodGet, profilePath, nil).Code, "the other session is over")
	e.cookies["holdfast"] = mine
	e.clock.Advance(app.SessionIdle + time.Second)
	require.Equal(t, http.StatusSeeOther, e.do(http.MethodGet, profilePath, nil).Code, "and so is one that was left alone")
}

func TestBrowserWords(t *testing.T) {
	t.Parallel()
	for agent, words := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0":                                                "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0": "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15": "Safari on macOS",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36":     "Chrome on Android",
		"": "A browser", "curl/8.5": "A browser",
	} {
		require.Equal(t, words, browserWords(agent))
	}
}

func TestAdministratorsInviteAndEndSessions(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	page := d.post("ana", peoplePath+"/rita/invitations", url.Values{}, http.StatusOK)
	require.Regexp(t, `value="http://[^"]+/welcome/hf_[^"]+"`, page)
	require.NotContains(t, d.get("ana", peoplePath+"/rita", http.StatusOK), "/welcome/", "it is shown once")
	d.post("bo", peoplePath+"/rita/invitations", url.Values{}, http.StatusForbidden)
	require.NotContains(t, d.get("bo", peoplePath+"/rita", http.StatusOK), "Signing in")

	sessions, err := d.Sessions(app.WithPrincipal(t.Context(), d.admin), "rita")
	require.NoError(t, err)
	require.Len(t, sessions, 1)
	d.post("bo", peoplePath+"/rita/sessions/"+sessions[0].ID+"/end", url.Values{}, http.StatusForbidden)
	for range 2 { // without scripts, a form is easily sent twice
		require.Contains(t, d.post("ana", peoplePath+"/rita/sessions/"+sessions[0].ID+"/end", url.Values{}, http.StatusOK), "Signed in nowhere")
	}
	require.Equal(t, http.StatusSeeOther, ask(t, d.pages, http.MethodGet, profilePath, nil, d.cookies["rita"]).Code)
}
