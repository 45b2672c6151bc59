package api

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
)

// plannedWork registers what everybody is told of changes that users will notice.
func (a *API) plannedWork() {
	register(a, operation(http.MethodGet, "/planned-work", "list-planned-work", "Work that users will notice: services, window, what to expect, and nothing else of the changes",
		"Changes", app.PermissionChangeRead),
		func(ctx context.Context, in *struct {
			Service string `query:"service" maxLength:"100" doc:"Of one service; left out: of all"`
			Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
		},
		) (*list[app.PlannedWork], error) {
			return listed(a.Service.PlannedWork(ctx, in.Service, in.Limit))
		})
}
