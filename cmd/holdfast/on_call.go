package main

import (
	"context"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
)

type onCallCommands struct {
	Who      onCallWho        `cmd:"" help:"Who is on call, until when, and who comes next."`
	Shifts   onCallShifts     `cmd:"" help:"Who is on call between two moments."`
	Check    onCallCheck      `cmd:"" help:"Look through the next 52 weeks for times without anybody; exit 1 where there are some that are not accepted."`
	Override overrideCommands `cmd:"" help:"Put somebody in another's place for a while."`
	Swap     swapCommands     `cmd:"" help:"Change turns with somebody, if they accept."`
	Feed     feedCommands     `cmd:"" help:"Secret addresses at which calendars read shifts."`
}

type onCallWho struct {
	Schedule string `arg:"" optional:"" help:"One schedule; left out: all."`
	At       moment `placeholder:"WHEN" help:"At another moment than now."`
}

// Run shows who is on call. Quiet, it prints the handles of those who are.
func (c *onCallWho) Run(ctx context.Context, s *session) error {
	views, err := s.service.WhoIsOnCall(ctx, app.OnCallQuery{Schedule: c.Schedule, At: s.moment(c.At)})
	if err != nil {
		return err
	}
	if s.Quiet {
		t := table{}
		for _, view := range views {
			for _, one := range view.People {
				t.rows = append(t.rows, []any{one.Person})
			}
		}
		return s.show(view{table: t})
	}
	t := table{titles: []string{"SCHEDULE", "ON CALL", "UNTIL", "THEN", "WHY"}, empty: "There are no on-call schedules."}
	for _, one := range views {
		why := []string{}
		for _, duty := range one.People {
			why = append(why, whyOnCall(duty))
		}
		t.rows = append(t.rows, []any{one.Schedule, onDuty(one.People), one.Until, onDuty(one.Next), strings.Join(why, ", ")})
	}
	return s.show(view{data: views, table: t})
}

// onDuty words who is on call: nobody, and whoever cannot be reached, is to be seen first.
func onDuty(people []app.OnDuty) any {
	if len(people) == 0 {
		return urgent{"nobody"}
	}
	words, away := []string{}, false
	for _, one := range people {
		word := one.Person
		if !one.Active {
			word, away = word+" (not active)", true
		}
		words = append(words, word)
	}
	if away {
		return urgent{strings.Join(words, ", ")}
	}
	return strings.Join(words, ", ")
}

func whyOnCall(duty app.OnDuty) string {
	switch {
	case duty.Override != "" && duty.Replaces != "":
		return "in place of " + duty.Replaces
	case duty.Override != "":
		return "override"
	}
	return "layer " + duty.Layer
}

type onCallShifts struct {
	Schedule string `arg:"" optional:"" help:"One schedule; left out: all."`
	Person   string `placeholder:"PERSON" help:"Only theirs; me: yours."`
	From     moment `placeholder:"WHEN" help:"From when on; left out: now."`
	To       moment `placeholder:"WHEN" help:"Until when; left out: two weeks later, at most 400 days."`
}

// Run lists shifts.
func (c *onCallShifts) Run(ctx context.Context, s *session) error {
	shifts, err := s.service.Shifts(ctx, app.ShiftQuery{Schedule: c.Schedule, Person: c.Person, From: s.moment(c.From), To: s.moment(c.To)})
	if err != nil {
		return err
	}
	t := table{titles: []string{"FROM", "TO", "SCHEDULE", "PERSON", "WHY"}, empty: "Nobody is on call in this time."}
	for _, shift := range shifts {
		t.rows = append(t.rows, []any{shift.From, shift.To, shift.Schedule, onDuty([]app.OnDuty{shift.OnDuty}), whyOnCall(shift.OnDuty)})
	}
	return s.show(view{data: shifts, table: t})
}

type onCallCheck struct {
	Schedule string `arg:"" optional:"" help:"One schedule; left out: all."`
}

// Run checks schedules. Gaps that a document accepts are told and do not fail it.
func (c *onCallCheck) Run(ctx context.Context, s *session) error {
	schedules, err := s.service.Schedules(ctx)
	if err != nil {
		return err
	}
	t := table{titles: []string{"SCHEDULE", "WHAT", "FROM", "TO", "MORE"}, empty: "Somebody is on call at every time of the next 52 weeks."}
	found, failed := []app.CoverageView{}, false
	for _, schedule := range schedules {
		if c.Schedule != "" && schedule.Name != c.Schedule {
			continue
		}
		view, err := s.service.CheckSchedule(ctx, schedule.Name)
		if err != nil {
			return err
		}
		found = append(found, view)
		failed = failed || len(view.Gaps) > 0 && !schedule.AcceptGaps
		t.rows = append(t.rows, coverageRows(view, schedule.AcceptGaps)...)
	}
	if c.Schedule != "" && len(found) == 0 { // told as the server tells it
		_, err := s.service.CheckSchedule(ctx, c.Schedule)
		return err
	}
	if err := s.show(view{data: found, table: t}); err != nil || !failed {
		return err
	}
	return errTold
}

// shownGaps bounds how many gaps of a schedule a table shows.
const shownGaps = 10

func coverageRows(found app.CoverageView, accepted bool) [][]any {
	var rows [][]any
	for i, gap := range found.Gaps {
		if i == shownGaps {
			rows = append(rows, []any{found.Schedule, "gap", "", "", "and " + text(len(found.Gaps)-shownGaps) + " more"})
			break
		}
		what, more := any(urgent{"gap"}), ""
		if accepted {
			what, more = "gap", "accepted"
		}
		rows = append(rows, []any{found.Schedule, what, gap.From, gap.To, more})
	}
	if doubles := len(found.Doubles); doubles > 0 {
		first := found.Doubles[0]
		more := strings.Join(first.Layers, ", ") + ": the last one wins"
		if doubles > 1 {
			more += "; and " + text(doubles-1) + " more"
		}
		rows = append(rows, []any{found.Schedule, "layers", first.From, first.To, more})
	}
	if len(found.Load) > 0 {
		shares := make([]string, len(found.Load))
		for i, load := range found.Load {
			shares[i] = load.Person + " " + text((load.Seconds/oncall.CheckedWeeks+1800)/3600) + " h"
		}
		rows = append(rows, []any{found.Schedule, "a week", "", "", strings.Join(shares, ", ")})
	}
	for _, person := range found.Unreachable {
		rows = append(rows, []any{found.Schedule, urgent{"not active"}, "", "", person + " takes turns and cannot be reached"})
	}
	return rows
}

type overrideCommands struct {
	List overrideList `cmd:"" help:"List overrides that are not over."`
	Add  overrideAdd  `cmd:"" help:"Put somebody in another's place, or beside whoever is on call."`
	End  overrideEnd  `cmd:"" help:"End an override now; that of a swap with the whole swap."`
}

type overrideList struct {
	Schedule string `arg:"" help:"The schedule."`
}

// Run lists overrides.
func (c *overrideList) Run(ctx context.Context, s *session) error {
	list, err := s.service.Overrides(ctx, c.Schedule)
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: overrideTable(list...)})
}

func overrideTable(list ...app.Override) table {
	t := table{titles: []string{"ID", "PERSON", "IN PLACE OF", "FROM", "TO", "MADE BY", "REASON"}, empty: "No overrides."}
	for _, one := range list {
		replaced := one.Replaces
		switch {
		case one.Kind == oncall.Add:
			replaced = "nobody: beside"
		case replaced == "":
			replaced = "everybody"
		}
		t.rows = append(t.rows, []any{one.ID, one.Person, replaced, one.From, one.To, one.MadeBy, one.Reason})
	}
	return t
}

type overrideAdd struct {
	Schedule string `arg:"" help:"The schedule."`
	Person   string `arg:"" help:"Who is on call."`
	For      string `placeholder:"PERSON" xor:"how" help:"In whose place; left out: of whoever is on call."`
	Beside   bool   `xor:"how" help:"Beside whoever is on call, and in nobody's place."`
	From     moment `placeholder:"WHEN" help:"From when on; left out: now."`
	To       moment `required:"" placeholder:"WHEN" help:"Until when, at most a year."`
	Reason   string `short:"r" help:"Why."`
}

// Run makes an override. Quiet, it prints its id.
func (c *overrideAdd) Run(ctx context.Context, s *session) error {
	body := app.OverrideBody{Kind: oncall.Replace, Person: c.Person, Replaces: c.For, To: *s.moment(c.To), Reason: c.Reason}
	if c.Beside {
		body.Kind = oncall.Add
	}
	if from := s.moment(c.From); from != nil {
		body.From = *from
	}
	made, err := s.service.AddOverride(ctx, c.Schedule, "", body)
	if err != nil {
		return err
	}
	return s.show(view{data: made, table: overrideTable(made)})
}

type overrideEnd struct {
	ID string `arg:"" help:"The override's id."`
}

// Run ends an override.
func (c *overrideEnd) Run(ctx context.Context, s *session) error {
	if err := s.service.EndOverride(ctx, c.ID); err != nil {
		return err
	}
	return s.say("Override %s is ended.", c.ID)
}

// period reads two flags as a time; nil where neither was given.
func (s *session) period(name string, from, to moment) (*app.Period, error) {
	begin, end := s.moment(from), s.moment(to)
	if begin == nil && end == nil {
		return nil, nil
	}
	if begin == nil || end == nil {
		return nil, misusef("--%s-from and --%s-to go together", name, name)
	}
	return &app.Period{From: *begin, To: *end}, nil
}

func periodCell(period *app.Period, end func(app.Period) time.Time) any {
	if period == nil {
		return ""
	}
	return end(*period)
}
