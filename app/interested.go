package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// tellInterested lets changes look for conflicts again that a freeze or a maintenance window may be about (docs/adr/0018). The relay
// gives them the command, once what is stored is there to be read.
func (a *App) tellInterested(ctx context.Context, tx bun.Tx, stored policy.Document) error {
	if stored.Kind != policy.KindFreezeWindow && stored.Kind != policy.KindMaintenanceWindow {
		return nil
	}
	messages, err := schemas.InterestedInWindows(ctx, tx)
	if err != nil {
		return err
	}
	source := stored.Kind + "/" + stored.Name
	return a.post(ctx, tx, messages, source, strconv.Itoa(stored.Version))
}

// tellAsked lets changes look at who decides them, in whose stages people have a seat who may have lost what they were asked for.
// From and once are those of post. Whoever calls it holds schemas.LockAccounts, so that nobody is given a seat meanwhile.
func (a *App) tellAsked(ctx context.Context, tx bun.Tx, from, once string, people ...string) error {
	if len(people) == 0 {
		return nil
	}
	messages, err := schemas.Interested(ctx, tx, []string{schemas.InterestPerson}, people...)
	if err != nil {
		return err
	}
	return a.post(ctx, tx, messages, from, once)
}

// tellGone is tellAsked of somebody who votes no more at all: also for nobody else.
func (a *App) tellGone(ctx context.Context, tx bun.Tx, person string) error {
	messages, err := schemas.Interested(ctx, tx, []string{schemas.InterestPerson, schemas.InterestHand}, person)
	if err != nil {
		return err
	}
	return a.post(ctx, tx, messages, "account/"+person, uuid.NewString())
}

// post leaves messages to records about something that is changed in this transaction. From names it, and once what was done to it, so
// that the same is told once. Whoever calls it tells the relay after the commit, by posted.
func (a *App) post(ctx context.Context, tx bun.Tx, messages []domain.Message, from, once string) error {
	for _, message := range messages {
		body := json.RawMessage("{}")
		command := domain.Command{
			ID: domain.CommandID("interested", from, once, message.Record), Name: message.Command, Practice: message.Practice, Record: message.Record,
			Actor: domain.Actor{Kind: domain.ActorMachine, Name: from}, ReceivedAt: a.now(), Body: body, Digest: domain.Digest(body),
		}
		text, err := json.Marshal(command)
		if err != nil {
			return fmt.Errorf("encoding a command of %s: %w", from, err)
		}
		if _, err := schemas.PostCommand(ctx, tx, command, text, message.OnClosed, command.ReceivedAt); err != nil {
			return err
		}
	}
	return nil
}
