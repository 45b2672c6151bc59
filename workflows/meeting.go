package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Meeting is the life of one meeting of a change advisory board. Its cut-off, its time and its end are deadlines (domain/meeting), so
// the kernel is the whole process.
func Meeting(ctx workflow.Context, start domain.Start) error {
	mustKnow(start)
	return (&record{start: start}).run(ctx)
}
