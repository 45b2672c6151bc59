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
	"github.com/holdfast-itsm/holdfast/domain/meeting"
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

type logInput struct {
	Given
	Body    incident.Log
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
	op := operation(http.MethodPost, "/incidents", "log-incident", "Log an incident", "Incidents", "incident.log", http.StatusConflict, http.StatusPreconditionFailed)
	op.DefaultStatus = http.StatusCreated
	op.Responses = a.responses(http.StatusCreated, app.IncidentView{})
	register(a, op, func(ctx context.Context, in *logInput) (*commandAnswer, error) {
		return a.execute(ctx, domain.Incident, "log", "", in.Given, in.RawBody, http.StatusCreated)
	})
	for _, transition := range incident.Lifecycle.Transitions {
		if add, known := verbs[transition.Verb]; known && !transition.Machine() {
			add(a, transition)
		}
	}
	register(a, operation(http.MethodPost, "/incidents/bulk", "bulk-incidents", "Give one command to several incidents", "Incidents", app.PermissionIncidentRead),
		func(ctx context.Context, in *struct {
			Given
			Body app.BulkRequest
		},
		) (*answer[bulkAnswer], error) {
			in.Body.Practice, in.Body.Key = domain.Incident, in.Key
			in.Body.Command = strings.ReplaceAll(in.Body.Command, "-", "_")
			outcomes, err := a.Service.Bulk(ctx, in.Body)
			return answered(bulkAnswer{Outcomes: outcomes}, err)
		})
	register(a, operation(http.MethodGet, "/commands/{id}", "read-command", "What became of a command", "Commands", app.PermissionIncidentRead),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64"`
		},
		) (*answer[app.CommandStatus], error) {
			return answered(a.Service.Command(ctx, in.ID))
		})
}

type bulkAnswer struct {
	Outcomes []app.BulkOutcome `json:"outcomes"`
}

// verbs ties each verb of the table to the type of its body, for its schema.
var verbs = map[string]func(*API, domain.Transition){
	"triage": command[incident.Triage], "assign": command[incident.Assign], "start": command[incident.Start],
	"hold": command[incident.HoldOn], "resume": command[incident.Plain], "resolve": command[incident.Resolve],
	"confirm": command[incident.Confirm], "reopen": command[incident.Because], "close": command[incident.Plain],
	"re_rate": command[incident.Plain], "cancel": command[incident.Because], "merge_into": command[incident.MergeInto], "unmerge": command[incident.Plain],
	"change_priority": command[incident.ChangePriority], "override_priority": command[incident.OverridePriority],
	"page": command[incident.Page], "edit": command[incident.Edit], "rate": command[incident.Confirm], "link": command[incident.Relate], "unlink": command[incident.Relate],
}

func command[T any](a *API, transition domain.Transition) {
	slug := strings.ReplaceAll(transition.Verb, "_", "-")
	op := operation(http.MethodPost, "/incidents/{id}/"+slug, slug+"-incident", transition.Title+" an incident", "Incidents",
		app.Permission("incident."+transition.Verb), http.StatusConflict, http.StatusPreconditionFailed)
	op.Responses = a.responses(http.StatusOK, app.IncidentView{})
	register(a, op, func(ctx context.Context, in *commandInput[T]) (*commandAnswer, error) {
		return a.execute(ctx, domain.Incident, transition.Verb, in.ID, in.Given, in.RawBody, http.StatusOK)
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

// collection is where the records of a practice are found: incident → incidents.
func collection(practice domain.Practice) string {
	if practice == meeting.Practice {
		return "cab-meetings"
	}
	return string(practice) + "s"
}

func (a *API) execute(ctx context.Context, practice domain.Practice, verb, record string, given Given, body []byte, done int) (*commandAnswer, error) {
	version, err := ifVersion(given.IfMatch)
	if err != nil {
		return nil, err
	}
	made, _ := ctx.Value(newKey{}).(bool)
	reply, err := a.Service.Execute(ctx, app.Request{
		Practice: practice, Verb: verb, Record: record, Key: given.Key, KeyIsNew: made,
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
	answer.Location = Base + "/" + collection(practice) + "/" + reply.Record
	return answer, nil
}
