package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// appliedPolicy answers what became of an edit: 200 stored, 202 waits for a second person.
type appliedPolicy struct {
	Status int
	Body   policy.Document
}

type ByPolicy struct {
	Kind string `path:"kind" maxLength:"100" example:"Calendar"`
	Name string `path:"name" maxLength:"100" example:"support"`
}

// policies registers the versioned documents.
func (a *API) policies() {
	read := app.PermissionPolicyRead
	register(a, operation(http.MethodGet, "/policies", "list-policies", "The newest version of every document", "Policies", read),
		func(ctx context.Context, in *struct {
			Kind string `query:"kind" maxLength:"100"`
		},
		) (*list[policy.Document], error) {
			return listed(a.Service.Policies(ctx, in.Kind))
		})
	register(a, operation(http.MethodGet, "/policies/{kind}/{name}", "read-policy", "One version of a document; the newest when none is named", "Policies", read),
		func(ctx context.Context, in *struct {
			ByPolicy
			Version int `query:"version" minimum:"0"`
		},
		) (*answer[policy.Document], error) {
			return answered(a.Service.Policy(ctx, in.Kind, in.Name, in.Version))
		})
	register(a, operation(http.MethodGet, "/policies/{kind}/{name}/versions", "list-policy-versions", "Every version of a document, newest first", "Policies", read),
		func(ctx context.Context, in *ByPolicy) (*list[policy.Document], error) {
			return listed(a.Service.PolicyVersions(ctx, in.Kind, in.Name))
		})
	register(a, operation(http.MethodGet, "/policies/AutomationRules/{name}/runs", "list-rule-runs", "What the rules of automation of a document did lately, at records that the caller works on, newest first", "Policies", read),
		func(ctx context.Context, in *struct {
			Name  string `path:"name" maxLength:"100" example:"desk"`
			Limit int    `query:"limit" minimum:"0" maximum:"100" doc:"0: as many as there are, up to 100"`
		},
		) (*list[app.RuleRun], error) {
			return listed(a.Service.RecentRuns(ctx, in.Name, in.Limit))
		})
	apply := operation(http.MethodPut, "/policies/{kind}/{name}", "apply-policy", "Store a new version, unless nothing changed; 202: it waits for a second person", "Policies", app.PermissionPolicyWrite,
		http.StatusConflict)
	stored := map[string]*huma.MediaType{"application/json": {Schema: a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[policy.Document](), true, "")}}
	apply.Responses = map[string]*huma.Response{
		"200": {Description: "Stored, or nothing changed", Content: stored}, "202": {Description: "Waits for a second person: proposal says where", Content: stored},
	}
	register(a, apply,
		func(ctx context.Context, in *struct {
			ByPolicy
			Body struct {
				Spec   json.RawMessage `json:"spec"`
				Reason string          `json:"reason,omitempty" maxLength:"4096"`
				Base   *int            `json:"base,omitempty" minimum:"0" doc:"The version that this one was made from, 0: none. Where another is the newest by then, nothing is stored. Left out, nothing is asked"`
			}
		},
		) (*appliedPolicy, error) {
			document := policy.Document{Kind: in.Kind, Name: in.Name, Spec: in.Body.Spec, Reason: in.Body.Reason}
			var err error
			if in.Body.Base != nil {
				document, err = a.Service.ApplyPolicyOn(ctx, document, *in.Body.Base)
			} else {
				document, err = a.Service.ApplyPolicy(ctx, document)
			}
			status := http.StatusOK
			if document.Proposal != "" {
				status = http.StatusAccepted
			}
			return &appliedPolicy{Status: status, Body: document}, err
		})
	a.proposals()
	register(a, operation(http.MethodPost, "/policies/validate", "validate-policy", "What is wrong with a document, without storing it", "Policies", app.PermissionPolicyWrite),
		func(ctx context.Context, in *struct {
			Body struct {
				Kind string          `json:"kind"`
				Name string          `json:"name"`
				Spec json.RawMessage `json:"spec"`
			}
		},
		) (*answer[problemsAnswer], error) {
			problems, err := a.Service.ValidatePolicy(ctx, policy.Document{Kind: in.Body.Kind, Name: in.Body.Name, Spec: in.Body.Spec})
			return answered(problemsAnswer{Problems: append([]policy.Problem{}, problems...)}, err)
		})
	register(a, operation(http.MethodPost, "/policies/test", "test-policies", "Run policy tests against what is stored and what is being written", "Policies", app.PermissionPolicyRead),
		func(ctx context.Context, in *struct{ Body app.PolicyTestBody }) (*answer[app.PolicyTestReport], error) {
			return answered(a.Service.TestPolicies(ctx, in.Body))
		})
	register(a, operation(http.MethodPost, "/simulations", "simulate", "Let records live again under proposed documents, and tell which promises would be broken or kept", "Policies", app.PermissionPolicySimulate),
		func(ctx context.Context, in *struct{ Body app.SimulationBody }) (*answer[app.SimulationReport], error) {
			return answered(a.Service.Simulate(ctx, in.Body))
		})
}

type problemsAnswer struct {
	Problems []policy.Problem `json:"problems"`
}

type ByPerson struct {
	Handle string `path:"handle" maxLength:"100"`
}

// accounts registers people, what they may do, and tokens.
func (a *API) accounts() {
	read := app.PermissionPeopleRead
	register(a, operation(http.MethodGet, "/me", "who-am-i", "Who asks", "Accounts", read),
		func(ctx context.Context, _ *struct{}) (*answer[app.Principal], error) {
			return answered(a.Service.WhoAmI(ctx))
		})
	register(a, operation(http.MethodGet, "/people", "list-people", "Find people", "Accounts", read),
		func(ctx context.Context, in *struct {
			Text   string `query:"q" maxLength:"200"`
			Active string `query:"active" enum:"true,false" doc:"Left out: all, those who are active first"`
			Cursor string `query:"cursor" maxLength:"1000"`
			Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
		},
		) (*answer[app.Page[app.Person]], error) {
			query := app.PeopleQuery{Text: in.Text, Cursor: in.Cursor, Limit: in.Limit}
			if in.Active != "" {
				active := in.Active == "true"
				query.Active = &active
			}
			return answered(a.Service.Directory(ctx, query))
		})
	register(a, operation(http.MethodGet, "/people/{handle}", "read-person", "Read somebody", "Accounts", read),
		func(ctx context.Context, in *ByPerson) (*answer[app.Person], error) {
			return answered(a.Service.Person(ctx, in.Handle))
		})
	register(a, operation(http.MethodPut, "/people/{handle}", "save-person", "Write somebody, new or known", "Accounts", app.PermissionPeopleWrite),
		func(ctx context.Context, in *struct {
			ByPerson
			IfNoneMatch string `header:"If-None-Match" enum:"*" doc:"With *, only somebody new is written; a handle that is somebody else's already is refused"`
			Body        personBody
		},
		) (*answer[app.Person], error) {
			if in.IfNoneMatch != "" {
				return answered(a.Service.AddPerson(ctx, in.Body.person(in.Handle)))
			}
			return answered(a.Service.SavePerson(ctx, in.Body.person(in.Handle)))
		})
	register(a, operation(http.MethodGet, "/people/{handle}/grants", "list-grants", "What somebody was granted", "Accounts", app.PermissionGrantRead),
		func(ctx context.Context, in *ByPerson) (*list[app.Grant], error) {
			return listed(a.Service.Grants(ctx, in.Handle))
		})
	type grantBody struct{ Body app.Grant }
	register(a, operation(http.MethodPost, "/grants", "give-grant", "Give a role within a scope", "Accounts", app.PermissionGrantWrite),
		func(ctx context.Context, in *grantBody) (*list[app.Grant], error) {
			return listed(a.Service.GiveGrant(ctx, in.Body))
		})
	register(a, operation(http.MethodPost, "/grants/revoke", "take-grant", "Take a role away", "Accounts", app.PermissionGrantWrite),
		func(ctx context.Context, in *grantBody) (*list[app.Grant], error) {
			return listed(a.Service.TakeGrant(ctx, in.Body))
		})
	register(a, operation(http.MethodGet, "/teams", "list-teams", "Teams and their members", "Accounts", read),
		func(ctx context.Context, _ *struct{}) (*list[app.TeamView], error) {
			return listed(a.Service.Teams(ctx))
		})
	register(a, operation(http.MethodGet, "/services", "list-services", "Services and who supports them", "Accounts", read),
		func(ctx context.Context, _ *struct{}) (*list[app.ServiceView], error) {
			return listed(a.Service.Services(ctx))
		})
	register(a, operation(http.MethodGet, "/permissions", "list-permissions", "Every permission there is", "Accounts", read),
		func(context.Context, *struct{}) (*list[string], error) { return listed(app.AllPermissions(), nil) })
	a.tokens()
	a.sessions()
}

// personBody is somebody as written: active unless said otherwise.
type personBody struct {
	Name   string `json:"name" minLength:"1" maxLength:"200"`
	Mail   string `json:"mail,omitempty" maxLength:"320"`
	Kind   string `json:"kind,omitempty" enum:"person,machine"`
	Active *bool  `json:"active,omitempty"`
	Zone   string `json:"zone,omitempty" maxLength:"100"`
}

func (b personBody) person(handle string) app.Person {
	return app.Person{Handle: handle, Name: b.Name, Mail: b.Mail, Kind: b.Kind, Active: b.Active == nil || *b.Active, Zone: b.Zone}
}

func (a *API) tokens() {
	register(a, operation(http.MethodGet, "/tokens", "list-tokens", "Tokens, without their secrets", "Accounts", app.PermissionTokenOwn),
		func(ctx context.Context, in *struct {
			Person string `query:"person" maxLength:"100" doc:"Left out: yourself"`
		},
		) (*list[app.Token], error) {
			return listed(a.Service.Tokens(ctx, in.Person))
		})
	create := operation(http.MethodPost, "/tokens", "create-token", "Make a token; its secret is in this answer only", "Accounts", app.PermissionTokenOwn)
	create.DefaultStatus = http.StatusCreated
	register(a, create, func(ctx context.Context, in *struct {
		Key  string `header:"Idempotency-Key" maxLength:"255" doc:"The same key makes one token; within ten minutes it is answered with a new secret, and the one before works no more"`
		Body app.TokenBody
	},
	) (*answer[app.NewToken], error) {
		return answered(a.Service.CreateToken(ctx, in.Key, in.Body))
	})
	register(a, operation(http.MethodDelete, "/tokens/{id}", "revoke-token", "End a token at once", "Accounts", app.PermissionTokenOwn),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64"`
		},
		) (*struct{}, error) {
			return &struct{}{}, a.Service.RevokeToken(ctx, in.ID)
		})
}
