package bench

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"
)

// deadlines measures how late what falls due is handled: spread over a time, and all on one instant.
func (b *bench) deadlines(ctx context.Context) error {
	for _, c := range []struct {
		name   string
		count  int
		spread time.Duration
	}{
		{fmt.Sprintf("lateness of %d deadlines / timers over %s", b.Deadlines, b.Spread), b.Deadlines, b.Spread},
		{fmt.Sprintf("lateness of %d deadlines / timers on one instant", b.OneMoment), b.OneMoment, 0},
	} {
		bare, err := b.bareTimers(ctx, c.count, c.spread)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		ours, err := b.ourDeadlines(ctx, c.count, c.spread)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		b.row(c.name, "", "", number(ours.at(50)), number(ours.at(99)), "", number(bare.at(50)), number(bare.at(99)), "")
	}
	return nil
}

// setUp is how long making so many records or processes may take before the first falls due.
func setUp(count int, each time.Duration) time.Duration {
	return 5*time.Second + time.Duration(count)*each
}

// many calls make for each number from sixteen goroutines.
func many(ctx context.Context, count int, make func(ctx context.Context, number int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range 16 {
		group.Go(func() error {
			for {
				n := int(next.Add(1)) - 1
				if n >= count {
					return nil
				}
				if err := make(ctx, n); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

func instantOf(first time.Time, spread time.Duration, number, count int) time.Time {
	return first.Add(spread * time.Duration(number) / time.Duration(count)).Truncate(time.Millisecond)
}

func (b *bench) bareTimers(ctx context.Context, count int, spread time.Duration) (sample, error) {
	bareLate.mu.Lock()
	bareLate.late = nil
	bareLate.mu.Unlock()
	first := time.Now().Add(setUp(count, 8*time.Millisecond))
	err := many(ctx, count, func(ctx context.Context, n int) error {
		_, err := b.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "bench/" + uuid.NewString(), TaskQueue: bareQueue, WorkflowTaskTimeout: taskTime},
			bareTimer, instantOf(first, spread, n, count))
		return err
	})
	if err != nil {
		return sample{}, err
	}
	if time.Now().After(first) {
		return sample{}, fmt.Errorf("the timers were not set before the first fell due")
	}
	for ctx.Err() == nil {
		bareLate.mu.Lock()
		fired := len(bareLate.late)
		bareLate.mu.Unlock()
		if fired == count {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	bareLate.mu.Lock()
	defer bareLate.mu.Unlock()
	return sample{times: append([]time.Duration{}, bareLate.late...)}, ctx.Err()
}

// ourDeadlines puts incidents on hold until instants and reads from their timelines when each hold was ended.
func (b *bench) ourDeadlines(ctx context.Context, count int, spread time.Duration) (sample, error) {
	first := time.Now().Add(setUp(count, b.pace*3/2))
	service := "bench-" + uuid.NewString()[:8]
	if err := b.send(ctx, http.MethodGet, "/me", nil, http.StatusOK, nil); err != nil {
		return sample{}, err
	}
	err := many(ctx, count, func(ctx context.Context, n int) error {
		var view struct {
			ID string `json:"id"`
		}
		if err := b.post(ctx, "/incidents", map[string]any{"title": "Waits", "impact": "low", "urgency": "low", "category": service}, http.StatusCreated, &view); err != nil {
			return err
		}
		until := instantOf(first, spread, n, count)
		return b.post(ctx, "/incidents/"+view.ID+"/hold", map[string]any{"reason": "scheduled", "until": until}, http.StatusOK, nil)
	})
	if err != nil {
		return sample{}, err
	}
	if time.Now().After(first) {
		return sample{}, fmt.Errorf("the holds were not set before the first fell due")
	}
	return b.latenesses(ctx, count, `SELECT extract(epoch FROM t.recorded_at - t.due_at) FROM timeline t JOIN records r ON r.id = t.record_id
		WHERE r.category = ? AND t.type = 'incident.resumed'`, service)
}

// latenesses waits until a query has found so many latenesses in seconds.
func (b *bench) latenesses(ctx context.Context, count int, query string, args ...any) (sample, error) {
	for ctx.Err() == nil {
		var late []float64
		if err := b.db.NewRaw(query, args...).Scan(ctx, &late); err != nil {
			return sample{}, err
		}
		if len(late) >= count {
			s := sample{}
			for _, seconds := range late {
				s.times = append(s.times, time.Duration(seconds*float64(time.Second)))
			}
			return s, nil
		}
		time.Sleep(250 * time.Millisecond)
	}
	return sample{}, ctx.Err()
}
