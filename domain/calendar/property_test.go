package calendar_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// places are zones with a moment at which their clocks change: by an hour, by half an hour, at midnight, just after
// midnight, and by a whole day.
var places = []struct{ zone, change string }{
	{"UTC", "2026-03-29T01:00:00Z"},
	{"Europe/Berlin", "2026-03-29T01:00:00Z"},
	{"Europe/Berlin", "2026-10-25T01:00:00Z"},
	{"America/New_York", "2026-03-08T07:00:00Z"},
	{"America/New_York", "2026-11-01T06:00:00Z"},
	{"Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
	{"Australia/Lord_Howe", "2026-04-04T15:00:00Z"},
	{"America/Sao_Paulo", "2018-11-04T03:00:00Z"},
	{"America/Sao_Paulo", "2018-02-18T02:00:00Z"},
	{"America/St_Johns", "2010-03-14T03:31:00Z"},
	{"America/St_Johns", "2010-11-07T02:31:00Z"},
	{"Pacific/Apia", "2011-12-30T10:00:00Z"},
}

// world is a calendar and moments around a change of its zone's clocks.
type world struct {
	*calendar.Calendar
	spec   calendar.Spec
	change time.Time
}

func drawWorld(t *rapid.T) world {
	place := rapid.SampledFrom(places).Draw(t, "place")
	zone, err := time.LoadLocation(place.zone)
	require.NoError(t, err)
	change, err := time.Parse(time.RFC3339, place.change)
	require.NoError(t, err)
	spec := calendar.Spec{Timezone: place.zone, Weekly: map[string][]string{}, Exceptions: map[string][]string{}, Breaks: map[string][]string{}}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		spec.Weekly[day] = drawSpans(t, 0, "weekly")
	}
	for offset := -1; offset <= 1; offset++ {
		date := change.In(zone).AddDate(0, 0, offset).Format("2006-01-02")
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			spec.Exceptions[date] = drawSpans(t, 1, "exception")
		case 1:
			spec.Breaks[date] = drawSpans(t, 1, "break")
		case 2:
			spec.Holidays = append(spec.Holidays, date)
		}
	}
	spec.Weekly["wed"] = append(spec.Weekly["wed"], "10:00-11:30") // it opens at some time
	compiled, problems := calendar.Compile(spec, zone, nil)
	require.Empty(t, problems)
	return world{Calendar: compiled, spec: spec, change: change}
}

// drawSpans draws up to three spans, often over the hours at which clocks change.
func drawSpans(t *rapid.T, least int, name string) []string {
	minute := rapid.OneOf(rapid.IntRange(0, 240), rapid.IntRange(0, 1440))
	spans := []string{}
	for range rapid.IntRange(least, 3).Draw(t, name) {
		from, to := minute.Draw(t, "from"), minute.Draw(t, "to")
		if from > to {
			from, to = to, from
		}
		if from < to {
			spans = append(spans, fmt.Sprintf("%02d:%02d-%02d:%02d", from/60, from%60, to/60, to%60))
		}
	}
	return spans
}

func (w world) moment(t *rapid.T, name string) time.Time {
	near := rapid.OneOf(rapid.IntRange(-10_800, 10_800), rapid.IntRange(-5*86_400, 5*86_400))
	return w.change.Add(time.Duration(near.Draw(t, name)) * time.Second)
}

func open(t *rapid.T, name string) time.Duration {
	return time.Duration(rapid.OneOf(rapid.IntRange(0, 7200), rapid.IntRange(0, 100*3600)).Draw(t, name)) * time.Second
}

func TestAddAndBetweenAreInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		from, amount := w.moment(t, "from"), open(t, "amount")
		to, err := w.Add(from, amount)
		require.NoError(t, err)
		require.False(t, to.Before(from))
		require.Equal(t, amount, w.Between(from, to))

		// The other way round: adding what lies between gives the first moment at which that much has passed.
		until := w.moment(t, "until")
		between := w.Between(from, until)
		if between == 0 {
			return
		}
		reached, err := w.Add(from, between)
		require.NoError(t, err)
		require.False(t, reached.After(until))
		require.Zero(t, w.Between(reached, until))
	})
}

func TestBetweenAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		moments := []time.Time{w.moment(t, "a"), w.moment(t, "b"), w.moment(t, "c")}
		slices.SortFunc(moments, time.Time.Compare)
		a, b, c := moments[0], moments[1], moments[2]
		require.Equal(t, w.Between(a, c), w.Between(a, b)+w.Between(b, c))
		require.LessOrEqual(t, w.Between(a, c), c.Sub(a))
		if a.Before(c) {
			require.Zero(t, w.Between(c, a))
		}
	})
}

// Between counts exactly the minutes at which IsOpen says open.
func TestBetweenCountsWhatIsOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		from := w.moment(t, "from").Truncate(time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "minutes")) * time.Minute)
		var counted time.Duration
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			if w.IsOpen(at) {
				counted += time.Minute
			}
		}
		require.Equal(t, counted, w.Between(from, to))
		previous := from
		for _, span := range w.Spans(from, to) {
			require.False(t, span.From.Before(previous), "spans are in order and apart")
			require.True(t, span.From.Before(span.To))
			previous = span.To
		}
		require.False(t, previous.After(to))
	})
}

func TestNextOpenIsOpenAndTheFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		at := w.moment(t, "at")
		next, err := w.NextOpen(at)
		require.NoError(t, err)
		require.True(t, w.IsOpen(next))
		require.False(t, next.Before(at))
		require.Zero(t, w.Between(at, next))
		require.Equal(t, w.IsOpen(at), next.Equal(at))
		added, err := w.Add(at, 0)
		require.NoError(t, err)
		require.True(t, added.Equal(next))
	})
}

func TestAddDurationIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		days := rapid.IntRange(0, 4).Draw(t, "days")
		earlier, later := w.moment(t, "earlier"), w.moment(t, "later")
		if later.Before(earlier) {
			earlier, later = later, earlier
		}
		if days > 0 && (w.repeated(earlier) || w.repeated(later)) {
			days = 0 // working days keep the wall time, which runs backwards where an hour is repeated
		}
		small, large := open(t, "small"), open(t, "large")
		if large < small {
			small, large = large, small
		}
		add := func(at time.Time, days int, amount time.Duration) time.Time {
			moved, err := w.AddDuration(at, calendar.Duration{WorkingDays: days, Open: amount})
			require.NoError(t, err)
			require.False(t, moved.Before(at))
			return moved
		}
		require.False(t, add(later, days, small).Before(add(earlier, days, small)), "a later start ends no earlier")
		require.False(t, add(earlier, days, large).Before(add(earlier, days, small)), "more time ends no earlier")
		require.False(t, add(earlier, days+1, small).Before(add(earlier, days, small)), "more days end no earlier")
	})
}

// repeated tells whether the zone's clocks show the next opening's wall time twice.
func (w world) repeated(at time.Time) bool {
	next, err := w.NextOpen(at)
	if err != nil {
		return false
	}
	for _, shift := range []time.Duration{30 * time.Minute, time.Hour, 24 * time.Hour} {
		for _, other := range []time.Time{next.Add(shift), next.Add(-shift)} {
			if other.In(w.Zone()).Format(time.DateTime) == next.In(w.Zone()).Format(time.DateTime) {
				return true
			}
		}
	}
	return false
}

func TestWorkingDaysKeepTheWallTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		at, days := w.moment(t, "at"), rapid.IntRange(1, 5).Draw(t, "days")
		once, err := w.AddWorkingDays(at, days)
		require.NoError(t, err)
		require.True(t, w.IsOpen(once))
		require.True(t, once.After(at))
		start, err := w.NextOpen(at)
		require.NoError(t, err)
		require.NotEqual(t, start.In(w.Zone()).Format(time.DateOnly), once.In(w.Zone()).Format(time.DateOnly))
	})
}

func TestDurationsSurviveText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := calendar.Duration{WorkingDays: rapid.IntRange(0, 1000).Draw(t, "days"), Open: open(t, "open")}
		text, err := want.MarshalText()
		require.NoError(t, err)
		var got calendar.Duration
		require.NoError(t, got.UnmarshalText(text))
		require.Equal(t, want, got)
	})
}
