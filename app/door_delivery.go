package app

import (
	"context"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// Wake tells a destination's process that something may be due there; a destination without one gets it.
func (d *Door) Wake(ctx context.Context, destination string) error {
	start := domain.DeliveryStart{Destination: destination, Logic: workflows.StartLogic}
	_, err := d.Temporal.SignalWithStartWorkflow(ctx, domain.DeliveryID(destination), domain.SignalWake, nil, client.StartWorkflowOptions{
		TaskQueue: domain.QueueRecords, WorkflowTaskTimeout: taskTimeout, WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, domain.WorkflowDelivery, start)
	return doorError(err)
}
