package workflows_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

var (
	dee  = domain.Actor{Kind: domain.ActorPerson, Name: "dee", Roles: []domain.Role{domain.RoleAgent}}
	eli  = domain.Actor{Kind: domain.ActorPerson, Name: "eli", Roles: []domain.Role{domain.RoleAgent}}
	fred = domain.Actor{Kind: domain.ActorPerson, Name: "fred", Roles: []domain.Role{domain.RoleAgent}}
	mona = domain.Actor{Kind: domain.ActorPerson, Name: "mona", Roles: []domain.Role{domain.RoleChangeManager}}
)

// settleBoard is a desk with a board of ana, bo and cy, of whom two decide within three working days, and mona, who chairs it.
func settleBoard(t *testing.T) *desk {
	t.Helper()
	db := store.Database(t)
	db.Settle(t)
	d := &desk{t: t, rows: db.Worker(t), tamper: db.Superuser(t)}
	for _, name := range []string{"dee", "eli", "fred", "mona"} {
		require.NoError(t, schemas.SavePerson(t.Context(), db.App(t), schemas.PersonRow{
			Handle: name, Name: name, Kind: "person", Active: true, Zone: "UTC", CreatedAt: store.Instant("2026-01-01T00:00:00Z"),
		}))
	}
	for _, statement := range []string{
		`INSERT INTO grants (person, role, scope_kind, granted_by, granted_at) SELECT unnest('{ana,bo,cy}'::text[]), 'cab_member', 'all', 'holdfast', now()`,
		`INSERT INTO team_members (team, person) SELECT 'messaging', unnest('{dee,eli,fred}'::text[])`,
	} {
		_, err := d.tamper.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	for name, stage := range map[string]string{
		"a-reject": `"default": "reject", "deadline": "2wd", "reminders": []`, "an-hour": `"wall": true, "deadline": "30m"`,
	} {
		db.Apply(t, "ApprovalPolicy/"+name, json.RawMessage(`{"when": "record.title == '`+name+`'", "stages": [
			{"name": "cab", "electorate": ["role:cab_member"], "rule": {"threshold": 2}, `+stage+`}]}`))
	}
	db.Apply(t, "ApprovalPolicy/cab", json.RawMessage(`{"when": "true", "stages": [
		{"name": "cab", "electorate": ["role:cab_member"], "rule": {"threshold": 2}, "reminders": ["50%"]}]}`))
	return d
}

// asked is a change of dee's that waits for the board from the beginning on.
func (d *desk) asked(t *testing.T, more body) *life {
	t.Helper()
	content := body{
		"title": "Move the mail to the new relay", "justification": "The old one ends", "plan": "Move it", "test_plan": "Send a mail",
		"back_out_plan": "Move it back", "service": "mail", "configuration_items": []string{"mx1"}, "environment": "production",
		"assignee": "eli", "window_from": store.Instant("2100-03-19T21:00:00Z"), "window_to": store.Instant("2100-03-20T01:00:00Z"),
		"tasks": []body{{"title": "Switch"}},
	}
	for name, value := range more {
		content[name] = value
	}
	l := d.open(t, d.commandOf(change.Practice, dee, "draft", "", content))
	l.must(dee, "submit", nil)
	l.must(fred, "assess", nil)
	l.must(fred, "peer_review", nil)
	require.Equal(t, change.AwaitingApproval, l.change().State)
	return l
}

func (l *life) change() change.Change {
	l.t.Helper()
	found, exists, err := schemas.ReadChange(l.desk.t.Context(), l.rows, schemas.Reader{All: true, Restricted: true}, l.record)
	require.NoError(l.t, err)
	require.True(l.t, exists)
	return found
}

// votes lets somebody of the board approve.
func (l *life) votes(people ...string) {
	l.t.Helper()
	for _, name := range people {
		l.must(domain.Actor{Kind: domain.ActorPerson, Name: name, Roles: []domain.Role{domain.RoleCABMember}}, "cast_vote",
			body{"vote": "approve", "hashes": l.change().Approval.Hashes})
	}
}

// meets is a meeting of the board, whose agenda is fixed a working day before.
func (l *life) meets(at string) string {
	l.t.Helper()
	result, err := l.Apply(l.desk.t.Context(), l.commandOf(meeting.Practice, mona, "plan", "", body{
		"title": "CAB", "board": body{"role": "cab_member"}, "at": store.Instant(at), "minutes": 45,
	}))
	require.NoError(l.t, err)
	require.Equal(l.t, domain.Applied, result.Outcome, "%v", result.Refusal)
	return result.View.Record
}

// kept are the deadlines that came, each as "event instant"; none was late.
func (l *life) kept() []string {
	l.t.Helper()
	list := []string{}
	for _, happened := range l.events(l.t, l.record) {
		if happened.DueAt != nil {
			require.Zero(l.t, *happened.LatenessMS, happened.Type)
			list = append(list, happened.Type[strings.Index(happened.Type, ".")+1:]+" "+happened.DueAt.UTC().Format("01-02T15:04"))
		}
	}
	return list
}

// Every deadline of a change comes by itself, at its instant, and is handled once. The calendar is the desk's in Berlin, and Monday
// 2100-03-01 09:00Z its ten o'clock.
func TestEveryDeadlineOfAChangeIsKept(t *testing.T) {
	t.Parallel()
	d := settleBoard(t)
	for name, story := range map[string]struct {
		draft body
		more  body
		do    func(l *life)
		kept  []string
		state domain.State
	}{
		"nobody votes": {
			kept:  []string{"approval_reminded 03-02T13:00", "approval_escalated 03-04T09:00"},
			state: change.AwaitingApproval,
		},
		"silence is no by policy": {
			draft: body{"title": "a-reject"}, kept: []string{"approval_rejected 03-03T09:00", "rejected 03-03T09:00"}, state: change.Rejected,
		},
		"half an hour by the clock": {
			draft: body{"title": "an-hour"}, kept: []string{"approval_reminded 03-01T09:15", "approval_reminded 03-01T09:27", "approval_escalated 03-01T09:30"},
			state: change.AwaitingApproval,
		},
		"put off to an instant": {
			do: func(l *life) {
				l.must(mona, "defer", body{"stage": "cab", "until": store.Instant("2100-03-10T14:00:00Z"), "reason": "the supplier is away"})
			},
			kept: []string{"approval_reminded 03-04T15:30", "approval_escalated 03-10T14:00"}, state: change.AwaitingApproval,
		},
		"put off to a meeting": {
			do: func(l *life) {
				l.must(mona, "defer", body{"stage": "cab", "meeting": l.meets("2100-03-10T14:00:00Z"), "reason": "the supplier is away"})
			},
			kept: []string{"approval_reminded 03-04T15:52", "approval_escalated 03-10T14:45"}, state: change.AwaitingApproval,
		},
		"on an agenda": {
			do: func(l *life) {
				l.must(machine, "on_agenda", body{
					"meeting": "CAB-000001", "board": "role:cab_member", "starts_at": store.Instant("2100-03-10T14:00:00Z"), "ends_at": store.Instant("2100-03-10T14:45:00Z"),
				})
			},
			kept: []string{"approval_reminded 03-04T15:52", "approval_escalated 03-10T14:45"}, state: change.AwaitingApproval,
		},
		"a question stops the deadline": {
			do: func(l *life) {
				l.must(domain.Actor{Kind: domain.ActorPerson, Name: "ana", Roles: []domain.Role{domain.RoleCABMember}}, "request_info", body{"text": "why?"})
				l.sleep(24 * time.Hour)
				l.must(dee, "answer_info", body{"text": "because"})
			},
			kept: []string{"approval_reminded 03-03T13:00", "approval_escalated 03-05T09:00"}, state: change.AwaitingApproval,
		},
		"nobody uses the window": {
			do:   func(l *life) { l.votes("ana", "bo") },
			kept: []string{"window_missed 03-20T01:00"}, state: change.Approved,
		},
		"it starts by itself, and nobody completes it": {
			more: body{"auto_start": true}, do: func(l *life) { l.votes("ana", "bo") },
			kept: []string{"started 03-19T21:00", "overrun 03-20T01:00", "settled 03-20T03:10"}, state: change.Implementing,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := body{"configuration_items": []string{name}}
			maps.Copy(content, story.draft)
			l := d.asked(t, content)
			if story.more != nil {
				l.must(dee, "edit", story.more)
			}
			defer l.stop()
			if story.do != nil {
				story.do(l)
			}
			l.sleep(26 * 24 * time.Hour)
			l.settled()
			require.Equal(t, story.kept, l.kept())
			require.Equal(t, story.state, l.change().State)
		})
	}
}

// After its end a change settles, is watched, and closes by itself; one that failed is due to be reviewed, and whoever owns the service
// to say what it caused, also after it was closed.
func TestTheDeadlinesAfterTheEndAreKept(t *testing.T) {
	t.Parallel()
	d := settleBoard(t)
	caused := d.open(t, d.log())
	caused.stop()
	cause := body{"incident": caused.record, "number": d.incident(t, caused.record).Number, "service": "mail"}
	for name, story := range map[string]struct {
		outcome string
		do      func(l *life)
		kept    []string
		state   domain.State
		ends    bool
	}{
		"it went well": {outcome: "successful", kept: []string{"settled 03-19T22:10", "closed 03-22T22:00"}, state: change.Closed, ends: true},
		"it failed":    {outcome: "failed", kept: []string{"settled 03-19T22:10", "review_escalated 03-25T08:00"}, state: change.Review},
		"nobody says what it caused": {
			outcome: "successful", do: func(l *life) { l.must(machine, "cause_proposed", cause) },
			kept: []string{"settled 03-19T22:10", "cause_escalated 03-25T08:00"}, state: change.Review,
		},
		"nobody says so of one that was reviewed and closed": {
			outcome: "failed", do: func(l *life) {
				l.must(mona, "review", body{"findings": "Try it elsewhere first"})
				l.must(dee, "close", nil)
				l.must(machine, "cause_proposed", cause)
			},
			kept: []string{"settled 03-19T22:10", "cause_escalated 03-25T08:00"}, state: change.Closed, ends: true,
		},
		"it caused nothing": {
			outcome: "successful", do: func(l *life) {
				l.must(machine, "cause_proposed", cause)
				l.must(domain.Actor{Kind: domain.ActorPerson, Name: "ana", Roles: []domain.Role{domain.RoleServiceOwner}}, "decide_cause",
					body{"incident": cause["number"]})
			},
			kept: []string{"settled 03-19T22:10", "closed 03-22T22:00"}, state: change.Closed, ends: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := d.asked(t, body{"configuration_items": []string{name}})
			defer l.stop()
			l.votes("ana", "bo")
			l.sleep(store.Instant("2100-03-19T21:00:00Z").Sub(l.env.Now()))
			l.must(eli, "start", nil)
			l.must(eli, "complete_task", body{"task": "t1"})
			l.sleep(time.Hour)
			l.must(eli, "complete", body{"outcome": story.outcome, "notes": "n"})
			if story.do != nil {
				story.do(l)
			}
			if story.ends {
				require.NoError(t, l.finish())
			} else {
				l.sleep(26 * 24 * time.Hour)
				l.settled()
			}
			require.Equal(t, story.kept, l.kept())
			require.Equal(t, story.state, l.change().State)
		})
	}
}

// Votes in a meeting are the same votes: the last one that it takes comes while the board meets, and nothing is escalated.
func TestAVoteInTheMeetingDecides(t *testing.T) {
	t.Parallel()
	d := settleBoard(t)
	l := d.asked(t, nil)
	defer l.stop()
	l.votes("ana")
	l.must(mona, "defer", body{"stage": "cab", "meeting": l.meets("2100-03-10T14:00:00Z"), "reason": "the supplier is away"})
	l.sleep(store.Instant("2100-03-10T14:30:00Z").Sub(l.env.Now()))
	require.Equal(t, approval.Pending, l.change().Approval.Verdict())
	l.votes("cy")
	require.Equal(t, change.Scheduled, l.change().State)
	require.Equal(t, []string{"approval_reminded 03-04T15:52"}, l.kept())
}
