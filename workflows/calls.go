package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Bounds of one decision. It runs as a local activity first, which costs no history of its own; when the database is slow or
// away it goes on as a regular activity, for as long as it takes.
const (
	localBound   = 2 * time.Second
	attemptBound = 10 * time.Second
	firstPause   = 50 * time.Millisecond
	longestPause = 10 * time.Second
)

func apply(ctx workflow.Context, command domain.Command) (domain.Result, error) {
	var result domain.Result
	err := call(ctx, domain.ActivityApply, &result, command)
	return result, err
}

func look(ctx workflow.Context, practice domain.Practice, record string) (domain.View, error) {
	var view domain.View
	err := call(ctx, domain.ActivityLook, &view, practice, record)
	return view, err
}

// call runs an activity of the records queue: local first, then regular with unlimited attempts. Only what no retry mends
// comes back as an error.
func call(ctx workflow.Context, activity string, into any, args ...any) error {
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: localBound,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: firstPause, BackoffCoefficient: 2, MaximumInterval: time.Second},
	})
	err := workflow.ExecuteLocalActivity(local, activity, args...).Get(local, into)
	if err == nil || final(err) {
		return err
	}
	regular := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: attemptBound,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: firstPause, BackoffCoefficient: 2, MaximumInterval: longestPause},
	})
	return workflow.ExecuteActivity(regular, activity, args...).Get(regular, into)
}

// final reports an error that no retry mends.
func final(err error) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.NonRetryable() || temporal.IsCanceledError(err)
}

// RefusedType marks the failure of a run whose opening command was refused.
const RefusedType = "refused"

func refused(result domain.Result) error {
	return temporal.NewNonRetryableApplicationError("the opening command was refused", RefusedType, nil, result)
}

// MissingType marks the failure of a run that found no row: the record was never opened.
const MissingType = "missing"

func missingRow(record string) error {
	return temporal.NewNonRetryableApplicationError("there is no record "+record, MissingType, nil)
}

// TaskTimeout bounds one workflow task: when a worker dies with a task in hand, another worker takes it up after this.
const TaskTimeout = 5 * time.Second
