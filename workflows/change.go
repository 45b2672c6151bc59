package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Change is the life of one change, from its draft to its closure. Assessing, voting, waiting for the window, carrying out and
// watching are commands and deadlines (domain/change); nothing of it is driven beyond them, so the kernel is the whole process.
func Change(ctx workflow.Context, start domain.Start) error {
	mustKnow(start)
	return (&record{start: start}).run(ctx)
}
