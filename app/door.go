package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// Way is how commands come to their records: the Door, where workers run.
type Way interface {
	// Send gives a command to its record and waits for the decision.
	Send(ctx context.Context, command domain.Command) (domain.Result, error)
	// Adopt tells whatever stands behind a record that its row may have changed.
	Adopt(ctx context.Context, practice domain.Practice, record string) error
}

// Door is the one way to a record: through its workflow, which takes one command at a time. People's commands, timers'
// and other records' messages all come through it.
type Door struct {
	Temporal client.Client
	turns    turns
}

// ErrDoorClosed says that no decision came in time: no worker, or Temporal away. The command may still be applied.
var ErrDoorClosed = errors.New("the record's workflow did not answer")

// notReadyPause is the pause before a workflow that was just ending one run is asked again.
const notReadyPause = 20 * time.Millisecond

// Send gives a command to its record and waits for the decision.
//
// Every sending is an update of its own: Temporal repeats what an update id was once answered, a refusal or a fault too, and
// those may have passed. That a command is applied once is held by its row in commands, not by Temporal.
func (d *Door) Send(ctx context.Context, command domain.Command) (domain.Result, error) {
	leave, err := d.turns.take(ctx, command.Record)
	if err != nil {
		return domain.Result{}, errors.Join(ErrDoorClosed, err)
	}
	defer leave()
	updateID := command.ID + "/" + uuid.NewString()
	for {
		result, err := d.send(ctx, command, updateID)
		var notReady *serviceerror.WorkflowNotReady
		if !errors.As(err, &notReady) {
			return result, err
		}
		select {
		case <-ctx.Done():
			return result, err
		case <-time.After(notReadyPause):
		}
	}
}

func (d *Door) send(ctx context.Context, command domain.Command, updateID string) (domain.Result, error) {
	if command.Opens() {
		return d.open(ctx, command, updateID)
	}
	handle, err := d.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: domain.WorkflowID(command.Practice, command.Record), UpdateName: domain.UpdateCommand, UpdateID: updateID,
		Args: []any{command}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		result, err := answer(ctx, handle)
		if !gone(err) {
			return result, doorError(err)
		}
	} else if !gone(err) {
		return domain.Result{}, doorError(err)
	}
	return d.adopt(ctx, command, updateID)
}

// open starts a record's workflow with the command that opens it and awaits that command's outcome. The same command can
// never open two records: the record's id is made from the command's. A run that was not started with it says that the record
// is open already.
func (d *Door) open(ctx context.Context, command domain.Command, updateID string) (domain.Result, error) {
	start := domain.Start{Practice: command.Practice, Record: command.Record, Logic: workflows.StartLogic, First: &command}
	handle, err := d.startAndUpdate(ctx, start, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY, client.UpdateWorkflowOptions{
		UpdateName: domain.UpdateFirst, UpdateID: updateID, Args: []any{command.Digest},
	})
	if err != nil {
		return domain.Result{}, doorError(err)
	}
	result, err := answer(ctx, handle)
	if err == nil && result.Outcome == domain.Repeated {
		return result, ErrOpenedBefore
	}
	return result, doorError(err)
}

// adopt starts a workflow for a row that has none and gives it the command.
func (d *Door) adopt(ctx context.Context, command domain.Command, updateID string) (domain.Result, error) {
	start := domain.Start{Practice: command.Practice, Record: command.Record, Logic: workflows.StartLogic}
	handle, err := d.startAndUpdate(ctx, start, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, client.UpdateWorkflowOptions{
		UpdateName: domain.UpdateCommand, UpdateID: updateID, Args: []any{command},
	})
	if err != nil {
		return domain.Result{}, doorError(err)
	}
	result, err := answer(ctx, handle)
	return result, doorError(err)
}

func (d *Door) startAndUpdate(ctx context.Context, start domain.Start, reuse enums.WorkflowIdReusePolicy, update client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	id := domain.WorkflowID(start.Practice, start.Record)
	operation := d.Temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: domain.QueueRecords, WorkflowIDReusePolicy: reuse, WorkflowTaskTimeout: taskTimeout,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, string(start.Practice), start)
	update.WorkflowID = id
	update.WaitForStage = client.WorkflowUpdateStageCompleted
	return d.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{StartWorkflowOperation: operation, UpdateOptions: update})
}

// Adopt tells a record's workflow that its row may be ahead of its memory; a record without a running workflow gets one.
func (d *Door) Adopt(ctx context.Context, practice domain.Practice, record string) error {
	start := domain.Start{Practice: practice, Record: record, Logic: workflows.StartLogic}
	_, err := d.Temporal.SignalWithStartWorkflow(ctx, domain.WorkflowID(practice, record), domain.SignalAdopt, nil, client.StartWorkflowOptions{
		TaskQueue: domain.QueueRecords, WorkflowTaskTimeout: taskTimeout, WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, string(practice), start)
	return doorError(err)
}

// taskTimeout bounds one workflow task: when a worker dies, another takes the task up after this.
const taskTimeout = workflows.TaskTimeout

func answer(ctx context.Context, handle client.WorkflowUpdateHandle) (domain.Result, error) {
	var result domain.Result
	err := handle.Get(ctx, &result)
	return result, err
}

// gone reports that no run of the workflow is there to answer.
func gone(err error) bool {
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return true
	}
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.Type() == "AcceptedUpdateCompletedWorkflow"
}

// doorError sorts what came back: a fault that Apply reported is internal and has changed nothing, everything else means that
// no decision came.
func doorError(err error) error {
	if err == nil {
		return nil
	}
	var application *temporal.ApplicationError
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case errors.As(err, &application) && application.Type() == domain.FaultType:
		return domain.Errorf(domain.CodeInternal, "an internal fault stopped this command; nothing was changed")
	case errors.As(err, &started):
		return ErrOpenedBefore
	}
	return errors.Join(ErrDoorClosed, err)
}

// ErrOpenedBefore says that the record was opened by the same command before, and its workflow has ended; the outcome is stored.
var ErrOpenedBefore = errors.New("opened before")
