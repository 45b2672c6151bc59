package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// queue accepts a command durably, to be decided in order when its record's workflow can.
func (a *App) queue(ctx context.Context, command domain.Command) (Reply, error) {
	text, err := json.Marshal(command)
	if err != nil {
		return Reply{}, a.fault(ctx, "encoding a command", err)
	}
	if _, err := schemas.PostCommand(ctx, a.DB, command, text, domain.TargetSend, command.ReceivedAt); err != nil {
		return Reply{}, a.fault(ctx, "queueing a command", err)
	}
	a.posted()
	return Reply{CommandID: command.ID, Outcome: domain.Queued, Record: command.Record}, nil
}

func (a *App) posted() {
	if a.Posted != nil {
		a.Posted()
	}
}

// behind reports whether commands of this record wait in the queue: one that comes now goes to its end, or it would be
// decided before those that were accepted before it.
func (a *App) behind(ctx context.Context, command domain.Command) (bool, error) {
	waiting, err := schemas.IsQueued(ctx, a.DB, command.Record)
	return waiting, a.fault(ctx, "looking at the queue", err)
}

// queuePause is how often a command in the queue is looked for.
const queuePause = 25 * time.Millisecond

// queueBehind queues a command and waits for its decision as long as one at the door would.
func (a *App) queueBehind(ctx context.Context, command domain.Command) (Reply, error) {
	reply, err := a.queue(ctx, command)
	if err != nil {
		return reply, err
	}
	bounded, cancel := context.WithTimeout(ctx, a.DoorWait)
	defer cancel()
	look := time.NewTicker(queuePause)
	defer look.Stop()
	for {
		select {
		case <-bounded.Done():
			return reply, nil
		case <-look.C:
		}
		message, _, err := schemas.ReadMessage(ctx, a.DB, command.ID)
		if err != nil {
			return Reply{}, a.fault(ctx, "looking for a queued command", err)
		}
		if message.State != "pending" {
			return a.settled(ctx, command, message)
		}
	}
}

// settled answers a command that was decided from the queue.
func (a *App) settled(ctx context.Context, command domain.Command, message schemas.MessageRow) (Reply, error) {
	var result domain.Result
	if err := json.Unmarshal(message.Outcome, &result); err != nil {
		return Reply{}, a.fault(ctx, "reading the outcome of a queued command", err)
	}
	if result.Outcome == domain.Refused {
		return Reply{}, result.Refusal
	}
	return a.reply(ctx, command, result)
}

// unlessTaken passes a refusal on, unless the same command was taken in before: then that is its answer. Its first sending
// may have been decided since this one looked, or still wait in the queue with the moment at which it was received.
func (a *App) unlessTaken(ctx context.Context, command domain.Command, refusal error) (Reply, error) {
	switch domain.CodeOf(refusal) {
	case domain.CodeConflict, domain.CodePreconditionFailed, domain.CodeInvalid, domain.CodeForbidden:
	default:
		return Reply{}, refusal
	}
	message, queued, err := schemas.ReadMessage(ctx, a.DB, command.ID)
	if err != nil {
		return Reply{}, a.fault(ctx, "looking for a queued command", err)
	}
	if queued && message.State == "pending" {
		var first domain.Command
		if err := json.Unmarshal(message.Command, &first); err != nil {
			return Reply{}, a.fault(ctx, "reading a queued command", err)
		}
		if first.Digest == command.Digest {
			return Reply{CommandID: command.ID, Outcome: domain.Queued, Record: command.Record}, nil
		}
	}
	if stored, known, err := a.stored(ctx, command); known || err != nil {
		return stored, err
	}
	return Reply{}, refusal
}
