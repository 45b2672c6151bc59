package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/test/store"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// turned plays one turn of a cadence, whose activity fails so often before it answers.
func turned(t *testing.T, failures int, attributes ...temporal.SearchAttributeUpdate) (env *testsuite.TestWorkflowEnvironment, taken *[]domain.CadenceTurn) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env = suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(patience)
	workflows.Register(env)
	taken = &[]domain.CadenceTurn{}
	env.RegisterActivityWithOptions(func(_ context.Context, turn domain.CadenceTurn) (domain.TurnReport, error) {
		*taken = append(*taken, turn)
		if len(*taken) <= failures {
			return domain.TurnReport{}, errors.New("the database is away")
		}
		return domain.TurnReport{Outcome: domain.TurnOpened, Turn: "2100-03-03T14:00"}, nil
	}, activity.RegisterOptions{Name: domain.ActivityTurn})
	require.NoError(t, env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(attributes...)))
	env.SetStartTime(store.Instant(monday))
	env.ExecuteWorkflow(domain.WorkflowCadence, domain.CadenceStart{Name: "weekly-cab"})
	require.True(t, env.IsWorkflowCompleted())
	return env, taken
}

// A turn is tried again until it is taken, and is of the moment that the schedule names, however late that is.
func TestATurnIsTriedUntilItIsTaken(t *testing.T) {
	t.Parallel()
	scheduled := temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")
	at := store.Instant("2100-02-24T13:00:00Z")
	env, taken := turned(t, 5, scheduled.ValueSet(at))
	require.NoError(t, env.GetWorkflowError())
	var report domain.TurnReport
	require.NoError(t, env.GetWorkflowResult(&report))
	require.Equal(t, domain.TurnOpened, report.Outcome)
	require.Len(t, *taken, 6)
	require.Equal(t, domain.CadenceTurn{Name: "weekly-cab", At: at}, (*taken)[5])
	require.Equal(t, 31*time.Second, env.Now().Sub(store.Instant(monday)), "after 1, 2, 4, 8 and 16 seconds")
}

func TestATurnThatNoScheduleStartedFails(t *testing.T) {
	t.Parallel()
	env, taken := turned(t, 0)
	require.ErrorContains(t, env.GetWorkflowError(), "it was not started by a schedule")
	require.Empty(t, *taken)
}
