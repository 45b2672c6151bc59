package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// lastReason is the reason of a record's newest event.
func (d *desk) lastReason(record string) string {
	d.t.Helper()
	events := d.events(record)
	return events[len(events)-1].Reason
}

func TestAServicePagesForItsPriorities(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.steps("night", `{"steps": [{"wait": "5m", "to": ["person:bo"]}], "fallback": ["person:ana"]}`)
	d.db.Apply(t, "ServicePolicy/mail", policy.ServicePolicy{Title: "Mail", Support: policy.Support{Team: "messaging", Calendar: "desk"}})
	d.db.Apply(t, "Team/messaging", policy.Team{Title: "Messaging", Members: []string{"ana", "bo"}, Escalation: "night"})
	d.clock.Set("2026-11-28T22:00:00Z") // Saturday
	first := d.log(body{"impact": "high", "urgency": "high"})
	require.Equal(t, []string{"incident.logged", "incident.paged"}, d.types(first))
	d.relay()
	call := d.escalation(d.incident(first).Escalations[0].ID)
	require.Equal(t, []any{"night", escalation.Calling}, []any{call.Policy, call.State})
	require.Equal(t, []string{"person:bo"}, d.pages())

	second := d.log(body{"impact": "high"})
	opens := d.incident(second).PageAt
	require.NotNil(t, opens)
	require.Equal(t, 1, d.count("deadlines", "record_id = ? AND name = 'page' AND due_at = ?", second, *opens))
	require.Contains(t, d.lastReason(second), ", when support opens")
	require.Empty(t, d.incident(second).Escalations)
	d.clock.SetTo(*opens)
	d.tick(second)
	require.Nil(t, d.incident(second).PageAt)
	require.Len(t, d.incident(second).Escalations, 1)
	d.relay()
	require.Equal(t, []string{"person:bo", "person:bo"}, d.pages())

	third := d.log(body{"service": "", "team": "messaging", "impact": "high", "urgency": "high"})
	require.Equal(t, []string{"incident.logged"}, d.types(third), "no service, nobody to page")
	d.apply(agent, "edit", third, body{"service": "mail"})
	require.Contains(t, d.types(third), "incident.paged", "another service is concerned")
	d.sound()
}

func TestAServiceCanPageByStepsOfItsOwnAndByTheDefault(t *testing.T) {
	t.Parallel()
	d := setup(t)
	require.Empty(t, d.incident(d.log(body{"impact": "high", "urgency": "high"})).Escalations, "no document says that the service pages")
	d.db.Apply(t, "ServicePolicy/mail", policy.ServicePolicy{Title: "Mail", Support: policy.Support{Team: "messaging"}})
	id := d.log(body{"impact": "high", "urgency": "high"})
	require.Equal(t, "default", d.incident(id).Escalations[0].Policy, "the team names no policy")
	d.db.Apply(t, "ServicePolicy/mail", policy.ServicePolicy{Title: "Mail", Support: policy.Support{Team: "messaging", Escalation: "mail"}, Paging: map[string]string{"3": policy.PageAlways}})
	id = d.log()
	require.Equal(t, "mail", d.incident(id).Escalations[0].Policy)
	d.apply(agent, "override_priority", id, body{"priority": 5, "reason": "one mailbox"})
	require.Empty(t, d.incident(id).Escalations)
	require.Equal(t, domain.State("new"), d.incident(id).State)
	d.relay()
}
