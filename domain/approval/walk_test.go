package approval_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// Whatever is edited, withdrawn or taken over meanwhile: what counts is about the content as it is, by hands that may.
func TestWhatCountsIsAboutWhatThereIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := setup(t, `[{"name": "a", "electorate": ["team:a"], "rule": `+anyRule(t, true)+`},
			{"name": "b", "electorate": ["team:b"], "rule": `+anyRule(t, true)+`, "parallel": `+fmt.Sprint(rapid.Bool().Draw(t, "parallel"))+`}]`,
			map[string][]approval.Member{"a": members(people...), "b": members(people[2:]...)},
			approval.Delegation{Principal: "bo", Delegate: "hal"}, approval.Delegation{Principal: "cy", Delegate: "ana"})
		for n := range rapid.IntRange(1, 40).Draw(t, "steps") {
			b.turn(t, n)
			for _, stage := range b.Approval.Stages {
				b.holds(t, stage)
				if b.Approval.Verdict() == approval.Rejected {
					continue // which stays as it is
				}
				for _, vote := range stage.InForce() {
					require.Equal(t, b.Approval.Hashes, vote.Hashes)
					_, barred := b.Approval.Parties.Bars(vote.By)
					require.False(t, barred && vote.Choice != approval.Recuse, "%s is a party", vote.By)
				}
			}
			if b.Approval.Verdict() == approval.Approved {
				b.approved(t)
			}
			list, err := b.Deadlines("change")
			require.NoError(t, err)
			for _, one := range list {
				require.True(t, one.DueAt.After(b.at), "%s is in the past", one.Name)
			}
			b.again()
		}
	})
}

// approved holds that what is approved was, by votes or by one who may, as it is now.
func (b *board) approved(t *rapid.T) {
	if glass := b.Approval.BreakGlass; glass != nil && glass.Void == nil {
		require.Equal(t, b.Approval.Hashes, glass.Hashes)
		_, barred := b.Approval.Parties.Bars(glass.By)
		require.False(t, barred)
		return
	}
	for _, stage := range b.Approval.Stages {
		require.Equal(t, approval.StageApproved, stage.State)
		require.NotEmpty(t, stage.InForce())
	}
}

// turn lets one thing happen, of everything that can.
func (b *board) turn(t *rapid.T, n int) {
	person := rapid.SampledFrom(hands).Draw(t, "person")
	switch rapid.IntRange(0, 14).Draw(t, "turn") {
	case 0:
		edited := approval.Hashes{approval.Scope: fmt.Sprint("scope-", n), approval.Schedule: b.Approval.Hashes[approval.Schedule]}
		require.NoError(t, b.Edited(b.at, "dee", edited, []string{"plan"}))
	case 1:
		edited := approval.Hashes{approval.Scope: b.Approval.Hashes[approval.Scope], approval.Schedule: fmt.Sprint("schedule-", n)}
		require.NoError(t, b.Edited(b.at, "dee", edited, []string{"window"}))
	case 2:
		require.NoError(t, b.Bar(b.at, "mia", approval.Parties{TaskOwners: []string{person}}))
	case 3:
		_ = b.BreakGlass(b.at, person, "the shop is down") // refused to parties, and where it is decided
	case 4:
		if b.Withdraw(b.at, "dee", "a better plan") != nil {
			require.NoError(t, b.Submit(b.at, "dee", b.Approval.Hashes))
		}
	case 5:
		_ = b.Seat(b.at, "mia", "a", members("ned", "oda", "pia")) // refused where the rule can be met
	default:
		b.step(t)
	}
}
