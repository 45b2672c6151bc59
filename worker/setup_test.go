package worker

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// desk is a worker on a database of its own, whose Temporal nobody can reach: what is tested here is decided by rows alone.
// Deliveries, adoption and the rest that needs a Temporal are tested on a real one (test/integration, test/chaos).
type desk struct {
	t     *testing.T
	db    store.DB
	app   *bun.DB
	super *bun.DB
	clock *store.Clock
	*Worker
	keys int
}

func setup(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, db: store.Database(t), clock: store.NewClock("2026-11-30T09:00:00Z")}
	d.db.Settle(t)
	d.app, d.super = d.db.App(t), d.db.Superuser(t)
	quiet := slog.New(slog.DiscardHandler)
	unreachable, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: temporallog.NewStructuredLogger(quiet)})
	require.NoError(t, err)
	t.Cleanup(unreachable.Close)
	db := d.db.Worker(t)
	d.Worker = New(Dependencies{
		Temporal: unreachable, Door: &app.Door{Temporal: unreachable}, DB: db, Clock: d.clock, Log: quiet, Name: "desk/1",
		Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Hints: NewHints(),
		Activities: activities.New(activities.Dependencies{
			DB: db, Clock: d.clock, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
			Transient: pg.Transient, Constraint: pg.Constraint, Log: quiet,
		}),
	})
	return d
}

var agent = domain.Actor{Kind: domain.ActorPerson, Name: "ana", Roles: []domain.Role{domain.RoleAgent}}

func (d *desk) command(verb, record string, content map[string]any) domain.Command {
	d.t.Helper()
	text, err := json.Marshal(content)
	require.NoError(d.t, err)
	d.keys++
	command := domain.Command{
		ID: domain.CommandID("test", strconv.Itoa(d.keys)), Name: "incident." + verb, Practice: domain.Incident, Record: record, Actor: agent,
		ReceivedAt: d.clock.Now(), Body: text, Digest: domain.Digest(text),
	}
	if record == "" {
		command.Record = domain.NewID(command.ID)
	}
	return command
}

// decide applies a command to the row and answers its record.
func (d *desk) decide(verb, record string, content map[string]any) string {
	d.t.Helper()
	result, err := d.Activities.Apply(d.t.Context(), d.command(verb, record, content))
	require.NoError(d.t, err)
	require.Equal(d.t, domain.Applied, result.Outcome, "%v", result.Refusal)
	return result.View.Record
}

// closed is the id of an incident that has ended.
func (d *desk) closed() string {
	d.t.Helper()
	id := d.decide("log", "", map[string]any{
		"title": "Mail does not go out", "impact": "low", "urgency": "low", "resolution": map[string]any{"code": "fixed", "notes": "Done."},
	})
	return d.decide("close", id, nil)
}

// post leaves a command for a record and answers its id.
func (d *desk) post(record, verb string, closed domain.ClosedTarget) string {
	d.t.Helper()
	command := d.command(verb, record, nil)
	text, err := json.Marshal(command)
	require.NoError(d.t, err)
	posted, err := schemas.PostCommand(d.t.Context(), d.app, command, text, closed, d.clock.Now())
	require.NoError(d.t, err)
	require.Equal(d.t, schemas.PostedNow, posted)
	return command.ID
}

func (d *desk) message(id string) schemas.MessageRow {
	d.t.Helper()
	row, found, err := schemas.ReadMessage(d.t.Context(), d.DB, id)
	require.NoError(d.t, err)
	require.True(d.t, found)
	return row
}

// ids are those of messages that a relay was given now.
func (d *desk) claimed(limit int) []string {
	d.t.Helper()
	rows, err := d.relay.claim(d.t.Context(), "", limit)
	require.NoError(d.t, err)
	ids := []string{}
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return ids
}

// eventually waits until a condition holds.
func (d *desk) eventually(holds func() bool) {
	d.t.Helper()
	require.Eventually(d.t, holds, time.Minute, 10*time.Millisecond)
}
