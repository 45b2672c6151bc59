package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

const alertsPath = "/alerts"

// mountAlerts adds what monitoring told, and the keys with which it may.
func (w *console) mountAlerts(pages *gin.RouterGroup) {
	pages.GET(alertsPath, w.needs(app.PermissionAlertRead), w.alerts)
	keys := pages.Group(intakeKeysPath, w.staffOnly)
	keys.GET("", w.intakeKeys)
	keys.POST("", w.makeIntakeKey)
	keys.POST("/:id/revoke", w.revokeIntakeKey)
}

// readsAlerts reports whether somebody sees what monitoring told.
func readsAlerts(who app.Principal) bool { return who.May(app.PermissionAlertRead) }

// The lists of alerts: what fires now, what changes hold or held, and everything.
const (
	alertsFiring = "firing"
	alertsHeld   = "held"
	alertsAll    = "all"
)

// alertFilters are what a list of alerts is narrowed by.
type alertFilters struct{ State, Service, Item, Change, Cursor string }

func alertFiltersOf(query url.Values) alertFilters {
	f := alertFilters{
		State: query.Get("state"), Service: query.Get("service"), Item: strings.TrimSpace(query.Get("item")),
		Change: strings.TrimSpace(query.Get("change")), Cursor: query.Get("cursor"),
	}
	if f.State != alertsHeld && f.State != alertsAll {
		f.State = alertsFiring
	}
	return f
}

func (f alertFilters) url(cursor string) string {
	values := url.Values{}
	if f.State != alertsFiring {
		values.Set("state", f.State)
	}
	for name, value := range map[string]string{"service": f.Service, "item": f.Item, "change": f.Change, "cursor": cursor} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return alertsPath
	}
	return alertsPath + "?" + values.Encode()
}

func (f alertFilters) query() app.AlertQuery {
	return app.AlertQuery{
		Firing: f.State == alertsFiring, Held: f.State == alertsHeld, Service: f.Service, Item: f.Item, Change: f.Change, Cursor: f.Cursor,
	}
}

// in is the same in another list.
func (f alertFilters) in(state string) alertFilters {
	f.State, f.Cursor = state, ""
	return f
}

// narrowed reports whether more is left out than the list itself does.
func (f alertFilters) narrowed() bool { return f.Service+f.Item+f.Change != "" }

func alertLists() []choice {
	return []choice{{alertsFiring, "Firing"}, {alertsHeld, "Held by changes"}, {alertsAll, "All"}}
}

// alertsView is the list of alerts.
type alertsView struct {
	page
	Filters  alertFilters
	Found    app.Page[app.AlertRow]
	Services []choice
	// Connects: the reader keeps keys of some service.
	Connects bool
}

func (w *console) alerts(c *gin.Context) {
	ctx := c.Request.Context()
	view := alertsView{page: w.page(c, "Alerts"), Filters: alertFiltersOf(c.Request.URL.Query())}
	var err error
	if view.Found, err = w.Service.Alerts(ctx, view.Filters.query()); err != nil {
		w.fail(c, err)
		return
	}
	if view.Services, err = w.serviceChoices(ctx, nil); err != nil {
		w.Log.WarnContext(ctx, "the services to filter by could not be read", "error", err)
	}
	view.Connects = len(w.connected(ctx, *view.Who)) > 0
	w.show(c, http.StatusOK, alertsPage(view))
}

// alertWords are what came of an alert, after what it says by itself.
type alertWords struct {
	// Incident and Change are numbers to lead to.
	Incident, Change string
	// Before stands before what it leads to, After after it.
	Before, After string
}

// fateOf says what came of an alert: the incident that it is about, or the change that holds it and what that means.
func fateOf(row app.AlertRow) alertWords {
	switch {
	case row.Held && row.Firing:
		return alertWords{Change: row.Change, Before: "Held by ", After: ": opens no incident while that works on it. If it still fires after that, it does."}
	case row.Held:
		return alertWords{Change: row.Change, Before: "Held by ", After: ", and over before that let go: no incident."}
	case row.Incident != "" && row.Change != "":
		return alertWords{Incident: row.Incident, Change: row.Change, Before: "About ", After: "; began while this works on it: "}
	case row.Incident != "":
		return alertWords{Incident: row.Incident, Before: "About "}
	}
	return alertWords{Before: "Its incident is about to be logged, or not for you to read."}
}

// holdWords say in the box of a change what becomes of alerts on its items; empty where nothing is held any more.
func holdWords(c change.Change) string {
	span, holds := c.Holds()
	switch {
	case holds && span.To.After(c.LastEventAt):
		return "While it is carried out, alerts on its items are held here and open no incident."
	case c.SettleAt != nil:
		return "It has ended. What it held has ten minutes to become quiet."
	}
	return ""
}

// stillFiring counts the alerts of a change that fire.
func stillFiring(rows []app.AlertRow) int {
	n := 0
	for _, row := range rows {
		if row.Firing {
			n++
		}
	}
	return n
}

// holdsAlerts reports whether a change holds alerts, is to settle what becomes of them, or held any.
func holdsAlerts(c app.ChangeView) bool {
	_, holds := c.Holds()
	return holds && len(c.ConfigurationItems) > 0 || c.SettleAt != nil || len(c.Alerts) > 0
}

// severe is the colour of a severity's chip, by the levels that an incident of it would have.
func severe(row app.AlertRow) string {
	switch {
	case !row.Firing:
		return ""
	case row.Impact() == "high" && row.Urgency() == "high":
		return "alarm"
	case row.Impact() == "high":
		return "warn"
	}
	return ""
}

// labelsOf are the labels of an alert, by name.
func labelsOf(row app.AlertRow) []attribute {
	var list []attribute
	for name, value := range row.Labels {
		list = append(list, attribute{name, value})
	}
	slices.SortFunc(list, func(a, b attribute) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// toldTimes says how often an alert was told to fire.
func toldTimes(ctx context.Context, row app.AlertRow) string {
	if row.Times == 1 {
		return "told once"
	}
	return "told " + numeral(ctx, row.Times) + " times"
}
