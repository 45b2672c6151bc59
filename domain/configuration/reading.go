package configuration

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The forms in which items and relations are imported.
const (
	CSV  = "csv"
	JSON = "json"
)

// Source is one text to import: a CSV file of items or of relations, or a JSON object of both.
type Source struct {
	// Name is what faults name it by: that of a file.
	Name   string `json:"name" minLength:"1" maxLength:"300" doc:"What faults name it by"`
	Format string `json:"format" enum:"csv,json"`
	Text   string `json:"text"`
}

// Place is where in a source something stands.
type Place struct {
	Source string `json:"source"`
	Line   int    `json:"line"`
}

// Fault is what is wrong at a place.
type Fault struct {
	Place
	Message string `json:"message"`
}

// WantedItem is an item as a source has it: what it says nothing of stays as it is.
type WantedItem struct {
	Place
	Handle string
	// Says is an object of fields of Content; those of its attributes go in beside those there are, and null takes one away.
	Says json.RawMessage
}

// WantedRelation is a relation as a source has it.
type WantedRelation struct {
	Place
	Relation
}

// Wanted is all that sources say.
type Wanted struct {
	Items     []WantedItem
	Relations []WantedRelation
}

// Read takes sources apart. What it cannot read it tells by line.
func Read(sources []Source) (Wanted, []Fault) {
	var wanted Wanted
	var faults []Fault
	for _, source := range sources {
		r := reading{source: source.Name, wanted: &wanted}
		text := strings.TrimPrefix(source.Text, "\ufeff")
		switch line, why := Unreadable(text); {
		case why != "":
			r.fault(line, "%s", why)
		case source.Format == CSV:
			r.table(text)
		default:
			r.object(text)
		}
		faults = append(faults, r.faults...)
	}
	return wanted, faults
}

// Unreadable says why a text is not taken, and in which line it goes wrong; nothing where it is UTF-8. Guessing which other encoding it
// is in would write wrong names without a word.
func Unreadable(text string) (line int, why string) {
	for i, char := range text {
		if char == 0 {
			return 1 + strings.Count(text[:i], "\n"), "is not UTF-8, but perhaps UTF-16; save it as CSV UTF-8"
		}
		if char == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return 1 + strings.Count(text[:i], "\n"), "is not UTF-8, but perhaps Windows-1252; save it as CSV UTF-8"
		}
	}
	return 0, ""
}

type reading struct {
	source string
	wanted *Wanted
	faults []Fault
}

func (r *reading) fault(line int, format string, args ...any) {
	r.faults = append(r.faults, Fault{Place{r.source, line}, fmt.Sprintf(format, args...)})
}

// enough reports whether a source has more faults than are told: what it holds beyond them is not read, as nothing of it is kept.
func (r *reading) enough() bool { return len(r.faults) > MostTold }

// The columns of a table of items that are not attributes, and those of a table of relations.
var (
	itemTexts       = []string{"title", "class", "service", "owner_team", "environment"}
	itemFlags       = []string{"shared", "exclusive"}
	relationColumns = []string{"from", "type", "to"}
)

// table reads CSV with a heading: of relations where it names from, type and to, else of items, where each column beside those of an
// item is an attribute.
func (r *reading) table(text string) {
	rows := csv.NewReader(strings.NewReader(text))
	rows.Comma, rows.TrimLeadingSpace = delimiter(text), true
	heading, columns := r.heading(rows)
	if heading == nil {
		return
	}
	_, items := columns["handle"]
	for !r.enough() {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		var wrong *csv.ParseError
		switch {
		case errors.As(err, &wrong) && errors.Is(err, csv.ErrFieldCount):
			r.fault(wrong.StartLine, "has %d columns, the heading %d", len(row), len(heading))
			continue
		case errors.As(err, &wrong):
			r.fault(wrong.Line, "is no CSV: %v", wrong.Err)
			return
		}
		line, _ := rows.FieldPos(0)
		if items {
			r.row(line, heading, row, columns)
			continue
		}
		r.wanted.Relations = append(r.wanted.Relations, WantedRelation{
			Place{r.source, line}, Relation{
				From: strings.TrimSpace(row[columns["from"]]), Type: strings.TrimSpace(row[columns["type"]]), To: strings.TrimSpace(row[columns["to"]]),
			},
		})
	}
}

// heading reads the names of the columns, and their places; nothing where it is none.
func (r *reading) heading(rows *csv.Reader) ([]string, map[string]int) {
	heading, err := rows.Read()
	if err != nil {
		r.fault(1, "has no heading: %v", err)
		return nil, nil
	}
	columns := map[string]int{}
	for i, name := range heading {
		name = strings.TrimSpace(name)
		if _, twice := columns[name]; twice || name == "" {
			r.fault(1, "the heading has a column %q twice, or without a name", name)
			return nil, nil
		}
		columns[name] = i
	}
	_, items := columns["handle"]
	relations := !slices.ContainsFunc(relationColumns, func(name string) bool { _, has := columns[name]; return !has })
	if !items && !relations {
		r.fault(1, "the heading names neither handle, for items, nor from, type and to, for relations")
		return nil, nil
	}
	return heading, columns
}

// delimiter is what parts the columns of a table's heading: a comma, else the semicolon that spreadsheets write where the comma parts
// decimals, or a tab.
func delimiter(text string) rune {
	counts, quoted := map[rune]int{}, false
	for _, char := range text {
		switch {
		case char == '"':
			quoted = !quoted
		case quoted:
		case char == '\n':
			return busiest(counts)
		default:
			counts[char]++
		}
	}
	return busiest(counts)
}

func busiest(counts map[rune]int) rune {
	chosen := ','
	for _, other := range []rune{';', '\t'} {
		if counts[other] > counts[chosen] {
			chosen = other
		}
	}
	return chosen
}

// row is one line of a table of items.
func (r *reading) row(line int, heading, row []string, columns map[string]int) {
	says, attributes := map[string]any{}, map[string]any{}
	for i, name := range heading {
		name, value := strings.TrimSpace(name), strings.TrimSpace(row[i])
		switch {
		case name == "handle":
		case slices.Contains(itemTexts, name):
			says[name] = value
		case slices.Contains(itemFlags, name):
			set, known := truth[strings.ToLower(value)]
			if !known {
				r.fault(line, "%s is %q, which is neither true nor false", name, value)
				return
			}
			says[name] = set
		case value == "":
			attributes[name] = nil
		default:
			attributes[name] = value
		}
	}
	if len(attributes) > 0 {
		says["attributes"] = attributes
	}
	text, err := json.Marshal(says)
	if err != nil {
		r.fault(line, "cannot be kept: %v", err)
		return
	}
	r.wanted.Items = append(r.wanted.Items, WantedItem{Place{r.source, line}, strings.TrimSpace(row[columns["handle"]]), text})
}

// truth is what a flag of a table may say.
var truth = map[string]bool{"": false, "false": false, "no": false, "0": false, "true": true, "yes": true, "1": true}

// object reads JSON: {"items": [{"handle": …}, …], "relations": [{"from": …, "type": …, "to": …}, …]}.
func (r *reading) object(text string) {
	decoder := json.NewDecoder(strings.NewReader(text))
	lines, counted := 1, int64(0)
	line := func() int { // each line is counted once, however many items there are
		lines += strings.Count(text[counted:decoder.InputOffset()], "\n")
		counted = decoder.InputOffset()
		return lines
	}
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		r.fault(1, "is no JSON object of items and relations")
		return
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err == nil && name != "items" && name != "relations" {
			r.fault(line(), "has %q, where items and relations are known", name)
			return
		}
		if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
			r.fault(line(), "%q is no list", name)
			return
		}
		for decoder.More() && !r.enough() {
			var one json.RawMessage
			if err := decoder.Decode(&one); err != nil {
				r.fault(line(), "is no JSON: %v", err)
				return
			}
			first := line() - bytes.Count(one, []byte("\n"))
			if name == "items" {
				r.item(first, one)
			} else {
				r.relation(first, one)
			}
		}
		if r.enough() {
			return
		}
		if _, err := decoder.Token(); err != nil {
			r.fault(line(), "is no JSON: %v", err)
			return
		}
	}
	if _, err := decoder.Token(); err != nil {
		r.fault(line(), "is no JSON: %v", err)
	}
}

func (r *reading) item(line int, text json.RawMessage) {
	var one struct {
		Handle string `json:"handle"`
		Content
	}
	if err := strict(text, &one); err != nil {
		r.fault(line, "is no item: %v", err)
		return
	}
	r.wanted.Items = append(r.wanted.Items, WantedItem{Place{r.source, line}, one.Handle, text})
}

func (r *reading) relation(line int, text json.RawMessage) {
	var one struct {
		From string `json:"from"`
		Type string `json:"type"`
		To   string `json:"to"`
	}
	if err := strict(text, &one); err != nil {
		r.fault(line, "is no relation: %v", err)
		return
	}
	r.wanted.Relations = append(r.wanted.Relations, WantedRelation{Place{r.source, line}, Relation{From: one.From, Type: one.Type, To: one.To}})
}

// strict refuses fields that nothing is known of: a misspelt one would be lost.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
