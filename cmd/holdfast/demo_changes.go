package main

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
)

// delegateVotes lets gil's votes be given by hana while gil is away. It is done once, however often it is asked for.
func (p *demoPlayer) delegateVotes(ctx context.Context, now time.Time) error {
	p.clock.forward(now)
	gil, err := p.as(ctx, "gil")
	if err != nil {
		return err
	}
	before, err := p.app.Delegations(gil)
	if err != nil {
		return fmt.Errorf("look for who votes for gil: %w", err)
	}
	if len(before) > 0 {
		return nil
	}
	_, err = p.app.Delegate(gil, app.Delegating{Delegate: "hana", From: now, Until: now.AddDate(0, 0, 14), Reason: "On leave"})
	if err != nil {
		return fmt.Errorf("let hana vote for gil: %w", err)
	}
	return nil
}
