package web

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	// gather is how long changes of a queue are gathered before its viewer is told.
	gather = 200 * time.Millisecond
	// rightsLast is how long it counts who a viewer is and what they may read: two hundred who watch a busy queue would
	// otherwise ask for it a thousand times a second.
	rightsLast = time.Second
)

// queueLive streams what happens to a queue: rows that changed are sent to be put in their place, and records that came into
// the list are counted, for the viewer to have them shown. A row never moves by itself.
func (w *console) queueLive(c *gin.Context) {
	f, _, err := w.asked(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	events, err := w.follow(ctx, app.EventQuery{Practice: domain.Incident})
	if err != nil {
		w.fail(c, err)
		return
	}
	// From here on nothing is missed, so that what happened between the page and this moment can be looked up.
	list, err := w.newLiveList(c, f)
	text := ""
	if err == nil {
		text, err = list.catchUp(ctx)
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	to := server.NewStream(c.Writer)
	alive, tell := time.NewTicker(beat), time.NewTimer(time.Hour)
	tell.Stop()
	defer alive.Stop()
	defer tell.Stop()
	changed, renewed := map[string]app.LiveEvent{}, w.Now()
	text = ": welcome\n\n" + text
	for to.Send(text) == nil {
		text = ""
		select {
		case event, open := <-events:
			if !open {
				return
			}
			if len(changed) == 0 {
				tell.Reset(gather)
			}
			changed[event.Number] = event
			continue
		case <-alive.C:
			text = ": alive\n\n"
			continue
		case <-tell.C:
		case <-ctx.Done():
			return
		}
		if w.Now().Sub(renewed) > rightsLast {
			if err := w.renew(c); err != nil {
				return // the page asks again, and is told why
			}
			renewed = w.Now()
		}
		text = list.news(c.Request.Context(), changed)
		clear(changed)
	}
}

// liveList is a list as one page shows it.
type liveList struct {
	*console
	filters filters
	columns []column
	who     app.Principal
	// shown are the rows on the page and the version that each shows; fresh are records that came into the list since.
	shown map[string]int64
	fresh map[string]bool
	// told is how many of them the page was told of.
	told int
	// last is the record that ends the page, where the list goes on behind it: what stands after it is not on this page.
	last *incident.Incident
}

// maxShown bounds how many rows a page may say that it shows.
const maxShown = 200

// newLiveList reads from the address which rows the page shows.
func (w *console) newLiveList(c *gin.Context, f filters) (*liveList, error) {
	who, err := app.PrincipalFrom(c.Request.Context())
	list := &liveList{console: w, filters: f, columns: f.shownColumns(), who: who, shown: map[string]int64{}, fresh: map[string]bool{}}
	for row := range strings.SplitSeq(c.Query("rows"), ".") {
		number, version, _ := strings.Cut(row, "-")
		known, err := strconv.ParseInt(version, 10, 64)
		if err != nil || strings.Trim(number, "0123456789") != "" || len(list.shown) == maxShown {
			continue
		}
		list.shown[incident.Lifecycle.Prefix+"-"+number] = known
	}
	return list, err
}

// catchUp reads the list as it is now and tells what differs from what the page shows.
func (l *liveList) catchUp(ctx context.Context) (string, error) {
	found, err := l.Service.Incidents(ctx, l.filters.query())
	if err != nil {
		return "", err
	}
	var rows []rowView
	here := map[string]bool{}
	for _, one := range found.Items {
		here[one.Number] = true
		version, shown := l.shown[one.Number]
		switch {
		case shown && version != one.Version:
			rows = append(rows, l.row(one.Incident))
		case !shown && l.filters.Cursor == "":
			l.fresh[one.Number] = true
		}
	}
	if found.NextCursor != "" {
		l.last = &found.Items[len(found.Items)-1].Incident
	}
	for number, version := range l.shown {
		if here[number] {
			continue
		}
		one, err := l.Service.Incident(ctx, number)
		if err != nil || one.Version == version {
			continue // no longer theirs to see, or pushed onto the next page
		}
		rows = append(rows, l.row(one.Incident))
	}
	return l.tell(ctx, rows), nil
}

// row is a record as a row that changed.
func (l *liveList) row(one incident.Incident) rowView {
	l.shown[one.Number] = one.Version
	return rowView{
		Incident: one, Columns: l.columns, Staff: l.who.Staff(), Now: l.Now(), News: "changed", Left: !belongs(l.filters.keep(), one, l.who.Handle),
	}
}

// news reads the records that changed and tells what of it concerns the page.
func (l *liveList) news(ctx context.Context, changed map[string]app.LiveEvent) string {
	var rows []rowView
	for number, event := range changed {
		version, shown := l.shown[number]
		if shown && version >= event.Version || !shown && l.filters.Cursor != "" {
			continue
		}
		one, err := l.heads.get(ctx, event, l.Service.Incident)
		if err != nil {
			if domain.CodeOf(err) != domain.CodeNotFound {
				l.Log.WarnContext(ctx, "a live queue could not read a record; its next event tries again", "error", err)
			}
			continue
		}
		if shown {
			rows = append(rows, l.row(one))
			continue
		}
		if l.comesIn(one) {
			l.fresh[number] = true
		} else {
			delete(l.fresh, number)
		}
	}
	return l.tell(ctx, rows)
}

// comesIn reports whether a record that the page does not show belongs onto it. Words are looked up by the list's own
// statement alone, so that such a list announces nothing.
func (l *liveList) comesIn(one incident.Incident) bool {
	return l.filters.Words == "" && belongs(l.filters.keep(), one, l.who.Handle) && (l.last == nil || before(l.filters.Sort, one, *l.last))
}

// tell makes the message of what changed; nothing where nothing did.
func (l *liveList) tell(ctx context.Context, rows []rowView) string {
	if len(rows) == 0 && len(l.fresh) == l.told {
		return ""
	}
	l.told = len(l.fresh)
	word := ""
	if len(rows) > 0 {
		word = count(len(rows), "row", "rows") + " brought up to date"
	}
	text, err := message(ctx, "", queueNews(rows, len(l.fresh), l.filters.url(""), word))
	if err != nil && ctx.Err() == nil { // else the viewer has left
		l.Log.WarnContext(ctx, "a live queue could not be brought up to date", "error", err)
	}
	return text
}
