package chaos

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

func TestDatabaseAloneIsAway(t *testing.T) {
	t.Parallel()
	long(t)
	s := setupWired(t, 1, 1)
	known, sent := s.log("Known before"), s.log("A command is under way")
	body := object{"title": "Edited while the database was away"}
	row := s.blockRecord(sent)
	answer := send(s.api, sent.path("edit"), body, "sent")
	row.meets()
	s.Database.Cut()
	row.lift()
	unavailable(t, s.api, known)
	lost := (<-answer).Is(http.StatusServiceUnavailable)
	require.NotEmpty(t, lost.Header.Get("Retry-After"))
	require.Len(t, s.timeline(sent), 1, "a transaction that lost its connection has left nothing")

	s.Database.Mend()
	s.reaches(sent, 2) // nobody has sent it again: its workflow holds it
	require.Equal(t, body["title"], s.read(sent).Title)
	s.comesThrough(s.api, sent.path("edit"), body, "sent").Is(http.StatusOK)
	s.comesThrough(s.api, known.path("start"), object{}, "start").Is(http.StatusOK)
	require.Equal(t, []string{"incident.logged", "incident.edited"}, types(s.timeline(sent)))
	s.sound()
}

// A database behind a broken network takes what is sent and never answers.
func TestDatabaseAloneIsSilent(t *testing.T) {
	t.Parallel()
	long(t)
	s := setupWired(t, 1, 1)
	known, held := s.log("Known before"), s.log("Falls due meanwhile")
	instant := until(5 * time.Second)
	s.holdUntil(held, instant)
	s.Database.Silence()
	unavailable(t, s.api, known)
	passes(t, instant)
	s.Database.Mend()
	s.comesThrough(s.api, known.path("start"), object{}, "start").Is(http.StatusOK)
	s.resumesOnce(held, instant)
	s.sound()
}

// queue gives commands that nobody can decide now, one after another, and expects each to be accepted for later. It answers
// the titles in their order, and what is told of the last.
func (s *system) queue(on incident) []string {
	s.t.Helper()
	titles := []string{}
	for i := range 4 {
		title := fmt.Sprintf("Edited for the %dth time", i+1)
		headers := []string{"Idempotency-Key", title}
		if i > 1 {
			headers = append(headers, "Prefer", "respond-async") // the first ones wait for the door
		}
		answer := s.api.Post(on.path("edit"), object{"title": title}, headers...).Is(http.StatusAccepted)
		status := s.api.Get("/commands/" + answer.Map()["command_id"].(string)).Is(http.StatusOK).Map()
		require.Equal(s.t, "pending", status["state"])
		titles = append(titles, title)
	}
	return titles
}

// decided waits until every queued command is decided, and expects that they were in their order, each once.
func (s *system) decided(on incident, titles []string) {
	s.t.Helper()
	s.becomes(int64(1+len(titles)), `SELECT count(*) FROM timeline WHERE record_id = ?`, on.ID)
	var edits []string
	err := s.rows.NewRaw(`SELECT personal->'title'->>'to' FROM timeline WHERE record_id = ? AND type = 'incident.edited' ORDER BY seq`, on.ID).
		Scan(s.t.Context(), &edits)
	require.NoError(s.t, err)
	require.Equal(s.t, titles, edits)
	require.Equal(s.t, titles[len(titles)-1], s.read(on).Title)
	for _, title := range titles {
		s.api.Post(on.path("edit"), object{"title": title}, "Idempotency-Key", title).Is(http.StatusOK)
	}
	require.Len(s.t, s.timeline(on), 1+len(titles), "the keys are known")
}

func TestAllWorkersAreDead(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 2, 1)
	known := s.log("Known before")
	for _, worker := range s.Workers {
		worker.Kill()
	}
	titles := s.queue(known)
	body := object{"title": "Logged while nobody worked", "impact": "low", "urgency": "low"}
	s.api.Post("/incidents", body, "Idempotency-Key", "new").Is(http.StatusAccepted)
	require.Equal(t, "Known before", s.read(known).Title, "reads work")
	for _, worker := range s.Workers {
		worker.Start()
	}
	s.decided(known, titles)
	s.becomes(1, `SELECT count(*) FROM records WHERE title = 'Logged while nobody worked'`)
	s.api.Post("/incidents", body, "Idempotency-Key", "new").Is(http.StatusCreated)
	s.sound()
}

func TestTemporalIsAway(t *testing.T) {
	t.Parallel()
	long(t)
	for name, play := range map[string]struct{ takeAway, giveBack func(s *system) }{
		"it refuses connections": {func(s *system) { s.Temporal.Cut() }, func(s *system) { s.Temporal.Mend() }},
		"it does not answer":     {func(s *system) { s.Engine.Freeze() }, func(s *system) { s.Engine.Thaw() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupWired(t, 1, 1)
			known, done, held := s.log("Known before"), s.log("Started before"), s.log("Falls due meanwhile")
			s.comesThrough(s.api, done.path("start"), object{}, "start").Is(http.StatusOK)
			instant := until(5 * time.Second)
			s.holdUntil(held, instant)
			play.takeAway(s)
			require.Equal(t, "Known before", s.read(known).Title, "reads work")
			s.api.Get("/incidents").Is(http.StatusOK)
			s.api.Get("/waiting").Is(http.StatusOK)
			s.api.Post(done.path("start"), object{}, "Idempotency-Key", "start").Is(http.StatusOK)
			titles := s.queue(known)
			body := object{"title": "Logged without Temporal", "impact": "low", "urgency": "low"}
			s.api.Post("/incidents", body, "Idempotency-Key", "new").Is(http.StatusAccepted)
			passes(t, instant)
			play.giveBack(s)
			// What comes now waits behind those that were accepted before it.
			titles = append(titles, "Edited when it was back")
			last := s.api.Post(known.path("edit"), object{"title": titles[len(titles)-1]}, "Idempotency-Key", titles[len(titles)-1])
			require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, last.Status, "%s", last.Body)
			s.decided(known, titles)
			s.resumesOnce(held, instant)
			s.becomes(1, `SELECT count(*) FROM records WHERE title = 'Logged without Temporal'`)
			s.api.Post("/incidents", body, "Idempotency-Key", "new").Is(http.StatusCreated)
			s.sound()
		})
	}
}

// A refusal is not remembered: 202 promises that the command is decided as it is asked now.
func TestAQueuedCommandThatWasRefusedIsAskedAgain(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 1, 1)
	held := s.log("Resumed too late, and again")
	instant := until(4 * time.Second)
	for _, want := range []struct {
		state string
		until time.Time
	}{{"refused", instant}, {"applied", until(time.Hour)}} {
		s.holdUntil(held, want.until)
		s.Workers[0].Kill()
		passes(t, instant)
		answer := s.api.Post(held.path("resume"), object{}, "Idempotency-Key", "resume", "Prefer", "respond-async").Is(http.StatusAccepted)
		s.Workers[0].Start()
		var told object
		kit.Eventually(t, bound, func() bool {
			told = s.api.Get("/commands/" + answer.Map()["command_id"].(string)).Is(http.StatusOK).Map()
			return told["state"] != "pending"
		})
		require.Equal(t, want.state, told["state"], "%v", told)
	}
	s.sound()
}
