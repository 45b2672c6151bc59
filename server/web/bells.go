package web

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
)

// bells know how much each person with a live connection to this process was told and has not read. However many pages and people
// there are, one statement asks for them all.
type bells struct {
	pages app.LivePages // nil: nobody can be asked
	log   *slog.Logger

	mu      sync.Mutex
	of      map[string]*bellOf
	asks    bool          // askOn runs
	changed chan struct{} // told when somebody came whose bell is not known yet
}

// bellOf is one person's.
type bellOf struct {
	unread int
	known  bool
	listen map[chan<- struct{}]bool
}

// join has the channel, which has room for one word, told whenever it changes how much somebody has not read, and when that is first
// known; leave ends it.
func (b *bells) join(ctx context.Context, handle string, rung chan<- struct{}) (leave func()) {
	if b.pages == nil {
		return func() {}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of, b.changed = map[string]*bellOf{}, make(chan struct{}, 1)
	}
	one := b.of[handle]
	if one == nil {
		one = &bellOf{listen: map[chan<- struct{}]bool{}}
		b.of[handle] = one
		nudge(b.changed)
	}
	one.listen[rung] = true
	if one.known {
		nudge(rung)
	}
	if !b.asks {
		b.asks = true
		go b.askOn(context.WithoutCancel(ctx)) // it outlives the request that began it
	}
	return func() { b.leave(handle, rung) }
}

func (b *bells) leave(handle string, rung chan<- struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.of[handle].listen, rung)
	if len(b.of[handle].listen) == 0 {
		delete(b.of, handle)
	}
}

// unread is how much somebody has not read, once that is known.
func (b *bells) unread(handle string) (count int, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.of[handle]
	if one == nil {
		return 0, false
	}
	return one.unread, one.known
}

// askOn counts the bells of all who are here, as long as somebody is.
func (b *bells) askOn(ctx context.Context) {
	look := time.NewTicker(lookAround)
	defer look.Stop()
	for {
		people := b.here()
		if len(people) == 0 {
			return
		}
		if err := b.ask(ctx, people); err != nil {
			b.log.WarnContext(ctx, "bells could not be counted; they are counted again soon", "error", err)
		}
		select {
		case <-look.C:
		case <-b.changed:
		}
	}
}

// here are those who listen; when nobody does any more, the asking ends.
func (b *bells) here() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asks = len(b.of) > 0
	return slices.Sorted(maps.Keys(b.of))
}

func (b *bells) ask(ctx context.Context, people []string) error {
	ctx, cancel := context.WithTimeout(ctx, lookBound)
	defer cancel()
	unread, err := b.pages.UnreadOf(ctx, people)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for handle, count := range unread {
		one := b.of[handle]
		if one == nil || one.known && one.unread == count {
			continue
		}
		one.unread, one.known = count, true
		for rung := range one.listen {
			nudge(rung)
		}
	}
	return nil
}
