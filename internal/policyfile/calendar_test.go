package policyfile

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

var allDay = map[string][]string{
	"mon": {"00:00-24:00"}, "tue": {"00:00-24:00"}, "wed": {"00:00-24:00"}, "thu": {"00:00-24:00"}, "fri": {"00:00-24:00"},
	"sat": {"00:00-24:00"}, "sun": {"00:00-24:00"},
}

func TestIncludedHolidaysClose(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		set, zone    string
		closed, open []string
	}{
		// Independence Day 2026 is a Saturday and is observed on Friday; New Year 2028 is observed in 2027. The day after
		// Thanksgiving is no federal holiday.
		{"us-federal", "America/New_York", []string{"2026-07-03", "2026-11-26", "2027-12-31", "2026-06-19", "2016-12-26"}, []string{"2026-07-06", "2026-11-27", "2020-06-19"}},
		{"de", "Europe/Berlin", []string{"2026-04-03", "2026-04-06", "2026-05-14", "2026-10-03", "2026-12-26"}, []string{"2026-11-01", "2026-06-04"}},
		{"de-by", "Europe/Berlin", []string{"2026-11-01", "2026-06-04"}, []string{"2026-10-31"}},
		{"gb", "Europe/London", []string{"2026-05-04", "2026-08-31", "2026-12-28"}, []string{"2026-08-03"}},
		{"fr", "Europe/Paris", []string{"2026-07-14", "2026-05-08"}, []string{"2026-07-15"}},
	} {
		t.Run(test.set, func(t *testing.T) {
			t.Parallel()
			compiled, err := CompileCalendar(calendar.Spec{Timezone: test.zone, Weekly: allDay, Include: []string{test.set}})
			require.NoError(t, err)
			require.Equal(t, test.zone, compiled.Zone().String())
			for want, days := range map[bool][]string{false: test.closed, true: test.open} {
				for _, day := range days {
					noon, err := time.ParseInLocation("2006-01-02 15:04", day+" 12:00", compiled.Zone())
					require.NoError(t, err)
					require.Equal(t, want, compiled.IsOpen(noon), day)
				}
			}
		})
	}
}

func TestEverySetHasDatesInEveryYear(t *testing.T) {
	t.Parallel()
	for _, name := range HolidaySets() {
		years := map[int]int{}
		for _, day := range datesOf(holidaySets[name]) {
			require.Zero(t, day.Hour(), name)
			years[day.Year()]++
		}
		for year := firstHolidayYear; year <= lastHolidayYear; year++ {
			require.NotZero(t, years[year], "%s %d", name, year)
		}
	}
}

func TestCompileCalendarTellsEveryField(t *testing.T) {
	t.Parallel()
	_, err := CompileCalendar(calendar.Spec{Timezone: "../etc/passwd", Weekly: map[string][]string{"mon": {"25:00-26:00"}}})
	require.Equal(t, domain.CodeInvalid, domain.CodeOf(err))
	require.Len(t, domain.AsError(err).Fields, 2)
	_, err = CompileCalendar(calendar.Spec{Timezone: "UTC", Weekly: allDay, Holidays: make([]string, maxDates+1)})
	require.ErrorContains(t, err, "takes at most 2000 entries")
}

func TestWhatIsTooMuchIsNotWorkedThrough(t *testing.T) {
	t.Parallel()
	included := slices.Repeat([]string{"jp"}, 40_000)
	compiled, problems := compile(calendar.Spec{Timezone: "Mars/Olympus", Weekly: allDay, Include: included})
	require.Nil(t, compiled)
	require.Len(t, problems, 1, "neither the sets nor the zone were looked at")
	require.Equal(t, "include", problems[0].Path)
}
