package activities_test

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// desk is one test's database with the organisation in it, a clock, and the activities over both.
type desk struct {
	*activities.Activities
	t      testing.TB
	db     store.DB
	worker *bun.DB
	clock  *store.Clock
	keys   atomic.Int64
}

const monday = "2026-11-30T09:00:00Z" // 10:00 at the desk in Berlin

func setup(t testing.TB) *desk {
	t.Helper()
	d := &desk{t: t, db: store.Database(t), clock: store.NewClock(monday)}
	d.db.Settle(t)
	d.worker = d.db.Worker(t)
	d.Activities = d.over(d.worker)
	return d
}

// over makes activities that use another pool.
func (d *desk) over(db *bun.DB) *activities.Activities {
	return activities.New(activities.Dependencies{
		DB: db, Clock: d.clock, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
		Transient: pg.Transient, Constraint: pg.Constraint, Log: slog.New(slog.DiscardHandler),
	})
}

var (
	agent     = domain.Actor{Kind: domain.ActorPerson, Name: "ana", Roles: []domain.Role{domain.RoleAgent, domain.RoleTeamLead}}
	colleague = domain.Actor{Kind: domain.ActorPerson, Name: "bo", Roles: []domain.Role{domain.RoleAgent}}
	requester = domain.Actor{Kind: domain.ActorPerson, Name: "rita", Roles: []domain.Role{domain.RoleRequester}}
	machine   = domain.Actor{Kind: domain.ActorMachine, Name: "relay"}
)

type body = map[string]any

// command makes a command that the desk receives now.
func (d *desk) command(actor domain.Actor, verb, record string, content any) domain.Command {
	d.t.Helper()
	key := strconv.FormatInt(d.keys.Add(1), 10)
	text := []byte{}
	if content != nil {
		var err error
		text, err = json.Marshal(content)
		require.NoError(d.t, err)
	}
	command := domain.Command{
		ID: domain.CommandID("test", key), Name: "incident." + verb, Practice: domain.Incident, Record: record, Actor: actor,
		ReceivedAt: d.clock.Now(), Body: text, Digest: domain.Digest(text),
	}
	if record == "" {
		command.Record = domain.NewID(command.ID)
	}
	return command
}

// apply gives a command that must be applied.
func (d *desk) apply(actor domain.Actor, verb, record string, content any) domain.Result {
	d.t.Helper()
	result, err := d.Apply(d.t.Context(), d.command(actor, verb, record, content))
	require.NoError(d.t, err, verb)
	require.Equal(d.t, domain.Applied, result.Outcome, "%s: %v", verb, result.Refusal)
	return result
}

// refuse gives a command that must be refused.
func (d *desk) refuse(actor domain.Actor, verb, record string, content any) *domain.Error {
	d.t.Helper()
	result, err := d.Apply(d.t.Context(), d.command(actor, verb, record, content))
	require.NoError(d.t, err, verb)
	require.Equal(d.t, domain.Refused, result.Outcome, verb)
	return result.Refusal
}

// log opens an incident of rita's for messaging and answers its id.
func (d *desk) log(more ...body) string {
	d.t.Helper()
	content := body{"title": "Mail does not go out", "impact": "medium", "urgency": "medium", "service": "mail", "team": "messaging", "requester": "rita"}
	for _, fields := range more {
		for name, value := range fields {
			content[name] = value
		}
	}
	return d.apply(agent, "log", "", content).View.Record
}

// tick lets the record's timer ring and answers what came of it.
func (d *desk) tick(record string) domain.Result {
	d.t.Helper()
	command := d.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, record, nil)
	result, err := d.Apply(d.t.Context(), command)
	require.NoError(d.t, err)
	require.Equal(d.t, domain.Applied, result.Outcome)
	return result
}

// everything may be read by a reader of everything.
var everything = schemas.Reader{Handle: "ana", All: true, Restricted: true}

func (d *desk) incident(reference string) incident.Incident {
	d.t.Helper()
	found, exists, err := schemas.ReadIncident(d.t.Context(), d.worker, everything, reference)
	require.NoError(d.t, err)
	require.True(d.t, exists)
	return found
}

func (d *desk) events(record string) []domain.StoredEvent {
	d.t.Helper()
	events, err := schemas.ReadTimeline(d.t.Context(), d.worker, record, 0, nil, schemas.Whole, 1000)
	require.NoError(d.t, err)
	return events
}

// types are the kinds of a record's events, in order.
func (d *desk) types(record string) []string {
	d.t.Helper()
	types := []string{}
	for _, event := range d.events(record) {
		types = append(types, event.Type)
	}
	return types
}

// count counts rows; where is written into the statement.
func (d *desk) count(table, where string, args ...any) int {
	d.t.Helper()
	var count int
	require.NoError(d.t, d.worker.NewRaw("SELECT count(*) FROM "+table+" WHERE "+where, args...).Scan(d.t.Context(), &count))
	return count
}

// sound checks chains and rows as doctor does, at the desk's present.
func (d *desk) sound() {
	d.t.Helper()
	chains, err := schemas.CheckChains(d.t.Context(), d.worker, 20)
	require.NoError(d.t, err)
	require.Empty(d.t, chains)
	rows, err := schemas.CheckRows(d.t.Context(), d.worker, d.clock.Now(), time.Hour*24*365, 20)
	require.NoError(d.t, err)
	require.Empty(d.t, rows)
}

// deliver sends every message that waits, as the relay does, until none is left; it answers how many there were.
func (d *desk) deliver() int {
	d.t.Helper()
	return d.deliverAll(func(domain.Command, domain.Result) {})
}

// relay is deliver where every message must be applied.
func (d *desk) relay() {
	d.t.Helper()
	d.deliverAll(func(command domain.Command, result domain.Result) {
		require.Equal(d.t, domain.Applied, result.Outcome, "%s: %v", command.Name, result.Refusal)
	})
}

func (d *desk) deliverAll(check func(domain.Command, domain.Result)) int {
	d.t.Helper()
	sent := 0
	for {
		rows, err := schemas.ClaimMessages(d.t.Context(), d.worker, "", d.clock.Now(), d.clock.Now().Add(time.Minute), 100)
		require.NoError(d.t, err)
		if len(rows) == 0 {
			return sent
		}
		for _, row := range rows {
			var command domain.Command
			require.NoError(d.t, json.Unmarshal(row.Command, &command))
			command.Relayed = true
			result, err := d.Apply(d.t.Context(), command)
			require.NoError(d.t, err)
			check(command, result)
			require.NoError(d.t, schemas.SettleMessage(d.t.Context(), d.worker, row.ID, schemas.MessageDelivered, &result, d.clock.Now()))
			sent++
		}
	}
}

// post leaves a message for a record, as the application does with a requester's note.
func (d *desk) post(verb, record string, content any) domain.Command {
	d.t.Helper()
	command := d.command(machine, verb, record, content)
	text, err := json.Marshal(command)
	require.NoError(d.t, err)
	posted, err := schemas.PostCommand(d.t.Context(), d.db.App(d.t), command, text, domain.TargetSend, d.clock.Now())
	require.NoError(d.t, err)
	require.Equal(d.t, schemas.PostedNow, posted)
	return command
}
