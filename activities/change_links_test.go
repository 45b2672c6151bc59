package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// An urgent incident stands in the way of a change until somebody links them who acts for the incident, or who could override it.
func TestALinkFreesAChangeWhoeverAnswersForIt(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"the change", "the incident"} {
		t.Run("linked at "+side, func(t *testing.T) {
			t.Parallel()
			b := settleBoard(t)
			id := b.scheduled(nil).ID
			b.clock.Advance(time.Minute)
			incident := b.log(body{"impact": "high", "urgency": "high", "team": "network", "assignee": "cy"})
			b.deliver()
			blocked := "blocking incident " + b.incident(incident).Number
			link := func(person string) {
				t.Helper()
				actor := b.by(person, domain.RoleAgent)
				if side == "the change" {
					b.do(actor, "link", id, body{"type": "fixed_by", "to": incident})
				} else {
					b.apply(actor, "link", incident, body{"type": "fixed_by", "to": id})
				}
				b.deliver()
			}
			require.Contains(t, b.conflicts(id), blocked)
			for _, person := range []string{"eli", "dee", "fred"} { // who carries it out, who asked for it, and who has nothing to do with either
				link(person)
				require.Contains(t, b.conflicts(id), blocked, person)
			}
			link("cy")
			require.NotContains(t, b.conflicts(id), blocked, "to whom the incident is assigned")

			second := b.log(body{"impact": "high", "urgency": "high", "team": "network"})
			b.deliver()
			require.Contains(t, b.conflicts(id), "blocking incident "+b.incident(second).Number)
			incident = second
			link("mona")
			require.Empty(t, b.conflicts(id), "who can override it")
			require.Equal(t, change.Scheduled, b.change(id).State)
			b.sound()
		})
	}
}

// Whoever votes on an emergency sees for what it is made.
func TestAnEmergencyIsMadeForWhatItWasSubmittedWith(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	incident := b.log(body{"impact": "high", "urgency": "high", "team": "network"})
	id := b.draft(body{"type": "emergency"})
	dee := b.by("dee", domain.RoleAgent)
	b.do(dee, "link", id, body{"type": "fixed_by", "to": incident})
	b.do(dee, "submit", id, nil)
	require.Empty(t, b.conflicts(id))

	b.apply(agent, "resolve", incident, body{"code": "fixed", "notes": "Turned it on."})
	b.clock.Advance(24 * time.Hour)
	late := b.draft(body{"type": "emergency", "configuration_items": []string{"mx2"}})
	b.do(dee, "link", late, body{"type": "fixed_by", "to": incident})
	b.clock.Advance(time.Millisecond)
	result, err := b.give(dee, "submit", late, nil)
	require.NoError(t, err)
	require.Equal(t, domain.CodeConflict, result.Refusal.Code)
	require.Contains(t, result.Refusal.Message, b.incident(incident).Number)
	b.sound()
}
