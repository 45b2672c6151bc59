// Package chaos pulls every plug of a whole Holdfast of real programs. Each failure that the documentation promises to be
// boring is played by a test of its own; the short form pulls all plugs in turn while eight clients work. Whatever dies,
// nothing that was accepted is lost or done twice, and nothing that falls due is forgotten.
package chaos

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// bound is how long anything may take to come true on a busy machine.
const bound = 2 * time.Minute

// system is a Holdfast to break.
type system struct {
	*kit.Stack
	t    *testing.T
	api  *kit.API
	rows *bun.DB
}

func setup(t *testing.T, workers, servers int) *system {
	t.Helper()
	return prepare(t, kit.Parts(t, workers, servers))
}

// setupWired is setup where the database and Temporal can be cut off from workers and servers.
func setupWired(t *testing.T, workers, servers int) *system {
	t.Helper()
	return prepare(t, kit.WiredParts(t, workers, servers))
}

func prepare(t *testing.T, stack *kit.Stack) *system {
	t.Helper()
	return &system{Stack: stack, t: t, api: stack.Admin(t), rows: stack.Rows(t)}
}

// long leaves a test out of the short form.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("one of the long chaos tests: make test-chaos runs them")
	}
}

type object = map[string]any

// incident is what the tests keep of one.
type incident struct {
	ID      string `json:"id"`
	Number  string `json:"number"`
	State   string `json:"state"`
	Title   string `json:"title"`
	Version int64  `json:"version"`
}

func (i incident) path(verb string) string { return "/incidents/" + i.ID + "/" + verb }

func (s *system) log(title string) incident {
	s.t.Helper()
	var logged incident
	s.api.Insist("/incidents", object{"title": title, "impact": "low", "urgency": "low"}).Is(http.StatusCreated).Into(&logged)
	return logged
}

func (s *system) read(of incident) incident {
	s.t.Helper()
	var found incident
	s.api.Get("/incidents/" + of.ID).Is(http.StatusOK).Into(&found)
	return found
}

// give gives a command and expects it to be applied.
func (s *system) give(to incident, verb string, body object) incident {
	s.t.Helper()
	var changed incident
	s.api.Insist(to.path(verb), body).Is(http.StatusOK).Into(&changed)
	return changed
}

// comesThrough sends the same key again until its command is decided.
func (s *system) comesThrough(api *kit.API, path string, body object, key string) *kit.Answer {
	s.t.Helper()
	var answer *kit.Answer
	kit.Eventually(s.t, bound, func() bool {
		answer = api.Post(path, body, "Idempotency-Key", key)
		return answer.Status != http.StatusServiceUnavailable && answer.Status != http.StatusAccepted
	}, key)
	return answer
}

// until is an instant some time ahead as the rows keep it.
func until(ahead time.Duration) time.Time {
	return time.Now().Add(ahead).UTC().Truncate(time.Millisecond)
}

// holdUntil puts an incident on hold; its timer resumes it.
func (s *system) holdUntil(to incident, instant time.Time) incident {
	s.t.Helper()
	return s.give(to, "hold", object{"reason": "scheduled", "until": instant})
}

// passes waits until an instant has passed.
func passes(t *testing.T, instant time.Time) {
	t.Helper()
	kit.Eventually(t, time.Until(instant)+bound, func() bool { return time.Now().After(instant) })
}

// send posts with a key while the test goes on; where no answer comes, nil comes.
func send(api *kit.API, path string, body object, key string) <-chan *kit.Answer {
	answered := make(chan *kit.Answer, 1)
	go func() {
		answer, err := api.Try(http.MethodPost, path, body, map[string]string{"Idempotency-Key": key})
		if err != nil {
			answer = nil
		}
		answered <- answer
	}()
	return answered
}

// event is one line of a timeline.
type event struct {
	Seq        int64           `bun:"seq"`
	Type       string          `bun:"type"`
	ActorKind  string          `bun:"actor_kind"`
	At         time.Time       `bun:"at"`
	RecordedAt time.Time       `bun:"recorded_at"`
	DueAt      *time.Time      `bun:"due_at"`
	LatenessMS *int64          `bun:"lateness_ms"`
	Data       json.RawMessage `bun:"data"`
	Xid        string          `bun:"xid"`
}

func (s *system) timeline(of incident) []event {
	s.t.Helper()
	var events []event
	err := s.rows.NewRaw(`SELECT seq, type, actor_kind, at, recorded_at, due_at, lateness_ms, data, xid::text AS xid FROM timeline
		WHERE record_id = ? ORDER BY seq`, of.ID).Scan(s.t.Context(), &events)
	require.NoError(s.t, err)
	return events
}

func types(events []event) []string {
	list := make([]string, len(events))
	for i, event := range events {
		list[i] = event.Type
	}
	return list
}

// number reads one number from the rows. A database that is away has none.
func (s *system) number(query string, args ...any) (int64, error) {
	var value int64
	err := s.rows.NewRaw(query, args...).Scan(s.t.Context(), &value)
	if pg.Transient(err) {
		return -1, err
	}
	require.NoError(s.t, err)
	return value, nil
}

// becomes waits until a number in the rows is what it should be.
func (s *system) becomes(want int64, query string, args ...any) {
	s.t.Helper()
	var have int64
	kit.Eventually(s.t, bound, func() bool {
		var err error
		have, err = s.number(query, args...)
		return err == nil && have == want
	}, query)
}

// reaches waits until an incident's row is at a version.
func (s *system) reaches(of incident, version int64) {
	s.t.Helper()
	s.becomes(version, `SELECT coalesce(max(version), 0) FROM records WHERE id = ?`, of.ID)
}

// resumesOnce waits until the timer has ended a hold and expects that it did so once, at its own instant.
func (s *system) resumesOnce(of incident, instant time.Time) event {
	s.t.Helper()
	const resumed = ` FROM timeline WHERE record_id = ? AND type = 'incident.resumed' AND actor_kind = 'timer'`
	s.becomes(1, `SELECT count(*)`+resumed, of.ID)
	for _, event := range s.timeline(of) {
		if event.Type == "incident.resumed" && event.ActorKind == "timer" {
			require.True(s.t, instant.Equal(*event.DueAt), "due at %s, not %s", event.DueAt, instant)
			require.GreaterOrEqual(s.t, *event.LatenessMS, int64(0), "never early")
			require.Equal(s.t, event.RecordedAt.Sub(instant).Milliseconds(), *event.LatenessMS)
			return event
		}
	}
	require.FailNow(s.t, "it is gone again")
	return event{}
}

// sound waits until nothing is under way any more, and lets doctor look at everything.
func (s *system) sound() {
	s.t.Helper()
	s.becomes(0, `SELECT count(*) FROM messages WHERE state = 'pending'`)
	s.becomes(0, `SELECT count(*) FROM deadlines WHERE due_at < now()`)
	s.Doctor(s.t)
	s.becomes(0, `SELECT count(*) FROM records r WHERE r.version <> (SELECT count(DISTINCT xid) FROM timeline t WHERE t.record_id = r.id)`)
}
