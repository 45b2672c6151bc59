package approval_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// A weight can be that of a role: two of the board, or one of it and an incident manager.
func TestAWeightOfARole(t *testing.T) {
	t.Parallel()
	rule := approval.Rule{Weights: map[string]int{"role:cab_member": 10, "fay": 5}}
	require.NoError(t, rule.Threshold.UnmarshalJSON([]byte(`11`)))
	require.Empty(t, rule.Validate("rule"))
	require.NotEmpty(t, approval.Rule{Threshold: rule.Threshold, Weights: map[string]int{"board:x": 2}}.Validate("rule"))
	as := func(target string, names ...string) (list []approval.Member) {
		for _, name := range names {
			list = append(list, approval.Member{Person: name, As: []string{target}})
		}
		return list
	}
	board, managers := as("role:cab_member", "ana", "bo", "fay"), as("role:incident_manager", "ida", "ivo", "ana")
	electorate := approval.NewElectorate(append(board, managers...), approval.Parties{})
	for _, c := range []struct {
		by   []string
		want approval.Verdict
	}{
		{[]string{"ana"}, approval.Pending},
		{[]string{"ida", "ivo"}, approval.Pending},
		{[]string{"ana", "ida"}, approval.Approved},
		{[]string{"ana", "bo"}, approval.Approved},
		{[]string{"fay", "ida", "ivo"}, approval.Pending},
	} {
		var votes []approval.Vote
		for _, name := range c.by {
			votes = append(votes, approval.Vote{By: name, For: name, Choice: approval.Approve})
		}
		require.Equal(t, c.want, approval.Tally(rule, electorate, votes, false).Verdict, "%v", c.by)
	}
}

// Nothing that was said under one policy is lost under another, and none of it counts.
func TestAnotherPolicyKeepsWhatWasSaid(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	policy := func(name string, stages ...string) approval.Selection {
		selected := approval.Selection{Candidate: approval.Candidate{Name: name, Version: 1}}
		for _, stage := range stages {
			selected.Spec.Stages = append(selected.Spec.Stages, approval.StagePolicy{
				Name: stage, Electorate: []approval.Target{"role:cab_member"}, Rule: approval.Rule{FirstResponse: true}, Wall: true,
			})
		}
		return selected
	}
	members := []approval.Member{{Person: "ana"}, {Person: "bo"}}
	facts := approval.Facts{Seats: map[string][]approval.Member{"peer": members, "board": members}}
	hashes := approval.Hashes{approval.Scope: "1", approval.Schedule: "1"}
	k := approval.NewKeeper(approval.Begin(policy("low", "peer"), approval.Parties{}), facts)
	require.NoError(t, k.Submit(at, "dee", hashes))
	require.NoError(t, k.Cast(at, approval.Ballot{By: "bo", Choice: approval.Recuse, Hashes: hashes}))
	require.NoError(t, k.Cast(at, approval.Ballot{By: "ana", Choice: approval.Approve, Hashes: hashes}))
	require.Equal(t, approval.Approved, k.Approval.Verdict())

	again := func(next approval.Selection) {
		k.Replace(at, "dee", next, []string{"plan"})
		k = approval.NewKeeper(k.Approval, facts)
		require.NoError(t, k.Submit(at, "dee", hashes))
	}
	again(policy("high", "board"))
	require.Equal(t, approval.Pending, k.Approval.Verdict())
	require.Len(t, k.Approval.Earlier, 1)
	require.NoError(t, k.Cast(at, approval.Ballot{By: "bo", Choice: approval.Approve, Hashes: hashes}))
	again(policy("low", "peer"))
	require.Len(t, k.Approval.Earlier, 1, "the board's; the peers go on from what they said")
	peer, _ := k.Approval.Stage("peer")
	require.Len(t, peer.Votes, 2)
	require.Empty(t, peer.InForce())
	require.Equal(t, 2, peer.Round)
	require.Equal(t, approval.Pending, k.Approval.Verdict())
	require.NoError(t, k.Cast(at, approval.Ballot{By: "ana", Choice: approval.Approve, Hashes: hashes}))
	require.Equal(t, approval.Approved, k.Approval.Verdict())
}
