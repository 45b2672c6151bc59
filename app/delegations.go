package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Delegation says that one person votes for another, from an instant to before another.
type Delegation = schemas.DelegationRow

// Delegating asks for a delegation.
type Delegating struct {
	// Principal is for whom; left out: the caller. Only administrators may name another.
	Principal string    `json:"principal,omitempty" doc:"For whom; left out: the caller. Only administrators may name another"`
	Delegate  string    `json:"delegate" minLength:"1" maxLength:"100" doc:"Who votes in their place"`
	From      time.Time `json:"from" doc:"From when on"`
	Until     time.Time `json:"until" doc:"Until when, excluded; at most a year after from"`
	Reason    string    `json:"reason,omitempty" maxLength:"4096" doc:"Why"`
}

// longestDelegation bounds how long somebody votes for another without being asked again.
const longestDelegation = 366 * 24 * time.Hour

// farthestDelegation bounds how many years ahead one may end.
const farthestDelegation = 10

// Delegations lists who votes for whom: those by and to the caller, that are not over.
func (a *App) Delegations(ctx context.Context) ([]Delegation, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := principal.mayAnywhere(PermissionApprovalOwn); err != nil {
		return nil, err
	}
	found, err := schemas.DelegationsOf(ctx, a.DB, principal.Handle, a.now())
	if err != nil {
		return nil, a.fault(ctx, "listing delegations", err)
	}
	return found, nil
}

// Delegate lets somebody vote for the caller. The delegate is told.
func (a *App) Delegate(ctx context.Context, request Delegating) (Delegation, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return Delegation{}, err
	}
	if err := principal.mayAnywhere(PermissionApprovalOwn); err != nil {
		return Delegation{}, err
	}
	row := Delegation{
		ID: uuid.NewString(), Principal: principal.Handle, Delegate: request.Delegate, From: domain.Millisecond(request.From),
		Until: domain.Millisecond(request.Until), Reason: request.Reason, MadeBy: principal.Handle, MadeAt: a.now(),
	}
	if request.Principal != "" && request.Principal != principal.Handle {
		if err := principal.mayAnywhere(PermissionPeopleWrite); err != nil {
			return Delegation{}, err
		}
		row.Principal = request.Principal
	}
	active, err := schemas.ActivePeople(ctx, a.DB, []string{row.Principal, row.Delegate})
	switch _, known := active[row.Delegate]; {
	case err != nil:
		return Delegation{}, a.fault(ctx, "looking people up", err)
	case !known:
		return Delegation{}, domain.Invalid("delegate", "%s is not known or not active", row.Delegate)
	case row.Delegate == row.Principal:
		return Delegation{}, domain.Invalid("delegate", "is somebody else")
	case !row.From.Before(row.Until) || !row.Until.After(row.MadeAt):
		return Delegation{}, domain.Invalid("until", "must lie after from, and ahead")
	case row.Until.Sub(row.From) > longestDelegation:
		return Delegation{}, domain.Invalid("until", "lies more than a year after from")
	case row.Until.After(row.MadeAt.AddDate(farthestDelegation, 0, 0)):
		return Delegation{}, domain.Invalid("until", "lies more than %d years ahead", farthestDelegation)
	}
	if _, known := active[row.Principal]; !known {
		return Delegation{}, domain.Invalid("principal", "%s is not known or not active", row.Principal)
	}
	told, err := json.Marshal(map[string]any{"person": row.Principal, "from": row.From, "to": row.Until, "reason": row.Reason, "by": principal.Handle})
	if err != nil {
		return Delegation{}, fmt.Errorf("encoding a delegation: %w", err)
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.AddDelegation(ctx, tx, row); err != nil {
			return err
		}
		return schemas.TellAccount(ctx, tx, "account.delegated", row.Delegate, string(told), row.MadeAt)
	})
	if err != nil {
		return Delegation{}, a.fault(ctx, "writing a delegation", err)
	}
	return row, a.audit(ctx, principal.Handle, "approval.delegate", "", "allowed", row.Principal+" by "+row.Delegate)
}

// EndDelegation ends a delegation before its time: one's own, or one to oneself.
func (a *App) EndDelegation(ctx context.Context, id string) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	if err := principal.mayAnywhere(PermissionApprovalOwn); err != nil {
		return err
	}
	whose := principal.Handle
	if principal.mayAnywhere(PermissionPeopleWrite) == nil {
		whose = ""
	}
	found, err := schemas.DelegationsOf(ctx, a.DB, whose, a.now())
	if err != nil {
		return a.fault(ctx, "looking for a delegation", err)
	}
	for _, one := range found {
		if one.ID != id {
			continue
		}
		if _, err := schemas.EndDelegation(ctx, a.DB, id, a.now()); err != nil {
			return a.fault(ctx, "ending a delegation", err)
		}
		return a.audit(ctx, principal.Handle, "approval.end_delegation", "", "allowed", one.Principal+" by "+one.Delegate)
	}
	return domain.Errorf(domain.CodeNotFound, "no delegation %s", id)
}
