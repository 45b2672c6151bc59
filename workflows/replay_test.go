package workflows_test

import (
	"compress/gzip"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/workflows"
)

// Every recorded life must replay: runs that began under an older build go on under this one. Where this fails, the sequence
// of Temporal commands has changed, which needs a new version of Logic; make histories then records those of the new one
// beside the old ones.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/histories/*.json.gz")
	require.NoError(t, err)
	require.NotEmpty(t, files, "no recorded histories: make histories records them")
	seen := &kinds{}
	t.Run("each", func(t *testing.T) {
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json.gz"), func(t *testing.T) {
				t.Parallel()
				recorded := read(t, file)
				seen.add(recorded)
				replayer := worker.NewWorkflowReplayer()
				workflows.Register(replayer)
				id := recorded.Events[0].GetWorkflowExecutionStartedEventAttributes().WorkflowId
				require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)), recorded,
					worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}))
			})
		}
	})
	// A gate that has nothing to hold holds nothing: together, the histories tell of all that a run goes through.
	seen.mustHave(t,
		enums.EVENT_TYPE_TIMER_FIRED, enums.EVENT_TYPE_TIMER_CANCELED, enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, enums.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
}

func read(t *testing.T, path string) *history.History {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	text, err := gzip.NewReader(file)
	require.NoError(t, err)
	recorded, err := client.HistoryFromJSON(text, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return recorded
}

// kinds are the types of events that were seen.
type kinds struct {
	mu   sync.Mutex
	seen map[enums.EventType]bool
}

func (k *kinds) add(recorded *history.History) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil {
		k.seen = map[enums.EventType]bool{}
	}
	for _, event := range recorded.Events {
		k.seen[event.EventType] = true
	}
}

func (k *kinds) mustHave(t *testing.T, wanted ...enums.EventType) {
	t.Helper()
	for _, kind := range wanted {
		require.True(t, k.seen[kind], "no history has %s", kind)
	}
}
