package main

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/command/v1"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// query asks a database for one value.
func query[T any](t *testing.T, address, statement string, arguments ...any) T {
	t.Helper()
	var value T
	connection, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer connection.Close(context.WithoutCancel(t.Context()))
	require.NoError(t, connection.QueryRow(t.Context(), statement, arguments...).Scan(&value))
	return value
}

// write leaves a row in Holdfast's database and a started workflow, both to be found again.
func (e *engine) write(name string) {
	e.t.Helper()
	connection, err := pgx.Connect(e.t.Context(), e.DatabaseURL)
	require.NoError(e.t, err)
	defer connection.Close(context.WithoutCancel(e.t.Context()))
	_, err = connection.Exec(e.t.Context(), `CREATE TABLE IF NOT EXISTS kept (name text)`)
	require.NoError(e.t, err)
	_, err = connection.Exec(e.t.Context(), `INSERT INTO kept VALUES ($1)`, name)
	require.NoError(e.t, err)
	e.startWorkflow(name)
}

// holds says that what write left is there, and takes the workflow to its end.
func (e *engine) holds(name string) {
	e.t.Helper()
	require.True(e.t, query[bool](e.t, e.DatabaseURL, `SELECT EXISTS (SELECT FROM kept WHERE name = $1)`, name))
	e.finishWorkflow(name)
}

func (e *engine) temporal() workflowservice.WorkflowServiceClient {
	e.t.Helper()
	connection, err := grpc.NewClient(e.TemporalAddress, grpc.WithTransportCredentials(credentials.NewTLS(e.secured())))
	require.NoError(e.t, err)
	e.t.Cleanup(func() { require.NoError(e.t, connection.Close()) })
	return workflowservice.NewWorkflowServiceClient(connection)
}

// startWorkflow starts a workflow named as its task queue.
func (e *engine) startWorkflow(name string) {
	e.t.Helper()
	temporal := e.temporal()
	var last error
	require.Eventually(e.t, func() bool {
		ctx, cancel := context.WithTimeout(e.t.Context(), patience/4)
		defer cancel()
		_, last = temporal.StartWorkflowExecution(ctx, &workflowservice.StartWorkflowExecutionRequest{
			Namespace: e.Namespace, WorkflowId: name, RequestId: name, WorkflowType: &common.WorkflowType{Name: name},
			TaskQueue: &taskqueue.TaskQueue{Name: name},
		})
		return last == nil
	}, patience, often, "%v", &last)
}

// finishWorkflow does the one task of a workflow, as a worker would.
func (e *engine) finishWorkflow(name string) {
	e.t.Helper()
	temporal := e.temporal()
	eventually(e.t, func() bool {
		ctx, cancel := context.WithTimeout(e.t.Context(), 10*time.Second)
		defer cancel()
		task, err := temporal.PollWorkflowTaskQueue(ctx, &workflowservice.PollWorkflowTaskQueueRequest{
			Namespace: e.Namespace, TaskQueue: &taskqueue.TaskQueue{Name: name}, Identity: "test",
		})
		if err != nil || len(task.GetTaskToken()) == 0 {
			return false
		}
		_, err = temporal.RespondWorkflowTaskCompleted(ctx, &workflowservice.RespondWorkflowTaskCompletedRequest{
			Namespace: e.Namespace, TaskToken: task.GetTaskToken(), Identity: "test",
			Commands: []*command.Command{{
				CommandType: enums.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
				Attributes: &command.Command_CompleteWorkflowExecutionCommandAttributes{
					CompleteWorkflowExecutionCommandAttributes: &command.CompleteWorkflowExecutionCommandAttributes{},
				},
			}},
		})
		return err == nil
	}, "the workflow gets no task")
	described, err := temporal.DescribeWorkflowExecution(e.t.Context(), &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: e.Namespace, Execution: &common.WorkflowExecution{WorkflowId: name},
	})
	require.NoError(e.t, err)
	require.Equal(e.t, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, described.GetWorkflowExecutionInfo().GetStatus())
}
