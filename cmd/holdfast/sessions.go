package main

import (
	"context"

	"github.com/holdfast-itsm/holdfast/app"
)

type personInvite struct {
	Handle string `arg:"" help:"Whom."`
}

// invitation is a link as it is handed on.
type invitation struct {
	URL string `json:"url"`
	app.NewInvitation
}

// Run makes a link. Quiet, it prints nothing but the link.
func (c *personInvite) Run(ctx context.Context, s *session) error {
	made, err := s.service.Invite(ctx, "", c.Handle)
	if err != nil {
		return err
	}
	link := invitation{URL: plainAddress(s.address) + made.Path, NewInvitation: made}
	t := table{titles: []string{"LINK", "PERSON", "EXPIRES"}, rows: [][]any{{link.URL, made.Person, made.ExpiresAt}}}
	return s.show(view{data: link, table: t, text: func(p *printer) error {
		if err := p.line("%s", link.URL); err != nil {
			return err
		}
		return p.hint("Hand this link to %s; it is shown once, and works once, until %s. An earlier one works no more.", made.Person, p.when(made.ExpiresAt))
	}})
}

type sessionCommands struct {
	List sessionList `cmd:"" help:"List sessions."`
	End  sessionEnd  `cmd:"" help:"End a session at once."`
}

type sessionList struct {
	Person string `placeholder:"PERSON" help:"Somebody else's."`
}

// Run lists sessions.
func (c *sessionList) Run(ctx context.Context, s *session) error {
	list, err := s.service.Sessions(ctx, c.Person)
	if err != nil {
		return err
	}
	t := table{titles: []string{"ID", "PERSON", "ADDRESS", "CREATED", "SEEN", "EXPIRES", "BROWSER"}, empty: "No sessions."}
	for _, one := range list {
		t.rows = append(t.rows, []any{one.ID, one.Person, one.Address, one.CreatedAt, one.SeenAt, one.ExpiresAt, one.Agent})
	}
	return s.show(view{data: list, table: t})
}

type sessionEnd struct {
	ID string `arg:"" help:"The session's id."`
}

// Run ends a session.
func (c *sessionEnd) Run(ctx context.Context, s *session) error {
	if err := s.service.EndSession(ctx, c.ID); err != nil {
		return err
	}
	return s.say("Session %s is ended.", c.ID)
}
