package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// cabCommands has a command for every verb of the lifecycle's table that people give.
type cabCommands struct {
	List       cabList       `cmd:"" help:"List the meetings of change advisory boards, the latest first."`
	Show       cabShow       `cmd:"" help:"Show a meeting: when it is, what is on its agenda, and what may be done."`
	Agenda     cabAgenda     `cmd:"" help:"The agenda of a meeting, as Markdown."`
	Minutes    cabMinutes    `cmd:"" help:"The minutes of a meeting, as Markdown: who voted what when, what was decided and noted."`
	Plan       cabPlan       `cmd:"" help:"Call a meeting."`
	AddItem    cabAddItem    `cmd:"" help:"Put a change on the agenda."`
	RemoveItem cabRemoveItem `cmd:"" help:"Take a change off the agenda."`
	FixAgenda  cabFixAgenda  `cmd:"" help:"Fix the agenda before its cut-off."`
	Hold       cabHold       `cmd:"" help:"Begin the meeting before its time."`
	Note       cabNote       `cmd:"" help:"Put something into the minutes."`
	Close      cabClose      `cmd:"" help:"Close a meeting that was held."`
	Reschedule cabReschedule `cmd:"" help:"Move a meeting to another time; its cut-off moves with it."`
	Cancel     cabCancel     `cmd:"" help:"Call a meeting off."`
}

type cabList struct {
	State   []string `placeholder:"STATE" default:"open" help:"A state, or open (not over); several with commas."`
	Cadence string   `placeholder:"NAME" help:"Called by this Cadence."`
	Limit   int      `short:"n" default:"50" help:"At most so many."`
	All     bool     `short:"a" help:"Of every state, however many."`
}

// Run lists meetings.
func (c *cabList) Run(ctx context.Context, s *session) error {
	query := app.MeetingQuery{State: c.State, Cadence: c.Cadence}
	if c.All {
		query.State = nil
	}
	found, more, err := pages(c.Limit, c.All, func(cursor string, size int) (app.Page[app.MeetingView], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.Meetings(ctx, query)
	})
	if err != nil {
		return err
	}
	return s.showPages(view{data: found, table: s.meetings(found)}, more)
}

func (s *session) meetings(list []app.MeetingView) table {
	t := table{titles: []string{"NUMBER", "STATE", "TITLE", "BOARD", "STARTS", "CUT-OFF", "ITEMS", "CALLED BY"}, empty: "No meetings."}
	for _, m := range list {
		by := m.OpenedBy
		if m.Cadence != "" {
			by = "Cadence/" + m.Cadence
		}
		t.rows = append(t.rows, []any{m.Number, string(m.State), m.Title, m.Board.String(), m.StartsAt, m.CutOffAt, len(m.Items), by})
	}
	return t
}

// meetingSummary is where a meeting stands, in a line.
func (s *session) meetingSummary(m app.MeetingView) string {
	items := fmt.Sprintf("%d on its agenda", len(m.Items))
	switch m.State {
	case meeting.Planned:
		return fmt.Sprintf("%s, begins %s; its agenda is fixed %s", m.Title, s.when(m.StartsAt), s.when(m.CutOffAt))
	case meeting.AgendaFixed:
		return fmt.Sprintf("%s, begins %s; %s", m.Title, s.when(m.StartsAt), items)
	}
	return fmt.Sprintf("%s, %s; %s", m.Title, strings.ReplaceAll(string(m.State), "_", " "), items)
}

type cabShow struct{ record }

// Run shows a meeting.
func (c *cabShow) Run(ctx context.Context, s *session) error {
	m, err := s.service.Meeting(ctx, c.Record)
	if err != nil {
		return err
	}
	putOff, err := s.putOff(ctx, m)
	if err != nil {
		return err
	}
	return s.show(view{data: m, table: s.meetings([]app.MeetingView{m}), text: func(p *printer) error {
		if err := p.line("%s: %s", m.Number, s.meetingSummary(m)); err != nil {
			return err
		}
		for _, item := range m.Items {
			by := "awaited votes at the cut-off"
			switch {
			case item.By == item.Number:
				by = putOff[item.Number]
			case item.By != "":
				by = "put there by " + item.By
			}
			if err := p.line("  %s  %s", item.Number, by); err != nil {
				return err
			}
		}
		return p.line("may: %s", strings.Join(m.AllowedCommands, ", "))
	}})
}

// putOff says of the changes that put themselves on an agenda who put a vote off to the meeting, and why.
func (s *session) putOff(ctx context.Context, m app.MeetingView) (map[string]string, error) {
	words := map[string]string{}
	for _, item := range m.Items {
		if item.By == item.Number {
			words[item.Number] = "put off to it"
		}
	}
	if len(words) == 0 {
		return words, nil
	}
	paper, err := s.service.MeetingPaper(ctx, m.ID)
	for _, item := range paper.Items {
		if item.PutOffBy != "" {
			words[item.Number] = "put off to it by " + item.PutOffBy + ": " + oneLine(item.PutOffWhy)
		}
	}
	return words, err
}

// paper asks for a text about a meeting.
type paper struct {
	record
	Zone string `placeholder:"ZONE" help:"The time zone of its times, such as Europe/Berlin; left out: this machine's."`
}

func (c paper) print(ctx context.Context, s *session, write func(app.MeetingPaper, *time.Location) string) error {
	zone := time.Local
	if c.Zone != "" {
		var err error
		if zone, err = policyfile.LoadZone(c.Zone); err != nil {
			return misuse{err}
		}
	}
	found, err := s.service.MeetingPaper(ctx, c.Record)
	if err != nil {
		return err
	}
	return s.show(view{data: found, table: s.meetings([]app.MeetingView{found.Meeting}), text: func(p *printer) error {
		return p.verbatim(write(found, zone))
	}})
}

type (
	cabAgenda  struct{ paper }
	cabMinutes struct{ paper }
)

// Run prints the agenda.
func (c *cabAgenda) Run(ctx context.Context, s *session) error {
	return c.print(ctx, s, app.MeetingPaper.Agenda)
}

// Run prints the minutes.
func (c *cabMinutes) Run(ctx context.Context, s *session) error {
	return c.print(ctx, s, app.MeetingPaper.Minutes)
}

type cabPlan struct {
	giving
	Title    string `required:"" placeholder:"TEXT" help:"What it is called."`
	Role     string `placeholder:"ROLE" xor:"board" required:"" help:"The board: all who hold this role."`
	Team     string `placeholder:"TEAM" xor:"board" required:"" help:"The board: this team."`
	Scope    string `placeholder:"SCOPE" help:"Only changes of this, such as team:network or service:mail."`
	At       moment `required:"" placeholder:"TIME" help:"When it begins."`
	Minutes  int    `default:"60" help:"How long it lasts."`
	CutOff   string `default:"1wd" placeholder:"TIME" help:"How long before it the agenda is fixed, such as 1wd or 4h."`
	Calendar string `placeholder:"NAME" help:"In which working days are counted; left out: default."`
}

// Run calls a meeting.
func (c *cabPlan) Run(ctx context.Context, s *session) error {
	before, err := calendar.ParseDuration(c.CutOff)
	if err != nil {
		return misuse{err}
	}
	return s.give(ctx, app.Request{Practice: meeting.Practice, Verb: "plan", Key: c.Key, Async: c.Async}, meeting.Plan{
		Title: c.Title, Board: meeting.Board{Role: c.Role, Team: c.Team, Scope: c.Scope}, At: *s.moment(c.At), Minutes: c.Minutes,
		CutOff: before, Calendar: c.Calendar,
	})
}

// met is a command on one meeting.
type met struct{ verb }

func (c met) send(ctx context.Context, s *session, name string, body any) error {
	return s.give(ctx, app.Request{
		Practice: meeting.Practice, Verb: name, Record: c.Record, Key: c.Key, Async: c.Async, IfVersion: c.IfVersion,
	}, body)
}

type (
	cabAddItem struct {
		met
		Change string `arg:"" help:"Number or id of the change."`
		Reason string `placeholder:"TEXT" help:"Why."`
	}
	cabRemoveItem struct {
		met
		Change string `arg:"" help:"Number or id of the change."`
		Reason string `placeholder:"TEXT" help:"Why."`
	}
	cabFixAgenda struct {
		met
		Reason string `placeholder:"TEXT" help:"Why."`
	}
	cabHold struct {
		met
		Reason string `placeholder:"TEXT" help:"Why."`
	}
	cabNote struct {
		met
		Text   string `arg:"" help:"What to note."`
		Change string `placeholder:"NUMBER" help:"The change of the agenda that it is about; left out: the meeting itself."`
	}
	cabClose struct {
		met
		Reason string `placeholder:"TEXT" help:"Why."`
	}
	cabReschedule struct {
		met
		At      moment `required:"" placeholder:"TIME" help:"When it begins."`
		Minutes int    `placeholder:"N" help:"How long it lasts; left out: as before."`
		Reason  string `required:"" placeholder:"TEXT" help:"Why."`
	}
	cabCancel struct {
		met
		Reason string `required:"" placeholder:"TEXT" help:"Why."`
	}
)

// Run puts a change on the agenda.
func (c *cabAddItem) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "add_item", meeting.OfChange{Change: c.Change, Reason: c.Reason})
}

// Run takes a change off the agenda.
func (c *cabRemoveItem) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "remove_item", meeting.OfChange{Change: c.Change, Reason: c.Reason})
}

// Run fixes the agenda.
func (c *cabFixAgenda) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "fix_agenda", meeting.Plain{Reason: c.Reason})
}

// Run begins the meeting.
func (c *cabHold) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "hold", meeting.Plain{Reason: c.Reason})
}

// Run notes something.
func (c *cabNote) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "note", meeting.Note{Change: c.Change, Text: c.Text})
}

// Run closes the meeting.
func (c *cabClose) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "close", meeting.Plain{Reason: c.Reason})
}

// Run moves the meeting.
func (c *cabReschedule) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "reschedule", meeting.Reschedule{At: *s.moment(c.At), Minutes: c.Minutes, Reason: c.Reason})
}

// Run calls the meeting off.
func (c *cabCancel) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "cancel", meeting.Because{Reason: c.Reason})
}

// meetingGiven tells what became of a command on a meeting.
func (s *session) meetingGiven(practice domain.Practice, verb string, m app.MeetingView) error {
	return s.show(view{data: m, table: s.meetings([]app.MeetingView{m}), text: func(p *printer) error {
		return p.line("%s %s: %s", m.Number, past(practice, verb), s.meetingSummary(m))
	}})
}
