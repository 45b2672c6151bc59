package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	defaultData = "data"
	rootsData   = "/var/lib/holdfast"
)

// placeForRoot makes a first start by root work where nobody else may enter, such as root's home: PostgreSQL runs as another
// user then, so the data folder is made elsewhere and linked to from here. A folder that was named stays where it is.
func placeForRoot(data string, say func(string, ...any)) error {
	if os.Geteuid() != 0 || data != defaultData {
		return nil
	}
	if _, err := os.Lstat(data); !errors.Is(err, fs.ErrNotExist) {
		return err // there already, or out of reach
	}
	here, err := filepath.Abs(data)
	if err != nil {
		return fmt.Errorf("find the data folder: %w", err)
	}
	if open, err := othersMayEnter(filepath.Dir(here)); err != nil || open {
		return err
	}
	name := sha256.Sum256([]byte(here))
	elsewhere := filepath.Join(rootsData, hex.EncodeToString(name[:4]))
	if err := os.MkdirAll(elsewhere, 0o755); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if err := os.Symlink(elsewhere, data); err != nil {
		return fmt.Errorf("link the data folder: %w", err)
	}
	say("started by root, PostgreSQL runs as another user, who may not enter %s: the data is kept in %s, and %s leads there",
		filepath.Dir(here), elsewhere, data)
	return nil
}

// othersMayEnter reports whether every user of the machine can reach a folder.
func othersMayEnter(folder string) (bool, error) {
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false, fmt.Errorf("look at the data folder: %w", err)
	}
	for {
		info, err := os.Stat(folder)
		if err != nil {
			return false, fmt.Errorf("look at the data folder: %w", err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return false, nil
		}
		if folder == filepath.Dir(folder) {
			return true, nil
		}
		folder = filepath.Dir(folder)
	}
}
