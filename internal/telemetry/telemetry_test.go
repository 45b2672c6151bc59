package telemetry

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLogWritesFromItsLevelInItsFormat(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := NewLog(&out, "warn", "json")
	require.NoError(t, err)
	log.Info("quiet")
	log.Warn("loud", "record", "INC-000001")

	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line), "one line: %s", out.String())
	require.Equal(t, "loud", line["msg"])
	require.Equal(t, "INC-000001", line["record"])

	out.Reset()
	log, err = NewLog(&out, "debug", "text")
	require.NoError(t, err)
	log.Debug("told")
	require.Contains(t, out.String(), "level=DEBUG msg=told")
}

func TestLogRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	_, err := NewLog(&bytes.Buffer{}, "loud", "text")
	require.ErrorContains(t, err, `"loud" is not debug, info, warn or error`)
	_, err = NewLog(&bytes.Buffer{}, "info", "xml")
	require.ErrorContains(t, err, `"xml" is not text or json`)
}

func TestHandlerServesTheProcessAndOurFigures(t *testing.T) {
	t.Parallel()
	log, err := NewLog(&bytes.Buffer{}, "info", "text")
	require.NoError(t, err)
	registry := NewRegistry()
	metrics := NewMetrics(registry)
	metrics.Decided("incident", "assign", "applied", 3*time.Millisecond)
	metrics.DeadlineHandled(200 * time.Millisecond)
	metrics.Relayed("message", "sent")

	answer := httptest.NewRecorder()
	Handler(registry, log).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	for _, line := range []string{
		`holdfast_commands_total{command="assign",outcome="applied",practice="incident"} 1`,
		`holdfast_apply_seconds_bucket{practice="incident",le="0.005"} 1`,
		`holdfast_apply_seconds_bucket{practice="incident",le="0.0025"} 0`,
		`holdfast_deadline_lateness_seconds_bucket{le="0.25"} 1`,
		`holdfast_relayed_total{kind="message",outcome="sent"} 1`,
		`go_goroutines `,
	} {
		require.Contains(t, answer.Body.String(), line)
	}
}

func TestTwoRegistriesDoNotMeet(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() {
		NewMetrics(NewRegistry())
		NewMetrics(NewRegistry())
	})
}

func TestQuietPassesWhatMattersAndEverythingAtDebug(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]int{"info": 2, "warn": 2, "error": 1, "debug": 4} {
		var out strings.Builder
		log, err := NewLog(&out, level, "text")
		require.NoError(t, err)
		quiet := Quiet(log).With("part", "library").WithGroup("more")
		quiet.Debug("said")
		quiet.Info("said")
		quiet.Warn("said")
		quiet.Error("said")
		require.Equal(t, want, strings.Count(out.String(), "part=library"), level)
	}
}
