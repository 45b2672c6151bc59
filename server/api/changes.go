package api

import (
	"context"
	"net/http"
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
	State     []string  `query:"state,explode" doc:"A state, or open or active for all that are not at their end; several widen the list, with commas or said again"`
	Team      string    `query:"team" maxLength:"100"`
	Service   string    `query:"service" maxLength:"100" doc:"That it touches"`
	Assignee  string    `query:"assignee" maxLength:"100" doc:"A handle, me, or none"`
	Requester string    `query:"requester" maxLength:"100" doc:"A handle, or me"`
	Priority  []int     `query:"priority" doc:"1 is the highest; several with commas"`
	Voting    bool      `query:"voting" doc:"Those that await approval, and those that go on while a stage takes votes"`
	Type      string    `query:"type" enum:"standard,normal,emergency"`
	Model     string    `query:"model" maxLength:"100"`
	Item      string    `query:"item" maxLength:"200" doc:"A configuration item that it touches"`
	Category  string    `query:"category" maxLength:"200"`
	Tag       string    `query:"tag" maxLength:"200"`
	Words     string    `query:"q" maxLength:"500" doc:"Words of title and description"`
	Sort      string    `query:"sort" maxLength:"40" doc:"opened_at, updated_at, priority, wake_at or window_from, with - for descending; left out: newest first, or with from and to by their windows"`
	From      time.Time `query:"from" doc:"With to: whose window has a moment in that span; listed by their windows"`
	To        time.Time `query:"to" doc:"Excluded"`
	Limit     int       `query:"limit" minimum:"0" maximum:"200"`
	Cursor    string    `query:"cursor" maxLength:"400"`
}

func (a *API) changes() {
	read := app.PermissionChangeRead
	register(a, operation(http.MethodGet, "/changes", "list-changes", "List changes, newest first, or by their windows", "Changes", read),
		func(ctx context.Context, in *changeQuery) (*answer[app.Page[app.ChangeView]], error) {
			query := app.ChangeQuery{
				State: in.State, Team: in.Team, Service: in.Service, Assignee: in.Assignee, Requester: in.Requester, Priority: in.Priority, Voting: in.Voting, Type: in.Type, Model: in.Model, Item: in.Item,
				Category: in.Category, Tag: in.Tag, Words: in.Words, Sort: in.Sort, From: given(in.From), To: given(in.To), Limit: in.Limit, Cursor: in.Cursor,
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
	opening[change.Content](a, ofChanges, "", "draft-change", "draft", "Draft a change")
	opening[change.FromModel](a, ofChanges, "/from-model", "from-model-change", "from_model", "Make a change of a model")
	a.verbs(change.Lifecycle, changeVerbs)
	a.bulk(ofChanges, read)
	a.changeCalendar()
	register(a, operation(http.MethodGet, "/change-models", "list-change-models", "The models that changes can be made of, and which are out of use", "Changes", app.PermissionPolicyRead),
		func(ctx context.Context, _ *struct{}) (*answer[app.Page[app.ModelView]], error) {
			found, err := a.Service.ChangeModels(ctx)
			return answered(app.Page[app.ModelView]{Items: found}, err)
		})
	register(a, operation(http.MethodGet, "/change-models/{name}/record", "read-change-model-record", "How the changes of a model ended, of all its versions", "Changes", app.PermissionChangeRecord),
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
	a.plannedWork()
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

var ofChanges = collection{change.Practice, "/changes", "change", ": a change", "Changes", app.ChangeView{}}

// changeVerbs ties each verb of the table to the type of its body, for its schema.
var changeVerbs = map[string]func(*API, domain.Transition){
	"edit": on[change.Edit](ofChanges), "submit": on[change.Submit](ofChanges), "assess": on[change.AnswerRisk](ofChanges),
	"peer_review": on[change.PeerReview](ofChanges), "cast_vote": on[change.CastVote](ofChanges), "close_voting": on[change.OfStage](ofChanges),
	"request_info": on[change.RequestInfo](ofChanges), "answer_info": on[change.AnswerInfo](ofChanges),
	"defer": on[change.Defer](ofChanges), "ask_others": on[change.AskOthers](ofChanges),
	"break_glass": on[change.Because](ofChanges), "revise": on[change.Plain](ofChanges), "schedule": on[change.Schedule](ofChanges),
	"start": on[change.Timed](ofChanges), "start_task": on[change.OfTask](ofChanges), "complete_task": on[change.OfTask](ofChanges),
	"complete": on[change.Complete](ofChanges), "back_out": on[change.BackOut](ofChanges), "extend": on[change.Extend](ofChanges),
	"override_conflict": on[change.OverrideConflict](ofChanges), "record_retrospective": on[change.Retrospective](ofChanges),
	"decide_cause": on[change.DecideCause](ofChanges), "review": on[change.ReviewFindings](ofChanges), "close": on[change.Plain](ofChanges),
	"withdraw": on[change.Plain](ofChanges), "cancel": on[change.Because](ofChanges), "link": on[change.Relate](ofChanges),
	"unlink": on[change.Relate](ofChanges),
}
