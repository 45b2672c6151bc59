package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"

	"github.com/holdfast-itsm/holdfast/app"
)

// What reads and adds the notes and the files at the records of a practice.
type (
	notesReader func(ctx context.Context, reference string, after int64, limit int) (app.Page[app.Note], error)
	noteAdder   func(ctx context.Context, reference, key string, body app.NoteBody) (app.Note, error)
	fileAdder   func(ctx context.Context, reference, key string, upload app.Upload) (app.Attachment, error)
)

type incidentNotes struct{ record }

// Run prints all notes.
func (c *incidentNotes) Run(ctx context.Context, s *session) error {
	return s.allNotes(ctx, c.Record, s.service.Notes)
}

type changeNotes struct{ record }

// Run prints all notes at a change.
func (c *changeNotes) Run(ctx context.Context, s *session) error {
	return s.allNotes(ctx, c.Record, s.service.ChangeNotes)
}

func (s *session) allNotes(ctx context.Context, record string, read notesReader) error {
	notes, err := whole(func(after int64) (app.Page[app.Note], error) { return read(ctx, record, after, 200) })
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

// noted is a note to be written.
type noted struct {
	record
	Text     string `arg:"" help:"The note; - reads it from the input."`
	Internal bool   `short:"i" help:"Not for the requester."`
	Key      string `placeholder:"KEY" help:"Idempotency key: the same key writes the note once."`
}

func (c *noted) write(ctx context.Context, s *session, add noteAdder) error {
	text, err := s.text(c.Text)
	if err != nil {
		return err
	}
	note, err := add(ctx, c.Record, c.Key, app.NoteBody{Body: text, Internal: c.Internal})
	if err != nil {
		return err
	}
	shown := s.notes([]app.Note{note})
	shown.data = note
	return s.show(shown)
}

type incidentNote struct{ noted }

// Run writes a note.
func (c *incidentNote) Run(ctx context.Context, s *session) error {
	return c.write(ctx, s, s.service.AddNote)
}

type changeNote struct{ noted }

// Run writes a note at a change.
func (c *changeNote) Run(ctx context.Context, s *session) error {
	return c.write(ctx, s, s.service.AddChangeNote)
}

// attaching are files to be attached.
type attaching struct {
	record
	Files  []string `arg:"" name:"file" type:"existingfile" help:"The files."`
	Public bool     `help:"For the requester too."`
}

// attach attaches files, one after the other.
func (c *attaching) attach(ctx context.Context, s *session, add fileAdder) error {
	attached := []app.Attachment{}
	for _, path := range c.Files {
		file, err := attachFile(ctx, c.Record, path, c.Public, add)
		if err != nil {
			return fmt.Errorf("attaching %s: %w", path, err)
		}
		attached = append(attached, file)
	}
	return s.show(view{data: attached, table: files(attached)})
}

type incidentAttach struct{ attaching }

// Run attaches files.
func (c *incidentAttach) Run(ctx context.Context, s *session) error {
	return c.attach(ctx, s, s.service.AddAttachment)
}

type changeAttach struct{ attaching }

// Run attaches files to a change.
func (c *changeAttach) Run(ctx context.Context, s *session) error {
	return c.attach(ctx, s, s.service.AddChangeAttachment)
}

func attachFile(ctx context.Context, record, path string, public bool, add fileAdder) (file app.Attachment, err error) {
	content, err := os.Open(path)
	if err != nil {
		return app.Attachment{}, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	return add(ctx, record, "", app.Upload{
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
	return s.listFiles(s.service.Attachments(ctx, c.Record))
}

type changeAttachments struct{ record }

// Run lists the files at a change.
func (c *changeAttachments) Run(ctx context.Context, s *session) error {
	return s.listFiles(s.service.ChangeAttachments(ctx, c.Record))
}

func (s *session) listFiles(list []app.Attachment, err error) error {
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: files(list)})
}

// downloading is a file to be saved.
type downloading struct {
	record
	ID string `arg:"" name:"file" help:"The file's id."`
	To string `name:"to" placeholder:"PATH" type:"path" help:"Where to write it, - for the output; left out: its name, here."`
}

type incidentDownload struct{ downloading }

// Run saves a file.
func (c *incidentDownload) Run(ctx context.Context, s *session) error {
	file, content, err := s.service.OpenAttachment(ctx, c.Record, c.ID)
	if err != nil {
		return err
	}
	return c.save(s, file, content)
}

type changeDownload struct{ downloading }

// Run saves a file of a change.
func (c *changeDownload) Run(ctx context.Context, s *session) error {
	file, content, err := s.service.OpenChangeAttachment(ctx, c.Record, c.ID)
	if err != nil {
		return err
	}
	return c.save(s, file, content)
}

// save writes a file and closes its content; a file that is there already is not overwritten.
func (c *downloading) save(s *session, file app.Attachment, content io.ReadCloser) (err error) {
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

// detaching is a file to be taken away.
type detaching struct {
	record
	ID string `arg:"" name:"file" help:"The file's id."`
}

type incidentDetach struct{ detaching }

// Run takes a file away.
func (c *incidentDetach) Run(ctx context.Context, s *session) error {
	return c.gone(s, s.service.RemoveAttachment(ctx, c.Record, c.ID))
}

type changeDetach struct{ detaching }

// Run takes a file of a change away.
func (c *changeDetach) Run(ctx context.Context, s *session) error {
	return c.gone(s, s.service.RemoveChangeAttachment(ctx, c.Record, c.ID))
}

func (c *detaching) gone(s *session, err error) error {
	if err != nil {
		return err
	}
	return s.say("%s was taken away; the timeline keeps its name and digest", c.ID)
}
