package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/change"
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
	Outside, Today bool
	Windows        []calendarBar
	Changes        []calendarEntry
}

func (d calendarDay) span() window.Span { return window.Span{From: d.From, To: d.To} }

// frozen reports whether there is a freeze on a day.
func (d calendarDay) frozen() bool {
	return slices.ContainsFunc(d.Windows, func(bar calendarBar) bool { return !bar.Blank && bar.Freeze() })
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
	view := calendarView{page: w.page(c, "Change calendar"), Week: c.Query("view") == "week", Service: c.Query("service"), Zone: zoneIn(ctx)}
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
		for _, one := range changes {
			if own, set := one.Lasts(); set && own.Overlaps(day.span()) {
				day.Changes = append(day.Changes, calendarEntry{ChangeView: one, Span: own, Continues: own.From.Before(day.From)})
			}
		}
		if week = append(week, day); len(week) == weekDays {
			layWindows(week, windows)
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
func (v calendarView) heading(ctx context.Context) string {
	if !v.Week {
		return v.Day.Format("January 2006")
	}
	return languageOf(ctx).Day(v.From) + " – " + languageOf(ctx).Date(v.To.AddDate(0, 0, -1))
}

// empty reports whether a day has nothing of its own to show: what goes on over it was named on an earlier one.
func (d calendarDay) empty() bool {
	return len(d.Changes) == 0 && !slices.ContainsFunc(d.Windows, func(bar calendarBar) bool { return !bar.Blank && bar.Days > 0 })
}

// clockOf is when something begins on a day: its time of day, or that it goes on.
func clockOf(ctx context.Context, zone *time.Location, entry calendarEntry) string {
	if entry.Continues {
		return "goes on"
	}
	return languageOf(ctx).Time(entry.Span.From.In(zone))
}
