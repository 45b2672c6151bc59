package api

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
)

type ByIntakeKey struct {
	ID string `path:"id" maxLength:"64"`
}

// alerts registers what monitoring told, and the keys with which it may. Where alerts are told is not here: that address bears no
// token (package intake).
func (a *API) alerts() {
	register(a, operation(http.MethodGet, "/alerts", "list-alerts", "What monitoring told, the newest first", "Alerts", app.PermissionAlertRead),
		func(ctx context.Context, in *struct {
			Firing   bool   `query:"firing" doc:"Only what still fires"`
			Service  string `query:"service" maxLength:"100"`
			Item     string `query:"item" maxLength:"200" doc:"Those that are about this configuration item: a handle"`
			Held     bool   `query:"held" doc:"Only those that changes hold or held"`
			Change   string `query:"change" maxLength:"64" doc:"Those that this change holds: an id or a number"`
			Incident string `query:"incident" maxLength:"64" doc:"Those that this incident is about: an id or a number"`
			Cursor   string `query:"cursor" maxLength:"500"`
			Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
		},
		) (*answer[app.Page[app.AlertRow]], error) {
			return answered(a.Service.Alerts(ctx, app.AlertQuery{
				Firing: in.Firing, Service: in.Service, Item: in.Item, Held: in.Held, Change: in.Change, Incident: in.Incident, Cursor: in.Cursor,
				Limit: in.Limit,
			}))
		})
	write := app.PermissionIntakeKeyWrite
	register(a, operation(http.MethodGet, "/intake-keys", "list-intake-keys", "The keys of my services, without their secrets", "Alerts", write),
		func(ctx context.Context, _ *struct{}) (*list[app.IntakeKey], error) {
			return listed(a.Service.IntakeKeys(ctx))
		})
	create := operation(http.MethodPost, "/intake-keys", "make-intake-key", "Make a key for a service; its secret is told once", "Alerts", write)
	create.DefaultStatus = http.StatusCreated
	register(a, create, func(ctx context.Context, in *struct{ Body app.IntakeKeyBody }) (*answer[app.NewIntakeKey], error) {
		return answered(a.Service.MakeIntakeKey(ctx, in.Body))
	})
	register(a, operation(http.MethodDelete, "/intake-keys/{id}", "revoke-intake-key", "End a key at once", "Alerts", write),
		func(ctx context.Context, in *ByIntakeKey) (*struct{}, error) {
			return &struct{}{}, a.Service.RevokeIntakeKey(ctx, in.ID)
		})
}
