package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// What a restricted change works on, nobody learns who may not read it.
func TestTheAlertsOfARestrictedChangeAreListedToItsReaders(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	id := w.asked(body{"configuration_items": []string{"mx1"}, "restricted": true, "tasks": []body{{"title": "Move"}}})
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		w.vote(name, id, nil)
	}
	w.clock.Set("2026-12-18T21:00:00Z")
	w.do(w.by("eli", domain.RoleAgent), "start", id, nil)
	require.Equal(t, app.Taken{Received: 1, Held: 1}, w.tell(firing("disk", "mx1")))
	for name, sees := range map[string]int{"fred": 0, "eli": 1} {
		as := app.WithPrincipal(t.Context(), app.Principal{Handle: name, Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}}})
		for _, reference := range []string{id, w.change(id).Number} {
			page, err := w.app.Alerts(as, app.AlertQuery{Change: reference})
			require.NoError(t, err)
			require.Len(t, page.Items, sees, "%s asks for those of %s", name, reference)
		}
	}
}
