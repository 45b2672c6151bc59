package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

type changeCalendar struct {
	From    moment `default:"now" placeholder:"TIME" help:"From when on; left out: now."`
	To      moment `placeholder:"TIME" help:"Until when, excluded; left out: four weeks after from."`
	Service string `short:"s" placeholder:"SERVICE" help:"That touch this service."`
	Team    string `short:"t" placeholder:"TEAM" help:"Of this team."`
	Item    string `name:"configuration-item" aliases:"ci" placeholder:"CI" help:"That touch this configuration item."`
	All     bool   `help:"Those that ended or were given up, too."`
}

// calendarWeeks is how far ahead a calendar shows where nothing is said.
const calendarWeeks = 4

// frozen is one occurrence of a freeze.
type frozen struct {
	Freeze string    `json:"freeze"`
	Title  string    `json:"title,omitempty"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// Run shows the calendar: changes and freezes by when they begin.
func (c *changeCalendar) Run(ctx context.Context, s *session) error {
	span := window.Span{From: *s.moment(c.From)}
	span.To = span.From.AddDate(0, 0, 7*calendarWeeks)
	if to := s.moment(c.To); to != nil {
		span.To = *to
	}
	query := app.ChangeQuery{Service: c.Service, Team: c.Team, Item: c.Item, From: &span.From, To: &span.To}
	if !c.All {
		query.State = []string{"open"}
	}
	changes, _, err := pages(0, true, func(cursor string, size int) (app.Page[app.ChangeView], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.Changes(ctx, query)
	})
	if err != nil {
		return err
	}
	freezes, err := s.freezes(ctx, span)
	if err != nil {
		return err
	}
	data := struct {
		Changes []app.ChangeView `json:"changes"`
		Freezes []frozen         `json:"freezes"`
	}{changes, freezes}
	return s.show(view{data: data, table: calendarTable(changes, freezes)})
}

// freezes are the occurrences of all freezes in a span, earliest first.
func (s *session) freezes(ctx context.Context, span window.Span) ([]frozen, error) {
	found := []frozen{}
	documents, err := s.service.Policies(ctx, policy.KindFreezeWindow)
	if err != nil {
		return nil, err
	}
	for _, document := range documents {
		var spec window.Spec
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return nil, fmt.Errorf("reading the freeze %s: %w", document.Name, err)
		}
		made, err := policyfile.CompileWindow(document.Name, document.Version, spec)
		if err != nil {
			return nil, err
		}
		for _, one := range made.Within(span) {
			found = append(found, frozen{Freeze: document.Name, Title: spec.Title, From: one.From, To: one.To})
		}
	}
	slices.SortFunc(found, func(a, b frozen) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Freeze, b.Freeze)) })
	return found, nil
}

func calendarTable(changes []app.ChangeView, freezes []frozen) table {
	t := table{titles: []string{"NUMBER", "FROM", "TO", "TYPE", "STATE", "RISK", "SERVICE", "CONFLICTS", "TITLE"}, empty: "No changes."}
	for _, c := range changes {
		for len(freezes) > 0 && !freezes[0].From.After(*c.WindowFrom) {
			t.rows, freezes = append(t.rows, freezeRow(freezes[0])), freezes[1:]
		}
		t.rows = append(t.rows, []any{c.Number, c.WindowFrom, windowEnd(c), c.Type, string(c.State), riskCell(c), c.Service, conflictsCell(c), c.Title})
	}
	for _, freeze := range freezes {
		t.rows = append(t.rows, freezeRow(freeze))
	}
	return t
}

func freezeRow(f frozen) []any {
	return []any{"freeze:" + f.Freeze, f.From, f.To, "freeze", "", "", "", "", f.Title}
}
