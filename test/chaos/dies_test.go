package chaos

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

func TestServerDiesAfterSendingACommand(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 1, 2)
	first, second := s.api.Server(0), s.api.Server(1)

	t.Log("the key comes again when all is decided")
	decided := s.log("Decided while its server is dead")
	row := s.blockRecord(decided)
	lost := send(first, decided.path("start"), object{}, "decided")
	row.meets()
	s.Servers[0].Kill()
	require.Nil(t, <-lost, "no answer can come")
	row.lift()
	s.reaches(decided, 2)
	again := s.comesThrough(second, decided.path("start"), object{}, "decided").Is(http.StatusOK)
	require.Equal(t, "repeated", again.Header.Get("Holdfast-Outcome"))
	require.EqualValues(t, 2, again.Map()["version"])
	require.Equal(t, []string{"incident.logged", "incident.started"}, types(s.timeline(decided)))

	t.Log("the key comes again while it is being decided")
	s.Servers[0].Start()
	s.AwaitReady(t)
	deciding := s.log("Still being decided")
	row = s.blockRecord(deciding)
	lost = send(first, deciding.path("start"), object{}, "deciding")
	row.meets()
	s.Servers[0].Kill()
	require.Nil(t, <-lost)
	joined := send(second, deciding.path("start"), object{}, "deciding")
	row.lift()
	require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, (<-joined).Status)
	require.EqualValues(t, 2, s.comesThrough(second, deciding.path("start"), object{}, "deciding").Is(http.StatusOK).Map()["version"])
	require.Equal(t, []string{"incident.logged", "incident.started"}, types(s.timeline(deciding)))

	t.Log("a record is being opened")
	s.Servers[0].Start()
	s.AwaitReady(t)
	fresh := s.blockAll()
	body := object{"title": "Opened once", "impact": "low", "urgency": "low"}
	lost = send(first, "/incidents", body, "opened")
	fresh.meets()
	s.Servers[0].Kill()
	require.Nil(t, <-lost)
	fresh.lift()
	var opened incident
	s.comesThrough(second, "/incidents", body, "opened").Is(http.StatusCreated).Into(&opened)
	require.Equal(t, []string{"incident.logged"}, types(s.timeline(opened)))
	s.becomes(1, `SELECT count(*) FROM records WHERE title = 'Opened once'`)

	s.Servers[0].Start()
	s.AwaitReady(t)
	s.sound()
}

// commitUnrecorded plays the instant between the commit of a decision and Temporal's record of it. When it returns, the
// incident's row is ahead of its workflow, the engine is frozen, and the worker holds a finished task that it cannot hand in.
func (s *system) commitUnrecorded(api *kit.API, to incident, verb string, body object, key string) <-chan *kit.Answer {
	s.t.Helper()
	row := s.blockRecord(to)
	sent := send(api, to.path(verb), body, key)
	row.meets()
	s.Engine.Freeze()
	row.lift()
	s.reaches(to, to.Version+1)
	return sent
}

func TestWorkerDiesBeforeItsTaskIsRecorded(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 1, 1)
	held := s.log("Decided, and nobody told Temporal")
	instant := until(15 * time.Second)
	sent := s.commitUnrecorded(s.api, held, "hold", object{"reason": "scheduled", "until": instant}, "held")
	s.Workers[0].Kill()
	s.Engine.Thaw()
	s.Workers[0].Start()
	answer := <-sent
	require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, answer.Status, "%s", answer.Body)
	again := s.comesThrough(s.api, held.path("hold"), object{"reason": "scheduled", "until": instant}, "held").Is(http.StatusOK)
	require.EqualValues(t, 2, again.Map()["version"])
	require.Equal(t, []string{"incident.logged", "incident.held"}, types(s.timeline(held)))
	s.resumesOnce(held, instant)
	s.sound()
}

func TestWorkerDiesBeforeItsActivityIsRecorded(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 1, 1)
	held := s.log("Decided late, and nobody told Temporal")
	instant := until(30 * time.Second)
	row := s.blockRecord(held)
	sent := send(s.api, held.path("hold"), object{"reason": "scheduled", "until": instant}, "held")
	// The local activity gives up after two seconds; the regular one that follows is a transaction of its own.
	row.meetsOther(row.meets())
	s.Engine.Freeze()
	row.lift()
	s.reaches(held, 2)
	s.Workers[0].Kill()
	s.Engine.Thaw()
	s.Workers[0].Start()
	answer := <-sent
	require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, answer.Status, "%s", answer.Body)
	s.resumesOnce(held, instant)
	require.Equal(t, []string{"incident.logged", "incident.held", "incident.resumed"}, types(s.timeline(held)))
	s.sound()
}

func TestPowerCutBeforeTheTaskIsRecorded(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 2, 1)
	held := s.log("Decided when the lights went out")
	waiting := s.log("Waits in the dark")
	instant := until(20 * time.Second)
	s.holdUntil(waiting, instant)
	body := object{"title": "Opened when the lights went out", "impact": "low", "urgency": "low"}
	table := s.blockAll()
	sent := send(s.api, held.path("hold"), object{"reason": "scheduled", "until": instant}, "held")
	opened := send(s.api, "/incidents", body, "opened")
	table.meetsOther(table.meets())
	s.Engine.Freeze()
	table.lift()
	s.reaches(held, 2)
	s.becomes(1, `SELECT count(*) FROM records WHERE title = 'Opened when the lights went out'`)
	s.CutPower(t)
	require.Nil(t, <-sent)
	require.Nil(t, <-opened)
	s.RestorePower(t)
	// Nobody sends the key again: the rows alone bring it back.
	s.resumesOnce(held, instant)
	s.resumesOnce(waiting, instant)
	require.Equal(t, []string{"incident.logged", "incident.held", "incident.resumed"}, types(s.timeline(held)))
	s.sound()
	s.api.Post(held.path("hold"), object{"reason": "scheduled", "until": instant}, "Idempotency-Key", "held").Is(http.StatusOK)
	require.Len(t, s.timeline(held), 3, "and the key is still known")
	s.api.Post("/incidents", body, "Idempotency-Key", "opened").Is(http.StatusCreated)
	s.becomes(1, `SELECT count(*) FROM records WHERE title = 'Opened when the lights went out'`)
}

// The workers live, so none starts and adopts; no server lives to send the command again, and its client is gone.
func TestEngineDiesBeforeTheTaskIsRecorded(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 1, 1)
	held := s.log("Decided when the engine died")
	instant := until(20 * time.Second)
	sent := s.commitUnrecorded(s.api, held, "hold", object{"reason": "scheduled", "until": instant}, "held")
	s.Servers[0].Kill()
	require.Nil(t, <-sent)
	s.KillPostgres(t)
	s.Engine.Kill()
	s.StartEngine(t)
	s.Servers[0].Start()
	s.AwaitReady(t)
	s.resumesOnce(held, instant)
	require.Equal(t, []string{"incident.logged", "incident.held", "incident.resumed"}, types(s.timeline(held)))
	s.sound()
}

func TestPostgresDies(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 1, 1)
	known := s.log("Logged before")
	s.Engine.Freeze() // so that it does not start another PostgreSQL
	s.KillPostgres(t)
	// The connections of a killed PostgreSQL live for a moment yet; these are more reads than there can be of them.
	kit.Eventually(t, bound, func() bool {
		for range 32 {
			if s.api.Get("/incidents").Status != http.StatusServiceUnavailable {
				return false
			}
		}
		return true
	})
	unavailable(t, s.api, known)
	body := object{"title": "Logged meanwhile", "impact": "low", "urgency": "low"}
	s.Engine.Thaw()
	s.AwaitReady(t)
	s.comesThrough(s.api, "/incidents", body, "new").Is(http.StatusCreated)
	s.comesThrough(s.api, known.path("start"), object{}, "start").Is(http.StatusOK)
	require.Equal(t, []string{"incident.logged", "incident.started"}, types(s.timeline(known)))
	s.becomes(1, `SELECT count(*) FROM records WHERE title = 'Logged meanwhile'`)
	s.sound()
}

// unavailable expects that nothing is accepted and nothing read, and that callers are told when to try again.
func unavailable(t *testing.T, api *kit.API, known incident) {
	t.Helper()
	start, fresh := known.path("start"), object{"title": "Logged meanwhile", "impact": "low", "urgency": "low"}
	var group sync.WaitGroup
	for name, ask := range map[string]func() *kit.Answer{
		"a new record": func() *kit.Answer { return api.Post("/incidents", fresh, "Idempotency-Key", "new") },
		"a command":    func() *kit.Answer { return api.Post(start, object{}, "Idempotency-Key", "start") },
		"in a queue": func() *kit.Answer {
			return api.Post(start, object{}, "Idempotency-Key", "start", "Prefer", "respond-async")
		},
		"a read":      func() *kit.Answer { return api.Get("/incidents/" + known.ID) },
		"a list":      func() *kit.Answer { return api.Get("/incidents") },
		"the waiting": func() *kit.Answer { return api.Get("/waiting") },
	} {
		group.Go(func() {
			answer := ask()
			assert.Equal(t, http.StatusServiceUnavailable, answer.Status, "%s: %s", name, answer.Body)
			assert.NotEmpty(t, answer.Header.Get("Retry-After"), name)
			assert.Equal(t, "unavailable", answer.Code(), name)
		})
	}
	group.Wait()
}

// A worker whose machine is gone, or that gets no time to run, still holds what its open transaction has locked.
func TestWorkerFreezesWithinItsTransaction(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 2, 1)
	s.Workers[1].Kill()
	held := s.log("Locked by a worker that is gone")
	row := s.blockRecord(held)
	sent := send(s.api, held.path("start"), object{}, "start")
	row.meets()
	s.Workers[0].Freeze()
	row.lift()
	s.Workers[1].Start()
	require.Equal(t, http.StatusAccepted, (<-sent).Status)
	s.comesThrough(s.api, held.path("start"), object{}, "start").Is(http.StatusOK)
	s.Workers[0].Thaw()
	s.sound()
	require.Equal(t, []string{"incident.logged", "incident.started"}, types(s.timeline(held)))
}
