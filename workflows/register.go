package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// Registry takes workflows; a Temporal worker is one.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register makes every lifecycle known to a worker, under the name of its practice. Records outlive builds, so a run moves
// to whatever build is current.
func Register(registry Registry) {
	registry.RegisterWorkflowWithOptions(Incident, workflow.RegisterOptions{
		Name: string(domain.Incident), VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	})
	registry.RegisterWorkflowWithOptions(Change, workflow.RegisterOptions{
		Name: string(change.Practice), VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	})
	registry.RegisterWorkflowWithOptions(Delivery, workflow.RegisterOptions{
		Name: domain.WorkflowDelivery, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	})
	registry.RegisterWorkflowWithOptions(Meeting, workflow.RegisterOptions{
		Name: string(meeting.Practice), VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	})
	registry.RegisterWorkflowWithOptions(Cadence, workflow.RegisterOptions{
		Name: domain.WorkflowCadence, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	})
	registry.RegisterWorkflowWithOptions(Escalation, workflow.RegisterOptions{
		Name: string(escalation.Practice), VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	})
}
