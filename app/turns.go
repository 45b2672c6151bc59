package app

import (
	"context"
	"sync"
)

// atOnce is how many commands of one record this process has under way at a time. Temporal takes ten updates of a workflow
// and fails the rest, which would only come again; the record decides one after the other anyway.
const atOnce = 8

// turns lets commands of the same record pass a few at a time. The zero value is ready.
type turns struct {
	mu sync.Mutex
	of map[string]*turn
}

// turn is one record's: its slots, and how many hold or await one.
type turn struct {
	slots chan struct{}
	users int
}

// take waits for a slot of a record; whoever got it calls leave. It fails when ctx ends before.
func (t *turns) take(ctx context.Context, record string) (leave func(), err error) {
	t.mu.Lock()
	if t.of == nil {
		t.of = map[string]*turn{}
	}
	mine := t.of[record]
	if mine == nil {
		mine = &turn{slots: make(chan struct{}, atOnce)}
		t.of[record] = mine
	}
	mine.users++
	t.mu.Unlock()
	select {
	case mine.slots <- struct{}{}:
		return func() { <-mine.slots; t.forget(record, mine) }, nil
	case <-ctx.Done():
		t.forget(record, mine)
		return nil, ctx.Err()
	}
}

func (t *turns) forget(record string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(t.of, record)
	}
}
