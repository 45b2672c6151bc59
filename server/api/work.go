package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// work registers what is to be done, what is waited for, search and the live events.
func (a *API) work() {
	read := app.PermissionIncidentRead
	register(a, operation(http.MethodGet, "/work", "read-work", "My work and my teams'", "Work", read),
		func(ctx context.Context, _ *struct{}) (*answer[app.WorkView], error) {
			return answered(a.Service.Work(ctx))
		})
	register(a, operation(http.MethodGet, "/waiting", "read-waiting", "Everything that the platform waits for, the next first", "Work", read),
		func(ctx context.Context, in *struct {
			Team     string    `query:"team" maxLength:"200"`
			Assignee string    `query:"assignee" maxLength:"200"`
			Service  string    `query:"service" maxLength:"200"`
			Name     string    `query:"name" maxLength:"100" doc:"Of the deadline: triage, auto_close, …"`
			Until    time.Time `query:"until"`
			Cursor   string    `query:"cursor" maxLength:"500"`
			Limit    int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
		},
		) (*answer[app.Page[app.WaitingRow]], error) {
			return answered(a.Service.Waiting(ctx, app.WaitingQuery{
				Team: in.Team, Assignee: in.Assignee, Service: in.Service, Name: in.Name,
				Until: moment(in.Until), Cursor: in.Cursor, Limit: in.Limit,
			}))
		})
	register(a, operation(http.MethodGet, "/search", "search", "Find records by number or words", "Work", read),
		func(ctx context.Context, in *struct {
			Text  string `query:"q" required:"true" maxLength:"500"`
			Limit int    `query:"limit" minimum:"1" maximum:"200" default:"20"`
		},
		) (*list[app.FoundRow], error) {
			return listed(a.Service.Search(ctx, in.Text, in.Limit))
		})
	a.events()
}

// beat is how often a silent stream shows that it lives.
const beat = 15 * time.Second

func (a *API) events() {
	op := operation(http.MethodGet, "/events", "read-events", "Events as they commit (server-sent events)", "Work", app.PermissionEventsRead)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A stream of events; the id of each is its Last-Event-ID",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}}
	huma.Register(a.API, op, func(_ context.Context, in *struct {
		After    string `header:"Last-Event-ID" maxLength:"64"`
		Record   string `query:"record" maxLength:"64"`
		Service  string `query:"service" maxLength:"200"`
		Practice string `query:"practice" maxLength:"40"`
	},
	) (*huma.StreamResponse, error) {
		query := app.EventQuery{After: in.After, Record: in.Record, Service: in.Service, Practice: domain.Practice(in.Practice)}
		return &huma.StreamResponse{Body: func(hc huma.Context) { a.stream(hc, query) }}, nil
	})
}

// stream writes events until the reader leaves. It holds nothing back: a slow reader reads later from the table.
func (a *API) stream(hc huma.Context, query app.EventQuery) {
	c := humagin.Unwrap(hc)
	writer := http.NewResponseController(c.Writer)
	if err := writer.SetWriteDeadline(time.Time{}); err != nil {
		a.Log.Debug("the write deadline could not be lifted", "error", err)
	}
	c.Header("Content-Type", "text/event-stream")
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	lines := make(chan string)
	go func() {
		defer close(lines)
		err := a.Service.Events(ctx, query, func(event app.LiveEvent) error {
			text, err := lineOf(event)
			if err != nil {
				return err
			}
			select {
			case lines <- text:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil && ctx.Err() == nil {
			a.Log.Warn("a stream of events ended", "error", err)
		}
	}()
	alive := time.NewTicker(beat)
	defer alive.Stop()
	text := ": welcome\n\n"
	for {
		if _, err := c.Writer.WriteString(text); err != nil {
			return
		}
		if err := writer.Flush(); err != nil {
			return
		}
		var open bool
		select {
		case text, open = <-lines:
			if !open {
				return
			}
		case <-alive.C:
			text = ": alive\n\n"
		case <-ctx.Done():
			return
		}
	}
}

func lineOf(event app.LiveEvent) (string, error) {
	data, err := json.Marshal(event)
	if err != nil {
		return "", fmt.Errorf("encoding an event: %w", err)
	}
	return "id: " + event.ID + "\nevent: " + strings.ReplaceAll(event.Type, "\n", " ") + "\ndata: " + string(data) + "\n\n", nil
}
