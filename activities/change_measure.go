package activities

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// lookBack is how many of the last changes the calculator of risk looks at, where the model does not say.
const lookBack = 10

// measure reads what the calculator of risk looks at, as the command would have the change.
func (a *Activities) measure(ctx context.Context, tx bun.Tx, facts *change.Facts, record change.Change, command domain.Command) error {
	record, err := asEdited(record, command)
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

// asEdited is what a change is about once a command has edited it, as far as facts depend on it.
func asEdited(record change.Change, command domain.Command) (change.Change, error) {
	var edit struct {
		change.Edit
		Until *time.Time `json:"until"`
	}
	if verb := command.Verb(); len(command.Body) == 0 || !slices.Contains([]string{"edit", "schedule", "extend"}, verb) {
		return record, nil
	}
	if err := json.Unmarshal(command.Body, &edit); err != nil {
		return record, domain.Errorf(domain.CodeInvalid, "the body of %s cannot be read", command.Name)
	}
	if edit.Service != nil || edit.Services != nil {
		if edit.Service != nil {
			record.Service = *edit.Service
		}
		further := record.Services
		if edit.Services != nil {
			further = *edit.Services
		}
		record.Services = append([]string{record.Service}, further...)
	}
	for _, text := range []struct{ have, want *string }{{&record.Team, edit.Team}, {&record.Assignee, edit.Assignee}} {
		if text.want != nil {
			*text.have = *text.want
		}
	}
	if edit.ConfigurationItems != nil {
		record.ConfigurationItems = *edit.ConfigurationItems
	}
	if edit.WindowFrom != nil {
		record.WindowFrom, record.ExtendedTo = edit.WindowFrom, nil
	}
	if edit.WindowTo != nil {
		record.WindowTo, record.ExtendedTo = edit.WindowTo, nil
	}
	if edit.Until != nil && command.Verb() == "extend" {
		record.ExtendedTo = edit.Until
	}
	if span, set := record.Window(); set && !span.From.Before(span.To) {
		record.WindowFrom, record.WindowTo, record.ExtendedTo = nil, nil, nil // which Decide refuses
	}
	return record, nil
}
