package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// stage is what the kit asks of a test, for a program that is none: the kit starts and stops the real programs for both. Only
// what the kit uses is there.
type stage struct {
	testing.TB // closes the interface, and is nil: anything else ends the program
	ctx        context.Context
	failed     bool
	cleanups   []func()
}

// errFailed unwinds a performance that cannot go on; what is wrong has been said.
var errFailed = errors.New("a scenario could not be played")

// perform plays, and cleans up however it ends.
func perform(ctx context.Context, play func(*stage)) (err error) {
	s := &stage{ctx: ctx}
	defer func() {
		if recovered := recover(); recovered != nil && recovered != errFailed {
			panic(recovered)
		}
		if s.failed {
			err = errFailed
		}
	}()
	defer s.cleanUp()
	play(s)
	return nil
}

// cleanUp runs every cleanup, the last one first, also after one that fails.
func (s *stage) cleanUp() {
	for _, clean := range s.cleanups {
		defer clean()
	}
}

// Cleanup implements testing.TB.
func (s *stage) Cleanup(clean func()) { s.cleanups = append(s.cleanups, clean) }

// Context implements testing.TB.
func (s *stage) Context() context.Context { return s.ctx }

// Helper implements testing.TB.
func (s *stage) Helper() {}

// Name implements testing.TB.
func (s *stage) Name() string { return "histories" }

// Failed implements testing.TB.
func (s *stage) Failed() bool { return s.failed }

// Logf implements testing.TB.
func (s *stage) Logf(format string, args ...any) {
	fmt.Fprintln(os.Stderr, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// Errorf implements testing.TB.
func (s *stage) Errorf(format string, args ...any) {
	s.failed = true
	s.Logf(format, args...)
}

// Fatalf implements testing.TB.
func (s *stage) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	s.FailNow()
}

// FailNow implements testing.TB.
func (s *stage) FailNow() {
	s.failed = true
	panic(errFailed)
}
