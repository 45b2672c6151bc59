package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Policies lists the newest version of every document, of one kind or of all.
func (a *App) Policies(ctx context.Context, kind string) ([]policy.Document, error) {
	if err := a.allowed(ctx, PermissionPolicyRead); err != nil {
		return nil, err
	}
	rows, err := schemas.ListPolicies(ctx, a.DB, kind)
	return documents(rows), a.fault(ctx, "listing policies", err)
}

// PolicyVersions lists every version of a document, newest first.
func (a *App) PolicyVersions(ctx context.Context, kind, name string) ([]policy.Document, error) {
	if err := a.allowed(ctx, PermissionPolicyRead); err != nil {
		return nil, err
	}
	rows, err := schemas.ListPolicyVersions(ctx, a.DB, kind, name)
	if err == nil && len(rows) == 0 {
		return nil, domain.Errorf(domain.CodeNotFound, "no policy %s/%s", kind, name)
	}
	return documents(rows), a.fault(ctx, "listing policy versions", err)
}

// Policy reads one version of a document; 0 is the newest.
func (a *App) Policy(ctx context.Context, kind, name string, version int) (policy.Document, error) {
	if err := a.allowed(ctx, PermissionPolicyRead); err != nil {
		return policy.Document{}, err
	}
	row, found, err := schemas.ReadPolicy(ctx, a.DB, kind, name, version)
	if err == nil && !found {
		return policy.Document{}, domain.Errorf(domain.CodeNotFound, "no policy %s/%s in this version", kind, name)
	}
	return document(row), a.fault(ctx, "reading a policy", err)
}

func (a *App) allowed(ctx context.Context, permission Permission) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	return principal.mayAnywhere(permission)
}

func documents(rows []schemas.PolicyRow) []policy.Document {
	list := make([]policy.Document, len(rows))
	for i, row := range rows {
		list[i] = document(row)
	}
	return list
}

func document(row schemas.PolicyRow) policy.Document {
	return policy.Document{
		Kind: row.Kind, Name: row.Name, Version: row.Version, Spec: json.RawMessage(row.Spec), Author: row.Author,
		Reason: row.Reason, CreatedAt: row.CreatedAt.UTC(), ApprovedBy: row.ApprovedBy,
	}
}

var policyName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// ValidatePolicy says what is wrong with a document, without storing it. It is for those who may store one: compiling
// calendars and expressions is work.
func (a *App) ValidatePolicy(ctx context.Context, document policy.Document) ([]policy.Problem, error) {
	if _, err := a.govern(ctx, PermissionPolicyWrite, "validate policy", document.Kind+"/"+document.Name); err != nil {
		return nil, err
	}
	return a.problems(document), nil
}

func (a *App) problems(document policy.Document) []policy.Problem {
	problems := []policy.Problem{}
	if !policyName.MatchString(document.Name) {
		problems = append(problems, policy.Problem{Path: "name", Message: "takes 1 to 100 lower-case letters, digits, dots, underscores and hyphens"})
	}
	problems = append(problems, a.CheckPolicy(document)...)
	return append(problems, policyfile.Gaps(document, a.now())...)
}

// ApplyPolicy stores a new version of a document, whatever was stored before, unless the newest one has the same content. An edit that
// needs a second person is held: then Proposal says where it waits, and the newest version stays in force.
func (a *App) ApplyPolicy(ctx context.Context, wanted policy.Document) (policy.Document, error) {
	return a.applyPolicy(ctx, wanted, nil)
}

// ApplyPolicyOn stores a new version on top of the one that its writer saw, 0 for none yet. Where another is the newest by then,
// it is a conflict that says who stored what since; where that has the same content, there is nothing to store.
func (a *App) ApplyPolicyOn(ctx context.Context, wanted policy.Document, base int) (policy.Document, error) {
	return a.applyPolicy(ctx, wanted, &base)
}

// applyPolicy compares and stores while it holds the document's name, so that of several writers one is first.
func (a *App) applyPolicy(ctx context.Context, wanted policy.Document, base *int) (policy.Document, error) {
	principal, err := a.govern(ctx, PermissionPolicyWrite, "apply policy", wanted.Kind+"/"+wanted.Name)
	if err != nil {
		return wanted, err
	}
	var fields []domain.FieldError
	for _, problem := range a.problems(wanted) {
		fields = append(fields, domain.FieldError{Location: "body." + problem.Path, Message: problem.Message})
	}
	if err := domain.Join(fields); err != nil {
		return wanted, err
	}
	spec := compact(wanted.Spec)
	var stored policy.Document
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockPolicyName(ctx, tx, wanted.Kind, wanted.Name); err != nil {
			return err
		}
		newest, found, err := schemas.ReadPolicy(ctx, tx, wanted.Kind, wanted.Name, 0)
		if err != nil {
			return err
		}
		if found && bytes.Equal([]byte(newest.Spec), spec) {
			stored = document(newest)
			return nil
		}
		if base != nil && *base != newest.Version {
			return overtaken(newest, *base)
		}
		wanted.Spec = spec
		held, err := a.propose(ctx, tx, principal, wanted, newest.Version)
		if err != nil {
			return err
		}
		if held != "" {
			stored = policy.Document{Kind: wanted.Kind, Name: wanted.Name, Version: newest.Version, Spec: spec, Author: principal.Handle, Reason: wanted.Reason, Proposal: held}
			return nil
		}
		stored, err = a.storePolicy(ctx, tx, schemas.PolicyRow{
			Kind: wanted.Kind, Name: wanted.Name, Version: newest.Version + 1, Spec: string(spec), Author: principal.Handle, Reason: wanted.Reason,
		})
		return err
	})
	if err == nil {
		a.posted()
	}
	return stored, a.fault(ctx, "applying a policy", err)
}

// storePolicy writes a version, and what follows from it. Whoever calls it holds the document's name.
func (a *App) storePolicy(ctx context.Context, tx bun.Tx, row schemas.PolicyRow) (policy.Document, error) {
	row.CreatedAt = a.now()
	if err := schemas.AddPolicy(ctx, tx, row); err != nil {
		return policy.Document{}, err
	}
	stored := document(row)
	if err := a.tellInterested(ctx, tx, stored); err != nil {
		return stored, err
	}
	return stored, a.project(ctx, tx, stored)
}

// overtaken refuses a version that was made from an older one than the newest, and says what came since.
func overtaken(newest schemas.PolicyRow, base int) error {
	switch {
	case newest.Version == 0:
		return domain.Errorf(domain.CodeConflict, "nothing is stored under this name yet, so there is no version %d to go on from", base)
	case newest.Version < base:
		return domain.Errorf(domain.CodeConflict, "the newest version is %d; there is no version %d to go on from", newest.Version, base)
	}
	why := ""
	if newest.Reason != "" {
		why = " (" + newest.Reason + ")"
	}
	if since := newest.Version - base; since > 1 && base > 0 {
		return domain.Errorf(domain.CodeConflict, "%d versions were stored since version %d, the newest, %d, by %s%s", since, base, newest.Version, newest.Author, why)
	}
	return domain.Errorf(domain.CodeConflict, "version %d was stored by %s meanwhile%s", newest.Version, newest.Author, why)
}

// project writes what a document says into the rows that guards join: teams with their members, services. Whoever is not of a team any
// more, or does not own a service, may have been asked for that.
func (a *App) project(ctx context.Context, tx bun.Tx, document policy.Document) error {
	var gone []string
	var err error
	switch document.Kind {
	case policy.KindTeam:
		gone, err = projectTeam(ctx, tx, document)
	case policy.KindServicePolicy:
		gone, err = projectService(ctx, tx, document)
	}
	if err != nil {
		return err
	}
	return a.tellAsked(ctx, tx, document.Kind+"/"+document.Name, strconv.Itoa(document.Version), gone...)
}

// projectTeam writes a team, and answers who is no longer of it, or leads it no longer.
func projectTeam(ctx context.Context, tx bun.Tx, document policy.Document) ([]string, error) {
	var team policy.Team
	if err := json.Unmarshal(document.Spec, &team); err != nil {
		return nil, fmt.Errorf("reading %s/%s: %w", document.Kind, document.Name, err)
	}
	if err := schemas.LockAccounts(ctx, tx); err != nil {
		return nil, err
	}
	members, lead, err := schemas.TeamPeople(ctx, tx, document.Name)
	if err != nil {
		return nil, err
	}
	gone := slices.DeleteFunc(members, func(person string) bool { return slices.Contains(team.Members, person) })
	if lead != "" && lead != team.Lead {
		gone = append(gone, lead)
	}
	return gone, schemas.SaveTeam(ctx, tx, schemas.TeamRow{Name: document.Name, Title: team.Title, Lead: team.Lead, Calendar: team.Calendar, Members: team.Members})
}

// projectService writes a service, and answers who owns it no longer.
func projectService(ctx context.Context, tx bun.Tx, document policy.Document) ([]string, error) {
	var service policy.ServicePolicy
	if err := json.Unmarshal(document.Spec, &service); err != nil {
		return nil, fmt.Errorf("reading %s/%s: %w", document.Kind, document.Name, err)
	}
	if err := schemas.LockAccounts(ctx, tx); err != nil {
		return nil, err
	}
	var gone []string
	owner, _, err := schemas.ServiceOwner(ctx, tx, document.Name)
	if err != nil {
		return nil, err
	}
	if owner != "" && owner != service.Owner {
		gone = append(gone, owner)
	}
	return gone, schemas.SaveService(ctx, tx, schemas.ServiceRow{
		Name: document.Name, Title: service.Title, Owner: service.Owner,
		Criticality: service.Criticality, Team: service.Support.Team, Calendar: service.Support.Calendar,
	})
}
