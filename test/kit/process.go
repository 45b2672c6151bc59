package kit

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Process is one of Holdfast's real programs, running as a child of the test. It ends with the test at the latest.
type Process struct {
	t       testing.TB
	name    string
	program string
	// arguments and environment of every start.
	arguments   []string
	environment []string
	log         string

	mu      sync.Mutex
	command *exec.Cmd
	done    chan struct{}
}

// Program is the path of a built program: make build puts them into bin.
func Program(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Root(t), "bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is not built: run make build, or a make target of the tests", path)
	}
	return path
}

// Root is the folder of the module.
func Root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		require.NotEqual(t, folder, filepath.Dir(folder), "the tests run outside the module")
		folder = filepath.Dir(folder)
	}
}

// NewProcess prepares a program; Start runs it. What it says goes into a file of the folder, shown when the test fails.
func NewProcess(t testing.TB, folder, name, program string, environment []string, arguments ...string) *Process {
	t.Helper()
	p := &Process{
		t: t, name: name, program: program, arguments: arguments, environment: environment,
		log: filepath.Join(folder, name+".log"),
	}
	t.Cleanup(func() {
		p.Stop()
		ShowLog(t, name, p.log)
	})
	return p
}

// ShowLog shows the end of a log when the test has failed.
func ShowLog(t testing.TB, name, path string) {
	if !t.Failed() {
		return
	}
	if text, err := os.ReadFile(path); err == nil {
		t.Logf("%s said:\n%s", name, tail(string(text)))
	}
}

// tailLines are so many that what a program said before the trace of its fault is seen, too.
const tailLines = 200

func tail(text string) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-tailLines):], "\n")
}

// Start runs the program in a process group of its own.
func (p *Process) Start() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	defer log.Close()
	p.command = exec.Command(p.program, p.arguments...)
	p.command.Env = append(clean(os.Environ()), p.environment...)
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	tie(p.command.SysProcAttr)
	done, command, started := make(chan struct{}), p.command, make(chan error)
	p.done = done
	go func() {
		defer close(done)
		runtime.LockOSThread() // the program is tied to this thread, which ends with this goroutine
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // how it ended is in its log
		}
	}()
	require.NoError(p.t, <-started)
}

// clean keeps settings of the developer's own Holdfast away from the tests.
func clean(environment []string) []string {
	kept := []string{}
	for _, pair := range environment {
		if !strings.HasPrefix(pair, "TEMPORAL_") && (!strings.HasPrefix(pair, "HOLDFAST_") || strings.HasPrefix(pair, "HOLDFAST_POSTGRES_BIN")) {
			kept = append(kept, pair)
		}
	}
	return kept
}

// Kill ends the program as a power cut would (SIGKILL), and waits until it is gone.
func (p *Process) Kill() { p.signal(syscall.SIGKILL, 10*time.Second) }

// Stop asks the program to end (SIGTERM) and waits until it is gone. A frozen one goes on first: it could not hear.
func (p *Process) Stop() {
	p.Thaw()
	p.signal(syscall.SIGTERM, time.Minute)
}

// Freeze stops the program's work without ending it (SIGSTOP); Thaw lets it go on.
func (p *Process) Freeze() { p.signal(syscall.SIGSTOP, 0) }

// Thaw lets a frozen program go on.
func (p *Process) Thaw() { p.signal(syscall.SIGCONT, 0) }

func (p *Process) signal(signal syscall.Signal, wait time.Duration) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return
	}
	if err := p.command.Process.Signal(signal); err != nil || wait == 0 {
		return // it has ended already
	}
	select {
	case <-p.done:
	case <-time.After(wait):
		_ = p.command.Process.Kill()
		p.t.Errorf("%s does not end within %s", p.name, wait)
	}
	p.command = nil
}

// Running tells whether the program has not ended.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// PID is the number of the running process.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.command.Process.Pid
}

// awaitFile waits until a program has written a ready file, and reads it.
func (p *Process) awaitFile(path string, into any, bound time.Duration) {
	p.t.Helper()
	deadline := time.Now().Add(bound)
	for {
		if text, err := os.ReadFile(path); err == nil {
			require.NoError(p.t, json.Unmarshal(text, into))
			return
		}
		if !p.Running() {
			text, _ := os.ReadFile(p.log)
			require.FailNow(p.t, fmt.Sprintf("%s ended before it was ready:\n%s", p.name, tail(string(text))))
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(p.log)
			require.FailNow(p.t, fmt.Sprintf("%s is not ready after %s:\n%s", p.name, bound, tail(string(text))))
		}
		time.Sleep(pollPause)
	}
}

const pollPause = 20 * time.Millisecond

// Folder is a folder that PostgreSQL's user may enter, gone after the test.
func Folder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "hf-") // a socket's path holds about a hundred bytes: $TMPDIR may be too long
	require.NoError(t, err)
	require.NoError(t, os.Chmod(folder, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}
