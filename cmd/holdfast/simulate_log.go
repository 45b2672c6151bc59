package main

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// simulatedBatch is how many incidents of a log are handed on at once.
const simulatedBatch = 200

// simulateLog reads a log as import does, and simulates its incidents as they would be here.
func (c *simulateCommand) simulateLog(ctx context.Context, s *session, present, proposed []policy.Document) (simulated, error) {
	found := simulated{Until: s.now().UTC().Truncate(time.Millisecond)}
	run, err := newLogSimulation(present, proposed, found.Until)
	if err != nil {
		return found, err
	}
	run.since, run.until = s.moment(c.Since), s.moment(c.Until)
	source, err := auditFile{File: c.Log, Map: c.Map}.open()
	if err != nil {
		return found, err
	}
	defer source.close()
	source.m.Keep = nil // what the log had beside our fields decides nothing
	progress := s.progress("simulating", source.size, bytesUnit)
	defer progress.end()
	reader, err := source.read(run.vocabulary, progress, func(importmap.Reject) { found.Rejected++ })
	if err != nil {
		return found, err
	}
	workers, working := errgroup.WithContext(ctx)
	batches := make(chan []importmap.Group, runtime.GOMAXPROCS(0))
	reports := make([]simulation.Report, runtime.GOMAXPROCS(0))
	for i := range reports {
		workers.Go(func() (err error) {
			reports[i], err = run.work(batches)
			return err
		})
	}
	workers.Go(func() error { return run.read(working, reader, batches) })
	if err := workers.Wait(); err != nil {
		return found, err
	}
	found.Join(reports...)
	return found, nil
}

// logSimulation is what the incidents of a log are read and simulated by.
type logSimulation struct {
	vocabulary   importmap.Vocabulary
	comparison   simulation.Comparison
	since, until *time.Time // of the opening
}

// newLogSimulation lets documents stand before those that come with Holdfast.
func newLogSimulation(present, proposed []policy.Document, until time.Time) (*logSimulation, error) {
	defaults, err := policyfile.Defaults()
	if err != nil {
		return nil, err
	}
	now := simulation.Overlay(defaults, present)
	run := &logSimulation{comparison: simulation.Comparison{Until: until}}
	if run.vocabulary, err = importmap.VocabularyOf(importmap.Among(now)); err != nil {
		return nil, err
	}
	run.comparison.Present, run.comparison.Proposed, err = simulation.Sides(now, proposed, simulation.Tools{
		CompileCalendar: policyfile.CompileCalendar, Language: &policyfile.Evaluator{},
	})
	return run, err
}

// read hands the log's incidents on in batches, until it ends or somebody failed.
func (r *logSimulation) read(ctx context.Context, reader *importmap.Reader, batches chan<- []importmap.Group) error {
	defer close(batches)
	var batch []importmap.Group
	for group, err := range incidentsOf(ctx, reader) {
		if err != nil {
			return err
		}
		if r.since != nil && group.OpenedAt.Before(*r.since) || r.until != nil && !group.OpenedAt.Before(*r.until) {
			continue
		}
		if batch = append(batch, group); len(batch) < simulatedBatch {
			continue
		}
		select {
		case batches <- batch:
			batch = nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case batches <- batch:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// work simulates batches until there are no more.
func (r *logSimulation) work(batches <-chan []importmap.Group) (simulation.Report, error) {
	var tally simulation.Tally
	for batch := range batches {
		for _, group := range batch {
			verdicts, err := r.one(group.Past)
			if err != nil {
				return simulation.Report{}, err
			}
			tally.Add(verdicts)
		}
	}
	return tally.Report(), nil
}

// one simulates an incident as import would write it.
func (r *logSimulation) one(past incident.Past) ([]simulation.Verdict, error) {
	facts := incident.Facts{Matrix: r.vocabulary.Matrix, Timing: incident.DefaultTiming()}
	made, events, err := incident.Recount(past, facts, domain.Actor{Kind: domain.ActorMachine, Name: "simulate"}, r.comparison.Until)
	if err != nil {
		return nil, err
	}
	told, err := simulation.Incident(made, simulation.LinesOf(events), r.vocabulary.HoldReasons)
	if err != nil {
		return nil, err
	}
	return r.comparison.Compare(told)
}
