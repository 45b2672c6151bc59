package app

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
)

func TestWhatAdministratorsAloneMayDoTakesARoleForAll(t *testing.T) {
	t.Parallel()
	holder := func(grants ...Grant) Principal { return Principal{Handle: "ana", Grants: grants} }
	scoped := holder(
		Grant{Role: domain.RoleAdmin, ScopeKind: "team", ScopeName: "network"}, Grant{Role: domain.RoleAdmin, ScopeKind: "service", ScopeName: "mail"},
		Grant{Role: domain.RoleIncidentManager, ScopeKind: "all"},
	)
	governing := []Permission{}
	for permission, roles := range permissions {
		require.NoError(t, holder(Grant{Role: domain.RoleAdmin, ScopeKind: "all"}).mayAnywhere(permission), permission)
		if slices.Equal(roles, admins) {
			governing = append(governing, permission)
			require.Equal(t, domain.CodeForbidden, domain.CodeOf(scoped.mayAnywhere(permission)), permission)
		}
	}
	require.ElementsMatch(t, []Permission{PermissionPolicyWrite, PermissionPeopleWrite, PermissionGrantWrite, PermissionTokenWrite, PermissionDeliveryReplay, PermissionDestinationWrite}, governing)
	head := domain.Record{Team: "network"}
	require.NoError(t, scoped.may("incident.resolve", scoped.rolesFor(head)), "within their scope they may do everything to records")
}
