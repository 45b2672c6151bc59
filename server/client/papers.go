package client

import (
	"context"
	"io"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// Notes reads a record's notes after a place.
func (c *client) Notes(ctx context.Context, reference string, after int64, limit int) (app.Page[app.Note], error) {
	return c.notesOf(ctx, incidents, reference, after, limit)
}

// ChangeNotes reads the notes at a change after a place.
func (c *client) ChangeNotes(ctx context.Context, reference string, after int64, limit int) (app.Page[app.Note], error) {
	return c.notesOf(ctx, changes, reference, after, limit)
}

func (c *client) notesOf(ctx context.Context, of, reference string, after int64, limit int) (app.Page[app.Note], error) {
	op := get(of, reference, "notes")
	op.query = values(place(after, limit)...)
	return one[app.Page[app.Note]](ctx, c, op)
}

// AddNote writes a note.
func (c *client) AddNote(ctx context.Context, reference, key string, body app.NoteBody) (app.Note, error) {
	return c.addNoteTo(ctx, incidents, reference, key, body)
}

// AddChangeNote writes a note at a change.
func (c *client) AddChangeNote(ctx context.Context, reference, key string, body app.NoteBody) (app.Note, error) {
	return c.addNoteTo(ctx, changes, reference, key, body)
}

func (c *client) addNoteTo(ctx context.Context, of, reference, key string, body app.NoteBody) (app.Note, error) {
	return one[app.Note](ctx, c, call{method: http.MethodPost, path: []string{of, reference, "notes"}, key: key, body: body})
}

// Attachments lists the files at a record.
func (c *client) Attachments(ctx context.Context, reference string) ([]app.Attachment, error) {
	return list[app.Attachment](ctx, c, get(incidents, reference, "attachments"))
}

// ChangeAttachments lists the files at a change.
func (c *client) ChangeAttachments(ctx context.Context, reference string) ([]app.Attachment, error) {
	return list[app.Attachment](ctx, c, get(changes, reference, "attachments"))
}

// AddAttachment sends a file; one whose content can be rewound is sent again where the connection breaks.
func (c *client) AddAttachment(ctx context.Context, reference, key string, upload app.Upload) (app.Attachment, error) {
	return c.attachTo(ctx, incidents, reference, key, upload)
}

// AddChangeAttachment sends a file to a change, as AddAttachment does.
func (c *client) AddChangeAttachment(ctx context.Context, reference, key string, upload app.Upload) (app.Attachment, error) {
	return c.attachTo(ctx, changes, reference, key, upload)
}

func (c *client) attachTo(ctx context.Context, of, reference, key string, upload app.Upload) (app.Attachment, error) {
	op := call{
		method: http.MethodPost, path: []string{of, reference, "attachments"}, key: key, long: true,
		query: values("name", upload.Name), content: upload.Content, media: upload.MediaType,
	}
	if op.media == "" {
		op.media = "application/octet-stream"
	}
	if upload.Public {
		op.query.Set("public", "true")
	}
	return one[app.Attachment](ctx, c, op)
}

// OpenAttachment gives a file's content as it arrives; the caller closes it.
func (c *client) OpenAttachment(ctx context.Context, reference, id string) (app.Attachment, io.ReadCloser, error) {
	return c.openAt(ctx, incidents, reference, id)
}

// OpenChangeAttachment gives the content of a file at a change as it arrives; the caller closes it.
func (c *client) OpenChangeAttachment(ctx context.Context, reference, id string) (app.Attachment, io.ReadCloser, error) {
	return c.openAt(ctx, changes, reference, id)
}

// RemoveAttachment takes a file away.
func (c *client) RemoveAttachment(ctx context.Context, reference, id string) error {
	return c.removeAt(ctx, incidents, reference, id)
}

// RemoveChangeAttachment takes a file of a change away.
func (c *client) RemoveChangeAttachment(ctx context.Context, reference, id string) error {
	return c.removeAt(ctx, changes, reference, id)
}

func (c *client) removeAt(ctx context.Context, of, reference, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: []string{of, reference, "attachments", id}})
	return err
}

func (c *client) openAt(ctx context.Context, of, reference, id string) (app.Attachment, io.ReadCloser, error) {
	files, err := list[app.Attachment](ctx, c, get(of, reference, "attachments"))
	if err != nil {
		return app.Attachment{}, nil, err
	}
	for _, file := range files {
		if file.ID == id {
			body, err := c.download(ctx, of, reference, file)
			return file, body, err
		}
	}
	return app.Attachment{}, nil, domain.Errorf(domain.CodeNotFound, "no attachment %s", id)
}

func (c *client) download(ctx context.Context, of, reference string, file app.Attachment) (io.ReadCloser, error) {
	op := get(of, reference, "attachments", file.ID)
	op.long = true
	if _, err := c.prepare(&op); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, c.timeout(op))
	response, err := c.send(bounded, op, nil)
	if err != nil {
		cancel()
		return nil, failure(ctx, err)
	}
	if response.StatusCode != http.StatusOK {
		defer cancel()
		defer response.Body.Close()
		content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return nil, failure(ctx, err)
		}
		return nil, refusal(response, content)
	}
	return &content{Reader: io.LimitReader(response.Body, file.Bytes), body: response.Body, cancel: cancel}, nil
}

// content is a file on its way: a body that ends its call when it is closed.
type content struct {
	io.Reader
	body   io.Closer
	cancel context.CancelFunc
}

func (c *content) Close() error {
	defer c.cancel()
	return c.body.Close()
}
