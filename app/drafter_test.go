package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// An agent of one team drafts a change of another team's service, and brings it on; a role that is more than an agent's is not carried
// there, and who is no agent of anything any more has their draft no longer.
func TestWhoDraftedAChangeIsItsAgent(t *testing.T) {
	t.Parallel()
	found := change.Change{Record: domain.Record{Practice: change.Practice, State: change.Draft, OpenedBy: "dee", Requester: "dee", Service: "vpn", Restricted: true}}
	dee := Principal{Handle: "dee", Grants: []Grant{{Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "messaging"}}}
	require.Subset(t, dee.change(found, change.Standing{}).AllowedCommands, []string{"edit", "submit", "cancel"})
	require.True(t, dee.change(found, change.Standing{}).MayAnnotate)

	found.State = change.Scheduled
	require.Subset(t, dee.change(found, change.Standing{}).AllowedCommands, []string{"edit", "withdraw", "revise", "cancel"})
	manager := Principal{Handle: "dee", Grants: []Grant{{Role: domain.RoleChangeManager, ScopeKind: "team", ScopeName: "messaging"}}}
	require.Contains(t, manager.change(found, change.Standing{}).AllowedCommands, "cancel")
	require.NotContains(t, manager.rolesFor(found.Record), domain.RoleChangeManager)

	for why, other := range map[string]Principal{
		"they only asked": {Handle: "rex"}, "an agent elsewhere": {Handle: "fay", Grants: dee.Grants}, "no agent any more": {Handle: "dee"},
	} {
		require.Empty(t, other.change(found, change.Standing{}).AllowedCommands, why)
	}
	incident := found.Record
	incident.Practice = domain.Incident
	require.NotContains(t, dee.rolesFor(incident), domain.RoleAgent)
}
