package app

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// timeline is a log of events that commit in the order of the stream.
type timeline struct {
	mu     sync.Mutex
	events []schemas.StreamedEvent
	asked  atomic.Int64
	fault  error
}

func (l *timeline) source() source {
	return source{
		page: func(_ context.Context, after schemas.StreamPosition, limit int) ([]schemas.StreamedEvent, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.asked.Add(1)
			from := slices.IndexFunc(l.events, func(event schemas.StreamedEvent) bool { return after.Before(event.Place()) })
			if from < 0 || l.fault != nil {
				return nil, l.fault
			}
			return slices.Clone(l.events[from:min(len(l.events), from+limit)]), nil
		},
		end: func(context.Context) (schemas.StreamPosition, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			return schemas.StreamPosition{Xid: strconv.Itoa(len(l.events) + 1), Position: -1}, l.fault
		},
	}
}

// commit adds events, several of which can be of one transaction.
func (l *timeline) commit(count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range count {
		event := schemas.StreamedEvent{Xid: strconv.Itoa(len(l.events) + 1), Position: int64(len(l.events) * 7919 % 1000)}
		if i%3 == 1 {
			last := l.events[len(l.events)-1]
			event.Xid, event.Position = last.Xid, last.Position+1
		}
		l.events = append(l.events, event)
	}
}

func (l *timeline) place(n int) schemas.StreamPosition {
	if n == 0 {
		return schemas.StreamPosition{Xid: "0"}
	}
	return l.events[n-1].Place()
}

// TestEveryFollowerGetsEveryEventOnceInOrder lets followers begin anywhere, read at any pace, be dropped and come back.
func TestEveryFollowerGetsEveryEventOnceInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		log := &timeline{}
		log.commit(rapid.IntRange(0, 1000).Draw(rt, "past"))
		all := &feed{source: log.source(), changed: make(chan struct{})}
		begin := rapid.IntRange(0, 5).Draw(rt, "the feed begins at step")
		var read schemas.StreamPosition
		type reader struct {
			follower
			from, got int
		}
		readers := make([]*reader, 3)
		for i := range readers {
			from := rapid.IntRange(0, len(log.events)).Draw(rt, "from")
			readers[i] = &reader{follower: follower{feed: all, place: log.place(from)}, from: from}
		}
		for step := range 30 {
			log.commit(rapid.IntRange(0, 500).Draw(rt, "commits"))
			switch {
			case step == begin:
				var err error
				read, err = all.end(t.Context())
				require.NoError(rt, err)
				all.begin(read)
			case step > begin && rapid.Bool().Draw(rt, "polls"):
				page, err := all.page(t.Context(), read, streamPage)
				require.NoError(rt, err)
				if len(page) > 0 {
					all.keep(page)
					read = page[len(page)-1].Place()
				}
			}
			for _, r := range readers {
				for range rapid.IntRange(0, 4).Draw(rt, "reads") {
					events, _, err := r.next(t.Context())
					if err != nil { // dropped: it comes back after the last one that it was sent
						require.Equal(rt, domain.CodeUnavailable, domain.CodeOf(err))
						r.follower = follower{feed: all, place: log.place(r.from + r.got)}
						continue
					}
					for i, event := range events {
						require.Equal(rt, log.place(r.from+r.got+i+1), event.Place(), "exactly what follows")
					}
					r.got += len(events)
				}
			}
			require.LessOrEqual(rt, len(all.kept), keptEvents)
			require.LessOrEqual(rt, all.bytes, keptBytes)
		}
	})
}

func TestAFeedKeepsABoundedNumberOfBytes(t *testing.T) {
	t.Parallel()
	all := &feed{changed: make(chan struct{})}
	for i := range 400 {
		all.keep([]schemas.StreamedEvent{{Xid: strconv.Itoa(i + 1), StoredEvent: domain.StoredEvent{Data: make([]byte, 100_000)}}})
	}
	require.LessOrEqual(t, all.bytes, keptBytes)
	require.Less(t, len(all.kept), 200)
	require.Equal(t, schemas.StreamPosition{Xid: strconv.Itoa(400 - len(all.kept))}, all.floor)
}

func TestOnePollerServesAllAndStopsWithTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &timeline{}
		all := newFeeds(log.source())
		var leaves []func()
		first, leave, err := all.join(t.Context(), "ana")
		require.NoError(t, err)
		leaves = append(leaves, leave)
		for i := range 30 {
			joined, leave, err := all.join(t.Context(), "reader"+strconv.Itoa(i))
			require.NoError(t, err)
			require.Same(t, first, joined)
			leaves = append(leaves, leave)
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		require.InDelta(t, 11, log.asked.Load(), 2, "five times a second, however many follow")
		for _, leave := range leaves {
			leave()
		}
		synctest.Wait()
		before := log.asked.Load()
		<-time.After(2 * time.Second)
		require.Equal(t, before, log.asked.Load())
		require.Empty(t, all.streams)
		again, leave, err := all.join(t.Context(), "ana")
		require.NoError(t, err)
		defer leave()
		require.NotSame(t, first, again)
	})
}

func TestAFeedThatFailsEndsItsStreamsAndIsMadeAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &timeline{}
		all := newFeeds(log.source())
		joined, leave, err := all.join(t.Context(), "ana")
		require.NoError(t, err)
		defer leave()
		synctest.Wait()
		reader := follower{feed: joined, place: log.place(0)}
		_, _, err = reader.next(t.Context())
		require.NoError(t, err)
		_, more, err := reader.next(t.Context())
		require.NoError(t, err)
		log.mu.Lock()
		log.fault = errors.New("away")
		log.mu.Unlock()
		<-more
		_, _, err = reader.next(t.Context())
		require.ErrorContains(t, err, "away")
		log.mu.Lock()
		log.fault = nil
		log.mu.Unlock()
		second, leaveSecond, err := all.join(t.Context(), "bo")
		require.NoError(t, err)
		defer leaveSecond()
		require.NotSame(t, joined, second)
		synctest.Wait()
		_, begun := second.reaches()
		require.True(t, begun)
	})
}

func TestAnAccountHasSoManyStreams(t *testing.T) {
	t.Parallel()
	all := newFeeds((&timeline{}).source())
	leaves := make([]func(), maxStreams)
	for i := range leaves {
		var err error
		_, leaves[i], err = all.join(t.Context(), "ana")
		require.NoError(t, err)
	}
	_, _, err := all.join(t.Context(), "ana")
	require.Equal(t, domain.CodeTooMany, domain.CodeOf(err))
	require.Positive(t, domain.AsError(err).RetryAfter)
	_, leave, err := all.join(t.Context(), "bo")
	require.NoError(t, err)
	leave()
	leaves[7]()
	_, leaves[7], err = all.join(t.Context(), "ana")
	require.NoError(t, err)
	for _, leave := range leaves {
		leave()
	}
}
