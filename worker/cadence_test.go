package worker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/test/store"
)

const daily = `"cron": "0 14 * * *", "timezone": "Europe/Berlin", "opens": {"cab_meeting": {"board": {"role": "cab_member"}}}`

// A turn that Temporal kept while the cadence was suspended, or while its document went, opens nothing; nor does one that is missed.
func TestATurnThatOpensNothingSaysWhy(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.db.Apply(t, "Cadence/rests", json.RawMessage(`{`+daily+`, "suspended": true}`))
	d.db.Apply(t, "Cadence/daily", json.RawMessage(`{`+daily+`}`))
	d.db.Apply(t, "Cadence/broken", json.RawMessage(`{"cron": "0 14 * * *", "timezone": "Mars/Olympus", "opens": {}}`))
	for name, want := range map[string]domain.TurnOutcome{"rests": domain.TurnRests, "gone": domain.TurnRests, "broken": domain.TurnRests, "daily": domain.TurnSuperseded} {
		report, err := d.turn(t.Context(), domain.CadenceTurn{Name: name, At: store.Instant("2026-11-27T13:00:00Z")})
		require.NoError(t, err, name)
		require.Equal(t, want, report.Outcome, name)
		require.NotEmpty(t, report.Why, name)
	}
}

// What is known of a cadence holds until another version of its document, or until its next turn.
func TestACadenceIsLookedAtAgainAtItsTurn(t *testing.T) {
	t.Parallel()
	next := store.Instant("2026-12-02T13:00:00Z")
	known := kept{version: 2, next: next}
	require.True(t, known.holds(2, next.Add(-time.Millisecond)))
	require.False(t, known.holds(2, next), "its turn has come")
	require.False(t, known.holds(3, next.Add(-time.Hour)), "another version")
	require.True(t, kept{version: 2}.holds(2, next), "none comes")
	require.False(t, kept{}.holds(1, next), "nothing is known yet")
}
