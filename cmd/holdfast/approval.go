package main

import (
	"context"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
)

// approvalCommands are about the votes of one person.
type approvalCommands struct {
	List        approvalList        `cmd:"" help:"The votes that wait for you, those of whom you stand for among them, and those that you gave last."`
	Delegate    approvalDelegate    `cmd:"" help:"Let somebody vote in your place for a while; they are told."`
	Delegations approvalDelegations `cmd:"" help:"Who votes for you, and for whom you vote."`
	End         approvalEnd         `cmd:"" help:"End a delegation before its time."`
}

type approvalList struct {
	Given bool `short:"g" help:"Those that you gave, instead of those that wait for you."`
}

// Run lists votes.
func (c *approvalList) Run(ctx context.Context, s *session) error {
	votes, err := s.service.Approvals(ctx)
	if err != nil {
		return err
	}
	if c.Given {
		t := table{titles: []string{"NUMBER", "STAGE", "VOTE", "FOR", "AT", "VOID", "STATE", "TITLE"}, empty: "You have not voted yet."}
		for _, one := range votes.Given {
			t.rows = append(t.rows, []any{
				one.Number, one.Stage, strings.ReplaceAll(string(one.Choice), "_", " "), one.Seat, one.At, string(one.Void), string(one.State), one.Title,
			})
		}
		return s.show(view{data: votes.Given, table: t})
	}
	t := table{titles: []string{"NUMBER", "STAGE", "WHOSE VOTE", "AGAIN", "ASKED", "DUE", "TITLE"}, empty: "No vote waits for you."}
	for _, one := range votes.Asked {
		var due any = one.DueAt
		if one.DueAt != nil && one.DueAt.Before(s.now()) {
			due = urgent{one.DueAt}
		}
		t.rows = append(t.rows, []any{one.Number, one.Stage, one.Person, onlyIf(one.Again, "again"), one.Since, due, one.Title})
	}
	return s.show(view{data: votes.Asked, table: t})
}

type approvalDelegate struct {
	Delegate string `arg:"" help:"Who votes in your place."`
	From     moment `default:"now" placeholder:"TIME" help:"From when on; left out: now."`
	Until    moment `required:"" placeholder:"TIME" help:"Until when; at most a year after from."`
	For      string `placeholder:"PERSON" help:"As an administrator: in this person's place."`
	Reason   string `placeholder:"TEXT" help:"Why."`
}

// Run delegates. Quiet, it prints the delegation's id.
func (c *approvalDelegate) Run(ctx context.Context, s *session) error {
	made, err := s.service.Delegate(ctx, app.Delegating{
		Principal: c.For, Delegate: c.Delegate, From: *s.moment(c.From), Until: *s.moment(c.Until), Reason: c.Reason,
	})
	if err != nil {
		return err
	}
	return s.show(view{data: made, table: delegationTable(made)})
}

func delegationTable(list ...app.Delegation) table {
	t := table{titles: []string{"ID", "WHOSE VOTE", "GIVEN BY", "FROM", "UNTIL", "REASON"}, empty: "No delegations."}
	for _, one := range list {
		t.rows = append(t.rows, []any{one.ID, one.Principal, one.Delegate, one.From, one.Until, one.Reason})
	}
	return t
}

type approvalDelegations struct{}

// Run lists delegations.
func (approvalDelegations) Run(ctx context.Context, s *session) error {
	list, err := s.service.Delegations(ctx)
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: delegationTable(list...)})
}

type approvalEnd struct {
	Delegation string `arg:"" name:"id" help:"Id of the delegation."`
}

// Run ends a delegation.
func (c *approvalEnd) Run(ctx context.Context, s *session) error {
	if err := s.service.EndDelegation(ctx, c.Delegation); err != nil {
		return err
	}
	return s.say("Ended.")
}
