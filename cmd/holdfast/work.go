package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
)

type workCommand struct{}

// Run shows what stands before whoever asks.
func (workCommand) Run(ctx context.Context, s *session) error {
	work, err := s.service.Work(ctx)
	if err != nil {
		return err
	}
	all := s.incidents(append(append([]app.IncidentView{}, work.Mine...), work.Teams...))
	return s.show(view{data: work, table: all, text: func(p *printer) error {
		for _, part := range []struct {
			title, empty string
			list         []app.IncidentView
		}{
			{"Mine", "Nothing is yours.", work.Mine},
			{fmt.Sprintf("My teams', nobody's yet: %d", work.Unassigned), "Nothing waits for your teams.", work.Teams},
			{"Asked for by me", "You have asked for nothing.", work.Requested},
		} {
			t := s.incidents(part.list)
			t.empty = "  " + part.empty
			if err := p.line("%s", p.paint(bold, part.title)); err != nil {
				return err
			}
			if err := t.write(p); err != nil {
				return err
			}
			if err := p.line(""); err != nil {
				return err
			}
		}
		return nil
	}})
}

type waitingCommand struct {
	Team     string `short:"t" help:"Of this team."`
	Assignee string `short:"a" placeholder:"PERSON" help:"Of this person, or me."`
	Service  string `short:"s" help:"About this service."`
	Name     string `placeholder:"DEADLINE" help:"Of this kind: triage, auto_close, …"`
	Until    moment `placeholder:"TIME" help:"Due until then."`
	Limit    int    `short:"n" default:"50" help:"At most so many."`
	All      bool   `help:"All there are, however many."`
}

// Run lists what is waited for.
func (c *waitingCommand) Run(ctx context.Context, s *session) error {
	query := app.WaitingQuery{Team: c.Team, Assignee: c.Assignee, Service: c.Service, Name: c.Name, Until: s.moment(c.Until)}
	rows, more, err := pages(c.Limit, c.All, func(cursor string, size int) (app.Page[app.WaitingRow], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.Waiting(ctx, query)
	})
	if err != nil {
		return err
	}
	t := table{titles: []string{"NUMBER", "DUE", "WAITS FOR", "THEN", "P", "STATE", "TEAM", "ASSIGNEE", "SINCE", "TITLE"}, empty: "Nothing is waited for."}
	for _, row := range rows {
		due := any(row.DueAt)
		if row.DueAt.Before(s.now()) {
			due = urgent{row.DueAt}
		}
		t.rows = append(t.rows, []any{row.Number, due, row.Name, row.Then, s.priority(row.Priority), string(row.State), row.Team, row.Assignee, row.Since, row.Title})
	}
	return s.showPages(view{data: rows, table: t}, more)
}

type searchCommand struct {
	Words []string `arg:"" help:"A number, or words."`
	Limit int      `short:"n" default:"20" help:"At most so many, up to 200."`
}

// Run searches.
func (c *searchCommand) Run(ctx context.Context, s *session) error {
	found, err := s.service.Search(ctx, strings.Join(c.Words, " "), c.Limit)
	if err != nil {
		return err
	}
	t := table{titles: []string{"NUMBER", "P", "STATE", "TEAM", "OPENED", "TITLE"}, empty: "Nothing found."}
	for _, row := range found {
		t.rows = append(t.rows, []any{row.Number, s.priority(row.Priority), string(row.State), row.Team, row.OpenedAt, row.Title})
	}
	return s.show(view{data: found, table: t})
}

type eventsCommand struct {
	Record   string `placeholder:"NUMBER" help:"Of this record only."`
	Service  string `short:"s" help:"About this service only."`
	Practice string `help:"Of this practice only."`
	After    string `placeholder:"ID" help:"From after the event with this id; left out: from now."`
}

// Run prints events as they come: JSON one per line, YAML as documents, CSV as rows.
func (c *eventsCommand) Run(ctx context.Context, s *session) error {
	query := app.EventQuery{Record: c.Record, Service: c.Service, Practice: domain.Practice(c.Practice), After: c.After}
	return s.service.Events(ctx, query, s.event)
}

// liveEvent is an event with the id to go on after.
type liveEvent struct {
	ID string `json:"id"`
	app.StreamedEvent
}

func (s *session) event(event app.LiveEvent) error {
	told := liveEvent{ID: event.ID, StreamedEvent: event.StreamedEvent}
	row := []any{event.Number, event.At, who(event.Actor), event.Type, string(event.State), detail(event.StoredEvent)}
	switch {
	case s.Quiet:
		return s.line("%s", event.Number)
	case s.Format == "json":
		line, err := json.Marshal(told)
		if err != nil {
			return fmt.Errorf("printing an event: %w", err)
		}
		return s.line("%s", line)
	case s.Format == "yaml":
		if err := s.line("---"); err != nil {
			return err
		}
		return policytext.WriteYAML(s.out, told)
	case s.Format == "csv":
		cells := make([]string, len(row))
		for i, value := range row {
			cells[i] = text(value)
		}
		return writeCSV(s.out, [][]string{append([]string{event.ID}, cells...)})
	}
	return s.line("%s  %-12s  %-12s  %-30s  %s", s.when(event.At), event.Number, oneLine(who(event.Actor)), event.Type, oneLine(detail(event.StoredEvent)))
}

type commandCommands struct {
	Show commandShow `cmd:"" help:"Show what became of a command that was queued."`
}

type commandShow struct {
	ID string `arg:"" help:"The command's id."`
}

// Run shows a command.
func (c *commandShow) Run(ctx context.Context, s *session) error {
	status, err := s.service.Command(ctx, c.ID)
	if err != nil {
		return err
	}
	t := table{titles: []string{"COMMAND", "STATE", "RECORD", "VERSION", "RECEIVED", "ATTEMPTS", "WHAT"}, rows: [][]any{{
		status.CommandID, status.State, status.Record, status.Version, status.ReceivedAt, status.Attempts, status.Command,
	}}}
	return s.show(view{data: status, table: t, text: func(p *printer) error {
		if err := p.line("%s", p.paint(bold, status.Command+gap+status.State)); err != nil {
			return err
		}
		if err := p.pairs("Record", status.Record, "Version", status.Version, "Received", status.ReceivedAt, "Attempts", status.Attempts, "Fault", status.Fault); err != nil {
			return err
		}
		if status.Refusal != nil {
			return p.paragraph("", p.refusal(status.Refusal))
		}
		return nil
	}})
}
