package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// names are the names of views, in order.
func names(views []app.View) []string {
	list := []string{}
	for _, view := range views {
		list = append(list, view.Name)
	}
	return list
}

func TestAViewIsSeenByThoseItIsFor(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bo, ana, rita := d.as("bo", all(domain.RoleTeamLead)), d.as("ana", all(domain.RoleAgent)), d.as("rita")
	ask := app.ViewFilter{State: []string{"open"}, Priority: []int{1, 2}, Assignee: "me", Sort: "wake_at"}
	for _, view := range []app.View{
		{Name: "Mine alone", Filter: ask, Columns: []string{"number", "priority"}},
		{Name: "For messaging", Audience: app.AudienceTeam, Team: "messaging"},
		{Name: "For everybody", Audience: app.AudienceEverybody},
	} {
		kept, err := d.SaveView(bo, "", view)
		require.NoError(t, err, view.Name)
		require.Equal(t, "bo", kept.Owner)
		require.True(t, kept.Changeable)
	}
	mine, err := d.Views(bo, domain.Incident)
	require.NoError(t, err)
	require.Equal(t, []string{"Mine alone", "For everybody", "For messaging"}, names(mine))
	require.Equal(t, ask, mine[0].Filter)
	require.Equal(t, []string{"number", "priority"}, mine[0].Columns)

	colleague, err := d.Views(ana, domain.Incident)
	require.NoError(t, err)
	require.Equal(t, []string{"For everybody", "For messaging"}, names(colleague))
	require.False(t, colleague[0].Changeable)
	asker, err := d.Views(rita, domain.Incident)
	require.NoError(t, err)
	require.Equal(t, []string{"For everybody"}, names(asker), "who is in no team")
	_, err = d.View(ana, mine[0].ID)
	refuses(t, domain.CodeNotFound, err)
	_, err = d.View(ana, "none")
	refuses(t, domain.CodeNotFound, err)
}

func TestAViewIsSharedByThoseWhoMay(t *testing.T) {
	t.Parallel()
	d := setup(t)
	everybody, team := app.View{Name: "A", Audience: app.AudienceEverybody}, app.View{Name: "B", Audience: app.AudienceTeam, Team: "messaging"}
	for _, c := range []struct {
		who      domain.Role
		handle   string
		view     app.View
		expected domain.Code
	}{
		{domain.RoleAgent, "bo", everybody, domain.CodeForbidden},
		{domain.RoleAuditor, "bo", team, domain.CodeForbidden},
		{domain.RoleAgent, "rita", team, domain.CodeInvalid},
		{domain.RoleAgent, "bo", team, ""},
		{domain.RoleTeamLead, "bo", everybody, ""},
		{domain.RoleAdmin, "rita", everybody, ""},
	} {
		_, err := d.SaveView(d.as(c.handle, all(c.who)), "", c.view)
		if c.expected == "" {
			require.NoError(t, err, "%s as %s", c.view.Name, c.who)
		} else {
			refuses(t, c.expected, err)
		}
	}
}

func TestAViewIsChangedByItsOwner(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bo, ana := d.as("bo", all(domain.RoleTeamLead)), d.as("ana", all(domain.RoleAgent))
	view, err := d.SaveView(bo, "", app.View{Name: "P1", Audience: app.AudienceEverybody})
	require.NoError(t, err)
	view.Name = "Urgent"
	_, err = d.SaveView(ana, "", view)
	refuses(t, domain.CodeForbidden, err)
	refuses(t, domain.CodeForbidden, d.DropView(ana, view.ID))
	changed, err := d.SaveView(bo, "", view)
	require.NoError(t, err)
	require.Equal(t, "Urgent", changed.Name)
	require.Equal(t, "bo", changed.Owner)
	require.NoError(t, d.DropView(d.as("rita", all(domain.RoleAdmin)), view.ID), "who publishes also tidies up")
	_, err = d.SaveView(bo, "", view)
	refuses(t, domain.CodeNotFound, err)
}

func TestTheSameKeyKeepsOneView(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bo := d.as("bo", all(domain.RoleAgent))
	first, err := d.SaveView(bo, "k", app.View{Name: "Once"})
	require.NoError(t, err)
	again, err := d.SaveView(bo, "k", app.View{Name: "Once"})
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	_, err = d.SaveView(bo, "k", app.View{Name: "Another"})
	require.Error(t, err, "another view under the same key")
	views, err := d.Views(bo, domain.Incident)
	require.NoError(t, err)
	require.Equal(t, []string{"Once"}, names(views))
}

func TestAListBeginsWithTheChosenView(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bo, ana := d.as("bo", all(domain.RoleTeamLead)), d.as("ana", all(domain.RoleAgent))
	_, err := d.DefaultView(bo, domain.Incident)
	refuses(t, domain.CodeNotFound, err)
	view, err := d.SaveView(bo, "", app.View{Name: "First", Audience: app.AudienceTeam, Team: "messaging"})
	require.NoError(t, err)
	require.NoError(t, d.ChooseView(ana, "", view.ID))
	chosen, err := d.DefaultView(ana, domain.Incident)
	require.NoError(t, err)
	require.Equal(t, view.ID, chosen.ID)
	require.True(t, chosen.Default)
	_, err = d.DefaultView(bo, domain.Incident)
	refuses(t, domain.CodeNotFound, err)

	view.Audience, view.Team = app.AudiencePrivate, ""
	_, err = d.SaveView(bo, "", view)
	require.NoError(t, err)
	_, err = d.DefaultView(ana, domain.Incident)
	refuses(t, domain.CodeNotFound, err)
	require.NoError(t, d.ChooseView(ana, domain.Incident, ""))
	refuses(t, domain.CodeNotFound, d.ChooseView(ana, "", view.ID))
	require.NoError(t, d.ChooseView(bo, "", view.ID))
	require.NoError(t, d.DropView(bo, view.ID))
	_, err = d.DefaultView(bo, domain.Incident)
	refuses(t, domain.CodeNotFound, err)
}

func TestNoViewThatCouldNotBeShownIsKept(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bo := d.as("bo", all(domain.RoleAdmin))
	for _, view := range []app.View{
		{Name: " "},
		{Name: "a\nb"},
		{Name: "x", Audience: "friends"},
		{Name: "x", Audience: app.AudienceTeam},
		{Name: "x", Team: "messaging"},
		{Name: "x", Filter: app.ViewFilter{State: []string{"asleep"}}},
		{Name: "x", Filter: app.ViewFilter{Priority: []int{9}}},
		{Name: "x", Filter: app.ViewFilter{Sort: "title"}},
		{Name: "x", Filter: app.ViewFilter{Type: "standard"}},
		{Name: "x", Practice: "change", Filter: app.ViewFilter{Clock: "breached"}},
		{Name: "x", Practice: "change", Filter: app.ViewFilter{Sort: "title"}},
		{Name: "x", Columns: []string{"a;b"}},
	} {
		_, err := d.SaveView(bo, "", view)
		refuses(t, domain.CodeInvalid, err)
	}
	_, err := d.SaveView(bo, "", app.View{Name: "x", Practice: "release"})
	refuses(t, domain.CodeNotFound, err)
}

func TestCountsAreThoseOfTheReader(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for i := range 5 {
		d.incident(func(one *incident.Incident) {
			one.Priority, one.Restricted = 1+i%2, i == 0
			if i == 4 {
				one.State, one.Open, one.Requester = incident.Resolved, false, "bo"
			}
		})
	}
	asked := []app.ViewFilter{{State: []string{"open"}}, {Priority: []int{2}}, {State: []string{"resolved"}}, {Team: "network"}, {Requester: "me"}}
	agent, err := d.CountViews(d.as("cy", all(domain.RoleAgent)), domain.Incident, asked)
	require.NoError(t, err)
	require.Equal(t, []int{3, 2, 1, 0, 0}, agent, "one is restricted")
	asker, err := d.CountViews(d.as("bo"), "", asked)
	require.NoError(t, err)
	require.Equal(t, []int{0, 0, 1, 0, 1}, asker)
	none, err := d.CountViews(d.as("bo"), "", nil)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = d.CountViews(d.as("bo"), "", make([]app.ViewFilter, app.MaxViews+1))
	refuses(t, domain.CodeInvalid, err)
}
