package integration

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// dial reaches the system's Temporal, as an operator does.
func dial(t *testing.T, s *kit.Stack) client.Client {
	t.Helper()
	secured, err := config.Temporal{TemporalFiles: s.TemporalFiles}.TLS()
	require.NoError(t, err)
	temporal, err := client.Dial(client.Options{
		HostPort: s.TemporalAddress, Namespace: "holdfast", ConnectionOptions: client.ConnectionOptions{TLS: secured},
		Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	return temporal
}

// A run that an operator cancels ends at once, though a deadline lies ahead; the next command starts one that adopts the row.
func canceledProcess(t *testing.T, s *kit.Stack) {
	agent, temporal := s.As(t, "bo"), dial(t, s)
	incident := log(agent, "Its process is canceled", nil)
	id := domain.WorkflowID(domain.Incident, incident["id"].(string))
	first, err := temporal.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	run := first.WorkflowExecutionInfo.Execution.RunId
	require.NoError(t, temporal.CancelWorkflow(t.Context(), id, run))
	kit.Eventually(t, messageBound, func() bool {
		told, err := temporal.DescribeWorkflowExecution(t.Context(), id, run)
		require.NoError(t, err)
		return told.WorkflowExecutionInfo.Status == enums.WORKFLOW_EXECUTION_STATUS_CANCELED
	}, "it ends")
	incident = give(agent, incident, "start", object{})
	require.Equal(t, "in_progress", incident["state"])
	next, err := temporal.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	require.NotEqual(t, run, next.WorkflowExecutionInfo.Execution.RunId)
	require.Equal(t, enums.WORKFLOW_EXECUTION_STATUS_RUNNING, next.WorkflowExecutionInfo.Status)
}

// A process of a newer build stops at its first task, with a version of Logic that this one does not know. It stays open for
// a worker that does, nothing is decided for its record meanwhile, and no other record waits for it.
func messagesPastAStuckProcess(t *testing.T, s *kit.Stack) {
	agent, m := s.As(t, "bo"), openMailbox(t, s)
	temporal := dial(t, s)
	stuck := log(agent, "Its process is of a newer build", nil)
	id := domain.WorkflowID(domain.Incident, stuck["id"].(string))
	require.NoError(t, temporal.TerminateWorkflow(t.Context(), id, "", "another build takes over"))
	run, err := temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: domain.QueueRecords, WorkflowTaskTimeout: workflows.TaskTimeout,
	}, string(domain.Incident), domain.Start{Practice: domain.Incident, Record: stuck["id"].(string), Logic: workflows.LogicNewest + 1})
	require.NoError(t, err)
	kit.Eventually(t, messageBound, func() bool {
		told, err := temporal.DescribeWorkflowExecution(t.Context(), id, run.GetRunID())
		require.NoError(t, err)
		require.Equal(t, enums.WORKFLOW_EXECUTION_STATUS_RUNNING, told.WorkflowExecutionInfo.Status)
		return told.PendingWorkflowTask != nil && told.PendingWorkflowTask.Attempt > 1
	}, "its task is tried again")

	beside := log(agent, "Beside it", nil)
	waiting := m.edits(stuck["id"].(string), inOrder...)
	kit.Eventually(t, messageBound, func() bool { return m.read(waiting[0]).NextAt.After(m.read(waiting[0]).ReceivedAt) }, "it is on its way")
	m.becomes(schemas.MessageDelivered, m.edits(beside["id"].(string), "zero")...)
	require.Zero(t, m.read(waiting[0]).Attempts, "it is on its way still")
	require.Equal(t, schemas.MessagePending, m.read(waiting[0]).State)
	m.becomes(schemas.MessageDelivered, m.edits(beside["id"].(string), inOrder...)...)
	require.Equal(t, append([]string{"zero"}, inOrder...), categories(agent, beside))

	require.NoError(t, temporal.TerminateWorkflow(t.Context(), id, run.GetRunID(), "this build takes over"))
	m.becomes(schemas.MessageDelivered, waiting...)
	require.Equal(t, inOrder, categories(agent, stuck))
}
