package client

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

func place(after int64, limit int) []string {
	pairs := []string{"limit", count(limit, mostItems)}
	if after > 0 {
		pairs = append(pairs, "after", strconv.FormatInt(after, 10))
	}
	return pairs
}

// Timeline reads a record's events after a place.
func (c *client) Timeline(ctx context.Context, reference string, after int64, limit int) (app.Page[domain.StoredEvent], error) {
	op := get(incidents, reference, "timeline")
	op.query = values(place(after, limit)...)
	return one[app.Page[domain.StoredEvent]](ctx, c, op)
}

// Notes reads a record's notes after a place.
func (c *client) Notes(ctx context.Context, reference string, after int64, limit int) (app.Page[app.Note], error) {
	op := get(incidents, reference, "notes")
	op.query = values(place(after, limit)...)
	return one[app.Page[app.Note]](ctx, c, op)
}

// AddNote writes a note.
func (c *client) AddNote(ctx context.Context, reference, key string, body app.NoteBody) (app.Note, error) {
	return one[app.Note](ctx, c, call{method: http.MethodPost, path: []string{incidents, reference, "notes"}, key: key, body: body})
}

// Links reads a record's links, seen from its end.
func (c *client) Links(ctx context.Context, reference string) ([]app.LinkRow, error) {
	return list[app.LinkRow](ctx, c, get(incidents, reference, "links"))
}

// Watchers lists who watches a record.
func (c *client) Watchers(ctx context.Context, reference string) ([]app.Watcher, error) {
	return list[app.Watcher](ctx, c, get(incidents, reference, "watchers"))
}

// Watch puts somebody on the list of watchers.
func (c *client) Watch(ctx context.Context, reference, person string) ([]app.Watcher, error) {
	return list[app.Watcher](ctx, c, call{method: http.MethodPut, path: []string{incidents, reference, "watchers", myself(person)}})
}

// Unwatch takes somebody off the list of watchers.
func (c *client) Unwatch(ctx context.Context, reference, person string) ([]app.Watcher, error) {
	return list[app.Watcher](ctx, c, call{method: http.MethodDelete, path: []string{incidents, reference, "watchers", myself(person)}})
}

func myself(person string) string {
	if person == "" {
		return "me"
	}
	return person
}

// Attachments lists the files at a record.
func (c *client) Attachments(ctx context.Context, reference string) ([]app.Attachment, error) {
	return list[app.Attachment](ctx, c, get(incidents, reference, "attachments"))
}

// AddAttachment sends a file; one whose content can be rewound is sent again where the connection breaks.
func (c *client) AddAttachment(ctx context.Context, reference, key string, upload app.Upload) (app.Attachment, error) {
	op := call{
		method: http.MethodPost, path: []string{incidents, reference, "attachments"}, key: key, long: true,
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
	files, err := c.Attachments(ctx, reference)
	if err != nil {
		return app.Attachment{}, nil, err
	}
	for _, file := range files {
		if file.ID == id {
			body, err := c.download(ctx, reference, file)
			return file, body, err
		}
	}
	return app.Attachment{}, nil, domain.Errorf(domain.CodeNotFound, "no attachment %s", id)
}

func (c *client) download(ctx context.Context, reference string, file app.Attachment) (io.ReadCloser, error) {
	op := get(incidents, reference, "attachments", file.ID)
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

// Answers suggests what helped others who reported something similar.
func (c *client) Answers(ctx context.Context, text, service string, limit int) ([]app.Answer, error) {
	op := get("answers")
	op.query = values("q", text, "service", service, "limit", count(limit, 20))
	return list[app.Answer](ctx, c, op)
}
