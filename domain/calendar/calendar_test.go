package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

func compiled(t require.TestingT, spec calendar.Spec) *calendar.Calendar {
	zone, err := time.LoadLocation(spec.Timezone)
	require.NoError(t, err)
	made, problems := calendar.Compile(spec, zone, nil)
	require.Empty(t, problems)
	return made
}

func instant(t require.TestingT, text string) time.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return parsed
}

func every(span ...string) map[string][]string {
	return map[string][]string{"mon": span, "tue": span, "wed": span, "thu": span, "fri": span, "sat": span, "sun": span}
}

func TestSpansAtClockChanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, zone, span, from, to string
		want                       []string
	}{
		{"a span within the hour that spring leaves out is gone", "Europe/Berlin", "02:10-02:50", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z", nil},
		{"a span that begins in the gap begins at the first instant that exists", "Europe/Berlin", "02:30-04:00", "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}},
		{"a span over the gap is an hour shorter", "Europe/Berlin", "01:00-04:00", "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", []string{"2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z"}},
		{"a span over the repeated hour is an hour longer", "Europe/Berlin", "01:00-04:00", "2026-10-24T22:00:00Z", "2026-10-25T12:00:00Z", []string{"2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z"}},
		{"a span within the repeated hour is in its first copy", "Europe/Berlin", "02:10-02:50", "2026-10-24T22:00:00Z", "2026-10-25T12:00:00Z", []string{"2026-10-25T00:10:00Z", "2026-10-25T00:50:00Z"}},
		{"a midnight that does not exist", "America/Sao_Paulo", "00:00-02:00", "2018-11-04T00:00:00Z", "2018-11-04T12:00:00Z", []string{"2018-11-04T03:00:00Z", "2018-11-04T04:00:00Z"}},
		{"clocks that go back over midnight", "America/St_Johns", "00:00-01:00", "2010-11-07T00:00:00Z", "2010-11-07T12:00:00Z", []string{"2010-11-07T02:30:00Z", "2010-11-07T04:30:00Z"}},
		{"a day that a zone left out", "Pacific/Apia", "09:00-17:00", "2011-12-30T10:00:00Z", "2011-12-30T18:00:00Z", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			days := compiled(t, calendar.Spec{Timezone: test.zone, Weekly: every(test.span)})
			var got []string
			for _, span := range days.Spans(instant(t, test.from), instant(t, test.to)) {
				got = append(got, span.From.Format(time.RFC3339), span.To.Format(time.RFC3339))
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestHolidaysExceptionsAndBreaks(t *testing.T) {
	t.Parallel()
	days := compiled(t, calendar.Spec{
		Timezone: "UTC", Weekly: every("09:00-17:00"), Holidays: []string{"2026-12-25"}, YearlyHolidays: []string{"01-01", "02-29"},
		Exceptions: map[string][]string{"2026-12-24": {"09:00-12:00"}, "2026-12-25": {"10:00-11:00"}, "2026-12-26": {}},
		Breaks:     map[string][]string{"2026-12-23": {"12:00-13:00"}, "2026-12-24": {"08:00-10:00", "11:30-18:00"}},
	})
	for day, want := range map[string]time.Duration{
		"2026-12-22": 8 * time.Hour, "2026-12-23": 7 * time.Hour, "2026-12-24": 90 * time.Minute, "2026-12-25": 0, "2026-12-26": 0,
		"2026-12-27": 8 * time.Hour, "2027-01-01": 0, "2028-02-29": 0, "2027-03-01": 8 * time.Hour,
	} {
		start := instant(t, day+"T00:00:00Z")
		require.Equal(t, want, days.Between(start, start.AddDate(0, 0, 1)), day)
	}
}

func TestEndsOfSpans(t *testing.T) {
	t.Parallel()
	days := compiled(t, calendar.Spec{Timezone: "UTC", Weekly: map[string][]string{"mon": {"09:00-12:00", "13:00-17:00"}, "tue": {"09:00-17:00"}}})
	require.True(t, days.IsOpen(instant(t, "2026-11-02T09:00:00Z")))
	require.False(t, days.IsOpen(instant(t, "2026-11-02T12:00:00Z")))
	for _, test := range []struct{ from, amount, want string }{
		{"2026-11-02T09:00:00Z", "3h", "2026-11-02T12:00:00Z"},
		{"2026-11-02T09:00:00Z", "3h1s", "2026-11-02T13:00:01Z"},
		{"2026-11-02T12:00:00Z", "0s", "2026-11-02T13:00:00Z"},
		{"2026-11-02T17:00:00Z", "8h", "2026-11-03T17:00:00Z"},
		{"2026-11-02T10:00:00Z", "1wd", "2026-11-03T10:00:00Z"},
		{"2026-11-03T10:00:00Z", "1wd1h", "2026-11-09T11:00:00Z"},
		{"2026-11-03T12:30:00Z", "1wd", "2026-11-09T13:00:00Z"},
		{"2026-11-07T10:00:00Z", "2wd", "2026-11-16T09:00:00Z"},
		{"2026-11-02T09:00:00Z", "1d", "2026-11-10T11:00:00Z"},
	} {
		amount, err := calendar.ParseDuration(test.amount)
		require.NoError(t, err)
		got, err := days.AddDuration(instant(t, test.from), amount)
		require.NoError(t, err)
		require.Equal(t, test.want, got.Format(time.RFC3339), test)
	}
}

func TestACalendarThatNeverOpens(t *testing.T) {
	t.Parallel()
	days := compiled(t, calendar.Spec{Timezone: "UTC", Exceptions: map[string][]string{"2026-11-02": {"09:00-10:00"}}})
	after := instant(t, "2026-11-02T10:00:00Z")
	_, err := days.NextOpen(after)
	require.ErrorIs(t, err, calendar.ErrNeverOpens)
	_, err = days.Add(instant(t, "2026-11-02T09:00:00Z"), 2*time.Hour)
	require.ErrorIs(t, err, calendar.ErrNeverOpens)
	_, err = days.AddWorkingDays(instant(t, "2026-11-02T09:00:00Z"), 1)
	require.ErrorIs(t, err, calendar.ErrNeverOpens)
	require.False(t, days.IsOpen(after))
}

func TestCompileFindsEveryProblemInOrder(t *testing.T) {
	t.Parallel()
	_, problems := calendar.Compile(calendar.Spec{
		Weekly:   map[string][]string{"mon": {"9-17", "17:00-09:00", "23:00-24:01", "10:60-11:00"}, "monday": {}},
		Holidays: []string{"2026-02-30"}, YearlyHolidays: []string{"13-01", "02-29"},
		Exceptions: map[string][]string{"soon": nil}, Breaks: map[string][]string{"2026-01-01": {"a"}},
	}, time.UTC, nil)
	paths := []string{}
	for _, problem := range problems {
		require.NotEmpty(t, problem.Message)
		paths = append(paths, problem.Path)
	}
	require.Equal(t, []string{
		"weekly.mon[0]", "weekly.mon[1]", "weekly.mon[2]", "weekly.mon[3]", "weekly.monday", "holidays[0]", "yearly_holidays[0]",
		"exceptions.soon", "breaks.2026-01-01[0]",
	}, paths)
}

func TestParseDurationRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "4", "-4h", "wd", "-1wd", "1.5wd", "d", "-1d", "1wd2wd", "1d-1h", "4x", "3661d", "3661wd", "3660d1ns", "100000h", "+1d", "99999999999999999999wd"} {
		_, err := calendar.ParseDuration(text)
		require.Error(t, err, text)
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"4h", "1h30m", "2d", "2wd", "1wd2d3h", "", "wd", "1d1wd", "0s", "9223372036854775807wd", "100000d9223372036s", "1e3h", "+1h", "1.5h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		duration, err := calendar.ParseDuration(text)
		if err != nil {
			return
		}
		if duration.Open < 0 || duration.WorkingDays < 0 {
			t.Fatalf("%q is read as %+v", text, duration)
		}
		again, err := calendar.ParseDuration(duration.String())
		if err != nil || again != duration {
			t.Fatalf("%q is written as %q and read as %+v, %v", text, duration, again, err)
		}
	})
}

func TestBackWorkingDays(t *testing.T) {
	t.Parallel()
	desk := compiled(t, calendar.Spec{Timezone: "Europe/Berlin", Weekly: map[string][]string{"mon": {"09:00-17:00"}, "tue": {"09:00-17:00"}, "wed": {"09:00-17:00"}, "thu": {"09:00-17:00"}, "fri": {"09:00-17:00"}}})
	for _, test := range []struct {
		from, want string
		days       int
	}{
		{"2026-12-07T14:00:00+01:00", "2026-12-04T14:00:00+01:00", 1},
		{"2026-12-06T20:00:00+01:00", "2026-12-04T20:00:00+01:00", 1},
		{"2026-12-09T14:00:00+01:00", "2026-12-02T14:00:00+01:00", 5},
		{"2026-12-06T20:00:00+01:00", "2026-12-06T20:00:00+01:00", 0},
		{"2026-03-30T02:30:00+02:00", "2026-03-27T02:30:00+01:00", 1}, // over the change to summer time
	} {
		got, err := desk.BackWorkingDays(instant(t, test.from), test.days)
		require.NoError(t, err)
		require.True(t, got.Equal(instant(t, test.want)), "%s − %dwd: %s", test.from, test.days, got)
	}
	never := compiled(t, calendar.Spec{Timezone: "UTC"})
	_, err := never.BackWorkingDays(instant(t, "2026-12-07T14:00:00Z"), 1)
	require.ErrorIs(t, err, calendar.ErrNeverOpens)
}
