package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// offered are the commands that the page offers to somebody.
func (d *desk) offered(actor domain.Actor) []string {
	return change.Offered(d.record, actor, change.Standing{Teams: d.facts.ActorTeams, Owns: d.owns(actor.Name), At: d.now})
}

// reader is somebody who reads the change because they are asked: the role of an approver stands for that.
func reader(name string) domain.Actor { return person(name, domain.RoleApprover) }

func TestWhoeverOwnsTheServiceSaysWhatTheChangeCaused(t *testing.T) {
	t.Parallel()
	d := ended(t, "successful")
	d.facts.ActorTeams = nil
	d.facts.Judges["erp"] = []change.Judge{{Person: "leo"}, {Person: "lou"}}
	d.do(other, "cause_proposed", body{"incident": otherID, "number": "INC-000003", "service": "erp"})
	require.Equal(t, []string{"person:leo", "person:lou"}, d.told("change.cause_proposed"))
	verdict := body{"incident": "INC-000003", "caused": true}
	for _, name := range []string{"olga", "mona", "gus"} {
		actor := person(name, domain.RoleServiceOwner, domain.RoleChangeManager, domain.RoleApprover)
		require.NotContains(t, d.offered(actor), "decide_cause", name)
		d.refuse(domain.CodeForbidden, actor, "decide_cause", verdict)
	}
	require.Contains(t, d.offered(reader("leo")), "decide_cause")
	d.do(reader("leo"), "decide_cause", verdict)
	require.Equal(t, "leo", d.record.Causes[0].By)
}

// Where every owner carried the change out, and where there is none, a change manager who did not is asked from the start; where nobody
// decides in time, one decides too.
func TestAChangeManagerSaysWhatTheChangeCausedWhereNobodyElseMayOrDoes(t *testing.T) {
	t.Parallel()
	verdict := body{"incident": "INC-000003", "caused": false}
	for why, story := range map[string]struct {
		judges []change.Judge
		asked  string
		waits  bool
	}{
		"the owner carried it out":        {[]change.Judge{{Person: "eli"}}, "role:change_manager", false},
		"the owner's team owns a task":    {[]change.Judge{{Person: "olga", Teams: []string{"hands"}}}, "role:change_manager", false},
		"nobody owns the service":         {nil, "role:change_manager", false},
		"the owner has not said anything": {[]change.Judge{{Person: "olga"}}, "person:olga", true},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			d := authorised(t, body{"tasks": []body{{"title": "Copy", "owner": "team:hands"}}})
			d.facts.ActorTeams, d.facts.Judges["shop"] = nil, story.judges
			d.at("2026-12-18 22:05").do(eli, "start", nil)
			d.do(eli, "back_out", body{"notes": "It broke."})
			d.do(other, "cause_proposed", body{"incident": otherID, "number": "INC-000003", "service": "shop"})
			require.Equal(t, []string{story.asked}, d.told("change.cause_proposed"))
			if story.waits {
				require.NotContains(t, d.offered(mona), "decide_cause")
				d.refuse(domain.CodeForbidden, mona, "decide_cause", verdict)
				d.at("2026-12-24 09:00").catchUp()
				require.Equal(t, []string{"role:change_manager"}, d.told("change.cause_overdue"))
			}
			require.NotContains(t, d.offered(person("eli", domain.RoleChangeManager)), "decide_cause")
			d.refuse(domain.CodeForbidden, person("eli", domain.RoleChangeManager), "decide_cause", verdict)
			d.refuse(domain.CodeForbidden, reader("gus"), "decide_cause", verdict)
			require.Contains(t, d.offered(mona), "decide_cause")
			d.do(mona, "decide_cause", verdict)
			d.do(mona, "review", body{"findings": "Check the indexes first"})
			d.at("2026-12-27 09:00").catchUp()
			require.Equal(t, change.Closed, d.record.State, "nothing keeps it open")
		})
	}
}
