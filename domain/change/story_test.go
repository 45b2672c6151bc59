package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

func (d *desk) stage(name string) approval.Stage {
	stage, found := d.record.Approval.Stage(name)
	require.True(d.t, found, name)
	return stage
}

// TestTheThirdStory is story 3 of the lifecycles.
func TestTheThirdStory(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	require.Len(t, d.stage("cab").Members, 8)
	require.Equal(t, []string{"ana", "bo", "cy", "fay", "gil", "sec"}, d.stage("cab").Figures.Outstanding, "dee requests and eli implements: an electorate of 6")
	old := d.ballot("approve", nil)
	d.vote(member("ana"), "approve", nil)
	d.vote(member("hal"), "approve", body{"for": "bo"})
	d.do(dee, "edit", body{"back_out_plan": "Move it back, table by table"})
	require.Equal(t, []string{"ana", "bo"}, d.stage("cab").NeededAgain())
	require.Equal(t, []string{"back_out_plan"}, d.record.Approval.Stages[0].Votes[0].Void.Fields)

	refused := d.refuse(domain.CodeConflict, member("cy"), "cast_vote", old)
	require.Contains(t, refused.Error(), "back_out_plan", "the old link names the field")
	for _, c := range []struct {
		who  domain.Actor
		more body
	}{
		{person("dee", domain.RoleCABMember), nil},
		{person("dee", domain.RoleCABMember), body{"stage": "cab"}},
		{person("dee", domain.RoleCABMember), body{"for": "fay"}},
		{person("dee", domain.RoleAdmin), nil},
		{person("eli", domain.RoleCABMember), nil},
	} {
		d.refuse(domain.CodeForbidden, c.who, "cast_vote", d.ballot("approve", c.more))
	}

	for _, name := range []string{"ana", "bo", "fay", "gil"} {
		d.vote(member(name), "approve", nil)
	}
	cab := d.stage("cab")
	require.Equal(t, approval.Pending, cab.Figures.Verdict)
	require.Contains(t, cab.Figures.Why, "66.7 %")
	require.Contains(t, cab.Figures.Why, "waiting for sec")
	d.vote(member("sec"), "approve", nil)
	require.Equal(t, approval.StageApproved, d.stage("cab").State)
	require.Contains(t, d.stage("cab").Figures.Why, "83.3 %")
	d.vote(mona, "approve", nil)
	require.Equal(t, change.Scheduled, d.record.State)

	asked := len(d.told("change.vote_asked"))
	d.do(dee, "edit", body{"window_from": berlin("2026-12-19 00:00"), "window_to": berlin("2026-12-19 04:00")})
	require.Equal(t, change.AwaitingApproval, d.record.State)
	require.Equal(t, approval.StageApproved, d.stage("cab").State, "two hours later, as long: the board has decided")
	require.Equal(t, []string{"person:mona"}, d.told("change.vote_asked")[asked:])
	d.vote(mona, "approve", nil)
	require.Equal(t, change.Scheduled, d.record.State)
}

// TestTheFourthStory is story 4, up to where alerts and the failure rate part.
func TestTheFourthStory(t *testing.T) {
	t.Parallel()
	d := authorised(t, body{
		"auto_start": true, "window_from": berlin("2026-12-12 22:00"), "window_to": berlin("2026-12-13 02:00"),
	})
	d.at("2026-12-12 21:59:30").facts.Surroundings.Incidents = []change.OpenIncident{
		{ID: incidentID, Number: "INC-000002", Service: "shop", Priority: 1, Owner: "team:web"},
	}
	d.do(other, "conflicts_changed", nil)
	require.Equal(t, []string{"team:web", "person:dee", "person:eli"}, d.told("change.blocked"))
	since := len(d.events)
	d.at("2026-12-12 22:00").catchUp()
	require.Equal(t, []string{"change.start_held"}, d.types(since))
	require.ElementsMatch(t, []string{"person:dee", "person:eli", "team:web"}, d.told("change.start_held"))
	require.Equal(t, change.Scheduled, d.record.State)

	d.at("2026-12-12 22:20").refuse(domain.CodeConflict, eli, "start", nil)
	d.refuse(domain.CodeForbidden, eli, "override_conflict", body{"conflict": "incident:INC-000002", "reason": "it is what we mend"})
	d.do(mona, "override_conflict", body{"conflict": "incident:INC-000002", "reason": "it is what we mend"})
	require.Equal(t, change.Implementing, d.record.State)
	require.Equal(t, berlin("2026-12-12 22:20"), *d.record.ActualStart)

	d.at("2026-12-13 02:00").catchUp()
	require.Equal(t, "change.overrun", d.events[len(d.events)-1].Type)
	require.Contains(t, d.told("change.overrun"), "role:change_manager")
	d.do(mona, "extend", body{"until": berlin("2026-12-13 02:30"), "reason": "almost there"})
	d.at("2026-12-13 02:20")
	d.refuse(domain.CodeConflict, eli, "complete", body{"outcome": "successful"})
	d.do(eli, "complete_task", body{"task": "t1"})
	d.do(eli, "complete_task", body{"task": "t2"})
	d.do(eli, "complete", body{"outcome": "successful"})
	require.Equal(t, change.Review, d.record.State)
	require.Equal(t, []string{"settle Sun 2026-12-13 02:30:00", "watch_over Wed 2026-12-16 02:20:00"}, d.waits())

	d.at("2026-12-13 02:30")
	d.do(other, "cause_proposed", body{"incident": otherID, "number": "INC-000003", "service": "shop"})
	require.Equal(t, []string{"person:olga"}, d.told("change.cause_proposed"))
	verdict := body{"incident": "INC-000003", "caused": true}
	d.refuse(domain.CodeForbidden, person("eli", domain.RoleServiceOwner), "decide_cause", verdict)
	d.do(olga, "decide_cause", verdict)
	require.Equal(t, "incident.link", d.messages[len(d.messages)-1].Command)
	require.Equal(t, "it caused an incident", d.record.ReviewNeeded)
	d.at("2026-12-20 10:00").catchUp()
	require.Equal(t, change.Review, d.record.State, "it is not closed without a review")
	require.True(t, d.record.ReviewEscalated)
	d.do(mona, "review", body{"findings": "Check the indexes first"})
	d.catchUp()
	require.Equal(t, change.Closed, d.record.State)
}

func TestEveryOtherChangeClosesByItselfAfterItsWatch(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.at("2026-12-18 22:05").do(eli, "start", nil)
	d.do(eli, "complete_task", body{"task": "t1"})
	d.do(eli, "complete_task", body{"task": "t2"})
	d.do(eli, "complete", body{"outcome": "successful"})
	d.at("2026-12-21 22:05").catchUp()
	require.Equal(t, change.Closed, d.record.State)
	require.Equal(t, berlin("2026-12-21 22:05"), *d.record.ClosedAt)
}
