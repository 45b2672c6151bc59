package web

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestAPromiseIsToldInPlainWords(t *testing.T) {
	t.Parallel()
	at := store.Instant("2026-11-30T12:00:00Z")
	clock := func(state sla.State, change func(*app.Clock)) app.Clock {
		c := app.Clock{Clock: sla.Clock{Metric: sla.Resolution, State: state, InForce: true}}
		change(&c)
		return c
	}
	held := app.IncidentView{Incident: incident.Incident{Record: domain.Record{State: incident.OnHold}}}
	held.Hold.Base = incident.AwaitingRequester
	for _, one := range []struct {
		clock app.Clock
		words string
		late  bool
	}{
		{clock(sla.Running, func(c *app.Clock) { c.DueAt = &at }), "Promised by", false},
		{clock(sla.Paused, func(c *app.Clock) { c.ProjectedAt = &at }), "The time for it does not run while we wait for your answer. If it ran on from now, it would be promised by", false},
		{clock(sla.Breached, func(c *app.Clock) { c.BreachedAt = &at }), "We had promised it by", true},
		{clock(sla.Met, func(c *app.Clock) { c.StoppedAt = &at }), "It came in time, on", false},
		{clock(sla.Breached, func(c *app.Clock) { c.BreachedAt, c.StoppedAt = &at, &at }), "It came later than we had promised, on", true},
	} {
		told := promisesTold(held, []app.Clock{one.clock})
		require.Len(t, told, 1)
		require.Equal(t, "A solution", told[0].What)
		require.Equal(t, one.words, told[0].Words)
		require.Equal(t, one.late, told[0].Late)
		require.Equal(t, &at, told[0].At)
	}
	require.Empty(t, promisesTold(held, []app.Clock{
		clock(sla.Canceled, func(c *app.Clock) { c.StoppedAt = &at }), clock(sla.Running, func(c *app.Clock) { c.Metric = sla.OLA }),
		clock(sla.Met, func(c *app.Clock) { c.Metric, c.StoppedAt = sla.Update, &at }),
	}), "what is nothing to them")
}
