package api

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
)

// escalationAnswer is an escalation with its version as ETag.
type escalationAnswer struct {
	ETag string `header:"ETag"`
	Body app.EscalationView
}

func (a *API) escalations() {
	read := app.PermissionEscalationRead
	register(a, operation(http.MethodGet, "/escalations", "list-escalations", "List escalations, newest first", "Escalations", read),
		func(ctx context.Context, in *struct {
			State  []string `query:"state" doc:"A state, or open (somebody may still be called); several with commas"`
			Source string   `query:"source" maxLength:"200" doc:"The record that needs somebody, by id or number"`
			Limit  int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
			Cursor string   `query:"cursor" maxLength:"100"`
		},
		) (*answer[app.Page[app.EscalationView]], error) {
			return answered(a.Service.Escalations(ctx, app.EscalationQuery{State: in.State, Source: in.Source, Limit: in.Limit, Cursor: in.Cursor}))
		})
	register(a, operation(http.MethodGet, "/escalations/{id}", "read-escalation", "Read an escalation", "Escalations", read),
		func(ctx context.Context, in *ByRecord) (*escalationAnswer, error) {
			view, err := a.Service.Escalation(ctx, in.ID)
			return &escalationAnswer{ETag: etag(view.Version), Body: view}, err
		})
	register(a, operation(http.MethodGet, "/escalations/{id}/timeline", "read-escalation-timeline", "Whom it called and what came of it, oldest first", "Escalations", read),
		func(ctx context.Context, in *ByPage) (*answer[app.Page[domain.StoredEvent]], error) {
			return answered(a.Service.EscalationTimeline(ctx, in.ID, in.After, in.Limit))
		})
	a.verbs(escalation.Lifecycle, escalationVerbs)
}

var ofEscalations = collection{escalation.Practice, "/escalations", "escalation", ": an escalation", "Escalations", app.EscalationView{}}

// escalationVerbs ties each verb of the table to the type of its body, for its schema.
var escalationVerbs = map[string]func(*API, domain.Transition){
	"acknowledge": on[escalation.Plain](ofEscalations), "escalate_now": on[escalation.Plain](ofEscalations),
	"snooze": on[escalation.Snooze](ofEscalations), "add_responder": on[escalation.AddResponder](ofEscalations),
	"reassign": on[escalation.Reassign](ofEscalations),
}
