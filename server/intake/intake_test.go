package intake_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/alert"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/server/intake"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// end is the open end over a real database, with the key of the service mail.
type end struct {
	t      *testing.T
	app    *app.App
	engine *gin.Engine
	key    app.NewIntakeKey
	log    *bytes.Buffer
}

func setup(t *testing.T) end {
	t.Helper()
	base := store.Database(t)
	base.Settle(t)
	e := end{t: t, engine: gin.New(), log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	e.app = app.New(app.Dependencies{DB: base.App(t), Clock: store.NewClock("2026-11-30T09:00:00Z"), Transient: pg.Transient, Log: log})
	ctx := app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
	var err error
	e.key, err = e.app.MakeIntakeKey(ctx, app.IntakeKeyBody{Service: "mail", Name: "prometheus"})
	require.NoError(t, err)
	intake.Mount(e.engine, intake.Dependencies{Intake: e.app, Log: log})
	return e
}

func (e end) post(path, body string) *httptest.ResponseRecorder {
	e.t.Helper()
	told := httptest.NewRecorder()
	e.engine.ServeHTTP(told, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return told
}

func TestAlertsAreTakenByTheirKey(t *testing.T) {
	t.Parallel()
	e := setup(t)
	told := e.post(e.key.Path+"generic", `{"key": "disk", "status": "firing", "title": "Disk is full"}`)
	require.Equal(t, http.StatusAccepted, told.Code, told.Body.String())
	var taken app.Taken
	require.NoError(t, json.Unmarshal(told.Body.Bytes(), &taken))
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, taken)
	require.NotContains(t, e.log.String(), e.key.Secret)
	require.Equal(t, "no-store", told.Header().Get("Cache-Control"))
}

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	t.Parallel()
	e := setup(t)
	sound := `{"key": "disk", "status": "firing", "title": "Disk is full"}`
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"a key that is none":        {app.IntakePath + "hf_nobody/generic", sound, http.StatusNotFound},
		"an id instead of a secret": {app.IntakePath + e.key.ID + "/generic", sound, http.StatusNotFound},
		"another sender":            {e.key.Path + "pigeon", sound, http.StatusNotFound},
		"no JSON":                   {e.key.Path + "generic", "disk is full", http.StatusUnprocessableEntity},
		"a subscription":            {e.key.Path + "generic", `{"Type": "SubscriptionConfirmation", "SubscribeURL": "https://example.com"}`, http.StatusUnprocessableEntity},
		"one that is wrong":         {e.key.Path + "generic", "[" + sound + `, {"key": "b", "status": "on fire", "title": "b"}]`, http.StatusUnprocessableEntity},
		"too much":                  {e.key.Path + "generic", strings.Repeat(" ", alert.MaxBytes+1), http.StatusRequestEntityTooLarge},
	} {
		told := e.post(c.path, c.body)
		require.Equal(t, c.status, told.Code, "%s: %s", name, told.Body)
		require.Contains(t, told.Header().Get("Content-Type"), "application/problem+json", name)
	}
	ctx := app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}, {Role: domain.RoleAdmin, ScopeKind: "all"}}})
	page, err := e.app.Alerts(ctx, app.AlertQuery{})
	require.NoError(t, err)
	require.Empty(t, page.Items)
	require.NoError(t, e.app.RevokeIntakeKey(ctx, e.key.ID))
	require.Equal(t, http.StatusNotFound, e.post(e.key.Path+"generic", sound).Code, "a revoked key says no more than one that never was")
}

// What no database column and no page takes is cleaned or cut: an alert is not lost for its words.
func TestStrangeWordsAreKept(t *testing.T) {
	t.Parallel()
	e := setup(t)
	told := e.post(e.key.Path+"generic", `{"key": "disk\u0000", "status": "firing", "title": "Disk\u0000 \u202eis full\n", "description": "a\u0000b\nc",
		"severity": "`+strings.Repeat("x", 500)+`", "labels": {"a\u0000": "\u0000", "b": "\ud800"}, "configuration_item": "db\u0000", "link": "\u0007"}`)
	require.Equal(t, http.StatusAccepted, told.Code, told.Body.String())
	ctx := app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}}})
	page, err := e.app.Alerts(ctx, app.AlertQuery{Firing: true, Service: "mail"})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, "a b\nc", page.Items[0].Description)
}
