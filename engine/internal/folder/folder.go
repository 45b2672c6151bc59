// Package folder owns the engine's data folder: who holds it, and what must be the same at every start.
package folder

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	lockFile     = "engine.lock"
	settingsFile = "engine.json"
)

// Folder is a data folder held by this process until Release. A second process cannot hold it.
type Folder struct {
	Path     string
	Settings Settings
	saved    Settings
	lock     *os.File
}

// Settings are made at the first start and kept: clients may have them in their configuration.
type Settings struct {
	PostgresPort     int    `json:"postgres_port,omitempty"`
	TemporalPort     int    `json:"temporal_port,omitempty"`
	AdminPassword    string `json:"admin_password"`
	HoldfastPassword string `json:"holdfast_password"`
	TemporalPassword string `json:"temporal_password"`
}

// HoldWithin is Hold, trying again while another engine holds the folder: one that is ending lets go of it soon.
func HoldWithin(ctx context.Context, path string, wait time.Duration) (*Folder, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		held, err := Hold(path)
		if !errors.Is(err, ErrHeld) {
			return held, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ErrHeld says that another engine holds the folder.
var ErrHeld = errors.New("another engine already runs on it")

// Hold makes the folder if need be, locks it and reads its settings. The lock is the system's (flock), so it goes with the
// process however that ends.
func Hold(path string) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	if err := os.MkdirAll(path, mode()); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", plain(err))
	}
	// Whoever can open the lock can hold it.
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder cannot be written: %w", plain(err))
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := whoHolds(lock)
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("the data folder %s is in use%s: %w", path, holder, ErrHeld)
		}
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	f := &Folder{Path: path, lock: lock}
	if err := errors.Join(lock.Chmod(0o600), f.sign()); err != nil {
		f.Release()
		return nil, fmt.Errorf("the data folder cannot be written: %w", plain(err))
	}
	if err := f.read(); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// mode of a new data folder: nobody else enters, but for PostgreSQL's user where root runs it as another, who may pass through.
func mode() fs.FileMode {
	if os.Geteuid() == 0 {
		return 0o711
	}
	return 0o700
}

// Release lets another engine have the folder.
func (f *Folder) Release() { f.lock.Close() }

// In names something in the folder.
func (f *Folder) In(name string) string { return filepath.Join(f.Path, name) }

// Save keeps the settings where they changed, whole or not at all.
func (f *Folder) Save() error {
	if f.Settings == f.saved {
		return nil
	}
	text, err := json.MarshalIndent(f.Settings, "", "  ")
	if err != nil {
		return fmt.Errorf("save the settings: %w", err)
	}
	if err := WriteWhole(f.In(settingsFile), append(text, '\n')); err != nil {
		return fmt.Errorf("save the settings: %w", err)
	}
	f.saved = f.Settings
	return nil
}

func (f *Folder) read() error {
	text, err := os.ReadFile(f.In(settingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		f.Settings = Settings{AdminPassword: rand.Text(), HoldfastPassword: rand.Text(), TemporalPassword: rand.Text()}
		return f.Save()
	}
	if err != nil {
		return fmt.Errorf("read the settings: %w", plain(err))
	}
	if err := json.Unmarshal(text, &f.Settings); err != nil {
		return fmt.Errorf("%s is not what an engine wrote: %w", f.In(settingsFile), err)
	}
	f.saved = f.Settings
	return nil
}

// sign leaves the process's number for the message that a second engine gives.
func (f *Folder) sign() error {
	if err := f.lock.Truncate(0); err != nil {
		return err
	}
	_, err := f.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func whoHolds(lock *os.File) string {
	text := make([]byte, 20)
	n, _ := lock.ReadAt(text, 0)
	if pid := strings.TrimSpace(string(text[:n])); pid != "" {
		return " (process " + pid + ")"
	}
	return ""
}

// WriteWhole writes a file that only its owner reads, whole or not at all. The file is a new one: whatever had its name, or
// waits under a name that could be guessed, is neither written to nor kept.
func WriteWhole(path string, text []byte) error {
	fresh, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return plain(err)
	}
	_, err = fresh.Write(text)
	err = errors.Join(err, fresh.Sync(), fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), path)
	}
	if err != nil {
		return errors.Join(plain(err), os.Remove(fresh.Name()))
	}
	return nil
}

// plain drops the name of the system call, which tells a user nothing.
func plain(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return fmt.Errorf("%s: %w", at.Path, at.Err)
	}
	return err
}
