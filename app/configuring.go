package app

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// ImportBody is what to import.
type ImportBody struct {
	Sources []configuration.Source `json:"sources" minItems:"1" maxItems:"20"`
	DryRun  bool                   `json:"dry_run,omitempty" doc:"Write nothing, and tell what would be written"`
	Reason  string                 `json:"reason,omitempty" maxLength:"4096"`
}

// configure changes what is run in one transaction, in which nobody else does, and lets the changes near the items look for conflicts
// again that write says were touched.
func (a *App) configure(ctx context.Context, principal Principal, action, detail string, write func(ctx context.Context, tx bun.Tx, at time.Time) (touched []string, err error)) error {
	if err := a.auditForbidden(ctx, principal, action, "", detail, principal.mayAnywhere(PermissionConfigurationWrite)); err != nil {
		return err
	}
	err := a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockConfiguration(ctx, tx); err != nil {
			return err
		}
		at := a.now()
		touched, err := write(ctx, tx, at)
		if err != nil || len(touched) == 0 {
			return err
		}
		near, err := schemas.InterestedNear(ctx, tx, touched, at)
		if err != nil {
			return err
		}
		if err := a.post(ctx, tx, near, "configuration", uuid.NewString()); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, action, "done", detail))
	})
	if err == nil {
		a.posted()
	}
	return a.auditForbidden(ctx, principal, action, "", detail, a.fault(ctx, "changing what is run", err))
}

// over refuses whoever does not look after an item's team or service.
func (p Principal) over(c configuration.Content) error {
	if p.mayConfigure(c) {
		return nil
	}
	return domain.Errorf(domain.CodeForbidden, "the permission %s is needed for the team or the service of this item", PermissionConfigurationWrite)
}

// after is an instant at which the next version of an item comes into force: now, and later than the one before.
func after(item configuration.Item, at time.Time) time.Time {
	if at.After(item.ValidFrom) {
		return at
	}
	return item.ValidFrom.Add(time.Millisecond)
}

// SaveItem writes an item's next version, unless nothing differs.
func (a *App) SaveItem(ctx context.Context, handle string, body ItemBody) (configuration.Item, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return configuration.Item{}, err
	}
	var saved configuration.Item
	err = a.configure(ctx, principal, "configuration.save", handle, func(ctx context.Context, tx bun.Tx, at time.Time) ([]string, error) {
		was, exists, err := schemas.ItemAt(ctx, tx, handle, nil)
		if err != nil {
			return nil, err
		}
		inForce := exists && was.ValidTo == nil
		if err := a.saves(ctx, tx, principal, was, inForce, handle, body); err != nil {
			return nil, err
		}
		if inForce && len(configuration.Differences(was.Content, body.Content)) == 0 {
			saved = was
			return nil, nil
		}
		saved = configuration.Item{
			Handle: handle, Version: was.Version + 1, Content: body.Content, ValidFrom: at, ChangedBy: principal.Handle, Reason: body.Reason,
		}
		if exists {
			saved.ValidFrom = after(was, at)
		}
		if inForce {
			if err := schemas.EndItems(ctx, tx, []string{handle}, saved.ValidFrom, "", ""); err != nil {
				return nil, err
			}
		}
		if err := schemas.AddItems(ctx, tx, []configuration.Item{saved}); err != nil {
			return nil, err
		}
		var t exclusives
		t.turn(handle, inForce && was.Exclusive, saved.Exclusive)
		return []string{handle}, a.reserve(ctx, tx, t)
	})
	return saved, err
}

// saves says what speaks against a version of an item.
func (a *App) saves(ctx context.Context, tx bun.Tx, principal Principal, was configuration.Item, inForce bool, handle string, body ItemBody) error {
	version := 0
	if inForce {
		version = was.Version
		if err := principal.over(was.Content); err != nil {
			return err
		}
	}
	if err := principal.over(body.Content); err != nil {
		return err
	}
	if body.Base != nil && *body.Base != version {
		return domain.Errorf(domain.CodeConflict, "version %d of %s is in force, not %d: somebody changed it meanwhile", version, handle, *body.Base)
	}
	names, err := schemas.ConfigurationNames(ctx, tx)
	if err != nil {
		return err
	}
	return domain.Join(configuration.CheckItem(handle, body.Content, names))
}

// EndItem ends an item, and its relations with it.
func (a *App) EndItem(ctx context.Context, handle, reason string) (configuration.Item, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return configuration.Item{}, err
	}
	var ended configuration.Item
	err = a.configure(ctx, principal, "configuration.end", handle, func(ctx context.Context, tx bun.Tx, at time.Time) ([]string, error) {
		was, err := inForce(ctx, tx, principal, handle)
		if err != nil {
			return nil, err
		}
		if err := schemas.EndItems(ctx, tx, []string{handle}, after(was, at), principal.Handle, reason); err != nil {
			return nil, err
		}
		if ended, _, err = schemas.ItemAt(ctx, tx, handle, nil); err != nil {
			return nil, err
		}
		var t exclusives
		t.turn(handle, was.Exclusive, false)
		if err := a.reserve(ctx, tx, t); err != nil {
			return nil, err
		}
		return a.neighboursOf(ctx, tx, handle, was.ValidFrom, at)
	})
	return ended, err
}

// neighboursOf are an item and those that were tied to it until now: what went through it goes on at them.
func (a *App) neighboursOf(ctx context.Context, tx bun.Tx, handle string, from, at time.Time) ([]string, error) {
	touched := []string{handle}
	before := at.Add(-time.Millisecond)
	if before.Before(from) {
		before = from
	}
	to, back, err := schemas.RelatedOf(ctx, tx, handle, before, mostRelations)
	if err != nil {
		return nil, err
	}
	for _, one := range to {
		touched = append(touched, one.To)
	}
	for _, one := range back {
		touched = append(touched, one.From)
	}
	return touched, nil
}

// inForce reads an item that somebody may write and that has not ended.
func inForce(ctx context.Context, tx bun.Tx, principal Principal, handle string) (configuration.Item, error) {
	item, found, err := schemas.ItemAt(ctx, tx, handle, nil)
	switch {
	case err != nil:
		return item, err
	case !found:
		return item, domain.Errorf(domain.CodeNotFound, "no configuration item %s", handle)
	case item.ValidTo != nil:
		return item, domain.Errorf(domain.CodeConflict, "%s has ended", handle)
	}
	return item, principal.over(item.Content)
}

// Relate ties one item to another; the same again does nothing.
func (a *App) Relate(ctx context.Context, handle string, body RelationBody) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	relation := configuration.Relation{From: handle, Type: body.Type, To: body.To, MadeBy: principal.Handle}
	return a.configure(ctx, principal, "configuration.relate", edgeWords(relation.Edge()), func(ctx context.Context, tx bun.Tx, at time.Time) ([]string, error) {
		if _, err := inForce(ctx, tx, principal, handle); err != nil {
			return nil, err
		}
		estate, err := schemas.EstateNow(ctx, tx, []string{handle, body.To}, configuration.Names{})
		if err != nil {
			return nil, err
		}
		known := func(handle string) bool { _, is := estate.Items[handle]; return is }
		if err := domain.Join(configuration.CheckRelation(relation, known)); err != nil || estate.Edges[relation.Edge()] {
			return nil, err
		}
		relation.ValidFrom = at
		return []string{relation.From, relation.To}, schemas.AddRelations(ctx, tx, []configuration.Relation{relation})
	})
}

func edgeWords(edge configuration.Edge) string { return edge.From + " " + edge.Type + " " + edge.To }

// EndRelation ends a relation.
func (a *App) EndRelation(ctx context.Context, handle string, body RelationBody) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	edge := configuration.Edge{From: handle, Type: body.Type, To: body.To}
	return a.configure(ctx, principal, "configuration.end_relation", edgeWords(edge), func(ctx context.Context, tx bun.Tx, at time.Time) ([]string, error) {
		if _, err := inForce(ctx, tx, principal, handle); err != nil {
			return nil, err
		}
		ended, err := schemas.EndRelation(ctx, tx, edge, at, principal.Handle)
		if err == nil && !ended {
			return nil, domain.Errorf(domain.CodeNotFound, "no relation %s is in force", edgeWords(edge))
		}
		return []string{edge.From, edge.To}, err
	})
}

// ImportConfiguration writes all that sources say, or with any fault nothing. It takes the role for everything: an import is not looked
// through item by item.
func (a *App) ImportConfiguration(ctx context.Context, body ImportBody) (configuration.Report, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return configuration.Report{}, err
	}
	if err := principal.may(PermissionConfigurationWrite, principal.rolesForAll()); err != nil {
		return configuration.Report{}, a.auditForbidden(ctx, principal, "configuration.import", "", "", err)
	}
	wanted, faults := configuration.Read(body.Sources)
	var report configuration.Report
	detail := ""
	for _, source := range body.Sources {
		detail += source.Name + " "
	}
	err = a.configure(ctx, principal, "configuration.import", detail, func(ctx context.Context, tx bun.Tx, at time.Time) ([]string, error) {
		names, err := schemas.ConfigurationNames(ctx, tx)
		if err != nil {
			return nil, err
		}
		estate, err := schemas.EstateNow(ctx, tx, wanted.Handles(), names)
		if err != nil {
			return nil, err
		}
		plan := configuration.PlanImport(wanted, faults, estate)
		report = plan.Report
		t := exclusivesOf(plan, estate)
		twice, err := twiceFaults(ctx, tx, wanted, t.Alone)
		if err != nil {
			return nil, err
		}
		report.Faults = append(report.Faults, twice...)
		if report.DryRun = body.DryRun; body.DryRun || len(report.Faults) > 0 {
			return nil, nil
		}
		if err := writePlan(ctx, tx, plan, estate, at, principal.Handle, body.Reason); err != nil {
			return nil, err
		}
		return plan.Touched(), a.reserve(ctx, tx, t)
	})
	return report, err
}

// writePlan writes what an import plans.
func writePlan(ctx context.Context, tx bun.Tx, plan configuration.Plan, estate configuration.Estate, at time.Time, by, reason string) error {
	replaced := []string{}
	for _, item := range plan.Items {
		if was, exists := estate.Items[item.Handle]; exists {
			replaced = append(replaced, item.Handle)
			at = after(was, at) // one instant for all: later than everything that is replaced
		}
	}
	for i := range plan.Items {
		plan.Items[i].ChangedBy, plan.Items[i].Reason, plan.Items[i].ValidFrom = by, reason, at
	}
	relations := make([]configuration.Relation, len(plan.Edges))
	for i, edge := range plan.Edges {
		relations[i] = configuration.Relation{From: edge.From, Type: edge.Type, To: edge.To, ValidFrom: at, MadeBy: by}
	}
	if err := schemas.EndItems(ctx, tx, replaced, at, "", ""); err != nil {
		return err
	}
	if err := schemas.AddItems(ctx, tx, plan.Items); err != nil {
		return err
	}
	return schemas.AddRelations(ctx, tx, relations)
}
