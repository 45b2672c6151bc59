package approval_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// cab is the policy of the third story: an advisory board, and a stage beside it for the window.
const cab = `[
	{"name": "cab", "electorate": ["role:cab_member"], "rule": {"threshold": "60%", "of": "electorate", "required": ["sec"]},
	 "deadline": "3wd", "default": "escalate", "covers": ["scope", "schedule"]},
	{"name": "window", "electorate": ["role:change_manager"], "rule": {"threshold": 1, "of": "approvals"},
	 "deadline": "1wd", "default": "escalate", "covers": ["schedule"], "parallel": true}]`

func storyBoard(t *testing.T) *board {
	until := on(t, "2026-12-24 17:00")
	return setup(t, cab, map[string][]approval.Member{
		"cab": members("ana", "bo", "cy", "dee", "eli", "fay", "gil", "sec"), "window": members("mia"),
	}, approval.Delegation{Principal: "bo", Delegate: "hal", Until: &until}, approval.Delegation{Principal: "fay", Delegate: "dee"})
}

func TestTheThirdStory(t *testing.T) {
	t.Parallel()
	b := storyBoard(t)
	require.Equal(t, 6, b.stage("cab").Figures.People, "dee requests and eli implements")
	b.approve("ana")
	require.NoError(t, b.says("hal", approval.Approve, approval.Ballot{For: "bo"}))
	require.Equal(t, "2 of 6 approve (33.3 %), 60 % needed; waiting for cy, fay, gil, sec", b.stage("cab").Figures.Why)

	old := b.Approval.Hashes
	b.again()
	b.at = b.at.Add(time.Minute)
	edited := approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-1"}
	require.NoError(t, b.Edited(b.at, "dee", edited, []string{"back_out_plan"}))
	require.Equal(t, []approval.HappeningKind{approval.HasVoided, approval.HasOpened}, b.told())
	require.Equal(t, []string{"ana", "bo"}, b.stage("cab").NeededAgain())
	require.Equal(t, map[string]any{"stage": "cab", "round": 2, "needed_again": []string{"ana", "bo"}, "fields": []string{"back_out_plan"}}, b.Happenings[0].Facts())
	for _, vote := range b.stage("cab").Votes {
		require.Equal(t, approval.VoidEdited, vote.Void.Why)
		require.Equal(t, []string{"back_out_plan"}, vote.Void.Fields)
		require.Equal(t, "scope-1", vote.Hashes[approval.Scope], "it shows what it was about")
	}
	require.Equal(t, 1, b.stage("window").Round, "nobody edited the window")

	refused(t, b.says("cy", approval.Approve, approval.Ballot{Hashes: old, Stage: "cab"}), domain.CodeConflict, "back_out_plan")
	for _, ballot := range []approval.Ballot{{}, {Stage: "cab"}, {For: "fay"}, {Stage: "cab", For: "fay"}, {Hashes: old}} {
		refused(t, b.says("dee", approval.Approve, ballot), domain.CodeForbidden, "dee is the requester")
	}
	refused(t, b.says("eli", approval.Approve), domain.CodeForbidden, "eli is the implementer")
	refused(t, b.BreakGlass(b.at, "dee", "it is urgent"), domain.CodeForbidden, "dee is the requester")
	refused(t, b.CloseVoting(b.at, "dee", "cab"), domain.CodeForbidden, "dee is the requester")

	require.Equal(t, []approval.Asked{{Stage: "cab", Person: "bo", Again: true}}, b.AskedOf(b.at, "hal"))
	require.Equal(t, []approval.Asked{{Stage: "cab", Person: "fay"}}, b.AskedOf(b.at, "fay"))
	require.Empty(t, b.AskedOf(b.at, "dee"), "though fay delegated to her")

	b.approve("ana", "bo", "fay", "gil")
	require.Empty(t, b.AskedOf(b.at, "hal"), "what was given is in nobody's list")
	stage := b.stage("cab")
	require.Equal(t, approval.Pending, b.Approval.Verdict())
	require.Equal(t, "66.7 %", stage.Figures.Share)
	require.Equal(t, "4 of 6 approve (66.7 %), 60 % needed; waiting for sec", stage.Figures.Why)
	require.Equal(t, []string{"sec"}, stage.Figures.WaitingFor)
	require.Empty(t, stage.NeededAgain())
	b.approve("sec")
	require.Equal(t, approval.StageApproved, b.stage("cab").State)
	require.Equal(t, "5 of 6 approve (83.3 %), 60 % needed", b.stage("cab").Figures.Why)
	b.approve("mia")
	require.Equal(t, approval.Approved, b.Approval.Verdict())

	b.again()
	b.at = b.at.Add(time.Minute)
	require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-2"}, []string{"window"}))
	require.Equal(t, []approval.Asked{{Stage: "window", Person: "mia", Again: true}}, b.Approval.Asked())
	require.Equal(t, approval.StageApproved, b.stage("cab").State)
	require.Equal(t, approval.Pending, b.Approval.Verdict())
	b.approve("mia")
	require.Equal(t, approval.Approved, b.Approval.Verdict())

	b.at = b.at.Add(time.Minute)
	moved := approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-3"}
	require.NoError(t, b.Edited(b.at, "dee", moved, []string{"window"}, approval.Scope))
	require.Len(t, b.Approval.Asked(), 7, "a graver move asks everybody")
	require.Equal(t, []string{"ana", "bo", "fay", "gil", "sec"}, b.stage("cab").NeededAgain())
}

func TestADelegateReachesTheThreshold(t *testing.T) {
	t.Parallel()
	until := on(t, "2026-12-01 12:00")
	b := setup(t, `[{"name": "cab", "electorate": ["role:cab_member"], "rule": {"threshold": 2}}]`,
		map[string][]approval.Member{"cab": members("ana", "bo", "cy")}, approval.Delegation{Principal: "bo", Delegate: "hal", Until: &until})
	b.approve("ana")
	refused(t, b.says("hal", approval.Approve), domain.CodeInvalid, "you vote here for bo: say whose seat (for)")
	refused(t, b.says("zed", approval.Approve), domain.CodeForbidden, "zed is not among those who decide")
	refused(t, b.says("hal", approval.Approve, approval.Ballot{For: "cy"}), domain.CodeForbidden, "cy has not delegated to hal")
	refused(t, b.says("hal", approval.Recuse, approval.Ballot{For: "bo"}), domain.CodeInvalid, "only bo can leave")
	require.NoError(t, b.says("hal", approval.Approve, approval.Ballot{For: "bo"}))
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	require.Equal(t, "2 approve, 2 needed", b.Approval.Reason())
}

func TestADelegationEnds(t *testing.T) {
	t.Parallel()
	from, until := on(t, "2026-12-02 00:00"), on(t, "2026-12-03 00:00")
	d := approval.Delegation{Principal: "bo", Delegate: "hal", From: &from, Until: &until}
	require.False(t, d.Holds(from.Add(-time.Millisecond)))
	require.True(t, d.Holds(from))
	require.True(t, d.Holds(until.Add(-time.Millisecond)))
	require.False(t, d.Holds(until))
}
