package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server/client"
)

type loginCommand struct{}

// Help says where the token comes from.
func (loginCommand) Help() string {
	return "The token is asked for on the terminal, read from the input where that is none, or taken from --token. It is tried out, and kept in your folder of settings for you alone to read."
}

// Run asks for a token, tries it out and keeps it with the address.
func (loginCommand) Run(ctx context.Context, s *session) error {
	token := s.given
	if token == "" {
		var err error
		if token, err = s.askForToken(); err != nil {
			return err
		}
	}
	if token == "" {
		return misusef("no token was given")
	}
	principal, err := client.New(s.address, token, client.Options{Agent: "holdfast-cli"}).WhoAmI(ctx)
	if err != nil {
		return err
	}
	kept, err := s.logins.read()
	if err != nil {
		return err
	}
	kept.Current = plainAddress(s.address)
	kept.Tokens[kept.Current] = token
	if err := s.logins.write(kept); err != nil {
		return err
	}
	return s.say("Logged in to %s as %s (%s).", kept.Current, principal.Handle, oneLine(principal.Name))
}

// askForToken reads a token unseen from the terminal, or the first line of the input.
func (s *session) askForToken() (string, error) {
	if file, ok := s.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		if _, err := fmt.Fprintf(s.err, "Token for %s: ", s.address); err != nil {
			return "", err
		}
		typed, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(s.err)
		if err != nil {
			return "", fmt.Errorf("reading the token: %w", err)
		}
		return strings.TrimSpace(string(typed)), nil
	}
	line, err := bufio.NewReader(io.LimitReader(s.in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	return strings.TrimSpace(line), nil
}

type logoutCommand struct{}

// Run forgets the token of the address.
func (logoutCommand) Run(s *session) error {
	kept, err := s.logins.read()
	if err != nil {
		return err
	}
	address := plainAddress(s.address)
	if _, known := kept.Tokens[address]; !known {
		return s.say("Nobody was logged in to %s.", address)
	}
	delete(kept.Tokens, address)
	if kept.Current == address {
		kept.Current = ""
	}
	if err := s.logins.write(kept); err != nil {
		return err
	}
	return s.say("Logged out of %s. The token itself still works; end it with: holdfast token revoke", address)
}

type whoamiCommand struct{}

// Run tells who the token's person is.
func (whoamiCommand) Run(ctx context.Context, s *session) error {
	me, err := s.service.WhoAmI(ctx)
	if err != nil {
		return err
	}
	t := table{titles: []string{"HANDLE", "NAME", "KIND", "ZONE", "PERMISSIONS"}, rows: [][]any{{me.Handle, me.Name, me.Kind, me.Zone, me.Permissions}}}
	return s.show(view{data: me, table: t, text: func(p *printer) error {
		if err := p.line("%s", p.paint(bold, me.Handle+gap+oneLine(me.Name))); err != nil {
			return err
		}
		roles := []string{}
		for _, grant := range me.Grants {
			roles = append(roles, grantText(grant))
		}
		return p.pairs("At", s.address, "Kind", me.Kind, "Zone", me.Zone, "Roles", strings.Join(roles, ", "), "Token carries only", me.Permissions)
	}})
}

func grantText(grant app.Grant) string {
	if grant.ScopeKind == "all" {
		return string(grant.Role)
	}
	return fmt.Sprintf("%s of %s %s", grant.Role, grant.ScopeKind, grant.ScopeName)
}

type personCommands struct {
	List   personList   `cmd:"" help:"List people."`
	Show   personShow   `cmd:"" help:"Show somebody."`
	Save   personSave   `cmd:"" help:"Write somebody, new or known."`
	Invite personInvite `cmd:"" help:"Make a one-use link with which somebody sets their password."`
}

type personList struct {
	Text  string `arg:"" optional:"" help:"In handle, name or mail."`
	Limit int    `short:"n" default:"50" help:"At most so many, up to 200."`
}

// Run lists people.
func (c *personList) Run(ctx context.Context, s *session) error {
	list, err := s.service.People(ctx, c.Text, c.Limit)
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: people(list)})
}

func people(list []app.Person) table {
	t := table{titles: []string{"HANDLE", "KIND", "ACTIVE", "ZONE", "MAIL", "NAME"}, empty: "Nobody."}
	for _, one := range list {
		t.rows = append(t.rows, []any{one.Handle, one.Kind, one.Active, one.Zone, one.Mail, one.Name})
	}
	return t
}

type personShow struct {
	Handle string `arg:"" help:"Their handle."`
}

// Run shows somebody.
func (c *personShow) Run(ctx context.Context, s *session) error {
	one, err := s.service.Person(ctx, c.Handle)
	if err != nil {
		return err
	}
	return s.show(view{data: one, table: people([]app.Person{one})})
}

type personSave struct {
	Handle string  `arg:"" help:"Their handle: lower-case letters, digits, dots, hyphens."`
	Name   *string `help:"Their name; needed for somebody new."`
	Mail   *string `help:"Their mail address."`
	Kind   *string `placeholder:"KIND" help:"person or machine."`
	Zone   *string `placeholder:"ZONE" help:"Their time zone, such as Europe/Berlin."`
	Active *bool   `negatable:"" help:"Whether they may sign in and be given work."`
}

// Run writes somebody; of somebody known only what is given changes.
func (c *personSave) Run(ctx context.Context, s *session) error {
	one, err := s.service.Person(ctx, c.Handle)
	switch {
	case err != nil && domain.CodeOf(err) == domain.CodeNotFound:
		one = app.Person{Handle: c.Handle, Active: true}
	case err != nil:
		return err
	}
	for _, field := range []struct{ have, want *string }{{&one.Name, c.Name}, {&one.Mail, c.Mail}, {&one.Kind, c.Kind}, {&one.Zone, c.Zone}} {
		if field.want != nil {
			*field.have = *field.want
		}
	}
	if c.Active != nil {
		one.Active = *c.Active
	}
	saved, err := s.service.SavePerson(ctx, one)
	if err != nil {
		return err
	}
	return s.show(view{data: saved, table: people([]app.Person{saved})})
}

type teamCommands struct {
	List teamList `cmd:"" help:"List teams and their members."`
}

type teamList struct{}

// Run lists teams.
func (teamList) Run(ctx context.Context, s *session) error {
	list, err := s.service.Teams(ctx)
	if err != nil {
		return err
	}
	t := table{titles: []string{"NAME", "LEAD", "CALENDAR", "TITLE", "MEMBERS"}, empty: "No teams; apply a document of the kind Team."}
	for _, team := range list {
		t.rows = append(t.rows, []any{team.Name, team.Lead, team.Calendar, team.Title, team.Members})
	}
	return s.show(view{data: list, table: t})
}

type serviceCommands struct {
	List serviceList `cmd:"" help:"List services and who supports them."`
}

type serviceList struct{}

// Run lists services.
func (serviceList) Run(ctx context.Context, s *session) error {
	list, err := s.service.Services(ctx)
	if err != nil {
		return err
	}
	t := table{titles: []string{"NAME", "CRITICALITY", "TEAM", "OWNER", "CALENDAR", "TITLE"}, empty: "No services; apply a document of the kind ServicePolicy."}
	for _, service := range list {
		t.rows = append(t.rows, []any{service.Name, service.Criticality, service.Team, service.Owner, service.Calendar, service.Title})
	}
	return s.show(view{data: list, table: t})
}
