package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"
	"golang.org/x/sync/errgroup"
)

// watched is the page of a queue that everybody looks at.
type watched struct {
	service string
	ids     []string // of its rows
	path    string   // of its live updates
}

// audience are those who look at a queue, and when each saw which command's mark.
type audience struct {
	bench *bench
	queue watched
	mu    sync.Mutex
	seen  map[string][]time.Time
}

// viewers measures how soon those who have the page of one queue open see what happens in it, and what they cost the server in
// memory. Every viewer is somebody else, signed in, with a connection of their own as their browser opens it.
func (b *bench) viewers(ctx context.Context, options PageOptions) error {
	queue, err := b.busiestQueue(ctx)
	if err != nil {
		return err
	}
	browsers, err := b.lookers(ctx, queue.service, options.Viewers)
	if err != nil {
		return err
	}
	before, err := b.memory()
	if err != nil {
		return err
	}
	a := &audience{bench: b, queue: queue, seen: map[string][]time.Time{}}
	looking, leave := context.WithCancel(ctx)
	defer leave()
	var group errgroup.Group
	ready := make(chan struct{}, options.Viewers)
	for _, browser := range browsers {
		group.Go(func() error { return a.look(looking, browser, ready) })
	}
	for range options.Viewers {
		select {
		case <-ready:
		case <-time.After(time.Minute):
			leave()
			return errors.Join(errors.New("not every viewer could begin to look"), group.Wait())
		}
	}
	began := time.Now()
	commands, err := b.busyQueue(ctx, queue, options)
	if err != nil {
		return err
	}
	during, err := b.memory()
	if err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // the last ones arrive
	leave()
	if err := group.Wait(); err != nil {
		return err
	}
	late, err := a.late(ctx, began)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "%d viewers of one queue, %d commands in %s (%.0f/s)\n", options.Viewers, len(commands.times), commands.in.Round(time.Second), commands.rate())
	fmt.Fprintf(b.out, "%-48s%10s%10s%10s\n", "", "p50 ms", "p99 ms", "most ms")
	fmt.Fprintf(b.out, "%-48s%10s%10s%10s\n", "a command, sent to answered", number(commands.at(50)), number(commands.at(99)), number(commands.at(100)))
	fmt.Fprintf(b.out, "%-48s%10s%10s%10s\n", fmt.Sprintf("a change, written to on the page (%d)", len(late.times)), number(late.at(50)), number(late.at(99)), number(late.at(100)))
	fmt.Fprintf(b.out, "memory of the server: %d MB before, %d MB with all looking\n", before, during)
	return nil
}

// busiestQueue picks the service with the most open incidents, and the first page of its queue.
func (b *bench) busiestQueue(ctx context.Context) (watched, error) {
	var queue watched
	err := b.db.NewRaw(`SELECT service FROM records WHERE open AND practice = 'incident' GROUP BY service ORDER BY count(*) DESC, service LIMIT 1`).Scan(ctx, &queue.service)
	if err != nil {
		return queue, fmt.Errorf("find a queue that is worked on: %w", err)
	}
	var rows []struct {
		ID      string `bun:"id"`
		Number  string `bun:"number"`
		Version int64  `bun:"version"`
	}
	err = b.db.NewRaw(`SELECT id::text, number, version FROM records WHERE open AND practice = 'incident' AND service = ? ORDER BY opened_at DESC, id LIMIT 50`, queue.service).Scan(ctx, &rows)
	if err != nil {
		return queue, fmt.Errorf("read the queue: %w", err)
	}
	shown := make([]string, len(rows))
	for i, row := range rows {
		queue.ids = append(queue.ids, row.ID)
		shown[i] = strings.TrimPrefix(row.Number, "INC-") + "-" + strconv.FormatInt(row.Version, 10)
	}
	queue.path = "/live?of=" + url.QueryEscape("/incidents/live?state=open&service="+queue.service+"&column=title,category&rows="+strings.Join(shown, "."))
	return queue, nil
}

// lookers lets agents read the queue and signs each of them in.
func (b *bench) lookers(ctx context.Context, service string, count int) ([]*http.Client, error) {
	_, err := b.db.NewRaw(`INSERT INTO grants (person, role, scope_kind, scope_name, granted_by, granted_at)
		SELECT handle, 'agent', 'service', ?, 'holdfast', now() FROM people WHERE handle LIKE 'agent-%' ON CONFLICT DO NOTHING`, service).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("let agents read the queue: %w", err)
	}
	browsers := make([]*http.Client, count)
	return browsers, many(ctx, count, func(ctx context.Context, n int) error {
		var err error
		browsers[n], err = b.browserOf(ctx, fmt.Sprintf("agent-%d", n%seedAgents))
		return err
	})
}

// mark is what a command writes into a row, to be known again.
var mark = regexp.MustCompile(`bench-mark-\d+`)

// look has the queue open, and notes when each mark comes to the page.
func (a *audience) look(ctx context.Context, browser *http.Client, ready chan<- struct{}) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.bench.site+a.queue.path, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Jar: browser.Jar, Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("looking at the queue answered %d", response.StatusCode)
	}
	ready <- struct{}{}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		arrived := time.Now()
		if found := mark.FindAllString(lines.Text(), -1); len(found) > 0 {
			a.mu.Lock()
			a.seen[found[0]] = append(a.seen[found[0]], arrived)
			for i, one := range found[1:] {
				if one != found[i] { // said twice of a row, as its text and its title
					a.seen[one] = append(a.seen[one], arrived)
				}
			}
			a.mu.Unlock()
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(errors.New("a viewer was dropped"), lines.Err())
}

// late is how long after its event was written each mark came to each page. That moment is taken before the transaction
// commits, so the figures are on the long side. A change that another one of the same row overtook is not counted.
func (a *audience) late(ctx context.Context, since time.Time) (sample, error) {
	var rows []struct {
		Mark       string    `bun:"mark"`
		RecordedAt time.Time `bun:"recorded_at"`
	}
	err := a.bench.db.NewRaw(`SELECT substring(concat(data, personal) FROM '(bench-mark-\d+)"\s*}') AS mark, recorded_at FROM timeline
		WHERE record_id = ANY (?::uuid[]) AND type = 'incident.edited' AND recorded_at >= ?`, pgdialect.Array(a.queue.ids), since.Add(-time.Second)).Scan(ctx, &rows)
	if err != nil {
		return sample{}, fmt.Errorf("read when changes were written: %w", err)
	}
	var late sample
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, row := range rows {
		for _, arrived := range a.seen[row.Mark] {
			late.times = append(late.times, arrived.Sub(row.RecordedAt))
		}
	}
	if len(late.times) == 0 {
		return late, errors.New("nobody saw any change of the queue")
	}
	return late, nil
}

// busyQueue gives commands to the rows of the queue at a steady rate.
func (b *bench) busyQueue(ctx context.Context, queue watched, options PageOptions) (sample, error) {
	pace := time.NewTicker(time.Second / time.Duration(options.Rate))
	defer pace.Stop()
	var all sample
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for n := 0; time.Since(began) < options.Look && ctx.Err() == nil; n++ {
		<-pace.C
		group.Go(func() error {
			start := time.Now()
			body := map[string]any{"category": fmt.Sprintf("bench-mark-%d", n)}
			if err := b.post(ctx, "/incidents/"+queue.ids[n%len(queue.ids)]+"/edit", body, http.StatusOK, nil); err != nil {
				return err
			}
			took := time.Since(start)
			mu.Lock()
			defer mu.Unlock()
			all.times = append(all.times, took)
			return nil
		})
	}
	err := group.Wait()
	all.in = time.Since(began)
	return all, err
}

// memory is how much of the machine's memory the server's process holds, in megabytes.
func (b *bench) memory() (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.server))
	if err != nil {
		return 0, fmt.Errorf("read the server's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
			return kilobytes / 1000, err
		}
	}
	return 0, errors.New("the server's memory is not told by this system")
}
