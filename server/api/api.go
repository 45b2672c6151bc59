// Package api is the HTTP API for machines and the command line: huma operations on gin, described by our own OpenAPI 3.1.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// Base is where the API lies.
const Base = "/api/v1"

// Dependencies are what the API serves.
type Dependencies struct {
	Service app.Service
	// Authenticate finds whose secret a bearer token is.
	Authenticate func(ctx context.Context, secret string) (app.Principal, error)
	// Busy counts the requests of each account; left out, the API counts its own.
	Busy *server.Busy
	Log  *slog.Logger
}

// API is the mounted API; its OpenAPI describes it.
type API struct {
	huma.API
	Dependencies
}

// Mount puts the API onto a gin engine.
func Mount(engine *gin.Engine, dependencies Dependencies) *API {
	describeProblems()
	group := engine.Group(Base)
	if dependencies.Busy == nil {
		dependencies.Busy = &server.Busy{}
	}
	// Nothing of a request is read before it is known who asks.
	group.Use(guarded, timed(), authenticate(dependencies), limited(dependencies), readable(dependencies.Log), boundBody(dependencies.Log), keyed)
	config := huma.DefaultConfig("Holdfast", Version)
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.OpenAPIPath = "/openapi"
	config.RejectUnknownQueryParameters = true
	config.Servers = []*huma.Server{{URL: Base}}
	config.Info.Description = "IT service management in which every lifecycle is a durable process."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"token": {}}}
	a := &API{API: humagin.NewWithGroup(engine, group, config), Dependencies: dependencies}
	a.incidents()
	a.escalations()
	a.changes()
	a.configuration()
	a.meetings()
	a.commands()
	a.parts()
	a.allPapers()
	a.work()
	a.policies()
	a.accounts()
	a.views()
	a.onCall()
	a.deliveries()
	a.notifications()
	a.promises()
	a.alerts()
	return a
}

// schemaName names types in OpenAPI; those of a practice or of the policies carry its name, since several have a Problem.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	prefix := map[string]string{
		"domain/incident": "Incident", "domain/policy": "Policy", "domain/oncall": "OnCall", "domain/sla": "Clock", "domain/change": "Change",
		"domain/approval": "Approval", "domain/configuration": "Configuration", "domain/meeting": "Meeting",
	}
	for folder, word := range prefix {
		if strings.HasSuffix(t.PkgPath(), folder) && !strings.HasPrefix(name, word) {
			return word + name
		}
	}
	return name
}

// describeProblems makes huma word its own failures as ours. That is one for the whole process, however often an API is mounted.
var describeProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, causes ...error) huma.StatusError {
		problem := server.ProblemOfStatus(status, message)
		for _, cause := range causes {
			if known, ok := cause.(huma.ErrorDetailer); ok {
				detail := known.ErrorDetail()
				problem.Errors = append(problem.Errors, domain.FieldError{Location: detail.Location, Message: detail.Message, Value: bounded(detail.Value)})
			}
		}
		return problem
	}
})

// bounded keeps an echoed value short.
func bounded(value any) any {
	if text, ok := value.(string); ok && len(text) > domain.MaxItemBytes {
		return text[:domain.MaxItemBytes] + "…"
	}
	switch value.(type) {
	case map[string]any, []any:
		return nil
	}
	return value
}

// failures are the statuses that every operation can answer.
var failures = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
	http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
}

// operation describes one operation; permission is listed in OpenAPI and checked in app.
func operation(method, path, id, summary, tag string, permission app.Permission, more ...int) huma.Operation {
	if method == http.MethodPost || method == http.MethodPut {
		more = append(more, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary, Tags: []string{tag},
		Errors: append(append([]int{}, failures...), more...), Extensions: map[string]any{"x-permission": string(permission)},
	}
}

// register adds an operation whose errors are told by the one table.
func register[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	huma.Register(a.API, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, server.ProblemOf(err)
		}
		return out, nil
	})
}

// list is the body of an answer that is a whole list.
type list[T any] struct {
	Body struct {
		Items []T `json:"items"`
	}
}

func listed[T any](items []T, err error) (*list[T], error) {
	out := &list[T]{}
	out.Body.Items = append([]T{}, items...)
	return out, err
}

// answer is a body that is one thing.
type answer[T any] struct {
	Body T
}

func answered[T any](body T, err error) (*answer[T], error) { return &answer[T]{Body: body}, err }

// ByRecord is the path of an operation on one record.
type ByRecord struct {
	ID string `path:"id" maxLength:"64" doc:"Id or number of the record" example:"INC-000123"`
}
