package app

import (
	"context"

	"github.com/holdfast-itsm/holdfast/schemas"
)

// PlannedWork is what everybody is told of a change that users will notice.
type PlannedWork = schemas.PlannedWork

// PlannedWork lists the work that users will notice and that is not over, what comes first first; of one service, where that is named.
// Everybody may read it: that is what those wrote it for who planned the work. Restricted changes are not among it.
func (a *App) PlannedWork(ctx context.Context, service string, limit int) ([]PlannedWork, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := principal.mayAnywhere(PermissionChangeRead); err != nil {
		return nil, err
	}
	found, err := schemas.ReadPlannedWork(ctx, a.DB, service, a.now(), pageSize(limit))
	return found, a.fault(ctx, "listing planned work", err)
}
