package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/server"
)

// papers are the notes and files at the records of one practice: where they lie, and what reads and adds them.
type papers struct {
	// path leads to a record, of names the practice in the ids of operations, and tag is the group that they stand in.
	path, of, tag string
	// summary says what a note is, upload what comes of a file.
	summary, upload string
	// read opens them; note adds what everybody reads, and add what else there is.
	read, note, add app.Permission

	notes       func(service app.Service, ctx context.Context, reference string, after int64, limit int) (app.Page[app.Note], error)
	addNote     func(service app.Service, ctx context.Context, reference, key string, body app.NoteBody) (app.Note, error)
	attachments func(service app.Service, ctx context.Context, reference string) ([]app.Attachment, error)
	attach      func(service app.Service, ctx context.Context, reference, key string, upload app.Upload) (app.Attachment, error)
	open        func(service app.Service, ctx context.Context, reference, id string) (app.Attachment, io.ReadCloser, error)
	remove      func(service app.Service, ctx context.Context, reference, id string) error
}

// attachmentsPaths are where files lie. Their bodies are read as they come.
var attachmentsPaths = []string{"/incidents/{id}/attachments", "/changes/{id}/attachments"}

func (a *API) allPapers() {
	a.papers(papers{
		path: "/incidents/{id}", tag: "Parts", read: app.PermissionIncidentRead, note: app.PermissionNoteWrite, add: app.PermissionNoteWrite,
		summary: "Add a note; the requester's public note is a reply", upload: "Attach a file; the body is its content",
		notes: app.Service.Notes, addNote: app.Service.AddNote, attachments: app.Service.Attachments, attach: app.Service.AddAttachment, open: app.Service.OpenAttachment,
		remove: app.Service.RemoveAttachment,
	})
	a.papers(papers{
		path: "/changes/{id}", of: "change-", tag: "Changes", read: app.PermissionChangeRead, note: app.PermissionChangeNote, add: app.PermissionChangeAnnotate,
		summary: "Add a note; it voids no vote",
		upload:  "Attach a file; the body is its content. Until the change has been carried out, votes about its scope become void",
		notes:   app.Service.ChangeNotes, addNote: app.Service.AddChangeNote, attachments: app.Service.ChangeAttachments,
		attach: app.Service.AddChangeAttachment, open: app.Service.OpenChangeAttachment, remove: app.Service.RemoveChangeAttachment,
	})
}

// papers registers the notes and the files of one practice.
func (a *API) papers(p papers) {
	register(a, operation(http.MethodGet, p.path+"/notes", "read-"+p.of+"notes", "Notes, oldest first", p.tag, p.read),
		func(ctx context.Context, in *ByPage) (*answer[app.Page[app.Note]], error) {
			return answered(p.notes(a.Service, ctx, in.ID, in.After, in.Limit))
		})
	note := operation(http.MethodPost, p.path+"/notes", "add-"+p.of+"note", p.summary, p.tag, p.note)
	note.DefaultStatus = http.StatusCreated
	register(a, note, func(ctx context.Context, in *struct {
		ByRecord
		Key  string `header:"Idempotency-Key" maxLength:"255"`
		Body app.NoteBody
	},
	) (*answer[app.Note], error) {
		return answered(p.addNote(a.Service, ctx, in.ID, in.Key, in.Body))
	})
	a.files(p)
}

func (a *API) files(p papers) {
	path := p.path + "/attachments"
	register(a, operation(http.MethodGet, path, "read-"+p.of+"attachments", "Attached files", p.tag, p.read),
		func(ctx context.Context, in *ByRecord) (*list[app.Attachment], error) {
			return listed(p.attachments(a.Service, ctx, in.ID))
		})
	add := operation(http.MethodPost, path, "add-"+p.of+"attachment", p.upload, p.tag, p.add, http.StatusRequestEntityTooLarge)
	add.DefaultStatus = http.StatusCreated
	add.RequestBody = &huma.RequestBody{Required: true, Content: rawContent()}
	register(a, add, func(ctx context.Context, in *uploadInput) (*answer[app.Attachment], error) {
		return answered(p.attach(a.Service, ctx, in.ID, in.Key, app.Upload{
			Name: in.Name, Public: in.Public, MediaType: mediaType(in.ContentType), Content: in.content,
		}))
	})
	get := operation(http.MethodGet, path+"/{attachment}", "read-"+p.of+"attachment", "The content of an attached file", p.tag, p.read)
	get.Responses = map[string]*huma.Response{"200": {Description: "The content", Content: rawContent()}}
	huma.Register(a.API, get, func(ctx context.Context, in *byAttachment) (*huma.StreamResponse, error) {
		file, content, err := p.open(a.Service, ctx, in.ID, in.Attachment)
		if err != nil {
			return nil, server.ProblemOf(err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { a.send(hc, file, content) }}, nil
	})
	register(a, operation(http.MethodDelete, path+"/{attachment}", "remove-"+p.of+"attachment",
		"Take an attached file away for good; the timeline keeps its name and digest. Whoever attached it may, and those who lead, until the record is over", p.tag, p.add),
		func(ctx context.Context, in *byAttachment) (*struct{}, error) {
			return &struct{}{}, p.remove(a.Service, ctx, in.ID, in.Attachment)
		})
}

// byAttachment names a file at a record.
type byAttachment struct {
	ByRecord
	Attachment string `path:"attachment" maxLength:"64"`
}

// rawContent describes a body that is the content of a file.
func rawContent() map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}
}
