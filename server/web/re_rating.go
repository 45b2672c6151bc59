package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	reRatingPath = "/re-rating"
	// mayReRate is the permission to measure records anew.
	mayReRate app.Permission = "incident.re_rate"
	// reRatedAtOnce and reRatedPages bound the records that one view looks at.
	reRatedAtOnce, reRatedPages = 100, 10
)

// mountReRating adds the page that brings open records under the newest agreements and calendars.
func (w *console) mountReRating(pages *gin.RouterGroup) {
	measures := pages.Group(reRatingPath, w.staffOnly, w.needs(mayReRate))
	measures.GET("", w.previewReRating)
	measures.POST("", w.reRate)
}

// reRatingView is what measuring anew would do, or did.
type reRatingView struct {
	page
	Filters filters
	// Outdated narrows it to records that an earlier version of a calendar or an SLA measures: "Calendar/support".
	Outdated        string
	Services, Teams []choice
	// From is where the list begins, Key the idempotency key of carrying it out.
	From, Key, Reason string
	Done              app.ReRated
	// Given: it was carried out.
	Given   bool
	Problem *server.Problem
}

// query is the list that is measured.
func (v reRatingView) query() app.IncidentQuery {
	query := v.Filters.query()
	query.State, query.Limit, query.Outdated = []string{"open"}, reRatedAtOnce, v.Outdated
	return query
}

// url is the preview from a place on.
func (v reRatingView) url(cursor string) string {
	values := url.Values{}
	for name, value := range map[string]string{
		"team": v.Filters.Team, "service": v.Filters.Service, "priority": v.Filters.Priority, "q": v.Filters.Words, "assignee": v.Filters.Assignee,
		"requester": v.Filters.Requester, "category": v.Filters.Category, "tag": v.Filters.Tag, "outdated": v.Outdated, "cursor": cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return reRatingPath
	}
	return reRatingPath + "?" + values.Encode()
}

func reRatingURL(outdated string) string { return reRatingView{Outdated: outdated}.url("") }

// previewReRating says what it would do. Nothing is written.
func (w *console) previewReRating(c *gin.Context) {
	view := w.reRatingView(c, c.Request.URL.Query())
	done, err := w.measure(c.Request.Context(), view, true)
	view.Done = done
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, reRatingPage(view))
}

// reRate carries it out for what the preview showed.
func (w *console) reRate(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	view := w.reRatingView(c, c.Request.PostForm)
	view.Here = view.url(view.From)
	view.Key, view.Reason = c.PostForm(keyField), strings.TrimSpace(c.PostForm("reason"))
	if view.Reason == "" {
		w.refuseReRating(c, view, domain.Invalid("reason", "is missing: say why, it is kept on the timelines"))
		return
	}
	done, err := w.measure(c.Request.Context(), view, false)
	if err != nil {
		w.refuseReRating(c, view, err)
		return
	}
	view.Done, view.Given = done, true
	w.show(c, http.StatusOK, reRatingPage(view))
}

// refuseReRating shows the preview again, with what went wrong.
func (w *console) refuseReRating(c *gin.Context, view reRatingView, err error) {
	view.Problem = server.ProblemOf(err)
	view.Key = keyAfter(view.Problem, view.Key)
	var failed error
	if view.Done, failed = w.measure(c.Request.Context(), view, true); failed != nil {
		w.fail(c, err)
		return
	}
	w.show(c, view.Problem.Status, reRatingPage(view))
}

func (w *console) reRatingView(c *gin.Context, asked url.Values) reRatingView {
	view := reRatingView{
		page: w.page(c, "Re-rating"), Filters: filtersOf(incidentQueue, asked), Outdated: asked.Get("outdated"), From: asked.Get("cursor"), Key: newKey(),
	}
	ctx := c.Request.Context()
	var err error
	if view.Teams, err = w.teamChoices(ctx, nil); err != nil {
		w.Log.WarnContext(ctx, "teams could not be offered", "error", err) // the form works without
	}
	if view.Services, err = w.serviceChoices(ctx, nil); err != nil {
		w.Log.WarnContext(ctx, "services could not be offered", "error", err)
	}
	return view
}

// measure previews or carries out page by page, up to the bound of one view. The key of each page is the form's, so that sending the
// form again gives the same commands once.
func (w *console) measure(ctx context.Context, view reRatingView, preview bool) (app.ReRated, error) {
	done := app.ReRated{Preview: preview, Items: []app.ReRatedRecord{}}
	request := app.ReRating{Query: view.query(), Preview: preview, Reason: view.Reason, Key: view.Key}
	request.Query.Cursor = view.From
	for range reRatedPages {
		found, err := w.Service.ReRate(ctx, request)
		if err != nil {
			return done, err
		}
		done.Items, done.NextCursor = append(done.Items, found.Items...), found.NextCursor
		done.Sums.Add(found.Sums)
		if found.NextCursor == "" {
			break
		}
		request.Query.Cursor = found.NextCursor
	}
	return done, nil
}

// reRatingEffect is one figure of a re-rating and the promises behind it.
type reRatingEffect struct {
	Effect      sla.Effect
	Title, Hint string
	Behind      []shifted
}

// shifted is one promise of a record that changes.
type shifted struct {
	Record app.ReRatedRecord
	Shift  sla.Shift
}

// effects are the figures, what is worst first; those that are none are left out but for the three that are asked for.
func (v reRatingView) effects() []reRatingEffect {
	all := []reRatingEffect{
		{sla.Breaks, "Broken at once", "Their new target lies in the past. Each is told once, and says that a re-rating did it.", nil},
		{sla.Earlier, "Due earlier", "", nil},
		{sla.Later, "Due later", "", nil},
		{sla.Mends, "No longer broken", "They were broken, and are not by the new terms. The old verdict stays beside the new.", nil},
		{sla.Joins, "Promised anew", "Nothing was promised here before.", nil},
		{sla.Leaves, "Promised no more", "", nil},
		{sla.Same, "Due at the same time", "Only the version changes.", nil},
	}
	for i := range all {
		for _, record := range v.Done.Items {
			for _, shift := range record.Shifts {
				if shift.Effect == all[i].Effect {
					all[i].Behind = append(all[i].Behind, shifted{record, shift})
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(one reRatingEffect) bool {
		return len(one.Behind) == 0 && one.Effect != sla.Breaks && one.Effect != sla.Earlier && one.Effect != sla.Later
	})
}

// refused are the records that cannot be measured anew, and why.
func (v reRatingView) refused() []app.ReRatedRecord {
	return slices.DeleteFunc(slices.Clone(v.Done.Items), func(one app.ReRatedRecord) bool { return one.Refusal == nil })
}

// queued counts the commands that were given.
func (v reRatingView) queued() int {
	given := 0
	for _, one := range v.Done.Items {
		if one.CommandID != "" {
			given++
		}
	}
	return given
}

// by words the agreement and calendar of a shift.
func (s shifted) by() *sla.Clock {
	if s.Shift.After != nil {
		return s.Shift.After
	}
	return s.Shift.Before
}

// outdatedBy is how many open records are measured by an earlier version of a document, as far as they are counted; more: there are
// others.
func (w *console) outdatedBy(ctx context.Context, document policy.Document) (found int, more bool, err error) {
	if document.Version < 2 || document.Kind != policy.KindSLA && document.Kind != policy.KindCalendar {
		return 0, false, nil
	}
	query := app.IncidentQuery{State: []string{"open"}, Limit: reRatedAtOnce}
	query.Outdated = outdatedName(document)
	page, err := w.Service.Incidents(ctx, query)
	return len(page.Items), page.NextCursor != "", err
}

func outdatedName(document policy.Document) string { return document.Kind + "/" + document.Name }

// outdatedCount words how many records an earlier version measures.
func outdatedCount(ctx context.Context, view policyView) string {
	if view.OutdatedMore {
		return numeral(ctx, view.Outdated) + " open records and more are"
	}
	return count(ctx, view.Outdated, "open record is", "open records are")
}
