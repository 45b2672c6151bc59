package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// simulatedRecords is the size of the log that simulations are measured against elsewhere.
const simulatedRecords = 24_918

// simulatedPolicies are what is in force, with a placeholder for what is proposed otherwise.
const simulatedPolicies = `kind: Calendar
name: default
spec:
  timezone: Europe/Berlin
  weekly: {mon: ["08:00-18:00"], tue: ["08:00-18:00"], wed: ["08:00-18:00"], thu: ["08:00-18:00"], fri: ["08:00-18:00"]}
---
kind: SLA
name: gold
spec:
  applies_to: record.category != "none"
  targets: {response: {"1": 15m, "2": 30m, "3": 4h, "4": 1wd}, resolution: {"1": 4h, "2": 8h, "3": %s, "4": 5wd}}
  pause_on: {reasons: [awaiting_requester]}
  thresholds: [{metric: resolution, at: 75%%, do: [{notify: [assignee]}]}]
`

// simulations measures how many incidents a second live again under two agreements, on all processors and without a database.
func (b *bench) simulations(ctx context.Context) error {
	comparison, err := twoAgreements()
	if err != nil {
		return err
	}
	lives := make([]*simulation.Case, simulatedRecords)
	for i := range lives {
		lives[i] = life(i)
	}
	began, share := time.Now(), runtime.GOMAXPROCS(0)
	workers, working := errgroup.WithContext(ctx)
	for worker := range share {
		workers.Go(func() error {
			var tally simulation.Tally
			for i := worker; i < len(lives) && working.Err() == nil; i += share {
				verdicts, err := comparison.Compare(lives[i])
				if err != nil {
					return err
				}
				tally.Add(verdicts)
			}
			return working.Err()
		})
	}
	if err := workers.Wait(); err != nil {
		return fmt.Errorf("simulating: %w", err)
	}
	b.row(fmt.Sprintf("simulate %d incidents under two agreements", simulatedRecords), share, number(simulatedRecords/time.Since(began).Seconds()), "", "")
	return nil
}

// twoAgreements differ in what they promise to most incidents.
func twoAgreements() (*simulation.Comparison, error) {
	var sides [2][]policy.Document
	for i, target := range []string{"3wd", "2wd"} {
		trees, err := policyfile.ParseTrees("bench", fmt.Appendf(nil, simulatedPolicies, target))
		if err != nil {
			return nil, err
		}
		for _, tree := range trees {
			document, err := tree.Document()
			if err != nil {
				return nil, err
			}
			sides[i] = append(sides[i], document)
		}
	}
	now, then, err := simulation.Sides(sides[0], sides[1], simulation.Tools{
		CompileCalendar: policyfile.CompileCalendar, Language: &policyfile.Evaluator{},
	})
	return &simulation.Comparison{Present: now, Proposed: then, Until: time.Now()}, err
}

// life is an incident as most are: started, held, given on, resolved and closed, after times that differ from one to the next.
func life(i int) *simulation.Case {
	record := simulation.Record{Practice: "incident", Title: "Mail is down", Category: "mail", Team: "desk", Rating: simulation.Rating{Priority: 2 + i%3}}
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 7 * time.Minute)
	one := &simulation.Case{ID: fmt.Sprint(i), Number: fmt.Sprintf("INC-%06d", i), Team: "desk", Priority: record.Rating.Priority, Opened: record}
	for step, event := range []sla.Event{
		sla.EventOpened, sla.EventStart, sla.EventAssign, sla.EventHold, sla.EventStart, sla.EventResolve, sla.EventClose,
	} {
		one.Steps = append(one.Steps, simulation.Step{Moment: sla.Moment{At: at, Event: event, Team: "desk", Reason: "awaiting_requester", Silent: step > 1}, Record: &record})
		at = at.Add(time.Duration(i*(step+3)%600) * time.Minute)
	}
	return one
}
