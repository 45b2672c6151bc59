package web

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// rightsLast is how long it counts who a viewer is for lists that change all the time: two hundred who watch a busy queue would
// otherwise ask for it a thousand times a second. Everything else asks before it sends.
const rightsLast = time.Second

// tryAgain is how soon a page is told again that could not be.
const tryAgain = 2 * time.Second

// liveConnection tells the pages of one browser what happens to what they show. Nothing of it is kept on the server: whatever
// process answers the browser next goes on from the places that it names.
type liveConnection struct {
	*console
	c       *gin.Context
	to      *server.Stream
	watches []*watch
	// at is the last event taken, sent the last place told; passed is the last event that concerned nobody.
	at, sent string
	passed   atomic.Pointer[string]
	// wake says that it changed who has a record open.
	wake chan struct{}
	// rung says that it changed how much the viewer has not read.
	rung    chan struct{}
	renewed time.Time
}

// live is the connection. ?as= names whom the pages were made for: a browser whose person changed gets nothing under old pages.
func (w *console) live(c *gin.Context) {
	if as := c.Query("as"); as != "" && as != handleOf(c) {
		w.fail(c, domain.Errorf(domain.CodeUnauthenticated, "somebody else has signed in here"))
		return
	}
	watches, err := w.watches(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	l := &liveConnection{console: w, c: c, watches: watches, wake: make(chan struct{}, 1), rung: make(chan struct{}, 1), renewed: time.Now()}
	after := l.earliest()
	events, err := l.follow(ctx, after)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.Metrics.LiveBegan()
	defer w.Metrics.LiveEnded()
	for _, one := range watches {
		if of, single := one.watched.(*watchedRecord); single && one.refused == nil {
			defer of.join(l.wake)()
		}
	}
	defer w.bells.join(ctx, handleOf(c), l.rung)()
	// From here on nothing is missed, so that what happened between a page and this moment can be looked up.
	lacks, err := l.begin(ctx, after != "" && l.at == after)
	if err != nil {
		w.fail(c, err)
		return
	}
	l.to = server.NewStream(c.Writer)
	if l.send(": welcome\n\n"+lacks) == nil {
		l.run(ctx, events)
	}
}

// earliest is the first of the places from which pages go on; empty: there is none.
func (l *liveConnection) earliest() string {
	first := ""
	for _, one := range l.watches {
		if one.since != "" && (first == "" || app.PlaceBefore(one.since, first)) {
			first = one.since
		}
	}
	return first
}

// onlyWanted passes over the events that concern no page, and keeps the place of the last of them.
func (l *liveConnection) onlyWanted() func(app.StreamedEvent) bool {
	shown := slices.DeleteFunc(slices.Clone(l.watches), func(one *watch) bool { return one.refused != nil })
	return func(event app.StreamedEvent) bool {
		if slices.ContainsFunc(shown, func(one *watch) bool { return one.wants(event) }) {
			return true
		}
		place := app.PlaceOf(event)
		l.passed.Store(&place)
		return false
	}
}

// follow hands events on until the context ends, once it is known that they may be read. The channel is closed when the stream of
// events ends first: it has no room, so that a browser that reads slowly holds nothing but its own place up.
func (l *liveConnection) follow(ctx context.Context, after string) (<-chan app.LiveEvent, error) {
	events, started, failed := make(chan app.LiveEvent), make(chan string, 1), make(chan error, 1)
	query := app.EventQuery{After: after, Within: reach, Only: l.onlyWanted(), Started: func(place string) { started <- place }}
	go func() {
		defer close(events)
		err := l.Service.Events(ctx, query, func(event app.LiveEvent) error {
			select {
			case events <- event:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		failed <- err
		if err != nil && ctx.Err() == nil {
			l.Log.InfoContext(ctx, "a stream of events ended", "error", err)
		}
	}()
	select {
	case l.at = <-started:
		return events, nil
	case err := <-failed:
		return nil, err
	}
}

// begin is what each page lacks. It fails where that cannot be found out now.
func (l *liveConnection) begin(ctx context.Context, resumes bool) (string, error) {
	text := ""
	for _, one := range l.watches {
		if one.refused == nil && one.since != "" && !resumes {
			text += eventOf(one.name+"-whole", "What was missed is too long ago to be told piece by piece; all of it is looked up anew.")
		}
		lacks, err := l.part(ctx, one, func() (templ.Component, error) { return one.begin(ctx, resumes && one.since != "") })
		if err != nil {
			return "", err
		}
		text += lacks
		one.ages(time.Now())
	}
	return text, nil
}

// run tells the pages what happens until the browser leaves, is too slow, or may not read any more.
func (l *liveConnection) run(ctx context.Context, events <-chan app.LiveEvent) {
	alive, due := time.NewTicker(beat), time.NewTimer(time.Hour)
	defer alive.Stop()
	defer due.Stop()
	for {
		next, waits := l.next()
		if waits {
			due.Reset(time.Until(next))
		} else {
			due.Stop()
		}
		text := ""
		select {
		case event, open := <-events:
			if !open {
				return // the browser asks again, and is told why
			}
			l.take(event)
			continue
		case <-due.C:
		case <-l.wake:
			text = l.viewing(ctx)
		case <-l.rung:
			text = l.ring(ctx)
		case <-alive.C:
			text = ": alive\n\n"
		case <-ctx.Done():
			return
		}
		news, err := l.news(ctx)
		if err != nil || l.send(text+news) != nil {
			return
		}
	}
}

// next is when the next page is to be told of something.
func (l *liveConnection) next() (at time.Time, waits bool) {
	for _, one := range l.watches {
		if comes, some := one.comes(); some && (!waits || comes.Before(at)) {
			at, waits = comes, true
		}
	}
	return at, waits
}

// take notes an event for the pages that it concerns.
func (l *liveConnection) take(event app.LiveEvent) {
	now := time.Now()
	for _, one := range l.watches {
		if one.refused != nil || !one.wants(event.StreamedEvent) || one.since != "" && !app.PlaceBefore(one.since, event.ID) {
			continue
		}
		if wait := one.concerns(event); wait > 0 {
			one.dirty(now.Add(wait), l.at)
		}
	}
	l.at = event.ID
}

// news is what is to be told by now. It fails when the viewer may read nothing any more.
func (l *liveConnection) news(ctx context.Context) (string, error) {
	text, now := "", time.Now()
	for _, one := range l.watches {
		if comes, some := one.comes(); !some || comes.After(now) {
			continue
		}
		_, list := one.watched.(*watchedQueue)
		if err := l.renew(!list); err != nil {
			return "", err
		}
		behind := one.behind
		if behind == "" {
			behind = l.at // nothing happened that it was not told
		}
		one.due, one.behind = time.Time{}, ""
		one.ages(now)
		part, err := l.part(l.c.Request.Context(), one, func() (templ.Component, error) { return one.tell(l.c.Request.Context()) })
		if err != nil {
			if ctx.Err() != nil {
				return "", err // the viewer has left
			}
			l.Log.WarnContext(ctx, "a live page could not be brought up to date; it is tried again", "error", err)
			one.dirty(now.Add(tryAgain), behind)
		}
		text += part
	}
	return text, nil
}

// renew finds out anew who looks, so that nothing is rendered for somebody who may not see it any more.
func (l *liveConnection) renew(always bool) error {
	if !always && time.Since(l.renewed) <= rightsLast {
		return nil
	}
	principal, err := app.PrincipalFrom(l.c.Request.Context())
	if err != nil {
		return err
	}
	if principal, err = l.SignIns.Renew(l.c.Request.Context(), principal); err != nil {
		return err
	}
	l.c.Request = l.c.Request.WithContext(app.WithPrincipal(l.c.Request.Context(), principal))
	l.renewed = time.Now()
	return nil
}

// part makes the message of what a page is to be told, and ends it where that is not the viewer's any more.
func (l *liveConnection) part(ctx context.Context, one *watch, tell func() (templ.Component, error)) (string, error) {
	if one.refused != nil {
		return l.refusal(one), nil
	}
	part, err := tell()
	if missing(err) {
		one.refused = err
		return l.refusal(one), nil
	}
	if err != nil || part == nil {
		return "", err
	}
	return message(ctx, one.name, part)
}

// refusal tells a page that it hears nothing any more.
func (l *liveConnection) refusal(one *watch) string {
	one.due, one.behind = time.Time{}, ""
	return eventOf(one.name+"-end", sentence(server.ProblemOf(one.refused).Detail))
}

// viewing tells the pages of records who else has them open.
func (l *liveConnection) viewing(ctx context.Context) string {
	if err := l.renew(true); err != nil {
		return "" // what comes next finds it out as well
	}
	text := ""
	for _, one := range l.watches {
		of, single := one.watched.(*watchedRecord)
		if !single || one.refused != nil {
			continue
		}
		part, err := l.part(ctx, one, func() (templ.Component, error) { return of.viewing(l.c.Request.Context()) })
		if err != nil && ctx.Err() == nil {
			l.Log.WarnContext(ctx, "who else views a record could not be shown", "error", err)
		}
		text += part
	}
	return text
}

// ring tells all pages of the connection how much the viewer has not read.
func (l *liveConnection) ring(ctx context.Context) string {
	unread, known := l.bells.unread(handleOf(l.c))
	if !known || l.renew(true) != nil {
		return "" // what comes next finds out why
	}
	text, err := message(l.c.Request.Context(), "bell", bellNews(unread))
	if err != nil {
		l.Log.WarnContext(ctx, "the bell could not be shown", "error", err)
	}
	return text
}

// send sends a piece, and how far the pages then are: whatever lies up to that place was told to all of them.
func (l *liveConnection) send(text string) error {
	place := l.at
	if passed := l.passed.Load(); passed != nil && app.PlaceBefore(place, *passed) {
		place = *passed
	}
	for _, one := range l.watches {
		if !one.due.IsZero() && app.PlaceBefore(one.behind, place) {
			place = one.behind
		}
	}
	if text != "" && place != l.sent {
		text += "id: " + place + "\n\n"
		l.sent = place
	}
	return l.to.Send(text)
}
