package app_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// TestAHandleIsGivenToOneOnly: two administrators write somebody new under the same handle in the same moment.
func TestAHandleIsGivenToOneOnly(t *testing.T) {
	t.Parallel()
	d := setup(t)
	names := []string{"Eve", "Evan", "Evelyn", "Ever"}
	outcomes := make([]error, len(names))
	var writers sync.WaitGroup
	for i, name := range names {
		writers.Go(func() {
			_, outcomes[i] = d.AddPerson(d.as("ana", all(domain.RoleAdmin)), app.Person{Handle: "eve", Name: name, Active: true})
		})
	}
	writers.Wait()
	eve, err := d.Person(d.as("ana", all(domain.RoleAdmin)), "eve")
	require.NoError(t, err)
	for i, name := range names {
		if name == eve.Name {
			require.NoError(t, outcomes[i])
		} else {
			require.Equal(t, "body.handle", refuses(t, domain.CodeInvalid, outcomes[i]).Fields[0].Location)
		}
	}
	_, err = d.AddPerson(d.as("ana", all(domain.RoleAdmin)), app.Person{Handle: "eve", Name: eve.Name, Active: true})
	require.NoError(t, err, "a form that is sent twice")
}

func TestNobodyIsCalledByAWordThatListsTakeForOthers(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", all(domain.RoleAdmin))
	for _, handle := range []string{"me", "none"} {
		_, err := d.SavePerson(admin, app.Person{Handle: handle, Name: "Me", Active: true})
		require.Equal(t, "body.handle", refuses(t, domain.CodeInvalid, err).Fields[0].Location)
	}
	added, err := d.Introduce(admin, map[string]string{"me": "Me", "none": "None", "noel": "Noel"})
	require.NoError(t, err)
	require.Equal(t, 1, added)
}

func TestAGrantIsForATeamOrAServiceThatExists(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", all(domain.RoleAdmin))
	for _, grant := range []app.Grant{
		ofTeam(domain.RoleAgent, "nowhere"), ofTeam(domain.RoleAgent, "mail"), ofService(domain.RoleAgent, "nothing"), ofService(domain.RoleAgent, "messaging"),
	} {
		grant.Person = "bo"
		_, err := d.GiveGrant(admin, grant)
		require.Equal(t, "body.scope_name", refuses(t, domain.CodeInvalid, err).Fields[0].Location)
	}
	for _, grant := range []app.Grant{ofTeam(domain.RoleAgent, "network"), ofService(domain.RoleAgent, "mail"), all(domain.RoleAuditor)} {
		grant.Person = "bo"
		_, err := d.GiveGrant(admin, grant)
		require.NoError(t, err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	d := setup(t)
	installs := d.as("holdfast", all(domain.RoleAdmin))
	admin := func(person string) app.Grant {
		return app.Grant{Person: person, Role: domain.RoleAdmin, ScopeKind: "all"}
	}
	for _, person := range []string{"ana", "gone"} { // gone is not active
		_, err := d.GiveGrant(installs, admin(person))
		require.NoError(t, err)
	}
	leaves := func() []error {
		_, takes := d.TakeGrant(installs, admin("ana"))
		_, deactivates := d.SavePerson(installs, app.Person{Handle: "ana", Name: "Ana", Active: false})
		return []error{takes, deactivates}
	}
	for _, err := range leaves() {
		require.Contains(t, refuses(t, domain.CodeInvalid, err).Message, "the last active administrator")
	}
	_, err := d.SavePerson(installs, app.Person{Handle: "ana", Name: "Anna", Active: true})
	require.NoError(t, err)
	_, err = d.TakeGrant(installs, admin("gone"))
	require.NoError(t, err)

	_, err = d.GiveGrant(installs, admin("bo"))
	require.NoError(t, err)
	var group sync.WaitGroup
	errs := make([]error, 2)
	for i, person := range []string{"ana", "bo"} {
		group.Go(func() { _, errs[i] = d.TakeGrant(installs, admin(person)) })
	}
	group.Wait()
	require.NotEqual(t, errs[0] == nil, errs[1] == nil, "two who end each other's rights leave one: %v", errs)
}

func TestARequesterSeesOfOthersWhatTheyAreCalled(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", all(domain.RoleAdmin))
	for _, person := range []app.Person{
		{Handle: "bo", Name: "Bo", Mail: "bo@secret.example", Zone: "Europe/Berlin", Active: true},
		{Handle: "rita", Name: "Rita", Mail: "rita@secret.example", Active: true},
	} {
		_, err := d.SavePerson(admin, person)
		require.NoError(t, err)
	}
	_, err := d.GiveGrant(admin, app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"})
	require.NoError(t, err)
	called := app.Person{Handle: "bo", Name: "Bo", Active: true}
	for _, requester := range []context.Context{d.as("rita"), d.as("rita", all(domain.RoleRequester))} {
		bo, err := d.Person(requester, "bo")
		require.NoError(t, err)
		require.Equal(t, called, bo)
		people, err := d.People(requester, "bo", 0)
		require.NoError(t, err)
		require.Equal(t, []app.Person{called}, people)
		people, err = d.People(requester, "secret.example", 0)
		require.NoError(t, err)
		require.Empty(t, people, "an address cannot be guessed by searching")
		rita, err := d.Person(requester, "rita")
		require.NoError(t, err)
		require.Equal(t, "rita@secret.example", rita.Mail, "their own")
		_, err = d.Grants(requester, "bo")
		refuses(t, domain.CodeForbidden, err)
		_, err = d.Grants(requester, "rita")
		require.NoError(t, err)
		_, err = d.Policies(requester, "")
		require.NoError(t, err)
	}
	agent := d.as("cy", ofTeam(domain.RoleAgent, "network"))
	people, err := d.People(agent, "secret.example", 0)
	require.NoError(t, err)
	require.Len(t, people, 2)
	require.Equal(t, "Europe/Berlin", people[0].Zone)
	grants, err := d.Grants(agent, "bo")
	require.NoError(t, err)
	require.Len(t, grants, 1)
}
