package server

import "context"

// The first is made up, the second handed on.
func ask(ctx context.Context) (context.Context, context.Context) {
	return context.Background(), context.WithoutCancel(ctx)
}
func later() context.Context { return context.TODO() }
