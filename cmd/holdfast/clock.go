package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

type clockCommands struct {
	List    clockList    `cmd:"" help:"All clocks of a record: every metric, cycle and rating."`
	Explain clockExplain `cmd:"" help:"Why a clock reads what it reads: spans whose sums are its figures."`
	ReRate  clockReRate  `cmd:"" name:"re-rate" help:"Measure open incidents by the newest agreements and calendars; with --preview say what that would do."`
}

// promised narrows a list by the promises made of its records.
type promised struct {
	Clock     string `enum:"breached,met,running," default:"" placeholder:"HOW" help:"A promise of it is breached, met, or running."`
	Metric    string `enum:"response,resolution,update,ola,underpinning," default:"" placeholder:"METRIC" help:"Of that promise: response, resolution, update, ola or underpinning."`
	Agreement string `placeholder:"SLA" help:"By this agreement."`
	DueWithin string `placeholder:"TIME" help:"A promise falls due within so much time, such as 2h."`
	Outdated  string `placeholder:"KIND/NAME" help:"A promise still to be kept is measured by an earlier version of this calendar or SLA than the newest."`
}

func (p promised) query() app.PromiseQuery {
	return app.PromiseQuery{Clock: p.Clock, Metric: p.Metric, Agreement: p.Agreement, DueWithin: p.DueWithin, Outdated: p.Outdated}
}

type clockList struct{ record }

// Run lists clocks. Quiet, it prints their metrics.
func (c *clockList) Run(ctx context.Context, s *session) error {
	clocks, err := s.service.Clocks(ctx, c.Record)
	if err != nil {
		return err
	}
	t := table{
		titles: []string{"METRIC", "CYCLE", "RATING", "STATE", "TARGET", "ELAPSED", "REMAINING", "DUE", "AGREEMENT", "CALENDAR"},
		empty:  "Nothing was promised.",
	}
	for _, clock := range clocks {
		state := any(string(clock.State))
		switch {
		case !clock.InForce:
			state = string(clock.State) + ", replaced"
		case clock.State == sla.Breached:
			state = urgent{string(clock.State)}
		}
		t.rows = append(t.rows, []any{
			string(clock.Metric), clock.Cycle, clock.Rating, state, openTime(clock.LengthMS), openTime(clock.ElapsedMS), openTime(clock.RemainingMS), clock.DueAt,
			fmt.Sprintf("%s %d", clock.Agreement, clock.AgreementVersion), fmt.Sprintf("%s %d", clock.Calendar, clock.CalendarVersion),
		})
	}
	return s.show(view{data: clocks, table: t})
}

// openTime words open time to the second: 3h30m, -30m, 90s.
func openTime(ms int64) string {
	text := (time.Duration(ms) * time.Millisecond).Truncate(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

type clockExplain struct {
	record
	Metric    string `arg:"" enum:"response,resolution,update,ola,underpinning" help:"response, resolution, update, ola or underpinning."`
	At        moment `placeholder:"TIME" help:"As of this time; left out: now."`
	Agreement string `placeholder:"SLA" help:"Tells several of teams or vendors apart."`
	Cycle     int    `placeholder:"N" help:"Left out: the newest."`
	Rating    int    `placeholder:"N" help:"Left out: the one in force."`
}

// Run explains a clock. Quiet, it prints what remains.
func (c *clockExplain) Run(ctx context.Context, s *session) error {
	clock, err := s.service.ExplainClock(ctx, c.Record, app.ClockQuery{
		Metric: sla.Metric(c.Metric), Agreement: c.Agreement, Cycle: c.Cycle, Rating: c.Rating, At: s.moment(c.At),
	})
	if err != nil {
		return err
	}
	if s.Quiet {
		return s.show(view{table: table{rows: [][]any{{openTime(clock.RemainingMS)}}}})
	}
	t := table{titles: []string{"FROM", "TO", "COUNTED", "NOT COUNTED", "WHY NOT", "BY"}}
	for _, span := range clock.Spans {
		counted, paused := "", openTime(span.OpenMS)
		if span.Counted {
			counted, paused = paused, ""
		}
		t.rows = append(t.rows, []any{span.From, span.To, counted, paused, strings.ReplaceAll(span.Why, "_", " "), span.By})
	}
	t.rows = append(t.rows, []any{"", "", openTime(clock.ElapsedMS), openTime(clock.PausedMS), "in all", ""})
	return s.show(view{data: clock, table: t, text: func(p *printer) error { return describeClock(p, clock, t) }})
}

func describeClock(p *printer, clock app.Clock, spans table) error {
	title := fmt.Sprintf("%s within %s: %s", clock.Metric, clock.Target, clock.State)
	if err := p.line("%s", p.paint(bold, title)); err != nil {
		return err
	}
	thresholds := []string{}
	for _, place := range clock.Thresholds {
		word := place.At
		if place.Outcome != "" {
			word += " " + string(place.Outcome)
		}
		if place.DueAt != nil {
			word += " (" + p.when(*place.DueAt) + ")"
		}
		thresholds = append(thresholds, word)
	}
	err := p.pairs(
		"As of", clock.AsOf, "Elapsed", openTime(clock.ElapsedMS), "Remaining", openTime(clock.RemainingMS), "Paused", openTime(clock.PausedMS),
		"Due", clock.DueAt, "Due if it went on now", clock.ProjectedAt, "Broken", clock.BreachedAt, "Stopped", clock.StoppedAt, "Stopped by", clock.StoppedBy,
		"Thresholds", thresholds, "Why", clock.Why, "Agreement", fmt.Sprintf("%s version %d", clock.Agreement, clock.AgreementVersion),
		"Calendar", fmt.Sprintf("%s version %d", clock.Calendar, clock.CalendarVersion), "Cycle", clock.Cycle, "Rating", clock.Rating,
	)
	if err != nil {
		return err
	}
	if err := p.line(""); err != nil {
		return err
	}
	return spans.write(p)
}

type clockReRate struct {
	State    []string `placeholder:"STATE" help:"A state; left out: open."`
	Priority []int    `short:"p" placeholder:"N" help:"1 is the highest; several with commas."`
	Team     string   `short:"t" placeholder:"TEAM" help:"Of this team."`
	Assignee string   `short:"a" placeholder:"PERSON" help:"Of this person; me, or none."`
	Service  string   `short:"s" placeholder:"SERVICE" help:"About this service."`
	Category string   `help:"In this category."`
	Tag      string   `help:"With this tag."`
	Words    string   `short:"w" help:"With these words in title or description."`
	promised
	Preview bool   `help:"Say what it would do, and change nothing."`
	Reason  string `short:"r" placeholder:"TEXT" help:"Why, kept on the timelines."`
	Key     string `placeholder:"KEY" help:"Idempotency key: the same key gives the commands once."`
}

// Run measures anew page by page; one refusal makes it fail.
func (c *clockReRate) Run(ctx context.Context, s *session) error {
	request := app.ReRating{Preview: c.Preview, Reason: c.Reason, Key: c.Key, Query: app.IncidentQuery{
		State: c.State, Priority: c.Priority, Team: c.Team, Assignee: c.Assignee, Service: c.Service, Category: c.Category, Tag: c.Tag,
		Words: c.Words, PromiseQuery: c.query(),
	}}
	done := app.ReRated{Preview: c.Preview}
	items, _, err := pages(0, true, func(cursor string, size int) (app.Page[app.ReRatedRecord], error) {
		request.Query.Cursor, request.Query.Limit = cursor, size
		page, err := s.service.ReRate(ctx, request)
		done.Sums.Add(page.Sums)
		return app.Page[app.ReRatedRecord]{Items: page.Items, NextCursor: page.NextCursor}, err
	})
	if err != nil {
		return err
	}
	done.Items = items
	if err := s.show(view{data: done, table: reRatedTable(items)}); err != nil {
		return err
	}
	if err := s.hint("%s", reRatedSum(done)); err != nil {
		return err
	}
	if done.Sums.Refused > 0 {
		return errTold
	}
	return nil
}

func reRatedTable(items []app.ReRatedRecord) table {
	t := table{titles: []string{"NUMBER", "METRIC", "EFFECT", "DUE BEFORE", "DUE AFTER", "AGREEMENT", "TITLE"}, empty: "Nothing would change."}
	for _, item := range items {
		if item.Refusal != nil {
			t.rows = append(t.rows, []any{item.Number, "", urgent{"refused"}, "", "", item.Refusal.Message, item.Title})
			continue
		}
		for _, shift := range item.Shifts {
			effect := any(string(shift.Effect))
			if shift.Effect == sla.Breaks {
				effect = urgent{string(shift.Effect)}
			}
			t.rows = append(t.rows, []any{
				item.Number, string(shift.Metric), effect, shift.BeforeEnd, shift.AfterEnd, fmt.Sprintf("%s %d", shift.After.Agreement, shift.After.AgreementVersion), item.Title,
			})
		}
	}
	return t
}

// reRatedSum says in a sentence what it does, or would do.
func reRatedSum(done app.ReRated) string {
	sums, said := done.Sums, []string{}
	for _, one := range []struct {
		count int
		word  string
	}{
		{sums.Breached, "broken at once"},
		{sums.Mended, "no longer broken"},
		{sums.Earlier, "earlier"},
		{sums.Later, "later"},
		{sums.Same, "the same"},
		{sums.New, "new"},
		{sums.Gone, "gone"},
	} {
		if one.count > 0 {
			said = append(said, fmt.Sprintf("%d %s", one.count, one.word))
		}
	}
	verb := "queued for"
	if done.Preview {
		verb = "would touch"
	}
	text := fmt.Sprintf("Looked at %d; %s %d.", sums.Records, verb, sums.Touched)
	if len(said) > 0 {
		text += " Promises: " + strings.Join(said, ", ") + "."
	}
	if sums.Refused > 0 {
		text += fmt.Sprintf(" Refused: %d.", sums.Refused)
	}
	return text
}

type promisesCommand struct {
	Day  string `placeholder:"DATE" help:"Such as 2026-12-31; left out: today."`
	Zone string `placeholder:"ZONE" help:"Such as Europe/Berlin; left out: your profile's."`
}

// Run shows what became of a day's promises.
func (c *promisesCommand) Run(ctx context.Context, s *session) error {
	kept, err := s.service.PromisesKept(ctx, app.PromisesQuery{Day: c.Day, Zone: c.Zone})
	if err != nil {
		return err
	}
	t := table{titles: []string{"METRIC", "AGREEMENT", "P", "TEAM", "MET", "BREACHED", "DUE"}, empty: "No promise was kept, broken or falls due on this day."}
	for _, one := range kept.Counts {
		broken := any(one.Breached)
		if one.Breached > 0 {
			broken = urgent{one.Breached}
		}
		t.rows = append(t.rows, []any{string(one.Metric), one.Agreement, s.priority(one.Priority), one.Team, one.Met, broken, one.Running})
	}
	return s.show(view{data: kept, table: t})
}
