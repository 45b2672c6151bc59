package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// approved lets all vote for a change whom story 3 needs.
func (b board) approved(record string) {
	b.t.Helper()
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		b.vote(name, record, nil)
	}
}

// Of two that want an item, whoever is scheduled first has it; a draft of a stranger keeps nobody from starting.
func TestWhoIsScheduledFirstHasTheItem(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	first := b.scheduled(body{"tasks": []body{{"title": "Move"}}})
	second := b.draft(body{"assignee": "fred", "exclusive": true})
	b.do(b.by("dee", domain.RoleAgent), "submit", second, nil)
	b.deliver()
	number := b.change(second).Number
	require.Equal(t, []string{"warning exclusive " + number + " mx1"}, b.conflicts(first.ID))
	require.Equal(t, []string{"blocking exclusive " + first.Number + " mx1"}, b.conflicts(second))
	b.clock.Set("2026-12-18T21:00:00Z")
	b.do(b.by("eli", domain.RoleAgent), "start", first.ID, nil)
	b.deliver()
	b.sound()
}

// Both were asked for before either was scheduled: the vote that schedules one tells the other.
func TestTheLastVoteTellsWhoWantsTheItemToo(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	first, second := b.asked(body{"exclusive": true}), b.asked(body{"assignee": ""})
	b.deliver()
	b.approved(first)
	b.deliver()
	require.Equal(t, []string{"blocking exclusive " + b.change(first).Number + " mx1"}, b.conflicts(second))
	b.vote("gil", second, nil)
	b.approved(second)
	require.Equal(t, change.Approved, b.change(second).State)
	b.do(b.by("dee", domain.RoleAgent), "cancel", first, body{"reason": "not needed"})
	b.deliver()
	require.Equal(t, change.Scheduled, b.change(second).State)
	b.sound()
}

// An abstention of somebody whose approval is required rejects, too: whoever waited goes on.
func TestARejectionByAbstentionIsTold(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	first, second := b.asked(nil), b.asked(body{"assignee": ""})
	b.deliver()
	require.Equal(t, []string{"warning item " + b.change(first).Number + " mx1"}, b.conflicts(second))
	b.vote("sec", first, body{"vote": "abstain"})
	require.Equal(t, change.Rejected, b.change(first).State)
	b.deliver()
	require.Empty(t, b.conflicts(second))
	b.sound()
}

// A change that moves away is out of the way of those where it was, and what comes after it looks again.
func TestAMovedWindowIsToldWhereItWasAndToWhatComesAfter(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	first := b.asked(nil)
	number := b.change(first).Number
	near := b.asked(body{"assignee": ""})
	after := b.asked(body{
		"configuration_items": []string{"other9"}, "predecessors": []string{number},
		"window_from": store.Instant("2026-12-20T21:00:00Z"), "window_to": store.Instant("2026-12-20T23:00:00Z"),
	})
	b.deliver()
	require.Equal(t, []string{"warning item " + number + " mx1"}, b.conflicts(near))
	require.Equal(t, []string{"info predecessor " + number}, b.conflicts(after))
	b.do(b.by("dee", domain.RoleAgent), "edit", first, body{"window_from": store.Instant("2026-12-28T21:00:00Z"), "window_to": store.Instant("2026-12-28T23:00:00Z")})
	b.deliver()
	require.Empty(t, b.conflicts(near))
	require.Equal(t, []string{"blocking predecessor " + number}, b.conflicts(after))
	b.sound()
}

func TestAMissedWindowIsToldToWhatComesAfter(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	first := w.scheduled(nil)
	after := w.asked(body{
		"configuration_items": []string{"other9"}, "predecessors": []string{first.Number},
		"window_from": store.Instant("2026-12-20T21:00:00Z"), "window_to": store.Instant("2026-12-20T23:00:00Z"),
	})
	w.clock.Set("2026-12-19T01:00:00Z")
	w.rings(first.ID)
	require.True(t, w.change(first.ID).WindowMissed)
	w.deliver()
	require.Equal(t, []string{"blocking predecessor " + first.Number}, w.conflicts(after), "it is planned no more")
	w.sound()
}

// A freeze that goes by the risk is found once the risk is known.
func TestAFreezeByRiskIsFoundOnceTheRiskIsKnown(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "FreezeWindow/risky", body{
		"from": store.Instant("2026-12-18T00:00:00Z"), "to": store.Instant("2026-12-20T00:00:00Z"), "applies_to": `record.risk.level == "medium"`,
	})
	id := b.asked(nil)
	b.deliver()
	require.Equal(t, "medium", b.change(id).Risk.Level)
	require.Equal(t, []string{"blocking freeze risky"}, b.conflicts(id))
	b.sound()
}

// Where two are scheduled in the same instant, the second is told which other one has the item.
func TestWhoHasReservedAnItemIsNamed(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	first := b.scheduled(body{"exclusive": true})
	second := b.asked(nil)
	for _, name := range []string{"ana", "bo", "fay", "sec"} {
		b.vote(name, second, nil)
	}
	// As if the first had been scheduled after the second looked.
	_, err := b.db.Superuser(t).NewRaw(`UPDATE changes SET conflicts = '[]' WHERE id = ?`, second).Exec(t.Context())
	require.NoError(t, err)
	result, err := b.give(b.by("mona", domain.RoleChangeManager), "cast_vote", second, body{"vote": "approve", "hashes": b.change(second).Approval.Hashes})
	require.NoError(t, err)
	require.Equal(t, domain.CodeConflict, result.Refusal.Code)
	require.Contains(t, result.Refusal.Message, first.Number)
	b.sound()
}
