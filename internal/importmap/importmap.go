// Package importmap reads what other systems export: a map file says which columns mean what, and rows of a CSV audit
// become the pasts of incidents.
//
// A row that cannot be read is rejected with its line and the reason, and takes no other row with it. The file is read as a
// stream, so its size does not matter; the rows of one incident must lie together, in any order.
package importmap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// MaxFileBytes bounds a map file.
const MaxFileBytes = 1 << 20

// The fields that a column, a constant or a value map can be for.
const (
	fieldNumber     = "number"
	fieldUpdatedAt  = "updated_at"
	fieldUpdatedBy  = "updated_by"
	fieldState      = "state"
	fieldHoldReason = "hold_reason"
	fieldOpenedAt   = "opened_at"
	fieldOpenedBy   = "opened_by"
	fieldResolvedAt = "resolved_at"
	fieldResolvedBy = "resolved_by"
	fieldClosedAt   = "closed_at"
	fieldTeam       = "team"
	fieldAssignee   = "assignee"
	fieldRequester  = "requester"
	fieldService    = "service"
	fieldImpact     = "impact"
	fieldUrgency    = "urgency"
	fieldVendor     = "vendor"
	fieldReference  = "reference"
	fieldCode       = "resolution_code"
	fieldNotes      = "resolution_notes"
	fieldItems      = "configuration_items"
	fieldTitle      = "title"
	fieldText       = "description"
	fieldCategory   = "category"
	fieldChannel    = "channel"
	fieldLocation   = "location"
	fieldPlace      = "environment"
)

var fields = []string{
	fieldNumber, fieldUpdatedAt, fieldUpdatedBy, fieldState, fieldHoldReason, fieldOpenedAt, fieldOpenedBy, fieldResolvedAt,
	fieldResolvedBy, fieldClosedAt, fieldTeam, fieldAssignee, fieldRequester, fieldService, fieldImpact, fieldUrgency, fieldVendor,
	fieldReference, fieldCode, fieldNotes, fieldItems, fieldTitle, fieldText, fieldCategory, fieldChannel, fieldLocation, fieldPlace,
}

// Map says how to read one export.
type Map struct {
	// Origin names the export. With an incident's number there it makes the record's id, so that nothing is imported twice.
	Origin string `yaml:"origin"`
	// Delimiter between values; a comma where not set.
	Delimiter string `yaml:"delimiter"`
	// Missing are texts that stand for no value.
	Missing []string `yaml:"missing"`
	// Zone is the IANA zone of times that name none; Times are their formats (D/M/YYYY HH:mm), the first that fits counts.
	Zone  string   `yaml:"zone"`
	Times []string `yaml:"times"`
	// Columns names the column of each field.
	Columns map[string]string `yaml:"columns"`
	// Values translates a field's values; one that is not listed rejects its row.
	Values map[string]map[string]string `yaml:"values"`
	// Constants give a field its value where the column has none. {column} stands for that column's value in the row, and
	// {column|words} for the words where the row has no value there.
	Constants map[string]string `yaml:"constants"`
	// Keep lists columns whose values are kept as the source has them, beside ours.
	Keep []string `yaml:"keep"`
	// Replay holds what commands need and no past has.
	Replay Replay `yaml:"replay"`

	zone    *time.Location
	layouts []string
}

// Replay holds what commands ask for. Where a reason is left out, the command names the map's origin.
type Replay struct {
	// Team, as the source would write it, gets an incident that a person has before the log names any team.
	Team           string `yaml:"team"`
	ReopenReason   string `yaml:"reopen_reason"`
	PriorityReason string `yaml:"priority_reason"`
	CancelReason   string `yaml:"cancel_reason"`
}

// Parse reads a map file strictly: a key that means nothing is an error that names its line.
func Parse(content []byte) (*Map, error) {
	if len(content) > MaxFileBytes {
		return nil, fmt.Errorf("the map is larger than %d bytes", MaxFileBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	var m Map
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("reading the map: %w", err)
	}
	if err := decoder.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the map: it must be one document")
	}
	return &m, m.compile()
}

// compile checks what the map says and prepares its zone and time formats.
func (m *Map) compile() error {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if m.Origin == "" || len(m.Origin) > 100 {
		say("origin must have 1 to 100 bytes")
	}
	if m.Delimiter == "" {
		m.Delimiter = ","
	}
	if delimiter, size := utf8.DecodeRuneInString(m.Delimiter); size != len(m.Delimiter) || strings.ContainsRune("\"\r\n\ufffd", delimiter) {
		say("delimiter must be one character")
	}
	for _, needed := range []string{fieldNumber, fieldUpdatedAt, fieldState} {
		if m.Columns[needed] == "" {
			say("columns.%s is needed", needed)
		}
	}
	for _, needed := range []string{fieldTitle, fieldImpact, fieldUrgency} {
		if m.Columns[needed] == "" && m.Constants[needed] == "" {
			say("columns.%s or constants.%s is needed", needed, needed)
		}
	}
	for section, names := range map[string][]string{"columns": keys(m.Columns), "values": keys(m.Values), "constants": keys(m.Constants)} {
		for _, name := range names {
			if !slices.Contains(fields, name) {
				say("%s.%s is no field; there are %s", section, name, strings.Join(fields, ", "))
			}
		}
	}
	if err := m.compileTimes(); err != nil {
		say("%v", err)
	}
	for name, reason := range m.Replay.reasons() {
		if *reason == "" {
			*reason = "As in " + m.Origin
		}
		if len(*reason) > domain.MaxReasonBytes {
			say("replay.%s has more than %d bytes", name, domain.MaxReasonBytes)
		}
	}
	for given, state := range m.Values[fieldState] {
		if !slices.ContainsFunc(incident.Lifecycle.States, isState(state)) {
			say("values.state.%s: an incident has no state %q", given, state)
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return errors.New("the map is not right: " + strings.Join(wrong, "; "))
	}
	return nil
}

func (r *Replay) reasons() map[string]*string {
	return map[string]*string{"reopen_reason": &r.ReopenReason, "priority_reason": &r.PriorityReason, "cancel_reason": &r.CancelReason}
}

func (m *Map) compileTimes() error {
	zone, err := time.LoadLocation(m.Zone)
	if err != nil || m.Zone == "" || m.Zone == "Local" {
		return fmt.Errorf("zone must be an IANA zone, as Europe/Berlin or UTC, not %q", m.Zone)
	}
	if len(m.Times) == 0 {
		return errors.New("times needs one format at least, as YYYY-MM-DD HH:mm:ss")
	}
	m.zone, m.layouts = zone, nil
	for _, format := range m.Times {
		layout, err := layoutOf(format)
		if err != nil {
			return err
		}
		m.layouts = append(m.layouts, layout)
	}
	return nil
}

func keys[V any](of map[string]V) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
