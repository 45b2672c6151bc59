package importmap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// Group is one incident of the file.
type Group struct {
	incident.Past
	// Line is the line of its first row, Rows how many rows tell of it, rejected ones not counted.
	Line, Rows int
	// Names are the people and teams that its rows name.
	Names Names
}

// Reject is a row that was not taken.
type Reject struct {
	Line   int
	Reason string
	Values []string
}

// Reader gives a file's incidents one at a time.
type Reader struct {
	m          *Map
	vocabulary Vocabulary
	lines      *lines
	header     []string
	index      map[string]int
	rejected   func(Reject)
	seen       map[string]bool
	last       string // number of the row before
	ahead      *entry // the first row of the next incident
	rows       int
	handles    map[string]string
}

// entry is one row that could be read.
type entry struct {
	number   string
	line     int
	values   []string
	snapshot incident.Snapshot
	row      *row
}

// NewReader reads the header of a file. rejected is called for every row that is not taken.
func NewReader(m *Map, vocabulary Vocabulary, content io.Reader, rejected func(Reject)) (*Reader, error) {
	buffered := bufio.NewReader(content)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		if _, err := buffered.Discard(3); err != nil {
			return nil, fmt.Errorf("reading the file: %w", err)
		}
	}
	delimiter, _ := utf8.DecodeRuneInString(m.Delimiter)
	r := &Reader{m: m, vocabulary: vocabulary, lines: newLines(buffered, delimiter), index: map[string]int{}, rejected: rejected, seen: map[string]bool{}, handles: map[string]string{}}
	header, _, fault, err := r.lines.record()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty")
	case err != nil:
		return nil, err
	case fault != "":
		return nil, errors.New("the first line names the columns, but " + fault)
	}
	for i, name := range header {
		r.index[strings.TrimSpace(name)] = i
	}
	r.header, r.lines.width = header, len(header)
	return r, r.checkColumns()
}

// Header gives the file's column names.
func (r *Reader) Header() []string { return r.header }

// Rows is how many rows were read so far, rejected ones included.
func (r *Reader) Rows() int { return r.rows }

// checkColumns refuses a map that names columns the file has not.
func (r *Reader) checkColumns() error {
	var absent []string
	need := func(place, name string) {
		if _, there := r.index[name]; !there {
			absent = append(absent, fmt.Sprintf("%s (%s)", name, place))
		}
	}
	for field, name := range r.m.Columns {
		need("columns."+field, name)
	}
	for _, name := range r.m.Keep {
		need("keep", name)
	}
	for field, text := range r.m.Constants {
		for _, found := range placeholder.FindAllString(text, -1) {
			name, _ := inBraces(found)
			need("constants."+field, name)
		}
	}
	if len(absent) > 0 {
		slices.Sort(absent)
		return errors.New("the file has no columns " + strings.Join(absent, ", "))
	}
	return nil
}

// Next gives the next incident; io.EOF after the last.
func (r *Reader) Next() (Group, error) {
	for {
		entries, err := r.together()
		if err != nil {
			return Group{}, err
		}
		if len(entries) == 0 {
			return Group{}, io.EOF
		}
		if entries = r.inOrder(entries); len(entries) > 0 {
			return r.group(entries), nil
		}
	}
}

// together reads the rows of one incident, which follow each other in the file.
func (r *Reader) together() ([]entry, error) {
	var entries []entry
	if r.ahead != nil {
		entries = append(entries, *r.ahead)
		r.ahead = nil
	}
	for {
		next, err := r.entry()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		if next == nil {
			continue
		}
		if len(entries) > 0 && next.number != entries[0].number {
			r.ahead = next
			return entries, nil
		}
		entries = append(entries, *next)
	}
}

// entry reads one row; nil when it was rejected.
func (r *Reader) entry() (*entry, error) {
	values, line, fault, err := r.lines.record()
	if err != nil {
		return nil, err
	}
	r.rows++
	reject := func(reason string) (*entry, error) {
		r.rejected(Reject{Line: line, Reason: reason, Values: values})
		return nil, nil
	}
	if fault == "" && len(values) != len(r.header) {
		fault = fmt.Sprintf("it has %d values, the header %d", len(values), len(r.header))
	}
	if fault != "" {
		return reject(fault)
	}
	current := &row{m: r.m, index: r.index, values: values, names: NewNames(), handles: r.handles}
	number := current.get(fieldNumber)
	switch {
	case number == "" || len(number) > 100:
		current.fail("%s must have 1 to 100 bytes", r.m.Columns[fieldNumber])
	case r.seen[number] && r.last != number:
		current.fail("the rows of %s do not lie together: sort the file by number", number)
	}
	snapshot := current.read(r.vocabulary)
	if current.fault != "" {
		return reject(current.fault)
	}
	r.seen[number], r.last = true, number
	return &entry{number: number, line: line, values: values, snapshot: snapshot, row: current}, nil
}

// inOrder sorts an incident's rows by when they were written, and rejects those that cannot be true: an incident is new before
// it is resolved, never after.
func (r *Reader) inOrder(entries []entry) []entry {
	slices.SortStableFunc(entries, func(a, b entry) int { return a.snapshot.At.Compare(b.snapshot.At) })
	restored := false
	return slices.DeleteFunc(entries, func(e entry) bool {
		state := e.snapshot.State
		if state == incident.New && restored {
			r.rejected(Reject{Line: e.line, Reason: "it says that the incident is new after it was resolved", Values: e.values})
			return true
		}
		restored = restored || state == incident.Resolved || state == incident.Closed
		return false
	})
}

// group makes an incident of its rows.
func (r *Reader) group(entries []entry) Group {
	first, last := entries[0], entries[len(entries)-1]
	names := NewNames()
	group := Group{Rows: len(entries), Line: first.line, Names: names}
	for _, e := range entries {
		group.Line = min(group.Line, e.line)
		names.Add(e.row.names)
		group.Snapshots = append(group.Snapshots, e.snapshot)
	}
	end := &row{m: r.m, index: r.index, values: last.values, names: names, handles: r.handles}
	group.Past = incident.Past{
		ID: domain.NewID("import/" + r.m.Origin + "/" + first.number), Number: first.number, Origin: r.m.Origin,
		OpenedBy: end.person(fieldOpenedBy), Snapshots: group.Snapshots, OpenedAt: first.snapshot.At,
		ResolvedAt: end.time(fieldResolvedAt), ClosedAt: end.time(fieldClosedAt),
	}
	if stated := end.time(fieldOpenedAt); stated != nil && stated.Before(group.OpenedAt) {
		group.OpenedAt = *stated
	}
	return group
}

// Add takes over the names of another list.
func (n Names) Add(other Names) {
	for handle, name := range other.People {
		n.People[handle] = name
	}
	for handle, name := range other.Teams {
		n.Teams[handle] = name
	}
	for team, members := range other.Members {
		for person := range members {
			n.join(team, person)
		}
	}
}
