package approval_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// due is when the deadline of the only stage ends.
func due(t require.TestingT, b *board) time.Time {
	at := b.Approval.Stages[0].Timing.DueAt
	require.NotNil(t, at)
	return *at
}

func TestTheDeadlinesOfAStage(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three()) // Tue 10:00, 2wd: 16 h of open time
	list, err := b.Deadlines("change")
	require.NoError(t, err)
	require.Equal(t, domain.Deadline{
		Name: "approval board 50%", DueAt: on(t, "2026-12-02 10:00"), Command: "change.approval_due", Then: "reminds ana, bo, cy to vote in the stage board",
	}, list[0])
	require.Len(t, list, 3)
	require.Equal(t, on(t, "2026-12-02 16:24"), list[1].DueAt, "90 % of 16 h is 14 h 24 m")
	require.Equal(t, "rejects the stage board, unless it is decided before", list[2].Then)
	require.Equal(t, on(t, "2026-12-03 10:00"), list[2].DueAt)

	b.approve("ana")
	b.told()
	b.at = on(t, "2026-12-07 12:00") // an outage
	require.NoError(t, b.Tick(b.at))
	require.Equal(t, []approval.HappeningKind{approval.HasReminded, approval.HasReminded, approval.HasRejected}, b.told())
	last := b.Happenings[len(b.Happenings)-3:]
	require.Equal(t, []string{"bo", "cy"}, last[0].People)
	require.Equal(t, on(t, "2026-12-02 10:00"), last[0].At, "each is told with its true time")
	require.Equal(t, on(t, "2026-12-03 10:00"), *b.stage("board").DecidedAt)
	require.Equal(t, "1 approves, 2 needed; the deadline has passed, which rejects by default", b.Approval.Reason())
}

func TestRemindersArePolicy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{``: 3, `, "reminders": []`: 1, `, "reminders": ["25%"]`: 2} {
		b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": 2}`+text+`}]`, three())
		b.again()
		list, err := b.Deadlines("change")
		require.NoError(t, err)
		require.Len(t, list, want, text)
		require.Equal(t, on(t, "2026-12-04 10:00"), list[want-1].DueAt, "three working days where nothing is said")
	}
}

func TestWhatADeadlineDoesByDefault(t *testing.T) {
	t.Parallel()
	for byDefault, want := range map[string]approval.Verdict{"reject": approval.Rejected, "escalate": approval.Escalated, "approve": approval.Approved} {
		b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": 2}, "default": "`+byDefault+`"}]`, three())
		b.approve("ana")
		require.Equal(t, want, b.later(7*24*time.Hour).Approval.Verdict())
	}
}

func TestAnEscalatedStageStillTakesVotes(t *testing.T) {
	t.Parallel()
	b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": "60%", "of": "votes_cast", "quorum": 2}}]`, three())
	b.approve("ana")
	b.later(7 * 24 * time.Hour)
	require.Equal(t, approval.Escalated, b.Approval.Verdict())
	require.Contains(t, b.Approval.Reason(), "the quorum is 2; the deadline has passed, which escalates by default")
	list, err := b.Deadlines("change")
	require.NoError(t, err)
	require.Empty(t, list)
	require.NoError(t, b.Ask(b.at, "bo", "", "who pays?"), "there is nothing to stop, but it may be asked")
	require.NoError(t, b.Answer(b.at, "dee", "board", "we do"))
	require.NoError(t, b.says("bo", approval.Abstain))
	require.Equal(t, approval.Approved, b.Approval.Verdict(), "the votes cast decide as soon as there are enough")
}

func TestTheVotesCastDecideAtTheDeadline(t *testing.T) {
	t.Parallel()
	b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": "60%", "of": "votes_cast"}, "default": "reject"}]`, three())
	b.approve("ana")
	require.Equal(t, approval.Pending, b.Approval.Verdict())
	b.later(7 * 24 * time.Hour)
	require.Equal(t, "1 of 1 vote cast approves (100.0 %), 60 % needed", b.Approval.Reason())
	require.Equal(t, approval.Approved, b.Approval.Verdict())
}

func TestAQuestionStopsTheDeadline(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three(), approval.Delegation{Principal: "cy", Delegate: "hal"})
	require.Equal(t, on(t, "2026-12-03 10:00"), due(t, b))
	b.at = on(t, "2026-12-02 16:00") // 14 h of 16 h used; the reminder at 14:24 h is still to come
	require.NoError(t, b.Tick(b.at))
	require.NoError(t, b.Ask(b.at, "ana", "", "what about the cache?"))
	require.NoError(t, b.Ask(b.at, "hal", "board", "and the tests?"))
	refused(t, b.Ask(b.at, "zed", "", "may I?"), domain.CodeForbidden, "zed is not among those")
	refused(t, b.Ask(b.at, "ana", "", ""), domain.CodeInvalid, "what do you want to know")
	list, err := b.Deadlines("change")
	require.NoError(t, err)
	require.Empty(t, list, "it stands still")
	refused(t, b.Defer(b.at, "mia", "board", b.at.Add(time.Hour), ""), domain.CodeConflict, "stands still")

	b.again()
	b.approve("bo")
	b.at = on(t, "2026-12-09 11:00")
	require.NoError(t, b.Tick(b.at))
	require.Equal(t, approval.Pending, b.Approval.Verdict())
	refused(t, b.Answer(b.at, "dee", "board", " "), domain.CodeInvalid, "answer is needed")
	require.NoError(t, b.Answer(b.at, "dee", "board", "both are done"))
	require.Equal(t, []string{"ana", "hal"}, b.Happenings[len(b.Happenings)-1].People)
	refused(t, b.Answer(b.at, "dee", "board", "twice"), domain.CodeConflict, "waits for no answer")
	require.Equal(t, on(t, "2026-12-09 13:00"), due(t, b), "two hours were left")
	list, err = b.Deadlines("change")
	require.NoError(t, err)
	require.Len(t, list, 2, "one reminder has gone out")
	require.Equal(t, on(t, "2026-12-09 11:24"), list[0].DueAt)
}

func TestStandingStillNeverBringsADeadlineForward(t *testing.T) {
	t.Parallel()
	b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": 2}, "deadline": "1wd"}]`, three())
	b.at = on(t, "2026-12-01 17:30")
	require.NoError(t, b.Withdraw(b.at, "dee", "x"))
	require.NoError(t, b.Submit(b.at, "dee", content()))
	require.Equal(t, on(t, "2026-12-03 09:00"), due(t, b), "a working day from Wed 09:00")
	require.NoError(t, b.Ask(b.at, "ana", "", "why?"))
	require.NoError(t, b.Answer(b.at.Add(time.Minute), "dee", "board", "because"))
	require.Equal(t, on(t, "2026-12-03 09:00"), due(t, b), "and not the evening before, which is as much open time")
}

func TestWallTime(t *testing.T) {
	t.Parallel()
	b := setup(t, `[{"name": "ecab", "electorate": ["role:cab_member"], "rule": {"threshold": 2}, "deadline": "30m", "wall": true, "default": "escalate"}]`,
		map[string][]approval.Member{"ecab": members("ana", "bo")})
	b.at = on(t, "2026-12-05 23:00") // a Saturday
	require.NoError(t, b.Withdraw(b.at, "dee", "x"))
	require.NoError(t, b.Submit(b.at, "dee", content()))
	require.Equal(t, b.at.Add(30*time.Minute), due(t, b))
	require.NoError(t, b.Ask(b.at.Add(10*time.Minute), "ana", "", "why?"))
	require.NoError(t, b.Answer(b.at.Add(15*time.Minute), "dee", "ecab", "because"))
	require.Equal(t, b.at.Add(35*time.Minute), due(t, b))
}

func TestADeadlineIsMoved(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	refused(t, b.Defer(b.at, "mia", "board", b.at, ""), domain.CodeInvalid, "must lie ahead")
	meeting := on(t, "2026-12-09 10:00")
	require.NoError(t, b.Defer(b.at, "mia", "board", meeting, "the board meets then"))
	require.Equal(t, meeting, due(t, b))
	list, err := b.Deadlines("change")
	require.NoError(t, err)
	require.Equal(t, on(t, "2026-12-04 10:00"), list[0].DueAt, "half of the new time, in open hours")
	b.approve("ana", "bo")
	refused(t, b.Defer(b.at, "mia", "board", meeting, ""), domain.CodeConflict, "it is approved")
}

func TestANewRoundHasItsWholeTime(t *testing.T) {
	t.Parallel()
	b := setup(t, two, three())
	b.at = on(t, "2026-12-02 16:30")
	require.NoError(t, b.Tick(b.at))
	require.NoError(t, b.Ask(b.at, "ana", "", "why?"))
	require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: "scope-2", approval.Schedule: "schedule-1"}, []string{"plan"}))
	require.Equal(t, on(t, "2026-12-04 16:30"), due(t, b))
	require.Empty(t, b.stage("board").OpenQuestions(), "the question was about what is no more")
	list, err := b.Deadlines("change")
	require.NoError(t, err)
	require.Len(t, list, 3)
}

// However often and however long a deadline stands still, the open time that it runs is what the policy gives.
func TestStandingStillCostsNoTime(t *testing.T) {
	t.Parallel()
	days := desk(t)
	rapid.Check(t, func(t *rapid.T) {
		b := setup(t, two, three())
		whole, ran, from := 16*time.Hour, time.Duration(0), b.at
		for range rapid.IntRange(1, 5).Draw(t, "questions") {
			b.later(time.Duration(rapid.IntRange(0, 600).Draw(t, "wait")) * time.Minute)
			if b.Approval.Final() {
				return
			}
			ran += days.Between(from, b.at)
			require.NoError(t, b.Ask(b.at, "ana", "", "why?"))
			b.later(time.Duration(rapid.IntRange(0, 20000).Draw(t, "answer")) * time.Minute)
			require.NoError(t, b.Answer(b.at, "dee", "board", "because"))
			from = b.at
		}
		end := due(t, b)
		require.Equal(t, whole, ran+days.Between(from, end))
	})
}

// A deadline that stands still while its meeting is called off goes on with the time that it had itself.
func TestAMeetingIsForgoneWhileADeadlineStandsStill(t *testing.T) {
	t.Parallel()
	const electorate = "team:board"
	b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": 2}, "deadline": "2wd"}]`, three())
	own := due(t, b)
	meets := own.Add(10 * 24 * time.Hour)
	require.NoError(t, b.Await(b.at, electorate, "CAB-000001", meets, "it is on the agenda"))
	require.Equal(t, meets, due(t, b))
	require.NoError(t, b.Await(b.at, electorate, "CAB-000002", meets.Add(-24*time.Hour), "it is on the agenda"))
	require.Equal(t, meets, due(t, b))
	require.NoError(t, b.Ask(b.at, "ana", "", "why?"))
	require.NoError(t, b.Forgo(b.at, "CAB-000001", "called off"))
	require.NoError(t, b.Answer(b.at, "dee", "board", "because"))
	require.Equal(t, meets.Add(-24*time.Hour), due(t, b), "the other meeting still has it on its agenda")
	require.NoError(t, b.Ask(b.at, "ana", "", "and how?"))
	require.NoError(t, b.Forgo(b.at, "CAB-000002", "called off"))
	require.NoError(t, b.Forgo(b.at, "CAB-000002", "twice"))
	stage := b.Approval.Stages[0]
	require.Nil(t, stage.Timing.Own)
	require.Empty(t, stage.Timing.Meetings)
	require.NoError(t, b.Answer(b.at, "dee", "board", "like this"))
	require.Equal(t, own, due(t, b))
	require.Equal(t, b.Approval.Stages[0].Timing.LengthMS, b.Approval.Stages[0].Timing.LeftMS, "nothing of it was used")
}

// An edit, or a file, asks a stage again: it waits for the meeting that is to talk about it still.
func TestAStageThatIsAskedAgainWaitsForItsMeeting(t *testing.T) {
	t.Parallel()
	const electorate = "team:board"
	b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": {"threshold": 2}, "deadline": "2wd"}]`, three())
	edits := 0
	edited := func() {
		edits++
		require.NoError(t, b.Edited(b.at, "dee", approval.Hashes{approval.Scope: fmt.Sprint("edit-", edits), approval.Schedule: "schedule-1"}, []string{"plan"}))
	}
	meets := due(t, b).Add(10 * 24 * time.Hour)
	require.NoError(t, b.Await(b.at, electorate, "CAB-000001", meets, "it is on the agenda"))
	b.approve("ana")
	b.later(time.Hour)
	edited()
	require.Equal(t, 2, b.stage("board").Round)
	require.Equal(t, meets, due(t, b))
	again := *b.stage("board").Timing.Own.DueAt
	require.NoError(t, b.Forgo(b.at, "CAB-000001", "called off"))
	require.Equal(t, again, due(t, b), "its own deadline is that of the new round")
	edited()
	require.Nil(t, b.stage("board").Timing.Own, "nothing is left to wait for")

	require.NoError(t, b.Await(b.at, electorate, "CAB-000002", meets, "it is on the agenda"))
	require.NoError(t, b.Defer(b.at, "mona", "board", meets.Add(48*time.Hour), "later"))
	edited()
	require.Nil(t, b.stage("board").Timing.Own, "who sets a deadline does not wait for that meeting")

	require.NoError(t, b.Await(b.at, electorate, "CAB-000003", meets, "it is on the agenda"))
	b.later(meets.Sub(b.at))
	edited()
	require.Empty(t, b.stage("board").Timing.Meetings, "a meeting that is over is waited for no more")
	require.Equal(t, 5, b.stage("board").Round, "every edit asked again")
}
