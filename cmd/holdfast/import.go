package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
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

// importFile is what import and replay read.
type importFile struct {
	File string `arg:"" type:"existingfile" help:"CSV file, plain or gzip."`
	Map  string `required:"" type:"existingfile" placeholder:"MAP.yaml" help:"Says which columns and values mean what; examples/import has one."`
}

type importIncidentsCommand struct {
	importFile      `embed:""`
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
func (c *importIncidentsCommand) Run(ctx context.Context, io streams) error {
	log, err := telemetry.NewLog(io.err, c.Log.Level, c.Log.Format)
	if err != nil {
		return err
	}
	if c.URL == "" && !c.DryRun {
		return fmt.Errorf("--database-url (HOLDFAST_DATABASE_URL) is needed: where are the rows?")
	}
	run := &importRun{command: c, streams: io, started: time.Now(), refused: map[string]string{}, states: map[domain.State]int{}}
	vocabulary, err := defaultVocabulary()
	if c.URL != "" {
		service, done, openErr := installer(c.URL, log)
		if openErr != nil {
			return openErr
		}
		defer done()
		run.service = service
		vocabulary, err = vocabularyOf(func(kind, name string) (policy.Document, error) {
			return service.Policy(system(ctx), kind, name, 0)
		})
	}
	if err != nil {
		return err
	}
	if !c.DryRun {
		db, err := pg.Open(c.URL, pg.Worker, importWriters)
		if err != nil {
			return err
		}
		defer db.Close()
		if err := pg.Migrated(ctx, db, schemas.Migrations()); err != nil {
			return err
		}
		run.activities = activities.New(activities.Dependencies{
			DB: db, Clock: wallClock{}, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
			Transient: pg.Transient, Constraint: pg.Constraint, Log: log,
		})
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
	command    *importIncidentsCommand
	streams    streams
	service    *app.App
	activities *activities.Activities
	started    time.Time
	progress   *progress

	rejects         *rejectsFile
	rows, incidents int
	named           map[string]bool // people introduced already
	teams           map[string]bool
	people          int

	mu             sync.Mutex
	written, known int
	waiting        []string
	refused        map[string]string
	states         map[domain.State]int
}

// file reads the whole file and hands batches to the writers.
func (r *importRun) file(ctx context.Context, vocabulary importmap.Vocabulary) error {
	reader, closeFile, err := r.open(vocabulary)
	if err != nil {
		return err
	}
	defer closeFile()
	defer r.progress.end()
	r.named, r.teams = map[string]bool{}, map[string]bool{}
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

func (r *importRun) open(vocabulary importmap.Vocabulary) (*importmap.Reader, func() error, error) {
	content, err := os.ReadFile(r.command.Map)
	if err != nil {
		return nil, nil, fmt.Errorf("read the map: %w", err)
	}
	m, err := importmap.Parse(content)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", r.command.Map, err)
	}
	file, err := os.Open(r.command.File)
	if err != nil {
		return nil, nil, fmt.Errorf("read the file: %w", err)
	}
	if r.progress, err = newProgress(r.streams.err, file); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	unpacked, err := importmap.Open(r.progress.reading(file))
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	r.rejects = &rejectsFile{path: r.command.Rejects}
	reader, err := importmap.NewReader(m, vocabulary, unpacked, r.rejects.add)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", r.command.File, err), file.Close())
	}
	r.rejects.header = reader.Header()
	return reader, file.Close, nil
}

// read makes batches until the file ends, or a writer failed.
func (r *importRun) read(ctx context.Context, reader *importmap.Reader, writers *errgroup.Group) error {
	var batch []incident.Past
	lines := map[string]int{}
	names := importmap.Names{People: map[string]string{}, Teams: map[string]string{}}
	give := func() error {
		if len(batch) == 0 || r.command.DryRun {
			batch = nil
			return nil
		}
		if err := r.introduce(ctx, names); err != nil {
			return err
		}
		full, at := batch, lines
		batch, lines = nil, map[string]int{}
		clear(names.People)
		clear(names.Teams)
		writers.Go(func() error { return r.write(ctx, full, at) })
		return nil
	}
	for ctx.Err() == nil {
		group, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return give()
		}
		if err != nil {
			return err
		}
		r.incidents++
		r.states[group.Snapshots[len(group.Snapshots)-1].State]++
		maps.Copy(names.People, group.Names.People)
		maps.Copy(names.Teams, group.Names.Teams)
		lines[group.Number] = group.Line
		if batch = append(batch, group.Past); len(batch) == importBatch {
			if err := give(); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
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

// write imports one batch.
func (r *importRun) write(ctx context.Context, batch []incident.Past, lines map[string]int) error {
	done, err := r.activities.Import(ctx, batch, domain.Actor{Kind: domain.ActorMachine, Name: r.command.By})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written += done.Written
	r.known += done.Known
	r.waiting = append(r.waiting, done.Waiting...)
	for number, why := range done.Refused {
		r.refused[number] = fmt.Sprintf("line %d: %s", lines[number], why)
	}
	return nil
}

// adopt gives every incident that is not over its process, which keeps its deadlines.
func (r *importRun) adopt(ctx context.Context, log *slog.Logger) error {
	if len(r.waiting) == 0 {
		return nil
	}
	if r.command.Address == "" {
		_, err := fmt.Fprintf(r.streams.err, "%d incidents are not over, and --temporal-address is not set: start their processes with holdfast doctor --resync\n", len(r.waiting))
		return err
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

// report says what was done.
func (r *importRun) report() error {
	out := r.streams.out
	took := time.Since(r.started)
	fmt.Fprintf(out, "%d rows read, %d taken, %d rejected; %d incidents; %s (%.0f rows/s)\n",
		r.rows, r.rows-r.rejects.count, r.rejects.count, r.incidents, took.Round(100*time.Millisecond), float64(r.rows)/took.Seconds())
	for _, state := range slices.Sorted(maps.Keys(r.states)) {
		fmt.Fprintf(out, "  %-12s %d\n", state, r.states[state])
	}
	if !r.command.DryRun {
		fmt.Fprintf(out, "written %d, here before %d, refused %d; %d inactive accounts made; %d not over\n",
			r.written, r.known, len(r.refused), r.people, len(r.waiting))
	}
	for _, number := range slices.Sorted(maps.Keys(r.refused)) {
		fmt.Fprintf(out, "  refused %s, %s\n", number, r.refused[number])
	}
	if r.rejects.count > 0 {
		fmt.Fprintf(out, "rejected rows are in %s, with line and reason\n", r.rejects.path)
	}
	if len(r.refused) > 0 {
		return silent{exitFailed}
	}
	return nil
}

// rejectsFile takes rows that were not imported: line, reason, and the row as it is.
type rejectsFile struct {
	path   string
	header []string
	count  int
	file   *os.File
	writer *csv.Writer
	err    error
}

func (f *rejectsFile) add(reject importmap.Reject) {
	f.count++
	if f.err != nil {
		return
	}
	if f.file == nil {
		if f.file, f.err = os.Create(f.path); f.err != nil {
			return
		}
		f.writer = csv.NewWriter(f.file)
		f.err = f.writer.Write(append([]string{"line", "reason"}, f.header...))
	}
	if f.err == nil {
		f.err = f.writer.Write(append([]string{strconv.Itoa(reject.Line), reject.Reason}, reject.Values...))
	}
}

func (f *rejectsFile) close() error {
	if f.file != nil {
		f.writer.Flush()
		f.err = errors.Join(f.err, f.writer.Error(), f.file.Close())
	}
	if f.err != nil {
		return fmt.Errorf("write the rejected rows: %w", f.err)
	}
	return nil
}
