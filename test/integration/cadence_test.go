package integration

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// turnsBound is how long a busy machine may take until a turn that has come is acted on.
const turnsBound = time.Minute

// aCadenceCalls: applying a Cadence calls its first meeting and makes its schedule, which Temporal acts on by itself. So that nobody
// waits for a turn, a hand in Temporal lets the schedule come every few seconds; the next version of the document takes that back.
func aCadenceCalls(t *testing.T, s *kit.Stack) {
	admin, temporal := s.Admin(t), dial(t, s)
	comes := time.Now().UTC().Add(12 * time.Hour).Truncate(time.Minute)
	spec := object{"title": "Daily board", "cron": fmt.Sprintf("%d %d * * *", comes.Minute(), comes.Hour()), "timezone": "UTC", "opens": object{"cab_meeting": object{
		"board": object{"role": "cab_member", "scope": "service:nothing"}, "cut_off": "4h", "length": "30m",
	}}}
	apply := func(reason string) {
		admin.Do(http.MethodPut, "/policies/Cadence/daily-board", object{"spec": spec, "reason": reason}, nil).Is(200)
	}
	apply("test")
	meetings := func() []object { return items(admin.Get("/cab-meetings?cadence=daily-board").Is(200)) }
	kit.Eventually(t, turnsBound, func() bool { return len(meetings()) == 1 }, "the first meeting is called as the document is applied")
	first := meetings()[0]
	require.Equal(t, []any{comes.Format("2006-01-02T15:04"), comes.Format(time.RFC3339)}, []any{first["turn"], first["starts_at"]})
	require.Equal(t, []any{"Daily board", "Cadence/daily-board"}, []any{first["title"], first["opened_by"]})

	handle := temporal.ScheduleClient().GetHandle(t.Context(), domain.CadenceID("daily-board"))
	require.Equal(t, daily(comes), awaitVersion(t, handle, 1).Info.NextActionTimes, "Temporal tells what is previewed")
	asked(t, func() error {
		return handle.Update(t.Context(), client.ScheduleUpdateOptions{DoUpdate: func(there client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			changed := there.Description.Schedule
			changed.Spec = &client.ScheduleSpec{Calendars: []client.ScheduleCalendarSpec{{
				Second: []client.ScheduleRange{{End: 59, Step: 5}}, Minute: []client.ScheduleRange{{End: 59}}, Hour: []client.ScheduleRange{{End: 23}},
			}}}
			return &client.ScheduleUpdate{Schedule: &changed}, nil
		}})
	})
	kit.Eventually(t, turnsBound, func() bool {
		there := described(t, handle)
		require.NotNil(t, there)
		recent := there.Info.RecentActions
		return len(recent) > 0 && turnTaken(t, temporal, "daily-board", recent[0].ScheduleTime) == domain.TurnRepeated
	}, "Temporal lets a turn come, and its meeting is there already")
	spec["title"] = "Another board"
	apply("by the document again")
	require.Equal(t, daily(comes), awaitVersion(t, handle, 2).Info.NextActionTimes)
	require.Len(t, meetings(), 1)

	asked(t, func() error {
		return handle.Backfill(t.Context(), client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{{
			Start: comes.Add(-time.Minute), End: comes, Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
		}}})
	})
	kit.Eventually(t, turnsBound, func() bool { return turnTaken(t, temporal, "daily-board", comes) == domain.TurnOpened }, "its turn calls the next meeting")
	next := meetings()[0]
	require.Equal(t, []any{comes.AddDate(0, 0, 1).Format("2006-01-02T15:04"), "Another board", "planned"}, []any{next["turn"], next["title"], next["state"]})

	spec["suspended"] = true
	apply("a rest")
	kit.Eventually(t, turnsBound, func() bool { return goneSchedule(t, handle) }, "a suspended cadence has no schedule")
	require.Len(t, meetings(), 2)
}

// daily are the ten instants a day apart that Temporal tells of a schedule.
func daily(first time.Time) []time.Time {
	times := make([]time.Time, 10)
	for i := range times {
		times[i] = first.AddDate(0, 0, i)
	}
	return times
}

// awaitVersion waits until a schedule is made of a version of its document.
func awaitVersion(t *testing.T, handle client.ScheduleHandle, version int) (there *client.ScheduleDescription) {
	t.Helper()
	note := fmt.Sprintf(" version %d, ", version)
	kit.Eventually(t, turnsBound, func() bool {
		there = described(t, handle)
		return there != nil && strings.Contains(there.Schedule.State.Note, note)
	}, "the schedule is made of version %d", version)
	require.Equal(t, enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL, there.Schedule.Policy.Overlap)
	require.Equal(t, 400*24*time.Hour, there.Schedule.Policy.CatchupWindow)
	require.False(t, there.Schedule.State.Paused)
	return there
}

func goneSchedule(t *testing.T, handle client.ScheduleHandle) bool {
	t.Helper()
	return described(t, handle) == nil
}

// described is what Temporal knows of a schedule; nil: there is none.
func described(t *testing.T, handle client.ScheduleHandle) (there *client.ScheduleDescription) {
	t.Helper()
	asked(t, func() error {
		var err error
		var missing *serviceerror.NotFound
		if there, err = handle.Describe(t.Context()); errors.As(err, &missing) {
			there, err = nil, nil
		}
		return err
	})
	return there
}

// asked asks Temporal until it answers: on a machine at work one question may find it too busy.
func asked(t *testing.T, ask func() error) {
	t.Helper()
	var refused error
	kit.Eventually(t, turnsBound, func() bool {
		refused = ask()
		var late *serviceerror.DeadlineExceeded
		var full *serviceerror.ResourceExhausted
		var away *serviceerror.Unavailable
		return !errors.Is(refused, context.DeadlineExceeded) && !errors.As(refused, &late) && !errors.As(refused, &full) && !errors.As(refused, &away)
	}, "Temporal answers")
	require.NoError(t, refused)
}

// turnTaken is what became of a turn that Temporal told; empty while nothing has.
func turnTaken(t *testing.T, temporal client.Client, cadence string, at time.Time) domain.TurnOutcome {
	t.Helper()
	id := domain.CadenceID(cadence) + "-" + at.UTC().Format(time.RFC3339)
	there, err := temporal.DescribeWorkflowExecution(t.Context(), id, "")
	if err != nil || there.WorkflowExecutionInfo.Status != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		return ""
	}
	var report domain.TurnReport
	asked(t, func() error { return temporal.GetWorkflow(t.Context(), id, "").Get(t.Context(), &report) })
	return report.Outcome
}
