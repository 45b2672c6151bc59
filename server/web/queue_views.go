package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// viewTab is one view as the page offers it.
type viewTab struct {
	Title, URL string
	Current    bool
	// Shared says whom it is for, where that is not its reader alone.
	Shared string
	// Count is how many records it has; empty: not counted.
	Count string
}

// tabs are the views that the page offers: those that stand, then those that people kept.
func (v queueView) tabs(ctx context.Context, counts []int) []viewTab {
	tabs, _ := v.offered()
	for i := range tabs {
		if i < len(counts) {
			tabs[i].Count = countWord(ctx, counts[i])
		}
	}
	return tabs
}

// offered are the tabs and what each asks. A list of promises that nobody kept as a view has one as well: whoever comes to it by a
// figure sees that it is as long.
func (v queueView) offered() (tabs []viewTab, asks []app.ViewFilter) {
	for _, one := range v.Of.standing(v) {
		tabs = append(tabs, viewTab{Title: one.Title, URL: one.Filters.url(""), Current: v.Current == nil && v.Filters.same(one.Filters)})
		asks = append(asks, one.Filters.keep())
	}
	if v.Current == nil && v.Filters.Promise.asks() {
		tabs = append(tabs, viewTab{Title: "This list", URL: v.Filters.url(""), Current: true})
		asks = append(asks, v.Filters.keep())
	}
	for _, one := range v.Views {
		tab := viewTab{Title: one.Name, URL: v.Of.path + "?view=" + one.ID, Current: v.Current != nil && v.Current.ID == one.ID}
		switch one.Audience {
		case app.AudienceTeam:
			tab.Shared = "of team " + one.Team
		case app.AudienceEverybody:
			tab.Shared = "for everybody"
		}
		tabs, asks = append(tabs, tab), append(asks, one.Filter)
	}
	return tabs, asks
}

func countWord(ctx context.Context, count int) string {
	if count > app.MaxCount {
		return numeral(ctx, app.MaxCount) + "+"
	}
	return numeral(ctx, count)
}

// countTime bounds how long the counts of views may take: a page without them is still a page.
const countTime = 2 * time.Second

// countsField asks for the page with the counts in it. Views ask whatever people thought of, and there may be many: a page that
// always waited for their counts would be as slow as the slowest of them. Without scripts, a link asks.
const countsField = "counts"

// withCounts is the list with its views counted.
func withCounts(f filters) string { return f.url(f.Cursor) + "&" + countsField + "=yes" }

// countsOf counts what each view has, within a bound; nil where that failed.
func (w *console) countsOf(ctx context.Context, view queueView) []int {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	_, asks := view.offered()
	counts, err := w.Service.CountViews(ctx, view.Of.practice, asks[:min(len(asks), app.MaxViews)])
	if err != nil {
		w.Log.WarnContext(ctx, "the views of a queue could not be counted", "error", err)
	}
	return counts
}

// viewCounts shows the views with what each has, as a part of the queue's page: it is asked for once the page is there, so that
// the page need not wait for it.
func (w *console) viewCounts(c *gin.Context, of *queueKind) {
	view := queueView{page: w.page(c, of.title), Of: of}
	var err error
	if view.Filters, view.Current, err = w.asked(c, of); err == nil {
		view.Views, err = w.Service.Views(c.Request.Context(), of.practice)
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	if of.perTeam {
		_, view.MyTeams = w.teamsOf(c.Request.Context(), view.Who.Handle)
	}
	counts := w.countsOf(c.Request.Context(), view)
	if counts == nil {
		counts = []int{} // or the part would ask for itself again at once
	}
	w.show(c, http.StatusOK, viewTabs(view, counts))
}

// countsURL is where the page asks for its views with their counts.
func countsURL(f filters) string { return f.kind().viewsPath() + "?" + f.values().Encode() }

// keepView keeps what the list shows as a new view.
func (w *console) keepView(c *gin.Context, of *queueKind) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	f, form, err := keptForm(c, of)
	if err != nil {
		w.fail(c, err)
		return
	}
	view := app.View{Practice: of.practice, Name: form.Name, Audience: form.Audience, Filter: f.keep(), Columns: f.Columns}
	if view.Audience == app.AudienceTeam {
		view.Team = form.Team
	}
	kept, err := w.Service.SaveView(c.Request.Context(), form.Key, view)
	if err == nil && c.PostForm("default") != "" {
		err = w.Service.ChooseView(c.Request.Context(), of.practice, kept.ID)
	}
	if err != nil {
		w.refuseView(c, f, form, err)
		return
	}
	c.Redirect(http.StatusSeeOther, of.path+"?view="+kept.ID)
}

// keptForm reads the form of a view and the list that it was filled in beside.
func keptForm(c *gin.Context, of *queueKind) (filters, keepForm, error) {
	query, err := url.ParseQuery(c.PostForm("filters"))
	if err != nil {
		return filters{}, keepForm{}, domain.Errorf(domain.CodeMalformed, "the form does not say what the list shows")
	}
	return filtersOf(of, query), keepForm{
		Key: c.PostForm(keyField), Name: c.PostForm("name"), Audience: c.PostForm("audience"), Team: c.PostForm("team"),
	}, nil
}

// refuseView shows the list again, with the failure in the form that caused it.
func (w *console) refuseView(c *gin.Context, f filters, form keepForm, err error) {
	problem := server.ProblemOf(err)
	c.Request.URL.RawQuery = f.values().Encode()
	view, viewErr := w.queueView(c, f.kind())
	if viewErr != nil {
		w.fail(c, err)
		return
	}
	form.Problem, form.Key = problem, keyAfter(problem, form.Key)
	view.Keep, view.Here = form, f.url("")
	w.show(c, problem.Status, queuePage(view))
}

// changeView writes a kept view anew, takes it away, or makes it the one that the reader's list begins with.
func (w *console) changeView(c *gin.Context, of *queueKind) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	ctx, id := c.Request.Context(), c.Param("view")
	f, form, err := keptForm(c, of)
	if err != nil {
		w.fail(c, err)
		return
	}
	target := of.path + "?view=" + id
	switch c.PostForm("do") {
	case "change":
		var view app.View
		if view, err = w.Service.View(ctx, id); err == nil {
			view.Filter, view.Columns = f.keep(), f.Columns
			_, err = w.Service.SaveView(ctx, "", view)
		}
	case "drop":
		err, target = w.Service.DropView(ctx, id), filters{Of: of, State: "open"}.url("")
		if domain.CodeOf(err) == domain.CodeNotFound {
			err = nil // the form was sent twice
		}
	case "choose":
		err = w.Service.ChooseView(ctx, of.practice, id)
	case "unchoose":
		err = w.Service.ChooseView(ctx, of.practice, "")
	default:
		err = domain.Errorf(domain.CodeMalformed, "the form does not say what to do with the view")
	}
	if err != nil {
		w.refuseView(c, f, form, err)
		return
	}
	c.Redirect(http.StatusSeeOther, target)
}
