package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Blobs keeps the content of attachments, by id.
type Blobs interface {
	// Put stores content durably and answers its length in bytes.
	Put(id string, content io.Reader) (int64, error)
	// Open gives the content; the caller closes it.
	Open(id string) (io.ReadCloser, error)
	Remove(id string) error
}

// Folder keeps blobs as files of one folder, which no id can leave.
type Folder struct{ root *os.Root }

// OpenFolder makes the folder if need be and opens it.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("making the attachments folder: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening the attachments folder: %w", err)
	}
	return &Folder{root}, nil
}

// Put writes a file and syncs it.
func (f *Folder) Put(id string, content io.Reader) (length int64, err error) {
	file, err := f.root.OpenFile(id, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("creating blob %s: %w", id, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if length, err = io.Copy(file, content); err != nil {
		return length, fmt.Errorf("writing blob %s: %w", id, err)
	}
	return length, file.Sync()
}

// Open opens a file for reading.
func (f *Folder) Open(id string) (io.ReadCloser, error) { return f.root.Open(id) }

// Remove deletes a file.
func (f *Folder) Remove(id string) error { return f.root.Remove(id) }

func sequence(seq int64) string { return strconv.FormatInt(seq, 10) }
