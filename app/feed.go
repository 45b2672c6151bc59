package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	streamPage  = 200
	streamPause = 200 * time.Millisecond
	// maxStreams bounds how many live streams an account has in this process.
	maxStreams = 20
	// keptEvents and keptBytes bound what is kept for those who follow. Whoever reads slower than that is dropped, and goes on
	// where they were.
	keptEvents = 2048
	keptBytes  = 16 << 20
)

// source is where a feed reads events: one page after a place, and the place up to which all can be seen now.
type source struct {
	page func(ctx context.Context, after schemas.StreamPosition, limit int) ([]schemas.StreamedEvent, error)
	end  func(ctx context.Context) (schemas.StreamPosition, error)
}

// feeds gives every live stream of this process the same feed, which polls as long as somebody follows.
type feeds struct {
	source source

	mu      sync.Mutex
	streams map[string]int // of each account
	current *feed
}

func newFeeds(from source) *feeds { return &feeds{source: from, streams: map[string]int{}} }

// join counts a stream in; leave counts it out. It refuses with too_many when the account has enough of them.
func (f *feeds) join(ctx context.Context, account string) (joined *feed, leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.streams[account] >= maxStreams {
		return nil, nil, &domain.Error{
			Code: domain.CodeTooMany, Message: "this account follows events too many times at once", RetryAfter: retryAfter,
		}
	}
	f.streams[account]++
	if f.current == nil || f.current.over() {
		// The feed outlives the request that began it.
		polling, stop := context.WithCancel(context.WithoutCancel(ctx))
		f.current = &feed{source: f.source, stop: stop, changed: make(chan struct{})}
		go f.current.poll(polling)
	}
	joined = f.current
	joined.followers++
	return joined, func() { f.leave(account, joined) }, nil
}

func (f *feeds) leave(account string, left *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.streams[account]--; f.streams[account] == 0 {
		delete(f.streams, account)
	}
	if left.followers--; left.followers > 0 {
		return
	}
	left.stop()
	if f.current == left {
		f.current = nil
	}
}

// feed keeps the newest events of all records, in the order of the stream, for all who follow them. It holds all that lie
// beyond its floor, up to the newest that it has read.
type feed struct {
	source
	stop      context.CancelFunc
	followers int // guarded by feeds

	mu      sync.Mutex
	begun   bool
	floor   schemas.StreamPosition
	kept    []schemas.StreamedEvent
	bytes   int
	changed chan struct{} // closed, and made anew, when something comes
	fault   error         // why it ended
}

// poll reads until ctx ends or reading fails.
func (f *feed) poll(ctx context.Context) {
	place, err := f.end(ctx)
	if err != nil {
		f.finish(err)
		return
	}
	f.begin(place)
	pause := time.NewTicker(streamPause)
	defer pause.Stop()
	for {
		events, err := f.page(ctx, place, streamPage)
		if err != nil {
			f.finish(err)
			return
		}
		if len(events) > 0 {
			place = events[len(events)-1].Place()
			f.keep(events)
		}
		if len(events) == streamPage {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

func (f *feed) begin(place schemas.StreamPosition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun, f.floor = true, place
	f.tell()
}

// keep adds events and lets go of the oldest beyond the bounds.
func (f *feed) keep(events []schemas.StreamedEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, events...)
	for _, event := range events {
		f.bytes += weight(event)
	}
	gone := 0
	for f.bytes > keptBytes || len(f.kept)-gone > keptEvents {
		f.bytes -= weight(f.kept[gone])
		f.floor = f.kept[gone].Place()
		gone++
	}
	clear(f.kept[:gone])
	f.kept = f.kept[gone:]
	f.tell()
}

// weight is about how many bytes an event takes.
func weight(event schemas.StreamedEvent) int {
	return 1024 + len(event.Data) + len(event.Reason) + 64*len(event.Watchers)
}

func (f *feed) finish(fault error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.kept = fault, nil
	f.tell()
}

// tell wakes all who wait; the caller holds the lock.
func (f *feed) tell() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *feed) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault != nil
}

// errBehind says that what follows a place is not kept, or not any more.
var errBehind = errors.New("the feed does not reach back so far")

// after gives what is kept beyond a place, and a channel that is closed when there is more. Where there may be events between
// the place and what is kept, it fails with errBehind.
func (f *feed) after(place schemas.StreamPosition) ([]schemas.StreamedEvent, <-chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.fault != nil:
		return nil, nil, f.fault
	case !f.begun || place.Before(f.floor):
		return nil, f.changed, errBehind
	}
	from, _ := slices.BinarySearchFunc(f.kept, place, func(event schemas.StreamedEvent, place schemas.StreamPosition) int {
		if place.Before(event.Place()) {
			return 1
		}
		return -1
	})
	return slices.Clone(f.kept[from:min(len(f.kept), from+streamPage)]), f.changed, nil
}

// reaches is the floor, once there is one.
func (f *feed) reaches() (schemas.StreamPosition, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.floor, f.begun
}

// follower is one stream's place in a feed.
type follower struct {
	*feed
	place schemas.StreamPosition
	live  bool // what comes next was kept once: a place behind the floor is a slow reader's
}

// next gives the events that follow, at most a page. Where there are none yet it gives a channel to wait on, or none to ask
// again at once. What was before the feed is read for this stream alone.
func (f *follower) next(ctx context.Context) ([]schemas.StreamedEvent, <-chan struct{}, error) {
	events, more, err := f.after(f.place)
	switch {
	case err == nil:
		f.live = true
		f.pass(events)
		return events, more, nil
	case !errors.Is(err, errBehind):
		return nil, nil, err
	case f.live:
		return nil, nil, &domain.Error{
			Code: domain.CodeUnavailable, Message: "the events were read too slowly; go on after the last one", RetryAfter: time.Second,
		}
	}
	// The floor is looked at first: what lay before it then shows in what is read now.
	floor, begun := f.reaches()
	if events, err = f.page(ctx, f.place, streamPage); err != nil {
		return nil, nil, err
	}
	f.pass(events)
	if begun && len(events) < streamPage && f.place.Before(floor) {
		f.place = floor
	}
	if begun {
		more = nil // the rest is there already
	}
	return events, more, nil
}

// pass moves the place behind events.
func (f *follower) pass(events []schemas.StreamedEvent) {
	if len(events) > 0 {
		f.place = events[len(events)-1].Place()
	}
}
