package calendar

import "time"

// WalkBetween is Between, day by day.
func (c *Calendar) WalkBetween(from, to time.Time) time.Duration { return c.walkBetween(from, to) }

// WalkAdd is Add of more than nothing, day by day.
func (c *Calendar) WalkAdd(t time.Time, open time.Duration) (time.Time, error) {
	return c.walkAdd(t, open)
}

// WalkNext is NextOpen, day by day.
func (c *Calendar) WalkNext(t time.Time) (time.Time, error) { return c.walkNext(t) }
