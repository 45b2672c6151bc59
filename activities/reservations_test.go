package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// exclusive says of an item in force whether it is one change's alone.
func (w watched) exclusive(handle string, exclusive bool) error {
	w.t.Helper()
	keeper := app.WithPrincipal(w.t.Context(), app.Principal{Handle: "pia", Grants: []app.Grant{{Role: domain.RoleConfigurationManager, ScopeKind: "all"}}})
	_, err := w.app.SaveItem(keeper, handle, app.ItemBody{Content: configuration.Content{Class: "server", Exclusive: exclusive}})
	return err
}

// holders are those of the reservations of an item, by the beginning of their windows.
func (w watched) holders(item string) []int64 {
	w.t.Helper()
	list := []int64{}
	require.NoError(w.t, w.worker.NewRaw(`SELECT holder FROM change_items WHERE item = ? AND reserves ORDER BY lower(during)`, item).Scan(w.t.Context(), &list))
	return list
}

func TestReservationsFollowAnItemThatBecomesExclusive(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.runs([]string{"core", "mx1"})
	later := body{"configuration_items": []string{"core"}, "window_from": store.Instant("2026-12-19T21:00:00Z"), "window_to": store.Instant("2026-12-20T01:00:00Z")}
	first := w.scheduled(body{"configuration_items": []string{"core"}})
	w.scheduled(later)
	w.scheduled(body{"configuration_items": []string{"mx1"}})
	require.Equal(t, []int64{0, 0}, w.holders("core"))
	shared := w.submitted("fred", "core")
	require.Contains(t, w.conflicts(shared.ID), "warning item "+first.Number+" core")

	require.NoError(t, w.exclusive("core", true))
	w.deliver()
	alone := w.holders("core")
	require.Len(t, alone, 2)
	require.NotContains(t, alone, int64(0))
	require.NotEqual(t, alone[0], alone[1])
	require.Equal(t, []int64{0}, w.holders("mx1"), "no other item's")
	require.Contains(t, w.conflicts(shared.ID), "blocking exclusive "+first.Number+" core")
	_, err := w.db.Superuser(t).NewRaw(`UPDATE change_items SET reserves = true WHERE change_id = ?`, shared.ID).Exec(t.Context())
	require.ErrorContains(t, err, "change_items_reserved", "the database itself lets none by")

	require.NoError(t, w.exclusive("core", false))
	w.deliver()
	require.Equal(t, []int64{0, 0}, w.holders("core"))
	require.Contains(t, w.conflicts(shared.ID), "warning item "+first.Number+" core")

	require.NoError(t, w.exclusive("core", true))
	keeper := app.WithPrincipal(t.Context(), app.Principal{Handle: "pia", Grants: []app.Grant{{Role: domain.RoleConfigurationManager, ScopeKind: "all"}}})
	_, err = w.app.EndItem(keeper, "core", "gone")
	require.NoError(t, err)
	require.Equal(t, []int64{0, 0}, w.holders("core"), "what has ended is nobody's alone")
	w.sound()
}

// What a change wants to itself stays its own, whatever becomes of the item.
func TestAChangeThatWantsAnItemAloneKeepsIt(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.runs([]string{"core"})
	w.scheduled(body{"configuration_items": []string{"core"}, "exclusive": true})
	before := w.holders("core")
	require.NotEqual(t, []int64{0}, before)
	require.NoError(t, w.exclusive("core", true))
	require.Equal(t, before, w.holders("core"))
	require.NoError(t, w.exclusive("core", false))
	require.Equal(t, before, w.holders("core"))
}

func TestAnItemThatTwoChangesReserveTogetherCannotBecomeExclusive(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.runs([]string{"core"})
	first, second := w.scheduled(body{"configuration_items": []string{"core"}}), w.scheduled(body{"configuration_items": []string{"core"}})
	err := w.exclusive("core", true)
	require.Equal(t, domain.CodeConflict, domain.CodeOf(err))
	require.ErrorContains(t, err, first.Number+" and "+second.Number+" reserve it at overlapping times")

	keeper := app.WithPrincipal(t.Context(), app.Principal{Handle: "pia", Grants: []app.Grant{{Role: domain.RoleConfigurationManager, ScopeKind: "all"}}})
	for _, dry := range []bool{true, false} {
		report, err := w.app.ImportConfiguration(keeper, app.ImportBody{DryRun: dry, Sources: []configuration.Source{
			{Name: "items.csv", Format: configuration.CSV, Text: "handle,class,exclusive\nother,server,yes\ncore,server,yes\n"},
		}})
		require.NoError(t, err)
		require.Len(t, report.Faults, 1)
		require.Equal(t, []any{"items.csv", 3}, []any{report.Faults[0].Source, report.Faults[0].Line})
		require.Contains(t, report.Faults[0].Message, first.Number)
	}
	versions, err := w.app.ItemVersions(keeper, "core")
	require.NoError(t, err)
	require.Len(t, versions, 1, "nothing was written")

	w.do(w.by("dee", domain.RoleAgent), "cancel", second.ID, body{"reason": "not needed"})
	require.NoError(t, w.exclusive("core", true))
	require.Equal(t, change.Scheduled, w.change(first.ID).State)
	w.sound()
}

// Who is just reserving is waited for, and then counts.
func TestAnItemBecomesExclusiveAfterWhoeverIsReserving(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.runs([]string{"core"})
	first := w.scheduled(body{"configuration_items": []string{"core"}})
	second := w.submitted("fred", "core")
	tx, err := w.worker.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.NewRaw(`UPDATE change_items SET reserves = true WHERE change_id = ?`, second.ID).Exec(t.Context())
	require.NoError(t, err)
	told := make(chan error, 1)
	go func() { told <- w.exclusive("core", true) }()
	kit.Eventually(t, time.Minute, func() bool {
		var waits bool
		require.NoError(t, w.db.Superuser(t).NewRaw(`SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'change_items'::regclass)`).Scan(t.Context(), &waits))
		return waits
	})
	require.NoError(t, tx.Commit())
	require.ErrorContains(t, <-told, first.Number+" and "+second.Number)
}
