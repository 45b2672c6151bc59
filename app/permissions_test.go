package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// governing is what only administrators may do, as calls.
func governing(d *desk) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"policy.write": func(ctx context.Context) error {
			_, err := d.ApplyPolicy(ctx, policy.Document{Kind: policy.KindTeam, Name: "desk", Spec: json.RawMessage(`{"title":"Desk","members":[]}`)})
			return err
		},
		"policy.write, trying": func(ctx context.Context) error {
			_, err := d.ValidatePolicy(ctx, policy.Document{Kind: policy.KindTeam, Name: "desk", Spec: json.RawMessage(`{}`)})
			return err
		},
		"people.write": func(ctx context.Context) error {
			_, err := d.SavePerson(ctx, app.Person{Handle: "new", Name: "New", Active: true})
			return err
		},
		"people.write, by an import": func(ctx context.Context) error {
			_, err := d.Introduce(ctx, map[string]string{"old": "Old"})
			return err
		},
		"grant.write": func(ctx context.Context) error {
			_, err := d.GiveGrant(ctx, app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"})
			return err
		},
		"grant.write, taking": func(ctx context.Context) error {
			_, err := d.TakeGrant(ctx, app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"})
			return err
		},
		"token.write": func(ctx context.Context) error {
			_, err := d.CreateToken(ctx, "", app.TokenBody{Person: "bo", Name: "for bo"})
			return err
		},
		"token.write, listing": func(ctx context.Context) error {
			_, err := d.Tokens(ctx, "bo")
			return err
		},
	}
}

func TestOnlyAnAdministratorOfAllGoverns(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for name, call := range governing(d) {
		for _, grants := range [][]app.Grant{
			nil,
			{all(domain.RoleIncidentManager)},
			{ofTeam(domain.RoleAdmin, "messaging")},
			{ofService(domain.RoleAdmin, "mail")},
			{ofTeam(domain.RoleAdmin, "messaging"), all(domain.RoleAuditor)},
		} {
			refused := refuses(t, domain.CodeForbidden, call(d.as("ana", grants...)))
			require.Contains(t, refused.Message, "the permission ", name)
		}
		require.NoError(t, call(d.as("ana", all(domain.RoleAdmin))), name)
	}
}

func TestNobodyEndsTheTokenOfAnother(t *testing.T) {
	t.Parallel()
	d := setup(t)
	made, err := d.CreateToken(d.as("bo"), "", app.TokenBody{Name: "mine"})
	require.NoError(t, err)
	refuses(t, domain.CodeNotFound, d.RevokeToken(d.as("ana", ofTeam(domain.RoleAdmin, "messaging")), made.ID))
	require.NoError(t, d.RevokeToken(d.as("ana", all(domain.RoleAdmin)), made.ID))
}

func TestAnAdministratorIsOneOfAll(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ctx := d.as("ana", all(domain.RoleAdmin))
	for _, grant := range []app.Grant{ofTeam(domain.RoleAdmin, "messaging"), ofService(domain.RoleAdmin, "mail")} {
		grant.Person = "bo"
		_, err := d.GiveGrant(ctx, grant)
		require.Equal(t, "body.scope_kind", refuses(t, domain.CodeInvalid, err).Fields[0].Location)
	}
	grants, err := d.GiveGrant(ctx, app.Grant{Person: "bo", Role: domain.RoleAdmin, ScopeKind: "all"})
	require.NoError(t, err)
	require.Len(t, grants, 1)
}

func TestAnAuditorOnlyReads(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record, own := d.incident(), d.incident(func(i *incident.Incident) { i.Requester = "cy" })
	auditor := d.as("cy", all(domain.RoleAuditor))
	leaves := map[string]func(reference string) error{
		"a note": func(reference string) error {
			_, err := d.AddNote(auditor, reference, "", app.NoteBody{Body: "Seen"})
			return err
		},
		"a file": func(reference string) error {
			_, err := d.AddAttachment(auditor, reference, "", app.Upload{Name: "a", Public: true, Content: strings.NewReader("x")})
			return err
		},
		"a watcher": func(reference string) error {
			_, err := d.Watch(auditor, reference, "me")
			return err
		},
	}
	for what, leave := range leaves {
		refuses(t, domain.CodeForbidden, leave(record.ID))
		require.NoError(t, leave(own.ID), "%s at an incident of their own", what)
	}
	notes, err := d.Notes(auditor, record.ID, 0, 0)
	require.NoError(t, err)
	require.Empty(t, notes.Items)
	for _, role := range []domain.Role{domain.RoleAgent, domain.RoleTeamLead, domain.RoleIncidentManager, domain.RoleServiceOwner, domain.RoleAdmin} {
		_, err := d.AddNote(d.as("bo", all(role)), record.ID, "", app.NoteBody{Body: "Seen"})
		require.NoError(t, err, role)
	}
}
