package web

import (
	"context"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	livePath = queuePath + "/:record/live"
	// beat is how often a silent stream shows that it lives.
	beat = 15 * time.Second
	// settle is how long after its beginning a stream looks for what happened between the page and itself.
	settle = time.Second
)

// livePaths are the streams, which last as long as somebody looks.
var livePaths = []string{livePath, queueLivePath, portalLivePath}

// changed renders the parts of a page that events can have changed.
type changed func(c *gin.Context, news []domain.StoredEvent) (templ.Component, error)

// live streams a record's page.
func (w *console) live(c *gin.Context) {
	w.stream(c, func(c *gin.Context, news []domain.StoredEvent) (templ.Component, error) {
		view, err := w.recordView(c)
		return liveParts(view, news), err
	})
}

// stream streams a page about a record: whenever an event of the record commits, the parts that can have changed are sent as
// they now are. The page says with ?seq= how far its timeline goes.
func (w *console) stream(c *gin.Context, parts changed) {
	record, err := w.Service.Incident(c.Request.Context(), c.Param("record"))
	if err != nil {
		w.fail(c, err)
		return
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	events, err := w.follow(ctx, app.EventQuery{Record: record.ID, After: c.GetHeader("Last-Event-ID")})
	if err != nil {
		w.fail(c, err)
		return
	}
	others, leave := w.viewers.join(record.ID, handleOf(c))
	defer leave()
	to := server.NewStream(c.Writer)
	alive, behind := time.NewTicker(beat), time.NewTimer(settle)
	defer alive.Stop()
	defer behind.Stop()
	seen, text := queryNumber(c, "seq"), ": welcome\n\n"
	for to.Send(text) == nil {
		id, viewing := "", false
		select {
		case <-others:
			viewing = true
		case event, open := <-events:
			if !open {
				return
			}
			id = event.ID
		case <-behind.C:
		case <-alive.C:
			text = ": alive\n\n"
			continue
		case <-ctx.Done():
			return
		}
		if err := w.renew(c); err != nil {
			return // the page asks again, and is told why
		}
		if viewing {
			text = w.viewing(c, record.ID)
			continue
		}
		text, seen = w.news(c, id, seen, parts)
	}
}

// viewing renders who else has the record open, for those who may know. The message has no id: it is not of the record's
// events, and is not asked for again.
func (w *console) viewing(c *gin.Context, record string) string {
	ctx := c.Request.Context()
	view, err := w.Service.Incident(ctx, record)
	text := ""
	if err == nil && isStaff(view) && c.FullPath() == livePath {
		text, err = message(ctx, "", viewersPart(w.viewers.others(record, handleOf(c))))
	}
	if err != nil && ctx.Err() == nil {
		w.Log.WarnContext(ctx, "who else views a record could not be shown", "error", err)
	}
	return text
}

// handleOf is the handle of whoever asks; signedIn has found them.
func handleOf(c *gin.Context) string {
	who, err := app.PrincipalFrom(c.Request.Context())
	if err != nil {
		return ""
	}
	return who.Handle
}

// renew finds out anew who looks, so that nothing is rendered for somebody who may not see it any more.
func (w *console) renew(c *gin.Context) error {
	principal, err := app.PrincipalFrom(c.Request.Context())
	if err != nil {
		return err
	}
	if principal, err = w.SignIns.Renew(c.Request.Context(), principal); err != nil {
		return err
	}
	c.Request = c.Request.WithContext(app.WithPrincipal(c.Request.Context(), principal))
	return nil
}

// follow hands a record's events on until the context ends, once it is known that they may be read. The channel is closed when
// the stream of events ends first.
func (w *console) follow(ctx context.Context, query app.EventQuery) (<-chan app.LiveEvent, error) {
	events, started, failed := make(chan app.LiveEvent), make(chan struct{}), make(chan error, 1)
	query.Started = func(string) { close(started) }
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
		failed <- err
		if err != nil && ctx.Err() == nil {
			w.Log.Info("a stream of events ended", "error", err)
		}
	}()
	select {
	case <-started:
		return events, nil
	case err := <-failed:
		return nil, err
	}
}

// news renders the changed parts of a record as one message, or nothing when the page has them all. It answers how far the
// timeline then goes.
func (w *console) news(c *gin.Context, id string, seen int64, parts changed) (string, int64) {
	ctx := c.Request.Context()
	page, err := w.Service.Timeline(ctx, c.Param("record"), seen, timelinePage)
	if err == nil && len(page.Items) == 0 {
		return "", seen
	}
	var part templ.Component
	if err == nil {
		part, err = parts(c, page.Items)
	}
	text := ""
	if err == nil {
		text, err = message(ctx, id, part)
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
