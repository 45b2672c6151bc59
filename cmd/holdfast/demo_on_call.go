package main

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
)

// demoShiftDays is how far ahead the demo's people look for a turn to change.
const demoShiftDays = 60

// changeTurns lets people of the demo change who is on call in the days to come: cy steps in for dee, and kira asks bo to take
// the end of her week. It is done once, however often it is asked for.
func (p *demoPlayer) changeTurns(ctx context.Context, now time.Time) error {
	p.clock.forward(now)
	dee, err := p.nextShift(ctx, "messaging", "dee", now)
	if err != nil {
		return err
	}
	lead, err := p.as(ctx, "cy")
	if err != nil {
		return err
	}
	begin := dee.To.AddDate(0, 0, -4)
	_, err = p.app.AddOverride(lead, "messaging", "demo/on-call/override", app.OverrideBody{
		Person: "cy", Replaces: "dee", From: begin, To: begin.AddDate(0, 0, 2), Reason: "Dee is at a course",
	})
	if err != nil {
		return fmt.Errorf("let cy step in for dee: %w", err)
	}
	kira, err := p.nextShift(ctx, "service-desk", "kira", now)
	if err != nil {
		return err
	}
	asks, err := p.as(ctx, "kira")
	if err != nil {
		return err
	}
	_, err = p.app.ProposeSwap(asks, "service-desk", "demo/on-call/swap", app.SwapBody{
		With: "bo", Gives: &app.Period{From: kira.To.AddDate(0, 0, -2), To: kira.To}, Reason: "My sister gets married",
	})
	if err != nil {
		return fmt.Errorf("let kira ask bo for a swap: %w", err)
	}
	return nil
}

// nextShift is somebody's first turn that begins later than now.
func (p *demoPlayer) nextShift(ctx context.Context, schedule, person string, now time.Time) (app.ShiftView, error) {
	until := now.AddDate(0, 0, demoShiftDays)
	shifts, err := p.app.Shifts(system(ctx), app.ShiftQuery{Schedule: schedule, From: &now, To: &until})
	if err != nil {
		return app.ShiftView{}, err
	}
	for _, shift := range shifts {
		if shift.From.After(now) && (shift.Person == person || shift.Replaces == person) {
			return shift, nil
		}
	}
	return app.ShiftView{}, fmt.Errorf("the demo's schedule %s has no turn of %s in the next %d days", schedule, person, demoShiftDays)
}
