package change_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// everything is dee with every role that a command of changes asks for.
var everything = person("dee", domain.RoleAgent, domain.RoleTeamLead, domain.RoleChangeManager, domain.RoleCABMember, domain.RoleApprover,
	domain.RoleServiceOwner, domain.RoleIncidentManager, domain.RoleAdmin)

// TestDeeNeverApprovesHerOwnChange: the ways in which whoever asks for a change might decide it, one by one. Those that need accounts,
// links or documents are tested where these are (test/integration, app, domain/proposal).
func TestDeeNeverApprovesHerOwnChange(t *testing.T) {
	t.Parallel()
	for way, story := range map[string]struct {
		more  body
		actor domain.Actor
		verb  string
		body  func(d *desk) body
	}{
		"her own vote":                 {actor: everything, verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", nil) }},
		"her own vote, on conditions":  {actor: everything, verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve_with", body{"conditions": []string{"c"}}) }},
		"as a delegate":                {actor: everything, verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", body{"for": "fay"}) }},
		"in the stage of the schedule": {actor: everything, verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", body{"stage": "window"}) }},
		"breaking the glass":           {actor: everything, verb: "break_glass", body: func(*desk) body { return body{"reason": "it is urgent"} }},
		"closing the voting":           {actor: everything, verb: "close_voting", body: func(*desk) body { return body{"stage": "cab"} }},
		"asking others":                {actor: everything, verb: "ask_others", body: func(*desk) body { return body{"stage": "cab", "people": []string{"pal"}, "reason": "r"} }},
		"putting the vote off":         {actor: everything, verb: "defer", body: func(*desk) body { return body{"stage": "cab", "until": berlin("2026-12-10 12:00"), "reason": "r"} }},
		"as a machine":                 {actor: domain.Actor{Kind: domain.ActorMachine, Name: "dee"}, verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", nil) }},
		"as a machine account":         {actor: domain.Actor{Kind: domain.ActorPerson, Name: "robot", Machine: true, Roles: everything.Roles}, verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", nil) }},
		"as a rule of automation":      {actor: domain.Actor{Kind: domain.ActorPolicy, Name: "AutomationRules/dee"}, verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", nil) }},
		"on behalf of another":         {more: body{"requester": "gus"}, actor: everything, verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", nil) }},
		"as the owner of a task":       {more: body{"tasks": []body{{"title": "Copy", "owner": "person:ana"}}}, actor: member("ana"), verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", nil) }},
		"as the implementer":           {actor: member("eli"), verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", nil) }},
		"as whom she asked for it":     {more: body{"requester": "ana"}, actor: member("ana"), verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", nil) }},
		"by a delegate of hers":        {actor: member("hal"), verb: "cast_vote", body: func(d *desk) body { return d.ballot("approve", body{"for": "dee"}) }},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			d := asked(t, story.more)
			d.facts.Voting.Delegations = append(d.facts.Voting.Delegations, approval.Delegation{Principal: "dee", Delegate: "hal"})
			before := d.record.Approval.Verdict()
			d.refuse(domain.CodeForbidden, story.actor, story.verb, story.body(d))
			require.Equal(t, before, d.record.Approval.Verdict())
		})
	}
}

// What becomes hers, or of those who decide, afterwards is no way either.
func TestDeeNeverApprovesHerOwnChangeLater(t *testing.T) {
	t.Parallel()
	t.Run("a role that she is given later", func(t *testing.T) {
		t.Parallel()
		d := asked(t, nil)
		d.facts.Voting.Seats["role:change_manager"] = seats("mona", "dee")
		d.do(other, "electorate_changed", nil)
		d.refuse(domain.CodeForbidden, everything, "cast_vote", d.ballot("approve", body{"stage": "window"}))
	})
	t.Run("others are asked, and she is one", func(t *testing.T) {
		t.Parallel()
		d := asked(t, nil)
		d.vote(member("sec"), "recuse", nil)
		require.Equal(t, approval.StageError, d.stage("cab").State)
		d.facts.Voting.Seats["person:dee"] = []approval.Member{{Person: "dee", As: []string{"person:dee"}}}
		d.refuse(domain.CodeConflict, mona, "ask_others", body{"stage": "cab", "people": []string{"dee"}, "reason": "r"})
	})
	t.Run("she becomes the implementer after her vote", func(t *testing.T) {
		t.Parallel()
		d := asked(t, nil)
		for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
			d.vote(member(name), "approve", nil)
		}
		require.Equal(t, change.Scheduled, d.record.State)
		d.do(dee, "edit", body{"assignee": "ana"})
		require.Equal(t, approval.AsImplementer, d.stage("cab").Members[0].Left)
		for _, vote := range d.stage("cab").InForce() {
			require.NotEqual(t, "ana", vote.By)
		}
	})
	t.Run("a policy that asks her alone", func(t *testing.T) {
		t.Parallel()
		d := setup(t, "2026-12-01 10:00")
		d.facts.Voting.Candidates = []approval.Candidate{candidate(t, "hers", `{"when": "true", "stages": [{"name": "hers", "electorate": ["person:dee"], "rule": {"threshold": 1}}]}`)}
		d.facts.Voting.Seats["person:dee"] = []approval.Member{{Person: "dee", As: []string{"person:dee"}}}
		d.do(dee, "draft", content(nil))
		d.do(dee, "submit", nil)
		d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
		d.do(fred, "peer_review", nil)
		require.Equal(t, approval.StageError, d.stage("hers").State, "nobody is left to vote, which approves nothing")
		d.refuse(domain.CodeForbidden, everything, "break_glass", body{"reason": "nobody else"})
	})
	t.Run("recorded afterwards", func(t *testing.T) {
		t.Parallel()
		d := setup(t, "2026-12-01 10:00")
		d.facts.Urgent = []change.Urgent{{Number: "INC-000002", OpenedAt: d.now.Add(-time.Hour)}}
		d.do(dee, "draft", content(body{"type": "emergency"}))
		d.do(dee, "record_retrospective", body{"actual_start": berlin("2026-12-01 08:00"), "actual_end": berlin("2026-12-01 09:00"), "outcome": "successful", "notes": "n"})
		d.refuse(domain.CodeForbidden, everything, "cast_vote", d.ballot("approve", nil))
		require.NotEqual(t, approval.Approved, d.record.Approval.Verdict())
	})
	t.Run("her own peer review", func(t *testing.T) {
		t.Parallel()
		d := setup(t, "2026-12-01 10:00")
		d.do(dee, "draft", content(nil))
		d.do(dee, "submit", nil)
		d.refuse(domain.CodeForbidden, everything, "assess", nil)
		d.refuse(domain.CodeForbidden, everything, "peer_review", nil)
	})
}
