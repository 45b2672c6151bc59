package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// EndLeftover ends a PostgreSQL that outlived its engine. Holding the folder's lock, nobody else can want it.
func EndLeftover(ctx context.Context, data string) error {
	pid, err := postmaster(data)
	if err != nil || pid == 0 || !serves(ctx, pid, data) {
		return err
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end the PostgreSQL (process %d) that an earlier engine left: %w", pid, err)
		}
		for deadline := time.Now().Add(stopTime / 2); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if !serves(ctx, pid, data) {
				return nil
			}
		}
	}
	return fmt.Errorf("the PostgreSQL (process %d) that an earlier engine left does not end", pid)
}

// removeStale removes the lock files of a killed PostgreSQL. Another program may have its process number by now, as happens
// after a restart of the machine, and PostgreSQL would take that program for itself and not start. Its own processes that may
// still run hold its shared memory, which it looks at apart from these files.
func removeStale(ctx context.Context, data string) error {
	pid, err := postmaster(data)
	if err != nil || pid != 0 && serves(ctx, pid, data) {
		return err
	}
	sockets, err := filepath.Glob(filepath.Join(data, ".s.PGSQL.*.lock"))
	if err != nil {
		return fmt.Errorf("look for the lock files of an earlier PostgreSQL: %w", err)
	}
	for _, file := range append(sockets, filepath.Join(data, "postmaster.pid")) {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the lock file of an earlier PostgreSQL: %w", err)
		}
	}
	return nil
}

// postmaster reads the process number in a cluster's lock file; 0 where there is none.
func postmaster(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for a PostgreSQL that was left: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		return 0, nil // PostgreSQL itself says what is wrong with such a file
	}
	return pid, nil
}

// serves tells whether a process is a PostgreSQL on a folder: its number alone could be anybody's by now.
func serves(ctx context.Context, pid int, data string) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	words, err := commandLine(ctx, pid)
	if err != nil || len(words) == 0 || filepath.Base(words[0]) != "postgres" {
		return false
	}
	at := slices.Index(words, "-D") + 1
	if at == 0 || at == len(words) {
		return false
	}
	if words[at] == data {
		return true
	}
	theirs, theirErr := os.Stat(words[at]) // one folder may have two names
	ours, err := os.Stat(data)
	return theirErr == nil && err == nil && os.SameFile(theirs, ours)
}

// commandLine is empty for a process that has ended and is not yet waited for.
func commandLine(ctx context.Context, pid int) ([]string, error) {
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		return strings.Split(strings.TrimRight(string(text), "\x00"), "\x00"), nil
	}
	text, err := exec.CommandContext(ctx, "ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return nil, fmt.Errorf("look at process %d: %w", pid, err)
	}
	return strings.Fields(string(text)), nil
}
