package main

import (
	"fmt"
	"strings"
	"time"
)

// moment is a point in time as people write one: RFC 3339, local "2026-11-20 15:04" or "2026-11-20", "15:04" today, now,
// or an offset from now, "+2h" and "-30m". It is resolved where a clock and a zone are known.
type moment struct {
	at     time.Time
	local  string // in one of the local layouts
	offset time.Duration
	set    bool
	now    bool
}

var localLayouts = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "15:04"}

// UnmarshalText reads a moment from a flag.
func (m *moment) UnmarshalText(text []byte) error {
	said := strings.TrimSpace(string(text))
	if said == "now" {
		*m = moment{set: true, now: true}
		return nil
	}
	if at, err := time.Parse(time.RFC3339, said); err == nil {
		*m = moment{set: true, at: at}
		return nil
	}
	for _, layout := range localLayouts {
		if _, err := time.Parse(layout, said); err == nil {
			*m = moment{set: true, local: said}
			return nil
		}
	}
	if strings.HasPrefix(said, "+") || strings.HasPrefix(said, "-") {
		if offset, err := time.ParseDuration(said); err == nil {
			*m = moment{set: true, now: true, offset: offset}
			return nil
		}
	}
	return fmt.Errorf("%q is no time; write 2026-11-20T15:04:00Z, \"2026-11-20 15:04\", 15:04, now, +2h or -30m", said)
}

// resolve gives the instant, or nil where none was said.
func (m moment) resolve(now time.Time, zone *time.Location) *time.Time {
	instant := m.at
	switch {
	case !m.set:
		return nil
	case m.now:
		instant = now.Add(m.offset)
	case m.local != "":
		for _, layout := range localLayouts {
			read, err := time.ParseInLocation(layout, m.local, zone)
			if err != nil {
				continue
			}
			if layout == "15:04" {
				year, month, day := now.In(zone).Date()
				read = time.Date(year, month, day, read.Hour(), read.Minute(), 0, 0, zone)
			}
			instant = read
			break
		}
	}
	instant = instant.UTC().Truncate(time.Millisecond)
	return &instant
}

// moment resolves a flag by the session's clock and zone.
func (s *session) moment(m moment) *time.Time { return m.resolve(s.now(), s.zone) }
