package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// commit writes everything that was decided, in two round trips. Without anything decided, all is rolled back: a refusal is
// not remembered, and a tick that came early must be able to come again under its name.
func (p *passage[R, F]) commit(ctx context.Context, command domain.Command, refused *domain.Error) (domain.Result, left, error) {
	head := p.head(&p.record)
	result, remembered := domain.Result{Outcome: domain.Applied}, &domain.Result{Outcome: domain.Applied, Version: p.before.Version + 1}
	if refused != nil {
		result.Outcome, result.Refusal, remembered = domain.Refused, refused, nil
	}
	moved, err := p.moved(ctx, command)
	if err != nil {
		return domain.Result{}, left{}, err
	}
	if p.steps == 0 && !moved {
		result.Version, result.View = p.before.Version, p.view()
		return domain.Result{}, left{}, undone{result}
	}
	head.Version = p.before.Version + 1
	into := schemas.NewPassage(p.tx, head.ID, p.now)
	if err := p.gather(ctx, into); err != nil {
		return domain.Result{}, left{}, err
	}
	into.Command(command.ID, remembered)
	wordsChanged := !p.exists || head.Title != p.before.Title || head.Description != p.before.Description
	p.write(p.read, p.record, !p.exists, wordsChanged, into)
	if err := into.Write(ctx); err != nil {
		return domain.Result{}, left{}, err
	}
	result.Version, result.View = head.Version, p.view()
	return result, left{messages: len(p.messages) > 0, notices: len(p.notices) > 0}, nil
}

// moved reports whether a tick that decided nothing came for a deadline that is no longer the next one: the rules that compute
// deadlines have changed since. Then the row learns the one that is, or the tick would come again at once.
func (p *passage[R, F]) moved(ctx context.Context, command domain.Command) (bool, error) {
	head := p.head(&p.record)
	if command.Verb() != domain.Tick || p.steps > 0 || head.WakeAt == nil || head.WakeAt.After(p.now) {
		return false, nil
	}
	facts, err := p.facts(ctx, p.tx, p.record, domain.Command{})
	if err != nil {
		return false, err
	}
	deadlines, err := p.deadlines(p.record, facts)
	if err != nil {
		return false, err
	}
	return len(deadlines) == 0 || !deadlines[0].DueAt.Equal(*head.WakeAt), nil
}

// gather collects deadlines, timeline, links, messages and notices.
func (p *passage[R, F]) gather(ctx context.Context, into *schemas.Passage) error {
	head := p.head(&p.record)
	facts, err := p.facts(ctx, p.tx, p.record, domain.Command{})
	if err != nil {
		return err
	}
	deadlines, err := p.deadlines(p.record, facts)
	if err != nil {
		return err
	}
	head.WakeAt, head.NextDue = nil, ""
	if len(deadlines) > 0 {
		head.WakeAt, head.NextDue = &deadlines[0].DueAt, deadlines[0].Name
	}
	into.Deadlines(deadlines, p.before.WakeAt != nil)
	if err := p.tellInterested(ctx, *head); err != nil {
		return err
	}
	messages, err := p.messageRows(*head)
	if err != nil {
		return err
	}
	into.Events(p.events)
	into.Links(p.links, p.unlinks)
	into.Messages(messages)
	into.Notices(p.notices)
	into.Watchers(p.watchers)
	p.settleArrivals(into)
	return nil
}

// messageRows turns messages to other records into rows.
func (p *passage[R, F]) messageRows(head domain.Record) ([]schemas.MessageRow, error) {
	rows := make([]schemas.MessageRow, len(p.messages))
	for i, message := range p.messages {
		id := domain.CommandID("message", head.ID, strconv.FormatInt(head.Version, 10), strconv.Itoa(i))
		var err error
		if rows[i], err = messageRow(id, head.Number, message, p.now); err != nil {
			return nil, err
		}
		rows[i].SourceID = head.ID
	}
	return rows, nil
}

// messageRow turns a message into the row of the command that the relay gives, as what it is from.
func messageRow(id, from string, message domain.Message, now time.Time) (schemas.MessageRow, error) {
	body, err := json.Marshal(message.Body)
	if err != nil {
		return schemas.MessageRow{}, fmt.Errorf("encoding a message: %w", err)
	}
	text, err := json.Marshal(domain.Command{
		ID: id, Name: message.Command, Practice: message.Practice, Record: message.Record, Reason: message.Reason,
		Actor: domain.Actor{Kind: domain.ActorMachine, Name: from}, ReceivedAt: now, Body: body, Digest: domain.Digest(body), Chain: message.Chain,
	})
	if err != nil {
		return schemas.MessageRow{}, fmt.Errorf("encoding a message: %w", err)
	}
	return schemas.MessageRow{
		ID: id, Practice: message.Practice, RecordID: message.Record, Command: text, OnClosed: message.OnClosed,
		State: schemas.MessagePending, NextAt: now, ReceivedAt: now,
	}, nil
}

// settleArrivals adds the outcomes of the messages that were applied on the way.
func (p *passage[R, F]) settleArrivals(into *schemas.Passage) {
	version := p.head(&p.record).Version
	for _, arrived := range p.arrived {
		result, state := &domain.Result{Outcome: domain.Applied, Version: version}, schemas.MessageDelivered
		remembered := result
		if arrived.refused != nil {
			result = &domain.Result{Outcome: domain.Refused, Version: version, Refusal: arrived.refused}
			state, remembered = schemas.MessageRefused, nil
		}
		into.Command(arrived.command.ID, remembered)
		into.Arrived(arrived.row.ID, state, result, schemas.Forbidden(arrived.command, arrived.refused, p.now)...)
	}
}

// view is the record's view after this passage. A deadline that was put off wakes the record a minute later.
func (p *passage[R, F]) view() domain.View {
	view := viewOf(*p.head(&p.record), p.now)
	if len(p.putOff) > 0 && view.WakeAt != nil && !view.WakeAt.After(p.now) {
		later := p.now.Add(refusedDelay)
		view.WakeAt, view.WakeAfter = &later, refusedDelay
	}
	return view
}

// viewOf computes what a record's workflow must remember from its committed head.
func viewOf(head domain.Record, now time.Time) domain.View {
	view := domain.View{
		Record: head.ID, State: head.State, Version: head.Version, WakeAt: head.WakeAt,
		Ended: head.ID != "" && !head.Active && head.WakeAt == nil,
	}
	if head.WakeAt != nil {
		view.WakeAfter = max(head.WakeAt.Sub(now), 0)
	}
	return view
}

func (a *Activities) look(ctx context.Context, practice domain.Practice, record string) (domain.View, error) {
	head, found, err := schemas.ReadHead(ctx, a.DB, record)
	if err != nil {
		return domain.View{}, err
	}
	if !found || head.Practice != practice {
		return domain.View{Record: record, Ended: true}, nil
	}
	return viewOf(head, domain.Millisecond(a.Clock.Now())), nil
}
