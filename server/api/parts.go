package api

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// ByPage is the path and the place of an operation on a part of a record.
type ByPage struct {
	ByRecord
	After int64 `query:"after" minimum:"0" doc:"Number of the last event seen"`
	Limit int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// parts registers what hangs at a record and decides nothing.
func (a *API) parts() {
	read := app.PermissionIncidentRead
	register(a, operation(http.MethodGet, "/incidents/{id}/timeline", "read-timeline", "What happened, oldest first", "Parts", read),
		func(ctx context.Context, in *ByPage) (*answer[app.Page[domain.StoredEvent]], error) {
			return answered(a.Service.Timeline(ctx, in.ID, in.After, in.Limit))
		})
	register(a, operation(http.MethodGet, "/answers", "find-answers", "What helped others who reported something similar: public notes that staff marked as answers", "Parts", read),
		func(ctx context.Context, in *struct {
			Text    string `query:"q" maxLength:"2000"`
			Service string `query:"service" maxLength:"100"`
			Limit   int    `query:"limit" minimum:"1" maximum:"20" default:"5"`
		},
		) (*list[app.Answer], error) {
			return listed(a.Service.Answers(ctx, in.Text, in.Service, in.Limit))
		})
	register(a, operation(http.MethodGet, "/incidents/{id}/links", "read-links", "Links, seen from this end", "Parts", read),
		func(ctx context.Context, in *ByRecord) (*list[app.LinkRow], error) {
			return listed(a.Service.Links(ctx, in.ID))
		})
	a.watchers(watchers{
		path: "/incidents/{id}", tag: "Parts", read: read,
		list: app.Service.Watchers, watch: app.Service.Watch, unwatch: app.Service.Unwatch,
	})
	a.watchers(watchers{
		path: "/changes/{id}", of: "change", tag: "Changes", read: app.PermissionChangeRead,
		list: app.Service.ChangeWatchers, watch: app.Service.WatchChange, unwatch: app.Service.UnwatchChange,
	})
}

// uploadInput is a file on its way: its content is read as it comes, once the service knows that it may be added.
type uploadInput struct {
	ByRecord
	Name        string `query:"name" required:"true" maxLength:"255"`
	Public      bool   `query:"public"`
	ContentType string `header:"Content-Type" maxLength:"200"`
	Key         string `header:"Idempotency-Key" maxLength:"255"`

	content io.Reader
}

// Resolve takes the body over from huma, which would hold the whole of it.
func (in *uploadInput) Resolve(hc huma.Context) []error {
	in.content = server.Patient(hc.BodyReader(), hc.SetReadDeadline)
	return nil
}

// send gives a file as a download, never to be shown by a browser as a page of ours.
func (a *API) send(hc huma.Context, file app.Attachment, content io.ReadCloser) {
	defer func() {
		if err := content.Close(); err != nil {
			a.Log.Warn("an attachment could not be closed", "error", err)
		}
	}()
	w := humagin.Unwrap(hc).Writer
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	w.Header().Set("Content-Length", strconv.FormatInt(file.Bytes, 10))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := io.Copy(w, content); err != nil {
		a.Log.Debug("an attachment was not sent whole", "error", err)
	}
}

func mediaType(header string) string {
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		return "application/octet-stream"
	}
	return media
}
