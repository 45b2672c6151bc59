package oncall_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/oncall"
)

// places are zones with a moment at which their clocks change: by an hour, by half an hour, at midnight, just after midnight,
// and by a whole day.
var places = []struct{ zone, change string }{
	{"UTC", "2026-03-29T01:00:00Z"},
	{"Europe/Berlin", "2026-03-29T01:00:00Z"},
	{"Europe/Berlin", "2026-10-25T01:00:00Z"},
	{"America/New_York", "2026-03-08T07:00:00Z"},
	{"America/New_York", "2026-11-01T06:00:00Z"},
	{"Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
	{"Australia/Lord_Howe", "2026-04-04T15:00:00Z"},
	{"America/Sao_Paulo", "2018-11-04T03:00:00Z"},
	{"America/St_Johns", "2010-11-07T02:31:00Z"},
	{"Pacific/Apia", "2011-12-30T10:00:00Z"},
}

var everybody = []string{"ana", "bo", "cy", "dee", "eli"}

// world is a schedule with overrides and moments around a change of its zone's clocks.
type world struct {
	*oncall.Schedule
	change    time.Time
	overrides []oncall.Override
}

func drawWorld(t *rapid.T) world {
	place := rapid.SampledFrom(places).Draw(t, "place")
	zone, err := time.LoadLocation(place.zone)
	require.NoError(t, err)
	w := world{change: instant(t, place.change)}
	spec := oncall.Spec{Timezone: place.zone}
	for i := range rapid.IntRange(1, 3).Draw(t, "layers") {
		minute := rapid.OneOf(rapid.IntRange(0, 239), rapid.IntRange(0, 1439)).Draw(t, "handoff")
		layer := oncall.Layer{
			Name: fmt.Sprint("layer", i),
			Rotation: oncall.Rotation{
				Every: rapid.IntRange(1, 13).Draw(t, "every"), Unit: rapid.SampledFrom([]string{"hour", "day", "week"}).Draw(t, "unit"),
				Start:   w.change.In(zone).AddDate(0, 0, -rapid.IntRange(-3, 40).Draw(t, "start")).Format(time.DateOnly),
				Handoff: fmt.Sprintf("%02d:%02d", minute/60, minute%60),
			},
			People: rapid.SliceOfN(rapid.SampledFrom(everybody), 1, 4).Draw(t, "people"),
		}
		if rapid.Bool().Draw(t, "restricted") {
			layer.Restrict.Weekly = map[string][]string{"sat": {"01:10-02:20", "22:00-24:00"}, "sun": {"00:00-02:30", "10:00-18:00"}}
		}
		spec.Layers = append(spec.Layers, layer)
	}
	w.Schedule = compiled(t, spec)
	for i := range rapid.IntRange(0, 3).Draw(t, "overrides") {
		from := w.moment(t, "from")
		w.overrides = append(w.overrides, oncall.Override{
			ID: fmt.Sprint("o", i), Kind: rapid.SampledFrom([]string{oncall.Replace, oncall.Add}).Draw(t, "kind"),
			Person: rapid.SampledFrom(everybody).Draw(t, "person"), Replaces: rapid.SampledFrom([]string{"", "ana", "bo"}).Draw(t, "replaces"),
			From: from, To: from.Add(time.Duration(rapid.IntRange(1, 200_000).Draw(t, "lasts")) * time.Second),
			MadeAt: w.change.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "made")) * time.Minute),
		})
	}
	return w
}

func (w world) moment(t *rapid.T, name string) time.Time {
	near := rapid.OneOf(rapid.IntRange(-10_800, 10_800), rapid.IntRange(-9*86_400, 9*86_400))
	return w.change.Add(time.Duration(near.Draw(t, name)) * time.Second)
}

func (w world) interval(t *rapid.T) (from, to time.Time) {
	from = w.moment(t, "begin")
	return from, from.Add(time.Duration(rapid.IntRange(1, 10*86_400).Draw(t, "length")) * time.Second)
}

func TestShiftsOfALayerTile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		from, to := w.interval(t)
		middle := from.Add(to.Sub(from) / 3)
		for i, shifts := range w.LayerShifts(from, to) {
			previous := from
			for _, shift := range shifts {
				require.False(t, shift.From.Before(previous), "shifts are in order and apart")
				require.True(t, shift.From.Before(shift.To))
				previous = shift.To
			}
			require.False(t, previous.After(to))
			// Cutting an interval in two changes nothing but the shift that is cut.
			halves := append(w.LayerShifts(from, middle)[i], w.LayerShifts(middle, to)[i]...)
			require.Equal(t, length(shifts), length(halves))
		}
	})
}

func length(shifts []oncall.Shift) map[string]time.Duration {
	sums := map[string]time.Duration{}
	for _, shift := range shifts {
		sums[shift.Person] += shift.To.Sub(shift.From)
	}
	return sums
}

func TestWhoIsOnIsTheShiftThatHoldsTheMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		from, to := w.interval(t)
		shifts := w.Shifts(from, to, w.overrides)
		at := from.Add(time.Duration(rapid.Int64Range(0, int64(to.Sub(from))-1).Draw(t, "at")))
		var held []oncall.Duty
		for _, shift := range shifts {
			require.True(t, shift.From.Before(shift.To))
			if !at.Before(shift.From) && at.Before(shift.To) {
				held = append(held, shift.Duty)
			}
		}
		require.ElementsMatch(t, w.On(at, w.overrides), held)
	})
}

func TestHandoffsAreWherePeopleChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		from, to := w.interval(t)
		people := func(at time.Time) []string { return oncall.People(w.On(at, w.overrides)) }
		edges := append([]time.Time{from}, w.Handoffs(from, to, w.overrides)...)
		for _, at := range edges[1:] {
			require.NotEqual(t, people(at.Add(-1)), people(at))
		}
		at := from.Add(time.Duration(rapid.Int64Range(0, int64(to.Sub(from))-1).Draw(t, "at")))
		last := from
		for _, edge := range edges {
			if !edge.After(at) {
				last = edge
			}
		}
		require.Equal(t, people(last), people(at), "nobody changes between hand-offs")
	})
}

func TestAnOverrideChangesNothingOutsideItsSpan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		at := w.moment(t, "at")
		var covering []oncall.Override
		for _, override := range w.overrides {
			if !at.Before(override.From) && at.Before(override.To) {
				covering = append(covering, override)
			}
		}
		require.Equal(t, w.On(at, covering), w.On(at, w.overrides))
		if len(covering) == 0 {
			require.Equal(t, w.On(at, nil), w.On(at, w.overrides))
		}
	})
}

// The wall time of a hand-off is the one written, but where no clock shows it.
func TestHandoffsNeverDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(places).Draw(t, "place")
		zone, err := time.LoadLocation(place.zone)
		require.NoError(t, err)
		change := instant(t, place.change)
		minute := rapid.IntRange(0, 1439).Draw(t, "handoff")
		handoff := fmt.Sprintf("%02d:%02d", minute/60, minute%60)
		unit := rapid.SampledFrom([]string{"day", "week"}).Draw(t, "unit")
		schedule := compiled(t, one(place.zone, 1, unit, change.In(zone).AddDate(0, 0, -20).Format(time.DateOnly), handoff, "ana", "bo"))
		for _, at := range schedule.Handoffs(change.AddDate(0, 0, -15), change.AddDate(0, 0, 15), nil) {
			if shown := at.In(zone).Format("15:04"); shown != handoff {
				require.True(t, at.Equal(change), "%s is shown as %s", at, shown)
			}
		}
	})
}

func TestTheCheckCountsAllTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		found := w.Check(w.moment(t, "at"), nil)
		var sum time.Duration
		for _, load := range found.Load {
			sum += time.Duration(load.Seconds) * time.Second
		}
		for _, gap := range found.Gaps {
			require.Empty(t, w.On(gap.From, nil))
			require.Empty(t, w.On(gap.To.Add(-1), nil))
			sum += gap.To.Sub(gap.From)
		}
		require.Equal(t, found.To.Sub(found.From), sum)
	})
}
