package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
)

// door is a small lifecycle: a door that opens, closes and may be knocked at; knocking opens only a closed one.
var door = &domain.Lifecycle{
	Practice: "door", Prefix: "DOR",
	States: []domain.StateInfo{{Name: "closed", Open: true, Active: true}, {Name: "open", Active: true}, {Name: "gone"}},
	Transitions: []domain.Transition{
		{Verb: "build", To: []domain.State{"closed", "open"}, Roles: []domain.Role{domain.RoleAgent}},
		{Verb: "open", From: []domain.State{"closed"}, To: []domain.State{"open"}, Roles: []domain.Role{domain.RoleAgent, domain.RoleRequester}},
		{Verb: "paint", From: []domain.State{"closed", "open"}, Roles: []domain.Role{domain.RoleTeamLead}},
		{Verb: "knock", From: []domain.State{"closed", "open", "gone"}, To: []domain.State{"open"}, Leads: map[domain.State][]domain.State{"closed": {"open"}}},
		{Verb: "tear_down", From: []domain.State{"closed", "open"}, To: []domain.State{"gone"}, Roles: []domain.Role{domain.RoleAgent}},
	},
}

func TestCheck(t *testing.T) {
	t.Parallel()
	person := func(roles ...domain.Role) domain.Actor { return domain.Actor{Kind: domain.ActorPerson, Roles: roles} }
	agent, machine := person(domain.RoleAgent), domain.Actor{Kind: domain.ActorMachine}
	for _, c := range []struct {
		verb    string
		state   domain.State
		actor   domain.Actor
		code    domain.Code
		message string
		allowed []string
	}{
		{"build", "", agent, "", "", nil},
		{"build", "open", agent, domain.CodeConflict, "the door exists already", []string{"tear_down"}},
		{"open", "closed", agent, "", "", nil},
		{"open", "open", agent, domain.CodeConflict, "open is not allowed while the door is open", []string{"tear_down"}},
		{"open", "gone", agent, domain.CodeConflict, "open is not allowed while the door is gone", []string{}},
		{"open", "closed", person(domain.RoleAuditor), domain.CodeForbidden, "open needs the permission door.open (agent or requester)", nil},
		{"paint", "open", agent, domain.CodeForbidden, "paint needs the permission door.paint (team_lead)", nil},
		{"paint", "open", person(domain.RoleAdmin), "", "", nil},
		{"paint", "gone", machine, domain.CodeConflict, "paint is not allowed while the door is gone", []string{}},
		{"knock", "gone", machine, "", "", nil},
		{"knock", "closed", person(domain.RoleAdmin), domain.CodeForbidden, "knock is given by the platform itself", nil},
		{"kick", "closed", machine, domain.CodeNotFound, `door has no command "kick"`, nil},
	} {
		err := door.Check(c.verb, c.state, c.actor)
		if c.code == "" {
			require.NoError(t, err, c.verb)
			continue
		}
		require.Equal(t, &domain.Error{Code: c.code, Message: c.message, Allowed: c.allowed}, domain.AsError(err))
	}
	require.Equal(t, []string{"open", "tear_down"}, door.Allowed("closed", agent))
	require.Equal(t, []string{"open", "paint", "tear_down"}, door.Allowed("closed", machine), "what only the platform gives is no button")
	require.Empty(t, door.Allowed("closed", person()))
	require.NotNil(t, door.Allowed("gone", agent), "JSON shows an empty list")
}

func TestTargets(t *testing.T) {
	t.Parallel()
	knock, found := door.Transition("knock")
	require.True(t, found)
	require.True(t, knock.Machine())
	require.Equal(t, []domain.State{"open"}, knock.Targets("closed"))
	require.Empty(t, knock.Targets("gone"))
	open, _ := door.Transition("open")
	require.Equal(t, []domain.State{"open"}, open.Targets("closed"))
	_, found = door.State("ajar")
	require.False(t, found)
}

func TestMermaidDrawsWhatMoves(t *testing.T) {
	t.Parallel()
	require.Equal(t, `stateDiagram-v2
    [*] --> closed : build
    [*] --> open : build
    closed --> gone : tear_down
    closed --> open : open, knock
    open --> gone : tear_down
    gone --> [*]
`, door.Mermaid())
}
