package app

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Grants lists what a person was granted.
func (a *App) Grants(ctx context.Context, person string) ([]Grant, error) {
	if err := a.allowed(ctx, PermissionPeopleRead); err != nil {
		return nil, err
	}
	rows, err := schemas.ReadGrants(ctx, a.DB, person)
	return grantsOf(rows), a.fault(ctx, "reading grants", err)
}

func grantsOf(rows []schemas.GrantRow) []Grant {
	grants := make([]Grant, len(rows))
	for i, row := range rows {
		grants[i] = Grant{Person: row.Person, Role: row.Role, ScopeKind: row.ScopeKind, ScopeName: row.ScopeName, GrantedBy: row.GrantedBy, GrantedAt: row.GrantedAt.UTC()}
	}
	return grants
}

// GiveGrant gives a person a role within a scope.
func (a *App) GiveGrant(ctx context.Context, grant Grant) ([]Grant, error) {
	return a.changeGrant(ctx, grant, "grant", func(ctx context.Context, tx bun.Tx, row schemas.GrantRow) (bool, error) {
		if row.Role == domain.RoleAdmin && row.ScopeKind != "all" {
			return false, domain.Invalid("scope_kind", "must be all for an admin, who governs everybody and not one team or service")
		}
		return schemas.GiveGrant(ctx, tx, row)
	})
}

// TakeGrant takes a grant away.
func (a *App) TakeGrant(ctx context.Context, grant Grant) ([]Grant, error) {
	return a.changeGrant(ctx, grant, "revoke", func(ctx context.Context, tx bun.Tx, row schemas.GrantRow) (bool, error) {
		return schemas.TakeGrant(ctx, tx, row)
	})
}

// changeGrant writes what became of a grant, and who did it, in one transaction.
func (a *App) changeGrant(ctx context.Context, grant Grant, action string, write func(context.Context, bun.Tx, schemas.GrantRow) (bool, error)) ([]Grant, error) {
	detail := string(grant.Role) + " to " + grant.Person + " for " + grant.ScopeKind + " " + grant.ScopeName
	principal, err := a.govern(ctx, PermissionGrantWrite, action, detail)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(everybody, grant.Role) {
		return nil, domain.Invalid("role", "%q is not a role", grant.Role)
	}
	if (grant.ScopeKind == "all") != (grant.ScopeName == "") {
		return nil, domain.Invalid("scope_name", "is given for a team or a service, and only then")
	}
	if _, err := a.Person(ctx, grant.Person); err != nil {
		return nil, err
	}
	row := schemas.GrantRow{
		Person: grant.Person, Role: grant.Role, ScopeKind: grant.ScopeKind, ScopeName: grant.ScopeName,
		GrantedBy: principal.Handle, GrantedAt: a.now(),
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockAccounts(ctx, tx); err != nil {
			return err
		}
		changed, err := write(ctx, tx, row)
		if err != nil || !changed {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, action, "done", detail))
	})
	if err != nil {
		return nil, a.fault(ctx, "changing a grant", err)
	}
	return a.Grants(ctx, grant.Person)
}
