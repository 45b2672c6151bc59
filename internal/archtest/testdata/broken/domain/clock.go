package domain

import (
	"math/rand/v2"
	clock "time"
)

func start() {
	go func() { _ = rand.Int() }()
}

func now() clock.Time { return clock.Now() }

// The word time.Now in a comment is no use of it, and a duration is no clock.
func zone(d clock.Duration) error {
	_, err := clock.LoadLocation("Europe/Berlin")
	return err
}

func local(at clock.Time) clock.Time { return at.In(clock.Local) }

