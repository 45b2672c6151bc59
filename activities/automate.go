package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
)

// automated says what rules of automation can do with a practice's records.
type automated[R any] struct {
	// followed are what rules follow of a decision's events.
	followed  func([]domain.Event) []domain.Event
	situation func(R, domain.Command, domain.Event) automation.Situation
	command   func(R, automation.Action, string) (string, any)
}

// automate lets rules follow a command that has just been decided, in the same transaction and at the same moment.
func (p *passage[R, F]) automate(ctx context.Context, command domain.Command, events []domain.Event, moment time.Time) error {
	if p.automated == nil || len(p.rules) == 0 {
		return nil
	}
	book, err := p.book(ctx, p.tx, p.rules)
	if err != nil {
		return err
	}
	stage := &stage[R, F]{passage: p, ctx: ctx, cause: command, moment: moment}
	return book.Follow(stage, automation.Step{Command: command, Events: p.automated.followed(events)})
}

// stage is a record on which rules act.
type stage[R, F any] struct {
	*passage[R, F]
	ctx    context.Context
	cause  domain.Command // what set the rules off
	moment time.Time
	given  int
}

// Situation is what conditions ask about, as the record stands now.
func (s *stage[R, F]) Situation(command domain.Command, event domain.Event) automation.Situation {
	return s.automated.situation(s.record, command, event)
}

// Command is what does an action on the record as it stands.
func (s *stage[R, F]) Command(action automation.Action, reason string) (string, any) {
	return s.automated.command(s.record, action, reason)
}

// Decide decides a command of automation.
func (s *stage[R, F]) Decide(verb string, body any, chain []string) (automation.Step, *domain.Error, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return automation.Step{}, nil, fmt.Errorf("encoding %s of a rule: %w", verb, err)
	}
	s.given++
	command := domain.Command{
		ID: fmt.Sprintf("%s/%s/%d", s.cause.ID, automation.Actor, s.given), Name: string(s.table.Practice) + "." + verb, Practice: s.table.Practice,
		Record: s.head(&s.record).ID, Actor: domain.Actor{Kind: domain.ActorPolicy, Name: automation.Actor}, ReceivedAt: s.moment,
		Body: text, Digest: domain.Digest(text), Chain: chain,
	}
	events, refused, err := s.decided(s.ctx, command, s.moment, nil)
	return automation.Step{Command: command, Events: s.automated.followed(events)}, refused, err
}

// inChain puts the rules that led to a command on its events and messages.
func inChain(chain []string, events []domain.Event, messages []domain.Message) {
	if len(chain) == 0 {
		return
	}
	for i := range messages {
		messages[i].Chain = chain
	}
	for i := range events {
		if _, said := events[i].Data["chain"]; said || events[i].Data["rule"] != nil {
			continue
		}
		data := maps.Clone(events[i].Data)
		if data == nil {
			data = map[string]any{}
		}
		data["chain"] = chain
		events[i].Data = data
	}
}
