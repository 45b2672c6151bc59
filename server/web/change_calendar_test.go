package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestTheCalendarShowsWindowsFreezesAndConflicts(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	from, to := store.Instant("2026-12-19T17:00:00Z"), store.Instant("2026-12-21T07:00:00Z")
	d.base.Apply(t, "FreezeWindow/year-end", window.Spec{Title: "Year end", From: &from, To: &to})
	d.base.Apply(t, "MaintenanceWindow/saturday", window.Spec{Title: "Saturday night", Recurring: &window.Recurring{Cron: "0 20 * * 6", Lasts: window.Length{Duration: 8 * time.Hour}, Timezone: "UTC"}})
	one := d.board(func(c *change.Change, _ *approval.Keeper) {
		opens, ends := store.Instant("2026-12-12T22:00:00Z"), store.Instant("2026-12-13T02:00:00Z")
		c.WindowFrom, c.WindowTo = &opens, &ends
	})
	page := d.get("bo", calendarPath+"?day=2026-12-01", http.StatusOK)
	require.Contains(t, page, "December 2026")
	require.Equal(t, 35, strings.Count(page, `class="day-number"`), "whole weeks")
	require.Equal(t, 2, strings.Count(page, `<a href="/changes/`+one.Number+`"`), "on each of its days")
	for _, words := range []string{"22:00", "goes on", "blocked", "from 17:00", "until 07:00", "from 20:00", "until 04:00", "Times in UTC"} {
		require.Contains(t, page, words)
	}
	require.Equal(t, 2, strings.Count(page, ">Year end</a>"), "named on its first day and at the week's start")
	require.Equal(t, 1, strings.Count(page, "Year end, freeze"), "and goes on over the day between")
	require.Contains(t, page, calendarPath+"?day=2027-01-01&view=month")
	week := d.get("bo", calendarPath+"?day=2026-12-09&view=week", http.StatusOK)
	require.Equal(t, 7, strings.Count(week, `class="day-number"`))
	require.Contains(t, week, "7 December – 13 December 2026")
	require.Contains(t, week, calendarPath+"?day=2026-12-16&view=week")
	require.NotContains(t, d.get("bo", calendarPath+"?day=2026-12-09&service=vpn", http.StatusOK), one.Number)
	d.get("rita", calendarPath, http.StatusForbidden)
}

func TestDaysOfACalendarFollowTheClocksOfItsZone(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	view := calendarView{Week: true, Zone: berlin, Day: time.Date(2026, 10, 25, 0, 0, 0, 0, berlin)}
	view.span()
	view.lay(nil, nil)
	require.Len(t, view.Weeks, 1)
	sunday := view.Weeks[0][6]
	require.Equal(t, "2026-10-25", sunday.From.Format(dateLayout))
	require.Equal(t, 25*time.Hour, sunday.To.Sub(sunday.From), "the clocks go back on that day")
}

func TestLongWindowsKeepTheirLineOverAWeek(t *testing.T) {
	t.Parallel()
	of := func(name, from, to string) app.WindowView {
		return app.WindowView{Kind: policy.KindFreezeWindow, Name: name, Span: window.Span{From: store.Instant(from), To: store.Instant(to)}}
	}
	view := calendarView{Week: true, Zone: time.UTC, Day: store.Instant("2026-12-09T00:00:00Z")}
	view.span()
	view.lay(nil, []app.WindowView{
		of("one-day", "2026-12-08T08:00:00Z", "2026-12-08T09:00:00Z"), of("first", "2026-12-01T08:00:00Z", "2026-12-09T09:00:00Z"),
		of("second", "2026-12-08T08:00:00Z", "2026-12-11T00:00:00Z"), of("third", "2026-12-10T08:00:00Z", "2026-12-20T00:00:00Z"),
	})
	var drawn []string
	for _, day := range view.Weeks[0] {
		words := ""
		for _, bar := range day.Windows {
			if bar.Blank {
				words += "- "
			} else {
				words += bar.Name + bar.class()[len("day-window freeze"):] + "; "
			}
		}
		drawn = append(drawn, words)
	}
	require.Equal(t, []string{
		"first long named room-2 came goes; ", "first long came goes; second long named room-3 goes; one-day; ", "first long came; second long came goes; ",
		"third long named room-4 goes; second long came; ", "third long came goes; ", "third long came goes; ", "third long came goes; ",
	}, drawn, "a line is taken anew from the day on which it is free")
}
