package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// whoHas is somebody with a role for everything; an empty one is a requester.
func whoHas(role domain.Role) app.Principal {
	who := app.Principal{Handle: "ana", Name: "Ana Lima"}
	if role != "" {
		who.Grants = []app.Grant{{Person: "ana", Role: role, ScopeKind: "all"}}
	}
	return who
}

// mounted serves the pages to one person, without a service behind them.
func mounted(t *testing.T, who app.Principal) http.Handler {
	t.Helper()
	engine := gin.New()
	require.NoError(t, Mount(engine, Dependencies{
		Log: slog.New(slog.DiscardHandler), Version: "1.2.3",
		SignIns: always{who: who},
	}))
	return engine
}

// always is somebody who is signed in, whatever the secret.
type always struct {
	app.SignIns
	who app.Principal
}

func (a always) Resume(context.Context, string) (app.Principal, error) { return a.who, nil }

const cookie = "Cookie: holdfast=" + goodToken

func TestTheNavigationLeadsWhereOneMayGo(t *testing.T) {
	t.Parallel()
	titles := func(role domain.Role) string {
		var list []string
		for _, group := range placesFor(whoHas(role)) {
			for _, one := range group.Places {
				list = append(list, one.Title)
			}
		}
		return strings.Join(list, " ")
	}
	require.Contains(t, titles(domain.RoleAdmin), "Design")
	require.NotContains(t, titles(domain.RoleAgent), "Design")
	require.Contains(t, titles(domain.RoleAgent), "Incidents Changes Alerts Approvals Waiting")
	require.Equal(t, "My reports Profile", titles(""))

	p, agent := pageOf("x"), whoHas(domain.RoleAgent)
	p.Who = &agent
	p.Path = "/waiting"
	text := html(t, rail(p))
	require.Equal(t, 1, strings.Count(text, `aria-current="page"`))
	require.Regexp(t, `<a href="/waiting" aria-current="page">`, text)
	p.Path = "/incidents/INC-000001"
	require.Regexp(t, `<a href="/incidents" aria-current="true">`, html(t, rail(p)))
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Ana Lima": "AL", "ada": "A", "": "", "Jean de la Tour": "JT", "Øyvind  Åse": "ØÅ"} {
		require.Equal(t, want, initials(name))
	}
}

func TestTheDesignIsShownToAdministrators(t *testing.T) {
	t.Parallel()
	shown := ask(t, mounted(t, whoHas(domain.RoleAdmin)), http.MethodGet, designPath, nil, cookie)
	require.Equal(t, http.StatusOK, shown.Code)
	requireNothingInline(t, shown.Body.String())
	for _, part := range []string{`class="button primary"`, `class="problem"`, `class="empty"`, `<dialog `, `class="toast`, `class="event `, `aria-invalid="true"`, `class="pager"`} {
		require.Contains(t, shown.Body.String(), part)
	}
	require.Equal(t, http.StatusForbidden, ask(t, mounted(t, whoHas(domain.RoleAgent)), http.MethodGet, designPath, nil, cookie).Code)
}

// Every symbol that a template or a table asks for is in the sprite.
func TestEveryIconIsDrawn(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(iconNames), 20)
	asked := regexp.MustCompile(`@(?:icon|empty)\("([a-z-]+)"`)
	templates, err := filepath.Glob("*.templ")
	require.NoError(t, err)
	found := 0
	for _, name := range templates {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, match := range asked.FindAllSubmatch(source, -1) {
			found++
			require.Contains(t, iconNames, string(match[1]), name)
		}
	}
	require.Positive(t, found)
	for _, one := range navigation {
		require.Contains(t, iconNames, one.Icon, one.Title)
	}
}

func TestAnswersAreCompressedForThoseWhoTakeIt(t *testing.T) {
	t.Parallel()
	handler := mounted(t, whoHas(domain.RoleAdmin))
	for _, target := range []string{designPath, asset("holdfast.css")} {
		plain := ask(t, handler, http.MethodGet, target, nil, cookie)
		require.Empty(t, plain.Header().Get("Content-Encoding"))
		require.Equal(t, "Accept-Encoding", plain.Header().Get("Vary"))
		refused := ask(t, handler, http.MethodGet, target, nil, cookie, "Accept-Encoding: br, gzip;q=0")
		require.Empty(t, refused.Header().Get("Content-Encoding"))
		squeezed := ask(t, handler, http.MethodGet, target, nil, cookie, "Accept-Encoding: br;q=1.0, gzip;q=0.8")
		require.Equal(t, "gzip", squeezed.Header().Get("Content-Encoding"))
		require.Less(t, squeezed.Body.Len(), plain.Body.Len()/2)
		reader, err := gzip.NewReader(bytes.NewReader(squeezed.Body.Bytes()))
		require.NoError(t, err)
		content, err := io.ReadAll(reader)
		require.NoError(t, err)
		if target != designPath { // a page tells the time
			require.Equal(t, plain.Body.Bytes(), content)
		}
		require.Contains(t, string(content), "Holdfast")
	}
}

// heaviest is how many compressed bytes a page and all that it loads may have, before charts.
const heaviest = 120_000

func TestAPageIsLight(t *testing.T) {
	t.Parallel()
	handler := mounted(t, whoHas(domain.RoleAdmin))
	page := ask(t, handler, http.MethodGet, designPath, nil, cookie, "Accept-Encoding: gzip")
	weight := page.Body.Len()
	for plain, place := range assetPaths {
		answer := ask(t, handler, http.MethodGet, place, nil, "Accept-Encoding: gzip")
		weight += answer.Body.Len()
		t.Logf("%6d bytes: %s", answer.Body.Len(), plain)
	}
	t.Logf("%6d bytes in all, %d of them the page", weight, page.Body.Len())
	require.Less(t, weight, heaviest)
}

func TestAFormThatWasRefusedIsWhereItWas(t *testing.T) {
	t.Parallel()
	refused := ask(t, mounted(t, whoHas(domain.RoleAdmin)), http.MethodPost, policiesPath+"/new", nil, cookie, fromHere)
	require.Regexp(t, `<a href="/policies" aria-current="true">`, refused.Body.String())
	require.NotContains(t, refused.Body.String(), `<a href="/" aria-current`)
}
