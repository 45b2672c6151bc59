package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// whole reads a list by sequence numbers to its end.
func whole[T any](read func(after int64) (app.Page[T], error)) ([]T, error) {
	items, _, err := pages(0, true, func(cursor string, _ int) (app.Page[T], error) {
		after := int64(0)
		if cursor != "" {
			var err error
			if after, err = strconv.ParseInt(cursor, 10, 64); err != nil {
				return app.Page[T]{}, fmt.Errorf("reading a cursor: %w", err)
			}
		}
		return read(after)
	})
	return items, err
}

type incidentTimeline struct{ record }

// Run prints the whole timeline.
func (c *incidentTimeline) Run(ctx context.Context, s *session) error {
	events, err := whole(func(after int64) (app.Page[domain.StoredEvent], error) {
		return s.service.Timeline(ctx, c.Record, after, 200)
	})
	if err != nil {
		return err
	}
	return s.show(view{data: events, table: timelineTable(events)})
}

// timelineTable is a timeline, one event a row.
func timelineTable(events []domain.StoredEvent) table {
	t := table{titles: []string{"SEQ", "WHEN", "WHO", "WHAT", "DETAIL"}, empty: "Nothing yet."}
	for _, event := range events {
		t.rows = append(t.rows, []any{event.Seq, event.At, who(event.Actor), event.Type, detail(event)})
	}
	return t
}

// who names an author; all but people with what they are.
func who(actor domain.Actor) string {
	if actor.Kind == domain.ActorPerson {
		return actor.Name
	}
	return strings.TrimSpace(string(actor.Kind) + " " + actor.Name)
}

// detail words what an event carries: its reason, then its facts by name.
func detail(event domain.StoredEvent) string {
	parts := []string{}
	if event.Reason != "" {
		parts = append(parts, event.Reason)
	}
	for _, data := range []json.RawMessage{event.Data, event.Personal} {
		parts = append(parts, facts(data)...)
	}
	if event.LatenessMS != nil && *event.LatenessMS >= 1000 {
		parts = append(parts, fmt.Sprintf("%d s late", *event.LatenessMS/1000))
	}
	return strings.Join(parts, "; ")
}

func facts(data json.RawMessage) []string {
	var values map[string]any
	if json.Unmarshal(data, &values) != nil {
		return nil // erased, or not an object: nothing to word
	}
	list := []string{}
	for name, value := range values {
		if name != "fields" { // they are named by their changes
			list = append(list, said(name, value)...)
		}
	}
	sort.Strings(list)
	return list
}

// said words what an event says under a name: a value, a change, or several of them.
func said(name string, value any) []string {
	several, _ := value.(map[string]any)
	from, before := several["from"]
	to, after := several["to"]
	if before && after && len(several) == 2 {
		return []string{fmt.Sprintf("%s: %s → %s", name, scalar(from), scalar(to))}
	}
	var list []string
	for inner, one := range several {
		list = append(list, said(name+"."+inner, one)...)
	}
	if text := scalar(value); text != "" && several == nil {
		list = append(list, name+": "+text)
	}
	return list
}

// scalar words a value of JSON; lists with commas.
func scalar(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = scalar(item)
		}
		return strings.Join(items, ", ")
	case map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	}
	return fmt.Sprint(value)
}

type incidentNotes struct{ record }

// Run prints all notes.
func (c *incidentNotes) Run(ctx context.Context, s *session) error {
	notes, err := whole(func(after int64) (app.Page[app.Note], error) { return s.service.Notes(ctx, c.Record, after, 200) })
	if err != nil {
		return err
	}
	return s.show(s.notes(notes))
}

func (s *session) notes(notes []app.Note) view {
	t := table{titles: []string{"SEQ", "WHEN", "WHO", "INTERNAL", "TEXT"}, empty: "No notes."}
	for _, note := range notes {
		t.rows = append(t.rows, []any{note.Seq, note.At, who(note.Author), note.Internal, note.Body})
	}
	return view{data: notes, table: t, text: func(p *printer) error {
		if len(notes) == 0 {
			return t.write(p)
		}
		for i, note := range notes {
			kind := "public"
			if note.Internal {
				kind = "internal"
			}
			if i > 0 {
				if err := p.line(""); err != nil {
					return err
				}
			}
			if err := p.line("%s", p.paint(bold, fmt.Sprintf("#%d  %s  %s  %s", note.Seq, p.when(note.At), who(note.Author), kind))); err != nil {
				return err
			}
			if err := p.paragraph("", note.Body); err != nil {
				return err
			}
		}
		return nil
	}}
}

type incidentNote struct {
	record
	Text     string `arg:"" help:"The note; - reads it from the input."`
	Internal bool   `short:"i" help:"Not for the requester."`
	Key      string `placeholder:"KEY" help:"Idempotency key: the same key writes the note once."`
}

// Run writes a note.
func (c *incidentNote) Run(ctx context.Context, s *session) error {
	text, err := s.text(c.Text)
	if err != nil {
		return err
	}
	note, err := s.service.AddNote(ctx, c.Record, c.Key, app.NoteBody{Body: text, Internal: c.Internal})
	if err != nil {
		return err
	}
	shown := s.notes([]app.Note{note})
	shown.data = note
	return s.show(shown)
}

type incidentAttach struct {
	record
	Files  []string `arg:"" name:"file" type:"existingfile" help:"The files."`
	Public bool     `help:"For the requester too."`
}

// Run attaches files, one after the other.
func (c *incidentAttach) Run(ctx context.Context, s *session) error {
	attached := []app.Attachment{}
	for _, path := range c.Files {
		file, err := s.attach(ctx, c.Record, path, c.Public)
		if err != nil {
			return fmt.Errorf("attaching %s: %w", path, err)
		}
		attached = append(attached, file)
	}
	return s.show(view{data: attached, table: files(attached)})
}

func (s *session) attach(ctx context.Context, record, path string, public bool) (file app.Attachment, err error) {
	content, err := os.Open(path)
	if err != nil {
		return app.Attachment{}, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	return s.service.AddAttachment(ctx, record, "", app.Upload{
		Name: filepath.Base(path), MediaType: mime.TypeByExtension(filepath.Ext(path)), Public: public, Content: content,
	})
}

func files(list []app.Attachment) table {
	t := table{titles: []string{"ID", "BYTES", "TYPE", "PUBLIC", "BY", "ADDED", "NAME"}, empty: "No files."}
	for _, file := range list {
		t.rows = append(t.rows, []any{file.ID, file.Bytes, file.MediaType, file.Public, file.AddedBy, file.AddedAt, file.Name})
	}
	return t
}

type incidentAttachments struct{ record }

// Run lists files.
func (c *incidentAttachments) Run(ctx context.Context, s *session) error {
	list, err := s.service.Attachments(ctx, c.Record)
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: files(list)})
}

type incidentDownload struct {
	record
	ID string `arg:"" name:"file" help:"The file's id."`
	To string `name:"to" placeholder:"PATH" type:"path" help:"Where to write it, - for the output; left out: its name, here."`
}

// Run saves a file; one that is there already is not overwritten.
func (c *incidentDownload) Run(ctx context.Context, s *session) (err error) {
	file, content, err := s.service.OpenAttachment(ctx, c.Record, c.ID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	if c.To == "-" {
		_, err = io.Copy(s.out, content)
		return err
	}
	path := c.To
	if path == "" {
		path = filepath.Base(filepath.Clean("/" + safe(file.Name)))
	}
	target, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("saving the file: %w", err)
	}
	written, err := io.Copy(target, content)
	if err = errors.Join(err, target.Close()); err != nil {
		return fmt.Errorf("saving the file: %w", err)
	}
	if written != file.Bytes {
		return fmt.Errorf("only %d of %d bytes arrived in %s", written, file.Bytes, path)
	}
	return s.say("%s: %d bytes", path, written)
}

// watcher names who watches.
type watcher struct {
	record
	Person string `default:"me" help:"Somebody else than yourself."`
}

type incidentWatch struct{ watcher }

// Run puts somebody on the list of watchers.
func (c *incidentWatch) Run(ctx context.Context, s *session) error {
	return s.watchers(s.service.Watch(ctx, c.Record, c.Person))
}

type incidentUnwatch struct{ watcher }

// Run takes somebody off the list of watchers.
func (c *incidentUnwatch) Run(ctx context.Context, s *session) error {
	return s.watchers(s.service.Unwatch(ctx, c.Record, c.Person))
}

func (s *session) watchers(list []app.Watcher, err error) error {
	if err != nil {
		return err
	}
	t := table{titles: []string{"PERSON", "SINCE"}, empty: "Nobody watches."}
	for _, one := range list {
		t.rows = append(t.rows, []any{one.Person, one.Since})
	}
	return s.show(view{data: list, table: t})
}
