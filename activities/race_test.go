package activities_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// Workers that were thought dead may still be applying: nothing but the database orders these commands.

func TestTheSameCommandAtOnceIsAppliedOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	for _, command := range []domain.Command{
		d.command(agent, "assign", id, body{"assignee": "bo"}),
		d.command(agent, "log", "", body{"title": "Twins", "impact": "low", "urgency": "low"}),
	} {
		results := d.atOnce([]domain.Command{command, command, command, command, command, command, command, command})
		applied := 0
		for _, result := range results {
			if result.Outcome == domain.Applied {
				applied++
			} else {
				require.Equal(t, domain.Repeated, result.Outcome)
			}
			require.Equal(t, results[0].Version, result.Version)
			require.Equal(t, results[0].View.Version, result.View.Version)
		}
		require.Equal(t, 1, applied)
		require.Equal(t, 1, d.count("commands", "id = ?", command.ID))
	}
	require.Equal(t, []string{"incident.logged", "incident.assigned"}, d.types(id))
	require.Equal(t, 2, d.count("records", "true"))
	d.sound()
}

func TestTheSameKeyWithAnotherBodyIsRefused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	command := d.command(agent, "assign", d.log(), body{"assignee": "bo"})
	_, err := d.Apply(t.Context(), command)
	require.NoError(t, err)
	other := command
	other.Body, other.Digest = []byte(`{"assignee":"ana"}`), domain.Digest([]byte(`{"assignee":"ana"}`))
	result, err := d.Apply(t.Context(), other)
	require.NoError(t, err)
	require.Equal(t, domain.Refused, result.Outcome)
	require.Equal(t, int64(2), result.View.Version)
}

func TestDifferentCommandsAtOnceLoseNoUpdate(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log(body{"assignee": "ana"})
	commands := []domain.Command{}
	for i := range 24 {
		to := []string{"network", "messaging", "service-desk"}[i%3]
		commands = append(commands, d.command(agent, "assign", id, body{"team": to}))
	}
	moved := 0
	for _, result := range d.atOnce(commands) {
		if result.Outcome == domain.Applied {
			moved++
		}
	}
	found := d.incident(id)
	require.Equal(t, moved, found.ReassignmentCount, "the incident's own columns")
	require.Equal(t, int64(1+moved), found.Version, "the head")
	require.Len(t, d.events(id), 1+moved)
	d.sound()
}

func TestMergesInACircleAtOnceDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	d := setup(t)
	a, b, c := d.log(), d.log(), d.log()
	bounded, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 5 {
		commands := []domain.Command{
			d.command(agent, "merge_into", a, body{"incident": b}), d.command(agent, "merge_into", b, body{"incident": c}),
			d.command(agent, "merge_into", c, body{"incident": a}),
		}
		results := make([]domain.Result, len(commands))
		group, ctx := errgroup.WithContext(bounded)
		for i, command := range commands {
			group.Go(func() error {
				var err error
				results[i], err = d.Apply(ctx, command) // a deadlock would come back as an error to be retried
				return err
			})
		}
		require.NoError(t, group.Wait())
		refused := 0
		for i, result := range results {
			if result.Outcome == domain.Refused {
				refused++
				continue
			}
			d.apply(agent, "unmerge", commands[i].Record, nil)
		}
		require.Equal(t, 1, refused, "two merges fit, the third would close the circle")
	}
	d.sound()
}

func TestLinksToEachOtherAtOnceDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	d := setup(t)
	a, b := d.log(), d.log()
	for _, kind := range []string{"caused_by", "blocks", "follows", "child_of"} {
		var wait sync.WaitGroup
		for _, pair := range [][2]string{{a, b}, {b, a}} {
			command := d.command(agent, "link", pair[0], body{"type": kind, "to": pair[1]})
			wait.Go(func() {
				result, err := d.Apply(t.Context(), command)
				require.NoError(t, err)
				require.Equal(t, domain.Applied, result.Outcome)
			})
		}
		wait.Wait()
	}
	require.Equal(t, 8, d.count("links", "true"))
}

func TestAMergeAndTheEndOfItsTargetAgree(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for range 8 {
		target, duplicate := d.log(), d.log()
		results := d.atOnce([]domain.Command{
			d.command(agent, "merge_into", duplicate, body{"incident": target}),
			d.command(agent, "cancel", target, body{"reason": "none of ours"}),
		})
		require.Equal(t, domain.Applied, results[1].Outcome)
		if results[0].Outcome == domain.Applied {
			d.deliver()
			require.Empty(t, d.incident(duplicate).MergedInto, "the parent told it that it was canceled")
		}
	}
	d.sound()
}

func TestATickThatComesEarlyDoesNothingAndMayComeAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	tick := d.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil)
	early, err := d.Apply(t.Context(), tick)
	require.NoError(t, err)
	require.Equal(t, domain.Applied, early.Outcome)
	require.Equal(t, int64(1), early.Version)
	require.Equal(t, 4*time.Hour, early.View.WakeAfter)
	require.Zero(t, d.count("commands", "id = ?", tick.ID))

	d.clock.Advance(4 * time.Hour)
	due, err := d.Apply(t.Context(), tick)
	require.NoError(t, err)
	require.Equal(t, int64(2), due.Version)
	require.Nil(t, due.View.WakeAt)
	again, err := d.Apply(t.Context(), tick)
	require.NoError(t, err)
	require.Equal(t, domain.Repeated, again.Outcome)
	require.Equal(t, []string{"incident.logged", "incident.triage_escalated"}, d.types(id))
}

func TestTicksAtOnceHandleADeadlineOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	d.clock.Advance(5 * time.Hour)
	commands := []domain.Command{}
	for range 6 { // of different names: the row alone knows that it was handled
		commands = append(commands, d.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil))
	}
	d.atOnce(commands)
	require.Equal(t, []string{"incident.logged", "incident.triage_escalated"}, d.types(id))
}

func TestAMessageThatTheTickTookIsNotAppliedAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log(body{"resolution": body{"code": "fixed", "notes": "Done."}})
	wake := *d.incident(id).WakeAt
	d.clock.SetTo(wake.Add(-time.Second))
	reply := d.post("reply", id, body{"note": 2})
	d.clock.SetTo(wake)
	tick := d.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil)
	results := d.atOnce([]domain.Command{tick, reply, reply, tick})
	for _, result := range results {
		require.NotEqual(t, domain.Refused, result.Outcome)
	}
	require.Equal(t, incident.InProgress, d.incident(id).State)
	require.Equal(t, []string{"incident.logged", "incident.resolved", "incident.reopened"}, d.types(id))
}

// atOnce applies commands side by side and answers their results in order; what the database asks to try again is tried
// again, as Temporal does.
func (d *desk) atOnce(commands []domain.Command) []domain.Result {
	d.t.Helper()
	results := make([]domain.Result, len(commands))
	var group errgroup.Group
	for i, command := range commands {
		group.Go(func() error {
			for {
				result, err := d.Apply(d.t.Context(), command)
				if err == nil || !pg.Transient(err) {
					results[i] = result
					return err
				}
			}
		})
	}
	require.NoError(d.t, group.Wait())
	return results
}
