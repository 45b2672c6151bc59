package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// changeCommands are all that can be done with changes: reading them, every verb of their lifecycle, and a standard change in one
// call.
type changeCommands struct {
	List        changeList         `cmd:"" help:"List changes, the newest first."`
	Show        changeShow         `cmd:"" help:"Show a change: who decides, who is missing, its risk, and what speaks against it."`
	Timeline    changeTimeline     `cmd:"" help:"What happened to a change, oldest first."`
	Note        changeNote         `cmd:"" help:"Add a note; it voids no vote."`
	Notes       changeNotes        `cmd:"" help:"Read the notes."`
	Attach      changeAttach       `cmd:"" help:"Attach files; until the change has been carried out, votes about its scope become void."`
	Attachments changeAttachments  `cmd:"" help:"List the attached files."`
	Download    changeDownload     `cmd:"" help:"Save an attached file."`
	Detach      changeDetach       `cmd:"" help:"Take an attached file away for good; votes about the change's scope become void."`
	Watch       changeWatch        `cmd:"" help:"Be told of everything that happens to a change."`
	Unwatch     changeUnwatch      `cmd:"" help:"Be told no longer."`
	Bulk        changeBulk         `cmd:"" help:"Give one command to several changes."`
	Calendar    changeCalendar     `cmd:"" help:"Changes by their windows, with the freezes and maintenance windows between them."`
	Feed        changeFeedCommands `cmd:"" help:"Secret addresses at which calendars read the change calendar."`
	Record      changeRecord       `cmd:"" help:"How the changes of a model or of a team ended."`
	Run         changeRun          `cmd:"" help:"A standard change in one call: register it by its model, start it, run a command, and complete it by how that ends."`

	changeVerbs
}

type changeList struct {
	State     []string `placeholder:"STATE" default:"open" help:"A state, or open (not at its end); several widen the list."`
	Team      string   `short:"t" placeholder:"TEAM" help:"Of this team."`
	Service   string   `short:"s" placeholder:"SERVICE" help:"That touch this service."`
	Assignee  string   `short:"a" placeholder:"PERSON" help:"Carried out by this person, me, or none."`
	Requester string   `placeholder:"PERSON" help:"Asked for by this person, or me."`
	Priority  []int    `short:"p" placeholder:"1-5" help:"Of this priority; several with commas."`
	Voting    bool     `help:"That await approval, or go on while a stage takes votes."`
	Type      string   `enum:"standard,normal,emergency," default:"" help:"standard, normal or emergency."`
	Model     string   `placeholder:"NAME" help:"That follow this model."`
	Item      string   `name:"configuration-item" aliases:"ci" placeholder:"CI" help:"That touch this configuration item."`
	Category  string   `help:"In this category."`
	Tag       string   `help:"With this tag."`
	Words     string   `short:"w" help:"With these words in title or description."`
	Sort      string   `default:"-opened_at" help:"opened_at, updated_at, priority, wake_at or window_from; with - for descending."`
	Limit     int      `short:"n" default:"50" help:"At most so many."`
	All       bool     `help:"Of every state, however many."`
}

// Run lists changes page by page.
func (c *changeList) Run(ctx context.Context, s *session) error {
	query := app.ChangeQuery{
		State: c.State, Team: c.Team, Service: c.Service, Assignee: c.Assignee, Requester: c.Requester, Priority: c.Priority,
		Voting: c.Voting, Type: c.Type, Model: c.Model, Item: c.Item,
		Category: c.Category, Tag: c.Tag, Words: c.Words, Sort: c.Sort,
	}
	if c.All {
		query.State = nil
	}
	return s.listChanges(ctx, query, c.Limit, c.All)
}

func (s *session) listChanges(ctx context.Context, query app.ChangeQuery, limit int, all bool) error {
	found, more, err := pages(limit, all, func(cursor string, size int) (app.Page[app.ChangeView], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.Changes(ctx, query)
	})
	if err != nil {
		return err
	}
	return s.showPages(view{data: found, table: s.changes(found)}, more)
}

// changes is a list as whoever plans and decides needs it.
func (s *session) changes(list []app.ChangeView) table {
	t := table{titles: []string{"NUMBER", "TYPE", "STATE", "RISK", "SERVICE", "TEAM", "FROM", "TO", "CONFLICTS", "TITLE"}, empty: "No changes."}
	for _, c := range list {
		t.rows = append(t.rows, []any{
			c.Number, c.Type, string(c.State), riskCell(c), c.Service, c.Team, c.WindowFrom, windowEnd(c), conflictsCell(c), c.Title,
		})
	}
	return t
}

func riskCell(c app.ChangeView) any {
	switch c.Risk.Level {
	case "":
		return ""
	case change.RiskHigh:
		return urgent{c.Risk.Level}
	}
	return c.Risk.Level
}

func windowEnd(c app.ChangeView) *time.Time {
	if c.ExtendedTo != nil {
		return c.ExtendedTo
	}
	return c.WindowTo
}

// conflictsCell counts by level what speaks against a window, the blocking first.
func conflictsCell(c app.ChangeView) any {
	counts := map[change.Level]int{}
	for _, conflict := range c.Conflicts {
		counts[conflict.Level]++
	}
	words := []string{}
	for _, level := range []change.Level{change.Blocking, change.Warning} {
		if counts[level] > 0 {
			words = append(words, fmt.Sprintf("%d %s", counts[level], level))
		}
	}
	if counts[change.Blocking] > 0 {
		return urgent{strings.Join(words, ", ")}
	}
	return strings.Join(words, ", ")
}

type changeTimeline struct{ record }

// Run prints the whole timeline.
func (c *changeTimeline) Run(ctx context.Context, s *session) error {
	events, err := whole(func(after int64) (app.Page[domain.StoredEvent], error) {
		return s.service.ChangeTimeline(ctx, c.Record, after, 200)
	})
	if err != nil {
		return err
	}
	return s.show(view{data: events, table: timelineTable(events)})
}

type changeRecord struct {
	Model string `xor:"of" required:"" placeholder:"NAME" help:"Of the changes that follow this model."`
	Team  string `xor:"of" required:"" short:"t" placeholder:"TEAM" help:"Of this team's changes."`
}

// Run tells how changes ended.
func (c *changeRecord) Run(ctx context.Context, s *session) error {
	track, err := s.service.ModelRecord(ctx, c.Model)
	if c.Team != "" {
		track, err = s.service.TeamRecord(ctx, c.Team)
	}
	if err != nil {
		return err
	}
	rate := ""
	if track.Rate != nil {
		rate = fmt.Sprintf("%.1f %%", *track.Rate*100)
	}
	return s.show(view{data: track, table: table{
		titles: []string{"OF", "ENDED", "FAILED", "FAILURE RATE", "CAUSES UNDECIDED"},
		rows:   [][]any{{cmp.Or(c.Model, c.Team), track.Total, track.Failed, rate, track.Undecided}},
	}})
}

// changeSummary is where a change stands, in a line.
func (s *session) changeSummary(c app.ChangeView) string {
	parts := []string{strings.ReplaceAll(string(c.State), "_", " ")}
	switch {
	case c.State == change.AwaitingApproval || c.State == change.Review && c.Approval != nil && !c.Approval.Final():
		if waits := missing(c); len(waits) > 0 {
			parts = append(parts, "asked: "+strings.Join(waits, " "))
		}
		if c.AsksAgain() {
			parts = append(parts, "it has no window; the board is asked again when one is set")
		}
	case c.WindowFrom != nil && c.Open:
		parts = append(parts, fmt.Sprintf("window %s to %s", s.when(*c.WindowFrom), s.when(*windowEnd(c))))
	}
	if c.Outcome != "" {
		parts = append(parts, strings.ReplaceAll(c.Outcome, "_", " "))
	}
	if c.Risk.Level != "" {
		parts = append(parts, fmt.Sprintf("risk %s (%d)", c.Risk.Level, c.Risk.Score))
	}
	for _, conflict := range c.Conflicts {
		if conflict.Level == change.Blocking && !overridden(c, conflict.ID) {
			parts = append(parts, "blocked: "+conflict.Why)
			break
		}
	}
	return strings.Join(parts, ", ")
}

func overridden(c app.ChangeView, conflict string) bool {
	return slices.ContainsFunc(c.Overrides, func(o change.Override) bool { return o.Conflict == conflict })
}

// missing names of whom votes are outstanding.
func missing(c app.ChangeView) []string {
	names := []string{}
	if c.Approval == nil {
		return names
	}
	for _, asked := range c.Approval.Asked() {
		if !slices.Contains(names, asked.Person) {
			names = append(names, asked.Person)
		}
	}
	return names
}
