package chaos

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// block is a lock in the database at which a decision waits, in its transaction, for as long as the test likes.
type block struct {
	t  *testing.T
	tx bun.Tx
}

// blockRecord lets every decision about an incident wait.
func (s *system) blockRecord(of incident) *block {
	s.t.Helper()
	return s.block(`SELECT FROM records WHERE id = ? FOR UPDATE`, of.ID)
}

// blockAll lets every decision wait, also one that opens an incident.
func (s *system) blockAll() *block {
	s.t.Helper()
	return s.block(`LOCK TABLE incidents IN SHARE ROW EXCLUSIVE MODE`)
}

func (s *system) block(lock string, args ...any) *block {
	s.t.Helper()
	tx, err := s.rows.BeginTx(s.t.Context(), nil)
	require.NoError(s.t, err)
	_, err = tx.NewRaw(lock, args...).Exec(s.t.Context())
	require.NoError(s.t, err)
	return &block{s.t, tx}
}

// meets waits until a decision waits here, and answers the number of its database process.
func (b *block) meets() int64 {
	b.t.Helper()
	return b.meetsOther(0)
}

// meetsOther waits until a decision waits here that is not the one of a database process.
func (b *block) meetsOther(than int64) int64 {
	b.t.Helper()
	var waiting int64
	kit.Eventually(b.t, bound, func() bool {
		err := b.tx.NewRaw(`SELECT coalesce(max(pid), 0) FROM pg_locks WHERE NOT granted AND pid <> ? AND pg_backend_pid() = ANY (pg_blocking_pids(pid))`, than).
			Scan(b.t.Context(), &waiting)
		require.NoError(b.t, err)
		return waiting != 0
	}, "nothing waits for the lock")
	return waiting
}

// lift lets the decision go on.
func (b *block) lift() {
	b.t.Helper()
	require.NoError(b.t, b.tx.Rollback())
}
