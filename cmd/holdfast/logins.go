package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// loginFile is where addresses and tokens are kept, readable by their owner alone; empty: nowhere.
type loginFile string

// logins are the tokens by address, and the address last logged in to.
type logins struct {
	Current string            `json:"current"`
	Tokens  map[string]string `json:"tokens"`
}

// plainAddress is the form in which an address is kept.
func plainAddress(address string) string { return strings.TrimRight(strings.TrimSpace(address), "/") }

func (f loginFile) read() (logins, error) {
	kept := logins{Tokens: map[string]string{}}
	if f == "" {
		return kept, nil
	}
	content, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return kept, fmt.Errorf("reading the kept logins: %w", err)
	}
	if err := json.Unmarshal(content, &kept); err != nil {
		return kept, fmt.Errorf("reading the kept logins in %s: %w", f, err)
	}
	if kept.Tokens == nil {
		kept.Tokens = map[string]string{}
	}
	return kept, nil
}

// write replaces the file as a whole, so that a reader never sees half of it.
func (f loginFile) write(kept logins) (err error) {
	if f == "" {
		return errors.New("there is no folder of yours to keep the login in; set HOME or XDG_CONFIG_HOME")
	}
	content, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the logins: %w", err)
	}
	folder := filepath.Dir(string(f))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("making the folder of logins: %w", err)
	}
	fresh, err := os.CreateTemp(folder, "login-*") // 0600
	if err != nil {
		return fmt.Errorf("writing the logins: %w", err)
	}
	_, err = fresh.Write(append(content, '\n'))
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), string(f))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the logins: %w", err), os.Remove(fresh.Name()))
	}
	return nil
}
