package cron_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/internal/cron"
)

// named reports whether one of the calendars names a wall time.
func named(calendars []cron.Calendar, wall time.Time) bool {
	for _, c := range calendars {
		if holds(c.Minutes, wall.Minute()) && holds(c.Hours, wall.Hour()) && holds(c.DaysOfMonth, wall.Day()) &&
			holds(c.Months, int(wall.Month())) && holds(c.DaysOfWeek, int(wall.Weekday())) {
			return true
		}
	}
	return false
}

var (
	datesOfMonth = []string{"*", "*", "1", "13", "28-31", "*/10", "1,15", "29"}
	months       = []string{"*", "*", "3", "10,11", "mar-apr", "2"}
	daysOfWeek   = []string{"*", "*", "fri", "1-5", "0", "sun,wed"}
)

// Whoever walks the minutes of the world and asks the calendars of each finds what the preview tells: the same moments, and the same
// wall times left out. So what a timetable keeps and what people are shown are one.
func TestTheCalendarsNameWhatThePreviewTells(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{
		time.UTC, zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "Australia/Lord_Howe"), zone(t, "America/Sao_Paulo"),
		zone(t, "Pacific/Apia"), zone(t, "Asia/Kathmandu"),
	}
	rapid.Check(t, func(t *rapid.T) {
		location := rapid.SampledFrom(zones).Draw(t, "zone")
		text := fmt.Sprintf("%s %s %s %s %s",
			rapid.SampledFrom([]string{"0", "30", "*/20", "5-50/15"}).Draw(t, "minute"), rapid.SampledFrom([]string{"*", "0", "1-3", "2", "*/6"}).Draw(t, "hour"),
			rapid.SampledFrom(datesOfMonth).Draw(t, "date"), rapid.SampledFrom(months).Draw(t, "month"), rapid.SampledFrom(daysOfWeek).Draw(t, "day"))
		schedule, err := cron.Parse(text, location)
		require.NoError(t, err)
		calendars := schedule.Calendars()

		// Days over the years, and those about clock changes on purpose.
		from := time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 8000).Draw(t, "day of years"))
		if change := rapid.SampledFrom([]string{
			"", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z", "2018-11-04T03:00:00Z",
			"2018-02-18T02:00:00Z", "2026-10-03T15:30:00Z", "2026-04-04T15:00:00Z", "2011-12-30T10:00:00Z", "2028-02-29T00:00:00Z",
		}).Draw(t, "change"); change != "" {
			from = instant(t, change).Add(-36 * time.Hour)
		}
		until := from.Add(8 * 24 * time.Hour)
		var walked []string
		seen := map[string]bool{} // of wall times that came before
		for at := from.Add(-4 * time.Hour); at.Before(until); at = at.Add(time.Minute) {
			wall := schedule.Wall(at)
			text := cron.WallText(wall)
			if first := !seen[text]; first && at.After(from) && named(calendars, wall) {
				walked = append(walked, at.UTC().Format(time.RFC3339))
			}
			seen[text] = true
		}

		var told, left []string
		for after, done := from, false; !done; {
			turns, err := schedule.Turns(after, 5)
			require.NoError(t, err)
			for _, turn := range turns {
				if done = done || !turn.Skipped() && !turn.At.Before(until); done {
					break
				}
				if turn.Skipped() {
					left = append(left, cron.WallText(turn.Wall))
					continue
				}
				require.Equal(t, cron.WallText(turn.Wall), cron.WallText(schedule.Wall(turn.At)))
				told = append(told, turn.At.UTC().Format(time.RFC3339))
				after = turn.At
			}
		}
		require.Equal(t, walked, told)
		for _, text := range left {
			wall, err := time.Parse("2006-01-02T15:04", text)
			require.NoError(t, err)
			require.True(t, named(calendars, wall), "%s is not named", text)
			require.NotEqual(t, text, cron.WallText(schedule.Wall(time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, location))), "it exists")
		}
		for wall := schedule.Wall(from).Truncate(time.Minute).Add(time.Minute); wall.Before(schedule.Wall(until)); wall = wall.Add(time.Minute) {
			lies := !seen[cron.WallText(wall)]
			if lies && named(calendars, wall) && len(told) > 0 && cron.WallText(wall) < cron.WallText(schedule.Wall(instant(t, told[len(told)-1]))) {
				require.Contains(t, left, cron.WallText(wall), "it is left out, and not told")
			}
		}
	})
}

func TestCalendars(t *testing.T) {
	t.Parallel()
	all := []cron.Range{{Start: 0, End: 6}}
	month := []cron.Range{{Start: 1, End: 12}}
	for text, want := range map[string][]cron.Calendar{
		"0 9 1 * *": {{
			Minutes: []cron.Range{{}}, Hours: []cron.Range{{Start: 9, End: 9}}, DaysOfMonth: []cron.Range{{Start: 1, End: 1}}, Months: month, DaysOfWeek: all,
		}},
		"*/30 9-10,12 * * 1-5": {{
			Minutes: []cron.Range{{}, {Start: 30, End: 30}}, Hours: []cron.Range{{Start: 9, End: 10}, {Start: 12, End: 12}},
			DaysOfMonth: []cron.Range{{Start: 1, End: 31}}, Months: month, DaysOfWeek: []cron.Range{{Start: 1, End: 5}},
		}},
		"0 0 13 * fri": {
			{Minutes: []cron.Range{{}}, Hours: []cron.Range{{}}, DaysOfMonth: []cron.Range{{Start: 13, End: 13}}, Months: month, DaysOfWeek: all},
			{Minutes: []cron.Range{{}}, Hours: []cron.Range{{}}, DaysOfMonth: []cron.Range{{Start: 1, End: 31}}, Months: month, DaysOfWeek: []cron.Range{{Start: 5, End: 5}}},
		},
	} {
		schedule, err := cron.Parse(text, time.UTC)
		require.NoError(t, err)
		require.Equal(t, want, schedule.Calendars(), text)
	}
	require.Nil(t, cron.Schedule{}.Calendars())
}

func TestTurnsTellWhatIsSkipped(t *testing.T) {
	t.Parallel()
	schedule, err := cron.Parse("30 2 * * *", zone(t, "Europe/Berlin"))
	require.NoError(t, err)
	turns, err := schedule.Turns(instant(t, "2026-03-28T00:00:00Z"), 2)
	require.NoError(t, err)
	require.Len(t, turns, 3)
	require.Equal(t, "2026-03-29T02:30", cron.WallText(turns[1].Wall))
	require.True(t, turns[1].Skipped())
	require.Equal(t, "2026-03-30T02:30", cron.WallText(turns[2].Wall))

	require.Equal(t, schedule.Wall(instant(t, "2026-10-25T00:30:00Z")), schedule.Wall(instant(t, "2026-10-25T01:30:00Z")), "of one wall time")
	_, err = schedule.Turns(time.Now(), 0)
	require.Error(t, err)
}

// holds reports whether a value lies in one of the ranges.
func holds(ranges []cron.Range, value int) bool {
	return slices.ContainsFunc(ranges, func(r cron.Range) bool { return r.Start <= value && value <= r.End })
}
