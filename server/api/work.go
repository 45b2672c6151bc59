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
	"github.com/holdfast-itsm/holdfast/server"
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

const eventsPath = "/events"

// beat is how often a silent stream shows that it lives.
const beat = 15 * time.Second

func (a *API) events() {
	op := operation(http.MethodGet, eventsPath, "read-events", "Events as they commit (server-sent events)", "Work", app.PermissionEventsRead)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A stream of events; the id of each is its Last-Event-ID",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}}
	huma.Register(a.API, op, func(ctx context.Context, in *struct {
		After    string `header:"Last-Event-ID" maxLength:"64" doc:"Go on after this event; 0: from the first; left out: from now"`
		Record   string `query:"record" maxLength:"64"`
		Service  string `query:"service" maxLength:"200"`
		Practice string `query:"practice" maxLength:"40"`
	},
	) (*huma.StreamResponse, error) {
		lines, err := a.openStream(ctx, app.EventQuery{After: in.After, Record: in.Record, Service: in.Service, Practice: domain.Practice(in.Practice)})
		if err != nil {
			return nil, server.ProblemOf(err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { a.stream(hc, lines) }}, nil
	})
}

// openStream begins to read events and answers as soon as it is known that they may be read.
func (a *API) openStream(ctx context.Context, query app.EventQuery) (<-chan string, error) {
	lines, started, failed := make(chan string, 1), make(chan struct{}), make(chan error, 1)
	query.Started = func(place string) {
		lines <- "id: " + place + "\n\n" // a reader that is cut off before the first event goes on from here
		close(started)
	}
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
		failed <- err
		if err != nil && ctx.Err() == nil {
			a.Log.Info("a stream of events ended", "error", err)
		}
	}()
	select {
	case <-started:
		return lines, nil
	case err := <-failed:
		return nil, err
	}
}

// stream writes events until the reader leaves, is too slow, or may not read any more.
func (a *API) stream(hc huma.Context, lines <-chan string) {
	c := humagin.Unwrap(hc)
	to := server.NewStream(c.Writer)
	alive := time.NewTicker(beat)
	defer alive.Stop()
	text := ": welcome\n\n"
	for to.Send(text) == nil {
		var open bool
		select {
		case text, open = <-lines:
			if !open {
				return
			}
		case <-alive.C:
			text = ": alive\n\n"
		case <-c.Request.Context().Done():
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
