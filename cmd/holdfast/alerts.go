package main

import (
	"context"

	"github.com/holdfast-itsm/holdfast/app"
)

type alertCommands struct {
	List alertList `cmd:"" help:"List alerts, the newest first."`
}

type alertList struct {
	Firing   bool   `help:"Only what still fires."`
	Service  string `placeholder:"NAME" help:"Of this service only."`
	Item     string `placeholder:"HANDLE" help:"About this configuration item only."`
	Held     bool   `help:"Only what changes hold or held."`
	Change   string `placeholder:"NUMBER" help:"Held by this change only."`
	Incident string `placeholder:"NUMBER" help:"About this incident only."`
	Limit    int    `short:"n" default:"50" help:"At most so many."`
	All      bool   `short:"a" help:"All of them."`
}

// Run lists alerts.
func (c *alertList) Run(ctx context.Context, s *session) error {
	query := app.AlertQuery{Firing: c.Firing, Service: c.Service, Item: c.Item, Held: c.Held, Change: c.Change, Incident: c.Incident}
	rows, more, err := pages(c.Limit, c.All, func(cursor string, size int) (app.Page[app.AlertRow], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.Alerts(ctx, query)
	})
	if err != nil {
		return err
	}
	t := table{titles: []string{"STATE", "SERVICE", "SEVERITY", "TITLE", "ITEM", "SINCE", "LAST TOLD", "TIMES", "INCIDENT", "HELD BY"}, empty: "No alerts."}
	for _, row := range rows {
		state := "over"
		if row.Firing {
			state = "firing"
		}
		t.rows = append(t.rows, []any{state, row.Service, row.Severity, row.Title, row.Item, row.FirstAt, row.LastAt, row.Times, row.Incident, row.Change})
	}
	return s.showPages(view{data: rows, table: t}, more)
}

type intakeCommands struct {
	Key intakeKeyCommands `cmd:"" help:"Keys with which monitoring tells alerts."`
}

type intakeKeyCommands struct {
	Add    intakeKeyAdd    `cmd:"" help:"Make a key for a service; its address is shown once. Others of the service go on working."`
	List   intakeKeyList   `cmd:"" help:"List the keys of your services, without their secrets."`
	Revoke intakeKeyRevoke `cmd:"" help:"End a key at once."`
}

type intakeKeyAdd struct {
	Service string `arg:"" help:"Whose alerts come with it."`
	Name    string `required:"" placeholder:"NAME" help:"Where it will be kept, such as the name of a monitoring."`
	Source  string `default:"alertmanager" enum:"alertmanager,generic" help:"Who tells: ${enum}."`
}

// intakeAddress is a key as it is handed to monitoring.
type intakeAddress struct {
	URL string `json:"url"`
	app.NewIntakeKey
}

// Run makes a key. Quiet, it prints nothing but the address.
func (c *intakeKeyAdd) Run(ctx context.Context, s *session) error {
	made, err := s.service.MakeIntakeKey(ctx, app.IntakeKeyBody{Service: c.Service, Name: c.Name})
	if err != nil {
		return err
	}
	address := intakeAddress{URL: plainAddress(s.address) + made.Path + c.Source, NewIntakeKey: made}
	t := table{titles: []string{"ADDRESS", "ID", "SERVICE", "NAME"}, rows: [][]any{{address.URL, made.ID, made.Service, made.Name}}}
	return s.show(view{data: address, table: t, text: func(p *printer) error {
		if err := p.line("%s", address.URL); err != nil {
			return err
		}
		return p.hint("Whoever has this address tells alerts of %s. It is shown once; end it with: holdfast intake key revoke %s", made.Service, made.ID)
	}})
}

type intakeKeyList struct{}

// Run lists keys.
func (intakeKeyList) Run(ctx context.Context, s *session) error {
	keys, err := s.service.IntakeKeys(ctx)
	if err != nil {
		return err
	}
	t := table{titles: []string{"ID", "SERVICE", "NAME", "MADE BY", "MADE", "LAST USED", "REVOKED"}, empty: "No keys."}
	for _, key := range keys {
		t.rows = append(t.rows, []any{key.ID, key.Service, key.Name, key.MadeBy, key.MadeAt, key.UsedAt, key.RevokedAt})
	}
	return s.show(view{data: keys, table: t})
}

type intakeKeyRevoke struct {
	ID string `arg:"" help:"The key's id."`
}

// Run ends a key.
func (c *intakeKeyRevoke) Run(ctx context.Context, s *session) error {
	if err := s.service.RevokeIntakeKey(ctx, c.ID); err != nil {
		return err
	}
	return s.say("The key %s works no more.", c.ID)
}
