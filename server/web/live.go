package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	// livePath is the one connection of a browser, for all its pages: ?of= names what each of them listens to.
	livePath = "/live"
	// mostWatched and longestWatched bound what one connection listens to, and the address of each in bytes: all of it must fit
	// into the head of a request. The worker in assets/worker/live.js knows both.
	mostWatched, longestWatched = 12, 4 << 10
	// reach is how many events may lie between a page and now for it to be told of those alone.
	reach = 2000
	// beat is how often a silent connection shows that it lives, and how far it is.
	beat = 15 * time.Second
)

// livePaths are the streams, which last as long as somebody looks.
var livePaths = []string{livePath}

// watched is what one page shows, and hears of when it changes.
type watched interface {
	// begin answers what the page lacks when it begins to listen. A page that resumes is told of the events that it missed;
	// any other is compared with how things stand.
	begin(ctx context.Context, resumes bool) (templ.Component, error)
	// wants reports whether an event can matter to the page, whoever looks: all others are passed over unread.
	wants(event app.StreamedEvent) bool
	// concerns takes an event that it wants and the viewer may see, and answers how soon the page is to be told; 0: it is not of the page.
	concerns(event app.LiveEvent) time.Duration
	// tell answers what changed since it was asked last; nil where nothing did.
	tell(ctx context.Context) (templ.Component, error)
}

// aging is a page that changes by time alone as well.
type aging interface {
	// ages is how often it is to be told though nothing happened; 0: never.
	ages() time.Duration
}

// watchable are the addresses that a page can listen to, as ?of= says them, and who reads them. Whatever the page itself would
// refuse is refused here, by the same reading.
var watchable = []struct {
	pattern string
	open    func(w *console, page *gin.Context) (watched, error)
}{
	{queueLivePath, (*console).watchQueue},
	{recordLivePath, (*console).watchRecord},
	{portalLivePath, (*console).watchPortal},
	{homeLivePath, (*console).watchHome},
	{escalationsLivePath, (*console).watchEscalations},
	{escalationLivePath, (*console).watchEscalation},
	{changesLivePath, (*console).watchChanges},
	{boardLivePath, (*console).watchBoard}, // before those of single changes, whose pattern fits as well
	{calendarLivePath, (*console).watchCalendar},
	{changeLivePath, (*console).watchChange},
	{approvalsLivePath, (*console).watchApprovals},
	{meetingsLivePath, (*console).watchMeetings},
	{meetingLivePath, (*console).watchMeeting},
}

// watch is one of the things that a connection listens to.
type watch struct {
	watched
	// name is how messages say which it is: its number in the order of ?of=.
	name string
	// since is the place up to which the page knows everything; empty: it has just been made.
	since string
	// due is when the page is to be told of something, zero: there is nothing; behind is the place before the first of it.
	due    time.Time
	behind string
	// again is when it is to be told though nothing happened; zero: never.
	again time.Time
	// refused says why nothing is shown of it, or not any more.
	refused error
}

// watches reads from the address what the connection listens to. It fails with malformed for what no page has; what this viewer
// may not see, or not any more, is told with the rest.
func (w *console) watches(c *gin.Context) ([]*watch, error) {
	asked := c.QueryArray("of")
	if len(asked) > mostWatched {
		return nil, domain.Errorf(domain.CodeMalformed, "one connection listens to %d things at most", mostWatched)
	}
	all := make([]*watch, 0, len(asked))
	for i, address := range asked {
		one, err := w.listenTo(c, address)
		if err != nil && domain.CodeOf(err) == domain.CodeMalformed {
			return nil, err
		}
		if one == nil {
			one = &watch{}
		}
		one.name, one.refused = strconv.Itoa(i), err
		all = append(all, one)
	}
	if len(all) > 0 && !slices.ContainsFunc(all, func(one *watch) bool { return one.refused == nil }) {
		return nil, all[0].refused
	}
	return all, nil
}

// listenTo opens what one address names.
func (w *console) listenTo(c *gin.Context, address string) (*watch, error) {
	place, err := url.Parse(address)
	if err == nil {
		err = server.CheckURL(place)
	}
	if err != nil || len(address) > longestWatched || place.IsAbs() || place.Host != "" {
		return nil, domain.Errorf(domain.CodeMalformed, "of is not the address of something to listen to")
	}
	for _, kind := range watchable {
		record, fits := matches(kind.pattern, place.Path)
		if !fits {
			continue
		}
		page := c.Copy()
		page.Request = c.Request.Clone(c.Request.Context())
		page.Request.URL = place
		page.Params = gin.Params{{Key: "record", Value: record}}
		what, err := kind.open(w, page)
		if err != nil {
			return nil, err
		}
		one := &watch{watched: what, since: page.Query("since")}
		if one.since == "" {
			one.since = c.GetHeader("Last-Event-ID")
		}
		return one, nil
	}
	return nil, domain.Errorf(domain.CodeMalformed, "there is nothing to listen to at %s", place.Path)
}

// matches reports whether a path is one of a pattern with at most one name in it, and what stands there.
func matches(pattern, path string) (record string, fits bool) {
	before, after, named := strings.Cut(pattern, ":record")
	if !named {
		return "", path == pattern
	}
	record, begins := strings.CutPrefix(path, before)
	record, ends := strings.CutSuffix(record, after)
	return record, begins && ends && record != "" && !strings.Contains(record, "/")
}

// dirty notes that the page is to be told at a moment, or sooner if it is to be anyway.
func (o *watch) dirty(at time.Time, behind string) {
	if o.due.IsZero() {
		o.behind = behind
	}
	if o.due.IsZero() || at.Before(o.due) {
		o.due = at
	}
}

// ages notes when the page is to be told again though nothing happens.
func (o *watch) ages(now time.Time) {
	if one, does := o.watched.(aging); does && one.ages() > 0 {
		o.again = now.Add(one.ages())
	}
}

// comes is when the page is to be told next.
func (o *watch) comes() (at time.Time, waits bool) {
	if o.refused == nil && !o.again.IsZero() && (o.due.IsZero() || o.again.Before(o.due)) {
		return o.again, true
	}
	return o.due, !o.due.IsZero()
}

// missing reports whether an error ends a part of a connection: what it showed is not the viewer's any more.
func missing(err error) bool {
	code := domain.CodeOf(err)
	return err != nil && (code == domain.CodeNotFound || code == domain.CodeForbidden)
}

// message makes a server-sent event of a part of a page, named after whom it is for.
func message(ctx context.Context, name string, part templ.Component) (string, error) {
	var html strings.Builder
	if err := part.Render(ctx, &html); err != nil {
		return "", err
	}
	return eventOf(name, html.String()), nil
}

// eventOf writes a server-sent event.
func eventOf(name, data string) string {
	var text strings.Builder
	text.WriteString("event: " + name + "\n")
	// A bare carriage return ends a line of the stream as well.
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data), "\n") {
		text.WriteString("data: " + line + "\n")
	}
	text.WriteString("\n")
	return text.String()
}

// handleOf is the handle of whoever asks; signedIn has found them.
func handleOf(c *gin.Context) string {
	who, err := app.PrincipalFrom(c.Request.Context())
	if err != nil {
		return ""
	}
	return who.Handle
}
