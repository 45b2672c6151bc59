package app

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Alerts reads what monitoring told, and keeps the keys with which it may.
type Alerts interface {
	// Alerts lists occurrences of alerts, the newest first.
	Alerts(ctx context.Context, query AlertQuery) (Page[AlertRow], error)
	// IntakeKeys lists the keys of the services that are the caller's to connect, without their secrets.
	IntakeKeys(ctx context.Context) ([]IntakeKey, error)
	// MakeIntakeKey makes a key for a service; its secret is in the answer and nowhere else. Others of the service go on working.
	MakeIntakeKey(ctx context.Context, body IntakeKeyBody) (NewIntakeKey, error)
	// RevokeIntakeKey ends a key at once; one that has ended stays so.
	RevokeIntakeKey(ctx context.Context, id string) error
}

// AlertRow is an occurrence of an alert.
type AlertRow = schemas.AlertRow

// IntakeKey is a key with which monitoring tells alerts of a service.
type IntakeKey struct {
	ID      string    `json:"id"`
	Service string    `json:"service"`
	Name    string    `json:"name"`
	MadeBy  string    `json:"made_by"`
	MadeAt  time.Time `json:"made_at"`
	// UsedAt is when alerts last came with it, to the minute.
	UsedAt    *time.Time `json:"used_at,omitempty"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	RevokedBy string     `json:"revoked_by,omitempty"`
}

// IntakeKeyBody asks for a key.
type IntakeKeyBody struct {
	Service string `json:"service" minLength:"1" maxLength:"100" doc:"Whose alerts come with it"`
	Name    string `json:"name" minLength:"1" maxLength:"200" doc:"Where it will be kept: the name of a monitoring"`
}

// NewIntakeKey is a key with its secret, told once. Path is where its alerts go; the name of a source follows.
type NewIntakeKey struct {
	IntakeKey
	Secret string `json:"secret"`
	Path   string `json:"path"`
}

// maxIntakeKeys bounds how many live keys a service has.
const maxIntakeKeys = 20

func intakeKeyOf(row schemas.IntakeKeyRow) IntakeKey {
	key := IntakeKey{
		ID: row.ID, Service: row.Service, Name: row.Name, MadeBy: row.MadeBy, MadeAt: row.MadeAt.UTC(), UsedAt: row.UsedAt,
		RevokedAt: row.RevokedAt, RevokedBy: row.RevokedBy,
	}
	for _, moment := range []*time.Time{key.UsedAt, key.RevokedAt} {
		if moment != nil {
			*moment = moment.UTC()
		}
	}
	return key
}

// connects says which services' keys are somebody's to keep: an administrator's all of them, and those of a service its owner's, by a
// grant or as the service's document names them. Who keeps none is forbidden to ask.
func (a *App) connects(ctx context.Context) (principal Principal, all bool, services []string, err error) {
	if principal, err = PrincipalFrom(ctx); err != nil {
		return principal, false, nil, err
	}
	if err := principal.may(PermissionIntakeKeyWrite, []domain.Role{domain.RoleServiceOwner}); err != nil {
		return principal, false, nil, err // a token that is narrowed to other things
	}
	if principal.may(PermissionIntakeKeyWrite, principal.rolesForAll()) == nil {
		return principal, true, nil, nil
	}
	for _, grant := range principal.Grants {
		if grant.ScopeKind == "service" && (grant.Role == domain.RoleServiceOwner || grant.Role == domain.RoleAdmin) {
			services = append(services, grant.ScopeName)
		}
	}
	owned, err := schemas.ServicesOwnedBy(ctx, a.DB, principal.Handle)
	if err != nil {
		return principal, false, nil, a.fault(ctx, "reading what somebody owns", err)
	}
	if services = append(services, owned...); len(services) == 0 {
		return principal, false, nil, domain.Errorf(domain.CodeForbidden, "the permission %s is needed", PermissionIntakeKeyWrite)
	}
	return principal, false, services, nil
}

// connect finds who keeps the keys of one service. A refused attempt is written down.
func (a *App) connect(ctx context.Context, action, service string) (Principal, error) {
	principal, all, services, err := a.connects(ctx)
	if err == nil && !all && !slices.Contains(services, service) {
		err = domain.Errorf(domain.CodeForbidden, "the permission %s for %s is needed: its owner has it", PermissionIntakeKeyWrite, service)
	}
	return principal, a.auditForbidden(ctx, principal, action, "", service, err)
}

// IntakeKeys lists the keys that are the caller's to keep.
func (a *App) IntakeKeys(ctx context.Context) ([]IntakeKey, error) {
	_, all, services, err := a.connects(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := schemas.IntakeKeys(ctx, a.DB, all, services)
	keys := make([]IntakeKey, len(rows))
	for i, row := range rows {
		keys[i] = intakeKeyOf(row)
	}
	return keys, a.fault(ctx, "listing intake keys", err)
}

// MakeIntakeKey makes a key for a service.
func (a *App) MakeIntakeKey(ctx context.Context, body IntakeKeyBody) (NewIntakeKey, error) {
	principal, err := a.connect(ctx, "make intake key", body.Service)
	if err != nil {
		return NewIntakeKey{}, err
	}
	if err := validName(body.Name); err != nil {
		return NewIntakeKey{}, err
	}
	secret, hash := NewSecret()
	row := schemas.IntakeKeyRow{
		ID: uuid.Must(uuid.NewV7()).String(), Service: body.Service, Name: body.Name, Hash: hash, MadeBy: principal.Handle, MadeAt: a.now(),
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockAccounts(ctx, tx); err != nil {
			return err
		}
		_, known, err := schemas.ServiceOwner(ctx, tx, body.Service)
		if err != nil {
			return err
		}
		if !known {
			return domain.Invalid("service", "%s is not known", body.Service)
		}
		rows, err := schemas.IntakeKeys(ctx, tx, false, []string{body.Service})
		if err != nil {
			return err
		}
		if rows = slices.DeleteFunc(rows, func(row schemas.IntakeKeyRow) bool { return row.RevokedAt != nil }); len(rows) >= maxIntakeKeys {
			return domain.Invalid("service", "%s has %d live keys, which is the most; revoke one first", body.Service, len(rows))
		}
		if err := schemas.AddIntakeKey(ctx, tx, row); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, "make intake key", "done", row.ID+" for "+row.Service))
	})
	if err != nil {
		return NewIntakeKey{}, a.fault(ctx, "making an intake key", err)
	}
	return NewIntakeKey{IntakeKey: intakeKeyOf(row), Secret: secret, Path: IntakePath + secret + "/"}, nil
}

// RevokeIntakeKey ends a key at once. One of a service that is somebody else's does not exist for the caller.
func (a *App) RevokeIntakeKey(ctx context.Context, id string) error {
	principal, all, services, err := a.connects(ctx)
	if err != nil {
		return a.auditForbidden(ctx, principal, "revoke intake key", "", id, err)
	}
	row, found, err := schemas.ReadIntakeKey(ctx, a.DB, id)
	if err != nil {
		return a.fault(ctx, "reading an intake key", err)
	}
	if !found || !all && !slices.Contains(services, row.Service) {
		return domain.Errorf(domain.CodeNotFound, "no intake key %s that could be revoked", id)
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		ended, err := schemas.RevokeIntakeKey(ctx, tx, id, principal.Handle, a.now())
		if err != nil || !ended {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, "revoke intake key", "done", id+" for "+row.Service))
	})
	return a.fault(ctx, "revoking an intake key", err)
}
