package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The bare side: the least that a durable process with a row in PostgreSQL can be. It is started with an update that waits
// for a local activity of two inserts in one transaction; a command is an update with the same activity.

const (
	bareQueue  = "bench"
	bareFirst  = "first"
	bareUpdate = "update"
	bareRows   = "rows"
	taskTime   = 5 * time.Second
)

// bareSide is the worker's state: the lateness of timers, by process.
type bareSide struct {
	bench *bench
	mu    sync.Mutex
	late  []time.Duration
}

func (b *bench) startBare(ctx context.Context) (worker.Worker, error) {
	for _, statement := range []string{
		`CREATE SCHEMA bench`,
		`CREATE TABLE bench.records (id text, version bigint, state text, at timestamptz)`,
		`CREATE TABLE bench.events (id text, version bigint, data jsonb, at timestamptz)`,
	} {
		if _, err := b.db.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("make the bare side's tables: %w", err)
		}
	}
	side := &bareSide{bench: b}
	w := worker.New(b.temporal, bareQueue, worker.Options{MaxConcurrentWorkflowTaskPollers: 8, MaxConcurrentActivityTaskPollers: 2})
	w.RegisterWorkflow(bareProcess)
	w.RegisterWorkflow(bareTimer)
	w.RegisterActivityWithOptions(side.rows, activity.RegisterOptions{Name: bareRows})
	bareLate = side
	return w, w.Start()
}

// bareLate is where the deadlines' measurement finds the bare side's lateness.
var bareLate *bareSide

// rows inserts two rows in one transaction; with a due time it notes how late it is.
func (s *bareSide) rows(ctx context.Context, id string, due time.Time) error {
	tx, err := s.bench.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after a commit
	if _, err := tx.ExecContext(ctx, `INSERT INTO bench.records VALUES (?, 1, 'open', now())`, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO bench.events VALUES (?, 1, '{"a": 1}', now())`, id); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if !due.IsZero() {
		late := time.Since(due)
		s.mu.Lock()
		s.late = append(s.late, late)
		s.mu.Unlock()
	}
	return nil
}

func bareProcess(ctx workflow.Context) error {
	done := false
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 2 * time.Second})
	if err := workflow.SetUpdateHandler(ctx, bareFirst, func(ctx workflow.Context) error {
		return workflow.Await(ctx, func() bool { return done })
	}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandler(ctx, bareUpdate, func(ctx workflow.Context) error {
		local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 2 * time.Second})
		return workflow.ExecuteLocalActivity(local, bareRows, id, time.Time{}).Get(ctx, nil)
	}); err != nil {
		return err
	}
	if err := workflow.ExecuteLocalActivity(local, bareRows, id, time.Time{}).Get(ctx, nil); err != nil {
		return err
	}
	done = true
	workflow.GetSignalChannel(ctx, "end").Receive(ctx, nil)
	return nil
}

// bareTimer waits for one instant and then inserts its rows.
func bareTimer(ctx workflow.Context, due time.Time) error {
	if err := workflow.Sleep(ctx, due.Sub(workflow.Now(ctx))); err != nil {
		return err
	}
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 2 * time.Second})
	return workflow.ExecuteLocalActivity(local, bareRows, workflow.GetInfo(ctx).WorkflowExecution.ID, due).Get(ctx, nil)
}

func (b *bench) startOneBare(ctx context.Context) (string, error) {
	id := "bench/" + uuid.NewString()
	start := b.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: bareQueue, WorkflowTaskTimeout: taskTime, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, bareProcess)
	handle, err := b.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateName: bareFirst, UpdateID: id, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return id, err
	}
	return id, handle.Get(ctx, nil)
}

func (b *bench) updateBare(ctx context.Context, id string) error {
	handle, err := b.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: bareUpdate, UpdateID: uuid.NewString(), WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}
