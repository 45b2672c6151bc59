package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// bound is how long anything may take on a busy machine.
const bound = time.Minute

// player gives commands through the door, as the application does, to a worker that is a process of its own.
type player struct {
	*stage
	stack    *kit.Stack
	temporal client.Client
	door     *app.Door
	owner    *bun.DB
	keys     int
}

func newPlayer(s *stage) *player {
	p := &player{stage: s, stack: kit.Parts(s, 1, 1)}
	store.DB{URL: p.stack.DatabaseURL}.Settle(s)
	var err error
	p.owner, err = pg.Open(p.stack.DatabaseURL, pg.Owner, 2)
	require.NoError(s, err)
	s.Cleanup(func() { require.NoError(s, p.owner.Close()) })
	secured, err := config.Temporal{TemporalFiles: p.stack.TemporalFiles}.TLS()
	require.NoError(s, err)
	p.temporal, err = client.Dial(client.Options{
		HostPort: p.stack.TemporalAddress, Namespace: "holdfast", ConnectionOptions: client.ConnectionOptions{TLS: secured},
		Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(s, err)
	s.Cleanup(p.temporal.Close)
	p.door = &app.Door{Temporal: p.temporal}
	return p
}

var (
	agent     = domain.Actor{Kind: domain.ActorPerson, Name: "ana", Roles: []domain.Role{domain.RoleAgent, domain.RoleTeamLead}}
	requester = domain.Actor{Kind: domain.ActorPerson, Name: "rita", Roles: []domain.Role{domain.RoleRequester}}
)

type body = map[string]any

// command makes a command that is received now; where record is empty, it opens one.
func (p *player) command(actor domain.Actor, verb, record string, content body) domain.Command {
	text, err := json.Marshal(content)
	require.NoError(p, err)
	p.keys++
	command := domain.Command{
		ID: domain.CommandID("histories", fmt.Sprint(p.keys)), Name: "incident." + verb, Practice: domain.Incident, Record: record,
		Actor: actor, ReceivedAt: domain.Millisecond(time.Now()), Body: text, Digest: domain.Digest(text),
	}
	if record == "" {
		command.Record = domain.NewID(command.ID)
	}
	return command
}

// give gives a command that must be applied, and answers its record.
func (p *player) give(actor domain.Actor, verb, record string, content body) string {
	command := p.command(actor, verb, record, content)
	require.NoError(p, p.applied(command))
	return command.Record
}

// applied gives a command that must be applied, for use beside others.
func (p *player) applied(command domain.Command) error {
	result, err := p.send(command)
	if err == nil && result.Outcome == domain.Refused {
		err = fmt.Errorf("%s was refused: %w", command.Name, result.Refusal)
	}
	return err
}

func (p *player) send(command domain.Command) (domain.Result, error) {
	return p.door.Send(p.Context(), command)
}

// log opens an incident of rita's for messaging and answers its id.
func (p *player) log(more body) string { return p.give(agent, "log", "", logged(more)) }

func logged(more body) body {
	content := body{"title": "Mail does not go out", "impact": "medium", "urgency": "medium", "service": "mail", "team": "messaging", "requester": "rita"}
	for name, value := range more {
		content[name] = value
	}
	return content
}

func (p *player) head(record string) domain.Record {
	head, _, err := schemas.ReadHead(p.Context(), p.owner, record)
	require.NoError(p, err)
	return head
}

// tamper gives a statement as the owner of the tables.
func (p *player) tamper(statement string) {
	_, err := p.owner.ExecContext(p.Context(), statement)
	require.NoError(p, err)
}

// ended waits until the run of a record has ended by itself, and answers it.
func (p *player) ended(record, run string) execution {
	return p.over(execution{record: record, run: run})
}

// over waits until an execution has ended by itself.
func (p *player) over(e execution) execution {
	var status enums.WorkflowExecutionStatus
	kit.Eventually(p, bound, func() bool {
		told, err := p.temporal.DescribeWorkflowExecution(p.Context(), e.id(), e.run)
		require.NoError(p, err)
		status = told.WorkflowExecutionInfo.Status
		return status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	}, "the run of "+e.id()+" ends")
	require.NotEqual(p, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, status, "Temporal gave the run up")
	return e
}

// run is the record's newest run.
func (p *player) run(record string) string {
	told, err := p.temporal.DescribeWorkflowExecution(p.Context(), domain.WorkflowID(domain.Incident, record), "")
	require.NoError(p, err)
	return told.WorkflowExecutionInfo.Execution.RunId
}

// pending tells whether a regular activity of a record's run is being tried.
func (p *player) pending(record string) bool {
	told, err := p.temporal.DescribeWorkflowExecution(p.Context(), domain.WorkflowID(domain.Incident, record), "")
	require.NoError(p, err)
	return len(told.PendingActivities) > 0
}

// count counts the events of a type in a run's history.
func (p *player) count(of execution, kind enums.EventType) int {
	count := 0
	for _, event := range p.history(of).Events {
		if event.EventType == kind {
			count++
		}
	}
	return count
}

// execution is one run of a record's workflow, of a destination's, or of a turn's.
type execution struct {
	record, run, destination string
	practice                 domain.Practice // of the record; empty: an incident
	workflow                 string          // the id of one that is neither a record's nor a destination's
}

func (e execution) id() string {
	if e.destination != "" {
		return domain.DeliveryID(e.destination)
	}
	if e.workflow != "" {
		return e.workflow
	}
	return domain.WorkflowID(cmp.Or(e.practice, domain.Incident), e.record)
}

// store adds the histories of a scenario's runs: one file each, numbered where there are several.
func (p *player) store(into map[string][]byte, scenario string, runs []execution) {
	for i, run := range runs {
		name := scenario
		if len(runs) > 1 {
			name += fmt.Sprintf("-%d", i+1)
		}
		into[name+".json.gz"] = compress(p.stage, p.history(run))
	}
}

func (p *player) history(of execution) *history.History {
	told := &history.History{}
	for events := p.temporal.GetWorkflowHistory(p.Context(), of.id(), of.run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		require.NoError(p, err)
		told.Events = append(told.Events, event)
	}
	return told
}

// compress writes a history as JSON, anonymous.
func compress(s *stage, told *history.History) []byte {
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(told)
	require.NoError(s, err)
	var tree any
	require.NoError(s, json.Unmarshal(text, &tree))
	text, err = json.Marshal(anonymous(tree))
	require.NoError(s, err)
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	require.NoError(s, err)
	_, err = writer.Write(text)
	require.NoError(s, err)
	require.NoError(s, writer.Close())
	return packed.Bytes()
}

// anonymous leaves out which machine recorded a history, and with which build: that says nothing about the order of things.
func anonymous(tree any) any {
	switch tree := tree.(type) {
	case map[string]any:
		for _, name := range []string{"identity", "workerVersion", "binaryChecksum"} {
			delete(tree, name)
		}
		if tree["normalName"] != nil { // a queue of one worker's own, which is named after its machine
			tree["name"] = "sticky"
		}
		for name, value := range tree {
			tree[name] = anonymous(value)
		}
	case []any:
		for i, value := range tree {
			tree[i] = anonymous(value)
		}
	}
	return tree
}

// long is a description near its bound.
func long(i int) string { return strings.Repeat(fmt.Sprintf("The log of hour %d. ", i), 3000) }
