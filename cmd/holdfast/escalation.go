package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// escalationCommands has a command for every verb of the lifecycle's table that people give.
type escalationCommands struct {
	List         escalationList         `cmd:"" help:"List escalations, the newest first."`
	Show         escalationShow         `cmd:"" help:"Show an escalation: whom it called, and what may be done."`
	Acknowledge  escalationAcknowledge  `cmd:"" help:"I take care: nobody else is called."`
	EscalateNow  escalationNow          `cmd:"" help:"Call the next in line without waiting."`
	Snooze       escalationSnooze       `cmd:"" help:"Call nobody for a while, then from the first step on."`
	AddResponder escalationAddResponder `cmd:"" help:"Call one more person."`
	Reassign     escalationReassign     `cmd:"" help:"Begin anew with the steps of another policy."`
}

type escalationList struct {
	State  []string `placeholder:"STATE" default:"open" help:"A state, or open (somebody may still be called); several with commas."`
	Source string   `placeholder:"NUMBER" help:"For this record only."`
	Limit  int      `short:"n" default:"50" help:"At most so many."`
	All    bool     `short:"a" help:"Of every state, however many."`
}

// Run lists escalations.
func (c *escalationList) Run(ctx context.Context, s *session) error {
	query := app.EscalationQuery{State: c.State, Source: c.Source}
	if c.All {
		query.State = nil
	}
	found, more, err := pages(c.Limit, c.All, func(cursor string, size int) (app.Page[app.EscalationView], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.Escalations(ctx, query)
	})
	if err != nil {
		return err
	}
	return s.showPages(view{data: found, table: s.escalations(found)}, more)
}

// escalations is a list as whoever is called needs it.
func (s *session) escalations(list []app.EscalationView) table {
	t := table{titles: []string{"NUMBER", "STATE", "FOR", "P", "TITLE", "TOLD", "BY", "NEXT", "WHY"}, empty: "Nobody is being called."}
	for _, e := range list {
		next := e.NextAt
		for _, other := range []*time.Time{e.HoldsUntil, e.SnoozedUntil} {
			if next == nil {
				next = other
			}
		}
		t.rows = append(t.rows, []any{
			e.Number, string(e.State), e.SourceNumber, e.Priority, e.Title, strings.Join(e.Told, " "), e.AcknowledgedBy, next, e.Why,
		})
	}
	return t
}

// escalationSummary is where an escalation stands, in a line.
func (s *session) escalationSummary(e app.EscalationView) string {
	switch e.State {
	case escalation.Calling:
		text := fmt.Sprintf("calling for %s, step %d of %d, round %d", e.SourceNumber, e.Step, len(e.Plan.Steps), e.Round)
		if e.NextAt != nil {
			text += "; the next step " + s.when(*e.NextAt)
		}
		return text
	case escalation.Acknowledged:
		text := e.AcknowledgedBy + " takes care of " + e.SourceNumber
		if e.HoldsUntil != nil {
			text += "; looked at again " + s.when(*e.HoldsUntil)
		}
		return text
	case escalation.Snoozed:
		if e.SnoozedUntil != nil {
			return "nobody is called for " + e.SourceNumber + " until " + s.when(*e.SnoozedUntil)
		}
	}
	return string(e.State) + " for " + e.SourceNumber
}

type escalationShow struct{ record }

// Run shows an escalation and whom it called.
func (c *escalationShow) Run(ctx context.Context, s *session) error {
	e, err := s.service.Escalation(ctx, c.Record)
	if err != nil {
		return err
	}
	events, err := s.service.EscalationTimeline(ctx, c.Record, 0, 200)
	if err != nil {
		return err
	}
	told := struct {
		app.EscalationView
		Timeline []domain.StoredEvent `json:"timeline"`
	}{e, events.Items}
	return s.show(view{data: told, table: s.escalations([]app.EscalationView{e}), text: func(p *printer) error {
		if err := p.line("%s: %s", e.Number, s.escalationSummary(e)); err != nil {
			return err
		}
		if err := p.line("%s", e.Why); err != nil {
			return err
		}
		for _, event := range events.Items {
			words := strings.ReplaceAll(strings.TrimPrefix(event.Type, "escalation."), "_", " ")
			if err := p.line("%s  %s", s.when(event.At), strings.Join(parts(words, whom(event), "by "+event.Actor.Name, event.Reason), ", ")); err != nil {
				return err
			}
		}
		return p.line("may: %s", strings.Join(e.AllowedCommands, ", "))
	}})
}

// whom names those whom an event called; empty: nobody.
func whom(event domain.StoredEvent) string {
	var said struct {
		People []string `json:"people"`
		Person string   `json:"person"`
	}
	if event.Type == "escalation.opened" || json.Unmarshal(event.Data, &said) != nil {
		return "" // it names those to be called; the step that calls them comes next
	}
	people := said.People
	if said.Person != "" {
		people = append(people, said.Person)
	}
	if len(people) == 0 {
		return ""
	}
	return "called " + strings.Join(people, " ")
}

// parts are the texts that are not empty.
func parts(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

// called is a command on one escalation.
type called struct {
	verb
	Reason string `placeholder:"TEXT" help:"Why."`
}

func (c called) send(ctx context.Context, s *session, name string, body any) error {
	return s.give(ctx, app.Request{
		Practice: escalation.Practice, Verb: name, Record: c.Record, Key: c.Key, Async: c.Async, IfVersion: c.IfVersion,
	}, body)
}

type (
	escalationAcknowledge struct{ called }
	escalationNow         struct{ called }
	escalationSnooze      struct {
		called
		Until moment `required:"" placeholder:"TIME" help:"At most a week ahead."`
	}
	escalationAddResponder struct {
		called
		Person string `required:"" placeholder:"PERSON" help:"Whom to call."`
	}
	escalationReassign struct {
		called
		Policy string `required:"" placeholder:"NAME" help:"An EscalationPolicy."`
	}
)

// Run acknowledges.
func (c *escalationAcknowledge) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "acknowledge", escalation.Plain{Reason: c.Reason})
}

// Run calls the next in line.
func (c *escalationNow) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "escalate_now", escalation.Plain{Reason: c.Reason})
}

// Run snoozes.
func (c *escalationSnooze) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "snooze", escalation.Snooze{Until: *s.moment(c.Until), Reason: c.Reason})
}

// Run calls one more person.
func (c *escalationAddResponder) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "add_responder", escalation.AddResponder{Person: c.Person, Reason: c.Reason})
}

// Run begins anew.
func (c *escalationReassign) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "reassign", escalation.Reassign{Policy: c.Policy, Reason: c.Reason})
}

type incidentPage struct {
	verb
	People []string `placeholder:"PERSON" help:"Whom to call at once; several with commas."`
	Policy string   `placeholder:"NAME" help:"Instead: an EscalationPolicy whose steps to take."`
	Reason string   `required:"" placeholder:"TEXT" help:"What they read first."`
}

// Run pages.
func (c *incidentPage) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "page", incident.Page{People: c.People, Policy: c.Policy, Reason: c.Reason})
}
