package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDataFolderIsClosedToOthers(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]os.FileMode{"new": 0, "left open": 0o644} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "data")
			lock := filepath.Join(folder, "holdfast.lock")
			if before != 0 {
				require.NoError(t, os.Mkdir(folder, 0o755))
				require.NoError(t, os.WriteFile(lock, nil, before))
			}
			held, err := holdFolder(folder)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, held.Close()) })
			info, err := os.Stat(lock)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "who can open it can hold it")
			if before == 0 {
				info, err = os.Stat(folder)
				require.NoError(t, err)
				require.Zero(t, info.Mode().Perm()&0o066, info.Mode())
			}
			_, err = holdFolder(folder)
			require.ErrorContains(t, err, "another holdfast runs")
		})
	}
}

func TestWriteWholeTakesTheNameFromWhateverHasIt(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, elsewhere := filepath.Join(folder, "ready"), filepath.Join(folder, "elsewhere")
	require.NoError(t, os.WriteFile(elsewhere, []byte("theirs"), 0o600))
	require.NoError(t, os.Symlink(elsewhere, path))
	require.NoError(t, writeWhole(path, []byte("ours")))
	for file, want := range map[string]string{path: "ours", elsewhere: "theirs"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	require.NoError(t, os.MkdirAll(filepath.Join(folder, "full", "of"), 0o700))
	require.Error(t, writeWhole(filepath.Join(folder, "full"), nil))
	left, err := filepath.Glob(filepath.Join(folder, ".*"))
	require.NoError(t, err)
	require.Empty(t, left)
}
