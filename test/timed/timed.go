// Package timed starts a Holdfast whose time a test sets, so that the stories of the lifecycles hold to the second on a real engine:
// engine and command line are the real programs, worker and server run within the test and are given its clock.
package timed

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/server"
	"github.com/holdfast-itsm/holdfast/server/api"
	"github.com/holdfast-itsm/holdfast/server/intake"
	"github.com/holdfast-itsm/holdfast/server/web"
	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/store"
	"github.com/holdfast-itsm/holdfast/worker"
)

// bound is how long anything may take on a busy machine.
const bound = time.Minute

// Stack is a Holdfast on a clock that stands still until the test moves it.
type Stack struct {
	*kit.Stack
	t        testing.TB
	clock    *store.Clock
	door     *app.Door
	temporal client.Client
	rows     *bun.DB
	log      *slog.Logger
	hints    *worker.Hints
	said     string // the log's name
	stop     func()
}

// Up starts one at an instant (RFC 3339), with the documents that every installation starts with, and an administrator.
func Up(t testing.TB, now string) *Stack {
	t.Helper()
	s := &Stack{Stack: kit.EngineAlone(t), t: t, clock: store.NewClock(now)}
	s.rows = s.Rows(t)
	said, err := os.Create(filepath.Join(s.Folder, "timed.log"))
	require.NoError(t, err)
	t.Cleanup(func() { kit.ShowLog(t, "worker and server", said.Name()) })
	s.said = said.Name()
	s.log = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelWarn}))
	secured, err := config.Temporal{TemporalFiles: s.TemporalFiles}.TLS()
	require.NoError(t, err)
	s.temporal, err = client.Dial(client.Options{
		HostPort: s.TemporalAddress, Namespace: "holdfast", ConnectionOptions: client.ConnectionOptions{TLS: secured},
		Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(s.temporal.Close)
	s.door = &app.Door{Temporal: s.temporal}
	s.hints = worker.NewHints()
	s.serve()
	s.Work()
	t.Cleanup(func() { s.Rest() })
	return s
}

// goesOn is the time for what is tried again a moment later: without it, that moment would not come.
type goesOn struct {
	*store.Clock
	since time.Time
}

// Now implements domain.Clock.
func (g goesOn) Now() time.Time { return g.Clock.Now().Add(time.Since(g.since)) }

// Rest stops the worker: what falls due and what is posted waits. Resting already, it does nothing.
func (s *Stack) Rest() { s.stop() }

// Work starts the worker, also after a rest.
func (s *Stack) Work() {
	s.t.Helper()
	s.stop = s.start("timed")
}

// Beside starts a second worker, which works until the test ends or it is told to rest.
func (s *Stack) Beside() (rest func()) {
	s.t.Helper()
	rest = s.start("beside")
	s.t.Cleanup(rest)
	return rest
}

// Said is what the workers and the server have warned of.
func (s *Stack) Said() string {
	s.t.Helper()
	text, err := os.ReadFile(s.said)
	require.NoError(s.t, err)
	return string(text)
}

func (s *Stack) start(name string) (stop func()) {
	s.t.Helper()
	db, err := pg.Open(s.DatabaseURL, pg.Worker, 8)
	require.NoError(s.t, err)
	notices := worker.NewHints()
	works := worker.New(worker.Dependencies{
		Temporal: s.temporal, Door: s.door, DB: db, Clock: goesOn{s.clock, time.Now()}, Log: s.log, Name: name, Hints: s.hints, Notices: notices,
		Metrics: telemetry.NewMetrics(telemetry.NewRegistry()),
		Activities: activities.New(activities.Dependencies{
			DB: db, Clock: s.clock, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
			Transient: pg.Transient, Constraint: pg.Constraint, Committed: s.hints.Wake, Noticed: notices.Wake, Log: s.log,
		}),
	})
	ctx, cancel := context.WithCancel(s.t.Context())
	var ended error
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended = works.Run(ctx, nil)
	}()
	return sync.OnceFunc(func() {
		cancel()
		<-done
		require.NoError(s.t, ended)
		require.NoError(s.t, db.Close())
	})
}

// serve starts the server: API, intake and pages.
func (s *Stack) serve() {
	s.t.Helper()
	db, err := pg.Open(s.DatabaseURL, pg.App, 8)
	require.NoError(s.t, err)
	blobs, err := app.OpenFolder(filepath.Join(s.Folder, "attachments"))
	require.NoError(s.t, err)
	service := app.New(app.Dependencies{
		DB: db, Door: s.door, Clock: s.clock, Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient, Posted: s.hints.Wake, Log: s.log,
	})
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.ContextWithFallback = true
	var busy server.Busy
	api.Mount(engine, api.Dependencies{Service: service, Authenticate: service.Authenticate, Busy: &busy, Log: s.log})
	intake.Mount(engine, intake.Dependencies{Intake: service, Busy: &busy, Log: s.log})
	require.NoError(s.t, web.Mount(engine, web.Dependencies{
		Service: service, SignIns: service, Links: service, Busy: &busy, Log: s.log, Version: "timed", Now: s.clock.Now, Pages: service,
		Metrics: telemetry.NewMetrics(telemetry.NewRegistry()),
	}))
	faces := httptest.NewServer(server.InTime(engine))
	s.URL, s.URLs = faces.URL, []string{faces.URL}
	s.t.Cleanup(func() {
		faces.CloseClientConnections()
		faces.Close()
		require.NoError(s.t, db.Close())
	})
}

// Now is the instant that the clock shows.
func (s *Stack) Now() time.Time { return s.clock.Now() }

// Pass moves the clock to an instant and waits for nothing.
func (s *Stack) Pass(now time.Time) { s.clock.SetTo(now) }

// At moves the clock to an instant, and waits until what falls due until then has been handled.
func (s *Stack) At(now time.Time) {
	s.t.Helper()
	s.clock.SetTo(now)
	s.Settle()
}

// Settle waits until nothing is due and no message is under way. The engine's timers do not know the test's clock: each record that
// something is due of is told to read its row, as after an outage.
func (s *Stack) Settle() {
	s.t.Helper()
	var told []adopted
	kit.Eventually(s.t, bound, func() bool {
		ctx := s.t.Context()
		var due []adopted
		require.NoError(s.t, s.rows.NewRaw(`SELECT id::text AS record, practice, version FROM records WHERE wake_at <= ?`, s.clock.Now()).Scan(ctx, &due))
		for _, one := range due {
			if !slices.Contains(told, one) {
				require.NoError(s.t, s.door.Adopt(ctx, one.Practice, one.Record))
				told = append(told, one)
			}
		}
		var pending int
		require.NoError(s.t, s.rows.NewRaw(`SELECT count(*) FROM messages WHERE state = 'pending'`).Scan(ctx, &pending))
		return len(due) == 0 && pending == 0
	}, "everything is handled that is due at %s", s.clock.Now())
}

// adopted is a record at a version.
type adopted struct {
	Record   string          `bun:"record"`
	Practice domain.Practice `bun:"practice"`
	Version  int64           `bun:"version"`
}
