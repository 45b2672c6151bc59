package main

import (
	"context"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

type deliveryCommands struct {
	List   deliveryList   `cmd:"" help:"List what left for the outside, or waits to, the newest first."`
	Replay deliveryReplay `cmd:"" help:"Let deliveries that were given up try again."`
}

type deliveryList struct {
	State       []string `enum:"pending,sent,failed,dead,dropped" placeholder:"STATE" help:"Of these states only: pending, sent, failed, dead, dropped."`
	Destination string   `placeholder:"NAME" help:"To this destination only."`
	Person      string   `placeholder:"PERSON" help:"For this person only."`
	Record      string   `placeholder:"NUMBER" help:"About this record only."`
	Limit       int      `short:"n" default:"50" help:"At most so many."`
	All         bool     `short:"a" help:"All of them."`
}

// Run lists deliveries.
func (c *deliveryList) Run(ctx context.Context, s *session) error {
	query := app.DeliveryQuery{State: c.State, Destination: c.Destination, Person: c.Person, Record: c.Record}
	rows, more, err := pages(c.Limit, c.All, func(cursor string, size int) (app.Page[app.Delivery], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.Deliveries(ctx, query)
	})
	if err != nil {
		return err
	}
	t := table{titles: []string{"ID", "STATE", "DESTINATION", "FOR", "RECORD", "KIND", "CREATED", "ATTEMPTS", "FAULT"}, empty: "No deliveries."}
	for _, row := range rows {
		receiver := row.Person
		if row.Address != "" {
			receiver = strings.TrimSpace(receiver + " " + row.Address)
		}
		t.rows = append(t.rows, []any{row.ID, string(row.State), row.Destination, receiver, row.Record, row.Kind, row.CreatedAt, row.Attempts, row.Fault})
	}
	return s.showPages(view{data: rows, table: t}, more)
}

type deliveryReplay struct {
	IDs         []string `arg:"" optional:"" name:"id" help:"Ids of deliveries."`
	Destination string   `placeholder:"NAME" help:"Instead of ids: all that were given up at this destination."`
}

// Run replays deliveries.
func (c *deliveryReplay) Run(ctx context.Context, s *session) error {
	ids := c.IDs
	if c.Destination != "" {
		query := app.DeliveryQuery{State: []string{"failed", "dead"}, Destination: c.Destination}
		rows, _, err := pages(0, true, func(cursor string, size int) (app.Page[app.Delivery], error) {
			query.Cursor, query.Limit = cursor, size
			return s.service.Deliveries(ctx, query)
		})
		if err != nil {
			return err
		}
		for i := len(rows) - 1; i >= 0; i-- { // the oldest first
			ids = append(ids, rows[i].ID)
		}
	}
	if len(ids) == 0 && c.Destination == "" {
		return domain.Invalid("id", "name deliveries, or a --destination")
	}
	for _, id := range ids {
		if err := s.service.ReplayDelivery(ctx, id); err != nil {
			return err
		}
	}
	return s.say("%d deliveries try again.", len(ids))
}

type destinationCommands struct {
	List   destinationList   `cmd:"" help:"List where deliveries go, and how each answers."`
	Save   destinationSave   `cmd:"" help:"Add a webhook, or write one anew."`
	Slack  destinationSlack  `cmd:"" help:"Add a workspace of Slack, or write one anew."`
	Rotate destinationRotate `cmd:"" help:"Give a webhook a new secret; the old one signs beside it for a day."`
}

type destinationList struct{}

// Run lists destinations.
func (c *destinationList) Run(ctx context.Context, s *session) error {
	rows, err := s.service.Destinations(ctx)
	if err != nil {
		return err
	}
	t := table{titles: []string{"NAME", "CHANNEL", "STATE", "WAITING", "GIVEN UP", "LAST SENT", "URL", "FAULT"}}
	for _, row := range rows {
		address := row.URL
		if row.Via != "" {
			address = row.Via
		}
		t.rows = append(t.rows, []any{row.Name, string(row.Channel), destinationState(row), row.Pending, row.GivenUp, row.SentAt, address, row.Fault})
	}
	return s.show(view{data: rows, table: t})
}

// destinationState is how a destination stands, in a word.
func destinationState(row app.Destination) string {
	switch {
	case !row.Configured:
		return "not configured"
	case !row.Active:
		return "off"
	case row.OpenUntil != nil:
		return "does not answer"
	case row.Failures > 0:
		return "failing"
	}
	return "well"
}

type destinationSave struct {
	Name    string           `arg:"" help:"Its name."`
	Address string           `arg:"" help:"Where to send: https://host/path."`
	Title   string           `placeholder:"TITLE" help:"What people call it; its name where not given."`
	Kind    []string         `name:"kind" placeholder:"KIND" help:"Notices it is sent, such as incident.resolved or 'incident.*'."`
	Carries []domain.Channel `enum:"sms,voice,push" placeholder:"CHANNEL" help:"Contacts of people it reaches, as a gateway: sms, voice, push."`
	Off     bool             `help:"Switch it off."`
}

// Run writes a webhook. Quiet, it prints nothing but a new one's secret.
func (c *destinationSave) Run(ctx context.Context, s *session) error {
	title := c.Title
	if title == "" {
		title = c.Name
	}
	made, err := s.service.SaveDestination(ctx, c.Name, app.DestinationBody{Title: title, URL: c.Address, Kinds: c.Kind, Carries: c.Carries, Active: !c.Off})
	if err != nil {
		return err
	}
	return s.showDestination(made)
}

type destinationSlack struct {
	Name          string `arg:"" help:"Its name, which is part of the app's request URL."`
	Title         string `placeholder:"TITLE" help:"What people call it; its name where not given."`
	Token         string `name:"bot-token" env:"HOLDFAST_SLACK_TOKEN" placeholder:"TOKEN" help:"The app's bot token, xoxb-…; where not given, the one before stays. Other users of a machine see flags: the environment is safer."`
	SigningSecret string `env:"HOLDFAST_SLACK_SIGNING_SECRET" placeholder:"SECRET" help:"The app's signing secret; where not given, the one before stays."`
	API           string `name:"api" placeholder:"URL" help:"Address of an API in place of Slack's own."`
	Off           bool   `help:"Switch it off."`
}

// Run writes a workspace, and says where its app has to send what people press.
func (c *destinationSlack) Run(ctx context.Context, s *session) error {
	title := c.Title
	if title == "" {
		title = c.Name
	}
	made, err := s.service.SaveDestination(ctx, c.Name, app.DestinationBody{
		Channel: domain.ChannelSlack, Title: title, URL: c.API, Token: c.Token, SigningSecret: c.SigningSecret, Active: !c.Off,
	})
	if err != nil {
		return err
	}
	path := app.SlackInteractionsPath(c.Name)
	t := table{titles: []string{"NAME", "REQUEST PATH"}, rows: [][]any{{made.Name, path}}}
	return s.show(view{data: made, table: t, text: func(p *printer) error {
		return p.hint("%s is written. The request URL of its app is your public address and %s.", made.Name, path)
	}})
}

type destinationRotate struct {
	Name string `arg:"" help:"Its name."`
}

// Run gives a webhook a new secret.
func (c *destinationRotate) Run(ctx context.Context, s *session) error {
	made, err := s.service.RotateSecret(ctx, c.Name)
	if err != nil {
		return err
	}
	return s.showDestination(made)
}

// showDestination shows a webhook with its new secret, if it has one.
func (s *session) showDestination(made app.NewDestination) error {
	t := table{titles: []string{"NAME", "URL", "SECRET"}, rows: [][]any{{made.Name, made.URL, made.Secret}}}
	return s.show(view{data: made, table: t, text: func(p *printer) error {
		if made.Secret == "" {
			return p.hint("%s is written.", made.Name)
		}
		if err := p.line("%s", made.Secret); err != nil {
			return err
		}
		return p.hint("Give this secret to the receiver: it checks signatures with it. It is shown once.")
	}})
}
