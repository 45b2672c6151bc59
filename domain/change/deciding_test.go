package change_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

// byRisk lets a change manager decide what is of low risk, and the board the rest.
func byRisk(t *testing.T, d *desk) {
	t.Helper()
	d.facts.Voting.Candidates = []approval.Candidate{
		candidate(t, "a-low", `{"when": "low", "stages": [{"name": "low", "electorate": ["role:change_manager"], "rule": {"first_response": true}}]}`),
		candidate(t, "cab", cab),
	}
	d.facts.Voting.Language = levels{}
}

// levels is a language of the expressions "true" and "low".
type levels struct{}

func (levels) ApprovalApplies(expression string, record map[string]any) (bool, error) {
	return expression == "true" || expression == record["risk"].(map[string]any)["level"], nil
}

// An edit that raises the risk is decided by those who decide such a risk, not by those who were asked about less.
func TestAHigherRiskIsDecidedByThoseWhoDecideIt(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	byRisk(t, d)
	d.do(dee, "draft", content(nil))
	d.do(dee, "submit", nil)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
	d.do(fred, "peer_review", nil)
	require.Equal(t, "a-low", d.record.Approval.Policy)
	d.vote(mona, "approve", nil)
	require.Equal(t, change.Scheduled, d.record.State)

	d.facts.Measured.CriticalServices = 1
	d.do(dee, "edit", body{"configuration_items": []string{"db1", "core1"}})
	require.Equal(t, change.RiskMedium, d.record.Risk.Level)
	require.Equal(t, []any{change.AwaitingApproval, "cab"}, []any{d.record.State, d.record.Approval.Policy})
	require.Equal(t, []string{"ana", "bo", "cy", "fay", "gil", "sec"}, d.stage("cab").Figures.Outstanding)
	require.Len(t, d.record.Approval.Earlier, 1, "what was voted before stays visible")
	gone := d.record.Approval.Earlier[0].Votes[0]
	require.Equal(t, []any{"mona", approval.VoidEdited, []string{"configuration_items"}}, []any{gone.By, gone.Void.Why, gone.Void.Fields})
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
	require.Equal(t, change.Scheduled, d.record.State)
}

func TestEarlierVotesStayVisibleWhenAnotherPolicyDecides(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.vote(member("ana"), "approve", nil)
	d.vote(member("bo"), "recuse", nil)
	d.do(dee, "withdraw", nil)
	d.facts.Voting.Candidates[1].Version = 2
	d.do(dee, "submit", nil)
	d.do(fred, "assess", nil)
	d.do(fred, "peer_review", nil)
	stage := d.stage("cab")
	require.Equal(t, 2, d.record.Approval.PolicyVersion)
	require.Len(t, stage.Votes, 2)
	require.Empty(t, stage.InForce())
	require.NotContains(t, stage.Figures.Outstanding, "bo", "who stepped aside has an interest in the next round too")
}

func TestAScoreOfTheSameLevelVoidsNothing(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	score := d.record.Risk.Score
	d.facts.Measured.MediumServices = 1
	d.do(dee, "edit", body{"team": "web2"})
	require.Equal(t, score+10, d.record.Risk.Score)
	require.Equal(t, change.Scheduled, d.record.State)
	d.facts.Measured.CriticalServices, d.facts.Measured.Items = 1, 20
	d.do(dee, "edit", body{"title": "Move the shop"})
	require.Equal(t, change.Scheduled, d.record.State, "what is measured anew without a reason is nobody's edit")
}

func TestAWindowIsAsGraveAsTheScopeWhereItMovesFar(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to string
		graver   bool
		around   func(*change.Surroundings)
	}{
		"two hours later":       {from: "2026-12-19 00:00", to: "2026-12-19 04:00"},
		"shorter and earlier":   {from: "2026-12-18 21:00", to: "2026-12-18 22:00"},
		"seven days later":      {from: "2026-12-25 22:00", to: "2026-12-26 02:00"},
		"more than seven days":  {from: "2026-12-25 22:01", to: "2026-12-26 02:01", graver: true},
		"longer":                {from: "2026-12-18 22:00", to: "2026-12-19 02:01", graver: true},
		"in a freeze":           {from: "2026-12-18 23:00", to: "2026-12-19 03:00", graver: true, around: frozen},
		"newly blocked":         {from: "2026-12-18 23:00", to: "2026-12-19 03:00", graver: true, around: busy},
		"another blocks it now": {from: "2026-12-18 23:00", to: "2026-12-19 03:00", graver: true, around: busyElsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := authorised(t, nil)
			if name == "another blocks it now" {
				busy(&d.facts.Surroundings)
				d.do(other, "conflicts_changed", nil)
			}
			if c.around != nil {
				c.around(&d.facts.Surroundings)
			}
			d.do(dee, "edit", body{"window_from": berlin(c.from), "window_to": berlin(c.to)})
			require.Equal(t, change.AwaitingApproval, d.record.State)
			require.Equal(t, c.graver, d.stage("cab").State == approval.Open)
			require.Equal(t, approval.Open, d.stage("window").State)
		})
	}
}

func frozen(s *change.Surroundings) {
	from, to := berlin("2026-12-18 12:00"), berlin("2027-01-04 07:00")
	s.Freezes = []window.Window{{Name: "year-end", Spec: window.Spec{From: &from, To: &to}}}
}

func busy(s *change.Surroundings) {
	s.Changes = []change.Neighbour{{ID: otherID, Number: "CHG-000002", Item: "db1", Theirs: "db1", Exclusive: true, Scheduled: true, Owner: "person:gus"}}
}

func busyElsewhere(s *change.Surroundings) {
	s.Changes = []change.Neighbour{{ID: incidentID, Number: "CHG-000003", Item: "db1", Theirs: "db1", Exclusive: true, Scheduled: true, Owner: "person:gus"}}
}

// Who is asked again while the change is carried out can vote, or nobody could answer before it is over.
func TestVotesAreTakenWhileAVoidApprovalIsCarriedOut(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.at("2026-12-18 22:05").do(eli, "start", nil)
	d.refuse(domain.CodeConflict, member("gil"), "cast_vote", d.ballot("approve", nil))
	d.do(dee, "edit", body{"plan": "Move it by hand"})
	require.True(t, d.record.ApprovalVoid)
	require.Contains(t, d.told("change.approval_void"), "person:eli")
	for _, name := range []string{"ana", "bo", "fay", "sec"} {
		d.vote(member(name), "approve", nil)
	}
	require.False(t, d.record.ApprovalVoid)
	require.Equal(t, change.Implementing, d.record.State)
}

func TestWhoIsAskedAgainAndRejectsMakesItUnauthorised(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.at("2026-12-18 22:05").do(eli, "start", nil)
	d.do(dee, "edit", body{"plan": "Move it by hand"})
	d.do(eli, "complete", body{"outcome": "failed", "notes": "It broke."})
	d.vote(member("sec"), "reject", body{"comment": "never by hand"})
	require.True(t, d.record.Unauthorised)
	d = authorised(t, nil)
	d.at("2026-12-18 22:05").do(eli, "start", nil)
	d.do(eli, "complete_task", body{"task": "t1"})
	d.do(eli, "complete_task", body{"task": "t2"})
	d.do(dee, "edit", body{"plan": "Move it by hand"})
	d.do(eli, "complete", body{"outcome": "successful"})
	require.Nil(t, d.record.ReviewDueAt)
	d.vote(member("sec"), "reject", body{"comment": "never by hand"})
	require.NotNil(t, d.record.ReviewDueAt, "what must be reviewed is due at some time")
}

func TestTheChairDefersAVote(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	later := body{"stage": "cab", "until": berlin("2026-12-10 15:00"), "reason": "the next meeting"}
	d.refuse(domain.CodeForbidden, dee, "defer", later)
	d.refuse(domain.CodeInvalid, mona, "defer", body{"stage": "cab", "until": berlin("2026-12-10 15:00")})
	d.refuse(domain.CodeInvalid, mona, "defer", body{"stage": "cab", "until": berlin("2026-11-30 15:00"), "reason": "r"})
	d.do(mona, "defer", later)
	require.Contains(t, d.waits(), "approval cab due Thu 2026-12-10 15:00:00")
	require.Equal(t, "change.vote_deferred", d.events[len(d.events)-1].Type)
}

// Put off to a meeting, a stage has time until that is over, and the change is put on its agenda.
func TestTheChairDefersAVoteToAMeeting(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	to := body{"stage": "cab", "meeting": "CAB-000002", "reason": "the supplier is not back"}
	require.Equal(t, "CAB-000002", d.refuse(domain.CodeInvalid, mona, "defer", to).Fields[0].Value)
	d.facts.Meeting = &change.Meeting{ID: otherID, Number: "CAB-000002", Board: "role:cab_member", EndsAt: berlin("2026-12-10 15:45")}
	require.Contains(t, d.refuse(domain.CodeInvalid, mona, "defer", to).Error(), "does not lie ahead")
	d.facts.Meeting.Ahead, d.facts.Meeting.Board = true, "team:network"
	require.Contains(t, d.refuse(domain.CodeInvalid, mona, "defer", to).Error(), "does not ask")
	d.facts.Meeting.Board = "role:cab_member"
	require.Contains(t, d.refuse(domain.CodeInvalid, mona, "defer", body{"stage": "cab", "reason": "r", "meeting": "CAB-000002", "until": d.now.Add(time.Hour)}).Error(), "not both")
	d.do(mona, "defer", to)
	require.Contains(t, d.waits(), "approval cab due Thu 2026-12-10 15:45:00")
	sent := d.messages[len(d.messages)-1]
	require.Equal(t, []any{otherID, "meeting.add_item", "CHG-000001"}, []any{sent.Record, sent.Command, sent.Body["change"]})

	// Its deadline has passed when the board meets, and it is put off to the next meeting.
	late := asked(t, nil)
	late.facts.Meeting = d.facts.Meeting
	late.at("2026-12-07 15:00").do(mona, "defer", to)
	require.Equal(t, approval.Open, late.stage("cab").State)
	require.Contains(t, late.types(0), "change.approval_escalated")
	require.Contains(t, late.waits(), "approval cab due Thu 2026-12-10 15:45:00")
	late.vote(member("sec"), "approve", nil)
}

func TestOthersAreAskedWhereNobodyIsLeft(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.facts.Voting.Candidates = nil
	d.facts.Voting.Seats["role:change_manager"] = seats("dee")
	d.do(dee, "draft", content(nil))
	d.do(dee, "submit", nil)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
	d.do(fred, "peer_review", nil)
	require.Equal(t, approval.StageError, d.stage("change_manager").State)
	ask := body{"stage": "change_manager", "people": []string{"zoe"}, "reason": "dee is away"}
	d.refuse(domain.CodeForbidden, dee, "ask_others", ask)
	d.refuse(domain.CodeInvalid, mona, "ask_others", ask)
	d.facts.Voting.Seats["person:zoe"] = []approval.Member{{Person: "zoe", As: []string{"person:zoe"}}}
	d.do(mona, "ask_others", ask)
	d.vote(member("zoe"), "approve", nil)
	require.Equal(t, change.Scheduled, d.record.State)
	e := asked(t, nil)
	e.facts.Voting.Seats["person:zoe"] = d.facts.Voting.Seats["person:zoe"]
	e.refuse(domain.CodeConflict, mona, "ask_others", body{"stage": "cab", "people": []string{"zoe"}, "reason": "r"})
}

func TestBreakingTheGlassIsReviewedByAnother(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.refuse(domain.CodeForbidden, person("eli", domain.RoleChangeManager), "break_glass", body{"reason": "now"})
	d.do(mona, "break_glass", body{"reason": "the board cannot meet"})
	require.Equal(t, change.Scheduled, d.record.State)
	d.refuse(domain.CodeForbidden, mona, "start", nil)
	d.at("2026-12-18 22:05").do(eli, "start", nil)
	d.do(eli, "back_out", body{"notes": "It broke."})
	d.refuse(domain.CodeForbidden, mona, "review", body{"findings": "fine"})
	d.do(person("max", domain.RoleChangeManager), "review", body{"findings": "ask the board by telephone"})
}

// An emergency is decided by two of its board, or by one of it and an incident manager; incident managers alone decide nothing.
func TestAnEmergencyIsDecidedByTwoOrByOneAndTheIncidentManager(t *testing.T) {
	t.Parallel()
	const emergency = `{"when": "emergency", "stages": [{"name": "ecab", "electorate": ["role:cab_member", "role:incident_manager"],
		"rule": {"threshold": 11, "weights": {"role:cab_member": 10}}, "deadline": "30m", "wall": true, "covers": ["scope"]}]}`
	begin := func() *desk {
		d := setup(t, "2026-12-05 23:00")
		d.facts.Voting.Candidates = []approval.Candidate{candidate(t, "ecab", emergency)}
		managers := seats("ida", "ivo", "eli")
		for i := range managers {
			managers[i].As = []string{"role:incident_manager"}
		}
		d.facts.Voting.Seats["role:incident_manager"] = managers
		d.do(dee, "draft", content(body{"type": "emergency", "window_from": nil, "window_to": nil}))
		d.refuse(domain.CodeConflict, dee, "submit", nil)
		d.facts.Urgent = []change.Urgent{{Number: "INC-000002", OpenedAt: d.now.Add(-time.Hour)}}
		d.do(dee, "submit", nil)
		return d
	}
	d := begin()
	for _, notice := range d.notices {
		require.Equal(t, domain.LanePage, notice.Lane, "the board is paged")
	}
	require.Contains(t, d.told("change.vote_asked"), "person:ida")
	require.Contains(t, d.waits(), "approval ecab due Sat 2026-12-05 23:30:00")
	d.vote(person("ida", domain.RoleIncidentManager), "approve", nil)
	d.vote(person("ivo", domain.RoleIncidentManager), "approve", nil)
	require.Equal(t, change.AwaitingApproval, d.record.State)
	d.refuse(domain.CodeForbidden, person("eli", domain.RoleIncidentManager), "cast_vote", d.ballot("approve", nil))
	d.vote(member("ana"), "approve", nil)
	require.Equal(t, change.Approved, d.record.State)
	d.do(dee, "schedule", body{"window_from": d.now, "window_to": berlin("2026-12-06 01:00")})
	require.Equal(t, change.Scheduled, d.record.State, "when an emergency is handled is not what its board was asked")

	d = begin()
	d.vote(member("ana"), "approve", nil)
	require.Equal(t, change.AwaitingApproval, d.record.State)
	d.vote(member("bo"), "approve", nil)
	require.Equal(t, change.Approved, d.record.State)
}

func TestWhoApprovesDoesNotCarryOut(t *testing.T) {
	t.Parallel()
	d := asked(t, body{"assignee": ""})
	for _, name := range []string{"ana", "bo", "fay", "gil", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
	d.at("2026-12-18 22:05")
	refused := d.refuse(domain.CodeForbidden, person("ana", domain.RoleAgent), "start", nil)
	require.Contains(t, refused.Error(), "approved the change")
	d.do(fred, "start", nil)
	require.Equal(t, "fred", d.record.Assignee, "who starts what nobody is named for carries it out")
	d.refuse(domain.CodeForbidden, person("ana", domain.RoleAgent), "complete_task", body{"task": "t1"})
	d.do(fred, "back_out", body{"notes": "It broke."})
	d.do(other, "cause_proposed", body{"incident": otherID, "number": "INC-000003", "service": "shop"})
	d.refuse(domain.CodeForbidden, person("fred", domain.RoleServiceOwner), "decide_cause", body{"incident": "INC-000003", "caused": false})
}

func TestAConditionIsOneLineAndBlocksTheStart(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.refuse(domain.CodeInvalid, member("ana"), "cast_vote", d.ballot("approve_with", body{"conditions": []string{"tell\nthe users"}}))
	d.vote(member("ana"), "approve_with", body{"conditions": []string{"tell the users"}})
	for _, name := range []string{"bo", "fay", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
	d.at("2026-12-18 22:05").refuse(domain.CodeConflict, eli, "start", nil)
	condition := d.record.Tasks[len(d.record.Tasks)-1]
	require.Equal(t, []any{true, "ana", "person:eli"}, []any{condition.Condition, condition.AskedBy, condition.Owner})
	d.refuse(domain.CodeConflict, eli, "complete_task", body{"task": "t1"})
	d.do(eli, "complete_task", body{"task": condition.ID})
	d.do(eli, "start", nil)
}

// Who loses a role or their account leaves what is not decided, with their vote; what is decided stays as it was.
func TestWhoLosesARoleLeavesWhatIsNotDecided(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.vote(member("ana"), "approve", nil)
	d.vote(member("mona"), "approve", nil)
	d.loses("ana", false)
	d.loses("mona", true)
	d.loses("gil", true)
	d.do(other, "electorate_changed", nil)
	require.Equal(t, []string{"bo", "cy", "fay", "sec"}, d.stage("cab").Figures.Outstanding)
	require.Equal(t, approval.StageApproved, d.stage("window").State)
	require.Len(t, d.stage("window").InForce(), 1)
	require.Equal(t, "0 of 4 approve (0.0 %), 60 % needed; waiting for bo, cy, fay, sec", d.stage("cab").Figures.Why)
	events := len(d.events)
	d.do(other, "electorate_changed", nil)
	require.Empty(t, d.types(events), "who still is of them makes no news")

	// Nobody votes by a role that they have lost, even where word of that comes late.
	d.loses("bo", false)
	d.refuse(domain.CodeForbidden, member("bo"), "cast_vote", d.ballot("approve", nil))
	d.refuse(domain.CodeForbidden, member("hal"), "cast_vote", d.ballot("approve", body{"for": "bo"}))
	d.loses("sec", true)
	d.do(other, "electorate_changed", nil)
	require.Equal(t, approval.StageError, d.stage("cab").State, "whoever must approve is not there")
	require.Equal(t, change.AwaitingApproval, d.record.State)
	require.Contains(t, d.told("change.vote_escalated"), "role:change_manager")
}

func TestAnotherTeamOrServiceHasOthersAsked(t *testing.T) {
	t.Parallel()
	for _, edit := range []body{{"team": "shop"}, {"service": "pay", "services": []string{"shop"}}} {
		d := asked(t, nil)
		d.facts.Services["pay"] = change.Service{Owner: "olga", Team: "web"}
		d.vote(member("ana"), "approve", nil)
		d.loses("ana", false)
		d.do(dee, "edit", edit)
		require.Equal(t, []string{"bo", "cy", "fay", "gil", "sec"}, d.stage("cab").Figures.Outstanding)
		require.Empty(t, d.stage("cab").InForce())
	}
}
