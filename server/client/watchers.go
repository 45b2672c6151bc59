package client

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
)

// Watchers lists who watches an incident.
func (c *client) Watchers(ctx context.Context, reference string) ([]app.Watcher, error) {
	return c.watchersOf(ctx, http.MethodGet, incidents, reference)
}

// Watch puts somebody on the list of watchers.
func (c *client) Watch(ctx context.Context, reference, person string) ([]app.Watcher, error) {
	return c.watchersOf(ctx, http.MethodPut, incidents, reference, myself(person))
}

// Unwatch takes somebody off the list of watchers.
func (c *client) Unwatch(ctx context.Context, reference, person string) ([]app.Watcher, error) {
	return c.watchersOf(ctx, http.MethodDelete, incidents, reference, myself(person))
}

// ChangeWatchers lists who watches a change.
func (c *client) ChangeWatchers(ctx context.Context, reference string) ([]app.Watcher, error) {
	return c.watchersOf(ctx, http.MethodGet, changes, reference)
}

// WatchChange puts somebody on a change's list of watchers.
func (c *client) WatchChange(ctx context.Context, reference, person string) ([]app.Watcher, error) {
	return c.watchersOf(ctx, http.MethodPut, changes, reference, myself(person))
}

// UnwatchChange takes somebody off a change's list of watchers.
func (c *client) UnwatchChange(ctx context.Context, reference, person string) ([]app.Watcher, error) {
	return c.watchersOf(ctx, http.MethodDelete, changes, reference, myself(person))
}

func (c *client) watchersOf(ctx context.Context, method, of, reference string, person ...string) ([]app.Watcher, error) {
	return list[app.Watcher](ctx, c, call{method: method, path: append([]string{of, reference, "watchers"}, person...)})
}
