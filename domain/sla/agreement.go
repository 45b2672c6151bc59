package sla

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// Agreement is the content of an SLA document: what was promised to whom, for which records, and what happens on the way. One
// that names a team is an operational level agreement, one that names a vendor an underpinning contract.
type Agreement struct {
	Customer  string   `json:"customer,omitempty"`
	SignedOff SignOff  `json:"signed_off,omitzero"`
	Valid     Validity `json:"valid,omitzero"`
	// AppliesTo is an expression (CEL over `record`). Of the service level agreements that apply, the one with the highest rank
	// holds, of equal rank the first by name.
	AppliesTo string `json:"applies_to"`
	Rank      int    `json:"rank,omitempty"`
	// Calendar names the calendar in which time counts; left out: the calendar of the record.
	Calendar string `json:"calendar,omitempty"`
	Team     string `json:"team,omitempty"`
	Vendor   string `json:"vendor,omitempty"`
	// Targets are promises by metric, then priority: {"response": {"1": "15m"}}. A priority without one is promised nothing.
	Targets map[Metric]map[string]calendar.Duration `json:"targets"`
	// AssignmentResponds lets a response be met by an assignment; else only a start, a word to the requester, an
	// acknowledgement or the resolution meets it. Machines never do.
	AssignmentResponds bool        `json:"assignment_responds,omitempty"`
	PauseOn            PauseOn     `json:"pause_on,omitzero"`
	Rerate             Rerate      `json:"rerate,omitzero"`
	Thresholds         []Threshold `json:"thresholds,omitempty"`
}

// SignOff says who agreed, and on which date.
type SignOff struct {
	By string `json:"by,omitempty"`
	On string `json:"on,omitempty"`
}

// Validity bounds an agreement by dates of the form 2026-12-31, both inclusive; ReviewBy is when it must be looked at again.
type Validity struct {
	From     string `json:"from,omitempty"`
	Until    string `json:"until,omitempty"`
	ReviewBy string `json:"review_by,omitempty"`
}

// PauseOn says in which states, and for which reasons to hold, time does not count.
type PauseOn struct {
	States  []string `json:"states,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
}

// Rerate says from when a new priority counts, for a higher and for a lower one.
type Rerate struct {
	Raise Origin `json:"raise,omitempty"`
	Lower Origin `json:"lower,omitempty"`
}

// Origin is the instant from which a re-rated clock counts.
type Origin string

// The origins.
const (
	Opened  Origin = "opened"  // from the beginning of the cycle, with all its pauses; the default
	Changed Origin = "changed" // from now
)

// Threshold is a point of a clock at which something is done.
type Threshold struct {
	Metric Metric   `json:"metric"`
	At     Mark     `json:"at"`
	Do     []Action `json:"do"`
}

// Action is one thing done at a threshold; exactly one of its fields is set.
type Action struct {
	// Notify are roles (assignee, team, team_lead, requester, service_owner, watchers) or people ("person:ana").
	Notify []string `json:"notify,omitempty"`
	// Escalate names an EscalationPolicy to run.
	Escalate string `json:"escalate,omitempty"`
	// RaisePriority raises the priority by so many steps, once in a cycle.
	RaisePriority int    `json:"raise_priority,omitempty"`
	Reassign      string `json:"reassign,omitempty"`
	AddWatcher    string `json:"add_watcher,omitempty"`
}

// Mark is a place on a clock: a share of the target ("50%", "62.5%"), or open time before or after its end ("due-5m", "due+30m").
type Mark struct {
	// BasisPoints is the share in hundredths of a percent, OffsetMS the distance from the end.
	BasisPoints int
	OffsetMS    int64
	Text        string
}

// Whole is the share of a mark at the end of a target, in hundredths of a percent.
const Whole = 10_000

// MaxPercent bounds the share of a target at which a threshold can lie.
const MaxPercent = 1000

var (
	sharePattern  = regexp.MustCompile(`^(\d{1,4})(?:\.(\d{1,2}))?%$`)
	offsetPattern = regexp.MustCompile(`^due([+-])(.+)$`)
)

// ParseMark reads a mark.
func ParseMark(text string) (Mark, error) {
	if parts := sharePattern.FindStringSubmatch(text); parts != nil {
		whole, _ := strconv.Atoi(parts[1])             // digits, by the pattern
		part, _ := strconv.Atoi((parts[2] + "00")[:2]) // likewise
		if points := whole*100 + part; points >= 1 && points <= MaxPercent*100 {
			return Mark{BasisPoints: points, Text: text}, nil
		}
	}
	if parts := offsetPattern.FindStringSubmatch(text); parts != nil {
		distance, err := calendar.ParseDuration(parts[2])
		if ms := distance.Open.Milliseconds(); err == nil && distance.WorkingDays == 0 && ms > 0 {
			if parts[1] == "-" {
				ms = -ms
			}
			return Mark{OffsetMS: ms, Text: text}, nil
		}
	}
	return Mark{}, fmt.Errorf("%q is not a place on a clock like 50%% (up to %d%%), due-5m or due+30m", text, MaxPercent)
}

// String writes the mark as it was read.
func (m Mark) String() string { return m.Text }

// MarshalText and UnmarshalText let documents carry marks as text.
func (m Mark) MarshalText() ([]byte, error) { return []byte(m.Text), nil }

// UnmarshalText reads what MarshalText wrote.
func (m *Mark) UnmarshalText(text []byte) error {
	read, err := ParseMark(string(text))
	if err != nil {
		return err
	}
	*m = read
	return nil
}

// reachedAt is the amount of open time, in milliseconds, at which a clock of a length reaches the mark: the first whole
// millisecond that is not before it. One at or before the start is never reached.
func (m Mark) reachedAt(lengthMS int64) int64 {
	if m.BasisPoints == 0 {
		return lengthMS + m.OffsetMS
	}
	return (lengthMS*int64(m.BasisPoints) + Whole - 1) / Whole
}

// target finds what is promised for a metric and a priority.
func (a Agreement) target(metric Metric, priority int) (calendar.Duration, bool) {
	target, promised := a.Targets[metric][strconv.Itoa(priority)]
	return target, promised
}

// counts reports whether time counts in the circumstances of a segment, and if not, why.
func (a Agreement) counts(metric Metric, s Segment) (bool, string) {
	switch {
	case s.Merged:
		return false, "follows another record"
	case !s.Open:
		return false, string(s.State)
	case metric == OLA && s.Team != a.Team:
		if s.Team == "" {
			return false, "no team owns it"
		}
		return false, "the team " + s.Team + " owns it"
	case metric == Underpinning:
		if s.Base != awaitingVendor || a.Vendor != "" && !strings.EqualFold(s.Vendor, a.Vendor) {
			return false, "the vendor is not awaited"
		}
		return true, ""
	case s.Reason != "" && (slices.Contains(a.PauseOn.Reasons, s.Reason) || slices.Contains(a.PauseOn.Reasons, s.Base)):
		return false, s.Reason
	case slices.Contains(a.PauseOn.States, string(s.State)):
		return false, string(s.State)
	}
	return true, ""
}

// awaitingVendor is the reason to hold during which an underpinning contract counts.
const awaitingVendor = "awaiting_vendor"

// origin is the instant from which a clock counts that is re-rated from one priority to another.
func (r Rerate) origin(from, to int) Origin {
	chosen := Opened
	switch {
	case to < from && r.Raise != "":
		chosen = r.Raise
	case to > from && r.Lower != "":
		chosen = r.Lower
	}
	return chosen
}

// ValidOn reports whether the agreement holds at an instant, by the date in a zone.
func (a Agreement) ValidOn(moment time.Time, zone *time.Location) bool {
	date := moment.In(zone).Format(time.DateOnly)
	return (a.Valid.From == "" || a.Valid.From <= date) && (a.Valid.Until == "" || date <= a.Valid.Until)
}
