package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// sample is what one side did: how long each call took, and how long all of them.
type sample struct {
	times []time.Duration
	in    time.Duration
}

func (s *sample) add(other sample) {
	s.times = append(s.times, other.times...)
	s.in += other.in
}

func (s *sample) rate() float64 { return float64(len(s.times)) / s.in.Seconds() }

// at is a percentile in milliseconds.
func (s *sample) at(percent float64) float64 {
	if len(s.times) == 0 {
		return 0
	}
	slices.Sort(s.times)
	return float64(s.times[min(len(s.times)-1, int(percent/100*float64(len(s.times))))].Microseconds()) / 1000
}

// drive calls do from some clients at once for a time. A failure ends the measurement: figures with failures say nothing.
func drive(ctx context.Context, clients int, bound time.Duration, do func(ctx context.Context, client, number int) error) (sample, error) {
	var mu sync.Mutex
	var all sample
	var failed error
	var group sync.WaitGroup
	began := time.Now()
	for c := range clients {
		group.Go(func() {
			var times []time.Duration
			for number := 0; time.Since(began) < bound && ctx.Err() == nil; number++ {
				start := time.Now()
				if err := do(ctx, c, number); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				times = append(times, time.Since(start))
			}
			mu.Lock()
			all.times = append(all.times, times...)
			mu.Unlock()
		})
	}
	group.Wait()
	all.in = time.Since(began)
	return all, failed
}

// beside measures ours and the bare side in alternating rounds and prints a line.
func (b *bench) beside(ctx context.Context, name string, clients int, ours, bare func(ctx context.Context, client, number int) error) error {
	var our, their sample
	for range b.Rounds {
		for _, side := range []struct {
			into *sample
			do   func(ctx context.Context, client, number int) error
		}{{&their, bare}, {&our, ours}} {
			got, err := drive(ctx, clients, b.Round, side.do)
			if err != nil {
				return fmt.Errorf("%s, %d clients: %w", name, clients, err)
			}
			side.into.add(got)
		}
	}
	if clients > 1 {
		b.pace += time.Duration(float64(time.Second) / our.rate())
	}
	b.row(name, clients, number(our.rate()), number(our.at(50)), number(our.at(99)),
		number(their.rate()), number(their.at(50)), number(their.at(99)), fmt.Sprintf("%.2f", our.rate()/their.rate()))
	return nil
}

func number(value float64) string {
	if value < 100 {
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return strconv.FormatFloat(value, 'f', 0, 64)
}

// logs measures POST /incidents beside a start with an update that waits for a local activity of two rows.
func (b *bench) logs(ctx context.Context) error {
	var mu sync.Mutex
	for _, clients := range []int{1, 16} {
		err := b.beside(ctx, "log an incident"+b.under+" / start with update", clients, func(ctx context.Context, c, n int) error {
			var view struct {
				ID string `json:"id"`
			}
			err := b.post(ctx, "/incidents", map[string]any{"title": fmt.Sprintf("Printer %d of %d", n, c), "impact": "medium", "urgency": "low"}, http.StatusCreated, &view)
			mu.Lock()
			defer mu.Unlock()
			b.records = append(b.records, view.ID)
			return err
		}, func(ctx context.Context, _, _ int) error {
			id, err := b.startOneBare(ctx)
			mu.Lock()
			defer mu.Unlock()
			b.bare = append(b.bare, id)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// commands measures a command beside an update with a local activity of two rows, each on many records in turn.
func (b *bench) commands(ctx context.Context) error {
	held := make([]bool, len(b.records))
	for _, clients := range []int{1, 16} {
		mine := func(c, n, all int) int { return (c + n*clients) % (all / clients * clients) }
		err := b.beside(ctx, "a command"+b.under+" / an update", clients, func(ctx context.Context, c, n int) error {
			i := mine(c, n, len(b.records))
			verb, body := "hold", map[string]any{"reason": "awaiting_change"}
			if held[i] {
				verb, body = "resume", map[string]any{}
			}
			held[i] = !held[i]
			return b.post(ctx, "/incidents/"+b.records[i]+"/"+verb, body, http.StatusOK, nil)
		}, func(ctx context.Context, c, n int) error {
			return b.updateBare(ctx, b.bare[mine(c, n, len(b.bare))])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// async measures how many commands are accepted after one durable insert each, without waiting for the decision.
func (b *bench) async(ctx context.Context) error {
	got, err := drive(ctx, 16, b.Round, func(ctx context.Context, c, n int) error {
		return b.post(ctx, "/incidents", map[string]any{"title": "Queued", "impact": "low", "urgency": "low"}, http.StatusAccepted, nil, "Prefer", "respond-async")
	})
	if err != nil {
		return fmt.Errorf("queue commands: %w", err)
	}
	b.row("queue a command (respond-async)", 16, number(got.rate()), number(got.at(50)), number(got.at(99)), "", "", "", "")
	return nil
}

// post sends a command and expects a status.
func (b *bench) post(ctx context.Context, path string, body any, status int, into any, headers ...string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return b.send(ctx, http.MethodPost, path, bytes.NewReader(text), status, into, headers...)
}

func (b *bench) send(ctx context.Context, method, path string, body io.Reader, status int, into any, headers ...string) error {
	request, err := http.NewRequestWithContext(ctx, method, b.url+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != status {
		return fmt.Errorf("%s %s answered %d: %s", method, path, response.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
