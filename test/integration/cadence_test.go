package integration

import (
	"errors"
	"fmt"
	"net/http"
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

// aCadenceCalls: applying a Cadence calls its first meeting, each turn calls the next one, and what comes twice or late calls no other.
// Real timers: the turn comes at the next minute that is not about to begin.
func aCadenceCalls(t *testing.T, s *kit.Stack) {
	admin := s.Admin(t)
	comes := time.Now().UTC().Add(75 * time.Second).Truncate(time.Minute)
	spec := object{"title": "Daily board", "cron": fmt.Sprintf("%d %d * * *", comes.Minute(), comes.Hour()), "timezone": "UTC", "opens": object{"cab_meeting": object{
		"board": object{"role": "cab_member", "scope": "service:nothing"}, "cut_off": "4h", "length": "30m",
	}}}
	const path = "/policies/Cadence/daily-board"
	admin.Do(http.MethodPut, path, object{"spec": spec, "reason": "test"}, nil).Is(200)
	meetings := func() []object { return items(admin.Get("/cab-meetings?cadence=daily-board").Is(200)) }
	kit.Eventually(t, turnsBound, func() bool { return len(meetings()) == 1 }, "the first meeting is called as the document is applied")
	first := meetings()[0]
	require.Equal(t, comes.Format("2006-01-02T15:04"), first["turn"])
	require.Equal(t, comes.Format(time.RFC3339), first["starts_at"])
	require.Equal(t, "Daily board", first["title"])
	require.Equal(t, "Cadence/daily-board", first["opened_by"])
	number := first["number"].(string)

	dated := admin.Insist("/changes", object{"title": "Renew the certificate", "assignee": "eli"}).Is(201).Map()["number"].(string)
	admin.Insist("/cab-meetings/"+number+"/add-item", object{"change": dated}).Is(200)
	admin.Insist("/cab-meetings/"+number+"/note", object{"change": dated, "text": "the *old* one ends soon"}).Is(200)
	text := string(admin.Get("/cab-meetings/" + number + "/agenda.md?zone=Europe/Berlin").Is(200).Body)
	require.Contains(t, text, "# Agenda: Daily board, "+number)
	require.Contains(t, text, "## 1. "+dated+": Renew the certificate")

	kit.Eventually(t, 3*time.Minute, func() bool { return len(meetings()) == 2 }, "its turn calls the meeting of the next one")
	next := meetings()[0]
	require.Equal(t, comes.AddDate(0, 0, 1).Format("2006-01-02T15:04"), next["turn"])
	require.Equal(t, "planned", next["state"])
	kit.Eventually(t, turnsBound, func() bool { return admin.Get("/cab-meetings/" + number).Is(200).Map()["state"] == "held" }, "and begins this one")
	text = string(admin.Get("/cab-meetings/" + number + "/minutes.md").Is(200).Body)
	require.Contains(t, text, `notes: the \*old\* one ends soon`)
	require.Contains(t, text, "Before the meeting:")

	temporal := dial(t, s)
	handle := temporal.ScheduleClient().GetHandle(t.Context(), domain.CadenceID("daily-board"))
	there, err := handle.Describe(t.Context())
	require.NoError(t, err)
	require.Contains(t, there.Schedule.State.Note, "Cadence/daily-board version 1")
	require.Equal(t, enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL, there.Schedule.Policy.Overlap)

	// What an outage missed comes late, all at once: it opens nothing, for a newer turn has come. The newest is a repetition.
	require.NoError(t, handle.Backfill(t.Context(), client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{{
		Start: comes.AddDate(0, 0, -3).Add(-time.Minute), End: comes, Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	}}}))
	outcomes := func() map[domain.TurnOutcome]int { return turnsTaken(t, temporal, comes) }
	kit.Eventually(t, turnsBound, func() bool { return outcomes()[domain.TurnSuperseded] == 3 }, "three turns are told late")
	require.Len(t, meetings(), 2)

	spec["suspended"] = true
	admin.Do(http.MethodPut, path, object{"spec": spec, "reason": "a rest"}, nil).Is(200)
	kit.Eventually(t, turnsBound, func() bool {
		_, err := handle.Describe(t.Context())
		var gone *serviceerror.NotFound
		return errors.As(err, &gone)
	}, "a suspended cadence has no schedule")
	require.Len(t, meetings(), 2)
}

// turnsTaken counts what became of the turns of the last days.
func turnsTaken(t *testing.T, temporal client.Client, comes time.Time) map[domain.TurnOutcome]int {
	t.Helper()
	taken := map[domain.TurnOutcome]int{}
	for days := range 4 {
		id := domain.CadenceID("daily-board") + "-" + comes.AddDate(0, 0, -days).Format(time.RFC3339)
		var report domain.TurnReport
		if temporal.GetWorkflow(t.Context(), id, "").Get(t.Context(), &report) == nil {
			taken[report.Outcome]++
		}
	}
	return taken
}
