package importmap

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// row is one line of the file while it is read.
type row struct {
	m      *Map
	index  map[string]int // of columns
	values []string
	names  Names
	// handles remembers what names were made into, for the whole file.
	handles map[string]string
	fault   string
}

// Names are the people and teams that rows name: handle → the name as the source writes it.
type Names struct {
	People, Teams map[string]string
	// Members are who works for a team: team → people.
	Members map[string]map[string]bool
}

// NewNames makes a list without names.
func NewNames() Names {
	return Names{People: map[string]string{}, Teams: map[string]string{}, Members: map[string]map[string]bool{}}
}

// join makes somebody a member of a team.
func (n Names) join(team, person string) {
	if n.Members[team] == nil {
		n.Members[team] = map[string]bool{}
	}
	n.Members[team][person] = true
}

func (r *row) fail(format string, args ...any) {
	if r.fault == "" {
		r.fault = fmt.Sprintf(format, args...)
	}
}

// column gives a column's value as it stands, or "" where it is missing.
func (r *row) column(name string) string {
	value := strings.TrimSpace(r.values[r.index[name]])
	if slices.Contains(r.m.Missing, value) {
		return ""
	}
	return value
}

var placeholder = regexp.MustCompile(`\{[^{}]+\}`)

// get gives a field's value: its column's, translated, or its constant.
func (r *row) get(field string) string {
	value := ""
	if column := r.m.Columns[field]; column != "" {
		value = r.column(column)
	}
	if value != "" {
		translation, translated := r.m.Values[field]
		if !translated {
			return value
		}
		if ours, known := translation[value]; known {
			value = ours
		} else {
			r.fail("%s: %q is not in the map", r.m.Columns[field], value)
			return ""
		}
	}
	if value == "" {
		return r.constant(field)
	}
	return value
}

// constant gives a field's constant, with the values of the columns that it names.
func (r *row) constant(field string) string {
	text := r.m.Constants[field]
	if !strings.Contains(text, "{") {
		return text
	}
	var filled strings.Builder
	for {
		before, found, after, more := nextPlace(text)
		filled.WriteString(before)
		if !more {
			return filled.String()
		}
		name, words := inBraces(found)
		if named := r.column(name); named != "" {
			words = strings.Join(strings.Fields(named), " ")
		}
		filled.WriteString(words)
		text = after
	}
}

// nextPlace finds the first placeholder of a text without the cost of the expression, which would be tried for every row.
func nextPlace(text string) (before, found, after string, more bool) {
	for from := 0; ; {
		open := strings.IndexByte(text[from:], '{')
		if open < 0 {
			return text, "", "", false
		}
		open += from
		end := strings.IndexAny(text[open+1:], "{}")
		if end > 0 && text[open+1+end] == '}' {
			return text[:open], text[open : open+end+2], text[open+end+2:], true
		}
		from = open + 1
	}
}

// inBraces takes {column|words} apart; a dash stands for words that are left out.
func inBraces(found string) (column, words string) {
	column, words, said := strings.Cut(found[1:len(found)-1], "|")
	if !said {
		words = "–"
	}
	return column, words
}

// short gives a value that a record holds in at most most bytes.
func (r *row) short(field string, most int) string {
	value := r.get(field)
	if len(value) > most {
		r.fail("%s has %d bytes, %d at most", field, len(value), most)
	}
	return value
}

func (r *row) time(field string) *time.Time {
	text := r.get(field)
	if text == "" {
		return nil
	}
	moment, err := r.m.instant(text)
	if err != nil {
		r.fail("%s: %v", field, err)
		return nil
	}
	return &moment
}

// person gives a person's handle and remembers the name.
func (r *row) person(field string) string { return r.handle(r.get(field), r.names.People) }

var foreign = regexp.MustCompile(`[^a-z0-9._-]+`)

// handle makes a handle of a name, "Caller 2403" → caller-2403, and remembers the name.
func (r *row) handle(name string, into map[string]string) string {
	if name == "" {
		return ""
	}
	made, known := r.handles[name]
	if !known {
		made = strings.Trim(foreign.ReplaceAllString(strings.ToLower(name), "-"), "._-")
		if len(made) > 100 {
			made = strings.Trim(made[:100], "._-")
		}
		r.handles[name] = made
	}
	if made != "" && into[made] == "" {
		into[made] = strings.Join(strings.Fields(name), " ")
		if len(name) > domain.MaxItemBytes {
			into[made] = made
		}
	}
	return made
}

// read makes a snapshot of the row. What is wrong with it is in fault.
func (r *row) read(vocabulary Vocabulary) incident.Snapshot {
	for _, value := range r.values {
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			r.fail("it holds a character that cannot be stored")
		}
	}
	snapshot := incident.Snapshot{
		State: domain.State(r.get(fieldState)), By: r.person(fieldUpdatedBy), Title: r.title(),
		Description: r.short(fieldText, domain.MaxDescriptionBytes), Category: r.short(fieldCategory, domain.MaxItemBytes),
		Channel: r.short(fieldChannel, domain.MaxItemBytes), Location: r.short(fieldLocation, domain.MaxItemBytes),
		Environment: r.short(fieldPlace, domain.MaxItemBytes), Service: r.handle(r.get(fieldService), map[string]string{}),
		Team: r.handle(r.get(fieldTeam), r.names.Teams), Assignee: r.person(fieldAssignee), Requester: r.person(fieldRequester),
		Impact: r.get(fieldImpact), Urgency: r.get(fieldUrgency), Source: map[string]string{},
	}
	if moment := r.time(fieldUpdatedAt); moment != nil {
		snapshot.At = *moment
	} else {
		r.fail("%s is missing", r.m.Columns[fieldUpdatedAt])
	}
	for _, field := range []string{fieldOpenedAt, fieldResolvedAt, fieldClosedAt} {
		r.time(field)
	}
	if !slices.ContainsFunc(incident.Lifecycle.States, isState(string(snapshot.State))) {
		r.fail("%s: an incident has no state %q", r.m.Columns[fieldState], snapshot.State)
	}
	for _, rated := range []struct{ field, value string }{{fieldImpact, snapshot.Impact}, {fieldUrgency, snapshot.Urgency}} {
		if !slices.Contains(vocabulary.Matrix.Levels, rated.value) {
			r.fail("%s: %q is no level of the priority matrix (%s)", rated.field, rated.value, strings.Join(vocabulary.Matrix.Levels, ", "))
		}
	}
	if item := r.short(fieldItems, domain.MaxItemBytes); item != "" {
		snapshot.ConfigurationItems = []string{item}
	}
	r.readState(&snapshot, vocabulary)
	for _, column := range r.m.Keep {
		if value := r.column(column); value != "" {
			snapshot.Source[column] = value
		}
	}
	if snapshot.Team != "" && snapshot.Assignee != "" {
		r.names.join(snapshot.Team, snapshot.Assignee)
	}
	return snapshot
}

// readState reads what belongs to the row's state: why it waits, how it was resolved.
func (r *row) readState(snapshot *incident.Snapshot, vocabulary Vocabulary) {
	switch snapshot.State {
	case incident.OnHold:
		reason := r.get(fieldHoldReason)
		base, known := vocabulary.HoldReasons.Base(reason)
		if !known {
			r.fail("hold_reason: %q is not a hold reason", reason)
		}
		snapshot.Hold = incident.Hold{Reason: reason, Base: base}
		if base == incident.AwaitingVendor {
			snapshot.Hold.Vendor = r.short(fieldVendor, domain.MaxItemBytes)
			snapshot.Hold.Reference = r.short(fieldReference, domain.MaxItemBytes)
		}
	case incident.Resolved, incident.Closed:
		code := r.get(fieldCode)
		if !vocabulary.ResolutionCodes.Has(code) {
			r.fail("resolution_code: %q is not a resolution code", code)
		}
		snapshot.Resolution = incident.Resolution{Code: code, Notes: r.short(fieldNotes, domain.MaxReasonBytes), By: r.person(fieldResolvedBy)}
	}
}

// title is cut to what a record takes, never in the middle of a character.
func (r *row) title() string {
	title := r.get(fieldTitle)
	if title == "" {
		title = "Without a title"
	}
	for len(title) > domain.MaxTitleBytes {
		_, size := utf8.DecodeLastRuneInString(title)
		title = title[:len(title)-size]
	}
	return title
}

func isState(name string) func(domain.StateInfo) bool {
	return func(info domain.StateInfo) bool { return string(info.Name) == name }
}
