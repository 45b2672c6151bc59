package store

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until a test moves it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows an instant, written as RFC 3339.
func NewClock(now string) *Clock { return &Clock{now: Instant(now)} }

// Instant reads an RFC 3339 instant, in UTC.
func Instant(text string) time.Time {
	instant, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err) // the texts are literals of tests
	}
	return instant.UTC()
}

// Now implements domain.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to an instant, written as RFC 3339.
func (c *Clock) Set(now string) { c.SetTo(Instant(now)) }

// SetTo moves the clock to an instant.
func (c *Clock) SetTo(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// Advance moves the clock on.
func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}
