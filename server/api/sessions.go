package api

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
)

// sessions registers where people are signed in to the console, and the links with which they come there.
func (a *API) sessions() {
	register(a, operation(http.MethodGet, "/sessions", "list-sessions", "Where somebody is signed in to the console", "Accounts", app.PermissionTokenOwn),
		func(ctx context.Context, in *struct {
			Person string `query:"person" maxLength:"100" doc:"Left out: yourself"`
		},
		) (*list[app.Session], error) {
			return listed(a.Service.Sessions(ctx, in.Person))
		})
	register(a, operation(http.MethodDelete, "/sessions/{id}", "end-session", "End a session at once", "Accounts", app.PermissionTokenOwn),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64"`
		},
		) (*struct{}, error) {
			return &struct{}{}, a.Service.EndSession(ctx, in.ID)
		})
	invite := operation(http.MethodPost, "/people/{handle}/invitations", "invite-person", "Make a one-use link with which somebody sets their password; it is in this answer only",
		"Accounts", app.PermissionPeopleWrite)
	invite.DefaultStatus = http.StatusCreated
	register(a, invite, func(ctx context.Context, in *struct {
		ByPerson
		Key string `header:"Idempotency-Key" maxLength:"255" doc:"The same key makes one invitation; within ten minutes it is answered with a new link, and the one before works no more"`
	},
	) (*answer[app.NewInvitation], error) {
		return answered(a.Service.Invite(ctx, in.Key, in.Handle))
	})
}
