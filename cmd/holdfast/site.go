package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/slack"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/worker"
)

// site is what the parts of one process share: pools, the Temporal client, log and figures.
type site struct {
	database config.Database
	log      *slog.Logger
	registry *prometheus.Registry
	metrics  *telemetry.Metrics
	temporal client.Client
	door     *app.Door
	pools    []*bun.DB
	hints    *worker.Hints
	notices  *worker.Hints
	ways     ways
}

// wallClock is the time of the machine. Only processes have it; everything below is given it.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// newSite prepares connections; none is made before it is used, so a process starts while the others are still away.
func newSite(database config.Database, temporal config.Temporal, log *slog.Logger) (*site, error) {
	if database.URL == "" {
		return nil, fmt.Errorf("--database-url (HOLDFAST_DATABASE_URL) is needed: where are the rows?")
	}
	if temporal.Address == "" {
		return nil, fmt.Errorf("--temporal-address (TEMPORAL_ADDRESS) is needed: where is Temporal?")
	}
	secured, err := temporal.TLS()
	if err != nil {
		return nil, err
	}
	options := client.Options{
		HostPort: temporal.Address, Namespace: temporal.Namespace, Identity: processName(),
		Logger: temporallog.NewStructuredLogger(telemetry.Quiet(log).With("part", "temporal")),
		// Commands are small and Temporal is near: compressing them cost a twelfth of this process's work.
		ConnectionOptions: client.ConnectionOptions{TLS: secured, GrpcCompression: &client.GrpcCompressionNone{}},
	}
	if temporal.APIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(temporal.APIKey)
	}
	connection, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("preparing the connection to Temporal: %w", err)
	}
	registry := telemetry.NewRegistry()
	return &site{
		database: database, log: log, registry: registry, metrics: telemetry.NewMetrics(registry),
		temporal: connection, door: &app.Door{Temporal: connection}, hints: worker.NewHints(), notices: worker.NewHints(),
	}, nil
}

// pool opens a pool under a role; close ends all of them.
func (s *site) pool(role string, options ...pg.Option) (*bun.DB, error) {
	db, err := pg.Open(s.database.URL, role, s.database.Pool, options...)
	if err != nil {
		return nil, err
	}
	s.pools = append(s.pools, db)
	return db, nil
}

func (s *site) close() {
	for _, db := range s.pools {
		if err := db.Close(); err != nil {
			s.log.Warn("a pool did not close cleanly", "error", err)
		}
	}
	s.temporal.Close()
}

// application makes the application layer under its role.
func (s *site) application(attachments string, networks config.Networks, posted func()) (*app.App, error) {
	db, err := s.pool(pg.App)
	if err != nil {
		return nil, err
	}
	allowed, err := webhook.ParseNetworks(networks.Allowed)
	if err != nil {
		return nil, fmt.Errorf("--webhook-networks: %w", err)
	}
	blobs, err := app.OpenFolder(attachments)
	if err != nil {
		return nil, err
	}
	return app.New(app.Dependencies{
		DB: db, Door: s.door, Clock: wallClock{}, Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient,
		Posted: posted, Replies: slack.NewReplies(allowed), Log: s.log,
	}), nil
}

// newWorker makes a worker under its role.
func (s *site) newWorker(db *bun.DB) *worker.Worker {
	return worker.New(worker.Dependencies{
		Temporal: s.temporal, Door: s.door, DB: db, Clock: wallClock{}, Log: s.log, Metrics: s.metrics, Name: processName(), Hints: s.hints,
		Listen: s.listen, Notices: s.notices, MailVia: s.ways.mailVia,
		Activities: activities.New(activities.Dependencies{
			DB: db, Clock: wallClock{}, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
			Transient: pg.Transient, Constraint: pg.Constraint, Committed: s.hints.Wake, Noticed: s.notices.Wake,
			Carriers: s.ways.carriers, Delivered: s.metrics.Delivered, Log: s.log,
		}),
	})
}

// processName tells processes apart: the host and the process's number.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// attachmentsFolder is where attachments lie.
func attachmentsFolder(storage config.Storage) string {
	if storage.Attachments != "" {
		return storage.Attachments
	}
	return filepath.Join(storage.Data, "attachments")
}

// pause waits, and answers false when ctx ended.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
