package web

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

const queueLivePath = queuePath + "/live"

// mountQueue adds the list of incidents, its views, its bulk commands and its live rows.
func (w *console) mountQueue(pages *gin.RouterGroup) { w.mountQueueOf(pages, incidentQueue) }

// mountQueueOf adds the list of a practice, its views and its bulk commands.
func (w *console) mountQueueOf(pages *gin.RouterGroup, of *queueKind) {
	with := func(serve func(*gin.Context, *queueKind)) gin.HandlerFunc {
		return func(c *gin.Context) { serve(c, of) }
	}
	pages.GET(of.path, with(w.queue))
	pages.GET(of.viewsPath(), with(w.viewCounts))
	pages.POST(of.viewsPath(), with(w.keepView))
	pages.POST(of.viewsPath()+"/:view", with(w.changeView))
	pages.GET(of.bulkPath(), with(w.bulkForm))
	pages.POST(of.bulkPath(), with(w.bulk))
}

func (k *queueKind) viewsPath() string { return k.path + "/views" }
func (k *queueKind) bulkPath() string  { return k.path + "/bulk" }

// queueView is all that the page of the queue shows.
type queueView struct {
	page
	Of      *queueKind
	Filters filters
	Columns []column
	// Rows are the records of this page of the list; Next is where the list goes on.
	Rows []listedRecord
	Next string
	// Since is the place in the stream of events that the list was read at; empty: it is not known.
	Since    string
	Teams    []choice
	Services []choice
	Views    []app.View
	// Counts are of the views, in their order, where they were asked for.
	Counts []int
	// Current is the saved view that the list began with; Changed: it has been asked otherwise since.
	Current *app.View
	Changed bool
	// MyTeams are those that the reader can share a view with, and whose changes have a list of their own.
	MyTeams []choice
	// Staff may give commands to several at once.
	Staff bool
	Keep  keepForm
}

// keepForm is the form that keeps a view; what was typed stays when it was refused.
type keepForm struct {
	Key, Name, Audience, Team string
	Problem                   *server.Problem
}

// typedNumber is a record's number as people type it.
var typedNumber = regexp.MustCompile(`^(?i)([a-z]{3})-?(\d{1,12})$`)

// numberOf writes such a number as the records of a practice have it; false where it is none of them.
func (k *queueKind) numberOf(typed string) (string, bool) {
	parts := typedNumber.FindStringSubmatch(typed)
	if parts == nil || !strings.EqualFold(parts[1], k.table.Prefix) {
		return "", false
	}
	digits := strings.TrimLeft(parts[2], "0")
	return k.table.Prefix + "-" + strings.Repeat("0", max(0, 6-len(digits))) + digits, true
}

// queue shows records, one page at a time.
func (w *console) queue(c *gin.Context, of *queueKind) {
	if number, is := of.numberOf(strings.TrimSpace(c.Query("q"))); is {
		c.Redirect(http.StatusSeeOther, recordURL(number))
		return
	}
	view, err := w.queueView(c, of)
	if err != nil {
		w.fail(c, err)
		return
	}
	if c.Query(countsField) != "" {
		view.Counts = w.countsOf(c.Request.Context(), view)
	}
	w.show(c, http.StatusOK, queuePage(view))
}

// queueView reads what the page shows.
func (w *console) queueView(c *gin.Context, of *queueKind) (queueView, error) {
	ctx := c.Request.Context()
	who, err := app.PrincipalFrom(ctx)
	if err != nil {
		return queueView{}, err
	}
	view := queueView{page: w.page(c, of.title), Of: of, Staff: who.Staff(), Keep: keepForm{Key: newKey(), Audience: app.AudiencePrivate}}
	if view.Filters, view.Current, err = w.asked(c, of); err != nil {
		return view, err
	}
	if view.Since, err = w.place(ctx); err != nil {
		return view, err
	}
	view.Changed = view.Current != nil && (!view.Filters.same(filtersOfView(of, *view.Current)) || !slices.Equal(view.Filters.Columns, view.Current.Columns))
	view.Columns = view.Filters.shownColumns()
	if view.Rows, view.Next, err = of.list(ctx, w, view.Filters); err != nil {
		return view, err
	}
	if view.Views, err = w.Service.Views(ctx, of.practice); err != nil {
		return view, err
	}
	w.queueChoices(ctx, &view, who)
	return view, nil
}

// asked finds what the list is to show: what the URL says, else the view that it names, else the reader's default.
func (w *console) asked(c *gin.Context, of *queueKind) (filters, *app.View, error) {
	query, ctx := c.Request.URL.Query(), c.Request.Context()
	f := filtersOf(of, query)
	if err := readablePeriod(query); err != nil {
		return f, nil, err
	}
	switch {
	case f.View != "":
		view, err := w.Service.View(ctx, f.View)
		if err != nil {
			return f, nil, err
		}
		if !asked(query) {
			columns, cursor := f.Columns, f.Cursor
			f = filtersOfView(of, view)
			f.Cursor = cursor
			if len(columns) > 0 {
				f.Columns = columns
			}
		}
		return f, &view, nil
	case asked(query) || f.Cursor != "" || len(f.Columns) > 0:
		return f, nil, nil
	}
	view, err := w.Service.DefaultView(ctx, of.practice)
	if domain.CodeOf(err) == domain.CodeNotFound && err != nil {
		return f, nil, nil
	}
	if err != nil {
		return f, nil, err
	}
	return filtersOfView(of, view), &view, nil
}

// queueChoices fills in what the filters offer. A list that cannot be read leaves its field to be typed.
func (w *console) queueChoices(ctx context.Context, view *queueView, who app.Principal) {
	view.Teams, view.MyTeams = w.teamsOf(ctx, who.Handle)
	var err error
	if view.Services, err = w.serviceChoices(ctx, nil); err != nil {
		w.Log.WarnContext(ctx, "the services to filter by could not be read", "error", err)
	}
}

// title is what the list is called.
func (v queueView) title() string {
	if v.Current != nil {
		return v.Current.Name
	}
	for _, one := range v.Of.standing(v) {
		if v.Filters.same(one.Filters) {
			return one.Title
		}
	}
	return v.Of.title
}

// liveQueueURL is where the page hears of changes: with its filters, and the version of each row that it shows.
func liveQueueURL(view queueView) string {
	values := view.Filters.values()
	if view.Filters.Cursor != "" {
		values.Set("cursor", view.Filters.Cursor)
	}
	rows := make([]string, len(view.Rows))
	for i, one := range view.Rows {
		rows[i] = strings.TrimPrefix(one.Number, incident.Lifecycle.Prefix+"-") + "-" + strconv.FormatInt(one.Version, 10)
	}
	values.Set("rows", strings.Join(rows, "."))
	return queueLivePath + "?" + values.Encode()
}

func rowID(number string) string { return "row-" + number }
