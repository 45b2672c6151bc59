package api

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
)

// ByWatcher names somebody who watches a record, or is to.
type ByWatcher struct {
	ByRecord
	Person string `path:"person" maxLength:"100" doc:"A handle, or me"`
}

// watchers are who is told of everything that happens to the records of one practice.
type watchers struct {
	// path leads to a record, of names the practice in the ids of operations, and tag is the group that they stand in.
	path, of, tag string
	read          app.Permission

	list           func(service app.Service, ctx context.Context, reference string) ([]app.Watcher, error)
	watch, unwatch func(service app.Service, ctx context.Context, reference, person string) ([]app.Watcher, error)
}

// watchers registers the list of watchers of one practice.
func (a *API) watchers(w watchers) {
	before, after := "", ""
	if w.of != "" {
		before, after = w.of+"-", "-"+w.of
	}
	path := w.path + "/watchers"
	register(a, operation(http.MethodGet, path, "read-"+before+"watchers", "Who watches", w.tag, w.read),
		func(ctx context.Context, in *ByRecord) (*list[app.Watcher], error) {
			return listed(w.list(a.Service, ctx, in.ID))
		})
	register(a, operation(http.MethodPut, path+"/{person}", "watch"+after, "Put somebody on the list of watchers", w.tag, app.PermissionWatch),
		func(ctx context.Context, in *ByWatcher) (*list[app.Watcher], error) {
			return listed(w.watch(a.Service, ctx, in.ID, in.Person))
		})
	register(a, operation(http.MethodDelete, path+"/{person}", "unwatch"+after, "Take somebody off the list of watchers", w.tag, app.PermissionWatch),
		func(ctx context.Context, in *ByWatcher) (*list[app.Watcher], error) {
			return listed(w.unwatch(a.Service, ctx, in.ID, in.Person))
		})
}
