package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
)

const (
	livePath = "/incidents/:record/live"
	// beat is how often a silent stream shows that it lives.
	beat = 15 * time.Second
	// settle is how long after its beginning a stream looks for what happened between the page and itself.
	settle = time.Second
)

// live streams a record's page: whenever an event of the record commits, the parts that can have changed are sent as they
// now are. The page says with ?seq= how far its timeline goes.
func (w *console) live(c *gin.Context) {
	record, err := w.Service.Incident(c.Request.Context(), c.Param("record"))
	if err != nil {
		w.fail(c, err)
		return
	}
	writer := http.NewResponseController(c.Writer)
	if err := writer.SetWriteDeadline(time.Time{}); err != nil {
		w.Log.Debug("the write deadline could not be lifted", "error", err)
	}
	c.Header("Content-Type", "text/event-stream")
	c.Header("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	events := w.follow(ctx, app.EventQuery{Record: record.ID, After: c.GetHeader("Last-Event-ID")})
	alive, behind := time.NewTicker(beat), time.NewTimer(settle)
	defer alive.Stop()
	defer behind.Stop()
	seen, text := queryNumber(c, "seq"), ": welcome\n\n"
	for {
		if _, err := c.Writer.WriteString(text); err != nil {
			return
		}
		if err := writer.Flush(); err != nil {
			return
		}
		text = ""
		select {
		case event, open := <-events:
			if !open {
				return
			}
			text, seen = w.news(c, event.ID, seen)
		case <-behind.C:
			text, seen = w.news(c, "", seen)
		case <-alive.C:
			text = ": alive\n\n"
		case <-ctx.Done():
			return
		}
	}
}

// follow hands a record's events on until the context ends; the channel is closed when the stream of events ends first.
func (w *console) follow(ctx context.Context, query app.EventQuery) <-chan app.LiveEvent {
	events := make(chan app.LiveEvent)
	go func() {
		defer close(events)
		err := w.Service.Events(ctx, query, func(event app.LiveEvent) error {
			select {
			case events <- event:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("a stream of events ended", "error", err)
		}
	}()
	return events
}

// news renders the changed parts of a record as one message, or nothing when the page has them all. It answers how far the
// timeline then goes.
func (w *console) news(c *gin.Context, id string, seen int64) (string, int64) {
	ctx := c.Request.Context()
	page, err := w.Service.Timeline(ctx, c.Param("record"), seen, timelinePage)
	if err == nil && len(page.Items) == 0 {
		return "", seen
	}
	var view recordView
	if err == nil {
		view, err = w.recordView(c)
	}
	text := ""
	if err == nil {
		text, err = message(ctx, id, liveParts(view, page.Items))
	}
	if err != nil {
		if ctx.Err() == nil { // else the viewer has left
			w.Log.WarnContext(ctx, "a live page could not be brought up to date; the next event tries again", "error", err)
		}
		return "", seen
	}
	return text, page.Items[len(page.Items)-1].Seq
}

// message makes a server-sent event of a part of a page; it has no name, so that htmx swaps it in.
func message(ctx context.Context, id string, part templ.Component) (string, error) {
	var html strings.Builder
	if err := part.Render(ctx, &html); err != nil {
		return "", err
	}
	var text strings.Builder
	if id != "" {
		text.WriteString("id: " + id + "\n")
	}
	// A bare carriage return ends a line of the stream as well.
	lines := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(html.String())
	for line := range strings.SplitSeq(lines, "\n") {
		text.WriteString("data: " + line + "\n")
	}
	text.WriteString("\n")
	return text.String(), nil
}
