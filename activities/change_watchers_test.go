package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Whoever watches a change hears what becomes of it, and not what is asked of others. Of a restricted one a watcher is named in it.
func TestWatchersHearWhatBecomesOfAChange(t *testing.T) {
	t.Parallel()
	for _, restricted := range []bool{false, true} {
		p := setupPost(t)
		b := boardAt(t, p.desk)
		id := b.asked(body{"restricted": restricted})
		heard := func() (kinds []string) {
			p.dispatch()
			require.NoError(t, p.worker.NewRaw(`SELECT kind FROM bell WHERE person = 'rita' ORDER BY created_at, kind`).Scan(t.Context(), &kinds))
			return kinds
		}
		require.Empty(t, heard())
		_, err := schemas.AddWatcher(t.Context(), p.db.App(t), id, "rita", p.clock.Now())
		require.NoError(t, err)
		b.approved(id)
		require.Equal(t, []string{"change.approved", "change.scheduled"}, heard())
		_, err = schemas.RemoveWatcher(t.Context(), p.db.App(t), id, "rita")
		require.NoError(t, err)
		b.clock.Set("2026-12-18T21:00:00Z")
		b.do(b.by("eli", domain.RoleAgent), "start", id, nil)
		require.Len(t, heard(), 2, "who watches no longer hears no more")
	}
}
