package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/holdfast-itsm/holdfast/internal/importmap"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// auditFile is what import and replay read.
type auditFile struct {
	File string `arg:"" type:"existingfile" help:"CSV file, plain or gzip."`
	Map  string `required:"" type:"existingfile" placeholder:"MAP.yaml" help:"Says which columns and values mean what; examples/import has one."`
}

// audit is another system's file with the map that reads it.
type audit struct {
	auditFile
	m    *importmap.Map
	file *os.File
	size int64 // in bytes, as it lies there
}

// open reads the map and opens the file; whoever opens it closes it.
func (f auditFile) open() (*audit, error) {
	content, err := os.ReadFile(f.Map)
	if err != nil {
		return nil, fmt.Errorf("read the map: %w", err)
	}
	m, err := importmap.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Map, err)
	}
	file, err := os.Open(f.File)
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the file: %w", err), file.Close())
	}
	return &audit{auditFile: f, m: m, file: file, size: info.Size()}, nil
}

func (a *audit) close() error { return a.file.Close() }

// read reads from the beginning. counted is told of every byte that is read, rejected of every row that is not taken.
func (a *audit) read(vocabulary importmap.Vocabulary, counted io.Writer, rejected func(importmap.Reject)) (*importmap.Reader, error) {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	unpacked, err := importmap.Open(io.TeeReader(a.file, counted))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.File, err)
	}
	reader, err := importmap.NewReader(a.m, vocabulary, unpacked, rejected)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.File, err)
	}
	return reader, nil
}

// incidentsOf gives a reader's incidents until the file ends, it cannot be read, or ctx ends.
func incidentsOf(ctx context.Context, reader *importmap.Reader) iter.Seq2[importmap.Group, error] {
	return func(yield func(importmap.Group, error) bool) {
		for ctx.Err() == nil {
			group, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(group, err) || err != nil {
				return
			}
		}
		yield(importmap.Group{}, ctx.Err())
	}
}

// defaultVocabulary is that of the documents which come with Holdfast.
func defaultVocabulary() (importmap.Vocabulary, error) {
	documents, err := policyfile.Defaults()
	if err != nil {
		return importmap.Vocabulary{}, err
	}
	return importmap.VocabularyOf(importmap.Among(documents))
}
