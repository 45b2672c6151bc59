package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// PageOptions say how much is measured of the pages.
type PageOptions struct {
	Program  string // the holdfast program, which starts its own engine on an empty folder
	Data     string // a folder that is kept, and not seeded again where it is; empty: one that goes when all is measured
	Records  int    // behind the pages
	Changes  int    // that wait for the board
	Requests int    // of each page
	Viewers  int    // of one queue at once
	Rate     int    // commands a second while they look
	Look     time.Duration
	// Progress hears of records that are seeded.
	Progress func(records int)
}

// What the server may take for 99 of 100 requests of a page, and of the one that shows every change that waits.
const (
	pageBound  = 50 * time.Millisecond
	boardBound = 100 * time.Millisecond
)

// A page that people look at. In a path, %s is the number of some incident, or below /changes of a change that waits, another one each
// time, and {day} is one of the month in which those lie. As is who looks; nobody named is the administrator, who sees everything.
type consolePage struct{ name, path, as string }

// bound is what the server may take for it.
func (p consolePage) bound() time.Duration {
	if strings.HasPrefix(p.path, boardPath) {
		return boardBound
	}
	return pageBound
}

const boardPath = "/changes/board"

// Of the seed's people, one of a team and one who only asks.
const (
	anAgent    = "agent-3"
	aRequester = "person-11"
)

// consolePages are all pages of the console that are read. A page that is new is one more line.
var consolePages = []consolePage{
	{"Home", "/", ""},
	{"Home, of an agent", "/", anAgent},
	{"incidents, open, of an agent", "/incidents?state=open", anAgent},
	{"incidents, due next, of an agent", "/incidents?state=open&sort=wake_at", anAgent},
	{"incidents, all, of an agent", "/incidents?state=all", anAgent},
	{"search, common, of an agent", "/search?q=printer", anAgent},
	{"similar, common words, of an agent", "/incidents/similar?title=Printer+prints+blank+pages+in+Berlin", anAgent},
	{"incidents", "/incidents", ""},
	{"incidents, open", "/incidents?state=open", ""},
	{"incidents, open of a team", "/incidents?state=open&team=team-3", ""},
	{"incidents, nobody's", "/incidents?state=open&assignee=none", ""},
	{"incidents, what is due next", "/incidents?state=open&sort=wake_at", ""},
	{"incidents, open of a priority", "/incidents?state=open&priority=2&sort=priority", ""},
	{"incidents, resolved", "/incidents?state=resolved", ""},
	{"incidents, all that ever were", "/incidents?state=all", ""},
	{"incidents, closed ones of a team", "/incidents?state=closed&team=team-3", ""},
	{"incidents, closed ones of a person", "/incidents?state=closed&assignee=agent-43&sort=-updated_at", ""},
	{"incidents, of a service", "/incidents?service=service-7", ""},
	{"incidents, of a requester", "/incidents?state=all&requester=person-11", ""},
	{"incidents, with a tag", "/incidents?state=open&tag=outage", ""},
	{"incidents, words never together", "/incidents?state=all&q=laptop+printer", ""},
	{"incidents, words that are common", "/incidents?state=all&q=mail+client", ""},
	{"incidents, words that are rare", "/incidents?state=all&q=barcode+gun+gdansk+characters", ""},
	{"incidents, open, with words", "/incidents?q=printer", ""},
	{"incident", "/incidents/%s", ""},
	{"incident, a command's form", "/incidents/%s?do=resolve", ""},
	{"log an incident", "/incidents/new", ""},
	{"similar incidents, a rare word", "/incidents/similar?title=Visitor+screen+dev-4711+displays+strange+characters", ""},
	{"similar incidents, common words", "/incidents/similar?title=Printer+prints+blank+pages+in+Berlin+floor+3", ""},
	{"waiting", "/waiting", ""},
	{"waiting, of a team", "/waiting?team=team-3", ""},
	{"policies", "/policies", ""},
	{"notifications", "/notifications", ""},
	{"deliveries", "/deliveries", ""},
	{"people", "/people", ""},
	{"teams", "/teams", ""},
	{"services", "/services", ""},
	{"search, a common word", "/search?q=printer", ""},
	{"search, several words", "/search?q=printer+blank+dublin", ""},
	{"search, words never together", "/search?q=laptop+printer", ""},
	{"search, a number", "/search?q=INC-000777", ""},
	{"portal", "/portal", aRequester},
	{"portal, report a problem", "/portal/report", aRequester},
	{"portal, answers while typing", "/portal/answers?title=Printer+prints+blank+pages+in+Berlin+floor+3", aRequester},
	{"profile", "/profile", ""},
	{"CAB board, of a member", boardPath, anAgent},
	{"CAB board, what waits for a member", boardPath + "?show=mine", anAgent},
	{"CAB board, of who sees all", boardPath, ""},
	{"my approvals, of a member", "/approvals", anAgent},
	{"changes, open", "/changes", ""},
	{"changes, open, of a member", "/changes", anAgent},
	{"change, with its ballot", "/changes/%s?do=cast_vote", anAgent},
	{"change", "/changes/%s", ""},
	{"changes, a month of windows", "/changes/calendar?day={day}", ""},
}

// Pages seeds an installation of its own and measures how long the server takes for every page with so many records behind
// it, and how soon those who look at a queue see what happens in it.
func Pages(ctx context.Context, options PageOptions, out io.Writer) error {
	b := &bench{
		Options: Options{Program: options.Program}, out: out,
		http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	folder := options.Data
	if folder == "" {
		var remove func()
		var err error
		if folder, remove, err = benchFolder(); err != nil {
			return err
		}
		defer remove()
	}
	stop, err := b.start(ctx, folder)
	if err != nil {
		return err
	}
	defer stop()
	if options.Records, err = b.seeded(ctx, options); err != nil {
		return err
	}
	if err := b.pages(ctx, options); err != nil {
		return err
	}
	return b.viewers(ctx, options)
}

// seeded seeds an installation without records, and answers how many there are.
func (b *bench) seeded(ctx context.Context, options PageOptions) (int, error) {
	var there struct {
		Records int   `bun:"records"`
		Changes int   `bun:"changes"`
		Bytes   int64 `bun:"bytes"`
	}
	read := func() error {
		return b.db.NewRaw(`SELECT count(*) AS records, pg_database_size(current_database()) AS bytes, (SELECT count(*) FROM changes) AS changes FROM records`).Scan(ctx, &there)
	}
	if err := read(); err != nil {
		return 0, fmt.Errorf("look at the database: %w", err)
	}
	began := time.Now()
	if there.Records == 0 {
		if err := Seed(ctx, b.db, options.Records, options.Progress); err != nil {
			return 0, err
		}
	}
	if there.Changes == 0 {
		worker, err := pg.Open(b.database, pg.Worker, 1)
		if err != nil {
			return 0, err
		}
		defer worker.Close()
		if err := Waiting(ctx, b.db, worker, options.Changes); err != nil {
			return 0, err
		}
	}
	if there.Changes == 0 || there.Records == 0 {
		if err := read(); err != nil {
			return 0, fmt.Errorf("look at the database: %w", err)
		}
		fmt.Fprintf(b.out, "seeded in %.0f s\n", time.Since(began).Seconds())
	}
	fmt.Fprintf(b.out, "%d records, %d of them changes, %.1f GB\n\n", there.Records, there.Changes, float64(there.Bytes)/1e9)
	return there.Records, nil
}

// benchFolder makes a folder that PostgreSQL can enter, also as another user.
func benchFolder() (folder string, remove func(), err error) {
	if folder, err = os.MkdirTemp("/tmp", "hf-bench-"); err != nil {
		return "", nil, fmt.Errorf("make a folder: %w", err)
	}
	remove = func() { _ = os.RemoveAll(folder) } // what is left is under /tmp
	if err = os.Chmod(folder, 0o755); err != nil {
		remove()
		return "", nil, fmt.Errorf("open the folder: %w", err)
	}
	return folder, remove, nil
}

// pages measures every page.
func (b *bench) pages(ctx context.Context, options PageOptions) error {
	browsers := map[string]*http.Client{}
	for _, who := range []string{"", anAgent, aRequester} {
		var err error
		if browsers[who], err = b.browserOf(ctx, who); err != nil {
			return err
		}
	}
	numbers, waiting := []string{}, []string{}
	err := b.db.NewRaw(`SELECT number FROM records TABLESAMPLE BERNOULLI (?) WHERE practice = 'incident' LIMIT 500`, min(100, 100*2000/float64(options.Records))).Scan(ctx, &numbers)
	if err != nil {
		return fmt.Errorf("pick incidents: %w", err)
	}
	if err := b.db.NewRaw(`SELECT number FROM records WHERE practice = 'change' AND state = 'awaiting_approval' ORDER BY number`).Scan(ctx, &waiting); err != nil {
		return fmt.Errorf("pick changes: %w", err)
	}
	if len(numbers) == 0 || len(waiting) == 0 {
		return errors.New("there are no incidents, or no changes that wait for a board")
	}
	fmt.Fprintf(b.out, "%-36s%10s%10s%10s%10s%12s\n", "page, server time", "requests", "p50 ms", "p99 ms", "most ms", "kB, gzip")
	over := 0
	for _, page := range consolePages {
		of := numbers
		if strings.HasPrefix(page.path, "/changes/") {
			of = waiting
		}
		got, size, err := b.page(ctx, browsers[page.as], page, of, options.Requests)
		if errors.Is(err, errNoPage) {
			fmt.Fprintf(b.out, "%-36s%10s\n", page.name, "no page")
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", page.name, err)
		}
		mark := ""
		if got.at(99) > float64(page.bound().Milliseconds()) {
			mark, over = "  over", over+1
		}
		fmt.Fprintf(b.out, "%-36s%10d%10s%10s%10s%12.1f%s\n", page.name, len(got.times), number(got.at(50)), number(got.at(99)), number(got.at(100)), float64(size)/1000, mark)
	}
	fmt.Fprintf(b.out, "\n%d of %d pages take more than %s at the 99th percentile (the board with %d changes: more than %s)\n\n", over, len(consolePages), pageBound, len(waiting), boardBound)
	return nil
}

// errNoPage says that a path of the table leads nowhere.
var errNoPage = errors.New("there is no such page")

// warmUp is how often a page is read before it is measured.
const warmUp = 5

// page reads one page some times, one after the other, and answers how long each took and how large the last one was.
func (b *bench) page(ctx context.Context, browser *http.Client, page consolePage, numbers []string, requests int) (sample, int, error) {
	var got sample
	size := 0
	for i := range requests + warmUp {
		path := strings.ReplaceAll(page.path, "{day}", time.Now().Add(seedAhead+10*24*time.Hour).Format(time.DateOnly))
		if strings.Contains(path, "%s") {
			path = fmt.Sprintf(path, numbers[i%len(numbers)])
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.site+path, nil)
		if err != nil {
			return got, 0, err
		}
		request.Header.Set("Accept-Encoding", "gzip") // asked for here, it is not undone
		start := time.Now()
		response, err := browser.Do(request)
		if err != nil {
			return got, 0, err
		}
		text, err := io.ReadAll(response.Body)
		took := time.Since(start)
		response.Body.Close()
		switch {
		case err != nil:
			return got, 0, err
		case response.StatusCode == http.StatusNotFound:
			return got, 0, errNoPage
		case response.StatusCode != http.StatusOK && response.StatusCode != http.StatusSeeOther:
			return got, 0, fmt.Errorf("%s answered %d", path, response.StatusCode)
		}
		if size = len(text); i >= warmUp {
			got.times = append(got.times, took)
		}
	}
	return got, size, nil
}

// browserOf signs somebody in; nobody named is the administrator.
func (b *bench) browserOf(ctx context.Context, person string) (*http.Client, error) {
	if person == "" {
		return b.signIn(ctx, b.token)
	}
	var made struct {
		Secret string `json:"secret"`
	}
	if err := b.post(ctx, "/tokens", map[string]any{"person": person, "name": "bench", "days": 1}, http.StatusCreated, &made); err != nil {
		return nil, err
	}
	return b.signIn(ctx, made.Secret)
}

// signIn begins a session with a token, as a browser does.
func (b *bench) signIn(ctx context.Context, token string) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{
		Jar: jar, Timeout: time.Minute, Transport: b.http.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	form := strings.NewReader(url.Values{"token": {token}, "next": {"/"}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.site+"/sign-in", form)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", b.site)
	response, err := browser.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("signing in answered %d", response.StatusCode)
	}
	return browser, nil
}
