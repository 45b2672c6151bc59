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
func (w *console) mountQueue(pages *gin.RouterGroup) {
	pages.GET(queuePath, w.queue)
	pages.GET(viewsPath, w.viewCounts)
	pages.POST(viewsPath, w.keepView)
	pages.POST(viewsPath+"/:view", w.changeView)
	pages.GET(bulkPath, w.bulkForm)
	pages.POST(bulkPath, w.bulk)
}

// queueView is all that the page of the queue shows.
type queueView struct {
	page
	Filters  filters
	Columns  []column
	Found    app.Page[app.IncidentView]
	Teams    []choice
	Services []choice
	Views    []app.View
	// Counts are of the views, in their order, where they were asked for.
	Counts []int
	// Current is the saved view that the list began with; Changed: it has been asked otherwise since.
	Current *app.View
	Changed bool
	// MyTeams are those that the reader can share a view with.
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

// numberPattern is a record's number as people type it.
var numberPattern = regexp.MustCompile(`^(?i:inc)-?\d{1,12}$`)

// numberOf writes such a number as records have it.
func numberOf(typed string) string {
	digits := strings.TrimLeft(strings.TrimLeft(typed, "incINC-"), "0")
	return incident.Lifecycle.Prefix + "-" + strings.Repeat("0", max(0, 6-len(digits))) + digits
}

// queue shows incidents, one page at a time.
func (w *console) queue(c *gin.Context) {
	if words := strings.TrimSpace(c.Query("q")); numberPattern.MatchString(words) {
		c.Redirect(http.StatusSeeOther, recordURL(numberOf(words)))
		return
	}
	view, err := w.queueView(c)
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
func (w *console) queueView(c *gin.Context) (queueView, error) {
	ctx := c.Request.Context()
	who, err := app.PrincipalFrom(ctx)
	if err != nil {
		return queueView{}, err
	}
	view := queueView{page: w.page(c, "Incidents"), Staff: who.Staff(), Keep: keepForm{Key: newKey(), Audience: app.AudiencePrivate}}
	if view.Filters, view.Current, err = w.asked(c); err != nil {
		return view, err
	}
	view.Changed = view.Current != nil && (!view.Filters.same(filtersOfView(*view.Current)) || !slices.Equal(view.Filters.Columns, view.Current.Columns))
	view.Columns = view.Filters.shownColumns()
	if view.Found, err = w.Service.Incidents(ctx, view.Filters.query()); err != nil {
		return view, err
	}
	if view.Views, err = w.Service.Views(ctx, domain.Incident); err != nil {
		return view, err
	}
	w.queueChoices(ctx, &view, who)
	return view, nil
}

// asked finds what the list is to show: what the URL says, else the view that it names, else the reader's default.
func (w *console) asked(c *gin.Context) (filters, *app.View, error) {
	query, ctx := c.Request.URL.Query(), c.Request.Context()
	f := filtersOf(query)
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
			f = filtersOfView(view)
			f.Cursor = cursor
			if len(columns) > 0 {
				f.Columns = columns
			}
		}
		return f, &view, nil
	case asked(query) || f.Cursor != "" || len(f.Columns) > 0:
		return f, nil, nil
	}
	view, err := w.Service.DefaultView(ctx, domain.Incident)
	if domain.CodeOf(err) == domain.CodeNotFound && err != nil {
		return f, nil, nil
	}
	if err != nil {
		return f, nil, err
	}
	return filtersOfView(view), &view, nil
}

// queueChoices fills in what the filters offer. A list that cannot be read leaves its field to be typed.
func (w *console) queueChoices(ctx context.Context, view *queueView, who app.Principal) {
	teams, err := w.Service.Teams(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "the teams to filter by could not be read", "error", err)
	}
	for _, team := range teams {
		one := titled(team.Name, team.Title)
		view.Teams = append(view.Teams, one)
		if slices.Contains(team.Members, who.Handle) {
			view.MyTeams = append(view.MyTeams, one)
		}
	}
	if view.Services, err = w.serviceChoices(ctx, nil); err != nil {
		w.Log.WarnContext(ctx, "the services to filter by could not be read", "error", err)
	}
}

// title is what the list is called.
func (v queueView) title() string {
	if v.Current != nil {
		return v.Current.Name
	}
	for _, one := range standing() {
		if v.Filters.same(one.Filters) {
			return one.Title
		}
	}
	return "Incidents"
}

// liveQueueURL is where the page hears of changes: with its filters, and the version of each row that it shows.
func liveQueueURL(view queueView) string {
	values := view.Filters.values()
	if view.Filters.Cursor != "" {
		values.Set("cursor", view.Filters.Cursor)
	}
	rows := make([]string, len(view.Found.Items))
	for i, one := range view.Found.Items {
		rows[i] = strings.TrimPrefix(one.Number, incident.Lifecycle.Prefix+"-") + "-" + strconv.FormatInt(one.Version, 10)
	}
	values.Set("rows", strings.Join(rows, "."))
	return queueLivePath + "?" + values.Encode()
}

func rowID(number string) string { return "row-" + number }
