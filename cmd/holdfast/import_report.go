package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
)

// importReport says what an import did.
type importReport struct {
	Rows      int                  `json:"rows"`
	Taken     int                  `json:"taken"`
	Rejected  int                  `json:"rejected"`
	Incidents int                  `json:"incidents"`
	States    map[domain.State]int `json:"states"`
	DryRun    bool                 `json:"dry_run"`
	// Written are new here, Known were here before, Waiting are those that are not over.
	Written     int               `json:"written"`
	Known       int               `json:"known"`
	Waiting     int               `json:"waiting"`
	Accounts    int               `json:"accounts"`
	Refused     []refusedIncident `json:"refused"`
	RejectsFile string            `json:"rejects_file,omitempty"`
	Seconds     float64           `json:"seconds"`
}

// refusedIncident was read and not taken.
type refusedIncident struct {
	Number string `json:"number"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// report tells what was done, and fails where an incident was refused.
func (r *importRun) report() error {
	took := time.Since(r.started)
	told := importReport{
		Rows: r.rows, Taken: r.rows - r.rejects.count, Rejected: r.rejects.count, Incidents: r.incidents, States: r.states,
		DryRun: r.command.DryRun, Written: r.written, Known: r.known, Waiting: len(r.waiting), Accounts: r.people,
		Refused: r.refused, Seconds: took.Seconds(),
	}
	if r.rejects.count > 0 {
		told.RejectsFile = r.rejects.path
	}
	slices.SortFunc(told.Refused, func(a, b refusedIncident) int { return a.Line - b.Line })
	t := table{titles: []string{"NUMBER", "LINE", "REFUSED BECAUSE"}}
	for _, one := range told.Refused {
		t.rows = append(t.rows, []any{one.Number, one.Line, one.Reason})
	}
	if err := r.show(view{data: told, table: t, text: func(p *printer) error { return told.write(p, t) }}); err != nil {
		return err
	}
	if len(told.Refused) > 0 {
		return errTold
	}
	return nil
}

// write words the report for people.
func (r importReport) write(p *printer, refused table) error {
	took := time.Duration(r.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
	if err := p.line("%d rows read, %d taken, %d rejected; %d incidents; %s (%.0f rows/s)",
		r.Rows, r.Taken, r.Rejected, r.Incidents, took, float64(r.Rows)/r.Seconds); err != nil {
		return err
	}
	for _, state := range slices.Sorted(maps.Keys(r.States)) {
		if err := p.line("  %-12s %d", state, r.States[state]); err != nil {
			return err
		}
	}
	if !r.DryRun {
		if err := p.line("written %d, here before %d, refused %d; %d inactive accounts made; %d not over",
			r.Written, r.Known, len(r.Refused), r.Accounts, r.Waiting); err != nil {
			return err
		}
	}
	if r.RejectsFile != "" {
		if err := p.line("rejected rows are in %s, with line and reason", r.RejectsFile); err != nil {
			return err
		}
	}
	return refused.write(p)
}

// rejectsFile takes rows that were not imported: line, reason, and the row as it is.
type rejectsFile struct {
	path   string
	header []string
	count  int
	file   *os.File
	writer *csv.Writer
	err    error
}

func (f *rejectsFile) add(reject importmap.Reject) {
	f.count++
	if f.err != nil {
		return
	}
	if f.file == nil {
		if f.file, f.err = os.Create(f.path); f.err != nil {
			return
		}
		f.writer = csv.NewWriter(f.file)
		f.err = f.writer.Write(append([]string{"line", "reason"}, f.header...))
	}
	if f.err == nil {
		f.err = f.writer.Write(append([]string{strconv.Itoa(reject.Line), reject.Reason}, reject.Values...))
	}
}

func (f *rejectsFile) close() error {
	if f.file != nil {
		f.writer.Flush()
		f.err = errors.Join(f.err, f.writer.Error(), f.file.Close())
	}
	if f.err != nil {
		return fmt.Errorf("write the rejected rows: %w", f.err)
	}
	return nil
}
