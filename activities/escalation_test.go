package activities_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// steps applies an EscalationPolicy.
func (d *desk) steps(name, text string) {
	d.t.Helper()
	var spec escalation.Policy
	require.NoError(d.t, json.Unmarshal([]byte(text), &spec))
	require.Empty(d.t, spec.Validate())
	d.db.Apply(d.t, "EscalationPolicy/"+name, spec)
}

func (d *desk) escalation(id string) escalation.Escalation {
	d.t.Helper()
	found, exists, err := schemas.ReadEscalation(d.t.Context(), d.worker, everything, id)
	require.NoError(d.t, err)
	require.True(d.t, exists)
	return found
}

// pages lists the pages in the outbox, as "step who".
func (d *desk) pages() []string {
	d.t.Helper()
	var rows []struct {
		Recipients []string       `bun:"recipients,type:jsonb"`
		Data       map[string]any `bun:"data,type:json"`
	}
	require.NoError(d.t, d.worker.NewRaw("SELECT recipients, data FROM outbox WHERE kind = 'escalation.page' AND lane = 'page' ORDER BY position").Scan(d.t.Context(), &rows))
	list := []string{}
	for _, row := range rows {
		list = append(list, strings.Join(row.Recipients, " "))
	}
	return list
}

func (d *desk) tickEscalation(id string) {
	d.t.Helper()
	command := d.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil)
	command.Practice, command.Name = escalation.Practice, "escalation."+domain.Tick
	result, err := d.Apply(d.t.Context(), command)
	require.NoError(d.t, err)
	require.Equal(d.t, domain.Applied, result.Outcome)
}

func (d *desk) escalate(actor domain.Actor, verb, id string, content any) domain.Result {
	d.t.Helper()
	command := d.command(actor, verb, id, content)
	command.Practice, command.Name = escalation.Practice, "escalation."+verb
	result, err := d.Apply(d.t.Context(), command)
	require.NoError(d.t, err)
	return result
}

func TestABrokenPromiseCallsUntilSomebodyTakesCare(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.steps("major", `{"steps": [
		{"wait": "5m", "to": ["schedule:nobody"]}, {"wait": "10m", "to": ["role:team_lead", "person:gone"]}, {"wait": "10m", "to": ["team:network"]}],
		"fallback": ["person:bo"]}`)
	d.agree("gold", `{"applies_to": "true", "targets": {"resolution": {"3": "1h"}, "response": {"3": "3h"}},
		"thresholds": [{"metric": "resolution", "at": "50%", "do": [{"escalate": "major"}]}, {"metric": "resolution", "at": "100%", "do": [{"escalate": "major"}]}]}`)
	id := d.log()
	d.clock.Set("2026-11-30T09:30:00Z")
	d.tick(id)
	require.Len(t, d.incident(id).Escalations, 1)
	d.relay()
	call := d.escalation(d.incident(id).Escalations[0].ID)
	require.Equal(t, []any{escalation.Calling, 2, "ESC-000001"}, []any{call.State, call.Step, call.Number})
	require.Equal(t, "resolution of gold reached 50%", call.Why)
	require.Equal(t, []string{"person:ana"}, d.pages(), "the lead of messaging")

	d.clock.Set("2026-11-30T09:40:00Z")
	d.tickEscalation(call.ID)
	require.Equal(t, 3, d.escalation(call.ID).Step)
	d.clock.Set("2026-11-30T10:00:00Z")
	d.tick(id) // the end of the target: the same policy calls already
	require.Len(t, d.incident(id).Escalations, 1)
	d.tickEscalation(call.ID)
	require.Equal(t, escalation.Exhausted, d.escalation(call.ID).State)

	require.Equal(t, domain.Applied, d.escalate(colleague, "acknowledge", call.ID, nil).Outcome)
	d.relay()
	require.Contains(t, d.types(id), "incident.acknowledged")
	require.Equal(t, "met", string(d.clockOf(id, "response").State))
	held := d.escalation(call.ID)
	require.Equal(t, "bo", held.AcknowledgedBy)
	d.clock.SetTo(*held.HoldsUntil)
	d.tickEscalation(call.ID)
	require.Equal(t, escalation.Calling, d.escalation(call.ID).State, "nothing came of it")

	d.apply(agent, "resolve", id, body{"code": "fixed", "notes": "Turned it on."})
	holds, err := schemas.GuardHolds(t.Context(), d.worker, domain.Guard{Kind: escalation.GuardCalling, ID: call.ID})
	require.NoError(t, err)
	require.False(t, holds, "no page leaves once the record is resolved, even before the escalation hears of it")
	d.relay()
	require.Equal(t, escalation.Stopped, d.escalation(call.ID).State)
	require.Empty(t, d.incident(id).Escalations)
	d.sound()
}

func TestAPageByHandReachesThosePeople(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log(body{"restricted": true})
	require.Contains(t, d.refuse(agent, "page", id, body{"people": []string{"gone"}, "reason": "help"}).Message, "gone is not known or not active")
	d.apply(agent, "page", id, body{"people": []string{"bo"}, "reason": "help"})
	d.relay()
	call := d.escalation(d.incident(id).Escalations[0].ID)
	require.Equal(t, []string{"person:bo"}, d.pages())
	require.Equal(t, "A restricted incident", call.Title)
	d.apply(agent, "merge_into", id, body{"incident": d.incident(d.log()).Number})
	d.relay()
	require.Equal(t, escalation.Stopped, d.escalation(call.ID).State)
}
