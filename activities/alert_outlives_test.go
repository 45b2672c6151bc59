package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// endedBy closes an incident by hand.
func (w watched) endedBy(id string) {
	w.t.Helper()
	w.apply(agent, "resolve", id, body{"code": "fixed", "notes": "Cleaned up."})
	w.apply(agent, "close", id, nil)
}

func TestAnAlertThatOutlivesItsIncidentOpensAnother(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.tell(firing("disk", "mx1"))
	w.relay()
	first := w.about("disk")
	w.apply(agent, "resolve", first.ID, body{"code": "fixed", "notes": "Cleaned up."})
	require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")), "it may still become quiet")
	w.apply(agent, "close", first.ID, nil)
	w.clock.Advance(4 * time.Hour)
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, w.tell(firing("disk", "mx1")))
	require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")), "also while that waits to be logged")
	w.relay()
	require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")))
	w.relay()
	second := w.about("disk")
	require.Equal(t, []string{"closed", "new"}, w.opened())
	require.Equal(t, 1, w.count("links", "from_id = ? AND type = 'follows' AND to_id = ?", second.ID, first.ID))
	require.Equal(t, []int{1, 1}, []int{w.count("alerts", "NOT firing AND times = 2"), w.count("alerts", "firing AND times = 3")})

	require.Equal(t, app.Taken{Received: 1, Stopped: 1}, w.tell(over("disk")))
	w.relay()
	require.Equal(t, incident.Resolved, w.incident(second.ID).State)
	w.sound()
}

// Somebody said that it needs no incident; a day later it is asked again, and the next answer holds for a day as well.
func TestAnAlertWhoseIncidentWasCanceledIsQuietForADay(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.tell(firing("disk", "mx1"))
	w.relay()
	for _, states := range [][]string{{"canceled", "new"}, {"canceled", "canceled", "new"}} {
		canceled := w.about("disk")
		w.apply(agent, "cancel", canceled.ID, body{"reason": "noise"})
		for range 5 {
			w.clock.Advance(4 * time.Hour)
			require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")))
		}
		w.clock.Advance(4 * time.Hour)
		require.Equal(t, app.Taken{Received: 1, Opened: 1}, w.tell(firing("disk", "mx1")))
		w.relay()
		require.Equal(t, states, w.opened())
		require.Equal(t, 1, w.count("links", "from_id = ? AND type = 'follows' AND to_id = ?", w.about("disk").ID, canceled.ID))
	}
	w.sound()
}

// What was closed as a duplicate is as open as the incident that it followed.
func TestAnAlertFollowsADuplicateToItsParent(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.tell(firing("disk", "mx1"))
	w.relay()
	duplicate, parent := w.about("disk"), w.log()
	w.apply(agent, "merge_into", duplicate.ID, body{"incident": parent})
	w.relay()
	require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")))
	w.endedBy(parent)
	w.relay()
	w.apply(agent, "reopen", parent, body{"reason": "not yet"})
	require.Equal(t, incident.Closed, w.incident(duplicate.ID).State)
	require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")), "the parent is worked on")
	w.endedBy(parent)
	w.deliver() // what is closed is not closed again
	w.clock.Advance(time.Minute)
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, w.tell(firing("disk", "mx1")))
	w.relay()
	require.Equal(t, 1, w.count("links", "from_id = ? AND type = 'follows' AND to_id = ?", w.about("disk").ID, parent))
	w.sound()
}

// An alert whose incident is closed while a change works on its item is that change's, until it settles.
func TestAnAlertThatOutlivesItsIncidentMayBeHeld(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.tell(firing("disk", "mx1"))
	w.relay()
	first := w.about("disk").ID
	w.endedBy(first)
	id := w.carriedOut()
	require.Equal(t, app.Taken{Received: 1, Held: 1}, w.tell(firing("disk", "mx1")))
	require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")))
	w.do(w.by("eli", "agent"), "complete", id, body{"outcome": "successful"})
	w.clock.Set("2026-12-18T21:10:00Z")
	w.rings(id)
	w.relay()
	require.Equal(t, []string{"closed", "new"}, w.opened())
	require.NotEqual(t, first, w.about("disk").ID)
	w.sound()
}
