package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

var restart = change.Model{
	Type: change.Standard, Plan: "Restart it", BackOutPlan: "Start the previous version", Service: "mail", Tasks: []change.ModelTask{{Title: "Restart"}},
}

// restarts is a change of the model restart that is scheduled to begin at a moment, and to take an hour.
func (b board) restarts(from time.Time) string {
	b.t.Helper()
	id := b.do(b.by("dee", domain.RoleAgent), "from_model", "", body{
		"model": "restart", "configuration_items": []string{"mx1"}, "assignee": "eli", "window_from": from, "window_to": from.Add(time.Hour),
	}).View.Record
	require.Equal(b.t, change.Scheduled, b.change(id).State)
	return id
}

// failing makes two changes of the model fail at once.
func (b board) failing() {
	b.t.Helper()
	eli := b.by("eli", domain.RoleAgent)
	for range 2 {
		id := b.restarts(b.clock.Now())
		b.do(eli, "start", id, nil)
		b.do(eli, "back_out", id, body{"notes": "It broke."})
	}
}

func (b board) wakes(record string) domain.Result {
	b.t.Helper()
	tick := b.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, record, nil)
	tick.Name, tick.Practice = "change."+domain.Tick, change.Practice
	result, err := b.Apply(b.t.Context(), tick)
	require.NoError(b.t, err)
	return result
}

// What is scheduled has its authority from its model: once that is suspended, neither a hand nor the window starts it, and nobody
// overrides that.
func TestNothingOfASuspendedModelStarts(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ChangeModel/restart", restart)
	dee, eli := b.by("dee", domain.RoleAgent), b.by("eli", domain.RoleAgent)
	later := b.clock.Now().Add(4 * time.Hour)
	byHand, byItself := b.restarts(later), b.restarts(later)
	b.do(dee, "edit", byItself, body{"auto_start": true})
	b.failing()
	b.deliver()
	for _, id := range []string{byHand, byItself} {
		found := b.change(id)
		require.Equal(t, change.Scheduled, found.State)
		at := found.Conflicts[0]
		require.Equal(t, []any{"model:restart", change.Blocking, "model"}, []any{at.ID, at.Level, at.Kind}, "its page says so at once")
		require.Contains(t, at.Why, "version 1 of the model restart is suspended: 2 of its last 2 changes failed")
		require.Contains(t, at.Why, "assessed as a normal change")
	}
	b.clock.Advance(4*time.Hour + time.Minute)
	result, err := b.give(eli, "start", byHand, nil)
	require.NoError(t, err)
	require.Equal(t, domain.CodeConflict, result.Refusal.Code)
	require.Contains(t, result.Refusal.Message, "have the model corrected")
	b.wakes(byItself)
	held := b.change(byItself)
	require.Equal(t, change.Scheduled, held.State)
	require.NotNil(t, held.HeldSince)
	result, err = b.give(b.by("mona", domain.RoleChangeManager), "override_conflict", byHand, body{"conflict": "model:restart", "reason": "it is urgent"})
	require.NoError(t, err)
	require.Equal(t, domain.CodeConflict, result.Refusal.Code)
	require.Contains(t, result.Refusal.Message, "nobody overrides this")
	b.sound()
}

// Nobody needs to be told in time: the start itself looks.
func TestAStartLooksAtTheModelItself(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ChangeModel/restart", restart)
	id := b.restarts(b.clock.Now())
	b.failing()
	require.Empty(t, b.change(id).Conflicts, "nobody has told it yet")
	result, err := b.give(b.by("eli", domain.RoleAgent), "start", id, nil)
	require.NoError(t, err)
	require.Contains(t, result.Refusal.Message, "is suspended")
}

// What has been started goes on, and can be ended well.
func TestASuspensionStopsNothingThatHasBegun(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ChangeModel/restart", restart)
	eli, id := b.by("eli", domain.RoleAgent), b.restarts(b.clock.Now())
	b.do(eli, "start", id, nil)
	b.failing()
	b.deliver()
	b.do(b.by("mona", domain.RoleChangeManager), "extend", id, body{"until": b.clock.Now().Add(3 * time.Hour), "reason": "slow"})
	require.NotContains(t, conflictIDs(b.change(id)), "model:restart")
	b.do(eli, "complete_task", id, body{"task": "t1"})
	b.do(eli, "complete", id, body{"outcome": "successful"})
	b.sound()
}

// Another version that is in force begins a record of its own. It does not reach what was made of the one before, which has its plan.
func TestACorrectedModelBeginsARecordOfItsOwn(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ChangeModel/restart", restart)
	dee, eli := b.by("dee", domain.RoleAgent), b.by("eli", domain.RoleAgent)
	old := b.restarts(b.clock.Now().Add(time.Minute))
	b.failing()
	corrected := restart
	corrected.Plan = "Restart it once nobody is signed in"
	b.db.Apply(t, "ChangeModel/restart", corrected)
	fresh := b.restarts(b.clock.Now())
	b.do(eli, "start", fresh, nil)
	b.do(eli, "back_out", fresh, body{"notes": "It broke again."})
	b.clock.Advance(2 * time.Minute)
	result, err := b.give(eli, "start", old, nil)
	require.NoError(t, err)
	require.Contains(t, result.Refusal.Message, "version 1 of the model restart is suspended: 2 of its last 2 changes failed")
	second := b.restarts(b.clock.Now())
	b.do(eli, "start", second, nil)
	b.do(eli, "back_out", second, body{"notes": "And again."})
	result, err = b.give(dee, "from_model", "", body{"model": "restart"})
	require.NoError(t, err)
	require.Contains(t, result.Refusal.Message, "2 of its last 2 changes failed", "the second version has failed twice itself")
	track, err := schemas.ReadTrackRecord(t.Context(), b.worker, "restart", "")
	require.NoError(t, err)
	require.Equal(t, []int{4, 4}, []int{track.Total, track.Failed}, "the record that is shown is that of all versions")
	b.sound()
}

// The record of the team counts beside that of the model, whichever has failed more often.
func TestTheRiskCountsTheTeamsRecord(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ChangeModel/restart", restart)
	b.failing()
	normal := change.Model{Type: change.Normal, Plan: "Move it"}
	b.db.Apply(t, "ChangeModel/move", normal)
	id := b.do(b.by("dee", domain.RoleAgent), "from_model", "", body{
		"model": "move", "service": "mail", "configuration_items": []string{"mx1"}, "assignee": "eli",
		"window_from": b.clock.Now().Add(400 * time.Hour), "window_to": b.clock.Now().Add(401 * time.Hour),
	}).View.Record
	b.do(b.by("dee", domain.RoleAgent), "edit", id, body{
		"justification": "It ends", "test_plan": "Send a mail", "back_out_plan": "Back", "environment": "production", "tasks": []body{{"title": "Move"}},
	})
	b.do(b.by("dee", domain.RoleAgent), "submit", id, nil)
	risk := b.change(id).Risk
	require.Contains(t, risk.Calculator, change.Point{Why: "2 of the last 2 changes of team messaging failed", Points: 20})
}

// Whoever has a task of a change is needed there as its assignee is.
func TestWhoeverHasATaskIsBookedTwice(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	dee := b.by("dee", domain.RoleAgent)
	first := b.asked(body{"tasks": []body{{"title": "Copy", "owner": "person:fay"}, {"title": "Watch", "owner": "team:network"}}})
	for _, name := range []string{"ana", "bo", "cy", "sec", "mona"} {
		b.vote(name, first, nil)
	}
	require.Equal(t, change.Scheduled, b.change(first).State)
	doubly := func(id string) []string {
		list := []string{}
		for _, conflict := range b.change(id).Conflicts {
			if conflict.Kind == "implementer" {
				require.Equal(t, change.Warning, conflict.Level)
				list = append(list, conflict.Why)
			}
		}
		return list
	}
	number := b.change(first).Number
	id := b.asked(body{"configuration_items": []string{"ns1"}, "assignee": ""})
	require.Empty(t, doubly(id))
	b.do(dee, "edit", id, body{"tasks": []body{{"title": "Copy", "owner": "person:fay"}, {"title": "Switch", "owner": "person:eli"}}})
	require.Equal(t, []string{"in the same window eli and fay carry out " + number}, doubly(id))
	b.do(dee, "edit", id, body{"tasks": []body{{"title": "Copy", "owner": "person:eli"}}})
	require.Equal(t, []string{"in the same window eli carries out " + number}, doubly(id))
	b.do(dee, "edit", id, body{"tasks": []body{{"title": "Copy"}}, "assignee": "eli"})
	require.Equal(t, []string{"in the same window eli carries out " + number}, doubly(id))
	b.sound()
}

func conflictIDs(c change.Change) []string {
	list := make([]string, len(c.Conflicts))
	for i, conflict := range c.Conflicts {
		list[i] = conflict.ID
	}
	return list
}
