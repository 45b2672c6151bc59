package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/server"
)

const onCallPath = "/on-call"

// mountOnCall adds the pages about who is on call.
func (w *console) mountOnCall(pages *gin.RouterGroup) {
	desk := pages.Group(onCallPath, w.staffOnly, w.needs(app.PermissionOnCallRead))
	desk.GET("", w.onCall)
	desk.POST("/feeds", w.makeFeed)
	desk.POST("/feeds/:id/end", w.endFeed)
	desk.POST("/swaps/:id/:decision", w.decideSwap)
	desk.GET("/:schedule", w.schedule)
	desk.POST("/:schedule/overrides", w.addOverride)
	desk.POST("/:schedule/overrides/:id/end", w.endOverride)
	desk.POST("/:schedule/swaps", w.proposeSwap)
}

// onCallView is who is on call everywhere, and what of it is one's own.
type onCallView struct {
	page
	Now   []app.OnCallView
	Strip strip
	// Accepted are the schedules that may have nobody on call.
	Accepted map[string]bool
	Mine     []app.ShiftView
	Swaps    []app.Swap
	Feed     feedView
	// Problem is what was refused a moment ago.
	Problem *server.Problem
}

// feedView is a calendar address: of a schedule, of one's own shifts, or of the change calendar.
type feedView struct {
	// Says is what it shows, in a sentence; Reads in a word.
	Says, Reads string
	// Make and End take what is done about it; Hidden goes along, to say of what it is.
	Make, End string
	Hidden    []choice
	// Kept is the one there is; nil: none. Address is one that was made a moment ago, shown this once.
	Kept    *app.Feed
	Address string
}

const (
	// mineDays is how far ahead one's own shifts are listed, mineShown how many of them.
	mineDays  = 60
	mineShown = 8
)

// scheduleURL is the page of a schedule.
func scheduleURL(name string) string { return onCallPath + "/" + url.PathEscape(name) }

// onCall shows who is on call.
func (w *console) onCall(c *gin.Context) {
	view, err := w.onCallView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, onCallPage(view))
}

func (w *console) onCallView(c *gin.Context) (onCallView, error) {
	ctx, view := c.Request.Context(), onCallView{page: w.page(c, "On call")}
	var err error
	if view.Now, err = w.Service.WhoIsOnCall(ctx, app.OnCallQuery{}); err != nil {
		return view, err
	}
	schedules, err := w.Service.Schedules(ctx)
	if err != nil {
		return view, err
	}
	view.Accepted = acceptedGaps(schedules)
	if view.Strip, _, err = w.strip(ctx, view.Accepted, view.Now...); err != nil {
		return view, err
	}
	if view.Mine, err = w.mine(c, view.page.Now); err != nil {
		return view, err
	}
	if view.Swaps, err = w.Service.Swaps(ctx); err != nil {
		return view, err
	}
	view.Feed, err = w.feed(c, "")
	return view, err
}

// mine are one's own shifts to come.
func (w *console) mine(c *gin.Context, from time.Time) ([]app.ShiftView, error) {
	to := from.AddDate(0, 0, mineDays)
	shifts, err := w.Service.Shifts(c.Request.Context(), app.ShiftQuery{Person: "me", From: &from, To: &to})
	return shifts[:min(len(shifts), mineShown)], err
}

// feed finds the address that one has for a schedule, or without one for one's own shifts.
func (w *console) feed(c *gin.Context, schedule string) (feedView, error) {
	view := feedView{
		Says: "Your own shifts, of all schedules, in the calendar that you use.", Reads: "the shifts",
		Make: onCallPath + "/feeds", Hidden: []choice{{"schedule", schedule}},
	}
	if schedule != "" {
		view.Says = "All shifts of this schedule in the calendar that you use."
	}
	feeds, err := w.Service.Feeds(c.Request.Context())
	for i, one := range feeds {
		if one.Schedule == schedule {
			view.Kept, view.End = &feeds[i], onCallPath+"/feeds/"+one.ID+"/end"
		}
	}
	return view, err
}

// makeFeed makes a calendar address and shows it, this once.
func (w *console) makeFeed(c *gin.Context) {
	w.answerFeed(c, func(schedule string) (string, error) {
		made, err := w.Service.MakeFeed(c.Request.Context(), schedule)
		return w.outside(c) + made.Path, err
	})
}

func (w *console) endFeed(c *gin.Context) {
	w.answerFeed(c, func(string) (string, error) { return "", w.Service.RevokeFeed(c.Request.Context(), c.Param("id")) })
}

// answerFeed does something about an address and shows its page again: an address cannot be led to.
func (w *console) answerFeed(c *gin.Context, do func(schedule string) (string, error)) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	schedule := c.PostForm("schedule")
	address, err := do(schedule)
	if err != nil {
		w.fail(c, err)
		return
	}
	if address == "" {
		c.Redirect(http.StatusSeeOther, feedPlace(schedule))
		return
	}
	var page templ.Component
	if schedule == "" {
		var view onCallView
		view, err = w.onCallView(c)
		view.Feed.Address = address
		page = onCallPage(view)
	} else {
		var view scheduleView
		view, err = w.scheduleView(c, schedule)
		view.Feed.Address = address
		page = schedulePage(view)
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusCreated, page)
}

// feedPlace is where a page shows an address.
func feedPlace(schedule string) string {
	if schedule == "" {
		return onCallPath + "#feed"
	}
	return scheduleURL(schedule) + "#feed"
}

// decideSwap accepts, declines or withdraws a swap.
func (w *console) decideSwap(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	_, err := w.Service.DecideSwap(c.Request.Context(), c.Param("id"), app.SwapDecision(c.Param("decision")))
	if err == nil {
		c.Redirect(http.StatusSeeOther, onCallPath+"#swaps")
		return
	}
	view, viewErr := w.onCallView(c)
	if viewErr != nil {
		w.fail(c, err)
		return
	}
	view.Problem = server.ProblemOf(err)
	w.show(c, view.Problem.Status, onCallPage(view))
}

// handOverURL leads to the form that asks somebody to take a shift, filled in.
func handOverURL(shift app.ShiftView, now time.Time) string {
	from := shift.From
	if from.Before(now) {
		from = now
	}
	return scheduleURL(shift.Schedule) + "?" + url.Values{"from": {exact(from)}, "to": {exact(shift.To)}}.Encode() + "#swap"
}

// waitingFor are the swaps that wait for somebody's answer.
func waitingFor(swaps []app.Swap, handle string) []app.Swap {
	var list []app.Swap
	for _, swap := range swaps {
		if swap.State == "proposed" && swap.With == handle {
			list = append(list, swap)
		}
	}
	return list
}
