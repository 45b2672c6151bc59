package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Execute gives one command, from permission to committed view.
func (a *App) Execute(ctx context.Context, request Request) (Reply, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return Reply{}, err
	}
	command, record, err := a.prepare(ctx, principal, request)
	if err != nil {
		return Reply{}, a.auditRefusal(ctx, principal, request, err)
	}
	if request.Key != "" && !request.KeyIsNew {
		if reply, known, err := a.before(ctx, command); known || err != nil {
			return reply, err
		}
	}
	reply, err := a.decide(ctx, command, record, request)
	if domain.AsError(err) != nil {
		reply, err = a.unlessTaken(ctx, command, err)
	}
	if domain.CodeOf(err) == domain.CodeConflict {
		err = a.offering(ctx, record, err)
	}
	return reply, a.auditRefusal(ctx, principal, request, err)
}

// decide has a command decided, or queues it.
func (a *App) decide(ctx context.Context, command domain.Command, record row, request Request) (Reply, error) {
	if err := check(command, record); err != nil {
		return Reply{}, err
	}
	if err := a.checkNamed(ctx, command, record); err != nil {
		return Reply{}, err
	}
	if err := a.checkAgenda(ctx, command); err != nil {
		return Reply{}, err
	}
	if request.Async {
		return a.queue(ctx, command)
	}
	return a.send(ctx, command, request.Patience)
}

// prepare authorises a request and makes a command of it; it answers the record as it stands, if there is one.
func (a *App) prepare(ctx context.Context, principal Principal, request Request) (domain.Command, row, error) {
	practice, known := practices[request.Practice]
	if !known {
		return domain.Command{}, row{}, domain.Errorf(domain.CodeNotFound, "no practice %q", request.Practice)
	}
	record := row{practice: practice}
	transition, known := practice.table.Transition(request.Verb)
	if !known || transition.Machine() {
		return domain.Command{}, record, domain.Errorf(domain.CodeNotFound, "%s has no command %q", request.Practice, request.Verb)
	}
	opens := len(transition.From) == 0
	roles := principal.rolesToOpen()
	if !opens {
		found, exists, err := practice.read(ctx, a.DB, a.reader(principal), request.Record)
		if err != nil {
			return domain.Command{}, record, a.fault(ctx, "reading the record of a command", err)
		}
		if !exists {
			return domain.Command{}, record, domain.Errorf(domain.CodeNotFound, "no %s %s", request.Practice, request.Record)
		}
		found.practice = practice
		record, roles = found, principal.rolesFor(found.head)
		if slices.Contains(found.open, request.Verb) {
			roles = append(roles, domain.RoleApprover)
		}
	}
	name := string(request.Practice) + "." + request.Verb
	if err := principal.may(Permission(name), roles); err != nil {
		return domain.Command{}, record, err
	}
	body := compact(request.Body)
	key := request.Key
	if key == "" {
		key = uuid.NewString()
	}
	command := domain.Command{
		ID:   domain.CommandID(principal.Handle, "POST", name, record.head.ID, key),
		Name: name, Practice: request.Practice, Record: record.head.ID, Actor: principal.actor(roles), ReceivedAt: a.now(),
		Body: body, Digest: domain.Digest(body), IfVersion: request.IfVersion,
	}
	if opens {
		command.Record = domain.NewID(command.ID)
	}
	return command, record, nil
}

// compact drops white space, so that the same content has the same digest.
func compact(body json.RawMessage) json.RawMessage {
	if len(bytes.TrimSpace(body)) == 0 {
		return json.RawMessage("{}")
	}
	var buffer bytes.Buffer
	if err := json.Compact(&buffer, body); err != nil {
		return body
	}
	return buffer.Bytes()
}

// adoptWait is how long an answer that is known waits for its record to be told: Temporal may be away.
const adoptWait = 500 * time.Millisecond

// before answers a command that was decided, or waits in the queue, since before; another one under its key is refused.
func (a *App) before(ctx context.Context, command domain.Command) (Reply, bool, error) {
	fate, err := schemas.ReadFate(ctx, a.DB, command.ID)
	if err != nil {
		return Reply{}, false, a.fault(ctx, "looking for a command", err)
	}
	switch {
	case fate.Outcome == nil && !fate.Waits:
		return Reply{}, false, nil
	case fate.Digest != command.Digest:
		return Reply{}, true, domain.OtherBody()
	case fate.Outcome == nil:
		return queued(command), true, nil
	}
	var result domain.Result
	if err := json.Unmarshal(fate.Outcome, &result); err != nil {
		return Reply{}, true, a.fault(ctx, "reading a stored outcome", err)
	}
	// The workflow may have lost the task that decided this; telling it is cheap, and its next command does the same.
	bounded, cancel := context.WithTimeout(ctx, adoptWait)
	defer cancel()
	if err := a.Door.Adopt(bounded, command.Practice, command.Record); err != nil {
		a.Log.WarnContext(ctx, "a record could not be told to adopt its row", "record", command.Record, "error", err)
	}
	reply, err := a.reply(ctx, command, domain.Result{Outcome: domain.Repeated, Version: result.Version})
	return reply, true, err
}

// check refuses, without waking anybody, what the committed row already forbids; the decision itself checks again.
func check(command domain.Command, record row) error {
	transition, _ := record.practice.table.Transition(command.Verb())
	if err := command.Decode(transition.Body()); err != nil {
		return err
	}
	if len(transition.From) == 0 {
		return nil
	}
	if err := command.CheckVersion(record.head.Version); err != nil {
		return err
	}
	return record.check(command)
}

// send waits for the decision; when none comes in time, the command is queued under the same id.
func (a *App) send(ctx context.Context, command domain.Command, patience time.Duration) (Reply, error) {
	if patience == 0 {
		patience = a.DoorWait
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := a.Door.Send(bounded, command)
	switch {
	case errors.Is(err, ErrOpenedBefore):
		if reply, known, err := a.before(ctx, command); known || err != nil {
			return reply, err
		}
		return a.queue(ctx, command)
	case errors.Is(err, ErrDoorClosed):
		if ctx.Err() != nil {
			return Reply{}, a.fault(ctx, "sending a command", ctx.Err())
		}
		a.Log.WarnContext(ctx, "no decision in time; the command is queued", "command", command.Name, "record", command.Record, "error", err)
		return a.queue(ctx, command)
	case err != nil:
		return Reply{}, a.fault(ctx, "sending a command", err)
	case result.Outcome == domain.Refused:
		return Reply{}, result.Refusal
	}
	return a.reply(ctx, command, result)
}

// reply reads the committed view: whoever wrote reads what they wrote.
func (a *App) reply(ctx context.Context, command domain.Command, result domain.Result) (Reply, error) {
	reply := Reply{CommandID: command.ID, Outcome: result.Outcome, Version: result.Version, Record: command.Record}
	err := practices[command.Practice].show(ctx, a, command.Record, &reply)
	if err == nil {
		return reply, nil
	}
	if domain.CodeOf(err) != domain.CodeNotFound { // else it was decided, and is no longer theirs to read
		a.Log.WarnContext(ctx, "a decided command is answered without its record", "command", command.Name, "record", command.Record, "error", err)
	}
	return reply, nil
}

// offering has a conflict list what whoever asks can give to the record now, as the record's view does: those who decide know what the
// table allows to roles, and not who stands how to the record, nor what a token carries.
func (a *App) offering(ctx context.Context, record row, conflict error) error {
	if record.head.ID == "" {
		return conflict
	}
	var now Reply
	if err := record.practice.show(ctx, a, record.head.ID, &now); err != nil {
		a.Log.WarnContext(ctx, "a refusal lists what roles can do, for its record could not be read", "record", record.head.ID, "error", err)
		return conflict
	}
	refused := *domain.AsError(conflict)
	offered := now.allowed()
	if refused.Allowed != nil {
		offered = slices.DeleteFunc(offered, func(verb string) bool { return !slices.Contains(refused.Allowed, verb) })
	}
	refused.Allowed = offered
	return &refused
}

// auditRefusal writes down that somebody was forbidden a decision, and passes the error on.
func (a *App) auditRefusal(ctx context.Context, principal Principal, request Request, err error) error {
	if err == nil || domain.CodeOf(err) != domain.CodeForbidden {
		return err
	}
	record := ""
	if schemas.IsID(request.Record) {
		record = request.Record
	}
	if auditErr := a.audit(ctx, principal.Handle, string(request.Practice)+"."+request.Verb, record, "forbidden", request.Record); auditErr != nil {
		return auditErr
	}
	return err
}

// bulkAtOnce bounds how many records one bulk command works on side by side.
const bulkAtOnce = 8

// Bulk gives one command to several records; each has its own outcome and its own idempotency key. Only when not one of
// them could be reached is the whole unavailable.
func (a *App) Bulk(ctx context.Context, request BulkRequest) ([]BulkOutcome, error) {
	if _, err := PrincipalFrom(ctx); err != nil {
		return nil, err
	}
	key := request.Key
	if key == "" {
		key = uuid.NewString()
	}
	outcomes := make([]BulkOutcome, len(request.IDs))
	var group errgroup.Group
	group.SetLimit(bulkAtOnce)
	var closed atomic.Bool // one was queued because the door did not answer: the rest need not wait for it too
	for i, reference := range request.IDs {
		group.Go(func() error {
			reply, err := a.Execute(ctx, Request{
				Practice: request.Practice, Verb: request.Command, Record: reference, Key: key, Body: request.Body, Async: closed.Load(),
			})
			if reply.Outcome == domain.Queued {
				closed.Store(true)
			}
			outcomes[i] = bulkOutcome(reference, reply, err)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(outcomes, func(o BulkOutcome) bool { return o.Refusal == nil || o.Refusal.Code != domain.CodeUnavailable }) {
		return outcomes, nil
	}
	return nil, outcomes[0].Refusal
}

func bulkOutcome(reference string, reply Reply, err error) BulkOutcome {
	outcome := BulkOutcome{Record: reference, CommandID: reply.CommandID, Outcome: reply.Outcome, Version: reply.Version}
	if err != nil {
		outcome.Outcome, outcome.Refusal = domain.Refused, domain.AsError(err)
	}
	return outcome
}

// Command tells what became of a command. Whoever may read its record may ask.
func (a *App) Command(ctx context.Context, id string) (CommandStatus, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return CommandStatus{}, err
	}
	row, known, err := schemas.ReadCommand(ctx, a.DB, id)
	if err != nil {
		return CommandStatus{}, a.fault(ctx, "looking for a command", err)
	}
	message, queued, err := schemas.ReadMessage(ctx, a.DB, id)
	if err != nil {
		return CommandStatus{}, a.fault(ctx, "looking for a command", err)
	}
	status := CommandStatus{CommandID: id}
	author := ""
	switch {
	case known && row.Outcome != nil:
		var result domain.Result
		if err := json.Unmarshal(row.Outcome, &result); err != nil {
			return status, a.fault(ctx, "reading a stored outcome", err)
		}
		status.Command, status.Record, status.State, status.Version = row.Name, row.RecordID, "applied", result.Version
		status.ReceivedAt, author = row.CreatedAt.UTC(), row.Actor
	case queued:
		if author, err = status.fromMessage(message); err != nil {
			return status, a.fault(ctx, "reading a queued command", err)
		}
	default:
		return status, domain.Errorf(domain.CodeNotFound, "no command %s", id)
	}
	name, _, _ := strings.Cut(status.Command, ".")
	status.Practice = domain.Practice(name)
	if author == principal.Handle {
		return status, nil
	}
	if practice, known := practices[status.Practice]; !known || practice.show(ctx, a, status.Record, &Reply{}) != nil {
		return CommandStatus{}, domain.Errorf(domain.CodeNotFound, "no command %s", id)
	}
	return status, nil
}

func (s *CommandStatus) fromMessage(message schemas.MessageRow) (string, error) {
	var command domain.Command
	if err := json.Unmarshal(message.Command, &command); err != nil {
		return "", err
	}
	s.Command, s.Record, s.ReceivedAt = command.Name, message.RecordID, message.ReceivedAt.UTC()
	s.Attempts, s.Fault, s.State = message.Attempts, message.Fault, string(message.State)
	if message.State == schemas.MessageDelivered {
		s.State = "applied"
	}
	if len(message.Outcome) > 0 {
		var result domain.Result
		if err := json.Unmarshal(message.Outcome, &result); err != nil {
			return "", err
		}
		s.Version, s.Refusal = result.Version, result.Refusal
	}
	return command.Actor.Name, nil
}
