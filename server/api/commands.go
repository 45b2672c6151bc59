package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// Given are the headers of every command.
type Given struct {
	Key     string `header:"Idempotency-Key" maxLength:"255" doc:"The same key with the same body is answered the same and done once. Left out, one is made; the answer carries it"`
	Prefer  string `header:"Prefer" maxLength:"200" doc:"respond-async: answer 202 after one durable insert"`
	IfMatch string `header:"If-Match" maxLength:"40" doc:"Refuse unless the record is at this version"`
}

// commandInput is a command on a record; the raw body travels on as it came.
type commandInput[T any] struct {
	ByRecord
	Given
	Body    *T
	RawBody []byte
}

// commandAnswer is the committed incident, or with 202 the id to ask by.
type commandAnswer struct {
	Status   int
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Command  string `header:"Holdfast-Command" doc:"The command's id, as GET /commands/{id} takes it"`
	Outcome  string `header:"Holdfast-Outcome" doc:"applied, repeated or queued"`
	Body     any
}

// commands registers every verb of the lifecycle's table that people give.
func (a *API) commands() {
	opening[incident.Log](a, ofIncidents, "", "log-incident", "log", "Log an incident")
	a.verbs(incident.Lifecycle, incidentVerbs)
	a.bulk(ofIncidents, app.PermissionIncidentRead)
	register(a, operation(http.MethodGet, "/commands/{id}", "read-command", "What became of a command", "Commands", app.PermissionIncidentRead),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64"`
		},
		) (*answer[app.CommandStatus], error) {
			return answered(a.Service.Command(ctx, in.ID))
		})
}

// bulk registers one command for several records of a collection.
func (a *API) bulk(of collection, read app.Permission) {
	nouns := strings.TrimPrefix(of.path, "/")
	register(a, operation(http.MethodPost, of.path+"/bulk", "bulk-"+nouns, "Give one command to several "+nouns, of.tag, read),
		func(ctx context.Context, in *struct {
			Given
			Body app.BulkRequest
		},
		) (*answer[bulkAnswer], error) {
			in.Body.Practice, in.Body.Key = of.practice, in.Key
			in.Body.Command = strings.ReplaceAll(in.Body.Command, "-", "_")
			outcomes, err := a.Service.Bulk(ctx, in.Body)
			return answered(bulkAnswer{Outcomes: outcomes}, err)
		})
}

type bulkAnswer struct {
	Outcomes []app.BulkOutcome `json:"outcomes"`
}

// incidentVerbs ties each verb of the table to the type of its body, for its schema.
var incidentVerbs = map[string]func(*API, domain.Transition){
	"triage": on[incident.Triage](ofIncidents), "assign": on[incident.Assign](ofIncidents), "start": on[incident.Start](ofIncidents),
	"hold": on[incident.HoldOn](ofIncidents), "resume": on[incident.Plain](ofIncidents), "resolve": on[incident.Resolve](ofIncidents),
	"confirm": on[incident.Confirm](ofIncidents), "reopen": on[incident.Because](ofIncidents), "close": on[incident.Plain](ofIncidents),
	"re_rate": on[incident.Plain](ofIncidents), "cancel": on[incident.Because](ofIncidents), "merge_into": on[incident.MergeInto](ofIncidents), "unmerge": on[incident.Plain](ofIncidents),
	"change_priority": on[incident.ChangePriority](ofIncidents), "override_priority": on[incident.OverridePriority](ofIncidents),
	"page": on[incident.Page](ofIncidents), "edit": on[incident.Edit](ofIncidents), "rate": on[incident.Confirm](ofIncidents), "link": on[incident.Relate](ofIncidents), "unlink": on[incident.Relate](ofIncidents),
}

// collection is where the records of a practice are in the API.
type collection struct {
	practice domain.Practice
	path     string // of all of them
	noun     string // of one, at the end of an operation's id
	phrase   string // how a summary goes on after the command's title
	tag      string
	view     any
}

var ofIncidents = collection{domain.Incident, "/incidents", "incident", " an incident", "Incidents", app.IncidentView{}}

// on registers a command on one record of a collection; its body is a T.
func on[T any](of collection) func(*API, domain.Transition) {
	return func(a *API, transition domain.Transition) {
		slug := strings.ReplaceAll(transition.Verb, "_", "-")
		op := operation(http.MethodPost, of.path+"/{id}/"+slug, slug+"-"+of.noun, transition.Title+of.phrase, of.tag,
			app.Permission(string(of.practice)+"."+transition.Verb), http.StatusConflict, http.StatusPreconditionFailed)
		op.Responses = a.responses(http.StatusOK, of.view)
		register(a, op, func(ctx context.Context, in *commandInput[T]) (*commandAnswer, error) {
			return a.execute(ctx, of, transition.Verb, in.ID, in.Given, in.RawBody, http.StatusOK)
		})
	}
}

// verbs registers every command of a practice's table that people give to a record there is.
func (a *API) verbs(table *domain.Lifecycle, bodies map[string]func(*API, domain.Transition)) {
	for _, transition := range table.Transitions {
		if add, known := bodies[transition.Verb]; known && !transition.Machine() {
			add(a, transition)
		}
	}
}

// opening registers a command that opens a record of a collection, at a path below it.
func opening[T any](a *API, of collection, path, id, verb, summary string) {
	op := operation(http.MethodPost, of.path+path, id, summary, of.tag, app.Permission(string(of.practice)+"."+verb),
		http.StatusConflict, http.StatusPreconditionFailed)
	op.DefaultStatus = http.StatusCreated
	op.Responses = a.responses(http.StatusCreated, of.view)
	register(a, op, func(ctx context.Context, in *struct {
		Given
		Body    T
		RawBody []byte
	},
	) (*commandAnswer, error) {
		return a.execute(ctx, of, verb, "", in.Given, in.RawBody, http.StatusCreated)
	})
}

// responses describes the two ways a command is answered.
func (a *API) responses(done int, committed any) map[string]*huma.Response {
	schema := func(of any) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: a.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(of), true, "")}}
	}
	return map[string]*huma.Response{
		statusText(done): {Description: "Decided; the committed record", Content: schema(committed)},
		"202":            {Description: "Queued; ask /commands/{command_id}", Content: schema(app.Reply{})},
	}
}

func statusText(status int) string {
	if status == http.StatusCreated {
		return "201"
	}
	return "200"
}

func (a *API) execute(ctx context.Context, of collection, verb, record string, given Given, body []byte, done int) (*commandAnswer, error) {
	version, err := ifVersion(given.IfMatch)
	if err != nil {
		return nil, err
	}
	made, _ := ctx.Value(newKey{}).(bool)
	reply, err := a.Service.Execute(ctx, app.Request{
		Practice: of.practice, Verb: verb, Record: record, Key: given.Key, KeyIsNew: made,
		Body: json.RawMessage(body), IfVersion: version, Async: strings.Contains(given.Prefer, "respond-async"),
	})
	if err != nil {
		return nil, err
	}
	answer := &commandAnswer{Command: reply.CommandID, Outcome: string(reply.Outcome)}
	committed, at := reply.Committed()
	if committed == nil {
		answer.Status, answer.Location, answer.Body = http.StatusAccepted, Base+"/commands/"+reply.CommandID, reply
		return answer, nil
	}
	answer.Status, answer.ETag, answer.Body = done, etag(at), committed
	answer.Location = Base + of.path + "/" + reply.Record
	return answer, nil
}
