package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

// itemCommands are all that can be done with configuration items.
type itemCommands struct {
	List   itemList   `cmd:"" help:"List items by their handles."`
	Show   itemShow   `cmd:"" help:"Show an item: how it hangs together with others, and what is open on it."`
	Add    itemAdd    `cmd:"" help:"Add an item, or begin one anew that has ended."`
	Edit   itemEdit   `cmd:"" help:"Change an item: what is not given stays."`
	Relate itemRelate `cmd:"" help:"Tie an item to another."`
	End    itemEnd    `cmd:"" help:"End an item and its relations, or one relation of it."`
	Impact itemImpact `cmd:"" help:"Who feels what happens to some items, with the services."`
	Import itemImport `cmd:"" help:"Import items and relations from CSV and JSON files."`
}

// instantFlag is an instant of the past; not given, now.
type instantFlag struct {
	At *time.Time `placeholder:"TIME" format:"2006-01-02T15:04:05Z07:00" help:"As it was at this instant, in RFC 3339."`
}

type itemList struct {
	Words       string `arg:"" optional:"" help:"Within handles and titles."`
	Class       string `short:"c" placeholder:"CLASS" help:"Of this class."`
	Service     string `short:"s" placeholder:"SERVICE" help:"Of this service."`
	Team        string `short:"t" placeholder:"TEAM" help:"That this team looks after."`
	Environment string `short:"e" placeholder:"NAME" help:"Of this environment."`
	Criticality string `placeholder:"LEVEL" help:"Whose service has this criticality, such as critical."`
	instantFlag
	Limit int  `short:"n" default:"50" help:"At most so many."`
	All   bool `short:"a" help:"All of them."`
}

// Run lists items page by page.
func (c *itemList) Run(ctx context.Context, s *session) error {
	query := app.ItemQuery{Words: c.Words, Class: c.Class, Service: c.Service, Team: c.Team, Environment: c.Environment, Criticality: c.Criticality, At: c.At}
	found, more, err := pages(c.Limit, c.All, func(cursor string, size int) (app.Page[configuration.Item], error) {
		query.Cursor, query.Limit = cursor, size
		return s.service.ConfigurationItems(ctx, query)
	})
	if err != nil {
		return err
	}
	return s.showPages(view{data: found, table: itemTable(found)}, more)
}

func itemTable(list []configuration.Item) table {
	t := table{titles: []string{"HANDLE", "CLASS", "SERVICE", "TEAM", "ENVIRONMENT", "FLAGS", "TITLE"}, empty: "No such items."}
	for _, one := range list {
		t.rows = append(t.rows, []any{one.Handle, one.Class, one.Service, one.OwnerTeam, one.Environment, itemFlags(one.Content), one.Title})
	}
	return t
}

// itemFlags are the words for what is special about an item.
func itemFlags(c configuration.Content) string {
	words := []string{}
	if c.Shared {
		words = append(words, "shared")
	}
	if c.Exclusive {
		words = append(words, "exclusive")
	}
	return strings.Join(words, " ")
}

type itemShow struct {
	Handle string `arg:"" help:"The item's handle."`
	instantFlag
}

// Run shows an item with what is around it.
func (c *itemShow) Run(ctx context.Context, s *session) error {
	found, err := s.service.ConfigurationItem(ctx, c.Handle, c.At)
	if err != nil {
		return err
	}
	return s.show(view{data: found, table: itemTable([]configuration.Item{found.Item}), text: func(p *printer) error {
		return s.itemText(p, found)
	}})
}

// itemText tells an item in lines.
func (s *session) itemText(p *printer, found app.ItemView) error {
	lines := []string{fmt.Sprintf("%s: %s, %s", found.Handle, found.Name(), strings.Join(parts(
		strings.ReplaceAll(found.Class, "_", " "), found.Environment, itemFlags(found.Content)), ", "))}
	for _, line := range []struct{ word, value string }{{"service", found.Service}, {"team", found.OwnerTeam}, {"attributes", string(found.Attributes)}} {
		if line.value != "" {
			lines = append(lines, line.word+": "+line.value)
		}
	}
	lines = append(lines, fmt.Sprintf("version %d since %s, by %s", found.Version, p.when(found.ValidFrom), strings.Join(parts(found.ChangedBy, found.Reason), ": ")))
	if found.ValidTo != nil && found.EndedBy != "" {
		lines = append(lines, fmt.Sprintf("ended %s by %s", p.when(*found.ValidTo), strings.Join(parts(found.EndedBy, found.EndReason), ": ")))
	}
	for _, one := range found.RelationsFrom {
		kind, _ := configuration.RelationTypeNamed(one.Type)
		lines = append(lines, kind.Title+" "+one.To)
	}
	for _, one := range found.RelationsTo {
		kind, _ := configuration.RelationTypeNamed(one.Type)
		lines = append(lines, kind.Reverse+" "+one.From)
	}
	for _, one := range found.Incidents {
		lines = append(lines, fmt.Sprintf("open: %s P%d %s", one.Number, one.Priority, one.Title))
	}
	for _, one := range found.Changes {
		lines = append(lines, fmt.Sprintf("open: %s %s %s", one.Number, one.State, one.Title))
	}
	for _, line := range lines {
		if err := p.line("%s", oneLine(line)); err != nil {
			return err
		}
	}
	return nil
}

// itemContent are the flags of what can be said of an item.
type itemContent struct {
	Title       *string           `placeholder:"TITLE" help:"What people call it."`
	Service     *string           `short:"s" placeholder:"SERVICE" help:"The service that fails where it fails."`
	Team        *string           `short:"t" placeholder:"TEAM" help:"The team that looks after it."`
	Environment *string           `short:"e" placeholder:"NAME" help:"Its environment."`
	Attributes  map[string]string `name:"attribute" placeholder:"NAME=VALUE" help:"Whatever else is known of it; without a value it goes."`
	Shared      *bool             `negatable:"" help:"So much hangs on it that impact and conflicts stop there."`
	Exclusive   *bool             `negatable:"" help:"Whoever changes it has it alone."`
	Reason      string            `placeholder:"TEXT" help:"Why."`
}

// into says what the flags say of an item.
func (f itemContent) into(c *configuration.Content) error {
	for _, text := range []struct {
		from *string
		to   *string
	}{{f.Title, &c.Title}, {f.Service, &c.Service}, {f.Team, &c.OwnerTeam}, {f.Environment, &c.Environment}} {
		if text.from != nil {
			*text.to = *text.from
		}
	}
	for _, flag := range []struct{ from, to *bool }{{f.Shared, &c.Shared}, {f.Exclusive, &c.Exclusive}} {
		if flag.from != nil {
			*flag.to = *flag.from
		}
	}
	if len(f.Attributes) == 0 {
		return nil
	}
	values := map[string]any{}
	if len(c.Attributes) > 0 {
		if err := json.Unmarshal(c.Attributes, &values); err != nil {
			return fmt.Errorf("reading attributes: %w", err)
		}
	}
	for name, value := range f.Attributes {
		if values[name] = value; value == "" {
			delete(values, name)
		}
	}
	text, err := json.Marshal(values)
	c.Attributes = text
	return err
}

type itemAdd struct {
	Handle string `arg:"" help:"Its handle: a host name, a serial number."`
	Class  string `short:"c" required:"" placeholder:"CLASS" help:"A term of Vocabulary/item-classes: server, database, application, …"`
	itemContent
}

// Run adds an item.
func (c *itemAdd) Run(ctx context.Context, s *session) error {
	none := 0
	body := app.ItemBody{Content: configuration.Content{Class: c.Class}, Reason: c.Reason, Base: &none}
	if err := c.into(&body.Content); err != nil {
		return err
	}
	return s.item(s.service.SaveItem(ctx, c.Handle, body))
}

type itemEdit struct {
	Handle string `arg:"" help:"The item's handle."`
	Class  string `short:"c" placeholder:"CLASS" help:"A term of Vocabulary/item-classes."`
	itemContent
}

// Run changes an item, on top of the version it read.
func (c *itemEdit) Run(ctx context.Context, s *session) error {
	found, err := s.service.ConfigurationItem(ctx, c.Handle, nil)
	if err != nil {
		return err
	}
	if found.ValidTo != nil {
		return domain.Errorf(domain.CodeConflict, "%s has ended; ci add begins it anew", c.Handle)
	}
	body := app.ItemBody{Content: found.Content, Reason: c.Reason, Base: &found.Version}
	if c.Class != "" {
		body.Class = c.Class
	}
	if err := c.into(&body.Content); err != nil {
		return err
	}
	return s.item(s.service.SaveItem(ctx, c.Handle, body))
}

func (s *session) item(saved configuration.Item, err error) error {
	if err != nil {
		return err
	}
	return s.show(view{data: saved, table: itemTable([]configuration.Item{saved}), text: func(p *printer) error {
		return p.line("%s is at version %d since %s.", saved.Handle, saved.Version, p.when(saved.ValidFrom))
	}})
}

type itemRelate struct {
	Handle string `arg:"" help:"The item that the relation begins at."`
	Type   string `arg:"" enum:"depends_on,runs_on,uses,part_of,connected_to" help:"depends_on, runs_on, uses, part_of or connected_to."`
	To     string `arg:"" help:"The item that it ends at."`
}

// Run ties one item to another.
func (c *itemRelate) Run(ctx context.Context, s *session) error {
	if err := s.service.Relate(ctx, c.Handle, app.RelationBody{Type: c.Type, To: c.To}); err != nil {
		return err
	}
	kind, _ := configuration.RelationTypeNamed(c.Type)
	return s.say("%s %s %s.", c.Handle, kind.Title, c.To)
}

type itemEnd struct {
	Handle string `arg:"" help:"The item's handle."`
	Type   string `arg:"" optional:"" help:"With TO: end only this relation, such as runs_on."`
	To     string `arg:"" optional:"" help:"The item at the relation's other end."`
	Reason string `placeholder:"TEXT" help:"Why the item ends."`
}

// Run ends an item, or a relation.
func (c *itemEnd) Run(ctx context.Context, s *session) error {
	if c.Type != "" {
		if err := s.service.EndRelation(ctx, c.Handle, app.RelationBody{Type: c.Type, To: c.To}); err != nil {
			return err
		}
		return s.say("%s %s %s no longer.", c.Handle, c.Type, c.To)
	}
	ended, err := s.service.EndItem(ctx, c.Handle, c.Reason)
	if err != nil {
		return err
	}
	return s.say("%s has ended, and its relations with it; what was known of it stays.", ended.Handle)
}

type itemImpact struct {
	Items []string `arg:"" help:"Handles of items."`
	instantFlag
	Depth   int  `short:"d" default:"10" help:"Over at most so many relations."`
	Through bool `name:"through-shared" help:"Shared items do not stop it."`
}

// Run follows an impact and prints it as a tree.
func (c *itemImpact) Run(ctx context.Context, s *session) error {
	found, err := s.service.Impact(ctx, app.ImpactQuery{Items: c.Items, At: c.At, Depth: c.Depth, Through: c.Through})
	if err != nil {
		return err
	}
	t := table{titles: []string{"HANDLE", "DEPTH", "VIA", "RELATION", "CLASS", "SERVICE"}}
	for _, one := range found.Reached {
		t.rows = append(t.rows, []any{one.Handle, one.Depth, one.Via, one.Type, one.Class, one.Service})
	}
	return s.show(view{data: found, table: t, text: func(p *printer) error {
		if err := impactLines(p, found.Tree(), ""); err != nil {
			return err
		}
		for _, service := range found.Services {
			if err := p.line("service %s: %s", service.Name, strings.Join(parts(service.Criticality, "owned by "+service.Owner), ", ")); err != nil {
				return err
			}
		}
		if found.More {
			return p.hint("Only the nearest %d items are told; the services are those of all.", len(found.Reached))
		}
		return nil
	}})
}

func impactLines(p *printer, branches []configuration.Branch, indent string) error {
	for _, one := range branches {
		line := indent + one.Handle
		if one.Type != "" {
			line += "  (" + strings.ReplaceAll(one.Type, "_", " ") + " " + one.Via + ")"
		}
		if one.Shared {
			line += "  shared"
		}
		if err := p.line("%s", line); err != nil {
			return err
		}
		if err := impactLines(p, one.Branches, indent+"  "); err != nil {
			return err
		}
	}
	return nil
}

type itemImport struct {
	Files  []string `arg:"" type:"existingfile" help:"CSV of items (handle, class, …; other columns are attributes), CSV of relations (from, type, to), with commas, semicolons or tabs, or JSON of both; in UTF-8."`
	DryRun bool     `help:"Write nothing, and tell what would be written."`
	Reason string   `placeholder:"TEXT" help:"Why."`
}

// Run imports files in one go: all of them, or with any fault none.
func (c *itemImport) Run(ctx context.Context, s *session) error {
	body := app.ImportBody{DryRun: c.DryRun, Reason: c.Reason}
	for _, name := range c.Files {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading what to import: %w", err)
		}
		if line, why := configuration.Unreadable(string(text)); why != "" {
			return domain.Errorf(domain.CodeInvalid, "%s:%d: %s", name, line, why)
		}
		format := configuration.CSV
		if strings.EqualFold(filepath.Ext(name), ".json") {
			format = configuration.JSON
		}
		body.Sources = append(body.Sources, configuration.Source{Name: name, Format: format, Text: string(text)})
	}
	report, err := s.service.ImportConfiguration(ctx, body)
	if err != nil {
		return err
	}
	t := table{titles: []string{"WHAT", "ITEM OR RELATION", "FROM", "FIELDS"}}
	for _, one := range report.Planned {
		t.rows = append(t.rows, []any{one.What, plannedWords(one), fmt.Sprintf("%s:%d", one.Source, one.Line), fieldWords(one.Fields)})
	}
	err = s.show(view{data: report, table: t, text: func(p *printer) error { return importText(p, t, report) }})
	if err == nil && len(report.Faults) > 0 {
		return silent{exitFailed}
	}
	return err
}

func plannedWords(one configuration.Planned) string {
	if one.Relation != nil {
		return one.Relation.From + " " + one.Relation.Type + " " + one.Relation.To
	}
	return one.Handle
}

// fieldWords are the names of the fields that become another.
func fieldWords(fields map[string]domain.Change) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	return strings.Join(slices.Sorted(slices.Values(names)), " ")
}

// importText tells what an import did, or the lines to mend first.
func importText(p *printer, t table, report configuration.Report) error {
	for _, fault := range report.Faults {
		if err := p.line("%s:%d: %s", fault.Source, fault.Line, oneLine(fault.Message)); err != nil {
			return err
		}
	}
	if len(report.Faults) > 0 {
		return p.hint("Nothing was written.")
	}
	if report.DryRun {
		if err := t.write(p); err != nil {
			return err
		}
	}
	words := "Written"
	if report.DryRun {
		words = "Would be written"
	}
	return p.line("%s: %d items added, %d changed, %d as they were; %d relations added, %d as they were.", words,
		report.Items.Created, report.Items.Changed, report.Items.Unchanged, report.Relations.Created, report.Relations.Unchanged)
}
