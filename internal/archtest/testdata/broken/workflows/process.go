// Package workflows has a comment.
package workflows

import (
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

func run(ctx workflow.Context, c client.Client) time.Time {
	workflow.Go(ctx, func(workflow.Context) {})
	go c.Close()
	return workflow.Now(ctx)
}
