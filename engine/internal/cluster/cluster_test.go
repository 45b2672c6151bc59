package cluster

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A killed PostgreSQL's connections end while its successor starts, and both write into one log.
func TestReasonIsThePostmastersOwn(t *testing.T) {
	t.Parallel()
	c := &Cluster{options: Options{Data: filepath.Join(t.TempDir(), "postgres")}}
	write := func(text string) { require.NoError(t, os.WriteFile(c.logPath(), []byte(text), 0o600)) }
	const (
		old   = "2026-11-25 16:30:00 UTC [7] FATAL:  terminating connection due to unexpected postmaster exit\n"
		early = "2026-11-25 16:30:00 UTC [9] FATAL:  the database system is not yet accepting connections\n"
		held  = "2026-11-25 16:30:00 UTC [8] FATAL:  pre-existing shared memory block (key 42, ID 7) is still in use\n"
		hint  = "2026-11-25 16:30:00 UTC [8] HINT:  Terminate any old server processes.\n"
	)
	for _, log := range []string{held + hint, old + held + hint, early + held + old} {
		write(log)
		require.Equal(t, "pre-existing shared memory block (key 42, ID 7) is still in use", c.said(0), log)
	}
	write(held + old + "postgres: no such program\n")
	require.Equal(t, "postgres: no such program", c.said(int64(len(held))))
}
