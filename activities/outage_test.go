package activities_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// TestTheEighthStory is story 8 of the lifecycles with its exact values: workers are dead over a threshold of two hundred clocks.
func TestTheEighthStory(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.db.Apply(t, "Calendar/always", map[string]any{"timezone": "UTC", "weekly": map[string][]string{"mon": {"00:00-24:00"}}})
	d.agree("p2", `{"applies_to": "record.priority == 2", "calendar": "always", "targets": {"resolution": {"2": "4h"}, "response": {"2": "8h"}},
		"pause_on": {"reasons": ["awaiting_change"]}, "thresholds": [{"metric": "resolution", "at": "75%", "do": [{"notify": ["assignee"]}]}]}`)
	d.clock.Set("2026-11-30T07:00:00Z") // three hours before ten
	ids := make([]string, 200)
	for i := range ids {
		ids[i] = d.log(body{"impact": "high", "urgency": "medium"})
	}
	d.clock.Set("2026-11-30T09:58:00Z")
	for _, id := range ids[:10] {
		d.apply(agent, "hold", id, body{"reason": "awaiting_change"})
	}

	// From 09:59:50 to 10:12:00 no worker lives. At 10:05 an acknowledgement of the record is queued under its key.
	d.clock.Set("2026-11-30T10:05:00Z")
	word := d.post("acknowledged", ids[20], body{"by": "bo", "escalation": "ESC-1"})
	for i, id := range ids[10:] {
		d.clock.SetTo(store.Instant("2026-11-30T10:12:00Z").Add(time.Duration(i) * 100 * time.Millisecond)) // they come back one after the other
		d.tick(id)
	}
	for _, id := range ids[10:] {
		fired := 0
		for _, event := range d.events(id) {
			if event.Type != "incident.clock_reached" {
				continue
			}
			fired++
			require.Equal(t, "2026-11-30T10:00:00.000Z", event.DueAt.UTC().Format("2006-01-02T15:04:05.000Z"))
			require.GreaterOrEqual(t, *event.LatenessMS, int64(720_000))
			require.LessOrEqual(t, *event.LatenessMS, int64(750_000))
		}
		require.Equal(t, 1, fired)
	}

	// Sent once more under its key, the acknowledgement is there once, from when it was received.
	d.clock.Set("2026-11-30T10:12:30Z")
	result, err := d.Apply(t.Context(), word)
	require.NoError(t, err)
	require.Equal(t, domain.Repeated, result.Outcome)
	acknowledged := 0
	for _, event := range d.events(ids[20]) {
		if event.Type == "incident.acknowledged" {
			acknowledged++
			require.Equal(t, "2026-11-30T10:05:00Z", event.At.UTC().Format(time.RFC3339))
		}
	}
	require.Equal(t, 1, acknowledged)
	require.Equal(t, "2026-11-30T10:05:00Z", d.clockOf(ids[20], sla.Response).StoppedAt.Format(time.RFC3339))

	d.clock.Set("2026-11-30T11:00:00Z")
	for _, id := range ids[:10] {
		d.apply(agent, "resume", id, nil)
		require.Equal(t, "2026-11-30T11:02:00Z", d.clockOf(id, sla.Resolution).NextAt.Format(time.RFC3339))
	}
	d.clock.Set("2026-11-30T11:02:00Z")
	for _, id := range ids[:10] {
		d.tick(id)
		require.Equal(t, []sla.Point{{At: "75%", DueAt: store.Instant("2026-11-30T11:02:00Z"), Outcome: sla.Fired}}, d.clockOf(id, sla.Resolution).Points)
	}
	d.sound()
}

// TestAcknowledgeAndResolveCross: whichever comes first, the incident is resolved in the end, and no page may leave any more.
func TestAcknowledgeAndResolveCross(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for range 100 {
		id := d.log()
		d.apply(agent, "page", id, body{"people": []string{"bo"}, "reason": "help"})
		d.relay()
		call := d.incident(id).Escalations[0].ID
		commands := []domain.Command{d.command(agent, "resolve", id, body{"code": "fixed", "notes": "Turned it on."}), d.command(colleague, "acknowledge", call, nil)}
		commands[1].Practice, commands[1].Name = escalation.Practice, "escalation.acknowledge"
		var both sync.WaitGroup
		for _, command := range commands {
			both.Go(func() {
				_, err := d.Apply(t.Context(), command)
				require.NoError(t, err)
			})
		}
		both.Wait()
		d.deliver()
		require.Equal(t, "resolved", string(d.incident(id).State))
		require.Equal(t, escalation.Stopped, d.escalation(call).State)
		holds, err := schemas.GuardHolds(t.Context(), d.worker, domain.Guard{Kind: escalation.GuardOpen, ID: call})
		require.NoError(t, err)
		require.False(t, holds)
	}
}
