package app

import (
	"context"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// EscalationView is an escalation with what its reader may do.
type EscalationView struct {
	escalation.Escalation
	AllowedCommands []string `json:"allowed_commands"`
}

// EscalationQuery narrows a list of escalations, newest first.
type EscalationQuery struct {
	// State lists states, or "open" for all in which somebody may still be called.
	State []string
	// Source is the record that needs somebody, by id or number.
	Source string
	Limit  int
	Cursor string
}

// Escalation reads one escalation by id or number.
func (a *App) Escalation(ctx context.Context, reference string) (EscalationView, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return EscalationView{}, err
	}
	if err := principal.mayAnywhere(PermissionEscalationRead); err != nil {
		return EscalationView{}, err
	}
	found, exists, err := schemas.ReadEscalation(ctx, a.DB, a.reader(principal), reference)
	if err != nil {
		return EscalationView{}, a.fault(ctx, "reading an escalation", err)
	}
	if !exists || principal.may(PermissionEscalationRead, principal.rolesFor(found.Record)) != nil {
		return EscalationView{}, domain.Errorf(domain.CodeNotFound, "no escalation %s", reference)
	}
	return principal.escalation(found), nil
}

// escalation adds what the principal may do.
func (p Principal) escalation(found escalation.Escalation) EscalationView {
	view, roles := EscalationView{Escalation: found, AllowedCommands: []string{}}, p.rolesFor(found.Record)
	for _, verb := range escalation.Allowed(found, p.actor(roles)) {
		if p.may(Permission("escalation."+verb), roles) == nil {
			view.AllowedCommands = append(view.AllowedCommands, verb)
		}
	}
	return view
}

// Escalations lists escalations, newest first, one page at a time.
func (a *App) Escalations(ctx context.Context, query EscalationQuery) (Page[EscalationView], error) {
	page := Page[EscalationView]{Items: []EscalationView{}}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return page, err
	}
	if err := principal.mayAnywhere(PermissionEscalationRead); err != nil {
		return page, err
	}
	size := pageSize(query.Limit)
	filter := schemas.EscalationFilter{Limit: size + 1}
	for _, state := range query.State {
		if filter.Open = filter.Open || state == "open"; state != "open" {
			filter.States = append(filter.States, state)
		}
	}
	if query.Source != "" {
		_, head, err := a.readable(ctx, PermissionIncidentRead, query.Source)
		if err != nil {
			return page, err
		}
		filter.Source = head.ID
	}
	if query.Cursor != "" {
		after, err := a.Escalation(ctx, query.Cursor)
		if err != nil {
			return page, domain.Invalid("cursor", "is not of this list")
		}
		filter.Before, filter.BeforeID = &after.OpenedAt, after.ID
	}
	found, err := schemas.ListEscalations(ctx, a.DB, a.reader(principal), filter)
	if err != nil {
		return page, a.fault(ctx, "listing escalations", err)
	}
	if len(found) > size {
		found = found[:size]
		page.NextCursor = found[size-1].ID
	}
	for _, each := range found {
		if principal.may(PermissionEscalationRead, principal.rolesFor(each.Record)) == nil {
			page.Items = append(page.Items, principal.escalation(each))
		}
	}
	return page, nil
}

// EscalationTimeline reads what happened in an escalation, oldest first.
func (a *App) EscalationTimeline(ctx context.Context, reference string, after int64, limit int) (Page[domain.StoredEvent], error) {
	found, err := a.Escalation(ctx, reference)
	if err != nil {
		return Page[domain.StoredEvent]{Items: []domain.StoredEvent{}}, err
	}
	return a.events(ctx, found.ID, after, limit, schemas.Whole)
}
