package calendar

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Spec is the content of a Calendar document.
type Spec struct {
	// Timezone is an IANA name, "Europe/Berlin".
	Timezone string `json:"timezone"`
	// Weekly has open spans per day (mon … sun) in local wall time: "09:00-17:00"; 24:00 ends a day.
	Weekly map[string][]string `json:"weekly"`
	// Holidays are closed dates, YearlyHolidays closed days of every year ("12-25").
	Holidays       []string `json:"holidays,omitempty"`
	YearlyHolidays []string `json:"yearly_holidays,omitempty"`
	// Exceptions replace the weekly spans of a date; a holiday still closes it. Breaks are cut out of a date.
	Exceptions map[string][]string `json:"exceptions,omitempty"`
	Breaks     map[string][]string `json:"breaks,omitempty"`
	// Include names holiday sets ("us-federal").
	Include []string `json:"include,omitempty"`
}

// Problem is one thing wrong with a Spec, at a path such as "weekly.mon[0]".
type Problem struct {
	Path    string
	Message string
}

var weekdays = map[string]time.Weekday{
	"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday,
	"thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday,
}

// Compile makes a working calendar of a document, in a zone that the caller has loaded. closed are the dates of included
// holiday sets. It answers every problem it finds.
func Compile(spec Spec, zone *time.Location, closed []time.Time) (*Calendar, []Problem) {
	r := &reader{calendar: &Calendar{
		zone: zone, holidays: map[date]bool{}, yearly: map[monthDay]bool{},
		exceptions: map[date][]span{}, breaks: map[date][]span{},
	}}
	for _, name := range days(spec.Weekly) {
		texts := spec.Weekly[name]
		weekday, known := weekdays[name]
		if !known {
			r.wrong("weekly."+name, "is not a day: mon, tue, wed, thu, fri, sat, sun")
			continue
		}
		r.calendar.weekly[weekday] = r.spans("weekly."+name, texts)
	}
	for i, text := range spec.Holidays {
		if day, ok := r.date(fmt.Sprintf("holidays[%d]", i), text); ok {
			r.calendar.holidays[day] = true
		}
	}
	for _, t := range closed {
		r.calendar.holidays[date{t.Year(), t.Month(), t.Day()}] = true
	}
	for i, text := range spec.YearlyHolidays {
		t, err := time.Parse("2006-01-02", "2000-"+text)
		if err != nil {
			r.wrong(fmt.Sprintf("yearly_holidays[%d]", i), "%q is not a day of the year like 12-25", text)
			continue
		}
		r.calendar.yearly[monthDay{t.Month(), t.Day()}] = true
	}
	for _, name := range days(spec.Exceptions) {
		if day, ok := r.date("exceptions."+name, name); ok {
			r.calendar.exceptions[day] = r.spans("exceptions."+name, spec.Exceptions[name])
		}
	}
	for _, name := range days(spec.Breaks) {
		if day, ok := r.date("breaks."+name, name); ok {
			r.calendar.breaks[day] = r.spans("breaks."+name, spec.Breaks[name])
		}
	}
	return r.calendar, r.problems
}

// days lists the keys of a map in order, so that the same document always has the same problems.
func days(spans map[string][]string) []string {
	list := make([]string, 0, len(spans))
	for name := range spans {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

type reader struct {
	calendar *Calendar
	problems []Problem
}

func (r *reader) wrong(path, format string, args ...any) {
	r.problems = append(r.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) date(path, text string) (date, bool) {
	t, err := time.Parse("2006-01-02", text)
	if err != nil {
		r.wrong(path, "%q is not a date like 2026-12-25", text)
		return date{}, false
	}
	return date{t.Year(), t.Month(), t.Day()}, true
}

var spanPattern = regexp.MustCompile(`^(\d{2}):(\d{2})-(\d{2}):(\d{2})$`)

func (r *reader) spans(path string, texts []string) []span {
	list := make([]span, 0, len(texts))
	for i, text := range texts {
		parts := spanPattern.FindStringSubmatch(text)
		if parts == nil {
			r.wrong(fmt.Sprintf("%s[%d]", path, i), "%q is not a span like 09:00-17:00", text)
			continue
		}
		from, to := clock(parts[1], parts[2]), clock(parts[3], parts[4])
		if from >= to || to > 24*time.Hour || parts[2] > "59" || parts[4] > "59" {
			r.wrong(fmt.Sprintf("%s[%d]", path, i), "%q does not run forward within one day", text)
			continue
		}
		list = append(list, span{from, to})
	}
	return merge(list)
}

func clock(hours, minutes string) time.Duration {
	h, _ := strconv.Atoi(hours)   // two digits, by the pattern
	m, _ := strconv.Atoi(minutes) // two digits, by the pattern
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

// Duration is open time, working days, or both: first the days, then the time.
type Duration struct {
	Open        time.Duration
	WorkingDays int
}

// maxDays bounds a Duration to ten years, so that walking it through a calendar ends soon.
const maxDays = horizon

// ParseDuration reads a Go-like duration with d (24 h of open time) and wd (working days): "4h", "1h30m", "2d", "2wd". It
// takes at most 3,660 working days and as many days of open time.
func ParseDuration(text string) (Duration, error) {
	var d Duration
	rest := text
	if days, after, found := strings.Cut(rest, "wd"); found {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > maxDays {
			return Duration{}, notDuration(text)
		}
		d.WorkingDays, rest = int(n), after
	}
	if days, after, found := strings.Cut(rest, "d"); found {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > maxDays {
			return Duration{}, notDuration(text)
		}
		d.Open, rest = time.Duration(n)*24*time.Hour, after
	}
	if rest == "" && text != "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 || more > maxDays*24*time.Hour-d.Open {
		return Duration{}, notDuration(text)
	}
	d.Open += more
	return d, nil
}

func notDuration(text string) error {
	return fmt.Errorf("%q is not a duration like 4h, 1h30m, 2d or 2wd, of at most ten years", text)
}

// String writes the duration as ParseDuration reads it.
func (d Duration) String() string {
	text := ""
	if d.WorkingDays > 0 {
		text = strconv.Itoa(d.WorkingDays) + "wd"
	}
	if d.Open > 0 || text == "" {
		text += d.Open.String()
	}
	return text
}

// MarshalText and UnmarshalText let documents carry durations as text.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
