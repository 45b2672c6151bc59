package cron_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/internal/cron"
)

func zone(t require.TestingT, name string) *time.Location {
	loaded, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loaded
}

func instant(t require.TestingT, text string) time.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return parsed
}

func TestNextN(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, zone, after string
		want                    []string
	}{
		{"monthly across the change to summer time", "0 9 1 * *", "Europe/Berlin", "2026-03-01T00:00:00Z", []string{"2026-03-01T08:00:00Z", "2026-04-01T07:00:00Z"}},
		{"strictly after", "0 9 * * *", "UTC", "2026-03-01T09:00:00Z", []string{"2026-03-02T09:00:00Z"}},
		{"a time that the spring leaves out is skipped", "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", []string{"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"}},
		{"a time that the autumn repeats comes once, the first", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"the second copy of an hour is dropped from any instant", "*/30 * * * *", "Europe/Berlin", "2026-10-24T23:59:00Z", []string{"2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"}},
		{"asked within the second copy", "*/30 * * * *", "Europe/Berlin", "2026-10-25T01:15:00Z", []string{"2026-10-25T02:00:00Z"}},
		{"every hour over the spring gap", "0 * * * *", "America/New_York", "2026-03-08T06:00:00Z", []string{"2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"}},
		{"a midnight that does not exist", "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", []string{"2018-11-05T02:00:00Z"}},
		{"a day that a zone left out", "0 12 * * *", "Pacific/Apia", "2011-12-29T23:00:00Z", []string{"2011-12-30T22:00:00Z"}},
		{"both day fields: either suffices", "0 0 13 * fri", "UTC", "2026-11-01T00:00:00Z", []string{"2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"}},
		{"29 February across 2100", "0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", []string{"2104-02-29T00:00:00Z"}},
		{"half an hour of summer time", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", []string{"2026-10-04T15:15:00Z"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			schedule, err := cron.Parse(test.text, zone(t, test.zone))
			require.NoError(t, err)
			moments, err := schedule.NextN(instant(t, test.after), len(test.want))
			require.NoError(t, err)
			for i, want := range test.want {
				require.Equal(t, want, moments[i].UTC().Format(time.RFC3339))
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "* * * *", "0 * * * * *", "TZ=0", "TZ=", "CRON_TZ=Europe/Berlin 0 0 * * *", "TZ=UTC * * * * *", "@every 1s", "@daily", "@",
		"60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "-1 * * * *",
		", * * * *", "1, * * * *", "1,,2 * * * *", "* * * * ,", "0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "1/2/3 * * * *", "1-2-3 * * * *",
		"* * * * é", "99999999999999999999 * * * *", strings.Repeat("1,", 200) + "1 * * * *",
	} {
		_, err := cron.Parse(text, time.UTC)
		require.Error(t, err, text)
	}
	_, err := cron.Parse("0 0 30 2 *", time.UTC)
	require.ErrorIs(t, err, cron.ErrNever)
	_, err = cron.Parse("0 0 * * *", nil)
	require.Error(t, err)
}

func TestNextRefuses(t *testing.T) {
	t.Parallel()
	_, err := cron.Schedule{}.Next(time.Now())
	require.Error(t, err)
	schedule, err := cron.Parse(" 0  9 * * MON ", time.UTC)
	require.NoError(t, err)
	require.Equal(t, "0 9 * * MON", schedule.String())
	require.Equal(t, time.UTC, schedule.Zone())
	for _, n := range []int{0, -1, cron.MaxMoments + 1} {
		_, err := schedule.NextN(time.Now(), n)
		require.Error(t, err)
	}
	_, err = schedule.Next(time.Date(9500, 1, 1, 0, 0, 0, 0, time.UTC))
	require.Error(t, err)
}

// matching is a field's text and what it means, written a second time.
type matching struct {
	text  string
	means func(int) bool
}

var (
	minutes = []matching{
		{"*/7", func(m int) bool { return m%7 == 0 }},
		{"0", func(m int) bool { return m == 0 }},
		{"15,30", func(m int) bool { return m == 15 || m == 30 }},
		{"1-59/13", func(m int) bool { return m%13 == 1 }},
	}
	hours = []matching{
		{"*", func(int) bool { return true }},
		{"1-3", func(h int) bool { return h >= 1 && h <= 3 }},
		{"0", func(h int) bool { return h == 0 }},
		{"*/5", func(h int) bool { return h%5 == 0 }},
	}
)

// Next is the first minute after the instant whose wall time matches and was not there before.
func TestNextIsTheFirstMatchingMinute(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{time.UTC, zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "Australia/Lord_Howe"), zone(t, "America/Sao_Paulo")}
	changes := []string{
		"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z", "2018-11-04T03:00:00Z",
		"2018-02-18T02:00:00Z", "2026-10-03T15:30:00Z", "2026-04-04T15:00:00Z",
	}
	rapid.Check(t, func(t *rapid.T) {
		location := rapid.SampledFrom(zones).Draw(t, "zone")
		minute, hour := rapid.SampledFrom(minutes).Draw(t, "minute"), rapid.SampledFrom(hours).Draw(t, "hour")
		schedule, err := cron.Parse(minute.text+" "+hour.text+" * * *", location)
		require.NoError(t, err)
		after := instant(t, rapid.SampledFrom(changes).Draw(t, "change")).Add(time.Duration(rapid.IntRange(-90_000, 90_000).Draw(t, "shift")) * time.Second)
		next, err := schedule.Next(after)
		require.NoError(t, err)

		seen := map[string]bool{}
		for at := after.Truncate(time.Minute).Add(-3 * time.Hour); ; at = at.Add(time.Minute) {
			wall := at.In(location)
			first := !seen[wall.Format("01-02 15:04")]
			seen[wall.Format("01-02 15:04")] = true
			if first && at.After(after) && minute.means(wall.Minute()) && hour.means(wall.Hour()) {
				require.True(t, at.Equal(next), "%s expected, got %s", wall, next)
				return
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"0 9 * * 1", "*/5 * * * *", "TZ=0", "CRON_TZ=", "TZ= 0 0 * * *", "@every 1ns", "0 0 30 2 *", "? ? ? ? ?", "1-5/2,7 * * jan sun",
		"*/18446744073709551615 * * * *", "0 0 31 */2 *", "\x00 * * * *", "59 23 31 12 6",
	} {
		f.Add(seed, int64(1774742400))
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		schedule, err := cron.Parse(text, berlin)
		if err != nil {
			return
		}
		after := time.Unix(seconds%10_000_000_000, 0)
		next, err := schedule.Next(after)
		if err != nil {
			return // a year out of bounds
		}
		if !next.After(after) {
			t.Fatalf("%q after %s gives %s", text, after, next)
		}
		if _, err := cron.Parse(schedule.String(), berlin); err != nil {
			t.Fatalf("%q is not read again: %v", schedule, err)
		}
	})
}
