package web

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// gather is how long changes of a queue are gathered before its viewer is told.
const gather = 200 * time.Millisecond

// watchedQueue is a list as one page shows it: rows that changed are sent to be put in their place, and records that came into the
// list are counted, for the viewer to have them shown. A row never moves by itself.
type watchedQueue struct {
	*console
	filters filters
	columns []column
	who     app.Principal
	// shown are the rows on the page and the version that each shows; fresh are records that came into the list since.
	shown map[string]int64
	fresh map[string]bool
	// told is how many of them the page was told of; less than 0: it is not known.
	told int
	// changed are the records with news, by number.
	changed map[string]app.LiveEvent
	// unread: what is in the list is only told by reading it: a record came that may have its words, or time went by; read is when
	// it was read last.
	unread bool
	read   time.Time
	// last is the record that ends the page, where the list goes on behind it: what stands after it is not on this page.
	last *incident.Incident
}

// ages: what falls due within some time comes into the list by nothing but time.
func (l *watchedQueue) ages() time.Duration {
	if l.filters.Promise.Within == "" {
		return 0
	}
	return agesEvery
}

const (
	// maxShown bounds how many rows a page may say that it shows.
	maxShown = 200
	// maxFresh bounds how many new records a page counts: nobody needs to know more exactly.
	maxFresh = 500
	// rereads is how often a list of words is read anew at most: it costs what the page itself does.
	rereads = 5 * time.Second
	// agesEvery is how often a list that changes by time alone is read anew.
	agesEvery = time.Minute
)

// watchQueue reads from the address what the page asks for and which rows it shows.
func (w *console) watchQueue(c *gin.Context) (watched, error) {
	f, _, err := w.asked(c, incidentQueue)
	if err != nil {
		return nil, err
	}
	who, err := app.PrincipalFrom(c.Request.Context())
	list := &watchedQueue{
		console: w, filters: f, columns: f.shownColumns(), who: who,
		shown: map[string]int64{}, fresh: map[string]bool{}, changed: map[string]app.LiveEvent{},
	}
	if c.Query("since") != "" || c.GetHeader("Last-Event-ID") != "" {
		list.told = -1
	}
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

func (l *watchedQueue) concerns(event app.LiveEvent) time.Duration {
	version, shown := l.shown[event.Number]
	if shown && version >= event.Version || !shown && l.filters.Cursor != "" {
		return 0
	}
	l.changed[event.Number] = event
	if l.filters.Words != "" {
		return max(gather, time.Until(l.read.Add(rereads)))
	}
	return gather
}

// begin reads the list as it is now: what came into it is counted anew each time; which rows changed is told by the events where
// the page resumes.
func (l *watchedQueue) begin(ctx context.Context, resumes bool) (templ.Component, error) {
	found, err := l.Service.Incidents(ctx, l.filters.query())
	if err != nil {
		return nil, err
	}
	l.read = time.Now()
	var rows []rowView
	here := map[string]bool{}
	for _, one := range found.Items {
		here[one.Number] = true
		version, shown := l.shown[one.Number]
		switch {
		case shown && version != one.Version && !resumes:
			rows = append(rows, l.row(ctx, one.Incident))
		case !shown && l.filters.Cursor == "":
			l.fresh[one.Number] = true
		}
	}
	if found.NextCursor != "" {
		l.last = &found.Items[len(found.Items)-1].Incident
	}
	if resumes {
		return l.news(ctx, nil), nil
	}
	for number, version := range l.shown {
		if here[number] {
			continue
		}
		one, err := l.Service.Incident(ctx, number)
		if err != nil || one.Version == version {
			continue // no longer theirs to see, or pushed onto the next page
		}
		rows = append(rows, l.row(ctx, one.Incident))
	}
	return l.news(ctx, rows), nil
}

// row is a record as a row that changed.
func (l *watchedQueue) row(ctx context.Context, one incident.Incident) rowView {
	l.shown[one.Number] = one.Version
	return rowView{
		listedRecord: listedRecord{Record: one.Record, Incident: &one}, Of: incidentQueue, Columns: l.columns, Staff: l.who.Staff(), Now: l.Now(), Asked: l.filters.Promise, News: "changed", Left: !l.belongs(ctx, one),
	}
}

// belongs reports whether the list asks for a record, as far as can be told without its words. The clocks of earlier cycles are
// read where only they can tell; where they cannot be, the record stays.
func (l *watchedQueue) belongs(ctx context.Context, one incident.Incident) bool {
	ask := l.filters.keep()
	if !belongs(ask, one, l.who.Handle) {
		return false
	}
	fits, sure := promised(ask, one.Clocks, l.Now())
	if sure {
		return fits
	}
	clocks, err := l.Service.Clocks(ctx, one.ID)
	if err != nil {
		l.Log.WarnContext(ctx, "a live queue could not read the clocks of a record; its next event tries again", "error", err)
		return true
	}
	all := make([]sla.Clock, len(clocks))
	for i, clock := range clocks {
		all[i] = clock.Clock
	}
	fits, _ = promised(ask, all, l.Now())
	return fits
}

// tell reads the records that changed and tells what of it concerns the page.
func (l *watchedQueue) tell(ctx context.Context) (templ.Component, error) {
	var rows []rowView
	for number, event := range l.changed {
		one, err := l.heads.get(ctx, event, l.who, l.Service.Incident)
		if err != nil {
			if domain.CodeOf(err) != domain.CodeNotFound {
				l.Log.WarnContext(ctx, "a live queue could not read a record; its next event tries again", "error", err)
			}
			continue
		}
		if _, shown := l.shown[number]; shown {
			rows = append(rows, l.row(ctx, one))
			continue
		}
		switch {
		case !l.comesIn(ctx, one):
			delete(l.fresh, number)
		case l.filters.Words != "":
			l.unread = true
		case len(l.fresh) < maxFresh:
			l.fresh[number] = true
		}
	}
	clear(l.changed)
	if l.ages() > 0 && l.filters.Cursor == "" && time.Since(l.read) >= l.ages() {
		l.unread = true
	}
	if l.unread {
		l.reread(ctx)
	}
	return l.news(ctx, rows), nil
}

// comesIn reports whether a record that the page does not show belongs onto it, as far as can be told without its words.
func (l *watchedQueue) comesIn(ctx context.Context, one incident.Incident) bool {
	return l.belongs(ctx, one) && (l.last == nil || before(l.filters.Sort, one, *l.last))
}

// reread reads the list anew and counts what of it the page does not show: only its own statement finds words.
func (l *watchedQueue) reread(ctx context.Context) {
	l.read = time.Now()
	found, err := l.Service.Incidents(ctx, l.filters.query())
	if err != nil {
		l.Log.WarnContext(ctx, "a live queue could not be read anew; its next event tries again", "error", err)
		return
	}
	l.unread = false
	clear(l.fresh)
	for _, one := range found.Items {
		if _, shown := l.shown[one.Number]; !shown && l.comesIn(ctx, one.Incident) {
			l.fresh[one.Number] = true
		}
	}
}

// news is what changed, as the page is told of it; nothing where nothing did.
func (l *watchedQueue) news(ctx context.Context, rows []rowView) templ.Component {
	if len(rows) == 0 && len(l.fresh) == l.told {
		return nil
	}
	l.told = len(l.fresh)
	word := ""
	if len(rows) > 0 {
		word = count(ctx, len(rows), "row", "rows") + " brought up to date"
	}
	return queueNews(rows, len(l.fresh), l.filters.url(""), word)
}

// freshWord is how many records are new, as far as they are counted.
func freshWord(ctx context.Context, fresh int) string {
	if fresh >= maxFresh {
		return numeral(ctx, maxFresh) + "+"
	}
	return numeral(ctx, fresh)
}
