package workflows_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// Of every kind of process there is a recorded life, and each of them would notice a process that does one thing more: without, the
// gate would let by what it is there for.
func TestEveryProcessHasAHistoryThatHoldsIt(t *testing.T) {
	t.Parallel()
	lives := map[string][]string{}
	files, err := filepath.Glob("testdata/histories/*.json.gz")
	require.NoError(t, err)
	for _, file := range files {
		kind := read(t, file).Events[0].GetWorkflowExecutionStartedEventAttributes().WorkflowType.Name
		lives[kind] = append(lives[kind], file)
	}
	registered := &hasty{}
	workflows.Register(registered)
	require.NotEmpty(t, registered.kinds)
	for _, kind := range registered.kinds {
		require.NotEmpty(t, lives[kind], "no recorded history of %s: make histories records one", kind)
		for _, file := range lives[kind] {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json.gz"), func(t *testing.T) {
				t.Parallel()
				recorded := read(t, file)
				replayer := worker.NewWorkflowReplayer()
				workflows.Register(&hasty{into: replayer})
				id := recorded.Events[0].GetWorkflowExecutionStartedEventAttributes().WorkflowId
				require.ErrorContains(t, replayer.ReplayWorkflowHistoryWithOptions(temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)), recorded,
					worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}), "TMPRL1100", "as not deterministic")
			})
		}
	}
}

// hasty registers every process so that it sets a timer before all else; without a registry it only notes their kinds.
type hasty struct {
	into  workflows.Registry
	kinds []string
}

// RegisterWorkflowWithOptions implements workflows.Registry.
func (h *hasty) RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions) {
	h.kinds = append(h.kinds, options.Name)
	if h.into == nil {
		return
	}
	switch w := w.(type) {
	case func(workflow.Context, domain.Start) error:
		h.into.RegisterWorkflowWithOptions(timerFirst(w), options)
	case func(workflow.Context, domain.DeliveryStart) error:
		h.into.RegisterWorkflowWithOptions(timerFirst(w), options)
	case func(workflow.Context, domain.CadenceStart) (domain.TurnReport, error):
		h.into.RegisterWorkflowWithOptions(func(ctx workflow.Context, of domain.CadenceStart) (domain.TurnReport, error) {
			workflow.NewTimer(ctx, time.Hour)
			return w(ctx, of)
		}, options)
	default:
		panic(options.Name + " is of a kind that this test does not know")
	}
}

func timerFirst[S any](process func(workflow.Context, S) error) func(workflow.Context, S) error {
	return func(ctx workflow.Context, start S) error {
		workflow.NewTimer(ctx, time.Hour)
		return process(ctx, start)
	}
}
