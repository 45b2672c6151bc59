package web

import (
	entities "html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// desk is the console over a database with the organisation of the tests: ana governs, bo is an agent, rita asks for things.
type desk struct {
	*app.App
	t       *testing.T
	base    store.DB
	pages   http.Handler
	cookies map[string]string
	admin   app.Principal
	site    *httptest.Server
}

func setupDesk(t *testing.T) *desk {
	t.Helper()
	base := store.Database(t)
	base.Settle(t)
	blobs, err := app.OpenFolder(t.TempDir())
	require.NoError(t, err)
	d := &desk{t: t, base: base, cookies: map[string]string{}, App: app.New(app.Dependencies{
		DB: base.App(t), Clock: store.NewClock("2026-11-30T09:00:00Z"), Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient,
		Log: slog.New(slog.DiscardHandler),
	})}
	d.admin = app.Principal{Handle: "holdfast", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}}
	installs := app.WithPrincipal(t.Context(), d.admin)
	for person, role := range map[string]domain.Role{"ana": domain.RoleAdmin, "bo": domain.RoleAgent, "rita": ""} {
		if role != "" {
			_, err := d.GiveGrant(installs, app.Grant{Person: person, Role: role, ScopeKind: "all"})
			require.NoError(t, err)
		}
		d.signIn(person)
	}
	engine := gin.New()
	require.NoError(t, Mount(engine, Dependencies{Service: d.App, SignIns: d.App, Links: d.App, Pages: d.App, Log: slog.New(slog.DiscardHandler)}))
	d.pages = engine
	return d
}

// signIn begins a session for somebody.
func (d *desk) signIn(person string) {
	d.t.Helper()
	token, err := d.CreateToken(app.WithPrincipal(d.t.Context(), d.admin), "", app.TokenBody{Person: person, Name: "session"})
	require.NoError(d.t, err)
	session, err := d.SignInWithToken(d.t.Context(), token.Secret, app.Caller{Address: "127.0.0.1"})
	require.NoError(d.t, err)
	d.cookies[person] = "Cookie: holdfast=" + session.Secret
}

// address is where the pages are served over a connection.
func (d *desk) address() string {
	d.t.Helper()
	if d.site == nil {
		d.site = httptest.NewServer(d.pages)
		d.t.Cleanup(d.site.Close)
	}
	return d.site.URL
}

// get asks for a page as somebody and gives it when it has the status.
func (d *desk) get(who, path string, status int) string {
	d.t.Helper()
	return d.told(ask(d.t, d.pages, http.MethodGet, path, nil, d.cookies[who]), status)
}

// post sends a form as somebody and gives the page that comes of it when it has the status.
func (d *desk) post(who, path string, form url.Values, status int) string {
	d.t.Helper()
	return d.told(ask(d.t, d.pages, http.MethodPost, path, form, d.cookies[who], fromHere), status)
}

// done sends a form that works, and gives where it leads to.
func (d *desk) done(who, path string, form url.Values) string {
	d.t.Helper()
	answer := ask(d.t, d.pages, http.MethodPost, path, form, d.cookies[who], fromHere)
	d.told(answer, http.StatusSeeOther)
	return answer.Header().Get("Location")
}

// told gives a page's text, its entities read.
func (d *desk) told(answer *httptest.ResponseRecorder, status int) string {
	d.t.Helper()
	text := answer.Body.String()
	require.Equal(d.t, status, answer.Code, "%s", text)
	requireNothingInline(d.t, text)
	return entities.UnescapeString(text)
}
