package main

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// demoDesk is an empty installation at some moment of a first start.
type demoDesk struct {
	demoSite
	t   *testing.T
	now time.Time
}

func setupDemo(t *testing.T, now string) *demoDesk {
	t.Helper()
	db, clock := store.Database(t), store.NewClock(now)
	blobs, err := app.OpenFolder(t.TempDir())
	require.NoError(t, err)
	quiet := slog.New(slog.DiscardHandler)
	service := app.New(app.Dependencies{
		DB: db.App(t), Clock: clock, Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient, Log: quiet,
	})
	require.NoError(t, installDefaults(t.Context(), service))
	_, err = installAdmin(t.Context(), service, adminHandle, "a first start")
	require.NoError(t, err)
	return &demoDesk{t: t, now: clock.Now(), demoSite: demoSite{
		application: service.Dependencies, rows: db.Worker(t), metrics: telemetry.NewMetrics(prometheus.NewRegistry()), log: quiet, told: func(int, int) {},
	}}
}

func (d *demoDesk) install() {
	d.t.Helper()
	require.NoError(d.t, installDemo(d.t.Context(), d.demoSite, d.now))
}

// count answers a query for one number.
func (d *demoDesk) count(query string) int {
	d.t.Helper()
	count := 0
	require.NoError(d.t, d.rows.NewRaw(query).Scan(d.t.Context(), &count), query)
	return count
}

// sound fails where doctor would find something.
func (d *demoDesk) sound() {
	d.t.Helper()
	for _, check := range []func() ([]schemas.Fault, error){
		func() ([]schemas.Fault, error) { return schemas.CheckChains(d.t.Context(), d.rows, mostFaults) },
		func() ([]schemas.Fault, error) {
			return schemas.CheckRows(d.t.Context(), d.rows, d.now, time.Minute, mostFaults)
		},
	} {
		faults, err := check()
		require.NoError(d.t, err)
		require.Empty(d.t, faults)
	}
}

func TestDemoHasLifeWheneverItStarts(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]string{
		"a Wednesday noon": "2026-11-25T11:00:00Z", "a Saturday night": "2026-11-28T02:00:00Z", "a Monday before work": "2026-03-30T05:30:00Z",
		"the first hour of a day": "2026-06-02T06:20:00Z", "after the new year": "2027-01-04T09:00:00Z",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setupDemo(t, now)
			d.install()
			d.sound()
			require.GreaterOrEqual(t, d.count(`SELECT count(*) FROM records`), 60)
			for _, state := range []string{"new", "triaged", "in_progress", "on_hold", "resolved", "closed", "canceled"} {
				require.Positive(t, d.count(`SELECT count(*) FROM records WHERE state = '`+state+`'`), state)
			}
			for _, base := range []string{"awaiting_requester", "awaiting_vendor", "awaiting_change", "awaiting_problem", "scheduled"} {
				require.Positive(t, d.count(`SELECT count(*) FROM incidents WHERE hold_base = '`+base+`'`), base)
			}
			for what, query := range map[string]string{
				"nobody's":              `SELECT count(*) FROM records WHERE state = 'new' AND assignee = ''`,
				"reminders sent":        `SELECT count(*) FROM timeline WHERE type = 'incident.reminded'`,
				"resolved unanswered":   `SELECT count(*) FROM incidents WHERE resolution_code = 'no_response'`,
				"a promise missed":      `SELECT count(*) FROM timeline WHERE type = 'incident.promise_missed'`,
				"a promise to come":     `SELECT count(*) FROM deadlines WHERE name = 'promise'`,
				"merged":                `SELECT count(*) FROM incidents WHERE merged_into IS NOT NULL`,
				"closed with a parent":  `SELECT count(*) FROM incidents WHERE resolution_code = 'duplicate'`,
				"reopened":              `SELECT count(*) FROM incidents WHERE reopen_count > 0`,
				"ping-pong":             `SELECT count(*) FROM incidents WHERE ping_pong`,
				"scores":                `SELECT count(*) FROM incidents WHERE satisfaction_score > 0`,
				"continued after close": `SELECT count(*) FROM records WHERE title LIKE 'Re: %'`,
				"restricted":            `SELECT count(*) FROM records WHERE restricted`,
				"suggested answers":     `SELECT count(*) FROM timeline t JOIN records r ON r.id = t.record_id WHERE r.state = 'closed' AND t.data ->> 'answer' = 'true'`,
				"watchers":              `SELECT count(*) FROM watchers`,
				"files":                 `SELECT count(*) FROM attachments`,
				"waits for a board":     `SELECT count(*) FROM records r JOIN changes c ON c.id = r.id WHERE r.state = 'awaiting_approval' AND c.conflicts::text LIKE '%"blocking"%'`,
				"done, then asked":      `SELECT count(*) FROM changes WHERE retrospective`,
				"standard, and failed":  `SELECT count(*) FROM changes WHERE type = 'standard' AND outcome = 'failed'`,
				"standard, and well":    `SELECT count(*) FROM changes WHERE type = 'standard' AND outcome = 'successful'`,
				"a board will meet":     `SELECT count(*) FROM records r JOIN cab_meetings m ON m.id = r.id JOIN records c ON c.state = 'awaiting_approval' AND m.items::text LIKE '%' || c.number || '%' WHERE r.state = 'planned' AND m.starts_at > '` + now + `'`,
				"a board has met":       `SELECT count(*) FROM records r JOIN cab_meetings m ON m.id = r.id WHERE r.state = 'closed'`,
				"a cause undecided":     `SELECT count(*) FROM changes c JOIN records r ON r.id = c.id WHERE r.state = 'review' AND c.causes::text LIKE '%print%' AND c.causes::text NOT LIKE '%verdict%'`,
				"a cause that was none": `SELECT count(*) FROM changes WHERE causes::text LIKE '%declined%'`,
				"items":                 `SELECT count(*) FROM configuration_items WHERE exclusive`,
				"what hangs together":   `SELECT count(*) FROM configuration_relations`,
				"delegations":           `SELECT count(*) FROM delegations WHERE principal = 'gil' AND delegate = 'hana'`,
				"turns that change":     `SELECT count(*) FROM on_call_overrides WHERE starts_at > '` + now + `'`,
				"swaps to answer":       `SELECT count(*) FROM outbox WHERE kind = 'account.swap_proposed'`,
				"changed policies":      `SELECT count(*) FROM policies WHERE version > 2`,
			} {
				require.Positive(t, d.count(query), what)
			}
			require.Equal(t, []int{4, 1, 3}, []int{
				d.count(`SELECT count(*) FROM changes c JOIN records r ON r.id = c.id WHERE c.type = 'standard' AND r.state = 'closed'`),
				d.count(`SELECT count(*) FROM changes c JOIN records r ON r.id = c.id WHERE c.type = 'standard' AND r.state = 'review'`),
				d.count(`SELECT count(*) FROM cab_meetings`),
			}, "what was done is told of: closed, watched, met about")
			require.GreaterOrEqual(t, d.count(`SELECT count(DISTINCT type) FROM links`), 3)
			require.Equal(t, 20, d.count(`SELECT count(*) FROM people WHERE handle <> 'admin'`))
			require.Equal(t, 5, d.count(`SELECT count(*) FROM teams`))
			require.Equal(t, 8, d.count(`SELECT count(*) FROM services`))
		})
	}
}

func TestDemoTellsWhatHappenedWhenItHappened(t *testing.T) {
	t.Parallel()
	d := setupDemo(t, "2026-11-25T11:00:00Z")
	d.install()
	require.Zero(t, d.count(`SELECT count(*) FROM timeline WHERE lateness_ms > 0`), "every deadline was handled when it was due")
	require.Zero(t, d.count(`SELECT count(*) FROM timeline WHERE recorded_at <> at AND type NOT LIKE 'note.%' AND data ->> 'effective_at' IS NULL`))
	require.Zero(t, d.count(`SELECT count(*) FROM timeline WHERE at > '2026-11-25T11:00:00Z'`))
	require.Zero(t, d.count(`SELECT count(*) FROM timeline a JOIN timeline b ON b.record_id = a.record_id AND b.seq = a.seq + 1 WHERE b.at < a.at`), "in order")
	require.Zero(t, d.count(`SELECT count(*) FROM records a JOIN records b ON b.practice = a.practice AND b.number > a.number AND b.opened_at < a.opened_at`), "numbers rise with time")
	require.Zero(t, d.count(`SELECT count(*) FROM messages WHERE state <> 'delivered'`))
}

func TestDemoIsFinishedByTheNextStart(t *testing.T) {
	t.Parallel()
	whole := setupDemo(t, "2026-11-25T11:00:00Z")
	whole.install()
	for _, stopAt := range []int{1, 140, 250} {
		d := setupDemo(t, "2026-11-25T11:00:00Z")
		func() {
			d.told = func(done, _ int) {
				if done == stopAt {
					panic("interrupted")
				}
			}
			defer func() { require.Equal(t, "interrupted", recover()) }()
			d.install()
		}()
		d.told = func(int, int) {}
		d.install()
		d.sound()
		for _, table := range []string{"records", "timeline", "deadlines", "links", "messages", "outbox", "attachments", "policies", "watchers", "on_call_overrides", "cab_meetings", "configuration_items", "configuration_relations"} {
			require.Equal(t, rowsOf(t, whole.rows, table), rowsOf(t, d.rows, table), "%s after an end at step %d", table, stopAt)
		}
	}
}

func rowsOf(t *testing.T, db *bun.DB, table string) int {
	t.Helper()
	count := 0
	require.NoError(t, db.NewRaw(`SELECT count(*) FROM ?`, bun.Ident(table)).Scan(t.Context(), &count))
	return count
}

func TestDemoCountsOpenTimeBackwards(t *testing.T) {
	t.Parallel()
	documents, err := demoDocuments()
	require.NoError(t, err)
	for _, c := range []struct{ now, ago, want string }{
		{"2026-11-25T11:00:00Z", "40m", "2026-11-25T10:20:00Z"},
		{"2026-11-25T07:30:00Z", "40m", "2026-11-24T16:50:00Z"}, // 08:30 in Berlin: ten minutes of the day before
		{"2026-11-28T12:00:00Z", "40m", "2026-11-27T14:20:00Z"}, // a Saturday: Friday ends at 16:00
		{"2026-11-30T06:00:00Z", "1wd 15:05", "2026-11-27T14:05:00Z"},
		{"2026-10-26T12:00:00Z", "2wd 09:00", "2026-10-22T07:00:00Z"}, // before the clocks went back
		{"2027-01-04T12:00:00Z", "2wd 10:00", "2026-12-30T09:00:00Z"}, // 2026-12-31 is one, the first of January is none
	} {
		now := store.Instant(c.now)
		hours, err := demoHours(documents, now)
		require.NoError(t, err)
		got, err := hours.ago(c.ago)
		require.NoError(t, err)
		require.WithinDuration(t, store.Instant(c.want), got, time.Second, "%s, %s ago", c.now, c.ago)
	}
}
