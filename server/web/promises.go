package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

const promisesPath = "/promises"

// mountPromises adds the page of what was promised for a day.
func (w *console) mountPromises(pages *gin.RouterGroup) { pages.GET(promisesPath, w.promises) }

// readsPromises reports whether somebody may read how promises stand.
func readsPromises(who app.Principal) bool { return who.May(app.PermissionPromisesRead) }

// promisesView is what became of the promises of a day.
type promisesView struct {
	page
	Kept app.PromisesView
	// Today is today's date in the viewer's zone.
	Today string
	// Team narrows all to the records of one; Teams are those to choose from.
	Team  string
	Teams []choice
}

func (w *console) promises(c *gin.Context) {
	ctx := c.Request.Context()
	view := promisesView{page: w.page(c, "Promises"), Team: c.Query("team")}
	var err error
	if view.Kept, err = w.Service.PromisesKept(ctx, app.PromisesQuery{Day: c.Query("day")}); err != nil {
		w.fail(c, err)
		return
	}
	if zone, err := time.LoadLocation(view.Kept.Zone); err == nil {
		view.Today = view.Now.In(zone).Format(time.DateOnly)
	}
	view.Teams = w.promisesTeams(ctx, view.Kept)
	w.show(c, http.StatusOK, promisesPage(view))
}

// promisesTeams are the teams that have any of the promises, by their titles where these can be read.
func (w *console) promisesTeams(ctx context.Context, kept app.PromisesView) []choice {
	titles := map[string]string{}
	teams, err := w.Service.Teams(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "the titles of the teams could not be read", "error", err)
	}
	for _, team := range teams {
		titles[team.Name] = team.Title
	}
	var choices []choice
	for _, one := range kept.Teams {
		if one.Team != "" {
			choices = append(choices, titled(one.Team, titles[one.Team]))
		}
	}
	return choices
}

// promisesURL is the page of a day and a team; of today where the day is empty, of all teams where the team is.
func promisesURL(day, team string) string {
	values := url.Values{}
	for name, value := range map[string]string{"day": day, "team": team} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return promisesPath
	}
	return promisesPath + "?" + values.Encode()
}

// beside is the page of a day some days away; of today without its date, so that it can be kept for tomorrow.
func (v promisesView) beside(days int) string {
	day, err := time.Parse(time.DateOnly, v.Kept.Day)
	if err != nil {
		return promisesURL("", v.Team)
	}
	if next := day.AddDate(0, 0, days).Format(time.DateOnly); next != v.Today {
		return promisesURL(next, v.Team)
	}
	return promisesURL("", v.Team)
}

// dayWord says which day it is.
func (v promisesView) dayWord(ctx context.Context) string {
	day, err := time.Parse(time.DateOnly, v.Kept.Day)
	switch {
	case v.Kept.Day == v.Today:
		return "Today"
	case err != nil:
		return v.Kept.Day
	}
	return languageOf(ctx).Date(day)
}

// dueWord says of the promises that are neither kept nor broken whether that can still change on this day.
func (v promisesView) dueWord() string {
	if v.Kept.Day == v.Today {
		return "Still due"
	}
	return "Due"
}

// figures are those of all that the page is about.
func (v promisesView) figures() app.PromiseFigures {
	if v.Team == "" {
		return v.Kept.Total
	}
	for _, one := range v.Kept.Teams {
		if one.Team == v.Team {
			return one.PromiseFigures
		}
	}
	return app.PromiseFigures{}
}

// promiseRow is one line of figures and the list that each of them leads to.
type promiseRow struct {
	Title string
	app.PromiseFigures
	Asks filters
}

// asks is the list of every record of the page's day and team.
func (v promisesView) asks() filters {
	return filters{State: everyState, Team: v.Team, Promise: promiseFilter{From: &v.Kept.From, To: &v.Kept.To}}
}

// promiseGroup are the promises of one agreement.
type promiseGroup struct {
	Agreement string
	Rows      []promiseRow
}

// groups are the figures by agreement and metric, over all priorities and the page's teams. A record has one priority and one
// team, so the records of these add up.
func (v promisesView) groups() []promiseGroup {
	var groups []promiseGroup
	for _, agreement := range v.agreements() {
		group := promiseGroup{Agreement: agreement}
		for _, metric := range sla.Metrics {
			row := promiseRow{Title: metricTitles[metric], Asks: v.asks()}
			row.Asks.Promise.Metric, row.Asks.Promise.Agreement = string(metric), agreement
			for _, one := range v.Kept.Counts {
				if one.Agreement == agreement && one.Metric == metric && (v.Team == "" || v.Team == one.Team) {
					row.PromiseFigures = sum(row.PromiseFigures, one.PromiseFigures)
				}
			}
			if row.PromiseFigures != (app.PromiseFigures{}) {
				group.Rows = append(group.Rows, row)
			}
		}
		if len(group.Rows) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

func (v promisesView) agreements() []string {
	var names []string
	for _, one := range v.Kept.Counts {
		names = append(names, one.Agreement)
	}
	slices.SortFunc(names, strings.Compare)
	return slices.Compact(names)
}

func sum(a, b app.PromiseFigures) app.PromiseFigures {
	return app.PromiseFigures{
		Met: a.Met + b.Met, Breached: a.Breached + b.Breached, Running: a.Running + b.Running,
		MetRecords: a.MetRecords + b.MetRecords, BreachedRecords: a.BreachedRecords + b.BreachedRecords, RunningRecords: a.RunningRecords + b.RunningRecords,
	}
}

// teamRows are the figures of each team, those with the most broken first.
func (v promisesView) teamRows() []promiseRow {
	var rows []promiseRow
	for _, one := range v.Kept.Teams {
		row := promiseRow{Title: choiceTitle(v.Teams, one.Team), PromiseFigures: one.PromiseFigures, Asks: v.asks()}
		if row.Asks.Team = one.Team; one.Team != "" {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b promiseRow) int { return b.Breached - a.Breached })
	return rows
}

// all is the line of everything that the page is about.
func (v promisesView) all() promiseRow {
	return promiseRow{Title: "All promises", PromiseFigures: v.figures(), Asks: v.asks()}
}

// promiseFigure is one figure and the list of its records.
type promiseFigure struct {
	Promises, Records int
	// What says what it counts, for those who hear the page; Tone is how it is coloured.
	What, Tone, URL string
}

func (r promiseRow) met() promiseFigure {
	return promiseFigure{r.Met, r.MetRecords, "kept", "good", r.list(sla.Met, "")}
}

func (r promiseRow) breached() promiseFigure {
	return promiseFigure{r.Breached, r.BreachedRecords, "broken", "alarm", r.list(sla.Breached, "")}
}

func (r promiseRow) running() promiseFigure {
	return promiseFigure{r.Running, r.RunningRecords, "due", "", r.list(sla.Running, "wake_at")}
}

// list is the queue of the records behind a figure.
func (r promiseRow) list(how sla.State, sort string) string {
	asks := r.Asks
	asks.Promise.Clock, asks.Sort = string(how), sort
	return asks.url("")
}

// keptShare is how many of the promises that are decided were kept, in percent; false where none is. What is not all is never shown
// as all.
func keptShare(ctx context.Context, of app.PromiseFigures) (string, bool) {
	decided := of.Met + of.Breached
	if decided == 0 {
		return "", false
	}
	tenths := of.Met * 1000 / decided
	if tenths%10 == 0 {
		return numeral(ctx, tenths/10) + "%", true
	}
	return languageOf(ctx).Decimal(float64(tenths)/10) + "%", true
}
