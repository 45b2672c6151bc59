package approval_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// two is a board that decides by two approvals of three people.
const two = `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": 2}, "deadline": "2wd", "default": "reject"}]`

func three() map[string][]approval.Member {
	return map[string][]approval.Member{"board": members("ana", "bo", "cy")}
}

func TestAVoteIsChangedWhileTheStageIsOpen(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	require.NoError(t, b.says("ana", approval.Reject))
	b.approve("ana", "bo")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	votes := b.stage("board").Votes
	require.Equal(t, approval.VoidChanged, votes[0].Void.Why)
	require.Len(t, b.stage("board").InForce(), 2)
	refused(t, b.says("bo", approval.Reject), domain.CodeConflict, "takes no votes: it is approved")
	refused(t, b.says("cy", approval.Reject), domain.CodeConflict, "takes no votes: it is approved")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
}

func TestBallotsThatAreWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	refused(t, b.says("ana", "maybe"), domain.CodeInvalid, "is not one of")
	refused(t, b.says("ana", approval.Reject, approval.Ballot{Comment: "  "}), domain.CodeInvalid, "say why")
	refused(t, b.says("ana", approval.ApproveWith), domain.CodeInvalid, "conditions are needed")
	refused(t, b.says("ana", approval.ApproveWith, approval.Ballot{Conditions: []string{" "}}), domain.CodeInvalid, "conditions[0]")
	refused(t, b.says("ana", approval.Approve, approval.Ballot{Conditions: []string{"x"}}), domain.CodeInvalid, "belong to approve_with")
	refused(t, b.says("ana", approval.Approve, approval.Ballot{Hashes: approval.Hashes{}}), domain.CodeInvalid, "must say which scope")
	refused(t, b.says("ana", approval.Approve, approval.Ballot{Stage: "none"}), domain.CodeNotFound, `no stage "none"`)
	refused(t, b.says("zed", approval.Approve), domain.CodeForbidden, "zed is not among those who decide")
	require.Empty(t, b.stage("board").Votes)
}

func TestConditionsAreThoseOfVotesInForce(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	require.NoError(t, b.says("ana", approval.ApproveWith, approval.Ballot{Conditions: []string{"tell the desk", "be there"}}))
	require.NoError(t, b.says("bo", approval.ApproveWith, approval.Ballot{Conditions: []string{"test it"}}))
	texts := func() (list []string) {
		for _, c := range b.Approval.Conditions() {
			list = append(list, c.By+": "+c.Text)
		}
		return list
	}
	require.Equal(t, []string{"ana: tell the desk", "ana: be there", "bo: test it"}, texts())
	require.Equal(t, map[string]any{"conditions": []string{"tell the desk", "be there"}}, b.Happenings[1].Words())

	b = setup(t, two, three())
	require.NoError(t, b.says("ana", approval.ApproveWith, approval.Ballot{Conditions: []string{"be there"}}))
	b.approve("ana")
	require.Empty(t, texts())
}

func TestOneHumanCountsOnce(t *testing.T) {
	t.Parallel()
	seats := map[string][]approval.Member{"board": members("ana", "bo", "cy")}
	for _, principal := range []string{"bo", "cy"} {
		refused(t, func() error {
			b := setup(t, two, seats, approval.Delegation{Principal: "bo", Delegate: "ana"}, approval.Delegation{Principal: "cy", Delegate: "ana"})
			b.approve("ana")
			return b.says("ana", approval.Approve, approval.Ballot{For: principal})
		}(), domain.CodeConflict, "ana has voted for ana")
	}
	b := setup(t, two, seats, approval.Delegation{Principal: "bo", Delegate: "hal"}, approval.Delegation{Principal: "cy", Delegate: "hal"})
	require.NoError(t, b.says("hal", approval.Approve, approval.Ballot{For: "bo"}))
	refused(t, b.says("hal", approval.Approve, approval.Ballot{For: "cy"}), domain.CodeConflict, "one person counts once")
	require.NoError(t, b.says("hal", approval.Abstain, approval.Ballot{For: "bo"}), "a delegate may change their mind")
	require.NoError(t, b.says("bo", approval.Approve), "a member's own word takes its place")
	refused(t, b.says("hal", approval.Abstain, approval.Ballot{For: "bo"}), domain.CodeConflict, "bo has voted already")
	require.NoError(t, b.says("hal", approval.Approve, approval.Ballot{For: "cy"}), "the hand is free again")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
}

func TestWhoStepsAsideTakesAlongWhatTheyVotedForOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, two, map[string][]approval.Member{"board": members("ana", "bo", "cy", "dan")}, approval.Delegation{Principal: "bo", Delegate: "ana"})
	require.NoError(t, b.says("ana", approval.Approve, approval.Ballot{For: "bo"}))
	require.NoError(t, b.says("ana", approval.Recuse))
	stage := b.stage("board")
	require.Equal(t, []string{"bo", "cy", "dan"}, stage.Figures.Outstanding)
	require.Equal(t, approval.VoidLeft, stage.Votes[0].Void.Why)
	refused(t, b.says("ana", approval.Approve), domain.CodeForbidden, "ana has stepped aside")
	refused(t, b.says("ana", approval.Approve, approval.Ballot{For: "bo"}), domain.CodeForbidden, "ana has stepped aside")
	refused(t, b.BreakGlass(b.at, "ana", "now"), domain.CodeForbidden, "ana has stepped aside")
	require.NoError(t, b.Withdraw(b.at, "dee", "the plan was wrong"))
	require.NoError(t, b.Submit(b.at, "dee", content()))
	refused(t, b.says("ana", approval.Approve), domain.CodeForbidden, "ana has stepped aside")
}

func TestStagesInOrderAndInParallel(t *testing.T) {
	t.Parallel()
	stages := `[
		{"name": "peer", "electorate": ["team:a"], "rule": {"threshold": 1}},
		{"name": "cab", "electorate": ["role:cab_member"], "rule": {"threshold": 1}},
		{"name": "security", "electorate": ["team:security"], "rule": {"threshold": 1}, "parallel": true},
		{"name": "owner", "electorate": ["service_owner"], "rule": {"threshold": 1}}]`
	seats := map[string][]approval.Member{"peer": members("pia"), "cab": members("ana"), "security": members("sec"), "owner": members("oz")}
	b := setup(t, stages, seats)
	states := func() (list []approval.State) {
		for _, s := range b.Approval.Stages {
			list = append(list, s.State)
		}
		return list
	}
	const waiting, open, done, moot = approval.Waiting, approval.Open, approval.StageApproved, approval.Moot
	require.Equal(t, []approval.State{open, waiting, waiting, waiting}, states())
	refused(t, b.says("ana", approval.Approve), domain.CodeConflict, "cab is not open yet")
	b.approve("pia")
	require.Equal(t, []approval.State{done, open, open, waiting}, states())
	b.approve("sec")
	require.Equal(t, []approval.State{done, open, done, waiting}, states())
	b.approve("ana")
	require.Equal(t, []approval.State{done, done, done, open}, states())
	b.approve("oz")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	require.Contains(t, b.Approval.Reason(), "peer: 1 approves, 1 needed; cab: 1 approves")

	b = setup(t, stages, seats)
	b.approve("pia")
	require.NoError(t, b.says("sec", approval.Reject))
	require.Equal(t, []approval.State{done, moot, approval.StageRejected, moot}, states())
	require.Equal(t, approval.Rejected, b.Approval.Verdict())
	refused(t, b.says("ana", approval.Approve), domain.CodeConflict, "it is moot")
	list, err := b.Deadlines("change")
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestWhoIsInTwoOpenStagesSaysWhich(t *testing.T) {
	t.Parallel()
	b := setup(t, `[{"name": "a", "electorate": ["team:a"], "rule": {"threshold": 1}}, {"name": "b", "electorate": ["team:b"], "rule": {"threshold": 1}, "parallel": true}]`,
		map[string][]approval.Member{"a": members("ana"), "b": members("ana")})
	refused(t, b.says("ana", approval.Approve), domain.CodeInvalid, "asked in a and in b")
	require.NoError(t, b.says("ana", approval.Approve, approval.Ballot{Stage: "b"}))
	b.approve("ana")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
}

func TestNobodyIsLeft(t *testing.T) {
	t.Parallel()
	b := setup(t, two, map[string][]approval.Member{"board": members("dee", "eli")})
	require.Equal(t, approval.Error, b.Approval.Verdict())
	require.Equal(t, []approval.HappeningKind{approval.HasOpened, approval.HasFailed}, b.told())
	require.Equal(t, "nobody is left to vote: dee is the requester, eli is the implementer", b.Approval.Reason())
	list, err := b.Deadlines("change")
	require.NoError(t, err)
	require.Empty(t, list, "there is nothing to wait for")

	refused(t, b.Seat(b.at, "mia", "board", members("ana")), domain.CodeConflict, "only 1 is left")
	require.Equal(t, approval.Error, b.Approval.Verdict())
	require.NoError(t, b.Seat(b.at, "mia", "board", members("ana", "bo", "dee")))
	b.approve("ana", "bo")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	refused(t, b.Seat(b.at, "mia", "board", members("cy")), domain.CodeConflict, "only where its rule cannot be met")
}

func TestARecusalThatEmptiesAStage(t *testing.T) {
	t.Parallel()
	b := setup(t, `[{"name": "board", "electorate": ["person:ana"], "rule": {"threshold": "50%"}}]`, map[string][]approval.Member{"board": members("ana")})
	require.NoError(t, b.says("ana", approval.Recuse))
	require.Equal(t, approval.Error, b.Approval.Verdict())
	require.Equal(t, "nobody is left to vote: ana has stepped aside", b.Approval.Reason())
}

func TestWhoLeaves(t *testing.T) {
	t.Parallel()
	b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": "60%"}}]`,
		map[string][]approval.Member{"board": members("ana", "bo", "cy", "dan", "fay", "gil")})
	b.approve("ana", "bo", "cy")
	require.Equal(t, approval.Pending, b.Approval.Verdict())
	require.NoError(t, b.loses("gil", approval.Inactive))
	require.Equal(t, "3 of 5 approve (60.0 %), 60 % needed", b.Approval.Reason())
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	require.NoError(t, b.loses("ana", approval.Inactive))
	require.Equal(t, approval.Approved, b.Approval.Verdict(), "what is decided stays")
	require.Len(t, b.stage("board").InForce(), 3, "with the votes that decided it")

	b = setup(t, two, three())
	b.approve("ana")
	require.NoError(t, b.Measure(b.at))
	require.Equal(t, int64(1), b.stage("board").Figures.Approved, "who has lost nothing stays")
	require.NoError(t, b.loses("ana", approval.NoLonger))
	require.Equal(t, int64(0), b.stage("board").Figures.Approved)
	refused(t, b.says("ana", approval.Approve), domain.CodeForbidden, "no longer one of those")
	require.NoError(t, b.loses("bo", approval.Inactive))
	require.Equal(t, approval.Error, b.Approval.Verdict())
}

func TestWhoTurnsOutToBeAParty(t *testing.T) {
	t.Parallel()
	party := func(person string) approval.Parties { return approval.Parties{Implementers: []string{person}} }
	b := setup(t, two, three())
	b.approve("ana")
	require.NoError(t, b.Bar(b.at, "mia", party("ana")))
	require.Equal(t, int64(0), b.stage("board").Figures.Approved)
	refused(t, b.says("ana", approval.Approve), domain.CodeForbidden, "ana is the implementer")
	refused(t, b.says("eli", approval.Approve), domain.CodeForbidden, "eli is the implementer")

	b = setup(t, two, map[string][]approval.Member{"board": members("ana", "bo", "cy", "dan")})
	b.approve("ana", "bo")
	b.at = b.at.Add(time.Hour)
	decided := b.stage("board").DecidedAt
	require.NoError(t, b.Bar(b.at, "mia", party("cy")))
	require.Equal(t, approval.Approved, b.Approval.Verdict(), "cy had no part in it")
	require.Equal(t, decided, b.stage("board").DecidedAt)
	require.NoError(t, b.Bar(b.at, "mia", party("ana")))
	require.Equal(t, approval.Pending, b.Approval.Verdict(), "who voted takes over the work")
	require.Equal(t, 2, b.stage("board").Round)
	require.Equal(t, "1 approves, 2 needed; waiting for dan", b.Approval.Reason(), "the other vote still counts")
	b.approve("dan")
	require.Equal(t, approval.Approved, b.Approval.Verdict())

	b = setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": 1}}]`, map[string][]approval.Member{"board": members("ana", "bo")}, approval.Delegation{Principal: "bo", Delegate: "hal"})
	require.NoError(t, b.says("hal", approval.Approve, approval.Ballot{For: "bo"}))
	require.NoError(t, b.Bar(b.at, "mia", party("hal")))
	require.Equal(t, approval.Pending, b.Approval.Verdict(), "nor does a party's hand count for another")
}

func TestWithdrawAndSubmitAnew(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	refused(t, b.Submit(b.at, "dee", content()), domain.CodeConflict, "asked for already")
	b.approve("ana")
	require.NoError(t, b.says("bo", approval.Reject))
	require.NoError(t, b.says("cy", approval.Reject))
	require.Equal(t, approval.Rejected, b.Approval.Verdict())
	require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-1"}, []string{"plan"}))
	require.Equal(t, approval.Rejected, b.Approval.Verdict(), "an edit alone does not reopen what was rejected")
	require.NoError(t, b.Withdraw(b.at, "dee", "a better plan"))
	require.Empty(t, b.Approval.Asked())
	refused(t, b.says("ana", approval.Approve), domain.CodeConflict, "is not open yet")
	refused(t, b.Withdraw(b.at, "dee", ""), domain.CodeConflict, "not asked for")
	for _, vote := range b.stage("board").Votes {
		require.Equal(t, approval.VoidWithdrawn, vote.Void.Why)
	}
	require.NoError(t, b.Submit(b.at, "dee", b.Approval.Hashes))
	require.Equal(t, 2, b.stage("board").Round)
	b.approve("ana", "bo")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	require.Len(t, b.stage("board").Votes, 5, "earlier votes stay visible")
}

func TestAStaleVoteNamesAllThatChangedSince(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	for i, fields := range [][]string{{"plan"}, {"back_out_plan", "tasks"}} {
		hash := []string{"scope-2", "scope-3"}[i]
		require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: hash, approval.Schedule: "schedule-1"}, fields))
	}
	err := b.says("ana", approval.Approve, approval.Ballot{Hashes: content()})
	refused(t, err, domain.CodeConflict, "back_out_plan, plan, tasks")
	require.Len(t, domain.AsError(err).Fields, 3)
	refused(t, b.says("ana", approval.Approve, approval.Ballot{Hashes: approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-1"}}),
		domain.CodeConflict, "changed since: back_out_plan, tasks")
	refused(t, b.says("ana", approval.Approve, approval.Ballot{Hashes: approval.Hashes{approval.Scope: "odd", approval.Schedule: "schedule-1"}}),
		domain.CodeConflict, "changed since: the scope")
	b.at = b.at.Add(time.Minute)
	require.NoError(t, b.Edited(b.at, "dee", content(), []string{"plan"}), "it is put back")
	require.NoError(t, b.says("ana", approval.Approve, approval.Ballot{Hashes: content()}), "they see what there is")
	require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: "scope-4", approval.Schedule: "schedule-1"}, []string{"reason"}))
	refused(t, b.says("ana", approval.Approve, approval.Ballot{Hashes: content()}), domain.CodeConflict, "changed since: reason;")
}

func TestAnEditThatChangesNothingVoidsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	b.approve("ana")
	require.NoError(t, b.Edited(b.at, "dee", content(), []string{"risk_score"}))
	require.Len(t, b.stage("board").InForce(), 1)
	require.Empty(t, b.Approval.Edits)
}

func TestAnEditOfAnEarlierStageLeavesWhatCoversOther(t *testing.T) {
	t.Parallel()
	b := setup(t, `[
		{"name": "plan", "electorate": ["team:a"], "rule": {"threshold": 1}, "covers": ["scope"]},
		{"name": "cab", "electorate": ["team:b"], "rule": {"threshold": 1}, "covers": ["scope"]},
		{"name": "window", "electorate": ["team:c"], "rule": {"threshold": 1}, "covers": ["schedule"]}]`,
		map[string][]approval.Member{"plan": members("ana"), "cab": members("bo"), "window": members("cy")})
	b.approve("ana", "bo", "cy")
	require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-1"}, []string{"plan"}))
	require.Equal(t, approval.Open, b.stage("plan").State)
	require.Equal(t, approval.Waiting, b.stage("cab").State)
	require.Equal(t, approval.StageApproved, b.stage("window").State)
	refused(t, b.says("bo", approval.Approve), domain.CodeConflict, "waits for an earlier one")
	b.approve("ana", "bo")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
}

func TestTheChairClosesTheVoting(t *testing.T) {
	t.Parallel()
	stages := `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": "60%", "of": "votes_cast", "quorum": 2}}]`
	b := setup(t, stages, map[string][]approval.Member{"board": members("ana", "bo", "cy", "dan", "fay")})
	b.approve("ana")
	refused(t, b.CloseVoting(b.at, "mia", "board"), domain.CodeConflict, "the quorum is 2")
	b.approve("bo")
	require.NoError(t, b.CloseVoting(b.at, "mia", "board"))
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	require.Equal(t, "2 of 2 votes cast approve (100.0 %), 60 % needed; mia closed the voting", b.Approval.Reason())
	refused(t, b.CloseVoting(b.at, "mia", "board"), domain.CodeConflict, "it is approved")

	b = setup(t, stages, map[string][]approval.Member{"board": members("ana", "bo", "cy", "dan", "fay")})
	b.approve("ana")
	require.NoError(t, b.says("bo", approval.Reject))
	require.NoError(t, b.CloseVoting(b.at, "mia", "board"))
	require.Equal(t, approval.Rejected, b.Approval.Verdict())

	b = setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": "60%"}, "deadline": "1wd"}]`, three())
	refused(t, b.CloseVoting(b.at, "mia", "board"), domain.CodeConflict, "counts everybody")
	b.later(48 * time.Hour)
	require.Equal(t, approval.Escalated, b.Approval.Verdict())
	require.NoError(t, b.CloseVoting(b.at, "mia", "board"), "once its deadline has passed, the chair ends it")
	require.Equal(t, approval.Rejected, b.Approval.Verdict())
}

func TestBreakGlass(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	refused(t, b.BreakGlass(b.at, "mia", " "), domain.CodeInvalid, "reason is needed")
	require.NoError(t, b.BreakGlass(b.at, "mia", "the shop is down"))
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	require.Equal(t, "mia decided alone (break-glass)", b.Approval.Reason())
	require.Equal(t, approval.HasBrokenGlass, b.told()[1])
	refused(t, b.BreakGlass(b.at, "mia", "again"), domain.CodeConflict, "approved already")
	refused(t, b.says("ana", approval.Reject), domain.CodeConflict, "it is moot")

	b.again()
	require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-1"}, []string{"plan"}))
	require.Equal(t, approval.Pending, b.Approval.Verdict(), "an edit ends it")
	require.Equal(t, []string{"plan"}, b.Approval.BreakGlass.Void.Fields)
	b.approve("ana", "bo")
	require.Equal(t, approval.Approved, b.Approval.Verdict())

	b = setup(t, two, three())
	require.NoError(t, b.BreakGlass(b.at, "ana", "now"))
	require.NoError(t, b.Bar(b.at, "mia", approval.Parties{TaskOwners: []string{"ana"}}))
	require.Equal(t, approval.Pending, b.Approval.Verdict(), "nor may whoever breaks the glass take over the work")

	b = setup(t, two, three())
	require.NoError(t, b.says("ana", approval.Reject))
	require.NoError(t, b.says("bo", approval.Reject))
	refused(t, b.BreakGlass(b.at, "mia", "now"), domain.CodeConflict, "rejected already")
}

func TestAStageWhosePeopleWereNotReadIsAFault(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	require.NoError(t, b.Withdraw(b.at, "dee", "x"))
	keeper := approval.NewKeeper(b.Approval, approval.Facts{Calendar: desk(t)})
	refused(t, keeper.Submit(b.at, "dee", content()), domain.CodeInternal, "who decides the stage board was not read")
}

func TestAKeeperLeavesWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	before, _ := b.Approval.Clone(), b.told()
	given := b.Approval
	keeper := approval.NewKeeper(given, b.facts)
	require.NoError(t, keeper.Cast(b.at, approval.Ballot{By: "ana", Choice: approval.Recuse, Hashes: content()}))
	require.NoError(t, keeper.Edited(b.at, "dee", approval.Hashes{approval.Scope: "scope-2"}, []string{"plan"}))
	require.Equal(t, before, given)
}

func TestAStageThatOpensAgainIsMeasuredAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	b.approve("ana", "bo")
	require.Equal(t, approval.Approved, b.Approval.Verdict())
	require.NoError(t, b.loses("ana", approval.NoLonger))
	require.Equal(t, approval.Approved, b.Approval.Verdict(), "what is decided stays")
	require.Empty(t, b.stage("board").Members[0].Left)
	require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-1"}, []string{"plan"}))
	require.Equal(t, approval.NoLonger, b.stage("board").Members[0].Left)
	require.Equal(t, []string{"bo", "cy"}, b.stage("board").Figures.Outstanding)
	refused(t, b.says("ana", approval.Approve), domain.CodeForbidden, "no longer one of those")
}

func TestWhoWasAskedInAdditionStays(t *testing.T) {
	t.Parallel()
	b := setup(t, `[{"name": "board", "electorate": ["role:cab_member"], "rule": {"threshold": 1}}]`, map[string][]approval.Member{"board": members("dee")})
	require.Equal(t, approval.Error, b.Approval.Verdict(), "dee asks for it")
	zoe := approval.Member{Person: "zoe", As: []string{"person:zoe"}}
	require.NoError(t, b.Seat(b.at, "mia", "board", []approval.Member{zoe}))
	require.Equal(t, []approval.Target{"person:zoe", "role:cab_member"}, b.Approval.Targets())
	require.Equal(t, []string{"zoe"}, b.Approval.Electors())
	b.facts.Seats["board"] = append(b.facts.Seats["board"], zoe)
	require.NoError(t, b.loses("gil", approval.NoLonger))
	require.Equal(t, []string{"zoe"}, b.stage("board").Figures.Outstanding)
	require.NoError(t, b.loses("zoe", approval.Inactive))
	require.Equal(t, approval.Error, b.Approval.Verdict())
	require.Empty(t, b.Approval.Electors())
}
