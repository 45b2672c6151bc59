package web

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode) // says nothing of every route
	m.Run()
}

const goodToken = "hf_good"

// setup mounts the pages without a service behind them: what is tested here ends before one is asked.
func setup(t *testing.T, publicURL string) http.Handler {
	t.Helper()
	engine := gin.New()
	require.NoError(t, Mount(engine, Dependencies{
		Log: slog.New(slog.DiscardHandler), Version: "1.2.3", PublicURL: publicURL,
		SignIns: gate{},
	}))
	return engine
}

// gate lets one secret in, as a token and as a session, and nobody else.
type gate struct{ app.SignIns }

func (gate) Resume(_ context.Context, secret string) (app.Principal, error) {
	switch secret {
	case goodToken:
		return app.Principal{Handle: "ana", Name: "Ana Lima"}, nil
	case "hf_away":
		return app.Principal{}, &domain.Error{Code: domain.CodeUnavailable, Message: "the database is away", RetryAfter: 5 * time.Second}
	}
	return app.Principal{}, domain.Errorf(domain.CodeUnauthenticated, "the token is not valid")
}

func (g gate) SignInWithToken(ctx context.Context, secret string, _ app.Caller) (app.NewSession, error) {
	_, err := g.Resume(ctx, secret)
	return app.NewSession{Secret: secret}, err
}

// ask sends one request; headers are "name: value".
func ask(t *testing.T, handler http.Handler, method, target string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form.Encode()))
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range headers {
		name, value, found := strings.Cut(header, ": ")
		require.True(t, found, header)
		request.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

const fromHere = "Sec-Fetch-Site: same-origin"

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	for _, target := range []string{signInPath, "/incidents", "/nowhere", "/api/v1/nowhere", asset("holdfast.css"), "/assets/unknown.js"} {
		header := ask(t, handler, http.MethodGet, target, nil).Header()
		policy := header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'", target)
		require.Contains(t, policy, "frame-ancestors 'none'", target)
		require.NotContains(t, policy, "unsafe", target)
		require.NotContains(t, policy, "http", target)
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), target)
		require.Equal(t, "DENY", header.Get("X-Frame-Options"), target)
		require.Equal(t, "same-origin", header.Get("Referrer-Policy"), target)
	}
}

func TestAssetsAreNamedByTheirContentAndKept(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	require.Contains(t, assetPaths, "htmx.min.js")
	for plain, place := range assetPaths {
		answer := ask(t, handler, http.MethodGet, place, nil)
		require.Equal(t, http.StatusOK, answer.Code, plain)
		require.Equal(t, "public, max-age=31536000, immutable", answer.Header().Get("Cache-Control"))
		require.NotEmpty(t, answer.Header().Get("Content-Type"), plain)
		sum := sha256.Sum256(answer.Body.Bytes())
		require.Contains(t, place, hex.EncodeToString(sum[:6]), plain)
	}
	gone := ask(t, handler, http.MethodGet, "/assets/holdfast.000000000000.css", nil)
	require.Equal(t, http.StatusNotFound, gone.Code)
	require.Equal(t, "no-store", gone.Header().Get("Cache-Control"))
	require.Panics(t, func() { asset("missing.css") })
}

func TestVendoredFilesAreAsPublished(t *testing.T) {
	t.Parallel()
	manifest, err := os.Open("assets/vendor/MANIFEST")
	require.NoError(t, err)
	defer func() { require.NoError(t, manifest.Close()) }()
	listed := map[string]bool{"MANIFEST": true}
	for lines := bufio.NewScanner(manifest); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		parts := strings.Fields(lines.Text())
		content, err := os.ReadFile(path.Join("assets/vendor", parts[1]))
		require.NoError(t, err)
		sum := sha256.Sum256(content)
		require.Equal(t, parts[0], hex.EncodeToString(sum[:]), parts[1])
		listed[parts[1]] = true
	}
	files, err := fs.ReadDir(os.DirFS("assets"), "vendor")
	require.NoError(t, err)
	for _, file := range files {
		require.True(t, listed[file.Name()], "%s is not in the manifest", file.Name())
	}
}

func TestSignInAsksForAPasswordOrAToken(t *testing.T) {
	t.Parallel()
	answer := ask(t, setup(t, ""), http.MethodGet, signInPath+"?next=/waiting", nil)
	require.Equal(t, http.StatusOK, answer.Code)
	require.Contains(t, answer.Body.String(), `name="token" type="password"`)
	require.Contains(t, answer.Body.String(), `name="next" value="/waiting"`)
	require.Contains(t, answer.Body.String(), `name="password" type="password"`)
	require.Contains(t, answer.Body.String(), "<code>holdfast up</code> prints a link that signs the administrator in")
}

func TestSignInStartsASession(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		public, name string
		secure       bool
	}{
		{"", "holdfast", false},
		{"http://desk.example.com", "holdfast", false},
		{"https://desk.example.com", "__Host-holdfast", true},
	} {
		answer := ask(t, setup(t, c.public), http.MethodPost, signInPath, url.Values{"token": {" " + goodToken + "\n"}, "next": {"/waiting"}}, fromHere)
		require.Equal(t, http.StatusSeeOther, answer.Code, c.public)
		require.Equal(t, "/waiting", answer.Header().Get("Location"))
		cookies := answer.Result().Cookies()
		require.Len(t, cookies, 1)
		cookie := cookies[0]
		require.Equal(t, c.name, cookie.Name)
		require.Equal(t, goodToken, cookie.Value)
		require.True(t, cookie.HttpOnly)
		require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
		require.Equal(t, c.secure, cookie.Secure)
		require.Equal(t, "/", cookie.Path)
		require.Empty(t, cookie.Domain)
	}
}

func TestSignInRefusesWhatIsNoToken(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	wrong := ask(t, handler, http.MethodPost, signInPath, url.Values{"token": {"hf_bad"}}, fromHere)
	require.Equal(t, http.StatusUnauthorized, wrong.Code)
	require.Contains(t, wrong.Body.String(), "not a token that works")
	require.NotContains(t, wrong.Body.String(), "hf_bad")
	require.Empty(t, wrong.Result().Cookies())

	away := ask(t, handler, http.MethodPost, signInPath, url.Values{"token": {"hf_away"}}, fromHere)
	require.Equal(t, http.StatusServiceUnavailable, away.Code)
	require.Contains(t, away.Body.String(), "the database is away")
	require.Empty(t, away.Result().Cookies())
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	answer := ask(t, setup(t, ""), http.MethodPost, "/sign-out", url.Values{}, fromHere)
	require.Equal(t, signInPath, answer.Header().Get("Location"))
	cookies := answer.Result().Cookies()
	require.Len(t, cookies, 1)
	require.Negative(t, cookies[0].MaxAge)
	require.Empty(t, cookies[0].Value)
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	handler := setup(t, "https://desk.example.com")
	post := func(headers ...string) int {
		return ask(t, handler, http.MethodPost, "/theme", url.Values{"theme": {"dark"}}, headers...).Code
	}
	require.Equal(t, http.StatusForbidden, post("Sec-Fetch-Site: cross-site"))
	require.Equal(t, http.StatusForbidden, post("Sec-Fetch-Site: same-site"))
	require.Equal(t, http.StatusForbidden, post("Origin: https://evil.example"))
	require.Equal(t, http.StatusForbidden, post("Origin: null"))
	require.Equal(t, http.StatusForbidden, post(), "no word of an origin at all")
	require.Equal(t, http.StatusSeeOther, post(fromHere))
	require.Equal(t, http.StatusSeeOther, post("Origin: http://example.com"), "the host that was asked")
	require.Equal(t, http.StatusSeeOther, post("Origin: https://desk.example.com"), "the public URL, behind a proxy")

	refused := ask(t, handler, http.MethodPost, "/incidents/INC-000001/do/assign", url.Values{}, "Sec-Fetch-Site: cross-site", "Cookie: __Host-holdfast="+goodToken)
	require.Equal(t, http.StatusForbidden, refused.Code)
	require.Contains(t, refused.Body.String(), "sent from another site; nothing was changed")
}

func TestVisitorsAreAskedToSignIn(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	page := ask(t, handler, http.MethodGet, "/incidents?state=open", nil)
	require.Equal(t, http.StatusSeeOther, page.Code)
	require.Equal(t, signInPath+"?next=%2Fincidents%3Fstate%3Dopen", page.Header().Get("Location"))

	part := ask(t, handler, http.MethodGet, "/incidents/similar?title=x", nil, "HX-Request: true")
	require.Equal(t, http.StatusUnauthorized, part.Code)
	require.Equal(t, signInPath+"?next=%2F", part.Header().Get("HX-Redirect"))

	form := ask(t, handler, http.MethodPost, "/incidents/new", url.Values{"title": {"x"}}, fromHere)
	require.Equal(t, http.StatusUnauthorized, form.Code)
	require.Contains(t, form.Body.String(), "nothing was changed")

	ended := ask(t, handler, http.MethodGet, "/incidents", nil, "Cookie: holdfast=hf_revoked")
	require.Equal(t, http.StatusSeeOther, ended.Code)
	require.Negative(t, ended.Result().Cookies()[0].MaxAge)

	away := ask(t, handler, http.MethodGet, "/incidents", nil, "Cookie: holdfast=hf_away")
	require.Equal(t, http.StatusServiceUnavailable, away.Code)
	require.Equal(t, "5", away.Header().Get("Retry-After"))
}

func TestALinkFromAMailLeadsThroughAPageOfOurs(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	first := ask(t, handler, http.MethodGet, "/incidents/INC-000001", nil, "Sec-Fetch-Site: cross-site")
	require.Equal(t, http.StatusOK, first.Code)
	require.Contains(t, first.Body.String(), `content="0; url=/incidents/INC-000001?opened=1"`)
	second := ask(t, handler, http.MethodGet, "/incidents/INC-000001?opened=1", nil, "Sec-Fetch-Site: cross-site")
	require.Equal(t, http.StatusSeeOther, second.Code, "it must not lead in a circle")
}

func TestTheSwitchKeepsATheme(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	chosen := ask(t, handler, http.MethodPost, "/theme", url.Values{"theme": {"dark"}, "back": {"/waiting?team=a"}}, fromHere)
	require.Equal(t, "/waiting?team=a", chosen.Header().Get("Location"))
	require.Equal(t, "dark", chosen.Result().Cookies()[0].Value)
	require.Contains(t, ask(t, handler, http.MethodGet, signInPath, nil, "Cookie: holdfast-theme=dark").Body.String(), `data-theme="dark"`)
	require.Contains(t, ask(t, handler, http.MethodGet, signInPath, nil, "Cookie: holdfast-theme=%22x").Body.String(), `data-theme=""`)
	system := ask(t, handler, http.MethodPost, "/theme", url.Values{"theme": {"system"}}, fromHere)
	require.Negative(t, system.Result().Cookies()[0].MaxAge)
}

func TestAReturnNeverLeavesTheConsole(t *testing.T) {
	t.Parallel()
	require.Equal(t, "/waiting?team=a", local("/waiting?team=a"))
	for _, place := range []string{"", "//evil.example", `/\evil.example`, "https://evil.example/", "javascript:alert(1)", "incidents", "/a\r\nX: y"} {
		require.Equal(t, "/", local(place), place)
	}
	here, err := url.Parse("https://desk.example.com/x")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		place := local(rapid.StringMatching(`[/\\:a-z.?#@]{0,12}`).Draw(t, "place"))
		target, err := here.Parse(place)
		require.NoError(t, err)
		require.Equal(t, here.Host, target.Host)
		require.Equal(t, here.Scheme, target.Scheme)
	})
}

func TestUnknownPlaces(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	page := ask(t, handler, http.MethodGet, "/nowhere", nil)
	require.Equal(t, http.StatusNotFound, page.Code)
	require.Contains(t, page.Header().Get("Content-Type"), "text/html")
	api := ask(t, handler, http.MethodGet, "/api/v1/nowhere", nil)
	require.Equal(t, http.StatusNotFound, api.Code)
	require.Equal(t, "application/problem+json", api.Header().Get("Content-Type"))
}

// inline finds what the content policy would stop: scripts and styles within a page, handlers in attributes, other origins.
var inline = regexp.MustCompile(`(?i)<style|\sstyle=|<script(?:\s[^>]*)?>[^<]|<script>|\son[a-z]+=|hx-on|["'= ]js:|(?:src|href|action)="(?:https?:)?//`)

func requireNothingInline(t *testing.T, html string) {
	t.Helper()
	require.Empty(t, inline.FindAllString(html, -1))
}

func TestOpenPagesHaveNothingInline(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	for _, target := range []string{signInPath, "/nowhere"} {
		requireNothingInline(t, ask(t, handler, http.MethodGet, target, nil).Body.String())
	}
	require.Regexp(t, inline, `<p style="x">`)
	require.Regexp(t, inline, `<script>x</script>`)
	require.Regexp(t, inline, `<a onclick="x">`)
	require.Regexp(t, inline, `<script src="https://cdn.example/x.js">`)
}

func TestAFormThatIsOpenToAllIsSmall(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	for _, path := range []string{signInPath, "/theme"} {
		large := url.Values{"token": {strings.Repeat("x", smallForm)}}
		require.Equal(t, http.StatusRequestEntityTooLarge, ask(t, handler, http.MethodPost, path, large, fromHere).Code, path)
		var parts strings.Builder
		writer := multipart.NewWriter(&parts)
		require.NoError(t, writer.WriteField("token", goodToken))
		require.NoError(t, writer.WriteField("theme", "dark"))
		require.NoError(t, writer.Close())
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(parts.String()))
		request.Header.Set("Content-Type", writer.FormDataContentType())
		request.Header.Set("Sec-Fetch-Site", "same-origin")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		require.Equal(t, http.StatusUnsupportedMediaType, answer.Code, path)
		require.Empty(t, answer.Header().Get("Set-Cookie"), path)
	}
}

func TestNoAddressOfAPageIsAFault(t *testing.T) {
	t.Parallel()
	handler := setup(t, "")
	for _, path := range []string{"/incidents?q=%00", "/incidents?team=%ff", "/incidents/%00", "/commands/%00", "/waiting?name=%zz", signInPath + "?next=%00"} {
		require.Equal(t, http.StatusBadRequest, ask(t, handler, http.MethodGet, path, nil, "Cookie: holdfast="+goodToken).Code, path)
	}
}

func TestPagesCountAmongTheRequestsOfAnAccount(t *testing.T) {
	t.Parallel()
	var busy server.Busy
	engine := gin.New()
	require.NoError(t, Mount(engine, Dependencies{
		Log: slog.New(slog.DiscardHandler), Busy: &busy,
		SignIns: gate{},
	}))
	for range server.MaxBusy {
		_, err := busy.Enter("ana")
		require.NoError(t, err)
	}
	answer := ask(t, engine, http.MethodGet, "/incidents", nil, "Cookie: holdfast="+goodToken)
	require.Equal(t, http.StatusTooManyRequests, answer.Code)
	require.Equal(t, "1", answer.Header().Get("Retry-After"))
}
