package app

import (
	"context"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// checkNamed refuses a command that names another record which its giver may not read, in the words for one that does not
// exist: else a command would tell of it, and leave an event on it.
func (a *App) checkNamed(ctx context.Context, command domain.Command) error {
	field, reference := incident.Names(command)
	if reference == "" {
		return nil
	}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	found, exists, err := schemas.ReadIncident(ctx, a.DB, a.reader(principal), reference)
	if err != nil {
		return a.fault(ctx, "reading a record that a command names", err)
	}
	if !exists {
		return incident.NotKnown(field, reference)
	}
	return a.auditRead(ctx, principal, found.Record)
}
