package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// incidentCommands are all that can be done with incidents: reading them, what hangs at them, and every verb of their
// lifecycle.
type incidentCommands struct {
	List        incidentList        `cmd:"" help:"List incidents, the newest first."`
	Show        incidentShow        `cmd:"" help:"Show an incident and what may be done to it."`
	Timeline    incidentTimeline    `cmd:"" help:"What happened to an incident, oldest first."`
	Similar     incidentSimilar     `cmd:"" help:"Incidents similar to one, or to a text."`
	Note        incidentNote        `cmd:"" help:"Add a note."`
	Notes       incidentNotes       `cmd:"" help:"Read the notes."`
	Attach      incidentAttach      `cmd:"" help:"Attach files."`
	Attachments incidentAttachments `cmd:"" help:"List the attached files."`
	Download    incidentDownload    `cmd:"" help:"Save an attached file."`
	Detach      incidentDetach      `cmd:"" help:"Take an attached file away for good."`
	Watch       incidentWatch       `cmd:"" help:"Be told of everything that happens to an incident."`
	Unwatch     incidentUnwatch     `cmd:"" help:"Be told no longer."`
	Bulk        incidentBulk        `cmd:"" help:"Give one command to several incidents."`

	incidentVerbs
}

// incidentList narrows a list.
type incidentList struct {
	State      []string `placeholder:"STATE" help:"A state, open (work remains) or active (not closed or canceled); several with commas."`
	Priority   []int    `short:"p" placeholder:"N" help:"1 is the highest; several with commas."`
	Team       string   `short:"t" placeholder:"TEAM" help:"Of this team."`
	Assignee   string   `short:"a" placeholder:"PERSON" help:"Of this person; me, or none."`
	Mine       bool     `short:"m" xor:"assignee" help:"Open and assigned to me."`
	Requester  string   `placeholder:"PERSON" help:"Asked for by this person, or me."`
	Service    string   `short:"s" placeholder:"SERVICE" help:"About this service."`
	Category   string   `help:"In this category."`
	Tag        string   `help:"With this tag."`
	Words      string   `short:"w" help:"With these words in title or description."`
	OpenedFrom moment   `placeholder:"TIME" help:"Opened at this time or later."`
	OpenedTo   moment   `placeholder:"TIME" help:"Opened before this time."`
	promised
	Sort  string `default:"-opened_at" help:"opened_at, updated_at, priority or wake_at; with - for descending."`
	Limit int    `short:"n" default:"50" help:"At most so many."`
	All   bool   `help:"All there are, however many."`
}

// Run lists incidents page by page.
func (c *incidentList) Run(ctx context.Context, s *session) error {
	query := app.IncidentQuery{
		State: c.State, Priority: c.Priority, Team: c.Team, Assignee: c.Assignee, Requester: c.Requester, Service: c.Service, Category: c.Category,
		Tag: c.Tag, Words: c.Words, OpenedFrom: s.moment(c.OpenedFrom), OpenedTo: s.moment(c.OpenedTo), PromiseQuery: c.query(), Sort: c.Sort,
	}
	if c.Mine {
		query.Assignee = "me"
		if len(query.State) == 0 {
			query.State = []string{"open"}
		}
	}
	found, more, err := pages(c.Limit, c.All, func(cursor string, size int) (app.Page[app.IncidentView], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.Incidents(ctx, query)
	})
	if err != nil {
		return err
	}
	return s.showPages(view{data: found, table: s.incidents(found)}, more)
}

// incidents is a list as whoever works on it needs it.
func (s *session) incidents(list []app.IncidentView) table {
	t := table{titles: []string{"NUMBER", "P", "STATE", "SERVICE", "TEAM", "ASSIGNEE", "OPENED", "DUE", "NEXT", "TITLE"}, empty: "No incidents."}
	for _, i := range list {
		t.rows = append(t.rows, []any{
			i.Number, s.priority(i.Priority), string(i.State), i.Service, i.Team, i.Assignee, i.OpenedAt, s.due(i.Incident), i.NextDue, i.Title,
		})
	}
	return t
}

func (s *session) priority(priority int) any {
	if priority == 1 {
		return urgent{priority}
	}
	return priority
}

func (s *session) due(i incident.Incident) any {
	if i.WakeAt != nil && i.WakeAt.Before(s.now()) {
		return urgent{*i.WakeAt}
	}
	return i.WakeAt
}

// record names one record.
type record struct {
	Record string `arg:"" name:"number" help:"Number or id, such as INC-000123."`
}

type incidentShow struct{ record }

// Run shows an incident.
func (c *incidentShow) Run(ctx context.Context, s *session) error {
	i, err := s.service.Incident(ctx, c.Record)
	if err != nil {
		return err
	}
	return s.show(view{data: i, table: s.incidents([]app.IncidentView{i}), text: func(p *printer) error { return s.describe(p, i) }})
}

func (s *session) describe(p *printer, i app.IncidentView) error {
	if err := p.line("%s", p.paint(bold, i.Number+gap+oneLine(i.Title))); err != nil {
		return err
	}
	priority := fmt.Sprintf("%d (impact %s, urgency %s)", i.Priority, i.Impact, i.Urgency)
	if i.PriorityOverridden {
		priority = fmt.Sprintf("%d, set by hand (impact %s, urgency %s)", i.Priority, i.Impact, i.Urgency)
	}
	next := ""
	if i.WakeAt != nil {
		next = i.NextDue + " at " + p.when(*i.WakeAt)
	}
	err := p.pairs(
		"State", s.stateOf(i), "Priority", priority, "Service", i.Service, "Category", i.Category, "Team", i.Team, "Assignee", i.Assignee,
		"Requester", i.Requester, "Opened by", different(i.OpenedBy, i.Requester), "Channel", i.Channel, "Location", i.Location,
		"Environment", i.Environment, "Configuration items", i.ConfigurationItems, "Tags", i.Tags, "Opened", i.OpenedAt,
		"Started", i.StartedAt, "Resolved", i.ResolvedAt, "Closed", i.ClosedAt, "Updated", i.UpdatedAt, "Next", next,
		"On hold for", i.Hold.Reason, "Until", i.Hold.Until, "Vendor", strings.TrimSpace(i.Hold.Vendor+" "+i.Hold.Reference), "Promised", i.Hold.PromisedAt,
		"Resolution", i.Resolution.Code, "Merged into", i.MergedInto, "Version", i.Version,
	)
	if err != nil {
		return err
	}
	if err := p.paragraph("Description", i.Description); err != nil {
		return err
	}
	if err := p.paragraph("Resolution", i.Resolution.Notes); err != nil {
		return err
	}
	links := []string{}
	for _, link := range i.Links {
		links = append(links, fmt.Sprintf("%s %s (%s) %s", strings.ReplaceAll(link.Type, "_", " "), link.Number, link.State, oneLine(link.Title)))
	}
	if err := p.paragraph("Links", strings.Join(links, "\n")); err != nil {
		return err
	}
	return p.paragraph("You may", verbsList(i.AllowedCommands))
}

// stateOf words a state with what is particular about it.
func (s *session) stateOf(i app.IncidentView) string {
	said := string(i.State)
	if info, known := incident.Lifecycle.State(i.State); known {
		said = strings.ToLower(info.Title)
	}
	if i.Restricted {
		said += ", restricted"
	}
	return said + ", since " + s.when(i.StateSince)
}

func verbsList(verbs []string) string { return strings.ReplaceAll(strings.Join(verbs, ", "), "_", "-") }

func different(value, from string) string {
	if value == from {
		return ""
	}
	return value
}

type incidentSimilar struct {
	Record  string `arg:"" optional:"" name:"number" help:"Number or id; left out: --text says what to look for."`
	Text    string `placeholder:"TEXT" help:"A text not yet logged."`
	Service string `short:"s" placeholder:"SERVICE" help:"With --text: about this service."`
	Limit   int    `short:"n" default:"5" help:"At most so many, up to 20."`
}

// Run lists similar incidents, the best first.
func (c *incidentSimilar) Run(ctx context.Context, s *session) error {
	var found []app.IncidentView
	var err error
	switch {
	case (c.Record == "") == (c.Text == ""):
		return misusef("give a number or --text")
	case c.Record != "":
		found, err = s.service.Similar(ctx, c.Record, c.Limit)
	default:
		found, err = s.service.SimilarTo(ctx, c.Text, c.Service, c.Limit)
	}
	if err != nil {
		return err
	}
	return s.show(view{data: found, table: s.incidents(found)})
}
