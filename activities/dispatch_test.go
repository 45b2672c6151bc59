package activities_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// What one person chose cannot be read: everybody is told all the same, and a page tries every contact of theirs.
func TestWhatOnePersonChoseHoldsUpNobody(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.listen("gateway", nil, domain.ChannelPush, domain.ChannelVoice)
	p.pagedBy("bo")
	_, err := p.db.App(t).NewRaw(`UPDATE notification_rules SET pages = '["nothing"]', notices = '[7]' WHERE person = 'bo'`).Exec(t.Context())
	require.NoError(t, err)
	p.log()
	p.dispatch()
	told := map[string]bool{}
	for _, row := range p.deliveries(schemas.DeliveryQuery{}) {
		told[row.Person] = true
		require.Equal(t, domain.ChannelMail, row.Channel)
	}
	require.Equal(t, map[string]bool{"ana": true, "bo": true, "rita": true}, told)

	p.callBoThenCy()
	require.ElementsMatch(t, []string{"mail", "push", "voice"}, p.due("bo"))
}

// Steps with many targets are read in as many statements as steps with one.
func TestTargetsAreReadAtOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.db.Apply(t, "OnCallSchedule/primary", weekly("ana", "bo"))
	d.db.Apply(t, "OnCallSchedule/secondary", weekly("cy"))
	d.db.Apply(t, "OnCallSchedule/third", weekly("rita"))
	few := `{"steps": [{"wait": "5m", "to": ["schedule:primary", "person:bo", "team:messaging", "role:team_lead"]}], "fallback": ["person:ana"]}`
	many := `{"steps": [{"wait": "5m", "to": ["schedule:primary", "schedule:secondary", "schedule:third", "schedule:none", "person:cy", "person:bo", "person:gone",
		"team:messaging", "team:network", "role:team_lead", "role:admin"]}], "fallback": ["person:ana", "role:incident_manager"]}`
	wire := &wire{}
	pool, err := pg.Open(d.db.URL, pg.Worker, 1, wire.option)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	frail := d.over(pool)
	trips := func(policy string) (int, []string) {
		id := d.log()
		d.apply(agent, "page", id, body{"policy": policy, "reason": "help"})
		wire.arm(0, false)
		result, err := frail.Apply(t.Context(), d.queued(d.incident(id).Escalations[0].ID))
		require.NoError(t, err)
		require.Equal(t, domain.Applied, result.Outcome)
		return wire.disarm(), d.escalation(d.incident(id).Escalations[0].ID).Told
	}
	d.steps("few", few)
	d.steps("many", many)
	for _, policy := range []string{"few", "many"} { // a connection prepares its statements at their first use
		trips(policy)
	}
	one, told := trips("few")
	require.ElementsMatch(t, []string{"ana", "bo"}, told)
	two, told := trips("many")
	require.ElementsMatch(t, []string{"ana", "bo", "cy", "rita"}, told)
	require.Equal(t, one, two)
}

// queued is the command that waits for a record.
func (d *desk) queued(record string) domain.Command {
	d.t.Helper()
	rows, err := schemas.MessagesBefore(d.t.Context(), d.worker, record, d.clock.Now().Add(time.Minute))
	require.NoError(d.t, err)
	require.Len(d.t, rows, 1)
	var command domain.Command
	require.NoError(d.t, json.Unmarshal(rows[0].Command, &command))
	return command
}
