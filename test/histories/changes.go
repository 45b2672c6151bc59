package main

import (
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/store"
)

var (
	implementer = domain.Actor{Kind: domain.ActorPerson, Name: "bo", Roles: []domain.Role{domain.RoleAgent}}
	chair       = domain.Actor{Kind: domain.ActorPerson, Name: "cy", Roles: []domain.Role{domain.RoleChangeManager, domain.RoleApprover}}
)

// tell gives a command of a practice that must be applied, and answers its record.
func (p *player) tell(practice domain.Practice, actor domain.Actor, verb, record string, content body) string {
	command := p.command(actor, verb, record, content)
	command.Practice, command.Name = practice, string(practice)+"."+verb
	require.NoError(p, p.applied(command))
	return command.Record
}

// document writes the next version of a document, "kind/name".
func (p *player) document(name string, spec body) {
	store.DB{URL: p.stack.DatabaseURL}.Apply(p, name, spec)
}

// becomes waits until a record is in a state.
func (p *player) becomes(record string, state domain.State) {
	kit.Eventually(p, bound, func() bool { return p.head(record).State == state }, "it is "+string(state))
}

// changeVoted is decided once its owner has answered, edited so that the vote is void, decided again, and revised.
func changeVoted(p *player) []execution {
	p.document("ApprovalPolicy/board", body{"when": `record.practice == "change"`, "stages": []body{
		{"name": "board", "electorate": []string{"person:cy"}, "rule": body{"threshold": "1"}},
	}})
	from := time.Now().Add(14 * 24 * time.Hour)
	id := p.tell(change.Practice, agent, "draft", "", body{
		"title": "Move the mail", "service": "mail", "team": "messaging", "assignee": "bo", "environment": "production", "justification": "The old one ends",
		"plan": "Move it", "test_plan": "Send one", "back_out_plan": "Move it back", "configuration_items": []string{"mx1"},
		"tasks": []body{{"title": "Move"}}, "window_from": from, "window_to": from.Add(time.Hour),
	})
	p.tell(change.Practice, agent, "submit", id, body{"expedited": true, "reason": "It ends soon"})
	p.tell(change.Practice, chair, "assess", id, body{"answers": body{"tested_back_out": "yes", "done_before": "yes", "outage": "no", "data": "no"}})
	p.tell(change.Practice, chair, "peer_review", id, body{})
	vote := func(choice approval.Choice) {
		found, _, err := schemas.ReadChange(p.Context(), p.owner, schemas.Reader{All: true, Restricted: true}, id)
		require.NoError(p, err)
		p.tell(change.Practice, chair, "cast_vote", id, body{"vote": choice, "hashes": found.Approval.Hashes})
	}
	p.tell(change.Practice, chair, "request_info", id, body{"text": "Who is told?"})
	p.tell(change.Practice, agent, "answer_info", id, body{"text": "Everybody"})
	vote("approve")
	p.becomes(id, change.Scheduled)
	p.tell(change.Practice, agent, "edit", id, body{"plan": "Move it by night"})
	vote("approve")
	p.becomes(id, change.Scheduled)
	p.tell(change.Practice, agent, "revise", id, body{"reason": "Not yet"})
	p.tell(change.Practice, agent, "cancel", id, body{"reason": "It stays"})
	return []execution{p.over(execution{record: id, practice: change.Practice})}
}

// standard is a change of a model that needs no vote, in a window that begins soon.
func (p *player) standard(autoStart bool, length time.Duration) string {
	p.document("ChangeModel/restart", body{
		"type": "standard", "title": "Restart the mail", "service": "mail", "team": "messaging", "environment": "production", "plan": "Restart it",
		"back_out_plan": "Start the old one", "auto_start": autoStart,
	})
	from := time.Now().Add(time.Second)
	return p.tell(change.Practice, agent, "from_model", "", body{"model": "restart", "assignee": "bo", "window_from": from, "window_to": from.Add(length)})
}

// changeCarriedOut begins as its window opens, outlasts it, and is given more time.
func changeCarriedOut(p *player) []execution {
	id := p.standard(true, 2*time.Second)
	p.becomes(id, change.Implementing)
	kit.Eventually(p, bound, func() bool {
		found, _, err := schemas.ReadChange(p.Context(), p.owner, schemas.Reader{All: true, Restricted: true}, id)
		require.NoError(p, err)
		return found.OverrunAt != nil
	}, "its window ends")
	p.tell(change.Practice, chair, "extend", id, body{"until": time.Now().Add(time.Hour), "reason": "Almost there"})
	p.tell(change.Practice, implementer, "complete", id, body{"outcome": "successful"})
	p.tell(change.Practice, chair, "review", id, body{"findings": "It takes longer than was thought"})
	p.tell(change.Practice, agent, "close", id, nil)
	return []execution{p.over(execution{record: id, practice: change.Practice})}
}

// changeMissed is not begun by anybody while its window is open.
func changeMissed(p *player) []execution {
	id := p.standard(false, time.Second)
	p.becomes(id, change.Approved)
	p.tell(change.Practice, agent, "cancel", id, body{"reason": "Too late"})
	return []execution{p.over(execution{record: id, practice: change.Practice})}
}

// meet fixes an agenda at its cut-off, begins by itself, and is closed by its chair.
func meet(p *player) []execution {
	id := p.tell(meeting.Practice, chair, "plan", "", body{
		"title": "Daily board", "board": body{"role": "cab_member"}, "at": time.Now().Add(4 * time.Second), "cut_off": "2s", "minutes": 5,
	})
	p.becomes(id, meeting.Held)
	p.tell(meeting.Practice, chair, "note", id, body{"text": "Nothing to decide"})
	p.tell(meeting.Practice, chair, "close", id, nil)
	return []execution{p.over(execution{record: id, practice: meeting.Practice})}
}

// takeTurns has a turn that an outage missed come late, and one of a cadence that rests meanwhile.
func takeTurns(p *player) []execution {
	now := time.Now().UTC()
	comes := now.Add(-time.Hour).Truncate(time.Minute)
	spec := body{"title": "Daily board", "cron": comes.Format("4 15 * * *"), "timezone": "UTC", "opens": body{"cab_meeting": body{
		"board": body{"role": "cab_member"}, "cut_off": "4h", "length": "30m",
	}}}
	p.document("Cadence/daily-board", spec)
	handle := p.temporal.ScheduleClient().GetHandle(p.Context(), domain.CadenceID("daily-board"))
	kit.Eventually(p, bound, func() bool { _, err := handle.Describe(p.Context()); return err == nil }, "the cadence has a schedule")
	take := func(at time.Time) execution {
		require.NoError(p, handle.Backfill(p.Context(), client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{
			{Start: at.Add(-time.Minute), End: at, Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL},
		}}))
		turn := execution{workflow: domain.CadenceID("daily-board") + "-" + at.Format(time.RFC3339)}
		kit.Eventually(p, bound, func() bool {
			_, err := p.temporal.DescribeWorkflowExecution(p.Context(), turn.id(), "")
			return err == nil
		}, "its turn comes")
		return p.over(turn)
	}
	runs := []execution{take(comes.AddDate(0, 0, -1)), take(comes)}
	for i, outcome := range []domain.TurnOutcome{domain.TurnSuperseded, domain.TurnRepeated} {
		var report domain.TurnReport
		require.NoError(p, p.temporal.GetWorkflow(p.Context(), runs[i].id(), "").Get(p.Context(), &report))
		require.Equal(p, outcome, report.Outcome)
	}
	return runs
}
