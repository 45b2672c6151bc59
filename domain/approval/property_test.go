package approval_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// people are those who can be drawn, hands those who may vote at all, by themselves or for another.
var (
	people = []string{"ana", "bo", "cy", "dan", "fay", "gil"}
	hands  = append(slices.Clone(people), "hal", "dee", "eli", "zed")
)

// anyRule draws a rule, as a document writes it.
func anyRule(t *rapid.T, first bool) string {
	if first && rapid.IntRange(0, 9).Draw(t, "first response") == 0 {
		return `{"first_response": true}`
	}
	parts := []string{rapid.SampledFrom([]string{
		`"threshold": "50%"`, `"threshold": "60%"`, `"threshold": "2/3"`, `"threshold": "100%"`, `"threshold": "60%", "of": "votes_cast"`,
		`"threshold": "50%", "of": "votes_cast"`, `"threshold": 1`, `"threshold": 2`, `"threshold": 4`,
	}).Draw(t, "threshold")}
	for _, part := range []string{`"quorum": "50%"`, `"veto": ["bo"]`, `"required": ["ana"]`, `"weights": {"cy": 3, "dan": 2}`} {
		if rapid.IntRange(0, 3).Draw(t, part) == 0 {
			parts = append(parts, part)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// anyVotes draws a closed set of votes: of each seat at most one by its own hand.
func anyVotes(t *rapid.T) []approval.Vote {
	var votes []approval.Vote
	for _, seat := range people {
		by := rapid.SampledFrom([]string{"", seat, seat, seat, "hal", "ana", "dee"}).Draw(t, "hand of "+seat)
		if by == "" {
			continue
		}
		choices := approval.Choices
		if by != seat {
			choices = choices[:4]
		}
		votes = append(votes, approval.Vote{By: by, For: seat, Choice: rapid.SampledFrom(choices).Draw(t, "choice of "+seat)})
	}
	return votes
}

func electorate() approval.Electorate {
	return approval.NewElectorate(members(people...), approval.Parties{Requesters: []string{"dee"}, Implementers: []string{"eli"}})
}

func TestTheVerdictDoesNotDependOnTheOrderOfVotes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, votes, closed := rule(t, anyRule(t, false)), anyVotes(t), rapid.Bool().Draw(t, "closed")
		require.Equal(t,
			approval.Tally(r, electorate(), votes, closed),
			approval.Tally(r, electorate(), rapid.Permutation(votes).Draw(t, "another order"), closed))
	})
}

// Without a veto, which can come too late, a keeper that decides early decides as all votes together would.
func TestDecidingEarlyDecidesAsAllVotesWould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := anyRule(t, false)
		for strings.Contains(text, "veto") {
			text = strings.ReplaceAll(text, `, "veto": ["bo"]`, "")
		}
		chosen := map[string]approval.Choice{}
		for _, person := range people {
			chosen[person] = rapid.SampledFrom(approval.Choices[:4]).Draw(t, person)
		}
		vote := func(order []string) approval.Verdict {
			b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": `+text+`}]`, map[string][]approval.Member{"board": members(people...)})
			for _, person := range order {
				if b.Approval.Final() {
					break
				}
				ballot := approval.Ballot{}
				if chosen[person] == approval.ApproveWith {
					ballot.Conditions = []string{"be there"}
				}
				require.NoError(t, b.says(person, chosen[person], ballot))
			}
			return b.Approval.Verdict()
		}
		verdict := vote(people)
		require.NotEqual(t, approval.Pending, verdict, "all have voted")
		require.Equal(t, verdict, vote(rapid.Permutation(people).Draw(t, "another order")))
	})
}

func TestOneHumanNeverCountsTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		votes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) approval.Vote {
			by := rapid.SampledFrom(hands).Draw(t, "by")
			return approval.Vote{By: by, For: rapid.SampledFrom(append(slices.Clone(people), by)).Draw(t, "for"), Choice: approval.Approve}
		}), 0, 12).Draw(t, "votes")
		used := map[string]bool{}
		for _, vote := range votes {
			if !slices.Contains([]string{"dee", "eli"}, vote.By) && slices.Contains(people, vote.For) {
				used[vote.By] = true
			}
		}
		got := approval.Tally(rule(t, `{"threshold": 1}`), electorate(), votes, false)
		require.LessOrEqual(t, got.Voted, len(used), "more seats are filled than there are hands")
	})
}

func TestRemovingAPersonNeverTurnsRejectedIntoApproved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := setup(t, `[{"name": "board", "electorate": ["team:board"], "rule": `+anyRule(t, true)+`}]`, map[string][]approval.Member{"board": members(people...)})
		for _, person := range rapid.Permutation(people).Draw(t, "order") {
			choice := rapid.SampledFrom([]approval.Choice{approval.Approve, approval.Reject, approval.Reject}).Draw(t, person)
			_ = b.says(person, choice) // refused once it is decided
		}
		if b.Approval.Verdict() != approval.Rejected {
			return
		}
		for _, person := range rapid.SliceOfN(rapid.SampledFrom(people), 1, 6).Draw(t, "who leaves") {
			require.NoError(t, b.loses(person, rapid.SampledFrom([]approval.Leaving{approval.Inactive, approval.NoLonger}).Draw(t, "why")))
			require.NoError(t, b.Bar(b.at, "mia", approval.Parties{TaskOwners: []string{person}}))
			require.Equal(t, approval.Rejected, b.Approval.Verdict())
		}
	})
}

func TestAThresholdIsComparedExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seats := rapid.IntRange(1, 60).Draw(t, "seats")
		points := rapid.Int64Range(1, 10_000).Draw(t, "hundredths of a percent")
		names := make([]string, seats)
		for i := range names {
			names[i] = fmt.Sprintf("p%02d", i)
		}
		// The least number that is not below the share, in exact fractions.
		share := big.NewRat(points*int64(seats), 10_000)
		least := new(big.Int).Div(share.Num(), share.Denom()).Int64()
		if !share.IsInt() {
			least++
		}
		text := fmt.Sprintf(`{"threshold": "%d.%02d%%"}`, points/100, points%100)
		count := func(approvals int64) approval.Figures {
			var votes []approval.Vote
			for _, name := range names[:approvals] {
				votes = append(votes, approval.Vote{By: name, For: name, Choice: approval.Approve})
			}
			return approval.Tally(rule(t, text), approval.NewElectorate(members(names...), approval.Parties{}), votes, false)
		}
		require.Equal(t, approval.Approved, count(least).Verdict)
		require.Equal(t, approval.Pending, count(least-1).Verdict)
	})
}

// Whatever happens to an approval, in whatever order.
func TestADecidedStageNeverFlips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := []string{anyRule(t, true), anyRule(t, true)}
		b := setup(t, `[{"name": "a", "electorate": ["team:a"], "rule": `+rules[0]+`, "default": "`+rapid.SampledFrom([]string{"reject", "escalate", "approve"}).Draw(t, "default")+`"},
			{"name": "b", "electorate": ["team:b"], "rule": `+rules[1]+`, "parallel": `+fmt.Sprint(rapid.Bool().Draw(t, "parallel"))+`}]`,
			map[string][]approval.Member{"a": members(people...), "b": members(people[2:]...)},
			approval.Delegation{Principal: "bo", Delegate: "hal"}, approval.Delegation{Principal: "cy", Delegate: "ana"}, approval.Delegation{Principal: "fay", Delegate: "dee"})
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			before := b.Approval.Clone()
			b.step(t)
			for i, stage := range b.Approval.Stages {
				was := before.Stages[i]
				if was.State == approval.StageApproved || was.State == approval.StageRejected {
					require.Equal(t, was.State, stage.State, "the stage %s flipped", stage.Name)
					require.Equal(t, was.DecidedAt, stage.DecidedAt)
				}
				b.holds(t, stage)
			}
			if verdict := before.Verdict(); verdict == approval.Rejected {
				require.Equal(t, approval.Rejected, b.Approval.Verdict(), "nor does removing a person turn it around")
			}
			b.again()
		}
	})
}

// step lets one thing happen that is neither an edit nor a new party.
func (b *board) step(t *rapid.T) {
	stage := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "stage")
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		b.later(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour)
	case 1:
		require.NoError(t, b.loses(rapid.SampledFrom(hands).Draw(t, "who"), rapid.SampledFrom([]approval.Leaving{approval.Inactive, approval.NoLonger}).Draw(t, "why")))
	case 2:
		_ = b.CloseVoting(b.at, "mia", stage) // refused where the votes do not decide
	case 3:
		_ = b.Ask(b.at, rapid.SampledFrom(hands).Draw(t, "who"), stage, "why?") // refused to who is not asked
	case 4:
		_ = b.Answer(b.at, "zed", stage, "because") // refused where nothing was asked
	default:
		ballot := approval.Ballot{Stage: stage, Conditions: nil}
		choice := rapid.SampledFrom(approval.Choices).Draw(t, "choice")
		if choice == approval.ApproveWith {
			ballot.Conditions = []string{"be there"}
		}
		if rapid.Bool().Draw(t, "for another") {
			ballot.For = rapid.SampledFrom(people).Draw(t, "for")
		}
		_ = b.says(rapid.SampledFrom(hands).Draw(t, "by"), choice, ballot) // refused to many
	}
}

// holds are the truths about every stage at any time.
func (b *board) holds(t *rapid.T, stage approval.Stage) {
	byHand, bySeat := map[string]int{}, map[string]int{}
	for _, vote := range stage.InForce() {
		byHand[vote.By]++
		bySeat[vote.For]++
		require.NotContains(t, []string{"dee", "eli", "zed"}, vote.By)
	}
	for person, n := range byHand {
		require.Equal(t, 1, n, "%s counts twice", person)
	}
	for person, n := range bySeat {
		require.Equal(t, 1, n, "the seat of %s counts twice", person)
	}
	if stage.State == approval.StageApproved && stage.Default != approval.DefaultApprove {
		require.Positive(t, stage.Figures.Approved, "nobody approved")
	}
	if stage.State == approval.Open {
		require.Equal(t, approval.Pending, stage.Figures.Verdict)
		require.NotEmpty(t, stage.Figures.Outstanding, "it waits for nobody")
	}
}
