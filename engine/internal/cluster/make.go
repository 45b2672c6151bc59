package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// removeTime is how long what an interrupted start left may still be written by programs that are about to end.
const removeTime = 20 * time.Second

// make runs initdb beside the final place and moves the result there, so that a half-made cluster is never taken for one.
func (c *Cluster) make(ctx context.Context) error {
	fresh := c.options.Data + ".new"
	if err := removeAll(ctx, fresh); err != nil {
		return fmt.Errorf("remove what an interrupted start left: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	if err := c.owner.give(fresh); err != nil {
		return err
	}
	secret := c.options.Data + ".secret"
	if err := os.WriteFile(secret, []byte(c.options.Password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password for initdb: %w", err)
	}
	defer os.Remove(secret)
	if err := c.owner.give(secret); err != nil {
		return err
	}
	if err := c.initdb(ctx, "--pgdata", fresh, "--username", Admin, "--pwfile", secret, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", locale(), "--data-checksums"); err != nil {
		return err
	}
	if err := os.Rename(fresh, c.options.Data); err != nil {
		return fmt.Errorf("put the new cluster in its place: %w", err)
	}
	return syncFolder(filepath.Dir(c.options.Data))
}

// initdb does not outlive the engine, nor its wish: it would go on writing into the folder.
func (c *Cluster) initdb(ctx context.Context, arguments ...string) error {
	var output strings.Builder
	command := exec.Command(filepath.Join(c.binaries.Folder, "initdb"), arguments...)
	command.Dir, command.Env, command.SysProcAttr = filepath.Dir(c.options.Data), environment(), c.owner.attributes()
	command.Stdout, command.Stderr = &output, &output
	running, err := run(command, syscall.SIGKILL)
	if err != nil {
		return fmt.Errorf("start initdb: %w", err)
	}
	select {
	case <-running.done:
	case <-ctx.Done():
		_ = syscall.Kill(-running.pid, syscall.SIGKILL) // its group; it may have ended in between
		<-running.done
		return ctx.Err()
	}
	if running.err != nil {
		return fmt.Errorf("initdb failed: %s: %w", lastLine(output.String()), running.err)
	}
	return nil
}

// removeAll tries again while another process still makes files in the folder.
func removeAll(ctx context.Context, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, removeTime)
	defer cancel()
	for {
		err := os.RemoveAll(folder)
		if !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// syncFolder makes the names in a folder survive a loss of power.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("write the data folder to disk: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("write the data folder to disk: %w", err)
	}
	return nil
}
