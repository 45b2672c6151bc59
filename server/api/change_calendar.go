package api

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

// changeCalendar mounts when changes may be made, and the addresses at which calendars read when they are.
func (a *API) changeCalendar() {
	register(a, operation(http.MethodGet, "/change-windows", "list-change-windows", "Freezes and maintenance windows that have a moment in a span, earliest first", "Changes", app.PermissionPolicyRead),
		func(ctx context.Context, in *struct {
			From time.Time `query:"from" required:"true"`
			To   time.Time `query:"to" required:"true" doc:"Excluded; at most a year after from"`
		},
		) (*list[app.WindowView], error) {
			return listed(a.Service.ChangeWindows(ctx, window.Span{From: in.From, To: in.To}))
		})
	read := app.PermissionChangeRead
	register(a, operation(http.MethodGet, "/change-feeds", "list-change-feeds", "My addresses of the change calendar, without their secrets", "Changes", read),
		func(ctx context.Context, _ *struct{}) (*list[app.Feed], error) {
			return listed(a.Service.ChangeFeeds(ctx))
		})
	create := operation(http.MethodPost, "/change-feeds", "make-change-feed", "Make an address of the change calendar; it is told once, and the one before works no more", "Changes", read)
	create.DefaultStatus = http.StatusCreated
	register(a, create, func(ctx context.Context, in *struct {
		Body struct {
			Service string `json:"service,omitempty" maxLength:"100" doc:"Left out: the changes of all services"`
		}
	},
	) (*answer[app.NewFeed], error) {
		return answered(a.Service.MakeChangeFeed(ctx, in.Body.Service))
	})
	register(a, operation(http.MethodDelete, "/change-feeds/{id}", "revoke-change-feed", "End an address of the change calendar at once", "Changes", read),
		func(ctx context.Context, in *ByFeed) (*struct{}, error) {
			return &struct{}{}, a.Service.RevokeChangeFeed(ctx, in.ID)
		})
}
