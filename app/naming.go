package app

import (
	"context"
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// naming is another record that a command names: in which field, how, and of which practices it may be.
type naming struct {
	field, reference string
	practices        []domain.Practice
}

// namings are the other records that a command names and that its giver must be able to read.
func namings(command domain.Command) []naming {
	var list []naming
	if field, reference := incident.Names(command); reference != "" {
		of := []domain.Practice{domain.Incident}
		if field == "to" {
			of = append(of, change.Practice)
		}
		list = append(list, naming{field, reference, of})
	}
	if command.Practice == change.Practice {
		for _, reference := range change.NamesPredecessors(command) {
			list = append(list, naming{"predecessors", reference, []domain.Practice{change.Practice}})
		}
	}
	return list
}

// checkNamed refuses a command that names another record which its giver may not read, in the words for one that does not
// exist: else a command would tell of it, and leave an event on it. What the record already names by id may stay.
func (a *App) checkNamed(ctx context.Context, command domain.Command, record row) error {
	list := namings(command)
	if len(list) == 0 {
		return nil
	}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	var heads []domain.Record
	for _, one := range list {
		if slices.Contains(record.names, one.reference) {
			continue
		}
		head, exists, err := a.readNamed(ctx, principal, one)
		if err != nil {
			return a.fault(ctx, "reading a record that a command names", err)
		}
		if !exists {
			return incident.NotKnown(one.field, one.reference)
		}
		heads = append(heads, head)
	}
	return a.auditRead(ctx, principal, heads...)
}

func (a *App) readNamed(ctx context.Context, principal Principal, one naming) (domain.Record, bool, error) {
	for _, of := range one.practices {
		found, exists, err := practices[of].read(ctx, a.DB, a.reader(principal), one.reference)
		if exists || err != nil {
			return found.head, exists, err
		}
	}
	return domain.Record{}, false, nil
}
