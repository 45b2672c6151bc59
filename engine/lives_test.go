package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials"
)

func TestEngineKeepsItsDataAndAddresses(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]*syscall.Credential{"as this user": nil, "as an ordinary user": ordinary(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := home(t, as)
			file := filepath.Join(folder, "ready")
			first := start(t, folder, as, "--ready-file", file)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			info, err := os.Stat(file)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds passwords")
			require.JSONEq(t, line(t, first.Ready), string(text))
			first.closed()
			first.write("kept")
			trusted := first.secured()
			first.stops()
			require.NoFileExists(t, file)
			nothingRunsOn(t, folder)

			second := start(t, folder, as, "--ready-file", file)
			require.Equal(t, first.addresses(), second.addresses())
			require.NoError(t, asks(t, second.TemporalAddress, credentials.NewTLS(trusted)), "clients go on over a restart")
			second.holds("kept")
			second.stops()
		})
	}
}

func TestPostgresIsDurable(t *testing.T) {
	t.Parallel()
	e := start(t, home(t, nil), nil)
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes", "data_checksums"} {
		require.Equal(t, "on", query[string](t, e.DatabaseURL, `SELECT current_setting($1)`, setting), setting)
	}
	require.Equal(t, "UTC", query[string](t, e.DatabaseURL, `SHOW timezone`))
	require.False(t, query[bool](t, e.DatabaseURL, `SELECT rolsuper FROM pg_roles WHERE rolname = current_user`))
	e.stops()
}

func TestKilledEngineLeavesNothingAndStartsAgain(t *testing.T) {
	t.Parallel()
	for name, both := range map[string]bool{"engine": false, "engine and postgres": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := home(t, nil)
			first := start(t, folder, nil)
			first.write("kept")
			if both {
				// The engine first: it would start another PostgreSQL.
				require.NoError(t, syscall.Kill(first.pid, syscall.SIGSTOP))
				require.NoError(t, syscall.Kill(first.PostgresPID, syscall.SIGKILL))
			}
			first.signal(syscall.SIGKILL)
			first.ends()
			nothingRunsOn(t, folder)

			second := start(t, folder, nil)
			require.Equal(t, first.addresses(), second.addresses())
			second.holds("kept")
			second.stops()
		})
	}
}

func TestEngineStartsWhileTheOldPostgresIsStillEnding(t *testing.T) {
	t.Parallel()
	folder := home(t, nil)
	first := start(t, folder, nil)
	first.write("kept")
	first.signal(syscall.SIGKILL)
	first.ends()

	second := start(t, folder, nil)
	require.Equal(t, first.addresses(), second.addresses())
	second.holds("kept")
	second.stops()
}

func TestKilledPostgresIsStartedAgainInPlace(t *testing.T) {
	t.Parallel()
	e := start(t, home(t, nil), nil)
	for i, name := range []string{"once", "twice"} {
		e.write(name)
		require.NoError(t, syscall.Kill(e.postmaster(), syscall.SIGKILL))
		e.startWorkflow("after " + name) // by and by
		eventually(t, func() bool {
			return strings.Count(e.stderr.String(), "PostgreSQL runs again") == i+1
		}, "PostgreSQL does not run again")
		e.holds(name)
		e.finishWorkflow("after " + name)
	}
	e.signal(syscall.SIGTERM)
	require.Zero(t, e.ends())
}

func TestEngineKilledDuringItsFirstStartCanStartAgain(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]string{
		"before initdb has files": "postgres.new",
		"within initdb":           "postgres.new/global/pg_control",
		"cluster made":            "postgres/PG_VERSION",
		"postgres starting":       "postgres/postmaster.pid",
		"databases being made":    "postgres/base/16385",       // the first object that is no part of PostgreSQL is 16384
		"schema being made":       "postgres/base/16387/164??", // roles and databases are 16384 to 16388
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := home(t, nil)
			first := launch(t, folder, nil)
			first.shows(sign)
			first.signal(syscall.SIGKILL)
			first.ends()

			second := start(t, folder, nil)
			second.write("kept")
			second.holds("kept")
			require.NoDirExists(t, filepath.Join(folder, "data", "postgres.new"))
			second.stops()
		})
	}
}

func TestEngineToldToEndDuringItsFirstStartEndsQuietly(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]string{"initdb": "postgres.new/PG_VERSION", "postgres": "postgres/postmaster.pid"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := home(t, nil)
			e := launch(t, folder, nil)
			e.shows(sign)
			e.stops()
			nothingRunsOn(t, folder)
		})
	}
}

func TestEngineEndsWithItsStandardInput(t *testing.T) {
	t.Parallel()
	folder := home(t, nil)
	e := start(t, folder, nil, "--exit-with-stdin")
	require.NoError(t, e.stdin.Close())
	require.Zero(t, e.ends())
	require.Empty(t, e.stderr.String())
	nothingRunsOn(t, folder)
}

func TestSecondEngineOnAFolderWaitsItsTurn(t *testing.T) {
	t.Parallel()
	folder := home(t, nil)
	first := start(t, folder, nil)

	refused := launch(t, folder, nil)
	require.Equal(t, 1, refused.ends())
	require.Equal(t, "holdfast-engine: the data folder "+filepath.Join(folder, "data")+" is in use (process "+
		strconv.Itoa(first.pid)+"): another engine already runs on it\n", refused.stderr.String())

	patient := launch(t, folder, nil, "--wait", "1m")
	first.stops()
	patient.getsReady()
	require.Equal(t, first.addresses(), patient.addresses())
	patient.stops()
}

// After a restart of the machine the number in PostgreSQL's lock file can be any program's.
func TestEngineStartsWhereAnotherProgramHasTheOldProcessNumber(t *testing.T) {
	t.Parallel()
	as := ordinary(t)
	folder := home(t, as)
	first := start(t, folder, as)
	first.write("kept")
	lock := filepath.Join(folder, "data", "postgres", "postmaster.pid")
	text, err := os.ReadFile(lock)
	require.NoError(t, err)
	first.stops()

	other := exec.Command("cat")
	other.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	input, err := other.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	old := strconv.Itoa(first.PostgresPID)
	require.Equal(t, old, string(text[:len(old)]))
	require.NoError(t, os.WriteFile(lock, append([]byte(strconv.Itoa(other.Process.Pid)), text[len(old):]...), 0o600))
	if as != nil {
		require.NoError(t, os.Chown(lock, int(as.Uid), int(as.Gid)))
	}

	second := start(t, folder, as)
	second.holds("kept")
	second.stops()
	require.NoError(t, input.Close())
	require.NoError(t, other.Wait(), "the other program was left alone")
}

// shows waits for a file in the data folder.
func (e *engine) shows(sign string) {
	e.t.Helper()
	eventually(e.t, func() bool {
		found, err := filepath.Glob(filepath.Join(e.data, sign))
		require.NoError(e.t, err)
		return len(found) > 0
	}, "there is no "+sign)
}

func (e *engine) postmaster() int {
	e.t.Helper()
	return query[int](e.t, e.AdminDatabaseURL,
		`SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)::int`)
}
