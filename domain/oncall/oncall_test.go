package oncall_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/oncall"
)

func compiled(t require.TestingT, spec oncall.Spec) *oncall.Schedule {
	zone, err := time.LoadLocation(spec.Timezone)
	require.NoError(t, err)
	schedule, problems := oncall.Compile(spec, zone)
	require.Empty(t, problems)
	return schedule
}

func instant(t require.TestingT, text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at
}

// one is a schedule of one rotation.
func one(zone string, every int, unit, start, handoff string, people ...string) oncall.Spec {
	return oncall.Spec{Timezone: zone, Layers: []oncall.Layer{{
		Name: "base", Rotation: oncall.Rotation{Every: every, Unit: unit, Start: start, Handoff: handoff}, People: people,
	}}}
}

func TestHandoffsKeepTheirWallTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		spec     oncall.Spec
		from, to string
		want     []string
	}{
		{
			"a week over the end of summer time", one("America/Chicago", 1, "week", "2026-10-23", "01:30", "ana", "bo"),
			"2026-10-30T01:00:00-05:00", "2026-11-07T00:00:00-06:00",
			[]string{"2026-10-30T06:30:00Z", "2026-11-06T07:30:00Z"},
		},
		{
			"a hand-off in the hour that spring leaves out", one("Europe/Berlin", 1, "day", "2026-03-27", "02:30", "ana", "bo"),
			"2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
		},
		{
			"a hand-off in the hour that autumn repeats", one("Europe/Berlin", 1, "day", "2026-10-23", "02:30", "ana", "bo"),
			"2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z",
			[]string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		},
		{
			"shifts of twelve hours", one("Europe/Berlin", 12, "hour", "2026-03-27", "08:00", "ana", "bo"),
			"2026-03-28T12:00:00Z", "2026-03-29T20:00:00Z",
			[]string{"2026-03-28T19:00:00Z", "2026-03-29T06:00:00Z", "2026-03-29T18:00:00Z"},
		},
		{
			"three hours of which spring leaves one out", one("America/Chicago", 3, "hour", "2017-03-12", "00:00", "ana", "bo"),
			"2017-03-12T00:00:00-06:00", "2017-03-12T04:00:00-05:00",
			[]string{"2017-03-12T06:00:00Z", "2017-03-12T08:00:00Z"},
		},
		{
			"three hours of which autumn repeats one", one("America/Chicago", 3, "hour", "2017-11-05", "00:00", "ana", "bo"),
			"2017-11-05T00:00:00-05:00", "2017-11-05T04:00:00-06:00",
			[]string{"2017-11-05T05:00:00Z", "2017-11-05T09:00:00Z"},
		},
		{
			"whoever follows themselves makes none", one("UTC", 1, "day", "2026-01-01", "09:00", "ana", "ana", "bo"),
			"2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z",
			[]string{"2026-01-01T09:00:00Z", "2026-01-03T09:00:00Z", "2026-01-04T09:00:00Z"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := []string{}
			for _, at := range compiled(t, test.spec).Handoffs(instant(t, test.from), instant(t, test.to), nil) {
				got = append(got, at.Format(time.RFC3339))
			}
			require.Equal(t, test.want, got)
		})
	}
}

// A turn that lies within the hour that spring leaves out is not held; the one after begins in its place.
func TestATurnThatSpringLeavesOut(t *testing.T) {
	t.Parallel()
	schedule := compiled(t, one("Europe/Berlin", 1, "hour", "2026-03-29", "00:00", "ana", "bo", "cy", "dee"))
	shifts := schedule.Shifts(instant(t, "2026-03-29T00:00:00+01:00"), instant(t, "2026-03-29T05:00:00+02:00"), nil)
	got := []string{}
	for _, shift := range shifts {
		got = append(got, shift.Person+" "+shift.From.Format("15:04")+" "+shift.To.Format("15:04"))
	}
	require.Equal(t, []string{"ana 23:00 00:00", "bo 00:00 01:00", "dee 01:00 02:00", "ana 02:00 03:00"}, got)
}

// The hand-off at 02:30 is in the first copy of the repeated hour: in the second one, the clock shows 02:15 after it.
func TestTheSecondCopyOfARepeatedHour(t *testing.T) {
	t.Parallel()
	schedule := compiled(t, one("Europe/Berlin", 1, "day", "2026-10-24", "02:30", "ana", "bo"))
	for text, want := range map[string]string{
		"2026-10-25T02:15:00+02:00": "ana", "2026-10-25T02:30:00+02:00": "bo", "2026-10-25T02:15:00+01:00": "bo", "2026-10-25T02:45:00+01:00": "bo",
	} {
		require.Equal(t, []string{want}, oncall.People(schedule.On(instant(t, text), nil)), text)
	}
	// The first turn begins in the first copy, too.
	schedule = compiled(t, one("Europe/Berlin", 1, "day", "2026-10-25", "02:30", "ana"))
	require.Empty(t, schedule.On(instant(t, "2026-10-25T02:29:59+02:00"), nil))
	require.NotEmpty(t, schedule.On(instant(t, "2026-10-25T02:15:00+01:00"), nil))
}

func TestTheLaterLayerWins(t *testing.T) {
	t.Parallel()
	spec := one("Europe/Berlin", 1, "week", "2026-01-05", "09:00", "ana", "bo")
	spec.Layers = append(spec.Layers, oncall.Layer{
		Name: "weekend", Rotation: oncall.Rotation{Unit: "week", Start: "2026-01-05"}, People: []string{"cy"},
		Restrict: oncall.Restriction{Weekly: map[string][]string{"sat": {"00:00-24:00"}, "sun": {"00:00-24:00"}}},
	})
	schedule := compiled(t, spec)
	require.Equal(t, []string{"ana"}, oncall.People(schedule.On(instant(t, "2026-01-09T23:59:59+01:00"), nil)))
	require.Equal(t, []oncall.Duty{{Person: "cy", Layer: "weekend"}}, schedule.On(instant(t, "2026-01-10T00:00:00+01:00"), nil))
	require.Equal(t, []string{"ana"}, oncall.People(schedule.On(instant(t, "2026-01-12T00:00:00+01:00"), nil)))
	require.Equal(t, []string{"bo"}, oncall.People(schedule.On(instant(t, "2026-01-12T09:00:00+01:00"), nil)))
	require.Empty(t, schedule.On(instant(t, "2026-01-05T08:59:59+01:00"), nil), "nobody before the first hand-off")

	found := schedule.Check(instant(t, "2026-01-05T09:00:00+01:00"), nil)
	require.Empty(t, found.Gaps)
	require.Len(t, found.Doubles, 52)
	require.Equal(t, []string{"base", "weekend"}, found.Doubles[0].Layers)
	require.Equal(t, "cy", found.Load[2].Person)
	require.EqualValues(t, 52*48*3600, found.Load[2].Seconds, "both changes of the clocks are on a Sunday and even out")
}

func TestGapsAreFound(t *testing.T) {
	t.Parallel()
	spec := one("Europe/Berlin", 1, "week", "2026-01-05", "09:00", "ana", "bo")
	spec.Layers[0].Restrict = oncall.Restriction{Weekly: map[string][]string{"mon": {"00:00-24:00"}}}
	found := compiled(t, spec).Check(instant(t, "2026-01-05T09:00:00+01:00"), nil)
	require.Len(t, found.Gaps, 52)
	require.Equal(t, "2026-01-05T23:00:00Z", found.Gaps[0].From.Format(time.RFC3339))
	require.Equal(t, "2026-01-11T23:00:00Z", found.Gaps[0].To.Format(time.RFC3339))
}

func TestOverridesInTheOrderTheyWereMade(t *testing.T) {
	t.Parallel()
	schedule := compiled(t, one("UTC", 1, "day", "2026-01-01", "00:00", "ana", "bo"))
	at := instant(t, "2026-01-01T12:00:00Z")
	override := func(id, kind, person, replaces string, minute int) oncall.Override {
		return oncall.Override{
			ID: id, Kind: kind, Person: person, Replaces: replaces, From: at, To: at.Add(time.Hour),
			MadeAt: at.Add(time.Duration(minute-60) * time.Minute),
		}
	}
	for _, test := range []struct {
		name      string
		overrides []oncall.Override
		want      []oncall.Duty
	}{
		{
			"in the place of one",
			[]oncall.Override{override("o1", oncall.Replace, "cy", "ana", 1)},
			[]oncall.Duty{{Person: "cy", Layer: "base", Override: "o1", Replaces: "ana"}},
		},
		{
			"in the place of somebody who is not on",
			[]oncall.Override{override("o1", oncall.Replace, "cy", "bo", 1)},
			[]oncall.Duty{{Person: "ana", Layer: "base"}},
		},
		{
			"handed on",
			[]oncall.Override{override("o2", oncall.Replace, "dee", "cy", 2), override("o1", oncall.Replace, "cy", "ana", 1)},
			[]oncall.Duty{{Person: "dee", Layer: "base", Override: "o2", Replaces: "ana"}},
		},
		{
			"beside",
			[]oncall.Override{override("o1", oncall.Add, "cy", "", 1)},
			[]oncall.Duty{{Person: "ana", Layer: "base"}, {Person: "cy", Override: "o1"}},
		},
		{
			"beside, who is on already",
			[]oncall.Override{override("o1", oncall.Add, "ana", "", 1)},
			[]oncall.Duty{{Person: "ana", Layer: "base"}},
		},
		{
			"in the place of all",
			[]oncall.Override{override("o1", oncall.Add, "cy", "", 1), override("o2", oncall.Replace, "dee", "", 2)},
			[]oncall.Duty{{Person: "dee", Layer: "base", Override: "o2", Replaces: "ana"}},
		},
		{
			"by who is on already",
			[]oncall.Override{override("o1", oncall.Add, "cy", "", 1), override("o2", oncall.Replace, "cy", "ana", 2)},
			[]oncall.Duty{{Person: "cy", Override: "o1"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, schedule.On(at, test.overrides))
			require.Equal(t, []oncall.Duty{{Person: "ana", Layer: "base"}}, schedule.On(at.Add(-1), test.overrides))
			require.Equal(t, []oncall.Duty{{Person: "ana", Layer: "base"}}, schedule.On(at.Add(time.Hour), test.overrides))
		})
	}
	covered := schedule.Check(at, []oncall.Override{override("o1", oncall.Replace, "cy", "", 1)})
	require.Equal(t, oncall.Load{Person: "cy", Seconds: 3600}, covered.Load[2])
}

func TestAnOverrideFillsAGap(t *testing.T) {
	t.Parallel()
	schedule := compiled(t, one("UTC", 1, "day", "2026-01-02", "00:00", "ana"))
	at := instant(t, "2026-01-01T12:00:00Z")
	require.Empty(t, schedule.On(at, nil))
	fill := []oncall.Override{{ID: "o1", Kind: oncall.Replace, Person: "cy", From: at, To: at.Add(time.Hour)}}
	require.Equal(t, []oncall.Duty{{Person: "cy", Override: "o1"}}, schedule.On(at, fill))
	require.Equal(t, []string{"2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z", "2026-01-02T00:00:00Z"}, texts(schedule.NextHandoffs(at.Add(-time.Hour), 9, fill)))
}

func texts(moments []time.Time) []string {
	list := []string{}
	for _, at := range moments {
		list = append(list, at.Format(time.RFC3339))
	}
	return list
}

func TestCompileFindsEveryProblemInOrder(t *testing.T) {
	t.Parallel()
	_, problems := oncall.Compile(oncall.Spec{Layers: []oncall.Layer{
		{Rotation: oncall.Rotation{Every: -1, Unit: "month", Start: "soon", Handoff: "9:00"}, Restrict: oncall.Restriction{Weekly: map[string][]string{}}},
		{
			Name: "a", People: []string{"Ana"}, Rotation: oncall.Rotation{Every: 53, Unit: "week", Start: "2026-01-05", Handoff: "24:00"},
			Restrict: oncall.Restriction{Weekly: map[string][]string{"monday": {"09:00-17:00"}}},
		},
		{Name: "a", People: []string{"ana"}, Rotation: oncall.Rotation{Unit: "day", Start: "2026-01-05"}},
	}}, time.UTC)
	paths := []string{}
	for _, problem := range problems {
		require.NotEmpty(t, problem.Message)
		paths = append(paths, problem.Path)
	}
	require.Equal(t, []string{
		"layers[0].name", "layers[0].people", "layers[0].restrict.weekly", "layers[0].rotation.unit", "layers[0].rotation.every",
		"layers[0].rotation.start", "layers[0].rotation.handoff",
		"layers[1].people[0]", "layers[1].restrict.weekly.monday", "layers[1].rotation.every", "layers[1].rotation.handoff", "layers[2].name",
	}, paths)
	_, problems = oncall.Compile(oncall.Spec{}, time.UTC)
	require.Len(t, problems, 1)
}
