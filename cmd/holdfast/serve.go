package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/server"
	"github.com/holdfast-itsm/holdfast/server/api"
	"github.com/holdfast-itsm/holdfast/server/docs"
	"github.com/holdfast-itsm/holdfast/server/ical"
	"github.com/holdfast-itsm/holdfast/server/intake"
	"github.com/holdfast-itsm/holdfast/server/presses"
	"github.com/holdfast-itsm/holdfast/server/web"
)

type serverCommand struct {
	config.Database `embed:""`
	config.Temporal `embed:""`
	config.HTTP     `embed:""`
	config.Storage  `embed:""`
	config.Networks `embed:""`
	config.Log      `embed:""`
}

// Run serves until a signal comes.
func (c *serverCommand) Run(ctx context.Context, io streams) error {
	log, err := telemetry.NewLog(io.err, c.Log.Level, c.Log.Format)
	if err != nil {
		return err
	}
	s, err := newSite(c.Database, c.Temporal, log)
	if err != nil {
		return err
	}
	defer s.close()
	service, err := s.application(attachmentsFolder(c.Storage), c.Networks, s.hints.Wake)
	if err != nil {
		return err
	}
	go notify(ctx, service.DB, s.hints)
	go s.sweep(ctx, service)
	handler, err := s.handler(service, c.HTTP)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	log.Info("serving", "address", "http://"+listener.Addr().String())
	return s.serve(ctx, listener, handler)
}

const sweepPause = 24 * time.Hour

// sweep removes what broken uploads left behind and sign-ins that are long over, now and every day, until ctx ends.
func (s *site) sweep(ctx context.Context, service *app.App) {
	for {
		if err := service.ForgetSignIns(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "old sign-ins could not be removed; tomorrow again", "error", err)
		}
		swept, err := service.SweepAttachments(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.WarnContext(ctx, "the attachments could not be swept; tomorrow again", "error", err)
		case swept > 0:
			s.log.InfoContext(ctx, "removed content of attachments that nobody knows", "files", swept)
		}
		if !pause(ctx, sweepPause) {
			return
		}
	}
}

// handler puts all faces of the server onto one gin engine.
func (s *site) handler(service *app.App, faces config.HTTP) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.ContextWithFallback = true
	if err := engine.SetTrustedProxies(faces.TrustedProxies); err != nil {
		return nil, fmt.Errorf("--trusted-proxies: %w", err)
	}
	engine.RemoteIPHeaders = []string{"X-Forwarded-For"} // proxies replace others less often
	engine.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, fault any) {
		s.log.ErrorContext(c, "a request met a fault", "path", c.FullPath(), "fault", fmt.Sprint(fault))
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	engine.GET("/healthz", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "alive"}) })
	engine.GET("/readyz", func(c *gin.Context) {
		parts, status := s.parts(c, service.DB)
		c.JSON(status, parts)
	})
	engine.GET("/metrics", gin.WrapH(telemetry.Handler(s.registry, s.log)))
	var busy server.Busy
	api.Mount(engine, api.Dependencies{Service: service, Authenticate: service.Authenticate, Busy: &busy, Log: s.log})
	if err := docs.Mount(engine); err != nil {
		return nil, err
	}
	presses.Mount(engine, presses.Dependencies{Presses: service, Busy: &busy, Log: s.log})
	intake.Mount(engine, intake.Dependencies{Intake: service, Busy: &busy, Log: s.log})
	ical.Mount(engine, ical.Dependencies{Read: service.ReadFeed, ReadChanges: service.ReadChangeFeed, Busy: &busy, PublicURL: faces.PublicURL})
	err := web.Mount(engine, web.Dependencies{
		Service: service, SignIns: service, Links: service, Busy: &busy, Log: s.log, Version: version(), PublicURL: faces.PublicURL,
		Now: service.Clock.Now, Pages: service, Metrics: s.metrics,
	})
	if err != nil {
		return nil, fmt.Errorf("mount the pages: %w", err)
	}
	return server.InTime(engine), nil
}

// readyTime bounds each check of readiness.
const readyTime = 2 * time.Second

// parts says of everything that work needs whether it is there, and nothing of how it is configured.
func (s *site) parts(ctx context.Context, db *bun.DB) (parts map[string]string, status int) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	parts, status = map[string]string{"database": "ready", "migrations": "ready", "temporal": "ready"}, http.StatusOK
	fail := func(part, state string) { parts[part], status = state, http.StatusServiceUnavailable }
	switch err := pg.Migrated(ctx, db, schemas.Migrations()); {
	case errors.Is(err, pg.ErrNewerSchema):
		parts["migrations"] = "newer" // a release runs beside the next one
	case err != nil:
		fail("migrations", "not ready")
		if pg.Transient(err) || ctx.Err() != nil {
			fail("database", "away")
		}
	}
	if _, err := s.temporal.CheckHealth(ctx, nil); err != nil {
		fail("temporal", "away")
	}
	return parts, status
}

const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	drainTime  = 10 * time.Second
)

// serve answers requests until ctx ends, then lets those under way finish. Live streams end with ctx.
func (s *site) serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	faces := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: 64 << 10,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	streamsEnd, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	faces.BaseContext = func(net.Listener) context.Context { return streamsEnd }
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := faces.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-groupCtx.Done()
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		time.AfterFunc(time.Second, endStreams) // commands take milliseconds; what is left then is a stream
		if err := faces.Shutdown(bounded); err != nil {
			return errors.Join(fmt.Errorf("ending the last requests: %w", err), faces.Close())
		}
		return nil
	})
	return group.Wait()
}

type workerCommand struct {
	config.Database `embed:""`
	config.Temporal `embed:""`
	config.Outside  `embed:""`
	config.Log      `embed:""`
	PublicURL       string `name:"public-url" env:"HOLDFAST_PUBLIC_URL" config:"" placeholder:"URL" help:"Where people reach Holdfast from outside, for links in messages; without it, messages have none."`
	Metrics         string `name:"metrics-listen" env:"HOLDFAST_METRICS_LISTEN" config:"" placeholder:"HOST:PORT" help:"Address that serves /metrics, /healthz and /readyz of this worker; none where not set."`
}

// Run works until a signal comes.
func (c *workerCommand) Run(ctx context.Context, io streams) error {
	log, err := telemetry.NewLog(io.err, c.Log.Level, c.Log.Format)
	if err != nil {
		return err
	}
	s, err := newSite(c.Database, c.Temporal, log)
	if err != nil {
		return err
	}
	defer s.close()
	if s.ways, err = openWays(c.Outside, c.PublicURL); err != nil {
		return err
	}
	db, err := s.pool(pg.Worker)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	var polls atomic.Bool
	group.Go(func() error { return s.work(ctx, db, func() { polls.Store(true) }) })
	if c.Metrics != "" {
		listener, err := net.Listen("tcp", c.Metrics)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", c.Metrics, err)
		}
		group.Go(func() error { return s.serve(ctx, listener, s.workerHandler(db, &polls)) })
	}
	return group.Wait()
}

// workerHandler tells of a worker: that it lives, whether it can work, and its figures.
func (s *site) workerHandler(db *bun.DB, polls *atomic.Bool) http.Handler {
	tell := func(w http.ResponseWriter, status int, what map[string]string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(what); err != nil {
			s.log.Debug("an answer could not be sent", "error", err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", telemetry.Handler(s.registry, s.log))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		parts, status := s.parts(r.Context(), db)
		parts["worker"] = "ready"
		if !polls.Load() {
			parts["worker"], status = "not ready", http.StatusServiceUnavailable
		}
		tell(w, status, parts)
	})
	return mux
}

const workRetry = time.Second

// work runs a worker and starts it again whenever it could not go on: a database or a Temporal that is away comes back.
// working is called each time that it begins to poll.
func (s *site) work(ctx context.Context, db *bun.DB, working func()) error {
	for {
		err := s.newWorker(db).Run(ctx, working)
		if ctx.Err() != nil {
			return nil
		}
		s.log.Warn("the worker stopped and is started again", "error", err)
		if !pause(ctx, workRetry) {
			return nil
		}
	}
}
