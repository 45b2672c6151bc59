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
	}
	if record.Team == "" {
		return nil
	}
	failed, ended, err := schemas.FailuresOf(ctx, tx, "", record.Team, lookBack, since)
	if err != nil {
		return err
	}
	*m = m.OrRecord(failed, ended, "team "+record.Team)
	return nil
}

// suspended says why the version of a standard model is out of use that a change follows, or is to follow; empty while it is not.
func (a *Activities) suspended(ctx context.Context, tx bun.Tx, facts *change.Facts, record change.Change) (string, error) {
	if record.Model == "" || facts.Model.Type != change.Standard {
		return "", nil
	}
	suspension := facts.Model.Suspension()
	since := a.Clock.Now().Add(-suspension.Within.Duration())
	failed, ended, err := schemas.FailuresOfVersion(ctx, tx, record.Model, facts.ModelVersion, suspension.Of, since)
	return facts.Model.SuspendedBy(failed, ended), err
}
