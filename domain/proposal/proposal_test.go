package proposal_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/proposal"
)

var now = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

func document(plan string) policy.Document {
	return policy.Document{Kind: policy.KindChangeModel, Name: "restart", Reason: "faster", Spec: json.RawMessage(`{"plan": "` + plan + `"}`)}
}

func seats(names ...string) []approval.Member {
	list := make([]approval.Member, len(names))
	for i, name := range names {
		list[i] = approval.Member{Person: name, As: []string{"role:change_manager"}}
	}
	return list
}

// made is dee's proposal, which mona and max can approve.
func made(t require.TestingT) proposal.Proposal {
	p, err := proposal.New("p1", document("Restart it"), 2, "dee", seats("dee", "mona", "max"), now)
	require.NoError(t, err)
	return p
}

func refused(t *testing.T, err error, code domain.Code, says string) {
	t.Helper()
	require.ErrorContains(t, err, says)
	require.Equal(t, code, domain.CodeOf(err), err)
}

func TestASecondPersonDecides(t *testing.T) {
	t.Parallel()
	p := made(t)
	require.Equal(t, proposal.Waiting, p.State)
	require.Equal(t, []string{"max", "mona"}, p.WaitsFor())
	all := seats("dee", "mona", "max")
	approve := proposal.Decision{Vote: approval.Approve, Hash: p.Hash}
	_, err := p.Decide("dee", approve, all, now)
	refused(t, err, domain.CodeForbidden, "dee is the requester")
	_, err = p.Decide("eli", approve, all, now)
	refused(t, err, domain.CodeForbidden, "eli is not among those who decide")
	_, err = p.Decide("max", approve, seats("dee", "mona"), now)
	refused(t, err, domain.CodeForbidden, "max is no longer")
	_, err = p.Decide("mona", proposal.Decision{Vote: approval.Approve, Hash: "another"}, all, now)
	refused(t, err, domain.CodeConflict, "changed since")
	_, err = p.Decide("mona", proposal.Decision{Vote: approval.Reject, Hash: p.Hash}, all, now)
	refused(t, err, domain.CodeInvalid, "say why")
	_, err = p.Decide("mona", proposal.Decision{Vote: approval.Abstain, Hash: p.Hash}, all, now)
	refused(t, err, domain.CodeInvalid, "approve or reject")

	approved, err := p.Decide("mona", approve, all, now)
	require.NoError(t, err)
	require.Equal(t, []any{proposal.Applied, "mona"}, []any{approved.State, approved.DecidedBy})
	_, err = approved.Decide("max", approve, all, now)
	refused(t, err, domain.CodeConflict, "the proposal is applied")
	rejected, err := p.Decide("max", proposal.Decision{Vote: approval.Reject, Hash: p.Hash, Comment: "no way back"}, all, now)
	require.NoError(t, err)
	require.Equal(t, proposal.Rejected, rejected.State)
}

// What is written on it since is another proposal: everybody who wrote on it is no second person.
func TestAnEditIsApprovedAnew(t *testing.T) {
	t.Parallel()
	p := made(t)
	all := seats("dee", "mona", "max")
	same, err := p.Edit(document("Restart it"), 2, "max", all, now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, p, same, "the same said again is nothing new")
	edited, err := p.Edit(document("Restart it twice"), 2, "max", all, now.Add(time.Hour))
	require.NoError(t, err)
	require.NotEqual(t, p.Hash, edited.Hash)
	require.Equal(t, []string{"mona"}, edited.WaitsFor())
	_, err = edited.Decide("mona", proposal.Decision{Vote: approval.Approve, Hash: p.Hash}, all, now.Add(2*time.Hour))
	refused(t, err, domain.CodeConflict, "spec")
	for _, author := range []string{"dee", "max"} {
		_, err = edited.Decide(author, proposal.Decision{Vote: approval.Approve, Hash: edited.Hash}, all, now.Add(2*time.Hour))
		refused(t, err, domain.CodeForbidden, author+" is the requester")
	}
	_, err = edited.Decide("mona", proposal.Decision{Vote: approval.Approve, Hash: edited.Hash}, all, now.Add(2*time.Hour))
	require.NoError(t, err)
}

func TestAProposalEnds(t *testing.T) {
	t.Parallel()
	p := made(t)
	_, err := p.Withdraw("mona", now)
	refused(t, err, domain.CodeForbidden, "reject it instead")
	withdrawn, err := p.Withdraw("dee", now)
	require.NoError(t, err)
	require.Equal(t, proposal.Withdrawn, withdrawn.State)

	late, err := p.At(now.Add(proposal.Lasts))
	require.NoError(t, err)
	require.Equal(t, proposal.Rejected, late.State)
	require.Equal(t, now.Add(proposal.Lasts), *late.DecidedAt)
	_, err = p.Decide("mona", proposal.Decision{Vote: approval.Approve, Hash: p.Hash}, seats("mona"), now.Add(proposal.Lasts))
	refused(t, err, domain.CodeConflict, "rejected")
	early, err := p.At(now.Add(proposal.Lasts - time.Millisecond))
	require.NoError(t, err)
	require.Equal(t, proposal.Waiting, early.State)
}

func TestNobodyElseCanApprove(t *testing.T) {
	t.Parallel()
	inactive := seats("dee", "mona")
	inactive[1].Left = approval.Inactive
	for _, who := range [][]approval.Member{nil, seats("dee"), inactive} {
		_, err := proposal.New("p1", document("Restart it"), 0, "dee", who, now)
		refused(t, err, domain.CodeConflict, "nobody else can approve it")
	}
	p := made(t)
	_, err := p.Decide("mona", proposal.Decision{Vote: approval.Approve, Hash: p.Hash}, nil, now)
	refused(t, err, domain.CodeForbidden, "mona is no longer")
}

// Whatever people write and say, in whatever order: who wrote on what comes into force has not approved it.
func TestWhoWroteItNeverApprovedIt(t *testing.T) {
	t.Parallel()
	people := []string{"dee", "mona", "max", "eli"}
	rapid.Check(t, func(t *rapid.T) {
		p, wrote, at := made(t), map[string]bool{"dee": true}, now
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			at = at.Add(time.Minute)
			who := rapid.SampledFrom(people).Draw(t, "who")
			var next proposal.Proposal
			var err error
			if rapid.Bool().Draw(t, "edits") {
				plan := rapid.SampledFrom([]string{"Restart it", "Stop it"}).Draw(t, "plan")
				if next, err = p.Edit(document(plan), 2, who, seats(people...), at); err == nil && next.Hash != p.Hash {
					wrote[who] = true
				}
			} else {
				next, err = p.Decide(who, proposal.Decision{Vote: approval.Approve, Hash: p.Hash}, seats(people...), at)
			}
			if err != nil {
				continue
			}
			if p = next; p.State == proposal.Applied {
				require.False(t, wrote[p.DecidedBy], "%s wrote it", p.DecidedBy)
				return
			}
		}
	})
}
