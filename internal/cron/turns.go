package cron

import (
	"fmt"
	"time"
)

// Turn is one wall time that a schedule names.
type Turn struct {
	// Wall is the wall time, written as if it were of UTC.
	Wall time.Time
	// At is its moment, in the schedule's zone: the first of two where a clock change repeats it. It is the zero time where a clock
	// change leaves the wall time out.
	At time.Time
}

// Skipped reports that a clock change leaves the wall time out: nothing happens at this turn.
func (t Turn) Skipped() bool { return t.At.IsZero() }

// WallText writes a wall time: "2027-01-01T09:00". With what it is a turn of, it names the turn: both copies of a wall time that a
// clock change repeats have one text.
func WallText(wall time.Time) string { return wall.Format("2006-01-02T15:04") }

// Turns are the next turns after an instant, oldest first: n that have a moment, and whatever is skipped before the last of them.
// n is 1 to MaxMoments.
func (s Schedule) Turns(after time.Time, n int) ([]Turn, error) {
	if n < 1 || n > MaxMoments {
		return nil, fmt.Errorf("%d moments were asked for; 1 to %d are given", n, MaxMoments)
	}
	var turns []Turn
	for range n {
		next, skipped, err := s.next(after)
		if err != nil {
			return nil, err
		}
		turns = append(turns, skipped...)
		turns = append(turns, Turn{Wall: asUTC(next), At: next})
		after = next
	}
	return turns, nil
}

// Wall is the wall time of an instant in the schedule's zone, written as if it were of UTC.
func (s Schedule) Wall(at time.Time) time.Time { return asUTC(at.In(s.zone)) }

func asUTC(local time.Time) time.Time {
	return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
}
