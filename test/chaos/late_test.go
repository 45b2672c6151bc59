package chaos

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An hour, scaled to seconds: what falls due while no worker lives is handled at once when one does.
func TestDeadlinesPassWhileAllWorkersAreDead(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 2, 1)
	const apart = 500 * time.Millisecond
	first := until(10 * time.Second)
	held := make([]incident, 10)
	for i := range held {
		held[i] = s.log(fmt.Sprintf("Falls due as number %d", i))
		s.holdUntil(held[i], first.Add(time.Duration(i)*apart))
	}
	// Two deadlines of one record, and a command between them that was received in time.
	vendor, saved := s.log("The vendor is late"), s.log("The vendor is late, and somebody resumes")
	promised, over := first.Add(apart), first.Add(4*apart)
	for _, of := range []incident{vendor, saved} {
		s.give(of, "hold", object{"reason": "awaiting_vendor", "vendor": "Northline", "reference": "NL-1", "promised_at": promised, "until": over})
	}
	for _, worker := range s.Workers {
		worker.Kill()
	}
	passes(t, promised)
	s.api.Post(saved.path("resume"), object{}, "Prefer", "respond-async").Is(202)
	require.True(t, time.Now().Before(over), "the command came in time")
	passes(t, first.Add(20*time.Duration(len(held))*time.Millisecond+time.Duration(len(held))*apart))
	s.becomes(0, `SELECT count(*) FROM timeline WHERE due_at IS NOT NULL`)
	began := time.Now()
	for _, worker := range s.Workers {
		worker.Start()
	}
	for i, of := range held {
		event := s.resumesOnce(of, first.Add(time.Duration(i)*apart))
		require.False(t, event.RecordedAt.Before(began.Truncate(time.Millisecond)))
	}
	s.resumesOnce(vendor, over)
	s.becomes(4, `SELECT count(*) FROM timeline WHERE record_id = ?`, saved.ID)
	for _, c := range []struct {
		of   incident
		want []string
	}{
		{vendor, []string{"incident.logged", "incident.held", "incident.promise_missed", "incident.resumed"}},
		{saved, []string{"incident.logged", "incident.held", "incident.promise_missed", "incident.resumed"}},
	} {
		events := s.timeline(c.of)
		require.Equal(t, c.want, types(events))
		require.True(t, promised.Equal(*events[2].DueAt))
	}
	require.Equal(t, "person", s.timeline(saved)[3].ActorKind, "what was received before the deadline came first")
	s.sound()
}

// Monday's opening: much falls due on one instant. How late it is handled is told, never asserted.
func TestAThousandDeadlinesOnOneInstant(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 2, 1)
	const count = 1000
	held := make([]incident, count)
	began := time.Now()
	s.sideBySide(count, func(i int) { held[i] = s.log(fmt.Sprintf("Opens on Monday, number %d", i)) })
	instant := until(10*time.Second + 2*time.Since(began)) // holding is quicker than logging
	s.sideBySide(count, func(i int) { s.holdUntil(held[i], instant) })
	s.becomes(count, `SELECT count(*) FROM timeline WHERE type = 'incident.resumed'`)
	s.becomes(count, `SELECT count(DISTINCT record_id) FROM timeline WHERE type = 'incident.resumed' AND due_at = ?`, instant)
	var late []int64
	require.NoError(t, s.rows.NewRaw(`SELECT lateness_ms FROM timeline WHERE type = 'incident.resumed' ORDER BY 1`).Scan(t.Context(), &late))
	require.GreaterOrEqual(t, late[0], int64(0), "never early")
	t.Logf("%d deadlines on one instant: half were handled within %d ms, 99 of 100 within %d ms, all within %d ms",
		count, late[count/2], late[count*99/100], late[count-1])
	s.sound()
}

// sideBySide calls do for each number below count, sixteen at a time.
func (s *system) sideBySide(count int, do func(number int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	group.Wait()
}
