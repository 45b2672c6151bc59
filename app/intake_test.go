package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

func TestKeysAreTheOwnersOfTheirService(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, err := d.base.Superuser(t).NewRaw(`UPDATE services SET owner = 'bo' WHERE name = 'mail'`).Exec(t.Context())
	require.NoError(t, err)
	body := app.IntakeKeyBody{Service: "mail", Name: "prometheus"}
	agent := d.as("rita", app.Grant{Role: domain.RoleAgent, ScopeKind: "all"})
	_, err = d.MakeIntakeKey(agent, body)
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err))
	_, err = d.IntakeKeys(agent)
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err))

	named, granted := d.as("bo"), d.as("cy", app.Grant{Role: domain.RoleServiceOwner, ScopeKind: "service", ScopeName: "mail"})
	other := d.as("cy", app.Grant{Role: domain.RoleServiceOwner, ScopeKind: "service", ScopeName: "shop"})
	first, err := d.MakeIntakeKey(named, body)
	require.NoError(t, err)
	second, err := d.MakeIntakeKey(granted, app.IntakeKeyBody{Service: "mail", Name: "the next one"})
	require.NoError(t, err)
	require.NotEqual(t, first.Secret, second.Secret)
	_, err = d.MakeIntakeKey(other, body)
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err))
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(d.RevokeIntakeKey(other, first.ID)))
	_, err = d.MakeIntakeKey(d.as("ana", app.Grant{Role: domain.RoleAdmin, ScopeKind: "all"}), app.IntakeKeyBody{Service: "nothing", Name: "x"})
	require.Equal(t, domain.CodeInvalid, domain.CodeOf(err))

	// Both work until the old one is ended: a rotation has no gap.
	for _, key := range []app.NewIntakeKey{first, second} {
		_, err := d.FindIntake(t.Context(), key.Secret)
		require.NoError(t, err)
	}
	require.NoError(t, d.RevokeIntakeKey(named, first.ID))
	require.NoError(t, d.RevokeIntakeKey(named, first.ID), "one that has ended stays so")
	_, err = d.FindIntake(t.Context(), first.Secret)
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(err))
	keys, err := d.IntakeKeys(named)
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Equal(t, []string{"mail", "bo"}, []string{keys[1].Service, keys[1].RevokedBy})
}

func TestAlertsAreListedByServiceAndPage(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", app.Grant{Role: domain.RoleAdmin, ScopeKind: "all"}, app.Grant{Role: domain.RoleAgent, ScopeKind: "all"})
	made, err := d.MakeIntakeKey(admin, app.IntakeKeyBody{Service: "mail", Name: "prometheus"})
	require.NoError(t, err)
	key, err := d.FindIntake(t.Context(), made.Secret)
	require.NoError(t, err)
	for i := range 5 {
		d.clock.Advance(time.Second)
		text := fmt.Sprintf(`[{"key": "a%d", "status": "firing", "title": "a%d"}, {"key": "b%d", "status": "firing", "title": "b"}]`, i, i, i)
		_, err := d.TakeAlerts(t.Context(), key, "generic", []byte(text))
		require.NoError(t, err)
	}
	seen, query := map[string]bool{}, app.AlertQuery{Limit: 3}
	for {
		page, err := d.Alerts(admin, query)
		require.NoError(t, err)
		for _, one := range page.Items {
			require.False(t, seen[one.Key])
			seen[one.Key] = true
			require.Empty(t, one.Incident, "it is not logged yet")
		}
		if query.Cursor = page.NextCursor; query.Cursor == "" {
			break
		}
	}
	require.Len(t, seen, 10)
	_, err = d.Alerts(d.as("rita"), app.AlertQuery{})
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err))
	elsewhere, err := d.Alerts(d.as("cy", app.Grant{Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "network"}), app.AlertQuery{})
	require.NoError(t, err)
	require.Empty(t, elsewhere.Items)
	here, err := d.Alerts(d.as("cy", app.Grant{Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "messaging"}), app.AlertQuery{})
	require.NoError(t, err)
	require.Len(t, here.Items, 10, "the service is that team's")
	_, err = d.Alerts(admin, app.AlertQuery{Cursor: "x"})
	require.Equal(t, domain.CodeInvalid, domain.CodeOf(err))
}
