package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// Every command is interrupted at each of its statements in turn, before and after the statement reaches the database. What
// was interrupted left nothing behind or everything, and given again it has had exactly one effect.
func TestApplyIsAllOrNothingWhereverItIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, scene := range []struct {
		name  string
		trips int // how many round trips the command takes, BEGIN and COMMIT included
		given func(*desk) domain.Command
		rules string // of automation, none where it is empty
	}{
		{"log", 9, func(d *desk) domain.Command {
			return d.command(agent, "log", "", body{"title": "Mail is out", "impact": "high", "urgency": "low", "service": "mail"})
		}, ""},
		// What is urgent waits for changes of its service that look at it, and asks for those that it may keep from starting.
		{"log, urgent", 11, func(d *desk) domain.Command {
			return d.command(agent, "log", "", body{"title": "Mail is out", "impact": "high", "urgency": "high", "service": "mail"})
		}, ""},
		{"log, past rules that do not apply", 9, func(d *desk) domain.Command {
			return d.command(agent, "log", "", body{"title": "Mail is out", "impact": "high", "urgency": "low", "service": "mail"})
		}, `[{"name": "vip", "on": ["incident.logged"], "when": "record.requester == 'vip'", "then": [{"add_tags": ["vip"]}]}]`},
		{"log, with a rule that applies", 10, func(d *desk) domain.Command {
			return d.command(agent, "log", "", body{"title": "Mail is out", "impact": "high", "urgency": "low", "service": "mail"})
		}, `[{"name": "all", "on": ["incident.logged"], "then": [{"add_tags": ["seen"]}, {"note": "Seen."}]}]`},
		{"assign", 7, func(d *desk) domain.Command {
			return d.command(agent, "assign", d.log(), body{"assignee": "bo"})
		}, ""},
		{"merge", 8, func(d *desk) domain.Command {
			return d.command(agent, "merge_into", d.log(), body{"incident": d.log()})
		}, ""},
		{"tick with a message on the way", 8, func(d *desk) domain.Command {
			id := d.log()
			d.apply(agent, "hold", id, body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "1", "promised_at": d.clock.Now().Add(time.Hour)})
			d.post("reply", id, body{"note": 1})
			d.clock.Advance(time.Hour)
			return d.command(domain.Actor{Kind: domain.ActorTimer, Name: "tick"}, domain.Tick, id, nil)
		}, ""},
	} {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			if scene.rules != "" {
				d.follow("desk", scene.rules)
			}
			w := &wire{}
			pool, err := pg.Open(d.db.URL, pg.Worker, 1, w.option)
			require.NoError(t, err)
			defer pool.Close()
			frail := d.over(pool)
			for _, after := range []bool{false, true} {
				for n := 1; ; n++ {
					command := scene.given(d)
					// A new connection is pinged and prepares its statements at their first use; only their running is to be counted.
					_, err := frail.Apply(t.Context(), scene.given(d))
					require.NoError(t, err)
					for range 2 {
						require.NoError(t, pool.PingContext(t.Context()))
					}
					if trips := d.interrupted(frail, w, command, n, after); trips < n {
						require.Equal(t, scene.trips, trips)
						break
					}
				}
			}
			d.sound()
		})
	}
}

// interrupted gives a command while the wire breaks at its n-th statement, checks what is there, and gives it again. It
// answers the round trips that the first attempt took.
func (d *desk) interrupted(frail *activities.Activities, w *wire, command domain.Command, n int, after bool) int {
	d.t.Helper()
	before := d.traces(command)
	w.arm(n, after)
	first, err := frail.Apply(d.t.Context(), command)
	trips := w.disarm()
	if err == nil {
		require.Equal(d.t, domain.Applied, first.Outcome)
		return trips // n or more: the pool began anew by itself
	}
	require.True(d.t, pg.Transient(err), "interrupted at %d: %v", n, err)
	if !after {
		require.Equal(d.t, before, d.traces(command), "interrupted before statement %d", n)
	}
	again, err := d.Apply(d.t.Context(), command)
	require.NoError(d.t, err)
	require.Contains(d.t, []domain.Outcome{domain.Applied, domain.Repeated}, again.Outcome)
	if again.Outcome == domain.Repeated {
		require.True(d.t, after, "nothing had been committed")
	}
	effect := d.traces(command)
	require.NotEqual(d.t, before, effect)
	third, err := d.Apply(d.t.Context(), command)
	require.NoError(d.t, err)
	require.Equal(d.t, domain.Repeated, third.Outcome)
	require.Equal(d.t, again.Version, third.Version)
	require.Equal(d.t, again.View.Version, third.View.Version)
	require.Equal(d.t, effect, d.traces(command), "given again, it has no second effect")
	return trips
}

// traces is everything that a command leaves behind, counted.
func (d *desk) traces(command domain.Command) map[string]int {
	d.t.Helper()
	return map[string]int{
		"version":  d.count("records r, generate_series(1, r.version)", "r.id = ?", command.Record),
		"timeline": d.count("timeline", "record_id = ?", command.Record),
		"commands": d.count("commands", "id = ?", command.ID),
		"messages": d.count("messages", "source_id = ?", command.Record),
		"settled":  d.count("messages", "record_id = ? AND state <> 'pending'", command.Record),
		"outbox":   d.count("outbox", "record_id = ?", command.Record),
		"links":    d.count("links", "from_id = ?", command.Record),
		"words":    d.count("record_words", "record_id = ?", command.Record),
		"own":      d.count("incidents", "id = ?", command.Record),
	}
}

func TestARefusedCommandLeavesNothing(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	command := d.command(agent, "assign", id, body{"assignee": "cy"}) // not of the team
	before := d.traces(command)
	for range 2 {
		result, err := d.Apply(t.Context(), command)
		require.NoError(t, err)
		require.Equal(t, domain.Refused, result.Outcome)
		require.Equal(t, int64(1), result.View.Version)
	}
	require.Equal(t, before, d.traces(command))

	d.refuse(agent, "assign", id, []string{"not", "an", "object"})
	d.refuse(agent, "assign", id, body{"team": 5})
	d.refuse(agent, "edit", id, body{"title": "a\x00b"})
	d.refuse(agent, "edit", id, body{"title": "\\\x00"})
	d.refuse(agent, "start", domain.NewID("nobody"), nil)
	d.refuse(agent, "log", id, body{"title": "twice", "impact": "low", "urgency": "low"})
	require.Equal(t, incident.New, d.incident(id).State)
	require.Equal(t, before, d.traces(command))
}
