package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// TestAWorkerTellsPartByPartWhatItIsWaitingFor: its container is not healthy, and no server starts, before it can work.
func TestAWorkerTellsPartByPartWhatItIsWaitingFor(t *testing.T) {
	t.Parallel()
	ask := func(database store.DB, polls bool, path string) (int, string) {
		s, err := newSite(config.Database{URL: database.URL, Pool: 2}, config.Temporal{Address: "127.0.0.1:1", Namespace: "holdfast"}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		defer s.close()
		db, err := s.pool(pg.Worker)
		require.NoError(t, err)
		var polling atomic.Bool
		polling.Store(polls)
		answer := httptest.NewRecorder()
		s.workerHandler(db, &polling).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer.Code, answer.Body.String()
	}

	status, said := ask(store.Database(t), true, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"database": "ready", "migrations": "ready", "temporal": "away", "worker": "ready"}`, said)

	status, said = ask(store.EmptyDatabase(t), false, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, said, `"migrations":"not ready"`)
	require.Contains(t, said, `"worker":"not ready"`)

	newer := store.Database(t)
	_, err := newer.Owner(t).NewRaw(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (90001, true)`).Exec(t.Context())
	require.NoError(t, err)
	_, said = ask(newer, true, "/readyz")
	require.JSONEq(t, `{"database": "ready", "migrations": "newer", "temporal": "away", "worker": "ready"}`, said)

	status, said = ask(store.Database(t), false, "/healthz")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"status": "alive"}`, said)

	status, said = ask(store.Database(t), false, "/metrics")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, said, "holdfast_deadline_lateness_seconds")
}
