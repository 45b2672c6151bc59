package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/server"
	"github.com/holdfast-itsm/holdfast/server/api"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// The callers, in the order of the table's columns. dee drafted the changes, for ron; eli carries them out, both of messaging, whose agent
// gus is too; fay is an agent of another team. val is asked, and hal stands in for val. The others hold one role each: cab sits on boards
// that are not asked, pru approves elsewhere, mona manages changes, kit configuration, aud audits, sow owns the service, root is the
// administrator, and one is root with a token for change.read alone.
var callers = strings.Fields("rex ron fay gus dee eli val hal cab pru mona kit aud sow root one")

var callerGrants = []app.Grant{
	{Person: "fay", Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "network"},
	{Person: "gus", Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "messaging"},
	{Person: "dee", Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "messaging"},
	{Person: "eli", Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "messaging"},
	{Person: "val", Role: domain.RoleApprover, ScopeKind: "all"},
	{Person: "cab", Role: domain.RoleCABMember, ScopeKind: "all"},
	{Person: "pru", Role: domain.RoleApprover, ScopeKind: "all"},
	{Person: "mona", Role: domain.RoleChangeManager, ScopeKind: "all"},
	{Person: "kit", Role: domain.RoleConfigurationManager, ScopeKind: "all"},
	{Person: "aud", Role: domain.RoleAuditor, ScopeKind: "all"},
	{Person: "sow", Role: domain.RoleServiceOwner, ScopeKind: "service", ScopeName: "mail"},
	{Person: "root", Role: domain.RoleAdmin, ScopeKind: "all"},
	{Person: "boss", Role: domain.RoleAdmin, ScopeKind: "all"},
}

// world is the API over real decisions, with a change in every state, and beside each one that is restricted.
type world struct {
	t       *testing.T
	base    store.DB
	clock   *store.Clock
	service *app.App
	door    *decider
	url     string
	secrets map[string]string
	changes map[string]change.Change // by state, and "restricted " before it
	files   map[bool]string          // at the change with papers, by whether that is restricted
	others  map[string]string        // other records, by what they are
	serial  atomic.Int64
}

// decider is a door behind which commands are decided at once, with all facts; once sealed, nothing of a decision about a record that
// there is stays: so one change can be asked by everybody.
type decider struct {
	apply *activities.Activities
}

const takenBack = "HF999"

func (d *decider) Send(ctx context.Context, command domain.Command) (domain.Result, error) {
	result, err := d.apply.Apply(ctx, command)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == takenBack {
		return domain.Result{Outcome: domain.Applied, Version: 1}, nil
	}
	return result, err
}

func (d *decider) Adopt(context.Context, domain.Practice, string) error { return nil }

// seal lets every decision of the worker's about a record that there is fail at its commit.
func (w *world) seal() {
	_, err := w.base.Superuser(w.t).ExecContext(w.t.Context(), `
		CREATE FUNCTION take_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken back' USING ERRCODE = '`+takenBack+`'; END $$;
		CREATE CONSTRAINT TRIGGER take_back AFTER INSERT ON commands DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
			WHEN (NEW.name ~ '^(change|meeting)[.]' AND NEW.name NOT IN ('change.draft', 'change.from_model', 'meeting.plan')) EXECUTE FUNCTION take_back()`)
	require.NoError(w.t, err)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, base: store.Database(t), clock: store.NewClock("2026-11-30T09:00:00Z"), secrets: map[string]string{}, changes: map[string]change.Change{},
		files: map[bool]string{}, others: map[string]string{},
	}
	w.base.Settle(t)
	log := slog.New(slog.DiscardHandler)
	w.door = &decider{activities.New(activities.Dependencies{
		DB: w.base.Worker(t), Clock: w.clock, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
		Transient: func(err error) bool {
			var refused *pgconn.PgError
			return pg.Transient(err) || errors.As(err, &refused) && refused.Code == takenBack
		},
		Constraint: pg.Constraint, Log: log,
	})}
	blobs, err := app.OpenFolder(t.TempDir())
	require.NoError(t, err)
	w.service = app.New(app.Dependencies{
		DB: w.base.App(t), Clock: w.clock, Door: w.door, DoorWait: time.Minute, Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient, Log: log,
	})
	engine := gin.New()
	engine.ContextWithFallback = true
	api.Mount(engine, api.Dependencies{Service: w.service, Authenticate: w.service.Authenticate, Log: log})
	faces := httptest.NewServer(server.InTime(engine))
	t.Cleanup(faces.Close)
	w.url = faces.URL
	w.people()
	w.records()
	w.seal()
	return w
}

func (w *world) installs() context.Context {
	return app.WithPrincipal(w.t.Context(), app.Principal{Handle: "holdfast", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
}

func (w *world) people() {
	t, db := w.t, w.base.App(w.t)
	for _, handle := range append([]string{"vic", "boss"}, callers...) {
		require.NoError(t, schemas.SavePerson(t.Context(), db, schemas.PersonRow{
			Handle: handle, Name: handle, Kind: "person", Active: true, Zone: "UTC", CreatedAt: store.Instant("2026-01-01T00:00:00Z"),
		}))
	}
	require.NoError(t, schemas.SaveTeam(t.Context(), db, schemas.TeamRow{Name: "messaging", Title: "Messaging", Lead: "ana", Members: []string{"ana", "gus", "dee", "eli", "pat"}}))
	require.NoError(t, schemas.SaveService(t.Context(), db, schemas.ServiceRow{Name: "mail", Title: "Mail", Owner: "sow", Criticality: "high", Team: "messaging", Calendar: "desk"}))
	for _, grant := range callerGrants {
		_, err := w.service.GiveGrant(w.installs(), grant)
		require.NoError(t, err)
	}
	for _, handle := range append([]string{"boss"}, callers...) {
		body := app.TokenBody{Person: handle, Name: "callers"}
		if handle == "one" {
			body.Person, body.Permissions = "root", []string{"change.read"}
		}
		made, err := w.service.CreateToken(w.installs(), "", body)
		require.NoError(t, err)
		w.secrets[handle] = made.Secret
	}
	require.NoError(t, schemas.AddDelegation(t.Context(), db, schemas.DelegationRow{
		ID: domain.NewID("hal"), Principal: "val", Delegate: "hal", From: store.Instant("2026-11-01T00:00:00Z"),
		Until: store.Instant("2027-01-01T00:00:00Z"), MadeBy: "val", MadeAt: store.Instant("2026-11-01T00:00:00Z"),
	}))
	var board approval.Policy
	require.NoError(t, json.Unmarshal([]byte(`{"when": "true", "stages": [{"name": "board", "electorate": ["person:val", "person:vic"], "rule": {"threshold": 2}}]}`), &board))
	w.base.Apply(t, "ApprovalPolicy/board", board)
	w.base.Apply(t, "ChangeModel/restart", body{"type": "standard", "title": "Restart", "plan": "Restart it", "back_out_plan": "Start the old one"})
}

// records makes the changes, the meetings and the configuration items that are asked about.
func (w *world) records() {
	w.others["incident"] = w.do("incident.log", "", "ana", domain.RoleAgent, body{"title": "Mail is slow", "impact": "medium", "urgency": "medium", "service": "mail", "team": "messaging"})
	w.others["outage"] = w.do("incident.log", "", "ana", domain.RoleAgent, body{"title": "Mail is away", "impact": "medium", "urgency": "medium", "service": "mail", "team": "messaging"})
	for _, restricted := range []bool{false, true} {
		w.lives(restricted)
	}
	w.clock.Set("2026-11-30T10:30:00Z") // within the windows
	for _, restricted := range []bool{false, true} {
		w.begun(restricted)
	}
	plan := body{"title": "Board", "board": body{"role": "cab_member"}, "at": store.Instant("2026-12-20T14:00:00Z"), "cut_off": "1h"}
	for _, name := range []string{"planned", "fixed", "held"} {
		w.others[name] = w.do("meeting.plan", "", "mona", domain.RoleChangeManager, plan)
		w.do("meeting.add_item", w.others[name], "mona", domain.RoleChangeManager, body{"change": w.changes["scheduled"].Number})
	}
	for _, name := range []string{"fixed", "held"} {
		w.do("meeting.fix_agenda", w.others[name], "mona", domain.RoleChangeManager, body{})
	}
	w.do("meeting.hold", w.others["held"], "mona", domain.RoleChangeManager, body{})
	for _, handle := range []string{"mx1", "mx2"} {
		told := w.ask("root", "PUT", "/configuration-items/"+handle, body{"class": "server"})
		require.Equal(w.t, 200, told.status, "%s", told.body)
	}
}

// lives are changes in each state to which nothing but decisions leads.
func (w *world) lives(restricted bool) {
	w.keep(restricted, "draft", w.drafted(restricted, nil))
	w.keep(restricted, "emergency", w.drafted(restricted, body{"type": "emergency", "security_reason": "A hole"}))
	w.keep(restricted, "assessing", w.submitted(restricted, nil))
	papers := w.drafted(restricted, nil)
	w.keep(restricted, "papers", papers)
	w.files[restricted] = w.attached(restricted)
	w.voting(papers)
	w.keep(restricted, "papers", papers)
	w.keep(restricted, "voting", w.voting(w.drafted(restricted, nil)))
	asked := w.voting(w.drafted(restricted, nil))
	w.do("change.request_info", asked, "vic", domain.RoleApprover, body{"text": "Why now?"})
	w.keep(restricted, "questioned", asked)
	w.keep(restricted, "missed", w.decided(w.voting(w.drafted(restricted, body{"window_from": store.Instant("2026-11-30T09:30:00Z"), "window_to": store.Instant("2026-11-30T10:00:00Z")}))))
	w.keep(restricted, "scheduled", w.decided(w.voting(w.drafted(restricted, nil))))
}

// begun are those that were started, one whose window nobody used, and one that is over and may have caused an outage.
func (w *world) begun(restricted bool) {
	started := func() string {
		id := w.decided(w.voting(w.drafted(restricted, body{"window_from": store.Instant("2026-11-30T10:00:00Z")})))
		w.do("change.start", id, "eli", domain.RoleAgent, body{})
		return id
	}
	missed := w.at("missed", restricted).ID
	w.send(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, "change."+domain.Tick, missed, nil)
	w.keep(restricted, "approved", missed)
	w.keep(restricted, "implementing", started())
	done := started()
	w.do("change.complete_task", done, "eli", domain.RoleAgent, body{"task": "t1"})
	w.do("change.complete", done, "eli", domain.RoleAgent, body{"outcome": "successful"})
	outage := w.others["outage"]
	w.send(domain.Actor{Kind: domain.ActorMachine, Name: "INC-000002"}, "change.cause_proposed", done, body{"incident": outage, "number": "INC-000002", "service": "mail"})
	w.keep(restricted, "review", done)
}

type body = map[string]any

func (w *world) drafted(restricted bool, more body) string {
	content := body{
		"title": "Move the mail to the new relay", "justification": "The old one ends", "plan": "Move it", "test_plan": "Send a mail", "back_out_plan": "Move it back",
		"service": "mail", "team": "messaging", "environment": "production", "assignee": "eli", "requester": "ron", "restricted": restricted,
		"expected_outage":     "Mail rests for a minute",
		"configuration_items": []string{"box" + w.next()},
		"window_from":         store.Instant("2026-11-30T10:00:00Z"), "window_to": store.Instant("2026-12-01T10:00:00Z"), "tasks": []body{{"title": "Switch"}},
	}
	for name, value := range more {
		content[name] = value
	}
	id := w.do("change.draft", "", "dee", domain.RoleAgent, content)
	w.do("change.link", id, "dee", domain.RoleAgent, body{"type": "follows", "to": w.others["incident"]})
	return id
}

func (w *world) submitted(restricted bool, more body) string {
	id := w.drafted(restricted, more)
	w.do("change.submit", id, "dee", domain.RoleAgent, body{"expedited": true, "reason": "test"})
	return id
}

func (w *world) voting(id string) string {
	w.do("change.submit", id, "dee", domain.RoleAgent, body{"expedited": true, "reason": "test"})
	w.do("change.assess", id, "pat", domain.RoleChangeManager, body{})
	w.do("change.peer_review", id, "pat", domain.RoleChangeManager, body{})
	return id
}

func (w *world) decided(id string) string {
	for _, person := range []string{"val", "vic"} {
		w.do("change.cast_vote", id, person, domain.RoleApprover, body{"vote": "approve", "hashes": w.read(id).Approval.Hashes})
	}
	return id
}

// attached is a file of dee's at the change with papers.
func (w *world) attached(restricted bool) string {
	told := w.ask("dee", "POST", "/changes/"+w.at("papers", restricted).Number+"/attachments?name=plan.txt&public=true", []byte("a plan"))
	require.Equal(w.t, 201, told.status, "%s", told.body)
	return told.id()
}

func (w *world) keep(restricted bool, state, id string) {
	w.changes[stateOf(state, restricted)] = w.read(id)
}

func (w *world) at(state string, restricted bool) change.Change {
	return w.changes[stateOf(state, restricted)]
}

func stateOf(state string, restricted bool) string {
	if restricted {
		return "restricted " + state
	}
	return state
}

func (w *world) read(id string) change.Change {
	w.t.Helper()
	found, exists, err := schemas.ReadChange(w.t.Context(), w.base.App(w.t), schemas.Reader{Handle: "root", All: true, Restricted: true}, id)
	require.NoError(w.t, err)
	require.True(w.t, exists)
	return found
}

// do has a command of a person's applied.
func (w *world) do(name, record, person string, role domain.Role, content body) string {
	w.t.Helper()
	return w.send(domain.Actor{Kind: domain.ActorPerson, Name: person, Roles: []domain.Role{role}}, name, record, content)
}

func (w *world) send(actor domain.Actor, name, record string, content body) string {
	w.t.Helper()
	text, err := json.Marshal(content)
	require.NoError(w.t, err)
	if content == nil {
		text = nil
	}
	practice, _, _ := strings.Cut(name, ".")
	command := domain.Command{
		ID: domain.CommandID("world", w.next()), Name: name, Practice: domain.Practice(practice), Record: record, Actor: actor, ReceivedAt: w.clock.Now(),
		Body: text, Digest: domain.Digest(text),
	}
	if record == "" {
		command.Record = domain.NewID(command.ID)
	}
	result, err := w.door.Send(w.t.Context(), command)
	require.NoError(w.t, err, name)
	require.Equal(w.t, domain.Applied, result.Outcome, "%s: %v", name, result.Refusal)
	return command.Record
}

// ask asks as one of the callers; a body is sent as JSON, bytes as they are.
func (w *world) ask(caller, method, path string, content any) told {
	w.t.Helper()
	text, raw := content.([]byte)
	if !raw && content != nil {
		var err error
		text, err = json.Marshal(content)
		require.NoError(w.t, err)
	}
	var reader io.Reader
	media := "application/json"
	if raw {
		media = "application/octet-stream"
	}
	if text != nil {
		reader = strings.NewReader(string(text))
	}
	d := &desk{t: w.t, url: w.url}
	return d.ask(method, path, w.secrets[caller], reader, "Content-Type", media)
}
