package main

import (
	"context"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

type grantCommands struct {
	List grantList `cmd:"" help:"List what somebody was granted."`
	Give grantGive `cmd:"" help:"Give a role within a scope."`
	Take grantTake `cmd:"" help:"Take a role away."`
}

type grantList struct {
	Person string `arg:"" help:"Their handle."`
}

// Run lists grants.
func (c *grantList) Run(ctx context.Context, s *session) error {
	return s.grants(s.service.Grants(ctx, c.Person))
}

func (s *session) grants(list []app.Grant, err error) error {
	if err != nil {
		return err
	}
	t := table{titles: []string{"ROLE", "SCOPE", "OF", "PERSON", "GIVEN BY", "GIVEN"}, empty: "Nothing was granted."}
	for _, grant := range list {
		t.rows = append(t.rows, []any{string(grant.Role), grant.ScopeKind, grant.ScopeName, grant.Person, grant.GrantedBy, grant.GrantedAt})
	}
	return s.show(view{data: list, table: t})
}

// grant is a role within a scope: everywhere where no other is given.
type grant struct {
	Person  string `arg:"" help:"Their handle."`
	Role    string `arg:"" help:"agent, team_lead, incident_manager, service_owner, configuration_manager, auditor, admin or requester."`
	Team    string `short:"t" xor:"scope" help:"Only for records of this team."`
	Service string `short:"s" xor:"scope" help:"Only for records about this service."`
}

func (g grant) grant() app.Grant {
	given := app.Grant{Person: g.Person, Role: domain.Role(g.Role), ScopeKind: "all"}
	switch {
	case g.Team != "":
		given.ScopeKind, given.ScopeName = "team", g.Team
	case g.Service != "":
		given.ScopeKind, given.ScopeName = "service", g.Service
	}
	return given
}

type (
	grantGive struct{ grant }
	grantTake struct{ grant }
)

// Run gives a role and lists what the person has now.
func (c *grantGive) Run(ctx context.Context, s *session) error {
	return s.grants(s.service.GiveGrant(ctx, c.grant.grant()))
}

// Run takes a role away and lists what the person has left.
func (c *grantTake) Run(ctx context.Context, s *session) error {
	return s.grants(s.service.TakeGrant(ctx, c.grant.grant()))
}

type tokenCommands struct {
	List   tokenList   `cmd:"" help:"List tokens, without their secrets."`
	Create tokenCreate `cmd:"" help:"Make a token; its secret is shown once."`
	Revoke tokenRevoke `cmd:"" help:"End a token at once."`
}

type tokenList struct {
	Person string `placeholder:"PERSON" help:"Somebody else's."`
}

// Run lists tokens.
func (c *tokenList) Run(ctx context.Context, s *session) error {
	list, err := s.service.Tokens(ctx, c.Person)
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: s.tokens(list)})
}

func (s *session) tokens(list []app.Token) table {
	t := table{titles: []string{"ID", "PERSON", "STATE", "CREATED", "EXPIRES", "PERMISSIONS", "NAME"}, empty: "No tokens."}
	for _, token := range list {
		state := any("valid")
		switch {
		case token.RevokedAt != nil:
			state = "revoked"
		case token.ExpiresAt.Before(s.now()):
			state = "expired"
		}
		t.rows = append(t.rows, []any{token.ID, token.Person, state, token.CreatedAt, token.ExpiresAt, token.Permissions, token.Name})
	}
	return t
}

type tokenCreate struct {
	Name        string   `arg:"" help:"What it is for."`
	Person      string   `placeholder:"PERSON" help:"Whom it acts as; left out: yourself."`
	Permissions []string `name:"permission" placeholder:"PERMISSION" help:"It may only do this; may be given several times. Left out: all that the person may."`
	Days        int      `default:"90" help:"How long it lives."`
}

// Run makes a token. Quiet, it prints nothing but the secret.
func (c *tokenCreate) Run(ctx context.Context, s *session) error {
	made, err := s.service.CreateToken(ctx, "", app.TokenBody{Person: c.Person, Name: c.Name, Permissions: c.Permissions, Days: c.Days})
	if err != nil {
		return err
	}
	t := table{titles: []string{"SECRET", "ID", "PERSON", "EXPIRES", "NAME"}, rows: [][]any{{made.Secret, made.ID, made.Person, made.ExpiresAt, made.Name}}}
	return s.show(view{data: made, table: t, text: func(p *printer) error {
		if err := p.line("%s", made.Secret); err != nil {
			return err
		}
		return p.hint("This secret is shown once. The token %s acts as %s until %s.", made.ID, made.Person, p.when(made.ExpiresAt))
	}})
}

type tokenRevoke struct {
	ID string `arg:"" help:"The token's id."`
}

// Run ends a token.
func (c *tokenRevoke) Run(ctx context.Context, s *session) error {
	if err := s.service.RevokeToken(ctx, c.ID); err != nil {
		return err
	}
	return s.say("Token %s is revoked.", c.ID)
}
