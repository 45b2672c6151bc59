package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// asEngine in its environment makes the test's program behave as the engine: no second link of the whole server.
	asEngine = "HOLDFAST_ENGINE_TEST"

	patience = 60 * time.Second // machines that run tests are often busy
	often    = 20 * time.Millisecond
)

// program is the test's own program in a folder that every user may enter.
var program string

func TestMain(m *testing.M) {
	if os.Getenv(asEngine) != "" {
		main()
		return
	}
	os.Exit(withProgram(m.Run))
}

func withProgram(test func() int) int {
	folder, err := publicFolder()
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	program = filepath.Join(folder, "holdfast-engine")
	if err := os.Link(self, program); err != nil {
		if err := os.Symlink(self, program); err != nil { // on another disk
			panic(err)
		}
	}
	return test()
}

// publicFolder is one that PostgreSQL's user may enter, which a test's own temporary folder is not.
func publicFolder() (string, error) {
	folder, err := os.MkdirTemp("", "engine-test-")
	if err != nil {
		return "", err
	}
	return folder, os.Chmod(folder, 0o755)
}

// home is an empty folder of a user's, with room for a data folder. At the end of the test nothing may run on it.
func home(t *testing.T, as *syscall.Credential) string {
	t.Helper()
	folder, err := publicFolder()
	require.NoError(t, err)
	if as != nil {
		require.NoError(t, os.Chown(folder, int(as.Uid), int(as.Gid)))
	}
	t.Cleanup(func() {
		nothingRunsOn(t, folder)
		require.NoError(t, os.RemoveAll(folder))
	})
	return folder
}

// ordinary is a user without rights where the tests run as root, else nil: this user.
func ordinary(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	require.NoError(t, err)
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	require.NoError(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// engine is a running engine.
type engine struct {
	t      *testing.T
	data   string // its folder
	pid    int
	stdin  io.Closer
	lines  *bufio.Reader
	stderr *words
	done   chan struct{}
	code   int
	Ready
}

// words can be read while they are being written.
type words struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.text.Write(p)
}

func (w *words) String() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.text.String()
}

// launch starts an engine on home/data and does not wait for it.
func launch(t *testing.T, home string, as *syscall.Credential, flags ...string) *engine {
	t.Helper()
	data := filepath.Join(home, "data")
	command := exec.Command(program, append([]string{"--data", data}, flags...)...)
	command.Env = append(os.Environ(), asEngine+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	command.Dir = "/"
	e := &engine{t: t, data: data, stderr: &words{}, done: make(chan struct{})}
	command.Stderr = e.stderr
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	reader, writer, err := os.Pipe() // not StdoutPipe, which is closed as soon as the engine has ended
	require.NoError(t, err)
	command.Stdout = writer
	require.NoError(t, command.Start())
	require.NoError(t, writer.Close())
	e.pid, e.stdin, e.lines = command.Process.Pid, stdin, bufio.NewReader(reader)
	go func() {
		_ = command.Wait() // the code says it
		e.code = command.ProcessState.ExitCode()
		close(e.done)
	}()
	t.Cleanup(func() {
		e.signal(syscall.SIGKILL)
		e.ends()
		require.NoError(t, reader.Close())
	})
	return e
}

// start starts an engine and waits until it says that it is ready.
func start(t *testing.T, home string, as *syscall.Credential, flags ...string) *engine {
	t.Helper()
	e := launch(t, home, as, flags...)
	e.getsReady()
	return e
}

func (e *engine) getsReady() {
	e.t.Helper()
	line, err := e.lines.ReadString('\n')
	require.NoError(e.t, err, "the engine said: %s", e.stderr)
	require.NoError(e.t, json.Unmarshal([]byte(line), &e.Ready))
	require.Equal(e.t, e.pid, e.PID)
}

func (e *engine) signal(signal syscall.Signal) {
	e.t.Helper()
	select {
	case <-e.done: // its number may be another's by now
		return
	default:
	}
	if err := syscall.Kill(e.pid, signal); err != syscall.ESRCH {
		require.NoError(e.t, err)
	}
}

// ends waits for the engine's end and gives its exit code.
func (e *engine) ends() int {
	e.t.Helper()
	select {
	case <-e.done:
	case <-time.After(patience):
		require.Fail(e.t, "the engine does not end", "it said: %s", e.stderr)
	}
	return e.code
}

// stops has the engine end in order.
func (e *engine) stops() {
	e.t.Helper()
	e.signal(syscall.SIGTERM)
	require.Zero(e.t, e.ends(), "the engine said: %s", e.stderr)
	require.Empty(e.t, e.stderr.String())
}

func eventually(t *testing.T, condition func() bool, message string) {
	t.Helper()
	require.Eventually(t, condition, patience, often, message)
}

// nothingRunsOn waits until no process has to do with a folder, which must be soon.
func nothingRunsOn(t *testing.T, folder string) {
	t.Helper()
	var left []string
	require.Eventually(t, func() bool {
		left = processesOn(t, folder)
		return len(left) == 0
	}, patience/4, often, "processes are left")
}

// processesOn lists processes that name a folder or work in it.
func processesOn(t *testing.T, folder string) []string {
	t.Helper()
	all, err := exec.Command("ps", "-axo", "pid=,stat=,command=").Output()
	require.NoError(t, err)
	var found []string
	for line := range strings.Lines(string(all)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || strings.HasPrefix(fields[1], "Z") {
			continue
		}
		at, _ := os.Readlink(fmt.Sprintf("/proc/%s/cwd", fields[0])) // not on every system, not of every process
		if strings.Contains(line, folder) || strings.HasPrefix(at, folder) {
			found = append(found, line)
		}
	}
	return found
}
