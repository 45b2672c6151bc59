package client

import (
	"context"
	"net/http"
	"strconv"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Policies lists the newest version of every document, of one kind or of all.
func (c *client) Policies(ctx context.Context, kind string) ([]policy.Document, error) {
	op := get("policies")
	op.query = values("kind", kind)
	return list[policy.Document](ctx, c, op)
}

// Policy reads one version of a document; 0 is the newest.
func (c *client) Policy(ctx context.Context, kind, name string, version int) (policy.Document, error) {
	op := get("policies", kind, name)
	if version != 0 {
		op.query = values("version", strconv.Itoa(version))
	}
	return one[policy.Document](ctx, c, op)
}

// PolicyVersions lists every version of a document, newest first.
func (c *client) PolicyVersions(ctx context.Context, kind, name string) ([]policy.Document, error) {
	return list[policy.Document](ctx, c, get("policies", kind, name, "versions"))
}

// RecentRuns answers what the rules of an AutomationRules document did lately.
func (c *client) RecentRuns(ctx context.Context, document string, limit int) ([]app.RuleRun, error) {
	op := get("policies", "AutomationRules", document, "runs")
	if limit > 0 {
		op.query = values("limit", strconv.Itoa(limit))
	}
	return list[app.RuleRun](ctx, c, op)
}

// ApplyPolicy stores a new version of a document, unless the newest has the same content.
func (c *client) ApplyPolicy(ctx context.Context, document policy.Document) (policy.Document, error) {
	return one[policy.Document](ctx, c, call{
		method: http.MethodPut, path: []string{"policies", document.Kind, document.Name},
		body: map[string]any{"spec": document.Spec, "reason": document.Reason},
	})
}

// ApplyPolicyOn stores a new version only while base is the newest, 0 while there is none.
func (c *client) ApplyPolicyOn(ctx context.Context, document policy.Document, base int) (policy.Document, error) {
	return one[policy.Document](ctx, c, call{
		method: http.MethodPut, path: []string{"policies", document.Kind, document.Name},
		body: map[string]any{"spec": document.Spec, "reason": document.Reason, "base": base},
	})
}

// ValidatePolicy says what is wrong with a document, without storing it.
func (c *client) ValidatePolicy(ctx context.Context, document policy.Document) ([]policy.Problem, error) {
	var got struct {
		Problems []policy.Problem `json:"problems"`
	}
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: []string{"policies", "validate"}, into: &got,
		body: map[string]any{"kind": document.Kind, "name": document.Name, "spec": document.Spec},
	})
	return got.Problems, err
}

// TestPolicies runs policy tests against what is stored and what is being written.
func (c *client) TestPolicies(ctx context.Context, body app.PolicyTestBody) (app.PolicyTestReport, error) {
	return one[app.PolicyTestReport](ctx, c, call{method: http.MethodPost, path: []string{"policies", "test"}, body: body})
}

// Simulate lets records live again under proposed documents.
func (c *client) Simulate(ctx context.Context, body app.SimulationBody) (app.SimulationReport, error) {
	return one[app.SimulationReport](ctx, c, call{method: http.MethodPost, path: []string{"simulations"}, body: body})
}

// WhoAmI answers whose token the client has.
func (c *client) WhoAmI(ctx context.Context) (app.Principal, error) {
	return one[app.Principal](ctx, c, get("me"))
}

// People finds people by handle, name or mail.
func (c *client) People(ctx context.Context, text string, limit int) ([]app.Person, error) {
	op := get("people")
	op.query = values("q", text, "limit", count(limit, mostItems))
	return list[app.Person](ctx, c, op)
}

// Directory lists people, one page at a time.
func (c *client) Directory(ctx context.Context, query app.PeopleQuery) (app.Page[app.Person], error) {
	op := get("people")
	active := ""
	if query.Active != nil {
		active = strconv.FormatBool(*query.Active)
	}
	op.query = values("q", query.Text, "active", active, "cursor", query.Cursor, "limit", count(query.Limit, mostItems))
	return one[app.Page[app.Person]](ctx, c, op)
}

// Person reads somebody by handle.
func (c *client) Person(ctx context.Context, handle string) (app.Person, error) {
	return one[app.Person](ctx, c, get("people", handle))
}

// SavePerson writes somebody, new or known.
func (c *client) SavePerson(ctx context.Context, person app.Person) (app.Person, error) {
	return one[app.Person](ctx, c, putPerson(person))
}

// AddPerson writes somebody new.
func (c *client) AddPerson(ctx context.Context, person app.Person) (app.Person, error) {
	op := putPerson(person)
	op.header = http.Header{"If-None-Match": {"*"}}
	return one[app.Person](ctx, c, op)
}

func putPerson(person app.Person) call {
	body := struct {
		Name   string `json:"name"`
		Mail   string `json:"mail,omitempty"`
		Kind   string `json:"kind,omitempty"`
		Active bool   `json:"active"`
		Zone   string `json:"zone,omitempty"`
	}{person.Name, person.Mail, person.Kind, person.Active, person.Zone}
	return call{method: http.MethodPut, path: []string{"people", person.Handle}, body: body}
}

// Teams lists teams and their members.
func (c *client) Teams(ctx context.Context) ([]app.TeamView, error) {
	return list[app.TeamView](ctx, c, get("teams"))
}

// Services lists services and who supports them.
func (c *client) Services(ctx context.Context) ([]app.ServiceView, error) {
	return list[app.ServiceView](ctx, c, get("services"))
}

// Grants lists what somebody was granted.
func (c *client) Grants(ctx context.Context, person string) ([]app.Grant, error) {
	return list[app.Grant](ctx, c, get("people", person, "grants"))
}

// GiveGrant gives a role within a scope. Giving it twice gives it once.
func (c *client) GiveGrant(ctx context.Context, grant app.Grant) ([]app.Grant, error) {
	return list[app.Grant](ctx, c, call{method: http.MethodPost, path: []string{"grants"}, body: grant})
}

// TakeGrant takes a role away.
func (c *client) TakeGrant(ctx context.Context, grant app.Grant) ([]app.Grant, error) {
	return list[app.Grant](ctx, c, call{method: http.MethodPost, path: []string{"grants", "revoke"}, body: grant})
}

// Tokens lists somebody's tokens without their secrets.
func (c *client) Tokens(ctx context.Context, person string) ([]app.Token, error) {
	op := get("tokens")
	op.query = values("person", person)
	return list[app.Token](ctx, c, op)
}

// CreateToken makes a token; asked again with the same key soon after, it answers another secret of the same one.
func (c *client) CreateToken(ctx context.Context, key string, body app.TokenBody) (app.NewToken, error) {
	return one[app.NewToken](ctx, c, call{method: http.MethodPost, path: []string{"tokens"}, key: key, body: body})
}

// RevokeToken ends a token at once.
func (c *client) RevokeToken(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{"tokens", id}})
	return err
}

// Sessions lists where somebody is signed in to the console.
func (c *client) Sessions(ctx context.Context, person string) ([]app.Session, error) {
	op := get("sessions")
	op.query = values("person", person)
	return list[app.Session](ctx, c, op)
}

// EndSession ends a session at once.
func (c *client) EndSession(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{"sessions", id}})
	return err
}

// Invite makes a one-use link; asked again with the same key soon after, it answers another link of the same invitation.
func (c *client) Invite(ctx context.Context, key, person string) (app.NewInvitation, error) {
	return one[app.NewInvitation](ctx, c, call{method: http.MethodPost, path: []string{"people", person, "invitations"}, key: key})
}
