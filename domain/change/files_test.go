package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// attach puts files at the change, of which it has not heard yet.
func (d *desk) attach(digests ...string) {
	d.facts.Attachments = append(d.facts.Attachments, digests...)
}

func TestAFileThatComesToAVoteVoidsIt(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.vote(member("ana"), "approve", nil)
	d.attach("plan")
	before := len(d.events)
	d.do(other, "content_changed", nil)
	require.Equal(t, []string{"change.attachments_changed", "change.approval_voided", "change.approval_opened"}, d.types(before))
	voided := d.events[before+1].Data
	require.Equal(t, []any{[]string{"ana"}, []string{"attachments"}}, []any{voided["needed_again"], voided["fields"]})
	require.Empty(t, d.stage("cab").InForce())
	d.do(other, "content_changed", nil)
	require.Len(t, d.events, before+3, "what it knows of changes nothing")
}

func TestNobodyDecidesOnAFileThatTheyHaveNotSeen(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.vote(member("ana"), "approve", nil)
	seen := d.ballot("approve", nil)
	d.attach("plan")
	refused := d.refuse(domain.CodeConflict, member("bo"), "cast_vote", seen)
	require.Contains(t, refused.Message, "attachments")
	require.Equal(t, "attachments", refused.Fields[0].Location)
	require.Len(t, d.stage("cab").InForce(), 1, "what was refused voids nothing by itself")
	d.refuse(domain.CodeConflict, mona, "break_glass", body{"reason": "It cannot wait"})

	d.do(other, "content_changed", nil)
	refused = d.refuse(domain.CodeConflict, member("bo"), "cast_vote", seen)
	require.Contains(t, refused.Message, "attachments", "the ballot is still about what there was before")
	d.vote(member("bo"), "approve", nil)
	require.Len(t, d.stage("cab").InForce(), 1)
}

func TestWhatWasApprovedIsAskedAboutAgain(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	require.Equal(t, change.Scheduled, d.record.State)
	d.attach("plan")
	d.at("2026-12-18 22:00")
	d.refuse(domain.CodeConflict, eli, "start", nil)
	d.do(other, "content_changed", nil)
	require.Equal(t, change.AwaitingApproval, d.record.State)
	require.Equal(t, approval.Pending, d.record.Approval.Verdict())
}

func TestNothingStartsByItselfOnAFileThatNobodyHasSeen(t *testing.T) {
	t.Parallel()
	d := authorised(t, body{"auto_start": true})
	require.Equal(t, change.Scheduled, d.record.State)
	d.attach("plan")
	before := len(d.events)
	d.at("2026-12-18 22:00").catchUp()
	require.Equal(t, change.AwaitingApproval, d.record.State)
	require.Nil(t, d.record.ActualStart)
	require.False(t, d.record.ApprovalVoid)
	require.Contains(t, d.types(before), "change.attachments_changed")
	require.NotContains(t, d.types(before), "change.started")
}

func TestFilesOfWhatWasCarriedOutVoidNothing(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.at("2026-12-18 22:00")
	d.do(eli, "start", nil)
	for _, task := range d.record.Tasks {
		d.do(eli, "complete_task", body{"task": task.ID})
	}
	d.attach("before it was known")
	d.do(eli, "complete", body{"outcome": "successful"})
	require.Equal(t, change.Review, d.record.State)
	d.attach("log of the night")
	before, hashes := len(d.events), d.record.Approval.Hashes
	d.do(other, "content_changed", nil)
	require.Len(t, d.events, before)
	require.Equal(t, hashes, d.record.Approval.Hashes)
	require.Equal(t, approval.Approved, d.record.Approval.Verdict())
}

func TestFilesOfADraftAreWhatIsAskedAbout(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(nil))
	d.attach("plan")
	before := len(d.events)
	d.do(other, "content_changed", nil)
	require.Len(t, d.events, before)
	d.do(dee, "submit", nil)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
	d.do(fred, "peer_review", nil)
	require.Equal(t, []string{"plan"}, d.record.Attached)
	d.vote(member("ana"), "approve", nil)
}

func TestAFileThatGoesFromAVoteVoidsIt(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.attach("plan", "picture")
	d.do(other, "content_changed", nil)
	d.vote(member("ana"), "approve", nil)
	seen, before := d.ballot("approve", nil), len(d.events)
	d.facts.Attachments = []string{"plan"}
	require.Contains(t, d.refuse(domain.CodeConflict, member("bo"), "cast_vote", seen).Message, "attachments")
	d.do(other, "content_changed", nil)
	require.Equal(t, []string{"change.attachments_changed", "change.approval_voided", "change.approval_opened"}, d.types(before))
	require.Equal(t, []string{"plan"}, d.record.Attached)
}
