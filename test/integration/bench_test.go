package integration

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// TestSeededInstallationIsSound seeds an empty installation and lets doctor look at it, processes and all.
func TestSeededInstallationIsSound(t *testing.T) {
	t.Parallel()
	s := kit.Up(t, "--no-demo")
	connection := filepath.Join(s.Folder, "data", "connection.yaml")
	kit.Run(t, nil, "bench", "seed", "--records", "1000", "--config", connection)
	require.Contains(t, kit.Run(t, nil, "doctor", "--resync", "--config", connection), "processes told to read their rows again")
	kit.Eventually(t, time.Minute, func() bool {
		_, _, code := kit.TryRun(t, nil, "", "doctor", "--sample", "50", "--config", connection)
		return code == 0
	})
	listed := s.As(t, "agent-3").Get("/incidents?limit=200").Is(200)
	require.NotEmpty(t, items(listed), "an agent of the seed sees what is of their team")
	_, problems, code := kit.TryRun(t, nil, "", "bench", "seed", "--records", "1", "--config", connection)
	require.NotZero(t, code)
	require.Contains(t, problems, "has records")
}

// TestEveryPageIsMeasured runs the measurement in small: each page of its table answers, and viewers see what happens.
func TestEveryPageIsMeasured(t *testing.T) {
	t.Parallel()
	out := kit.Run(t, nil, "bench", "pages", "--records", "1000", "--requests", "2", "--viewers", "5", "--rate", "10", "--look", "1s")
	for _, line := range []string{"incidents, open", "similar incidents, common words", "waiting, of a team", "CAB board, of a member", "5 viewers of one queue", "memory of the server"} {
		require.Contains(t, out, line)
	}
}
