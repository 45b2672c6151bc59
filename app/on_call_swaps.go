package app

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Period is a time from an instant until another, which is not of it.
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Swap is a change of turns that somebody proposed to somebody. Nothing changes until it is accepted.
type Swap struct {
	ID       string `json:"id"`
	Schedule string `json:"schedule"`
	// Proposer gives what they have on call in Gives to With, and takes over what With has in Takes; one of the two may be missing.
	Proposer   string     `json:"proposer"`
	With       string     `json:"with"`
	Gives      *Period    `json:"gives,omitempty"`
	Takes      *Period    `json:"takes,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	State      string     `json:"state" enum:"proposed,accepted,declined,withdrawn"`
	ProposedAt time.Time  `json:"proposed_at"`
	DecidedAt  *time.Time `json:"decided_at,omitempty"`
}

// SwapBody proposes a swap.
type SwapBody struct {
	With   string  `json:"with" maxLength:"100" doc:"Who is asked"`
	Gives  *Period `json:"gives,omitempty" doc:"They take over what you have on call in this time"`
	Takes  *Period `json:"takes,omitempty" doc:"You take over what they have on call in this time"`
	Reason string  `json:"reason,omitempty" maxLength:"2000"`
}

// SwapDecision is what becomes of a swap.
type SwapDecision string

// The decisions on a swap: those of the one who was asked, and of the one who asked.
const (
	SwapAccept   SwapDecision = "accept"
	SwapDecline  SwapDecision = "decline"
	SwapWithdraw SwapDecision = "withdraw"
)

// swapStates are what decisions lead to.
var swapStates = map[SwapDecision]string{SwapAccept: "accepted", SwapDecline: "declined", SwapWithdraw: "withdrawn"}

const swapProposed = "proposed"

func swapOf(row schemas.SwapRow) Swap {
	return Swap{
		ID: row.ID, Schedule: row.Schedule, Proposer: row.Proposer, With: row.Other, Gives: periodOf(row.GivesFrom, row.GivesTo),
		Takes: periodOf(row.TakesFrom, row.TakesTo), Reason: row.Reason, State: row.State, ProposedAt: row.ProposedAt.UTC(), DecidedAt: row.DecidedAt,
	}
}

func periodOf(from, to *time.Time) *Period {
	if from == nil || to == nil {
		return nil
	}
	return &Period{From: from.UTC(), To: to.UTC()}
}

// Swaps lists the caller's swaps.
func (a *App) Swaps(ctx context.Context) ([]Swap, error) {
	principal, err := a.viewer(ctx, PermissionOnCallSwap)
	if err != nil {
		return nil, err
	}
	rows, err := schemas.ReadSwaps(ctx, a.DB, principal.Handle, a.now().AddDate(-1, 0, 0))
	list := make([]Swap, len(rows))
	for i, row := range rows {
		list[i] = swapOf(row)
	}
	return list, a.fault(ctx, "reading swaps", err)
}

// ProposeSwap asks somebody to change turns.
func (a *App) ProposeSwap(ctx context.Context, schedule, key string, body SwapBody) (Swap, error) {
	principal, err := a.viewer(ctx, PermissionOnCallSwap)
	if err != nil {
		return Swap{}, err
	}
	rota, err := a.rota(ctx, a.DB, schedule)
	if err != nil {
		return Swap{}, a.fault(ctx, "reading a schedule", err)
	}
	row := schemas.SwapRow{
		ID: onCallID("swap", principal, key), Schedule: schedule, Proposer: principal.Handle, Other: body.With,
		Reason: strings.TrimSpace(body.Reason), State: swapProposed, ProposedAt: a.now(),
	}
	row.GivesFrom, row.GivesTo = body.Gives.ends(row.ProposedAt)
	row.TakesFrom, row.TakesTo = body.Takes.ends(row.ProposedAt)
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		stored, found, err := schemas.ReadSwap(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		if found {
			if stored.Other != row.Other || stored.Schedule != row.Schedule || stored.Reason != row.Reason {
				return domain.OtherBody()
			}
			row = stored
			return nil
		}
		if err := a.validSwap(ctx, tx, rota, row); err != nil {
			return err
		}
		if _, err := schemas.AddSwap(ctx, tx, row); err != nil {
			return err
		}
		if err := tellOnCall(ctx, tx, "account.swap_proposed", principal, toldSwap(row), row.ProposedAt, row.Other); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, "propose swap", "done", onCallDetail(schedule, row.ID, "with", row.Other)))
	})
	return swapOf(row), a.fault(ctx, "proposing a swap", err)
}

// ends are a period's two ends, as they are stored; what has begun begins now.
func (p *Period) ends(now time.Time) (from, to *time.Time) {
	if p == nil {
		return nil, nil
	}
	begin, end := later(domain.Millisecond(p.From.UTC()), now), domain.Millisecond(p.To.UTC())
	return &begin, &end
}

// validSwap refuses a swap that would change nothing.
func (a *App) validSwap(ctx context.Context, tx bun.Tx, rota rota, row schemas.SwapRow) error {
	switch {
	case row.Other == row.Proposer:
		return domain.Invalid("with", "must be somebody else")
	case row.GivesFrom == nil && row.TakesFrom == nil:
		return domain.Invalid("gives", "or takes is needed: whose turn changes")
	case len(row.Reason) > maxOnCallReason:
		return domain.Invalid("reason", "takes at most %d bytes", maxOnCallReason)
	}
	if err := a.active(ctx, tx, "with", row.Other); err != nil {
		return err
	}
	if row.GivesFrom != nil && row.TakesFrom != nil && row.GivesFrom.Before(*row.TakesTo) && row.TakesFrom.Before(*row.GivesTo) {
		return domain.Invalid("takes", "must not overlap what is given")
	}
	for _, half := range halvesOf(row, row.ProposedAt) {
		if err := validSpan(half.field+".", half.from, half.to, row.ProposedAt); err != nil {
			return err
		}
		if err := hasShift(ctx, tx, rota, half.field, half.giver, half.from, half.to); err != nil {
			return err
		}
	}
	return nil
}

// half is one direction of a swap.
type half struct {
	field        string
	giver, taker string
	from, to     time.Time
}

// halvesOf are the directions of a swap, from a moment on.
func halvesOf(row schemas.SwapRow, now time.Time) []half {
	var list []half
	if row.GivesFrom != nil {
		list = append(list, half{"gives", row.Proposer, row.Other, later(row.GivesFrom.UTC(), now), row.GivesTo.UTC()})
	}
	if row.TakesFrom != nil {
		list = append(list, half{"takes", row.Other, row.Proposer, later(row.TakesFrom.UTC(), now), row.TakesTo.UTC()})
	}
	return list
}

// DecideSwap accepts, declines or withdraws. Whom a swap is not about, for them it does not exist.
func (a *App) DecideSwap(ctx context.Context, id string, decision SwapDecision) (Swap, error) {
	principal, err := a.viewer(ctx, PermissionOnCallSwap)
	if err != nil {
		return Swap{}, err
	}
	state, known := swapStates[decision]
	if !known {
		return Swap{}, domain.Invalid("decision", "is %s, %s or %s", SwapAccept, SwapDecline, SwapWithdraw)
	}
	var row schemas.SwapRow
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var found bool
		if row, found, err = schemas.ReadSwap(ctx, tx, id); err != nil {
			return err
		}
		if !found || principal.Handle != row.Proposer && principal.Handle != row.Other {
			return domain.Errorf(domain.CodeNotFound, "no swap %s", id)
		}
		if (decision == SwapWithdraw) != (principal.Handle == row.Proposer) {
			return domain.Errorf(domain.CodeForbidden, "%s was asked, and %s asked: only the first accepts or declines, only the second withdraws", row.Other, row.Proposer)
		}
		if row.State == state {
			return nil // the answer to the first time was lost
		}
		if row.State != swapProposed {
			return domain.Errorf(domain.CodeConflict, "the swap was %s before", row.State)
		}
		return a.decideSwap(ctx, tx, principal, &row, state)
	})
	err = a.auditForbidden(ctx, principal, "decide swap", "", id, err)
	return swapOf(row), a.fault(ctx, "deciding a swap", err)
}

// toldSwap is what people are told of a swap.
func toldSwap(row schemas.SwapRow) map[string]any {
	told := map[string]any{"schedule": row.Schedule, "person": row.Proposer, "with": row.Other, "reason": row.Reason}
	for name, at := range map[string]*time.Time{"from": row.GivesFrom, "to": row.GivesTo, "takes_from": row.TakesFrom, "takes_to": row.TakesTo} {
		if at != nil {
			told[name] = at.UTC()
		}
	}
	return told
}

// decideSwap writes a decision, with the overrides that it leads to, its line in the audit, and what the other is told.
func (a *App) decideSwap(ctx context.Context, tx bun.Tx, principal Principal, row *schemas.SwapRow, state string) error {
	now := a.now()
	if state == swapStates[SwapAccept] {
		if err := a.swapTurns(ctx, tx, *row, now); err != nil {
			return err
		}
	}
	if err := schemas.DecideSwap(ctx, tx, row.ID, state, now); err != nil {
		return err
	}
	row.State, row.DecidedAt = state, &now
	if err := tellOnCall(ctx, tx, "account.swap_"+state, principal, toldSwap(*row), now, row.Proposer, row.Other); err != nil {
		return err
	}
	return a.auditIn(ctx, tx, a.line(principal, "decide swap", "done", onCallDetail(row.Schedule, row.ID, state)))
}

// swapTurns writes the overrides of a swap. It is a conflict where somebody no longer has the turn that they would give.
func (a *App) swapTurns(ctx context.Context, tx bun.Tx, row schemas.SwapRow, now time.Time) error {
	rota, err := a.rota(ctx, tx, row.Schedule)
	if err != nil {
		return err
	}
	for _, half := range halvesOf(row, now) {
		if !half.from.Before(half.to) {
			return domain.Errorf(domain.CodeConflict, "the time that %s would hand over is over", half.giver)
		}
		switch err := hasShift(ctx, tx, rota, half.field, half.giver, half.from, half.to); {
		case domain.CodeOf(err) == domain.CodeInvalid:
			return domain.Errorf(domain.CodeConflict, "%s is not on call at that time any more", half.giver)
		case err != nil:
			return err
		}
	}
	for _, half := range halvesOf(row, now) {
		override := schemas.OverrideRow{
			ID: domain.NewID("on-call-swap/" + row.ID + "/" + half.field), Schedule: row.Schedule, Kind: oncall.Replace, Person: half.taker,
			Replaces: half.giver, StartsAt: half.from, EndsAt: half.to, Reason: row.Reason, SwapID: row.ID, MadeBy: row.Proposer, MadeAt: now,
		}
		if _, err := schemas.AddOverride(ctx, tx, override); err != nil {
			return onceOnCall(err, override)
		}
	}
	return nil
}
