package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// planned are what users are told of work on a service, or on all.
func (b board) planned(service string) []schemas.PlannedWork {
	b.t.Helper()
	found, err := schemas.ReadPlannedWork(b.t.Context(), b.db.App(b.t), service, b.clock.Now(), 20)
	require.NoError(b.t, err)
	return found
}

// Users are told of what is planned from when it is scheduled until it ends: services, window, what to expect.
func TestUsersAreToldOfPlannedWork(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	model := restart
	model.ExpectedOutage = "No mail for ten minutes."
	b.db.Apply(t, "ChangeModel/restart", model)
	b.asked(body{"expected_outage": "It is not decided yet."})
	eli, from := b.by("eli", domain.RoleAgent), b.clock.Now().Add(time.Hour)
	id := b.restarts(from)
	found := b.planned("mail")
	require.Len(t, found, 1)
	require.Equal(t, "No mail for ten minutes.", found[0].Expect)
	require.Equal(t, []string{"mail"}, []string{found[0].Services[0].Name})
	require.True(t, found[0].From.Equal(from) && found[0].Until.Equal(from.Add(time.Hour)))
	require.False(t, found[0].UnderWay)
	require.Empty(t, b.planned("wifi"))
	require.Len(t, b.planned(""), 1)

	later := b.restarts(from.Add(2 * time.Hour))
	b.do(b.by("dee", domain.RoleAgent), "edit", later, body{"restricted": true})
	require.Len(t, b.planned("mail"), 1, "a restricted change is told to nobody")

	b.clock.Advance(time.Hour)
	b.do(eli, "start", id, nil)
	b.do(b.by("mona", domain.RoleChangeManager), "extend", id, body{"until": from.Add(90 * time.Minute), "reason": "slow"})
	b.clock.Advance(2 * time.Hour)
	found = b.planned("mail")
	require.Len(t, found, 1, "it goes on, also past its window")
	require.True(t, found[0].UnderWay)
	require.True(t, found[0].Until.Equal(from.Add(90*time.Minute)))
	b.do(eli, "complete_task", id, body{"task": "t1"})
	b.do(eli, "complete", id, body{"outcome": "successful"})
	require.Empty(t, b.planned(""))

	missed := b.restarts(b.clock.Now().Add(time.Minute))
	b.clock.Advance(2 * time.Hour)
	require.Equal(t, change.Scheduled, b.change(missed).State)
	require.Empty(t, b.planned(""), "nobody has used its window")
}
