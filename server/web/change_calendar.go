package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

const (
	calendarPath = changesPath + "/calendar"
	dateLayout   = "2006-01-02"
	weekDays     = 7
	// calendarPages bounds how many pages of changes one calendar reads.
	calendarPages = 5
)

// calendarView is a month or a week of changes, freezes and maintenance windows, in the reader's zone.
type calendarView struct {
	page
	// Week: it is a week; Day is a day of it, at its beginning.
	Week     bool
	Day      time.Time
	From, To time.Time
	Service  string
	Services []choice
	Weeks    [][]calendarDay
	// More: there are more changes than are read.
	More bool
	Zone *time.Location
	Feed feedView
	// Since is the place in the stream of events that it was read at; empty: it is not known.
	Since string
}

// calendarDay is one day of the reader's zone, of 23 to 25 hours.
type calendarDay struct {
	From, To time.Time
	// Outside: it belongs to the month before or after.
	Outside, Today       bool
	Freezes, Maintenance []app.WindowView
	Changes              []calendarEntry
}

// calendarEntry is a change on one of the days of its window.
type calendarEntry struct {
	app.ChangeView
	Span window.Span
	// Continues: its window opened on an earlier day.
	Continues bool
}

// shownInCalendar are the states of changes whose window means something: drafts have asked for none.
var shownInCalendar = []string{
	string(change.Assessing), string(change.AwaitingApproval), string(change.Approved), string(change.Scheduled), string(change.Implementing),
	string(change.Review), string(change.Closed),
}

func (w *console) changeCalendar(c *gin.Context) {
	view, err := w.calendarView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, calendarPage(view))
}

func (w *console) calendarView(c *gin.Context) (calendarView, error) {
	ctx := c.Request.Context()
	view := calendarView{page: w.page(c, "Change calendar"), Week: c.Query("view") == "week", Service: c.Query("service"), Zone: time.UTC}
	if zone, err := time.LoadLocation(zoneOf(ctx)); err == nil {
		view.Zone = zone
	}
	var err error
	if view.Day, err = time.ParseInLocation(dateLayout, c.Query("day"), view.Zone); err != nil {
		view.Day = midnight(view.Now.In(view.Zone), 0) // nothing was asked for, or no day
	}
	view.span()
	if view.Since, err = w.place(ctx); err != nil {
		return view, err
	}
	changes, err := w.changesWithin(ctx, &view)
	if err != nil {
		return view, err
	}
	windows, err := w.Service.ChangeWindows(ctx, window.Span{From: view.From, To: view.To})
	if err != nil {
		return view, err
	}
	view.lay(changes, windows)
	if view.Services, err = w.serviceChoices(ctx, nil); err != nil {
		w.Log.WarnContext(ctx, "the services to filter by could not be read", "error", err)
	}
	view.Feed, err = w.changeFeed(ctx, view)
	return view, err
}

// span finds the whole weeks that are shown, Monday to Sunday.
func (v *calendarView) span() {
	first, last := v.Day, v.Day
	if !v.Week {
		first = time.Date(v.Day.Year(), v.Day.Month(), 1, 0, 0, 0, 0, v.Zone)
		last = first.AddDate(0, 1, -1)
	}
	v.From = first.AddDate(0, 0, -mondayPlace(first))
	v.To = last.AddDate(0, 0, weekDays-mondayPlace(last))
}

// mondayPlace counts the days since Monday.
func mondayPlace(day time.Time) int { return (int(day.Weekday()) + weekDays - 1) % weekDays }

// changesWithin reads the changes whose windows have a moment in what is shown, by their windows.
func (w *console) changesWithin(ctx context.Context, view *calendarView) ([]app.ChangeView, error) {
	var all []app.ChangeView
	query := app.ChangeQuery{State: shownInCalendar, Service: view.Service, From: &view.From, To: &view.To, Limit: boardShown}
	for range calendarPages {
		found, err := w.Service.Changes(ctx, query)
		if err != nil {
			return nil, err
		}
		all = append(all, found.Items...)
		if query.Cursor = found.NextCursor; query.Cursor == "" {
			return all, nil
		}
	}
	view.More = true
	return all, nil
}

// lay puts everything onto its days.
func (v *calendarView) lay(changes []app.ChangeView, windows []app.WindowView) {
	today := midnight(v.Now.In(v.Zone), 0)
	var week []calendarDay
	for at := v.From; at.Before(v.To); at = at.AddDate(0, 0, 1) {
		day := calendarDay{From: at, To: at.AddDate(0, 0, 1), Outside: !v.Week && at.Month() != v.Day.Month(), Today: at.Equal(today)}
		span := window.Span{From: day.From, To: day.To}
		for _, one := range windows {
			switch {
			case !one.Overlaps(span):
			case one.Kind == policy.KindFreezeWindow:
				day.Freezes = append(day.Freezes, one)
			default:
				day.Maintenance = append(day.Maintenance, one)
			}
		}
		for _, one := range changes {
			if own, set := one.Lasts(); set && own.Overlaps(span) {
				day.Changes = append(day.Changes, calendarEntry{ChangeView: one, Span: own, Continues: own.From.Before(day.From)})
			}
		}
		if week = append(week, day); len(week) == weekDays {
			v.Weeks, week = append(v.Weeks, week), nil
		}
	}
}

func (v calendarView) url(day time.Time, week bool) string {
	values := url.Values{"day": {day.Format(dateLayout)}, "view": {map[bool]string{true: "week", false: "month"}[week]}}
	if v.Service != "" {
		values.Set("service", v.Service)
	}
	return calendarPath + "?" + values.Encode()
}

// before and after lead to the month or the week beside.
func (v calendarView) before() string { return v.beside(-1) }

func (v calendarView) after() string { return v.beside(1) }

func (v calendarView) beside(steps int) string {
	if v.Week {
		return v.url(v.Day.AddDate(0, 0, weekDays*steps), true)
	}
	first := time.Date(v.Day.Year(), v.Day.Month(), 1, 0, 0, 0, 0, v.Zone)
	return v.url(first.AddDate(0, steps, 0), false)
}

// heading names what is shown.
func (v calendarView) heading() string {
	if !v.Week {
		return v.Day.Format("January 2006")
	}
	last := v.To.AddDate(0, 0, -1)
	return v.From.Format("2 January") + " – " + last.Format("2 January 2006")
}

// empty reports whether a day has nothing to show.
func (d calendarDay) empty() bool { return len(d.Freezes)+len(d.Maintenance)+len(d.Changes) == 0 }

// clockOf is when something begins on a day: its time of day, or that it goes on.
func clockOf(zone *time.Location, entry calendarEntry) string {
	if entry.Continues {
		return "goes on"
	}
	return entry.Span.From.In(zone).Format("15:04")
}

// partOf words which part of a day a window takes: all of it, or from when until when.
func partOf(zone *time.Location, day calendarDay, span window.Span) string {
	from, to := "00:00", "24:00"
	if span.From.After(day.From) {
		from = span.From.In(zone).Format("15:04")
	}
	if span.To.Before(day.To) {
		to = span.To.In(zone).Format("15:04")
	}
	if from == "00:00" && to == "24:00" {
		return ""
	}
	return from + "–" + to
}
