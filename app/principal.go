package app

import (
	"context"
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Principal is who asks: a person, or a machine with a token, with the grants held.
type Principal struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Zone   string `json:"zone"`
	// Language is the tag of the language chosen; empty: none.
	Language string  `json:"language,omitempty"`
	Grants   []Grant `json:"grants"`
	// Permissions narrow a token; none: all that the grants give.
	Permissions []string `json:"permissions,omitempty"`
	TokenID     string   `json:"token_id,omitempty"`
	// SessionID is the console session that asks; empty: a token, or a program of the installation's own.
	SessionID string `json:"session_id,omitempty"`
}

type principalKey struct{}

// WithPrincipal puts who asks into the context; the server does so after authentication.
func WithPrincipal(ctx context.Context, principal Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, principal)
}

// PrincipalFrom finds who asks, or answers unauthenticated.
func PrincipalFrom(ctx context.Context) (Principal, error) {
	principal, found := ctx.Value(principalKey{}).(Principal)
	if !found {
		return Principal{}, domain.Errorf(domain.CodeUnauthenticated, "sign in, or send a bearer token")
	}
	return principal, nil
}

// rolesFor are the roles that hold for one record: those granted for all, for its team or for its service, requester for whoever asked
// for it, and agent for whoever drafted a change and is an agent of anything still: a draft is theirs to bring on, whatever it touches.
func (p Principal) rolesFor(head domain.Record) []domain.Role {
	roles := []domain.Role{}
	for _, grant := range p.Grants {
		switch {
		case grant.ScopeKind == "all",
			grant.ScopeKind == "team" && grant.ScopeName == head.Team && head.Team != "",
			grant.ScopeKind == "service" && grant.ScopeName == head.Service && head.Service != "":
			if grant.Role != domain.RoleRequester {
				roles = append(roles, grant.Role)
			}
		}
	}
	if p.Handle == head.Requester || p.Handle == head.OpenedBy {
		roles = append(roles, domain.RoleRequester)
	}
	if head.Practice == change.Practice && p.Handle == head.OpenedBy && p.drafts() {
		roles = append(roles, domain.RoleAgent)
	}
	return unique(roles)
}

// drafts reports whether the person drafts changes, for whatever scope. What else their role gives there it gives nowhere else.
func (p Principal) drafts() bool {
	transition, _ := change.Lifecycle.Transition("draft")
	return slices.ContainsFunc(p.Grants, func(grant Grant) bool { return slices.Contains(transition.Roles, grant.Role) })
}

// rolesToOpen are the roles that count before a record exists: those granted anywhere.
func (p Principal) rolesToOpen() []domain.Role {
	roles := []domain.Role{domain.RoleRequester}
	for _, grant := range p.Grants {
		roles = append(roles, grant.Role)
	}
	return unique(roles)
}

// Opener is the principal as the author of a command that opens a record.
func (p Principal) Opener() domain.Actor { return p.actor(p.rolesToOpen()) }

// rolesForAll are the roles that hold for everything.
func (p Principal) rolesForAll() []domain.Role {
	roles := []domain.Role{}
	for _, grant := range p.Grants {
		if grant.ScopeKind == "all" {
			roles = append(roles, grant.Role)
		}
	}
	return unique(roles)
}

func unique(roles []domain.Role) []domain.Role {
	slices.Sort(roles)
	return slices.Compact(roles)
}

// actor is the principal as the author of a command.
func (p Principal) actor(roles []domain.Role) domain.Actor {
	return domain.Actor{Kind: domain.ActorPerson, Name: p.Handle, Roles: roles, Machine: p.Kind == "machine"}
}

// staff reports whether the person reads internal things of a record.
func (p Principal) staff(head domain.Record) bool {
	return domain.Actor{Kind: domain.ActorPerson, Roles: p.rolesFor(head)}.Has(readers...)
}

// StaffOf reports whether the person sees all of a record that they may read, and not only what its requester does.
func (p Principal) StaffOf(head domain.Record) bool { return p.staff(head) }

// staffSomewhere reports whether the person does more than ask, for whatever scope.
func (p Principal) staffSomewhere() bool {
	return slices.ContainsFunc(p.Grants, func(grant Grant) bool { return slices.Contains(staff, grant.Role) })
}

// Staff reports whether the person does more than ask, for whatever scope.
func (p Principal) Staff() bool { return p.staffSomewhere() }

// May reports whether the principal holds a permission that is not about one record, so that a page can offer what is theirs.
func (p Principal) May(permission Permission) bool { return p.mayAnywhere(permission) == nil }

// reader is what a principal may read now, as a predicate for queries.
func (a *App) reader(p Principal) schemas.Reader {
	reader := schemas.Reader{Handle: p.Handle, At: a.now()}
	for _, grant := range p.Grants {
		if grant.Role == domain.RoleAdmin && grant.ScopeKind == "all" {
			reader.Restricted = true
		}
		if grant.Role != domain.RoleAdmin && !slices.Contains(readers, grant.Role) {
			continue
		}
		switch grant.ScopeKind {
		case "all":
			reader.All = true
		case "team":
			reader.Teams = append(reader.Teams, grant.ScopeName)
		case "service":
			reader.Services = append(reader.Services, grant.ScopeName)
		}
	}
	return reader
}
