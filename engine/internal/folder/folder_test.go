package folder

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWriteWholeNeverWritesIntoWhatWaitsThere(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	path, elsewhere := filepath.Join(in, "ready"), filepath.Join(in, "elsewhere")
	require.NoError(t, os.WriteFile(elsewhere, []byte("theirs"), 0o666))
	require.NoError(t, os.Symlink(elsewhere, path))

	require.NoError(t, WriteWhole(path, []byte("ours")))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "ours", string(text))
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	text, err = os.ReadFile(elsewhere)
	require.NoError(t, err)
	require.Equal(t, "theirs", string(text))
}

func TestWriteWholeLeavesNothingWhereItFails(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(in, "ready", "full"), 0o700))
	require.ErrorContains(t, WriteWhole(filepath.Join(in, "ready"), []byte("ours")), "ready")
	entries, err := os.ReadDir(in)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.ErrorContains(t, WriteWhole(filepath.Join(in, "nowhere", "ready"), nil), "no such file")
}

func TestLockIsTheUsersOwn(t *testing.T) {
	t.Parallel()
	in := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.Mkdir(in, 0o755))
	lock := filepath.Join(in, lockFile)
	require.NoError(t, os.WriteFile(lock, nil, 0o644)) // as an earlier engine made it
	held, err := Hold(in)
	require.NoError(t, err)
	t.Cleanup(held.Release)
	info, err := os.Stat(lock)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
