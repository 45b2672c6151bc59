// Package workflows holds the durable processes: they wait, order and drive. What a record is stands in its row; a workflow
// remembers only the view that Apply answered last. record.go is the kernel, the one generic file; every other file is one
// lifecycle, readable from top to bottom.
package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Incident is the life of one incident, from log to close. Everything that can happen to it is a command or a deadline
// (domain/incident); it needs nothing driven beyond them, so the kernel is the whole process.
func Incident(ctx workflow.Context, start domain.Start) error {
	mustKnow(start)
	return (&record{start: start}).run(ctx)
}
