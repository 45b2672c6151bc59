// Package outside has receivers for tests: a real SMTP server and a real HTTP server on loopback, which can be told to refuse, to
// hang, to answer slowly or to break off.
package outside

import (
	"sync"
	"sync/atomic"
)

// Mood is how a receiver answers.
type Mood int32

// The moods of a receiver.
const (
	Willing  Mood = iota // takes everything
	Failing              // takes nothing: 451 or 500
	Refusing             // says that this one will never be taken: 550 or 410
	Hanging              // never answers
	Closing              // breaks off in the middle
)

// receiver is what both kinds share.
type receiver struct {
	mood atomic.Int32
	mu   sync.Mutex
	// released ends what hangs.
	released chan struct{}
}

func newReceiver() receiver { return receiver{released: make(chan struct{})} }

// Become changes the mood; what hangs goes on.
func (r *receiver) Become(mood Mood) {
	r.mood.Store(int32(mood))
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.released)
	r.released = make(chan struct{})
}

func (r *receiver) is() Mood { return Mood(r.mood.Load()) }

// hang waits until the mood changes.
func (r *receiver) hang() {
	r.mu.Lock()
	released := r.released
	r.mu.Unlock()
	<-released
}
