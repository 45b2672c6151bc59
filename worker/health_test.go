package worker

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

func TestAWorkerLooksBackToTheLastHeartbeatOfAny(t *testing.T) {
	t.Parallel()
	d := setup(t)
	since, err := d.lastBeat(t.Context())
	require.NoError(t, err)
	require.Equal(t, d.clock.Now().Add(-adoptAtMost), since, "there was none")

	require.NoError(t, schemas.Beat(t.Context(), d.DB, "desk/1", d.clock.Now().Add(-time.Hour)))
	require.NoError(t, schemas.Beat(t.Context(), d.DB, "desk/2", d.clock.Now().Add(-time.Minute)))
	since, err = d.lastBeat(t.Context())
	require.NoError(t, err)
	require.Equal(t, d.clock.Now().Add(-time.Minute), since)

	d.clock.Advance(time.Hour)
	d.runs(d.beat)
	d.eventually(func() bool {
		since, err = d.lastBeat(t.Context())
		require.NoError(t, err)
		return since.Equal(d.clock.Now())
	})
}

func TestHouseIsKept(t *testing.T) {
	t.Parallel()
	d := setup(t)
	opened := d.closed() // a log and a close
	delivered, waits, failed := d.post(one, "start", domain.TargetSend), d.post(one, "resume", domain.TargetSend), d.post(other, "start", domain.TargetSend)
	for id, state := range map[string]schemas.MessageState{delivered: schemas.MessageDelivered, failed: schemas.MessageFailed} {
		require.NoError(t, schemas.SettleMessage(t.Context(), d.DB, id, state, nil, d.clock.Now()))
	}
	require.NoError(t, schemas.Beat(t.Context(), d.DB, "gone/1", d.clock.Now()))
	d.clock.Advance(keepCommands - time.Millisecond)
	recent := d.closed()
	require.NoError(t, schemas.Beat(t.Context(), d.DB, "desk/1", d.clock.Now()))

	d.keepsHouse()
	require.ElementsMatch(t, []string{"log", "close", "log", "close"}, d.verbs(opened, recent), "it is all of the last 30 days")
	require.Equal(t, []string{"desk/1"}, d.workers())

	d.clock.Advance(2 * time.Millisecond)
	d.keepsHouse()
	require.ElementsMatch(t, []string{"log"}, d.verbs(opened), "the key of what opened a record is never forgotten")
	require.ElementsMatch(t, []string{"log", "close"}, d.verbs(recent))
	_, found, err := schemas.ReadMessage(t.Context(), d.DB, delivered)
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, schemas.MessagePending, d.message(waits).State)
	require.Equal(t, schemas.MessageFailed, d.message(failed).State, "an operator has not seen to it yet")

	d.clock.Advance(keepHeartbeat + time.Millisecond)
	d.keepsHouse()
	require.Equal(t, []string{"desk/1"}, d.workers(), "the last sign of life says since when rows may be ahead")
}

// keepsHouse lets the worker keep house until it has forgotten what it forgets last, the sign of a worker long gone.
func (d *desk) keepsHouse() {
	d.t.Helper()
	const gone = "long/gone"
	require.NoError(d.t, schemas.Beat(d.t.Context(), d.DB, gone, d.clock.Now().Add(-10*keepHeartbeat)))
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- d.keepHouse(ctx) }()
	d.eventually(func() bool { return !slices.Contains(d.workers(), gone) })
	cancel()
	require.NoError(d.t, <-ended)
}

// verbs are those of the commands of some records whose keys are kept.
func (d *desk) verbs(records ...string) (verbs []string) {
	d.t.Helper()
	for _, record := range records {
		var names []string
		require.NoError(d.t, d.super.NewRaw(`SELECT name FROM commands WHERE record_id = ?`, record).Scan(d.t.Context(), &names))
		for _, name := range names {
			verbs = append(verbs, domain.Command{Name: name}.Verb())
		}
	}
	return verbs
}

func (d *desk) workers() (names []string) {
	d.t.Helper()
	require.NoError(d.t, d.super.NewRaw(`SELECT worker FROM heartbeats`).Scan(d.t.Context(), &names))
	return names
}

func TestHintsWakeOnceForAnyNumber(t *testing.T) {
	t.Parallel()
	hints := NewHints()
	for range 3 {
		hints.Wake()
	}
	require.True(t, hints.Wait(t.Context()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, hints.Wait(ended))
}
