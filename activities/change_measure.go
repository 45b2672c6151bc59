package activities

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// lookBack is how many of the last changes the calculator of risk looks at, where the model does not say.
const lookBack = 10

// measure reads what the calculator of risk looks at, as the command would have the change.
func (a *Activities) measure(ctx context.Context, tx bun.Tx, facts *change.Facts, record change.Change, command domain.Command) error {
	record, err := asEdited(record, command, facts.Predecessors)
	if err != nil {
		return err
	}
	m := &facts.Measured
	m.Items = len(record.ConfigurationItems)
	impacted, err := schemas.ImpactedServices(ctx, tx, record.ConfigurationItems, domain.Millisecond(a.Clock.Now()))
	if err != nil {
		return err
	}
	names, err := schemas.ReadChangeNames(ctx, tx, schemas.ChangeNamesAsked{Services: append(impacted, record.Services...)})
	if err != nil {
		return err
	}
	for _, service := range names.Services {
		switch service.Criticality {
		case "critical":
			m.CriticalServices++
		case "high":
			m.HighServices++
		case "medium":
			m.MediumServices++
		}
	}
	if span, set := record.Window(); set {
		m.InBusinessHours = facts.Calendar.Between(span.From, span.To) > 0
	}
	suspension := facts.Model.Suspension()
	since := a.Clock.Now().Add(-suspension.Within.Duration())
	if record.Model != "" {
		failed, ended, err := schemas.FailuresOf(ctx, tx, record.Model, "", suspension.Of, since)
		if err != nil {
			return err
		}
		m.Failed, m.Ended, m.WhoseRecord = failed, ended, "model "+record.Model
		facts.Suspended = facts.Model.SuspendedBy(failed, ended)
		return nil
	}
	if record.Team == "" {
		return nil
	}
	m.WhoseRecord = "team " + record.Team
	m.Failed, m.Ended, err = schemas.FailuresOf(ctx, tx, "", record.Team, lookBack, since)
	return err
}
