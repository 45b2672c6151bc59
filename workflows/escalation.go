package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Escalation is the life of one escalation: it calls one step of its policy after the other until somebody acknowledges, the
// record needs nobody any more, or every step was in vain. Who is called is looked up when a step is taken (domain/escalation);
// the pages themselves leave by the outbox, so that a slow receiver never delays the next step.
func Escalation(ctx workflow.Context, start domain.Start) error {
	mustKnow(start)
	return (&record{start: start}).run(ctx)
}
