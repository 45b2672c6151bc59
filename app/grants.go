package app

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Grants lists what a person was granted: one's own, and, for staff, anybody's.
func (a *App) Grants(ctx context.Context, person string) ([]Grant, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	permission := PermissionGrantRead
	if person == principal.Handle {
		permission = PermissionPeopleRead
	}
	if err := principal.mayAnywhere(permission); err != nil {
		return nil, err
	}
	return a.grants(ctx, person)
}

func (a *App) grants(ctx context.Context, person string) ([]Grant, error) {
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
		if err := grantable(ctx, tx, row); err != nil {
			return false, err
		}
		return schemas.GiveGrant(ctx, tx, row)
	})
}

// grantable refuses a grant that would mean nothing, or something else than was meant.
func grantable(ctx context.Context, tx bun.Tx, row schemas.GrantRow) error {
	if row.ScopeKind == "all" {
		return nil
	}
	if row.Role == domain.RoleAdmin {
		return domain.Invalid("scope_kind", "must be all for an admin, who governs everybody and not one team or service")
	}
	asked := schemas.NamesAsked{Team: row.ScopeName}
	if row.ScopeKind == "service" {
		asked = schemas.NamesAsked{Service: row.ScopeName}
	}
	names, err := schemas.ReadNames(ctx, tx, asked)
	if err == nil && !names.TeamKnown && !names.ServiceKnown {
		return domain.Invalid("scope_name", "%q is not a %s", row.ScopeName, row.ScopeKind)
	}
	return err
}

// TakeGrant takes a grant away.
func (a *App) TakeGrant(ctx context.Context, grant Grant) ([]Grant, error) {
	return a.changeGrant(ctx, grant, "revoke", func(ctx context.Context, tx bun.Tx, row schemas.GrantRow) (bool, error) {
		if err := mustStay(ctx, tx, row.Person, "person", row.Role == domain.RoleAdmin && row.ScopeKind == "all"); err != nil {
			return false, err
		}
		taken, err := schemas.TakeGrant(ctx, tx, row)
		if err != nil || !taken {
			return taken, err
		}
		return true, a.tellAsked(ctx, tx, "account/"+row.Person, uuid.NewString(), row.Person)
	})
}

// mustStay refuses what would leave nobody to govern: somebody goes who is the last administrator.
func mustStay(ctx context.Context, tx bun.Tx, person, field string, goes bool) error {
	if !goes {
		return nil
	}
	last, err := schemas.IsLastAdmin(ctx, tx, person)
	if err == nil && last {
		return domain.Invalid(field, "cannot be so: %s is the last active administrator; make another one first", person)
	}
	return err
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
	if _, err := a.person(ctx, grant.Person); err != nil {
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
	a.posted()
	return a.grants(ctx, grant.Person)
}
