package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
)

// proposed are the incidents that a change may have caused, with what was decided of each.
func (w watched) proposed(id string) map[string]string {
	w.t.Helper()
	w.relay()
	list := map[string]string{}
	for _, cause := range w.change(id).Causes {
		require.NotContains(w.t, list, cause.Incident, "nothing is proposed twice")
		list[cause.Incident] = cause.Verdict
	}
	return list
}

// What an incident is on is often found out at triage, or later: a cause is proposed then as if it had been known as it was logged.
func TestACauseIsProposedOnceTheItemIsNamed(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	id := w.carriedOut()
	before := w.log() // while the change was still carried out
	w.clock.Set("2026-12-18T22:00:00Z")
	w.do(w.by("eli", domain.RoleAgent), "complete", id, body{"outcome": "successful"})
	triaged, edited, named := w.log(), w.log(), w.log(body{"configuration_items": []string{"mx2"}})
	require.Equal(t, map[string]string{named: ""}, w.proposed(id))
	w.apply(agent, "triage", triaged, body{"team": "messaging", "configuration_items": []string{"other", "mx1"}})
	w.apply(agent, "edit", edited, body{"configuration_items": []string{"other"}})
	require.Equal(t, map[string]string{named: "", triaged: ""}, w.proposed(id))
	w.clock.Set("2026-12-19T22:00:00Z")
	w.apply(agent, "edit", edited, body{"configuration_items": []string{"other", "mx2"}})
	w.apply(agent, "edit", before, body{"configuration_items": []string{"mx1"}})
	require.Equal(t, map[string]string{named: "", triaged: "", edited: ""}, w.proposed(id), "what was there before the end was not caused by it")
	w.sound()
}

// A pair is proposed once, whatever was decided about it, and however often the item is named again.
func TestACauseThatWasDeclinedIsNotProposedAgain(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	id := w.carriedOut()
	w.clock.Set("2026-12-18T22:00:00Z")
	w.do(w.by("eli", domain.RoleAgent), "complete", id, body{"outcome": "successful"})
	incident := w.log(body{"service": "mail", "configuration_items": []string{"mx1"}})
	w.apply(agent, "triage", incident, body{"team": "messaging", "configuration_items": []string{"mx1", "mx2"}}) // before the change has heard of it
	require.Equal(t, map[string]string{incident: ""}, w.proposed(id))
	w.do(w.by("ana", domain.RoleServiceOwner), "decide_cause", id, body{"incident": incident, "caused": false, "reason": "a cable"})
	w.apply(agent, "edit", incident, body{"configuration_items": []string{}})
	w.apply(agent, "edit", incident, body{"configuration_items": []string{"mx2", "mx1"}})
	require.Zero(t, w.count("messages", "state = 'pending'"), "it is not even asked")
	require.Equal(t, map[string]string{incident: "declined"}, w.proposed(id))
	w.sound()
}
