package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// changeAnswer is a change with its version as ETag.
type changeAnswer struct {
	ETag string `header:"ETag"`
	Body app.ChangeView
}

type changeQuery struct {
	State    []string  `query:"state" doc:"States, or open for all that are not at their end"`
	Team     string    `query:"team" maxLength:"100"`
	Service  string    `query:"service" maxLength:"100" doc:"That it touches"`
	Assignee string    `query:"assignee" maxLength:"100"`
	Type     string    `query:"type" enum:"standard,normal,emergency"`
	Model    string    `query:"model" maxLength:"100"`
	Item     string    `query:"item" maxLength:"200" doc:"A configuration item that it touches"`
	From     time.Time `query:"from" doc:"With to: whose window has a moment in that span; listed by their windows"`
	To       time.Time `query:"to" doc:"Excluded"`
	Limit    int       `query:"limit" minimum:"0" maximum:"200"`
	Cursor   string    `query:"cursor" maxLength:"400"`
}

func (a *API) changes() {
	read := app.PermissionChangeRead
	register(a, operation(http.MethodGet, "/changes", "list-changes", "List changes, newest first, or by their windows", "Changes", read),
		func(ctx context.Context, in *changeQuery) (*answer[app.Page[app.ChangeView]], error) {
			query := app.ChangeQuery{
				State: in.State, Team: in.Team, Service: in.Service, Assignee: in.Assignee, Type: in.Type, Model: in.Model, Item: in.Item,
				From: given(in.From), To: given(in.To), Limit: in.Limit, Cursor: in.Cursor,
			}
			return answered(a.Service.Changes(ctx, query))
		})
	register(a, operation(http.MethodGet, "/changes/{id}", "read-change", "Read a change", "Changes", read),
		func(ctx context.Context, in *ByRecord) (*changeAnswer, error) {
			view, err := a.Service.Change(ctx, in.ID)
			return &changeAnswer{ETag: etag(view.Version), Body: view}, err
		})
	register(a, operation(http.MethodGet, "/changes/{id}/timeline", "read-change-timeline", "What happened to it, oldest first", "Changes", read),
		func(ctx context.Context, in *ByPage) (*answer[app.Page[domain.StoredEvent]], error) {
			return answered(a.Service.ChangeTimeline(ctx, in.ID, in.After, in.Limit))
		})
	openChange[change.Content](a, "", "draft", "Draft a change")
	openChange[change.FromModel](a, "/from-model", "from_model", "Make a change of a model")
	for _, transition := range change.Lifecycle.Transitions {
		if add, known := changeVerbs[transition.Verb]; known && !transition.Machine() {
			add(a, transition)
		}
	}
	register(a, operation(http.MethodGet, "/change-models", "list-change-models", "The models that changes can be made of, and which are out of use", "Changes", app.PermissionPolicyRead),
		func(ctx context.Context, _ *struct{}) (*answer[app.Page[app.ModelView]], error) {
			found, err := a.Service.ChangeModels(ctx)
			return answered(app.Page[app.ModelView]{Items: found}, err)
		})
	register(a, operation(http.MethodGet, "/change-models/{name}/record", "read-change-model-record", "How the changes of a model ended", "Changes", app.PermissionChangeRecord),
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"100"`
		},
		) (*answer[app.TrackRecord], error) {
			return answered(a.Service.ModelRecord(ctx, in.Name))
		})
	register(a, operation(http.MethodGet, "/teams/{name}/change-record", "read-team-change-record", "How the changes of a team ended", "Changes", app.PermissionChangeRecord),
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"100"`
		},
		) (*answer[app.TrackRecord], error) {
			return answered(a.Service.TeamRecord(ctx, in.Name))
		})
	a.approvals()
}

// approvals registers what is about the votes of one person.
func (a *API) approvals() {
	own := app.PermissionApprovalOwn
	register(a, operation(http.MethodGet, "/approvals", "list-approvals", "The votes that wait for the caller, and those given last", "Approvals", own),
		func(ctx context.Context, _ *struct{}) (*answer[app.Approvals], error) {
			return answered(a.Service.Approvals(ctx))
		})
	register(a, operation(http.MethodGet, "/delegations", "list-delegations", "Who votes for the caller, and for whom the caller votes", "Approvals", own),
		func(ctx context.Context, _ *struct{}) (*answer[app.Page[app.Delegation]], error) {
			found, err := a.Service.Delegations(ctx)
			return answered(app.Page[app.Delegation]{Items: found}, err)
		})
	op := operation(http.MethodPost, "/delegations", "add-delegation", "Let somebody vote in one's place", "Approvals", own)
	op.DefaultStatus = http.StatusCreated
	register(a, op, func(ctx context.Context, in *struct{ Body app.Delegating }) (*answer[app.Delegation], error) {
		return answered(a.Service.Delegate(ctx, in.Body))
	})
	op = operation(http.MethodDelete, "/delegations/{id}", "end-delegation", "End a delegation before its time", "Approvals", own)
	op.DefaultStatus = http.StatusNoContent
	register(a, op, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"40"`
	},
	) (*struct{}, error) {
		return nil, a.Service.EndDelegation(ctx, in.ID)
	})
}

// given is an instant of a query, if there is one.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// openChange registers a command that opens a change.
func openChange[T any](a *API, path, verb, summary string) {
	op := operation(http.MethodPost, "/changes"+path, strings.ReplaceAll(verb, "_", "-")+"-change", summary, "Changes",
		app.Permission("change."+verb), http.StatusConflict, http.StatusPreconditionFailed)
	op.DefaultStatus = http.StatusCreated
	op.Responses = a.responses(http.StatusCreated, app.ChangeView{})
	register(a, op, func(ctx context.Context, in *struct {
		Given
		Body    T
		RawBody []byte
	},
	) (*commandAnswer, error) {
		return a.execute(ctx, change.Practice, verb, "", in.Given, in.RawBody, http.StatusCreated)
	})
}

// changeVerbs ties each verb of the table to the type of its body, for its schema.
var changeVerbs = map[string]func(*API, domain.Transition){
	"edit": changeCommand[change.Edit], "submit": changeCommand[change.Submit], "assess": changeCommand[change.AnswerRisk],
	"peer_review": changeCommand[change.PeerReview], "cast_vote": changeCommand[change.CastVote], "close_voting": changeCommand[change.OfStage],
	"request_info": changeCommand[change.RequestInfo], "answer_info": changeCommand[change.AnswerInfo],
	"defer": changeCommand[change.Defer], "ask_others": changeCommand[change.AskOthers],
	"break_glass": changeCommand[change.Because], "revise": changeCommand[change.Plain], "schedule": changeCommand[change.Schedule],
	"start": changeCommand[change.Timed], "start_task": changeCommand[change.OfTask], "complete_task": changeCommand[change.OfTask],
	"complete": changeCommand[change.Complete], "back_out": changeCommand[change.BackOut], "extend": changeCommand[change.Extend],
	"override_conflict": changeCommand[change.OverrideConflict], "record_retrospective": changeCommand[change.Retrospective],
	"decide_cause": changeCommand[change.DecideCause], "review": changeCommand[change.ReviewFindings], "close": changeCommand[change.Plain],
	"withdraw": changeCommand[change.Plain], "cancel": changeCommand[change.Because], "link": changeCommand[change.Relate],
	"unlink": changeCommand[change.Relate],
}

func changeCommand[T any](a *API, transition domain.Transition) {
	slug := strings.ReplaceAll(transition.Verb, "_", "-")
	op := operation(http.MethodPost, "/changes/{id}/"+slug, slug+"-change", transition.Title+": a change", "Changes",
		app.Permission("change."+transition.Verb), http.StatusConflict, http.StatusPreconditionFailed)
	op.Responses = a.responses(http.StatusOK, app.ChangeView{})
	register(a, op, func(ctx context.Context, in *commandInput[T]) (*commandAnswer, error) {
		return a.execute(ctx, change.Practice, transition.Verb, in.ID, in.Given, in.RawBody, http.StatusOK)
	})
}
