package integration

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/cron"
	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/store"
	"github.com/holdfast-itsm/holdfast/test/timed"
)

// timedCadences are cadences on a real engine, two workers beside each other, at the instants of a clock that the test sets. It shows a
// year that has passed: what Temporal lets come by itself meanwhile lies too far ahead of it to call anything.
type timedCadences struct {
	*timed.Stack
	t        *testing.T
	admin    *kit.API
	temporal client.Client
	rest     func() // lets the second worker rest
	spec     object // of the weekly cadence
}

// TestCadencesKeepTheirTimes plays what becomes of cadences, one story after the other.
func TestCadencesKeepTheirTimes(t *testing.T) {
	t.Parallel()
	s := timed.Up(t, "2023-01-10T09:00:00Z")
	c := &timedCadences{Stack: s, admin: s.Admin(t), temporal: dial(t, s.Stack), rest: s.Beside()}
	for _, story := range []struct {
		name string
		play func(*timedCadences)
	}{
		{"its turn calls the next meeting", (*timedCadences).calls},
		{"another version changes what is to come", (*timedCadences).changes},
		{"what rests goes on with what is to come", (*timedCadences).goesOn},
		{"of the turns that nobody took the newest counts", (*timedCadences).comesLate},
		{"clocks change", (*timedCadences).clocksChange},
	} {
		require.True(t, t.Run(story.name, func(t *testing.T) { c.t = t; story.play(c) }))
	}
	require.NotContains(t, s.Said(), "could not be brought in step", "workers do not hinder each other")
}

// calls: as its turn comes, the meeting begins, and the next one is called; once, though two workers see to it, and Temporal does too.
func (c *timedCadences) calls() {
	t := c.t
	c.spec = weekly("0 14 * * wed", "Europe/Berlin")
	c.apply("weekly", c.spec)
	c.awaitTurns("weekly", "2023-01-11T14:00")
	first := c.meeting("weekly", "2023-01-11T14:00")
	require.Equal(t, []any{"2023-01-11T13:00:00Z", "2023-01-11T09:00:00Z"}, []any{first["starts_at"], first["cut_off_at"]})
	number := first["number"].(string)
	change := c.admin.Insist("/changes", object{"title": "Renew the certificate"}).Is(201).Map()["number"].(string)
	c.admin.Insist("/cab-meetings/"+number+"/add-item", object{"change": change}).Is(200)
	c.admin.Insist("/cab-meetings/"+number+"/note", object{"change": change, "text": "the *old* one ends soon"}).Is(200)
	text := string(c.admin.Get("/cab-meetings/" + number + "/agenda.md?zone=Europe/Berlin").Is(200).Body)
	require.Contains(t, text, "# Agenda: Weekly board, "+number)
	require.Contains(t, text, "## 1. "+change+": Renew the certificate")

	c.At(berlin("2023-01-11 10:00"))
	require.Equal(t, "agenda_fixed", c.meeting("weekly", "2023-01-11T14:00")["state"])
	c.At(berlin("2023-01-11 14:00"))
	require.Equal(t, "held", c.meeting("weekly", "2023-01-11T14:00")["state"])
	c.awaitTurns("weekly", "2023-01-11T14:00", "2023-01-18T14:00")
	c.tells("weekly", berlin("2023-01-11 13:00"), berlin("2023-01-11 14:00"))
	require.Equal(t, domain.TurnRepeated, c.taken("weekly", berlin("2023-01-11 14:00")))
	c.awaitTurns("weekly", "2023-01-11T14:00", "2023-01-18T14:00")
	text = string(c.admin.Get("/cab-meetings/" + number + "/minutes.md").Is(200).Body)
	require.Contains(t, text, `notes: the \*old\* one ends soon`)
	require.Contains(t, text, "Before the meeting:")
}

// changes: another version has other turns, other lengths and another zone. What was called under the old one stays called; what a hand
// has changed in Temporal is undone.
func (c *timedCadences) changes() {
	t := c.t
	handle := c.temporal.ScheduleClient().GetHandle(t.Context(), domain.CadenceID("weekly"))
	require.NoError(t, handle.Pause(t.Context(), client.SchedulePauseOptions{}))
	c.At(berlin("2023-01-12 10:00"))
	c.spec = weekly("30 9 * * thu", "America/New_York")
	c.spec["title"], c.spec["opens"].(object)["cab_meeting"].(object)["length"] = "Another board", "45m"
	c.apply("weekly", c.spec)
	awaitVersion(t, handle, 2)
	all := []string{"2023-01-11T14:00", "2023-01-12T09:30", "2023-01-18T14:00"}
	c.awaitTurns("weekly", all...)
	later := c.meeting("weekly", "2023-01-12T09:30")
	require.Equal(t, []any{"2023-01-12T14:30:00Z", "2023-01-12T15:15:00Z", "Another board"}, []any{later["starts_at"], later["ends_at"], later["title"]})
	c.likePreviewed("weekly")

	c.At(berlin("2023-01-18 14:00"))
	old := c.meeting("weekly", "2023-01-18T14:00")
	require.Equal(t, []any{"held", "2023-01-18T13:30:00Z", "Weekly board"}, []any{old["state"], old["ends_at"], old["title"]})
	all = append(all, "2023-01-19T09:30")
	c.awaitTurns("weekly", all...)
	c.At(berlin("2023-01-19 15:30"))
	c.awaitTurns("weekly", append(all, "2023-01-26T09:30")...)
}

// goesOn: while a cadence rests, nothing comes of it, and what was called stays called. Going on, it plans nothing of the past.
func (c *timedCadences) goesOn() {
	t := c.t
	handle := c.temporal.ScheduleClient().GetHandle(t.Context(), domain.CadenceID("weekly"))
	c.spec["suspended"] = true
	c.apply("weekly", c.spec)
	kit.Eventually(t, turnsBound, func() bool { return goneSchedule(t, handle) }, "it has no schedule")
	c.At(berlin("2023-01-26 15:30"))
	require.Equal(t, "held", c.meeting("weekly", "2023-01-26T09:30")["state"])
	c.At(berlin("2023-02-17 10:00"))
	before := c.turns("weekly")
	require.Equal(t, "2023-01-26T09:30", before[len(before)-1])

	delete(c.spec, "suspended")
	c.apply("weekly", c.spec)
	awaitVersion(t, handle, 4)
	c.awaitTurns("weekly", append(before, "2023-02-23T09:30")...)
	c.likePreviewed("weekly")
}

// comesLate: while no worker lives, five turns come. Temporal keeps them; all but the newest are superseded. A schedule whose document
// is not there, as after another database was restored, goes.
func (c *timedCadences) comesLate() {
	t := c.t
	before := c.turns("weekly")
	c.Rest()
	c.rest()
	schedules := c.temporal.ScheduleClient()
	orphan, err := schedules.Create(t.Context(), client.ScheduleOptions{
		ID: domain.CadenceID("orphan"), Paused: true, Spec: client.ScheduleSpec{CronExpressions: []string{"0 0 1 1 *"}},
		Action: &client.ScheduleWorkflowAction{Workflow: domain.WorkflowCadence, TaskQueue: domain.QueueRecords, Args: []any{domain.CadenceStart{Name: "orphan"}}},
	})
	require.NoError(t, err)
	kit.Eventually(t, turnsBound, func() bool {
		list, err := schedules.List(t.Context(), client.ScheduleListOptions{})
		require.NoError(t, err)
		for list.HasNext() {
			if entry, err := list.Next(); err == nil && entry.ID == orphan.GetID() {
				return true
			}
		}
		return false
	}, "Temporal lists it")

	late := c.tells("weekly", berlin("2023-02-22 10:00"), berlin("2023-03-24 10:00"))
	require.Len(t, late, 5)
	c.Pass(berlin("2023-03-24 10:00"))
	c.Work()
	c.Settle()
	for _, at := range late[:4] {
		require.Equal(t, domain.TurnSuperseded, c.taken("weekly", at), "%s", at)
	}
	require.Contains(t, []domain.TurnOutcome{domain.TurnOpened, domain.TurnRepeated}, c.taken("weekly", late[4]), "by the turn, or by the worker's first look")
	c.awaitTurns("weekly", append(before, "2023-03-30T09:30")...)
	require.Equal(t, "held", c.meeting("weekly", "2023-02-23T09:30")["state"])
	kit.Eventually(t, turnsBound, func() bool { return goneSchedule(t, orphan) }, "a schedule without a document")
}

// turning are cadences about whose turns clocks change, and a time span about the change.
var turning = []struct {
	name, cron, zone string
	from             string
}{
	{"an hour that comes twice", "30 2 * * *", "Europe/Berlin", "2023-10-28T12:00:00Z"},
	{"two turns in it", "15,50 2 * * *", "Europe/Berlin", "2023-10-28T12:00:00Z"},
	{"west of Greenwich", "30 1 * * *", "America/New_York", "2023-11-04T12:00:00Z"},
	{"an hour that is left out", "30 2 * * *", "America/New_York", "2024-03-09T12:00:00Z"},
	{"half an hour that comes twice", "45 1 * * *", "Australia/Lord_Howe", "2024-04-05T12:00:00Z"},
	{"half an hour that is left out", "15 2 * * *", "Australia/Lord_Howe", "2023-09-29T12:00:00Z"},
	{"a midnight that is left out", "0 0 * * *", "Africa/Cairo", "2024-04-24T12:00:00Z"},
	{"an hour before midnight that comes twice", "30 23 * * *", "America/Santiago", "2024-04-05T12:00:00Z"},
	{"the first hour of a Sunday", "10 0,12 * * sun", "America/Havana", "2023-11-03T12:00:00Z"},
	{"a quarter past", "20 3 * * *", "Pacific/Chatham", "2024-04-05T12:00:00Z"},
	{"two hours", "30 1,2 * * *", "Antarctica/Troll", "2023-10-28T00:00:00Z"},
	{"a Sunday whose midnight is left out", "30 1 * * sun", "America/Santiago", "2023-08-26T12:00:00Z"},
	{"either day", "0 9 13 * fri", "Atlantic/Azores", "2023-10-26T12:00:00Z"},
}

// clocksChange: on every day on which no clock changes, Temporal tells exactly the turns that are previewed. On the others it leaves some
// out and tells some of the repeated hour late; whatever it tells, only what is previewed is called, and no worker waits for it.
func (c *timedCadences) clocksChange() {
	t := c.t
	for i, one := range turning {
		c.apply(fmt.Sprintf("turning-%d", i), weekly(one.cron, one.zone))
	}
	for i := range 12 {
		c.apply(fmt.Sprintf("any-%d", i), anyCadence.Example(i))
	}
	expected := map[string][]string{}
	for i, one := range turning {
		name := fmt.Sprintf("turning-%d", i)
		awaitVersion(t, c.temporal.ScheduleClient().GetHandle(t.Context(), domain.CadenceID(name)), 1)
		c.likePreviewed(name)
		schedule := c.schedule(name)
		first, err := schedule.Next(c.Now())
		require.NoError(t, err)
		called := []string{cron.WallText(schedule.Wall(first))}
		from := store.Instant(one.from)
		for _, at := range c.tells(name, from, from.Add(72*time.Hour)) {
			next, err := schedule.Next(at)
			require.NoError(t, err)
			called = append(called, cron.WallText(schedule.Wall(next)))
		}
		slices.Sort(called)
		expected[name] = slices.Compact(called)
	}
	for name, turns := range expected {
		c.awaitTurns(name, turns...)
	}
	for i := range 12 {
		name := fmt.Sprintf("any-%d", i)
		awaitVersion(t, c.temporal.ScheduleClient().GetHandle(t.Context(), domain.CadenceID(name)), 1)
		c.likePreviewed(name)
	}

	// Temporal tells nothing on the Sunday of Santiago's spring. The clock comes there, and the meeting after it is called all the same.
	for _, step := range []struct{ now, called string }{
		{"2023-08-27T05:31:00Z", "2023-09-03T01:30"}, {"2023-09-03T04:31:00Z", "2023-09-10T01:30"}, {"2023-09-10T04:31:00Z", "2023-09-17T01:30"},
	} {
		c.At(store.Instant(step.now))
		kit.Eventually(t, turnsBound, func() bool { return slices.Contains(c.turns("turning-11"), step.called) }, "the meeting of %s is called", step.called)
	}
}

// anyCadence draws cadences of every shape.
var anyCadence = rapid.Custom(func(t *rapid.T) object {
	draw := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	return weekly(fmt.Sprintf("%d %s %s %s %s", rapid.IntRange(0, 59).Draw(t, "minute"),
		draw("hour", "0", "1", "2", "3", "23", "9,14", "*/12", "22-23"), draw("date", "*", "*", "1", "13", "28-31", "*/10", "1,15", "29,31"),
		draw("month", "*", "*", "3", "10,11", "mar-apr", "9"), draw("day", "*", "*", "fri", "1-5", "0", "sun,wed")),
		draw("zone", "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Kathmandu",
			"Pacific/Chatham", "America/St_Johns", "America/Havana", "Antarctica/Troll"))
})

// weekly is a Cadence of half an hour's meetings, whose agenda is fixed four hours before.
func weekly(text, zone string) object {
	return object{"title": "Weekly board", "cron": text, "timezone": zone, "opens": object{"cab_meeting": object{
		"board": object{"role": "cab_member"}, "cut_off": "4h", "length": "30m",
	}}}
}

func (c *timedCadences) apply(name string, spec object) {
	c.t.Helper()
	c.admin.Do(http.MethodPut, "/policies/Cadence/"+name, object{"spec": spec, "reason": "test"}, nil).Is(200)
}

// schedule is what the preview of a document walks.
func (c *timedCadences) schedule(name string) cron.Schedule {
	c.t.Helper()
	spec := c.admin.Get("/policies/Cadence/" + name).Is(200).Map()["spec"].(object)
	zone, err := time.LoadLocation(spec["timezone"].(string))
	require.NoError(c.t, err)
	schedule, err := cron.Parse(spec["cron"].(string), zone)
	require.NoError(c.t, err)
	return schedule
}

// matching are the moments that Temporal would let a schedule come at, by itself.
func (c *timedCadences) matching(name string, from, to time.Time) []time.Time {
	c.t.Helper()
	var answer *workflowservice.ListScheduleMatchingTimesResponse
	asked(c.t, func() (err error) {
		answer, err = c.temporal.WorkflowService().ListScheduleMatchingTimes(c.t.Context(), &workflowservice.ListScheduleMatchingTimesRequest{
			Namespace: "holdfast", ScheduleId: domain.CadenceID(name), StartTime: timestamppb.New(from), EndTime: timestamppb.New(to),
		})
		return err
	})
	var times []time.Time
	for _, at := range answer.StartTime {
		times = append(times, at.AsTime())
	}
	return times
}

// likePreviewed holds what Temporal tells in the next 400 days to the preview, but for the days on which a clock changes.
func (c *timedCadences) likePreviewed(name string) {
	t := c.t
	t.Helper()
	schedule, from := c.schedule(name), c.Now()
	until := from.AddDate(0, 0, 400)
	changes := map[string]bool{}
	for at := from; ; {
		_, end := at.In(schedule.Zone()).ZoneBounds()
		if end.IsZero() || end.After(until) {
			break
		}
		changes[day(schedule, end)], changes[day(schedule, end.Add(-time.Second))] = true, true
		at = end
	}
	var previewed, told []string
	for at := from; ; {
		next, err := schedule.Next(at)
		require.NoError(t, err)
		if !next.Before(until) {
			break
		}
		if !changes[day(schedule, next)] {
			previewed = append(previewed, next.UTC().Format(time.RFC3339))
		}
		at = next
	}
	for _, at := range c.matching(name, from, until.Add(-time.Second)) {
		if !changes[day(schedule, at)] {
			told = append(told, at.Format(time.RFC3339))
		}
	}
	require.Equal(t, previewed, told, name)
}

func day(schedule cron.Schedule, at time.Time) string {
	return at.In(schedule.Zone()).Format(time.DateOnly)
}

// tells lets Temporal tell the turns of a time span now, and answers their moments.
func (c *timedCadences) tells(name string, from, to time.Time) []time.Time {
	c.t.Helper()
	asked(c.t, func() error {
		return c.temporal.ScheduleClient().GetHandle(c.t.Context(), domain.CadenceID(name)).Backfill(c.t.Context(), client.ScheduleBackfillOptions{
			Backfill: []client.ScheduleBackfill{{Start: from, End: to, Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL}},
		})
	})
	return c.matching(name, from, to)
}

// taken waits until a turn that Temporal told was taken, and answers what became of it.
func (c *timedCadences) taken(name string, at time.Time) (outcome domain.TurnOutcome) {
	c.t.Helper()
	kit.Eventually(c.t, turnsBound, func() bool { outcome = turnTaken(c.t, c.temporal, name, at); return outcome != "" }, "the turn of %s is taken", at)
	return outcome
}

// turns are those for which a cadence has called a meeting, oldest first.
func (c *timedCadences) turns(name string) []string {
	c.t.Helper()
	turns := []string{}
	for _, one := range items(c.admin.Get("/cab-meetings?limit=200&cadence=" + name).Is(200)) {
		turns = append(turns, one["turn"].(string))
	}
	slices.Sort(turns)
	return turns
}

// awaitTurns waits until a cadence has called the meetings of these turns, and no other.
func (c *timedCadences) awaitTurns(name string, turns ...string) {
	c.t.Helper()
	kit.Eventually(c.t, turnsBound, func() bool { return len(c.turns(name)) >= len(turns) }, "%s calls %v", name, turns)
	require.Equal(c.t, turns, c.turns(name))
}

func (c *timedCadences) meeting(name, turn string) object {
	c.t.Helper()
	list := items(c.admin.Get("/cab-meetings?limit=200&cadence=" + name).Is(200))
	i := slices.IndexFunc(list, func(one object) bool { return one["turn"] == turn })
	require.GreaterOrEqual(c.t, i, 0, "the meeting of %s", turn)
	return list[i]
}
