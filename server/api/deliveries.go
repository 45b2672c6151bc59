package api

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
)

type ByDestination struct {
	Name string `path:"name" maxLength:"100"`
}

type ByContact struct {
	ID string `path:"id" maxLength:"64"`
}

// deliveries registers what leaves for the outside, and where it goes.
func (a *API) deliveries() {
	read := app.PermissionDeliveryRead
	register(a, operation(http.MethodGet, "/deliveries", "list-deliveries", "What left for the outside, or waits to, the newest first", "Deliveries", read),
		func(ctx context.Context, in *struct {
			State       []string `query:"state" enum:"pending,sent,failed,dead,dropped" doc:"Any of them; left out: all. failed: refused for good; dead: given up after long; dropped: not needed any more"`
			Destination string   `query:"destination" maxLength:"100"`
			Person      string   `query:"person" maxLength:"100"`
			Record      string   `query:"record" maxLength:"64" doc:"An id or a number"`
			Cursor      string   `query:"cursor" maxLength:"500"`
			Limit       int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
		},
		) (*answer[app.Page[app.Delivery]], error) {
			return answered(a.Service.Deliveries(ctx, app.DeliveryQuery{
				State: in.State, Destination: in.Destination, Person: in.Person, Record: in.Record, Cursor: in.Cursor, Limit: in.Limit,
			}))
		})
	register(a, operation(http.MethodPost, "/deliveries/{id}/replay", "replay-delivery", "Let one that was given up try again", "Deliveries", app.PermissionDeliveryReplay),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64"`
		},
		) (*struct{}, error) {
			return &struct{}{}, a.Service.ReplayDelivery(ctx, in.ID)
		})
	register(a, operation(http.MethodGet, "/destinations", "list-destinations", "Where deliveries go, and how each answers", "Deliveries", read),
		func(ctx context.Context, _ *struct{}) (*list[app.Destination], error) {
			return listed(a.Service.Destinations(ctx))
		})
	register(a, operation(http.MethodPut, "/destinations/{name}", "save-destination", "Add a webhook, or write one anew; a new one's secret is in this answer only", "Deliveries", app.PermissionDestinationWrite),
		func(ctx context.Context, in *struct {
			ByDestination
			Body app.DestinationBody
		},
		) (*answer[app.NewDestination], error) {
			return answered(a.Service.SaveDestination(ctx, in.Name, in.Body))
		})
	register(a, operation(http.MethodPost, "/destinations/{name}/rotate-secret", "rotate-secret", "Give a webhook a new secret, which is in this answer only; the old one signs beside it for a day",
		"Deliveries", app.PermissionDestinationWrite),
		func(ctx context.Context, in *ByDestination) (*answer[app.NewDestination], error) {
			return answered(a.Service.RotateSecret(ctx, in.Name))
		})
}

// notifications registers how the caller is told things.
func (a *API) notifications() {
	own := app.PermissionNotifyOwn
	register(a, operation(http.MethodGet, "/notifications", "list-notifications", "What I was told, the newest first", "Notifications", own),
		func(ctx context.Context, in *struct {
			Unread bool   `query:"unread"`
			Cursor string `query:"cursor" maxLength:"500"`
			Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
		},
		) (*answer[app.Page[app.Rung]], error) {
			return answered(a.Service.Bell(ctx, app.BellQuery{Unread: in.Unread, Cursor: in.Cursor, Limit: in.Limit}))
		})
	register(a, operation(http.MethodGet, "/notifications/unread", "count-notifications", "How many of them I have not read; 100 stands for more than 99", "Notifications", own),
		func(ctx context.Context, _ *struct{}) (*answer[countAnswer], error) {
			count, err := a.Service.Unread(ctx)
			return answered(countAnswer{Count: count}, err)
		})
	register(a, operation(http.MethodPost, "/notifications/{id}/read", "read-notification", "Mark one of them read, or all up to it", "Notifications", own),
		func(ctx context.Context, in *struct {
			ID   int64 `path:"id" minimum:"1"`
			UpTo bool  `query:"up_to" doc:"All up to it"`
		},
		) (*struct{}, error) {
			return &struct{}{}, a.Service.ReadBell(ctx, in.ID, in.UpTo)
		})
	register(a, operation(http.MethodGet, "/notification-rules", "read-notification-rules", "My contacts, and how I am told", "Notifications", own),
		func(ctx context.Context, _ *struct{}) (*answer[app.NotificationSettings], error) {
			return answered(a.Service.NotificationSettings(ctx))
		})
	register(a, operation(http.MethodPut, "/notification-rules", "save-notification-rules", "Say how I am told", "Notifications", own),
		func(ctx context.Context, in *struct{ Body app.NotificationRules }) (*answer[app.NotificationSettings], error) {
			return answered(a.Service.SaveNotificationRules(ctx, in.Body))
		})
	add := operation(http.MethodPost, "/contacts", "add-contact", "Send a code to a new contact, or another to one that is not verified", "Notifications", own)
	add.DefaultStatus = http.StatusCreated
	register(a, add, func(ctx context.Context, in *struct{ Body app.ContactBody }) (*answer[app.Contact], error) {
		return answered(a.Service.AddContact(ctx, in.Body))
	})
	register(a, operation(http.MethodPost, "/contacts/{id}/verify", "verify-contact", "Bring the code back that a contact was sent", "Notifications", own),
		func(ctx context.Context, in *struct {
			ByContact
			Body struct {
				Code string `json:"code" minLength:"1" maxLength:"20"`
			}
		},
		) (*answer[app.Contact], error) {
			return answered(a.Service.VerifyContact(ctx, in.ID, in.Body.Code))
		})
	register(a, operation(http.MethodDelete, "/contacts/{id}", "drop-contact", "Take a contact away", "Notifications", own),
		func(ctx context.Context, in *ByContact) (*struct{}, error) {
			return &struct{}{}, a.Service.DropContact(ctx, in.ID)
		})
	register(a, operation(http.MethodPost, "/test-page", "test-page", "Page myself, by the contacts and after the times that I chose", "Notifications", own),
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			return &struct{}{}, a.Service.TestPage(ctx)
		})
}

type countAnswer struct {
	Count int `json:"count"`
}
