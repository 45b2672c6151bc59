package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
)

// turnBound bounds one try to open what a turn is for.
const turnBound = 30 * time.Second

// Cadence is one turn of a cadence: Temporal's schedule starts it, at the turn or, after an outage, late. It has what the turn is for
// opened, for as long as it takes. Which turn it is, the schedule says; whether that is the newest one, the activity finds.
func Cadence(ctx workflow.Context, of domain.CadenceStart) (domain.TurnReport, error) {
	at, known := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledStart)
	if !known {
		return domain.TurnReport{}, temporal.NewNonRetryableApplicationError("it was not started by a schedule", MissingType, errors.New("no scheduled time"))
	}
	options := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: domain.QueueOutside, StartToCloseTimeout: turnBound,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	})
	var report domain.TurnReport
	err := workflow.ExecuteActivity(options, domain.ActivityTurn, domain.CadenceTurn{Name: of.Name, At: at.UTC()}).Get(options, &report)
	return report, err
}

// scheduledStart is where Temporal writes which time a schedule started a workflow for.
var scheduledStart = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")
