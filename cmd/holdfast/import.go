package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// importCommands bring records of other systems in.
type importCommands struct {
	Incidents importIncidentsCommand `cmd:"" help:"Import incidents with their whole past from a CSV audit, plain or gzip."`
}

type importIncidentsCommand struct {
	auditFile       `embed:""`
	config.Database `embed:""`
	config.Temporal `embed:""`
	config.Log      `embed:""`
	DryRun          bool   `help:"Read the file and report; write nothing. Without a database, by the default policies."`
	Rejects         string `default:"rejects.csv" placeholder:"FILE" help:"Where rows go that cannot be read, with line and reason; written only where there are any."`
	By              string `default:"import" placeholder:"NAME" help:"Whose name stands on the timeline as the importer's."`
}

// The shape of the work: transactions large enough to be cheap and small enough to be lost lightly.
const (
	importBatch   = 200
	importWriters = 2
)

// Run reads the file, writes in batches, and reports. Given again it goes on where it ended: what is here is left alone.
func (c *importIncidentsCommand) Run(ctx context.Context, io streams, output *outputFlags) error {
	log, err := telemetry.NewLog(io.err, c.Log.Level, c.Log.Format)
	if err != nil {
		return err
	}
	if c.URL == "" && !c.DryRun {
		return misusef("--database-url (HOLDFAST_DATABASE_URL) is needed: where are the rows?")
	}
	run := &importRun{
		printer: newPrinter(*output, io), command: c, started: time.Now(), refused: []refusedIncident{}, states: map[domain.State]int{},
		rejects: &rejectsFile{path: c.Rejects}, named: map[string]bool{}, teams: map[string]bool{},
	}
	vocabulary, err := defaultVocabulary()
	if c.URL != "" {
		service, done, openErr := installer(c.URL, log)
		if openErr != nil {
			return openErr
		}
		defer done()
		run.service = service
		vocabulary, err = importmap.VocabularyOf(func(kind, name string) (policy.Document, error) {
			return service.Policy(system(ctx), kind, name, 0)
		})
	}
	if err != nil {
		return err
	}
	if !c.DryRun {
		done, err := run.write(ctx, log)
		if err != nil {
			return err
		}
		defer done()
	}
	if err := run.file(ctx, vocabulary); err != nil {
		return err
	}
	if err := run.adopt(ctx, log); err != nil {
		return err
	}
	return run.report()
}

// importRun is one import on its way.
type importRun struct {
	printer
	command    *importIncidentsCommand
	service    *app.App
	activities *activities.Activities // nil: a dry run
	started    time.Time

	rejects         *rejectsFile
	rows, incidents int
	named           map[string]bool // people introduced already
	teams           map[string]bool
	people          int

	mu             sync.Mutex
	written, known int
	waiting        []string
	refused        []refusedIncident
	states         map[domain.State]int
}

// write opens the database for writing, once it has this release's tables.
func (r *importRun) write(ctx context.Context, log *slog.Logger) (done func() error, err error) {
	db, err := pg.Open(r.command.URL, pg.Worker, importWriters)
	if err != nil {
		return nil, err
	}
	if err := pg.Migrated(ctx, db, schemas.Migrations()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	r.activities = activities.New(activities.Dependencies{
		DB: db, Clock: wallClock{}, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
		Transient: pg.Transient, Constraint: pg.Constraint, Log: log,
	})
	return db.Close, nil
}

// file reads the whole file and hands batches to the writers.
func (r *importRun) file(ctx context.Context, vocabulary importmap.Vocabulary) error {
	source, err := r.command.open()
	if err != nil {
		return err
	}
	defer source.close()
	progress := r.progress("importing", source.size, bytesUnit)
	defer progress.end()
	reader, err := source.read(vocabulary, progress, r.rejects.add)
	if err != nil {
		return err
	}
	r.rejects.header = reader.Header()
	writers, writing := errgroup.WithContext(ctx)
	writers.SetLimit(importWriters)
	readErr := r.read(writing, reader, writers)
	if err := writers.Wait(); err != nil {
		readErr = err
	}
	r.rows = reader.Rows()
	if err := errors.Join(readErr, r.rejects.close()); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted after %d incidents; run it again to go on", r.written+r.known)
		}
		return err
	}
	return nil
}

// batch is what one transaction writes.
type batch struct {
	pasts []incident.Past
	lines map[string]int // number → line of the incident's first row
	names importmap.Names
}

func newBatch() *batch {
	return &batch{lines: map[string]int{}, names: importmap.Names{People: map[string]string{}, Teams: map[string]string{}}}
}

func (b *batch) add(group importmap.Group) {
	maps.Copy(b.names.People, group.Names.People)
	maps.Copy(b.names.Teams, group.Names.Teams)
	b.lines[group.Number] = group.Line
	b.pasts = append(b.pasts, group.Past)
}

// read makes batches until the file ends, or a writer failed.
func (r *importRun) read(ctx context.Context, reader *importmap.Reader, writers *errgroup.Group) error {
	next := newBatch()
	give := func() error {
		full := next
		next = newBatch()
		if len(full.pasts) == 0 || r.activities == nil {
			return nil
		}
		if err := r.introduce(ctx, full.names); err != nil {
			return err
		}
		writers.Go(func() error { return r.batch(ctx, full) })
		return nil
	}
	for group, err := range incidentsOf(ctx, reader) {
		if err != nil {
			return err
		}
		r.incidents++
		r.states[group.Snapshots[len(group.Snapshots)-1].State]++
		if next.add(group); len(next.pasts) == importBatch {
			if err := give(); err != nil {
				return err
			}
		}
	}
	return give()
}

// introduce makes inactive accounts and empty teams for names that come up the first time.
func (r *importRun) introduce(ctx context.Context, names importmap.Names) error {
	people := map[string]string{}
	for handle, name := range names.People {
		if !r.named[handle] {
			people[handle], r.named[handle] = name, true
		}
	}
	added, err := r.service.Introduce(system(ctx), people)
	if err != nil {
		return err
	}
	r.people += added
	var documents []policy.Document
	for _, handle := range slices.Sorted(maps.Keys(names.Teams)) {
		if r.teams[handle] {
			continue
		}
		r.teams[handle] = true
		spec, err := json.Marshal(policy.Team{Title: names.Teams[handle], Members: []string{}})
		if err != nil {
			return fmt.Errorf("introduce the team %s: %w", handle, err)
		}
		documents = append(documents, policy.Document{Kind: policy.KindTeam, Name: handle, Spec: spec})
	}
	return installMissing(ctx, r.service, documents, "named in "+r.command.File)
}

// batch imports one batch.
func (r *importRun) batch(ctx context.Context, batch *batch) error {
	done, err := r.activities.Import(ctx, batch.pasts, domain.Actor{Kind: domain.ActorMachine, Name: r.command.By})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written += done.Written
	r.known += done.Known
	r.waiting = append(r.waiting, done.Waiting...)
	for number, why := range done.Refused {
		r.refused = append(r.refused, refusedIncident{Number: number, Line: batch.lines[number], Reason: why})
	}
	return nil
}

// adopt gives every incident that is not over its process, which keeps its deadlines.
func (r *importRun) adopt(ctx context.Context, log *slog.Logger) error {
	if len(r.waiting) == 0 {
		return nil
	}
	if r.command.Address == "" {
		return r.hint("%d incidents are not over, and --temporal-address is not set: start their processes with holdfast doctor --resync", len(r.waiting))
	}
	s, err := newSite(r.command.Database, r.command.Temporal, log)
	if err != nil {
		return err
	}
	defer s.close()
	for _, id := range r.waiting {
		if err := s.door.Adopt(ctx, domain.Incident, id); err != nil {
			return fmt.Errorf("start the process of %s (run it again to go on): %w", id, err)
		}
	}
	return nil
}
