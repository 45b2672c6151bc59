// Package workflows_test plays records' workflows in the SDK's time-skipping environment, over the real activities and a real
// PostgreSQL. A workflow's memory is worth testing only against what Apply really commits and answers, and a stand-in that
// kept rows in memory would be a second Apply, with views, repeats and late deadlines of its own to get wrong. The real one
// takes about a millisecond, so nothing is saved by pretending. The environment is the activities' clock: a deadline lies
// days ahead and comes at once.
//
// The environment has no server: what Temporal itself does with updates, tasks and workers is tested on a real engine, in
// test/integration, and held by the histories that replay_test.go replays.
package workflows_test

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"go.temporal.io/sdk/activity"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// tester is a test, or one round of a property.
type tester interface {
	require.TestingT
	Helper()
}

// desk is a database with the organisation in it; records live side by side in it.
type desk struct {
	t    testing.TB
	rows *bun.DB
	// tamper is the superuser's, for faults.
	tamper *bun.DB
	keys   atomic.Int64
}

func setup(t testing.TB) *desk {
	t.Helper()
	db := store.Database(t)
	db.Settle(t)
	return &desk{t: t, rows: db.Worker(t), tamper: db.Superuser(t)}
}

// monday is when a life begins, 10:00 at the desk in Berlin. It lies far ahead of the machine's clock, against which the SDK
// holds the deadline of a local activity's second attempt.
const monday = "2100-03-01T09:00:00Z"

var (
	agent     = domain.Actor{Kind: domain.ActorPerson, Name: "ana", Roles: []domain.Role{domain.RoleAgent, domain.RoleTeamLead}}
	requester = domain.Actor{Kind: domain.ActorPerson, Name: "rita", Roles: []domain.Role{domain.RoleRequester}}
	machine   = domain.Actor{Kind: domain.ActorMachine, Name: "relay"}
)

type body = map[string]any

// environment makes a time-skipping environment with the real workflows and activities; through stands before each activity.
func (d *desk) environment(l *life) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(patience).SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: patience})
	workflows.Register(env)
	l.Activities = activities.New(activities.Dependencies{
		DB: d.rows, Clock: l, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
		Transient: pg.Transient, Constraint: pg.Constraint, Log: slog.New(slog.DiscardHandler),
	})
	env.RegisterActivityWithOptions(l.apply, activity.RegisterOptions{Name: domain.ActivityApply})
	env.RegisterActivityWithOptions(l.look, activity.RegisterOptions{Name: domain.ActivityLook})
	return env
}

// incident reads a record's row.
func (d *desk) incident(t tester, id string) incident.Incident {
	t.Helper()
	found, exists, err := schemas.ReadIncident(d.t.Context(), d.rows, schemas.Reader{All: true, Restricted: true}, id)
	require.NoError(t, err)
	require.True(t, exists)
	return found
}

func (d *desk) events(t tester, id string) []domain.StoredEvent {
	t.Helper()
	events, err := schemas.ReadTimeline(d.t.Context(), d.rows, id, 0, nil, schemas.Whole, 1000)
	require.NoError(t, err)
	return events
}

// types are the kinds of a record's events, in order, without their practice.
func (d *desk) types(t tester, id string) []string {
	t.Helper()
	types := []string{}
	for _, event := range d.events(t, id) {
		types = append(types, event.Type[len("incident."):])
	}
	return types
}

// fail makes the database answer every command with an error of a code, until it is mended: 57P03 passes by itself, XX000
// does not.
func (d *desk) fail(code string) {
	d.t.Helper()
	_, err := d.tamper.ExecContext(d.t.Context(), `CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'a fault of the test' USING ERRCODE = TG_ARGV[0]; END $$;
		CREATE TRIGGER fault BEFORE INSERT ON commands FOR EACH ROW EXECUTE FUNCTION fault('`+code+`')`)
	require.NoError(d.t, err)
}

func (d *desk) mend() {
	d.t.Helper()
	_, err := d.tamper.ExecContext(d.t.Context(), `DROP TRIGGER IF EXISTS fault ON commands`)
	require.NoError(d.t, err)
}

// command makes a command to an incident; where record is empty, it opens one.
func (d *desk) command(actor domain.Actor, verb, record string, content any) domain.Command {
	return d.commandOf(domain.Incident, actor, verb, record, content)
}

// commandOf makes a command to a record of a practice.
func (d *desk) commandOf(practice domain.Practice, actor domain.Actor, verb, record string, content any) domain.Command {
	text, err := json.Marshal(content)
	require.NoError(d.t, err)
	if content == nil {
		text = nil
	}
	command := domain.Command{
		ID: domain.CommandID("test", strconv.FormatInt(d.keys.Add(1), 10)), Name: string(practice) + "." + verb, Practice: practice,
		Record: record, Actor: actor, Body: text, Digest: domain.Digest(text),
	}
	if record == "" {
		command.Record = domain.NewID(command.ID)
	}
	return command
}

// log is the command that opens an incident of rita's for messaging: priority 3, to be triaged within four hours.
func (d *desk) log(more ...body) domain.Command {
	content := body{"title": "Mail does not go out", "impact": "medium", "urgency": "medium", "service": "mail", "team": "messaging", "requester": "rita"}
	for _, fields := range more {
		for name, value := range fields {
			content[name] = value
		}
	}
	return d.command(agent, "log", "", content)
}

// resolved makes a log that resolves in one step, which closes by itself in three working days.
var resolved = body{"resolution": body{"code": "fixed", "notes": "Turned it on."}}
