package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/holdfast-itsm/holdfast/internal/config"
)

// engineReady is the line that the engine prints when PostgreSQL and Temporal answer (engine/README.md).
type engineReady struct {
	DatabaseURL     string `json:"database_url"`
	TemporalAddress string `json:"temporal_address"`
	config.TemporalFiles
	PID int `json:"pid"`
}

// engine keeps an engine running as a child of this process. The child ends when its standard input closes, so it never
// outlives this process, however that ends.
type engine struct {
	path      string
	arguments []string
	log       *slog.Logger
	ready     engineReady
	child     *engineChild
}

type engineChild struct {
	stdin io.Closer
	done  chan struct{}
	err   error
	said  *lastWords
}

// findEngine looks beside this program, then on the PATH.
func findEngine(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	const name = "holdfast-engine"
	if self, err := os.Executable(); err == nil {
		if self, err = filepath.EvalSymlinks(self); err == nil {
			beside := filepath.Join(filepath.Dir(self), name)
			if _, err := exec.LookPath(beside); err == nil {
				return beside, nil
			}
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is neither beside this program nor on the PATH: build it with make build, or name a database and a "+
			"Temporal of your own with --database-url and --temporal-address", name)
	}
	return path, nil
}

// roomyHeap is how far a process's heap grows, in per cent, before garbage is collected, unless GOGC says otherwise: half the
// collector's work for some tens of megabytes.
const roomyHeap = 200

// withRoomy adds it to an environment.
func withRoomy(environment []string) []string {
	return append([]string{fmt.Sprintf("GOGC=%d", roomyHeap)}, environment...) // of two, the last counts
}

// start runs the engine and waits until it is ready.
func (e *engine) start(ctx context.Context) error {
	command := exec.Command(e.path, e.arguments...)
	command.Env = withRoomy(os.Environ())
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this process, which stops its parts in order
	stdin, err := command.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	child := &engineChild{stdin: stdin, done: make(chan struct{}), said: &lastWords{log: e.log}}
	command.Stderr = child.said
	if err := command.Start(); err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	lines := make(chan string, 1)
	go func() {
		line, readErr := bufio.NewReader(stdout).ReadString('\n')
		if readErr == nil {
			lines <- line
		}
		_, _ = io.Copy(io.Discard, stdout)
		child.err = command.Wait()
		close(child.done)
	}()
	select {
	case line := <-lines:
		e.child = child
		if err := json.Unmarshal([]byte(line), &e.ready); err != nil {
			e.stop()
			return fmt.Errorf("read the engine's ready line: %w", err)
		}
		return nil
	case <-child.done:
		return fmt.Errorf("the engine did not start: %s", child.said.last())
	case <-ctx.Done():
		e.child = child
		e.stop()
		return ctx.Err()
	}
}

const (
	engineStopTime = 45 * time.Second
	engineRetry    = 500 * time.Millisecond
)

// keep starts the engine again whenever it ends, until ctx ends; its data and addresses are the same ones.
func (e *engine) keep(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.child.done:
		}
		e.log.ErrorContext(ctx, "the engine ended and is started again", "why", e.child.err)
		before := e.ready
		for e.start(ctx) != nil {
			if !pause(ctx, engineRetry) {
				return nil
			}
		}
		if e.ready.DatabaseURL != before.DatabaseURL || e.ready.TemporalAddress != before.TemporalAddress {
			return errors.New("the engine came back on other ports, which another program forced: start again")
		}
		e.log.InfoContext(ctx, "the engine runs again")
	}
}

// stop asks the engine to end and waits for it.
func (e *engine) stop() {
	if e.child == nil {
		return
	}
	_ = e.child.stdin.Close() // closed already where the child is gone
	select {
	case <-e.child.done:
	case <-time.After(engineStopTime):
		e.log.Error("the engine does not end in time; it is left to end by itself", "pid", e.ready.PID)
	}
}

// lastWords passes lines on to the log and keeps the last one: a program that fails says why there.
type lastWords struct {
	log  *slog.Logger
	mu   sync.Mutex
	line string
	rest string
}

func (w *lastWords) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest += string(text)
	for {
		line, rest, whole := strings.Cut(w.rest, "\n")
		if !whole {
			return len(text), nil
		}
		w.rest = rest
		if line = strings.TrimSpace(line); line != "" {
			w.line = strings.TrimPrefix(line, "holdfast-engine: ")
			w.log.Debug("engine: " + line)
		}
	}
}

func (w *lastWords) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.line == "" {
		return "it gave no reason"
	}
	return w.line
}
