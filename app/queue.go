package app

import (
	"context"
	"encoding/json"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// queue accepts a command durably, to be decided in order when its record's workflow can. Commands that reach the record
// another way meanwhile do not overtake it: Apply takes what waits first.
func (a *App) queue(ctx context.Context, command domain.Command) (Reply, error) {
	text, err := json.Marshal(command)
	if err != nil {
		return Reply{}, a.fault(ctx, "encoding a command", err)
	}
	posted, err := schemas.PostCommand(ctx, a.DB, command, text, domain.TargetSend, command.ReceivedAt)
	if err != nil {
		return Reply{}, a.fault(ctx, "queueing a command", err)
	}
	switch posted {
	case schemas.PostedOther:
		return Reply{}, domain.OtherBody()
	case schemas.PostedDelivered: // since it was looked for
		if reply, known, err := a.before(ctx, command); known || err != nil {
			return reply, err
		}
	}
	a.posted()
	return queued(command), nil
}

func queued(command domain.Command) Reply {
	return Reply{CommandID: command.ID, Outcome: domain.Queued, Record: command.Record}
}

func (a *App) posted() {
	if a.Posted != nil {
		a.Posted()
	}
}

// unlessTaken passes a refusal on, unless the same command was taken in before: then that is its answer. Its first sending
// may have been decided since this one looked, or still wait in the queue with the moment at which it was received.
func (a *App) unlessTaken(ctx context.Context, command domain.Command, refusal error) (Reply, error) {
	switch domain.CodeOf(refusal) {
	case domain.CodeConflict, domain.CodePreconditionFailed, domain.CodeInvalid, domain.CodeForbidden:
	default:
		return Reply{}, refusal
	}
	if reply, known, err := a.before(ctx, command); known || err != nil {
		return reply, err
	}
	return Reply{}, refusal
}
