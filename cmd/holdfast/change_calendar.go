package main

import (
	"context"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
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
	windows, err := s.service.ChangeWindows(ctx, span)
	if err != nil {
		return err
	}
	data := struct {
		Changes []app.ChangeView `json:"changes"`
		Windows []app.WindowView `json:"windows"`
	}{changes, windows}
	return s.show(view{data: data, table: calendarTable(changes, windows)})
}

// calendarTable lists changes and windows by when they begin.
func calendarTable(changes []app.ChangeView, windows []app.WindowView) table {
	t := table{titles: []string{"NUMBER", "FROM", "TO", "TYPE", "STATE", "RISK", "SERVICE", "CONFLICTS", "TITLE"}, empty: "No changes."}
	for _, c := range changes {
		for len(windows) > 0 && !windows[0].From.After(*c.WindowFrom) {
			t.rows, windows = append(t.rows, windowRow(windows[0])), windows[1:]
		}
		t.rows = append(t.rows, []any{c.Number, c.WindowFrom, windowEnd(c), c.Type, string(c.State), riskCell(c), c.Service, conflictsCell(c), c.Title})
	}
	for _, one := range windows {
		t.rows = append(t.rows, windowRow(one))
	}
	return t
}

func windowRow(one app.WindowView) []any {
	kind := "maintenance"
	if one.Kind == policy.KindFreezeWindow {
		kind = "freeze"
	}
	return []any{kind + ":" + one.Name, one.From, one.To, kind, "", "", "", "", one.Title}
}
