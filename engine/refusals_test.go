package main

import (
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEngineRefusesWithOneLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	empty := t.TempDir()
	for name, test := range map[string]struct {
		flags  []string
		as     *syscall.Credential
		closed bool // the home folder cannot be written
		says   string
	}{
		"PostgreSQL's port taken": {flags: []string{"--postgres-port", port}, says: "PostgreSQL cannot have port " + port + ": it is taken by another program"},
		"Temporal's port taken":   {flags: []string{"--temporal-port", port}, says: "Temporal cannot have port " + port + ": it is taken by another program"},
		"one port for both":       {flags: []string{"--postgres-port", "20001", "--temporal-port", "20001"}, says: "PostgreSQL and Temporal cannot both have port 20001"},
		"no initdb":               {flags: []string{"--postgres-bin", empty}, says: "there is no initdb in " + empty},
		"unwritable folder":       {as: ordinary(t), closed: true, says: "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := home(t, test.as)
			if test.closed {
				require.NoError(t, os.Chmod(folder, 0o555))
			}
			e := launch(t, folder, test.as, test.flags...)
			e.refuses(test.says)
			require.NoDirExists(t, filepath.Join(folder, "data", "postgres"))
		})
	}
}

func TestFolderOfAnotherMajorVersionIsLeftUntouched(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"13", "14"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			folder := home(t, nil)
			first := start(t, folder, nil)
			here := query[string](t, first.DatabaseURL, `SELECT current_setting('server_version_num')::int / 10000 || ''`)
			first.stops()
			if here == version {
				version = "15"
			}
			data := filepath.Join(folder, "data")
			require.NoError(t, os.WriteFile(filepath.Join(data, "postgres", "PG_VERSION"), []byte(version+"\n"), 0o600))
			before := listing(t, data)

			launch(t, folder, nil).refuses("the data folder was made by PostgreSQL " + version)
			require.Equal(t, before, listing(t, data))
		})
	}
}

// A folder that PostgreSQL's user may not enter is told before anything is made in it. Only root runs PostgreSQL as another user.
func TestClosedFolder(t *testing.T) {
	t.Parallel()
	folder := home(t, nil)
	require.NoError(t, os.Chmod(folder, 0o700))
	e := launch(t, folder, nil)
	if os.Geteuid() == 0 {
		e.refuses("who may not enter " + folder)
		return
	}
	e.getsReady()
	e.stops()
}

// refuses says that the engine ended with code 1 and one line.
func (e *engine) refuses(says string) {
	e.t.Helper()
	require.Equal(e.t, 1, e.ends())
	text := e.stderr.String()
	require.Contains(e.t, text, says)
	require.True(e.t, strings.HasPrefix(text, "holdfast-engine: "), text)
	require.Equal(e.t, 1, strings.Count(text, "\n"), text)
	_, err := e.lines.ReadString('\n')
	require.Error(e.t, err, "nothing on standard output")
}

// listing gives every file with its times and sizes, but for the lock, which a try to start signs.
func listing(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() == "engine.lock" {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		found[path] = info.Mode().String() + " " + strconv.FormatInt(info.Size(), 10) + " " + info.ModTime().String()
		return nil
	}))
	return found
}

// addresses are what must be the same at the next start.
func (e *engine) addresses() Ready {
	addresses := e.Ready
	addresses.PID, addresses.PostgresPID = 0, 0
	return addresses
}

func line(t *testing.T, ready Ready) string {
	t.Helper()
	text, err := json.Marshal(ready)
	require.NoError(t, err)
	return string(text)
}
