package importmap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of what is read.
const (
	maxLineBytes   = 4 << 20
	maxRecordLines = 1000 // that one value with line ends in it may take
)

// Open reads CSV, unpacking gzip where the content is such.
func Open(content io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(content, 256<<10)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	unpacked, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("unpacking the file: %w", err)
	}
	return unpacked, nil
}

// lines reads CSV records one at a time. Each physical line is tried alone first, so that a stray quotation mark costs its own
// line and not all that follow it.
type lines struct {
	scanner   *bufio.Scanner
	delimiter rune
	width     int // values of a record; 0: not known yet
	number    int // of the line read last
	pushed    []string
	ended     bool
}

func newLines(content io.Reader, delimiter rune) *lines {
	scanner := bufio.NewScanner(content)
	scanner.Buffer(make([]byte, 64<<10), maxLineBytes)
	return &lines{scanner: scanner, delimiter: delimiter}
}

// line gives the next physical line without its end; io.EOF after the last.
func (l *lines) line() (string, error) {
	if len(l.pushed) > 0 {
		text := l.pushed[0]
		l.pushed = l.pushed[1:]
		l.number++
		return text, nil
	}
	if l.ended || !l.scanner.Scan() {
		l.ended = true
		if err := l.scanner.Err(); err != nil {
			return "", fmt.Errorf("reading after line %d: %w", l.number, err)
		}
		return "", io.EOF
	}
	l.number++
	return l.scanner.Text(), nil
}

// record gives the next record's values and the line it begins on. fault says why the line cannot be read as a record.
func (l *lines) record() (values []string, first int, fault string, err error) {
	text := ""
	for strings.TrimSpace(text) == "" {
		if text, err = l.line(); err != nil {
			return nil, 0, "", err
		}
	}
	first = l.number
	values, open, fault := l.split(text)
	if !open {
		return values, first, fault, nil
	}
	return l.spread(text, first)
}

// spread reads a record with line ends in a value. Where no end is found, only its first line is given up.
func (l *lines) spread(text string, first int) ([]string, int, string, error) {
	whole := text
	taken := []string{}
	for len(taken) < maxRecordLines && len(whole) < maxLineBytes {
		more, err := l.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, "", err
		}
		taken = append(taken, more)
		whole += "\n" + more
		if !strings.Contains(more, `"`) {
			continue
		}
		values, open, fault := l.split(whole)
		if !open && fault == "" && (l.width == 0 || len(values) == l.width) {
			return values, first, "", nil
		}
		if fault == "" || !open {
			break
		}
	}
	l.pushed = append(taken, l.pushed...)
	l.number = first
	return []string{text}, first, "a quotation mark is not closed", nil
}

// split parses text as one record. open: a quoted value has no end in it.
func (l *lines) split(text string) (values []string, open bool, fault string) {
	if !strings.Contains(text, `"`) {
		return strings.Split(strings.TrimSuffix(text, "\r"), string(l.delimiter)), false, ""
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma, reader.FieldsPerRecord = l.delimiter, -1
	values, err := reader.Read()
	if err == nil {
		return values, false, ""
	}
	return []string{text}, unclosed(text), "a quotation mark is out of place"
}

// unclosed reports whether an odd number of quotation marks leaves a value open.
func unclosed(text string) bool { return strings.Count(text, `"`)%2 == 1 }
