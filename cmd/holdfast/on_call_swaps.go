package main

import (
	"context"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
)

type swapCommands struct {
	List     swapList     `cmd:"" help:"List swaps that you proposed or were asked for."`
	Propose  swapPropose  `cmd:"" help:"Ask somebody to take your turn, to give you theirs, or both."`
	Accept   swapAccept   `cmd:"" help:"Accept a swap that you were asked for."`
	Decline  swapDecline  `cmd:"" help:"Decline a swap that you were asked for."`
	Withdraw swapWithdraw `cmd:"" help:"Withdraw a swap that you proposed."`
}

type swapList struct{}

// Run lists swaps.
func (swapList) Run(ctx context.Context, s *session) error {
	list, err := s.service.Swaps(ctx)
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: swapTable(list...)})
}

func swapTable(list ...app.Swap) table {
	t := table{titles: []string{"ID", "STATE", "SCHEDULE", "PROPOSED BY", "TO", "GIVES FROM", "UNTIL", "TAKES FROM", "UNTIL", "REASON"}, empty: "No swaps."}
	begin, end := func(p app.Period) time.Time { return p.From }, func(p app.Period) time.Time { return p.To }
	for _, one := range list {
		t.rows = append(t.rows, []any{
			one.ID, one.State, one.Schedule, one.Proposer, one.With, periodCell(one.Gives, begin), periodCell(one.Gives, end),
			periodCell(one.Takes, begin), periodCell(one.Takes, end), one.Reason,
		})
	}
	return t
}

type swapPropose struct {
	Schedule string `arg:"" help:"The schedule."`
	With     string `arg:"" help:"Whom you ask."`
	GiveFrom moment `placeholder:"WHEN" help:"They take over what you have on call from then on …"`
	GiveTo   moment `placeholder:"WHEN" help:"… until then."`
	TakeFrom moment `placeholder:"WHEN" help:"You take over what they have on call from then on …"`
	TakeTo   moment `placeholder:"WHEN" help:"… until then."`
	Reason   string `short:"r" help:"Why."`
}

// Run proposes a swap. Quiet, it prints its id.
func (c *swapPropose) Run(ctx context.Context, s *session) error {
	gives, err := s.period("give", c.GiveFrom, c.GiveTo)
	if err != nil {
		return err
	}
	takes, err := s.period("take", c.TakeFrom, c.TakeTo)
	if err != nil {
		return err
	}
	if gives == nil && takes == nil {
		return misusef("say what changes hands: --give-from and --give-to, --take-from and --take-to, or all four")
	}
	made, err := s.service.ProposeSwap(ctx, c.Schedule, "", app.SwapBody{With: c.With, Gives: gives, Takes: takes, Reason: c.Reason})
	if err != nil {
		return err
	}
	return s.show(view{data: made, table: swapTable(made)})
}

// swap is one that somebody decides about.
type swap struct {
	ID string `arg:"" help:"The swap's id."`
}

func (c swap) decide(ctx context.Context, s *session, decision app.SwapDecision) error {
	decided, err := s.service.DecideSwap(ctx, c.ID, decision)
	if err != nil {
		return err
	}
	return s.show(view{data: decided, table: swapTable(decided)})
}

type (
	swapAccept   struct{ swap }
	swapDecline  struct{ swap }
	swapWithdraw struct{ swap }
)

// Run accepts a swap.
func (c *swapAccept) Run(ctx context.Context, s *session) error {
	return c.decide(ctx, s, app.SwapAccept)
}

// Run declines a swap.
func (c *swapDecline) Run(ctx context.Context, s *session) error {
	return c.decide(ctx, s, app.SwapDecline)
}

// Run withdraws a swap.
func (c *swapWithdraw) Run(ctx context.Context, s *session) error {
	return c.decide(ctx, s, app.SwapWithdraw)
}

type feedCommands struct {
	List   feedList   `cmd:"" help:"List your addresses, without their secrets."`
	Make   feedMake   `cmd:"" help:"Make an address; it is shown once, and the one before works no more."`
	Revoke feedRevoke `cmd:"" help:"End an address at once."`
}

type feedList struct{}

// Run lists addresses.
func (feedList) Run(ctx context.Context, s *session) error {
	list, err := s.service.Feeds(ctx)
	if err != nil {
		return err
	}
	t := table{titles: []string{"ID", "SHIFTS OF", "MADE", "READ"}, empty: "No calendar addresses."}
	for _, one := range list {
		t.rows = append(t.rows, []any{one.ID, shiftsOf(one.Schedule), one.CreatedAt, one.ReadAt})
	}
	return s.show(view{data: list, table: t})
}

func shiftsOf(schedule string) string {
	if schedule == "" {
		return "yours, in all schedules"
	}
	return schedule
}

type feedMake struct {
	Schedule string `arg:"" optional:"" help:"Whose shifts; left out: your own, of all schedules."`
}

// feed is an address as it is handed to a calendar.
type feed struct {
	URL string `json:"url"`
	app.NewFeed
}

// Run makes an address. Quiet, it prints nothing but the address.
func (c *feedMake) Run(ctx context.Context, s *session) error {
	made, err := s.service.MakeFeed(ctx, c.Schedule)
	if err != nil {
		return err
	}
	t := table{titles: []string{"ADDRESS", "ID", "SHIFTS OF"}, rows: [][]any{{s.feedURL(made), made.ID, shiftsOf(made.Schedule)}}}
	return s.showFeed(made, t, "the shifts", "on-call feed")
}

func (s *session) feedURL(made app.NewFeed) string { return plainAddress(s.address) + made.Path }

// showFeed shows an address that was made: who has it reads what, and the command that ends it.
func (s *session) showFeed(made app.NewFeed, t table, reads, command string) error {
	address := feed{URL: s.feedURL(made), NewFeed: made}
	return s.show(view{data: address, table: t, text: func(p *printer) error {
		if err := p.line("%s", address.URL); err != nil {
			return err
		}
		return p.hint("Whoever has this address reads %s. It is shown once; end it with: holdfast %s revoke %s", reads, command, made.ID)
	}})
}

type feedRevoke struct {
	ID string `arg:"" help:"The address's id."`
}

// Run ends an address.
func (c *feedRevoke) Run(ctx context.Context, s *session) error {
	if err := s.service.RevokeFeed(ctx, c.ID); err != nil {
		return err
	}
	return s.say("The address %s works no more.", c.ID)
}
