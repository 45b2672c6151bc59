package activities_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func (b board) approve(record string) {
	b.t.Helper()
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		b.vote(name, record, nil)
	}
}

// A higher risk brings a change under another policy: its votes stay as rows, void, and others are asked.
func TestAnEditBringsAChangeUnderAnotherPolicyOnRows(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	var few approval.Policy
	require.NoError(t, json.Unmarshal([]byte(`{"when": "record.risk.level == \"medium\"", "stages": [
		{"name": "few", "electorate": ["role:change_manager"], "rule": {"first_response": true}}]}`), &few))
	b.db.Apply(t, "ApprovalPolicy/a-few", few)
	id := b.asked(nil)
	require.Equal(t, change.RiskMedium, b.change(id).Risk.Level)
	b.vote("mona", id, nil)
	require.Equal(t, change.Scheduled, b.change(id).State)
	_, err := b.db.Superuser(t).NewRaw(`UPDATE services SET criticality = 'critical' WHERE name = 'mail'`).Exec(t.Context())
	require.NoError(t, err)
	b.do(b.by("dee", domain.RoleAgent), "edit", id, body{"configuration_items": []string{"mx1", "mx2"}})
	edited := b.change(id)
	require.Equal(t, []any{"cab", change.AwaitingApproval}, []any{edited.Approval.Policy, edited.State})
	require.Contains(t, b.waitsFor(id), "cab sec")
	var voids []string
	require.NoError(t, b.worker.NewRaw(`SELECT void FROM votes WHERE record_id = ?`, id).Scan(t.Context(), &voids))
	require.Equal(t, []string{"edited"}, voids)
	b.approve(id)
	require.Equal(t, change.Scheduled, b.change(id).State)
	b.sound()
}

// What is measured is the change as the command would have it.
func TestTheRiskIsThatOfTheEditedChange(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.asked(nil)
	score := b.change(id).Risk.Score
	b.do(b.by("dee", domain.RoleAgent), "edit", id, body{
		"window_from": store.Instant("2026-12-21T10:00:00Z"), "window_to": store.Instant("2026-12-21T14:00:00Z"),
	})
	require.Equal(t, score+10, b.change(id).Risk.Score, "the hours of support")
	b.do(b.by("dee", domain.RoleAgent), "edit", id, body{"configuration_items": []string{"mx1", "mx2"}})
	require.Equal(t, score+20, b.change(id).Risk.Score)
	b.do(b.by("dee", domain.RoleAgent), "edit", id, body{"configuration_items": []string{}})
	require.Equal(t, score+10, b.change(id).Risk.Score)
	b.sound()
}

// An urgent incident on a change's service reaches it, and its end too: nobody must look at a list for that.
func TestAnUrgentIncidentReachesTheChangesOfItsService(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.asked(nil)
	b.approve(id)
	incident := b.log(body{"title": "Mail is down", "impact": "high", "urgency": "high", "service": "mail"})
	b.deliver()
	found := b.change(id).Conflicts
	require.Len(t, found, 1)
	require.Equal(t, []any{change.Blocking, "incident"}, []any{found[0].Level, found[0].Kind})
	b.apply(agent, "resolve", incident, body{"code": "fixed", "notes": "Turned it on."})
	b.deliver()
	require.Empty(t, b.change(id).Conflicts)
	quiet := b.change(id).Version
	b.log(body{"title": "Mail is slow", "impact": "low", "urgency": "low", "service": "mail"})
	b.deliver()
	require.Equal(t, quiet, b.change(id).Version, "a small one is nothing to it")
	b.sound()
}

func TestWhatComesAfterHearsThatItsPredecessorIsGone(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	first := b.asked(body{"configuration_items": []string{"mx1"}})
	second := b.asked(body{"configuration_items": []string{"ns1"}, "assignee": "", "predecessors": []string{b.change(first).Number}})
	require.Equal(t, change.Blocking, b.change(second).Conflicts[0].Level, "it is planned to end too late")
	b.do(b.by("dee", domain.RoleAgent), "withdraw", first, nil)
	b.deliver()
	b.do(b.by("dee", domain.RoleAgent), "cancel", first, body{"reason": "not needed"})
	require.Equal(t, 1, b.deliver(), "what is not asked for is in nobody's way, but what must come after it")
	require.Contains(t, b.change(second).Conflicts[0].Why, "is canceled")
	b.sound()
}

func TestOthersAreAskedOnRows(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.asked(nil)
	_, err := b.db.Superuser(t).NewRaw(`DELETE FROM grants WHERE role = 'cab_member'`).Exec(t.Context())
	require.NoError(t, err)
	b.do(b.by("dee", domain.RoleAgent), "withdraw", id, nil)
	b.do(b.by("dee", domain.RoleAgent), "submit", id, nil)
	b.do(b.by("fred", domain.RoleAgent), "assess", id, nil)
	b.do(b.by("fred", domain.RoleAgent), "peer_review", id, nil)
	stage, _ := b.change(id).Approval.Stage("cab")
	require.Equal(t, approval.StageError, stage.State)
	b.do(b.by("mona", domain.RoleChangeManager), "ask_others", id, body{"stage": "cab", "people": []string{"sec"}, "reason": "the board is gone"})
	require.Contains(t, b.waitsFor(id), "cab sec")
	until := store.Instant("2026-12-10T14:00:00Z")
	b.do(b.by("mona", domain.RoleChangeManager), "defer", id, body{"stage": "cab", "until": until, "reason": "the next meeting"})
	stage, _ = b.change(id).Approval.Stage("cab")
	require.True(t, stage.Timing.DueAt.Equal(until))
	result, err := b.give(b.by("mona", domain.RoleChangeManager), "ask_others", id, body{"stage": "cab", "people": []string{"nobody"}, "reason": "r"})
	require.NoError(t, err)
	require.Equal(t, domain.CodeInvalid, result.Refusal.Code)
	b.sound()
}

// The record of a model is right at the next command after a confirmation: the second failure suspends it.
func TestTheSecondFailureSuspendsAModel(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ChangeModel/restart", change.Model{
		Type: change.Standard, Plan: "Restart it", BackOutPlan: "Start the previous version", Service: "mail", Tasks: []change.ModelTask{{Title: "Restart"}},
	})
	dee, eli := b.by("dee", domain.RoleAgent), b.by("eli", domain.RoleAgent)
	carried := func() string {
		now := b.clock.Now()
		id := b.do(dee, "from_model", "", body{
			"model": "restart", "configuration_items": []string{"mx1"}, "assignee": "eli", "window_from": now, "window_to": now.Add(time.Hour),
		}).View.Record
		require.Equal(t, change.Scheduled, b.change(id).State)
		b.do(eli, "start", id, nil)
		return id
	}
	b.do(eli, "back_out", carried(), body{"notes": "It broke."})
	second := carried()
	b.do(eli, "complete_task", second, body{"task": "t1"})
	b.do(eli, "complete", second, body{"outcome": "successful"})
	third := b.do(dee, "from_model", "", body{"model": "restart", "assignee": "eli"}).View.Record
	b.do(domain.Actor{Kind: domain.ActorMachine, Name: "INC-000001"}, "cause_proposed", second, body{"incident": b.log(), "number": "INC-000001", "service": "mail"})
	b.do(b.by("ana", domain.RoleServiceOwner), "decide_cause", second, body{"incident": "INC-000001", "caused": true})
	result, err := b.give(dee, "from_model", "", body{"model": "restart"})
	require.NoError(t, err)
	require.Equal(t, domain.CodeConflict, result.Refusal.Code)
	require.Contains(t, result.Refusal.Message, "2 of its last 2 changes failed")
	b.do(dee, "withdraw", third, nil)
	result, err = b.give(dee, "submit", third, nil)
	require.NoError(t, err)
	require.Contains(t, result.Refusal.Message, "suspended")
	b.clock.Advance(181 * 24 * time.Hour)
	b.do(dee, "from_model", "", body{"model": "restart"})
	b.sound()
}

// Nobody was asked about a change of a standard model, which keeps it from nothing: it closes by itself after its watch. So does one of
// the rows of before, which held a null.
func TestAStandardChangeClosesAfterItsWatch(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ChangeModel/restart", change.Model{Type: change.Standard, Plan: "Restart it", BackOutPlan: "Start the previous version", Service: "mail"})
	dee, eli, now := b.by("dee", domain.RoleAgent), b.by("eli", domain.RoleAgent), b.clock.Now()
	id := b.do(dee, "from_model", "", body{"model": "restart", "assignee": "eli", "window_from": now, "window_to": now.Add(time.Hour)}).View.Record
	require.Nil(t, b.change(id).Approval)
	require.Equal(t, 1, b.count("changes", "approval IS NULL"))
	_, err := b.db.Superuser(t).NewRaw(`UPDATE changes SET approval = 'null'`).Exec(t.Context())
	require.NoError(t, err)
	b.do(eli, "start", id, nil)
	b.do(eli, "complete", id, body{"outcome": "successful"})
	b.clock.Advance(change.WatchFor)
	tick := b.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil)
	tick.Name, tick.Practice = "change."+domain.Tick, change.Practice
	result, err := b.Apply(t.Context(), tick)
	require.NoError(t, err)
	require.True(t, result.View.Ended)
	require.Equal(t, []any{change.Closed, now.Add(change.WatchFor)}, []any{b.change(id).State, *b.change(id).ClosedAt})
	b.sound()
}

// Whoever was asked and comes too late is told so, and may see how it ended; whoever was not asked may not.
func TestWhoeverWasAskedMayReadHowItEnded(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.asked(nil)
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		b.vote(name, id, nil)
	}
	require.Equal(t, change.Scheduled, b.change(id).State)
	for person, may := range map[string]bool{"gil": true, "cy": true, "rita": false} {
		_, exists, err := schemas.ReadChange(t.Context(), b.db.App(t), schemas.Reader{Handle: person}, id)
		require.NoError(t, err)
		require.Equal(t, may, exists, person)
	}
	result, err := b.give(b.by("cy", domain.RoleCABMember), "cast_vote", id, body{"vote": "approve", "hashes": b.change(id).Approval.Hashes})
	require.NoError(t, err)
	require.Equal(t, domain.CodeConflict, result.Refusal.Code)
}

// What a model lists itself is held to the items that there are, as what a body lists is.
func TestAModelNamesItemsThatThereAre(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.runs([]string{"mx1"})
	b.db.Apply(t, "ChangeModel/restart", change.Model{
		Type: change.Standard, Plan: "Restart it", BackOutPlan: "Start the previous version", Service: "mail", ConfigurationItems: []string{"mx1", "mx9"},
	})
	dee := b.by("dee", domain.RoleAgent)
	result, err := b.give(dee, "from_model", "", body{"model": "restart"})
	require.NoError(t, err)
	require.Equal(t, domain.CodeInvalid, result.Refusal.Code)
	require.Equal(t, "mx9", result.Refusal.Fields[0].Value)
	b.do(dee, "from_model", "", body{"model": "restart", "configuration_items": []string{"mx1"}})
}
