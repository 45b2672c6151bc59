package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
)

// table is rows of values under titles. The last column takes the room that is left.
type table struct {
	titles []string
	rows   [][]any
	empty  string // said to people where there is no row
}

// urgent marks a value that is to be seen first.
type urgent struct{ value any }

const (
	bold  = "\x1b[1m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
	gap   = "  "
)

// write prints the table aligned, times in the local zone.
func (t table) write(p *printer) error {
	if len(t.rows) == 0 {
		if t.empty == "" {
			return nil
		}
		return p.line("%s", t.empty)
	}
	widths := make([]int, len(t.titles))
	cells := make([][]string, len(t.rows))
	for i, title := range t.titles {
		widths[i] = uniseg.StringWidth(title)
	}
	for r, row := range t.rows {
		cells[r] = make([]string, len(row))
		for i, value := range row {
			cells[r][i] = p.cell(value)
			widths[i] = max(widths[i], uniseg.StringWidth(cells[r][i]))
		}
	}
	if err := t.writeRow(p, t.titles, nil, widths); err != nil {
		return err
	}
	for r, row := range t.rows {
		if err := t.writeRow(p, cells[r], row, widths); err != nil {
			return err
		}
	}
	return nil
}

// writeRow prints one row; without values it is the titles.
func (t table) writeRow(p *printer, cells []string, values []any, widths []int) error {
	var b strings.Builder
	used := 0
	for i, cell := range cells {
		last := i == len(cells)-1
		if last && p.width > 0 && p.width-used > 10 {
			cell = shorten(cell, p.width-used)
		}
		colour := ""
		if values == nil {
			colour = bold
		} else if _, marked := values[i].(urgent); marked {
			colour = red
		}
		b.WriteString(p.paint(colour, cell))
		if !last {
			b.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)) + gap)
			used += widths[i] + len(gap)
		}
	}
	_, err := fmt.Fprintln(p.out, strings.TrimRight(b.String(), " "))
	return err
}

func (p *printer) paint(colour, text string) string {
	if !p.colour || colour == "" || text == "" {
		return text
	}
	return colour + text + plain
}

// cell words a value for people.
func (p *printer) cell(value any) string {
	switch v := value.(type) {
	case urgent:
		return p.cell(v.value)
	case time.Time:
		return p.when(v)
	case *time.Time:
		if v == nil {
			return ""
		}
		return p.when(*v)
	}
	return oneLine(text(value))
}

// text words a value for programs: times in RFC 3339.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case urgent:
		return text(v.value)
	case string:
		return v
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339Nano)
	case *time.Time:
		if v == nil {
			return ""
		}
		return text(*v)
	case []string:
		return strings.Join(v, ",")
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprint(value)
}

// oneLine makes text safe for a line on a terminal: what others wrote could else move the cursor or recolour it.
func oneLine(text string) string { return strings.Join(strings.Fields(safe(text)), " ") }

// safe takes control characters out, but for the ends of lines.
func safe(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}

func shorten(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	var b strings.Builder
	used := 0
	for graphemes := uniseg.NewGraphemes(text); graphemes.Next(); {
		if used += graphemes.Width(); used > width-1 {
			break
		}
		b.WriteString(graphemes.Str())
	}
	return b.String() + "…"
}

// csv prints the table for programs. A text that a spreadsheet would take for a formula is marked as text.
func (t table) csv(w io.Writer) error {
	header := make([]string, len(t.titles))
	for i, title := range t.titles {
		header[i] = strings.ReplaceAll(strings.ToLower(title), " ", "_")
	}
	rows := [][]string{header}
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, value := range row {
			cells[i] = safe(text(value))
			if _, isText := value.(string); isText && cells[i] != "" && strings.ContainsRune("=+-@", rune(cells[i][0])) {
				cells[i] = "'" + cells[i]
			}
		}
		rows = append(rows, cells)
	}
	return writeCSV(w, rows)
}

// names prints the first column alone.
func (t table) names(w io.Writer) error {
	for _, row := range t.rows {
		if _, err := fmt.Fprintln(w, oneLine(text(row[0]))); err != nil {
			return err
		}
	}
	return nil
}

// pairs prints titles and values under each other and leaves out what is empty.
func (p *printer) pairs(pairs ...any) error {
	widest := 0
	for i := 0; i+1 < len(pairs); i += 2 {
		if p.cell(pairs[i+1]) != "" {
			widest = max(widest, uniseg.StringWidth(pairs[i].(string)))
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, said := pairs[i].(string), p.cell(pairs[i+1])
		if said == "" {
			continue
		}
		if _, marked := pairs[i+1].(urgent); marked {
			said = p.paint(red, said)
		}
		if err := p.line("  %s%s%s", name, strings.Repeat(" ", widest-uniseg.StringWidth(name)+len(gap)), said); err != nil {
			return err
		}
	}
	return nil
}

// paragraph prints longer text below a title, line by line.
func (p *printer) paragraph(title, body string) error {
	if strings.TrimSpace(body) == "" {
		return nil
	}
	if title != "" {
		if err := p.line("\n%s", p.paint(bold, title)); err != nil {
			return err
		}
	}
	for _, line := range strings.Split(strings.TrimRight(safe(body), "\n "), "\n") {
		if err := p.line("  %s", line); err != nil {
			return err
		}
	}
	return nil
}
