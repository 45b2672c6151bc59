package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/schemas"
)

// Blobs keeps the content of attachments, by id.
type Blobs interface {
	// Put stores content durably and answers its length in bytes. Where it fails, nothing of the content stays.
	Put(id string, content io.Reader) (int64, error)
	// Open gives the content; the caller closes it.
	Open(id string) (io.ReadCloser, error)
	Remove(id string) error
	// Before lists what was stored before a moment.
	Before(moment time.Time) ([]string, error)
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
func (f *Folder) Put(id string, content io.Reader) (int64, error) {
	file, err := f.root.OpenFile(id, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("creating blob %s: %w", id, err)
	}
	length, err := io.Copy(file, content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return length, fmt.Errorf("writing blob %s: %w", id, errors.Join(err, f.root.Remove(id)))
	}
	return length, nil
}

// Open opens a file for reading.
func (f *Folder) Open(id string) (io.ReadCloser, error) { return f.root.Open(id) }

// Remove deletes a file.
func (f *Folder) Remove(id string) error { return f.root.Remove(id) }

// Before lists the files that were last written before a moment.
func (f *Folder) Before(moment time.Time) ([]string, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("listing blobs: %w", err)
	}
	var ids []string
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
		case err != nil:
			return nil, fmt.Errorf("looking at blob %s: %w", entry.Name(), err)
		case info.ModTime().Before(moment) && info.Mode().IsRegular() && schemas.IsID(entry.Name()):
			ids = append(ids, entry.Name())
		}
	}
	return ids, nil
}

func sequence(seq int64) string { return strconv.FormatInt(seq, 10) }
