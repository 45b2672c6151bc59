package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/holdfast-itsm/holdfast/internal/policytext"
)

// outputFlags say how results are printed.
type outputFlags struct {
	Format string `name:"output" short:"o" enum:"table,json,yaml,csv" default:"table" group:"Output" help:"Form of what is printed: ${enum}."`
	Quiet  bool   `short:"q" group:"Output" help:"Print only numbers, handles or ids."`
}

// printer prints what commands answer.
type printer struct {
	outputFlags
	out, err io.Writer
	colour   bool
	width    int            // of the terminal; 0: no bound
	zone     *time.Location // of the times in tables
}

// newPrinter finds out what it writes to. Colour is for terminals, and not there either where NO_COLOR is set.
func newPrinter(flags outputFlags, io streams) printer {
	p := printer{outputFlags: flags, out: io.out, err: io.err, zone: time.Local}
	if file, ok := io.out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.colour = os.Getenv("NO_COLOR") == ""
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			p.width = width
		}
	}
	return p
}

// view is something to show: as data, as rows, and where rows do not suit people, as text.
type view struct {
	data  any
	table table
	text  func(p *printer) error // instead of the table
}

// show prints a view in the form that was asked for. Quiet, it prints the first column alone.
func (p *printer) show(v view) error {
	switch {
	case p.Quiet:
		return v.table.names(p.out)
	case p.Format == "json":
		return writeJSON(p.out, v.data)
	case p.Format == "yaml":
		return policytext.WriteYAML(p.out, v.data)
	case p.Format == "csv":
		return v.table.csv(p.out)
	case v.text != nil:
		return v.text(p)
	}
	return v.table.write(p)
}

// say prints a line for people only: never quiet, never into data.
func (p *printer) say(format string, args ...any) error {
	if p.Quiet || p.Format != "table" {
		return nil
	}
	return p.line(format, args...)
}

// hint prints a line for people beside the result.
func (p *printer) hint(format string, args ...any) error {
	if p.Quiet {
		return nil
	}
	_, err := fmt.Fprintf(p.err, format+"\n", args...)
	return err
}

func (p *printer) line(format string, args ...any) error {
	_, err := fmt.Fprintf(p.out, format+"\n", args...)
	return err
}

// when words an instant for people, in their zone.
func (p *printer) when(moment time.Time) string {
	if moment.IsZero() {
		return ""
	}
	return moment.In(p.zone).Format("2006-01-02 15:04")
}

func writeJSON(w io.Writer, data any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(data); err != nil {
		return fmt.Errorf("printing JSON: %w", err)
	}
	return nil
}

func writeCSV(w io.Writer, rows [][]string) error {
	writer := csv.NewWriter(w)
	if err := writer.WriteAll(rows); err != nil {
		return fmt.Errorf("printing CSV: %w", err)
	}
	return nil
}
