package main

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
)

type doctorCommand struct {
	config.Database `embed:""`
	config.Temporal `embed:""`
	config.Log      `embed:""`
	Sample          int           `default:"200" help:"How many open records' processes are compared with their rows."`
	Grace           time.Duration `default:"1m" help:"How late a deadline or a message may be before it is a fault."`
	Resync          bool          `help:"After a restore: tell the process of every record that waits for something to read its row again, and let live readers see what was restored."`
	Requeue         bool          `help:"Queue the messages anew that were given up, after what stopped them is mended."`
}

// mostFaults bounds what one check prints.
const mostFaults = 100

// Run checks, prints every fault, and fails where there is one.
func (c *doctorCommand) Run(ctx context.Context, io streams) error {
	log, err := telemetry.NewLog(io.err, c.Log.Level, c.Log.Format)
	if err != nil {
		return err
	}
	s, err := newSite(c.Database, c.Temporal, log)
	if err != nil {
		return err
	}
	defer s.close()
	db, err := s.pool(pg.Worker)
	if err != nil {
		return err
	}
	if err := pg.Migrated(ctx, db, schemas.Migrations()); err != nil {
		return err
	}
	if err := c.mend(ctx, io, s, db); err != nil {
		return err
	}
	total := 0
	for _, check := range []struct {
		name string
		run  func(context.Context, *bun.DB) ([]schemas.Fault, error)
	}{
		{"timelines", func(ctx context.Context, db *bun.DB) ([]schemas.Fault, error) {
			return schemas.CheckChains(ctx, db, mostFaults)
		}},
		{"rows", func(ctx context.Context, db *bun.DB) ([]schemas.Fault, error) {
			return schemas.CheckRows(ctx, db, time.Now(), c.Grace, mostFaults)
		}},
		{"processes", func(ctx context.Context, db *bun.DB) ([]schemas.Fault, error) {
			return s.checkProcesses(ctx, db, c.Sample)
		}},
	} {
		faults, err := check.run(ctx, db)
		if err != nil {
			return err
		}
		total += len(faults)
		fmt.Fprintf(io.out, "%-11s %s\n", check.name, counted(len(faults)))
		for _, fault := range faults {
			fmt.Fprintf(io.out, "  %s %s: %s\n", fault.Number, fault.Record, fault.What)
		}
	}
	if total > 0 {
		return silent{exitFailed}
	}
	return nil
}

// mend does what was asked for, before the checks.
func (c *doctorCommand) mend(ctx context.Context, io streams, s *site, db *bun.DB) error {
	if c.Resync {
		owner, err := s.pool(pg.Owner)
		if err != nil {
			return err
		}
		events, err := schemas.RestoreStream(ctx, owner)
		if err != nil {
			return err
		}
		count, err := s.resync(ctx, db)
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "resync      %d processes told to read their rows again, %d events shown to live readers\n", count, events)
	}
	if c.Requeue {
		count, err := schemas.RequeueFailed(ctx, db, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "requeue     %d messages queued anew\n", count)
	}
	return nil
}

func counted(faults int) string {
	switch {
	case faults == 0:
		return "sound"
	case faults == 1:
		return "1 fault"
	case faults >= mostFaults:
		return fmt.Sprintf("%d faults or more", faults)
	}
	return fmt.Sprintf("%d faults", faults)
}

// checkProcesses compares the memory of some records' workflows with their rows. A process that is at work in between may
// differ for a moment, so a difference counts when it stays.
func (s *site) checkProcesses(ctx context.Context, db *bun.DB, sample int) ([]schemas.Fault, error) {
	records, err := schemas.ActiveSample(ctx, db, sample)
	if err != nil {
		return nil, err
	}
	var faults []schemas.Fault
	for _, record := range records {
		what, err := s.differs(ctx, db, record)
		for attempt := 0; err == nil && what != "" && attempt < 5; attempt++ {
			if !pause(ctx, 200*time.Millisecond) {
				return nil, ctx.Err()
			}
			what, err = s.differs(ctx, db, record)
		}
		if err != nil {
			return nil, err
		}
		if what != "" {
			faults = append(faults, schemas.Fault{Record: record.ID, Number: record.Number, What: what})
		}
	}
	return faults, nil
}

// queryTime bounds one question to a workflow; a worker that has to replay it first needs a moment.
const queryTime = 10 * time.Second

func (s *site) differs(ctx context.Context, db *bun.DB, record domain.Record) (string, error) {
	head, exists, err := schemas.ReadHead(ctx, db, record.ID)
	if err != nil {
		return "", err
	}
	if !exists {
		return "its row is gone", nil
	}
	bounded, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	value, err := s.temporal.QueryWorkflow(bounded, domain.WorkflowID(record.Practice, record.ID), "", domain.QueryView)
	if err != nil {
		return "its process does not answer: " + err.Error(), ctx.Err()
	}
	var view domain.View
	if err := value.Get(&view); err != nil {
		return "", fmt.Errorf("read the memory of %s: %w", record.Number, err)
	}
	if view.Version != head.Version || view.State != head.State || !sameInstant(view.WakeAt, head.WakeAt) {
		return fmt.Sprintf("its process knows version %d (%s, waits for %s), its row is at %d (%s, waits for %s)",
			view.Version, view.State, instant(view.WakeAt), head.Version, head.State, instant(head.WakeAt)), nil
	}
	return "", nil
}

func sameInstant(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func instant(at *time.Time) string {
	if at == nil {
		return "nothing"
	}
	return at.UTC().Format(time.RFC3339)
}

// resync sends adopt to every record that a process should stand behind.
func (s *site) resync(ctx context.Context, db *bun.DB) (int, error) {
	const page = 500
	count, after := 0, ""
	for {
		targets, err := schemas.ChangedSince(ctx, db, time.Time{}, after, page)
		if err != nil {
			return count, err
		}
		for _, target := range targets {
			if err := s.door.Adopt(ctx, target.Practice, target.Record); err != nil {
				return count, fmt.Errorf("tell the process of %s: %w", target.Record, err)
			}
			after = target.Record
			count++
		}
		if len(targets) < page {
			return count, nil
		}
	}
}
