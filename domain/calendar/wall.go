package calendar

import "time"

// Instant turns a wall time of a date, counted since its midnight, into an instant of a zone. A wall time in a spring gap is
// the first instant that exists, one in an autumn overlap the first of the two; 24 h and more are the days after. So a later
// wall time is never an earlier instant.
func Instant(zone *time.Location, year int, month time.Month, day int, wall time.Duration) time.Time {
	naive := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Add(wall)
	before, after := offset(zone, naive.Add(-24*time.Hour)), offset(zone, naive.Add(24*time.Hour))
	first, second := naive.Add(-before), naive.Add(-after)
	if before == after {
		return first
	}
	firstExists, secondExists := offset(zone, first) == before, offset(zone, second) == after
	switch {
	case firstExists && secondExists:
		if second.Before(first) {
			return second
		}
		return first
	case firstExists:
		return first
	case secondExists:
		return second
	}
	return transition(zone, naive.Add(-24*time.Hour), naive.Add(24*time.Hour))
}

// offset is how far a zone is ahead of UTC at an instant.
func offset(zone *time.Location, t time.Time) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// transition finds the instant between two at which a zone's offset changes.
func transition(zone *time.Location, low, high time.Time) time.Time {
	old := offset(zone, low)
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		if offset(zone, middle) == old {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
