package app

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAFewCommandsOfARecordAreUnderWayAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mine turns
		var underWay, most, done atomic.Int64
		for range 5 * atOnce {
			go func() {
				leave, err := mine.take(t.Context(), "one")
				if err != nil {
					return
				}
				defer leave()
				if now := underWay.Add(1); now > most.Load() {
					most.Store(now)
				}
				<-time.After(time.Second) // of the bubble's own clock
				underWay.Add(-1)
				done.Add(1)
			}()
		}
		synctest.Wait()
		require.EqualValues(t, atOnce, underWay.Load())
		leave, err := mine.take(t.Context(), "another")
		require.NoError(t, err, "other records do not wait for it")
		leave()

		bounded, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err = mine.take(bounded, "one")
		require.ErrorIs(t, err, context.DeadlineExceeded)

		<-time.After(time.Minute)
		synctest.Wait()
		require.EqualValues(t, 5*atOnce, done.Load())
		require.EqualValues(t, atOnce, most.Load())
		require.Empty(t, mine.of, "nothing is kept of records that nobody asks for")
	})
}
