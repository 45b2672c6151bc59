package importmap

import (
	"fmt"
	"strings"
	"time"
)

// tokens translate a time format's parts into Go's, the longer ones first.
var tokens = []struct{ ours, layout string }{
	{"YYYY", "2006"},
	{"MM", "01"},
	{"DD", "02"},
	{"HH", "15"},
	{"hh", "03"},
	{"mm", "04"},
	{"ss", "05"},
	{"YY", "06"},
	{"ZZ", "Z07:00"},
	{"M", "1"},
	{"D", "2"},
	{"A", "PM"},
}

// layoutOf translates a format such as D/M/YYYY HH:mm. Letters that are no token are an error; T stands for itself.
func layoutOf(format string) (string, error) {
	var b strings.Builder
	rest := format
next:
	for rest != "" {
		for _, token := range tokens {
			if after, found := strings.CutPrefix(rest, token.ours); found {
				b.WriteString(token.layout)
				rest = after
				continue next
			}
		}
		letter := rest[0]
		if letter != 'T' && (letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z' || letter >= '0' && letter <= '9') {
			return "", fmt.Errorf("times: %q: %q is no part of a time; there are YYYY YY MM M DD D HH hh A mm ss ZZ", format, rest)
		}
		b.WriteByte(letter)
		rest = rest[1:]
	}
	return b.String(), nil
}

// instant reads a time by the map's formats. A wall time that a clock change skips is the first instant that exists, one that
// comes twice is the first of the two.
func (m *Map) instant(text string) (time.Time, error) {
	for _, layout := range m.layouts {
		if strings.Contains(layout, "Z07:00") {
			if moment, err := time.Parse(layout, text); err == nil {
				return moment.UTC(), nil
			}
			continue
		}
		wall, err := time.Parse(layout, text)
		if err == nil {
			return inZone(wall, m.zone), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time of the form %s", text, strings.Join(m.Times, " or "))
}

// inZone gives the instant of a wall time, which is written as if it were UTC.
func inZone(wall time.Time, zone *time.Location) time.Time {
	if zone == time.UTC {
		return wall
	}
	low, high := wall.Add(-36*time.Hour), wall.Add(36*time.Hour)
	before, after := offset(low, zone), offset(high, zone)
	earlier, later := wall.Add(-max(before, after)), wall.Add(-min(before, after))
	for _, candidate := range []time.Time{earlier, later} {
		if candidate.Add(offset(candidate, zone)).Equal(wall) {
			return candidate
		}
	}
	// The clock jumps over this wall time: find the jump.
	for later.Sub(earlier) > time.Second {
		middle := earlier.Add(later.Sub(earlier) / 2)
		if offset(middle, zone) == before {
			earlier = middle
		} else {
			later = middle
		}
	}
	return later.Truncate(time.Second)
}

func offset(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
