package activities

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// OnCallAt is who is on call in a schedule at an instant, overrides counted, in the order in which they are to be asked: nobody
// in a gap, and nobody where there is no such schedule. Whoever is no longer active is left out: they cannot be reached. It
// reads in the transaction of the decision that asks, by the newest version of the document.
func OnCallAt(ctx context.Context, tx bun.IDB, schedule string, at time.Time) ([]string, error) {
	spec, _, found, err := schemas.ReadOnCallSpec(ctx, tx, schedule)
	if err != nil || !found {
		return nil, err
	}
	compiled, err := policyfile.CompileOnCall(spec)
	if err != nil {
		return nil, err
	}
	rows, err := schemas.ReadOverrides(ctx, tx, schedule, at, at.Add(time.Millisecond))
	if err != nil {
		return nil, err
	}
	overrides := make([]oncall.Override, len(rows))
	for i, row := range rows {
		overrides[i] = row.Override()
	}
	asked := oncall.People(compiled.On(at, overrides))
	active, err := schemas.ActivePeople(ctx, tx, asked)
	if err != nil {
		return nil, err
	}
	var reached []string
	for _, person := range asked {
		if _, is := active[person]; is {
			reached = append(reached, person)
		}
	}
	return reached, nil
}
