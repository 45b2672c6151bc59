package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// A predecessor that an edit names, or takes off, is in the conflicts that the edit stores.
func TestAnEditedPredecessorCountsAtOnce(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	first := b.change(b.draft(body{"configuration_items": []string{"other8"}, "window_from": nil, "window_to": nil}))
	one := b.scheduled(nil)
	dee := b.by("dee", domain.RoleAgent)
	b.do(dee, "edit", one.ID, body{"predecessors": []string{first.Number}})
	require.Equal(t, []string{"blocking predecessor " + first.Number}, b.conflicts(one.ID))
	b.do(dee, "edit", one.ID, body{"predecessors": []string{}})
	require.Empty(t, b.conflicts(one.ID))
	b.sound()
}

// What an edit makes of a change decides at once which freezes are about it.
func TestAnEditComesUnderTheFreezesOfWhatTheChangeIsThen(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	for _, one := range []struct {
		name, applies string
		edit          body
	}{
		{"environment", `record.environment == "production"`, body{"environment": "production"}},
		{"category", `record.category == "network"`, body{"category": "network"}},
		{"title", `record.title.startsWith("Move the core")`, body{"title": "Move the core"}},
		{"tags", `"risky" in record.tags`, body{"tags": []string{"risky"}}},
	} {
		b.db.Apply(t, "FreezeWindow/"+one.name, body{
			"from": store.Instant("2026-12-18T00:00:00Z"), "to": store.Instant("2026-12-20T00:00:00Z"), "applies_to": one.applies,
		})
		id := b.asked(body{"environment": "test", "configuration_items": []string{one.name}})
		require.Empty(t, b.conflicts(id), one.name)
		b.do(b.by("dee", domain.RoleAgent), "edit", id, one.edit)
		require.Equal(t, []string{"blocking freeze " + one.name}, b.conflicts(id), one.name)
	}
	b.sound()
}

func TestAChangeOfAModelComesUnderTheFreezesOfWhatItIs(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ChangeModel/restart", body{"type": "standard", "title": "Restart", "plan": "p", "back_out_plan": "b", "service": "mail", "configuration_items": []string{"mx1"}})
	b.db.Apply(t, "FreezeWindow/restarts", body{
		"from": store.Instant("2026-12-18T00:00:00Z"), "to": store.Instant("2026-12-20T00:00:00Z"),
		"applies_to": `record.title == "Restart" && record.team == "messaging" && record.requester == "dee" && record.priority == 3`,
	})
	id := b.do(b.by("dee", domain.RoleAgent), "from_model", "", body{
		"model": "restart", "window_from": store.Instant("2026-12-18T21:00:00Z"), "window_to": store.Instant("2026-12-18T23:00:00Z"),
	}).View.Record
	require.Equal(t, []string{"blocking freeze restarts"}, b.conflicts(id))
	require.Equal(t, change.Approved, b.change(id).State)
}
