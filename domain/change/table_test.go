package change_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// rows is the table as the lifecycles' description has it: verb, source states, where it can lead ("=": the state always stays), who.
// It is written down a second time so that a change of the first is a decision.
const rows = `
draft                | -                                                   | draft                                        | agent lead manager
from_model           | -                                                   | draft approved scheduled                     | agent lead manager
edit                 | draft assessing awaiting_approval approved scheduled implementing review rejected | awaiting_approval approved scheduled rejected implementing | agent lead manager
submit               | draft                                               | assessing awaiting_approval approved scheduled | agent lead manager
assess               | assessing                                           | awaiting_approval | agent lead manager
peer_review          | assessing                                           | awaiting_approval | agent lead manager
cast_vote            | awaiting_approval implementing review               | awaiting_approval approved scheduled rejected | approver cab agent lead manager incident_manager owner
close_voting         | awaiting_approval implementing review               | awaiting_approval approved scheduled rejected | manager
request_info         | awaiting_approval implementing review               | =                                            | approver cab agent lead manager incident_manager owner
answer_info          | awaiting_approval implementing review               | =                                            | agent lead manager
defer                | awaiting_approval implementing review               | =                                            | manager
ask_others           | awaiting_approval implementing review               | =                                            | manager
break_glass          | awaiting_approval                                   | approved scheduled                           | manager
revise               | rejected approved scheduled                         | draft                                        | agent lead manager
schedule             | approved                                            | awaiting_approval scheduled                  | agent lead manager
start                | scheduled                                           | implementing                                 | agent lead manager
start_task           | approved scheduled implementing                     | =                                            | agent lead manager
complete_task        | approved scheduled implementing                     | scheduled implementing                       | agent lead manager
complete             | implementing                                        | review                                       | agent lead manager
back_out             | implementing                                        | review                                       | agent lead manager
extend               | implementing                                        | =                                            | manager
override_conflict    | approved scheduled                                  | scheduled implementing                       | manager
record_retrospective | draft                                               | review                                       | agent lead manager
decide_cause         | implementing review closed                          | =                                            | owner approver manager
review               | review                                              | =                                            | manager
close                | review                                              | closed                                       | agent lead manager
withdraw             | assessing awaiting_approval approved scheduled      | draft                                        | agent lead manager
cancel               | draft rejected assessing awaiting_approval approved scheduled | canceled                           | agent lead manager
link                 | draft assessing awaiting_approval approved scheduled implementing review rejected closed canceled | = | agent lead manager
unlink               | draft assessing awaiting_approval approved scheduled implementing review rejected closed canceled | = | agent lead manager
approval_due         | awaiting_approval implementing review               | awaiting_approval approved scheduled rejected |
electorate_changed   | awaiting_approval implementing review               | awaiting_approval approved scheduled rejected |
on_agenda            | awaiting_approval implementing review               | =                                            |
content_changed      | draft assessing awaiting_approval approved scheduled implementing review rejected | awaiting_approval approved scheduled rejected implementing |
conflicts_changed    | assessing awaiting_approval approved scheduled      | scheduled implementing                       |
window_opens         | scheduled                                           | implementing approved awaiting_approval      |
window_missed        | approved scheduled                                  | approved                                     |
overrun              | implementing                                        | =                                            |
cause_proposed       | implementing review closed                          | =                                            |
cause_overdue        | implementing review closed                          | =                                            |
settled              | implementing review closed                          | =                                            |
watch_over           | review                                              | closed                                       |
review_overdue       | review                                              | =                                            |
`

var roleNames = map[string]domain.Role{
	"agent": domain.RoleAgent, "lead": domain.RoleTeamLead, "manager": domain.RoleChangeManager, "approver": domain.RoleApprover,
	"cab": domain.RoleCABMember, "incident_manager": domain.RoleIncidentManager, "owner": domain.RoleServiceOwner,
}

func TestTheTableIsTheDescribedOne(t *testing.T) {
	t.Parallel()
	var described []string
	for line := range strings.Lines(strings.TrimSpace(rows)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		verb := strings.TrimSpace(cells[0])
		described = append(described, verb)
		transition, known := change.Lifecycle.Transition(verb)
		require.True(t, known, verb)
		require.ElementsMatch(t, strings.Fields(strings.Trim(cells[1], "- ")), texts(transition.From), verb)
		require.ElementsMatch(t, strings.Fields(strings.Trim(cells[2], "= ")), texts(transition.To), verb)
		roles := []domain.Role{}
		for _, name := range strings.Fields(cells[3]) {
			roles = append(roles, roleNames[name])
		}
		require.ElementsMatch(t, roles, transition.Roles, verb)
		for from, to := range transition.Leads {
			require.Contains(t, transition.From, from, verb)
			require.Subset(t, transition.To, to, verb)
		}
	}
	require.Equal(t, described, verbs())
}

func texts(states []domain.State) []string {
	list := make([]string, len(states))
	for i, state := range states {
		list[i] = string(state)
	}
	return list
}

func verbs() []string {
	list := []string{}
	for _, transition := range change.Lifecycle.Transitions {
		list = append(list, transition.Verb)
	}
	return list
}

// in is a change that has come to a state by commands; an emergency takes those that only emergencies take.
func in(t require.TestingT, state domain.State, kind string) *desk {
	d := setup(t, "2026-12-01 10:00")
	d.facts.Urgent = []change.Urgent{{Number: "INC-000002", OpenedAt: d.now.Add(-time.Hour)}}
	d.facts.Target = &change.Target{ID: incidentID, Number: "INC-000002", Practice: domain.Incident}
	d.facts.Voting.Seats["person:zoe"] = seats("zoe")
	d.do(dee, "draft", content(body{"type": kind}))
	ask := func() {
		d.do(dee, "submit", nil)
		if kind == change.Normal {
			d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
			d.do(fred, "peer_review", nil)
		}
	}
	approve := func() {
		ask()
		for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
			if d.record.State == change.AwaitingApproval {
				d.vote(member(name), "approve", nil)
			}
		}
	}
	begin := func() {
		approve()
		d.at("2026-12-18 22:05").do(eli, "start", nil)
		d.do(eli, "complete_task", body{"task": "t1"})
		d.do(other, "cause_proposed", body{"incident": incidentID, "number": "INC-000002", "service": "shop"})
	}
	switch state {
	case change.Draft:
	case change.Assessing:
		d.do(dee, "submit", nil)
	case change.AwaitingApproval:
		ask()
	case change.Approved:
		busy(&d.facts.Surroundings)
		approve()
	case change.Scheduled:
		approve()
	case change.Implementing:
		begin()
	case change.Review:
		begin()
		d.do(eli, "back_out", body{"notes": "It broke."})
	case change.Closed:
		begin()
		d.do(eli, "back_out", body{"notes": "It broke."})
		d.do(olga, "decide_cause", body{"incident": "INC-000002", "caused": true})
		d.do(mona, "review", body{"findings": "Check the indexes first"})
		d.do(dee, "close", nil)
		d.do(other, "cause_proposed", body{"incident": otherID, "number": "INC-000003", "service": "shop"})
	case change.Rejected:
		ask()
		if kind == change.Emergency {
			d.at("2026-12-01 10:31").catchUp()
			break
		}
		d.vote(member("sec"), "reject", body{"comment": "not now"})
	case change.Canceled:
		d.do(dee, "cancel", body{"reason": "not needed"})
	}
	require.Equal(t, state, d.record.State)
	return d
}

// bodyOf is a body that the verb takes where it is allowed.
func (d *desk) bodyOf(verb string) any {
	stage, hashes := "cab", body{}
	if a := d.record.Approval; a != nil {
		stage = a.Stages[0].Name
		hashes = body{"scope": a.Hashes["scope"], "schedule": a.Hashes["schedule"]}
	}
	blocking := "item:CHG-000002:db1"
	switch verb {
	case "draft":
		return content(nil)
	case "from_model":
		return body{"model": "restart-shop", "team": "web"}
	case "edit":
		return body{"category": "database " + d.now.String()}
	case "assess":
		return body{"answers": body{"tested_back_out": "yes"}}
	case "cast_vote":
		return body{"vote": "abstain", "stage": stage, "hashes": hashes}
	case "close_voting":
		return body{"stage": stage}
	case "request_info":
		return body{"stage": stage, "text": "Why now?"}
	case "answer_info":
		return body{"stage": stage, "text": "The old one ends"}
	case "defer":
		return body{"stage": stage, "until": d.now.Add(400 * time.Hour), "reason": "the next meeting"}
	case "ask_others":
		return body{"stage": stage, "people": []string{"zoe"}, "reason": "nobody is left"}
	case "break_glass", "cancel":
		return body{"reason": "because"}
	case "schedule":
		return body{"window_from": berlin("2026-12-21 22:00"), "window_to": berlin("2026-12-22 02:00")}
	case "start_task", "complete_task":
		return body{"task": "t2"}
	case "complete":
		return body{"outcome": "failed", "notes": "It broke."}
	case "back_out":
		return body{"notes": "It broke."}
	case "extend":
		return body{"until": berlin("2026-12-19 03:00"), "reason": "almost there"}
	case "override_conflict":
		return body{"conflict": blocking, "reason": "both know"}
	case "record_retrospective":
		return body{"actual_start": d.now.Add(-2 * time.Hour), "actual_end": d.now.Add(-time.Hour), "outcome": "successful", "notes": "Turned it on."}
	case "decide_cause":
		return body{"incident": cmp.Or(d.undecided(), "INC-000009"), "caused": true}
	case "review":
		return body{"findings": "Check the indexes first"}
	case "link", "unlink":
		return body{"type": "implements", "to": "INC-000002"}
	case "on_agenda":
		return body{"meeting": "CAB-000001", "board": "role:cab_member", "starts_at": d.now.Add(time.Hour), "ends_at": d.now.Add(2 * time.Hour)}
	case "cause_proposed":
		return body{"incident": recordID, "number": "INC-000004", "service": "shop"}
	}
	return nil
}

// owns are the services of which somebody says what caused an incident.
func (d *desk) owns(person string) (services []string) {
	for service, judges := range d.facts.Judges {
		if slices.ContainsFunc(judges, func(j change.Judge) bool { return j.Person == person }) {
			services = append(services, service)
		}
	}
	return services
}

func (d *desk) undecided() string {
	for _, cause := range d.record.Causes {
		if cause.Verdict == "" {
			return cause.Number
		}
	}
	return ""
}

// actors is everybody who can give a command: those of story 3, one of every role alone, nobody's role, and the platform.
func actors() []domain.Actor {
	list := []domain.Actor{
		person("nobody"), dee, eli, fred, mona, olga, timer, other, member("ana"), member("sec"), {Kind: domain.ActorPolicy, Name: "policy"},
	}
	for _, role := range []domain.Role{
		domain.RoleRequester, domain.RoleTeamLead, domain.RoleIncidentManager, domain.RoleApprover, domain.RoleAuditor, domain.RoleAdmin,
	} {
		list = append(list, person(string(role), role))
	}
	return list
}

// TestEveryCommandInEveryState: what the table and the row allow is offered, and nothing else is taken; where it is taken it leads
// where the table says.
func TestEveryCommandInEveryState(t *testing.T) {
	t.Parallel()
	for _, info := range change.Lifecycle.States {
		for _, kind := range []string{change.Normal, change.Emergency} {
			if kind == change.Emergency && info.Name == change.Assessing {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", info.Name, kind), func(t *testing.T) {
				t.Parallel()
				d := in(t, info.Name, kind)
				for _, verb := range verbs() {
					for _, actor := range actors() {
						d.tries(t, actor, verb)
					}
				}
			})
		}
	}
}

func (d *desk) tries(t *testing.T, actor domain.Actor, verb string) {
	t.Helper()
	transition, _ := change.Lifecycle.Transition(verb)
	command := d.command(actor, verb, d.bodyOf(verb))
	allowed := change.Check(d.record, command)
	decision, err := change.Decide(d.record, command, d.facts, d.now)
	what := fmt.Sprintf("%s by %s in %s", verb, actor.Name, d.record.State)
	if !transition.Machine() && len(transition.From) > 0 {
		require.Equal(t, allowed == nil, slices.Contains(change.Allowed(d.record, actor), verb), what)
	}
	if err == nil && !transition.Machine() && len(transition.From) > 0 {
		standing := change.Standing{Teams: d.facts.ActorTeams, Owns: d.owns(actor.Name), Delegations: d.facts.Voting.Delegations, At: d.now}
		require.Contains(t, change.Offered(d.record, actor, standing), verb, what)
	}
	if allowed != nil {
		require.EqualError(t, err, allowed.Error(), what)
	}
	if !slices.Contains(transition.From, d.record.State) {
		require.Error(t, err, what)
	}
	if err != nil {
		refused := domain.AsError(err)
		require.NotNil(t, refused, what)
		require.NotEqual(t, domain.CodeInternal, refused.Code, what)
		if refused.Code == domain.CodeConflict {
			require.NotNil(t, refused.Allowed, what)
		}
		return
	}
	after := decision.Record
	require.True(t, after.State == d.record.State || slices.Contains(transition.Targets(d.record.State), after.State), "%s leads to %s", what, after.State)
	info, _ := change.Lifecycle.State(after.State)
	require.Equal(t, []bool{info.Open, info.Active}, []bool{after.Open, after.Active}, what)
	sound(t, d.record, after, d.now, decision.Events)
}

// sound holds of every decision.
func sound(t require.TestingT, before, after change.Change, now time.Time, events []domain.Event) {
	for _, event := range events {
		require.False(t, event.At.Before(before.LastEventAt), "%s lies before what was decided", event.Type)
		require.NotEmpty(t, event.Type)
	}
	if a := after.Approval; a != nil {
		require.NotEmpty(t, a.Stages)
		for _, stage := range a.Stages {
			seats := map[string]bool{}
			for _, vote := range stage.InForce() {
				require.False(t, seats[vote.For], "%s has two votes in %s", vote.For, stage.Name)
				seats[vote.For] = true
				require.LessOrEqual(t, vote.Round, stage.Round)
				if seen := vote.Hashes[approval.Scope]; seen != "" && a.SubmittedAt != nil && a.Verdict() != approval.Rejected {
					require.Equal(t, a.Hashes[approval.Scope], seen, "a vote about another scope counts")
				}
				if _, party := a.Parties.Bars(vote.By); party {
					require.Failf(t, "a party votes", "%s in %s", vote.By, stage.Name)
				}
			}
		}
		for _, stage := range a.Earlier {
			require.Empty(t, stage.InForce())
		}
	}
	if after.State == change.Closed || after.State == change.Canceled || after.State == change.Draft {
		require.True(t, after.Approval == nil || after.Approval.SubmittedAt == nil || after.Approval.Final(), "somebody is still asked about what is %s", after.State)
	}
	if after.State == change.Closed {
		require.NotNil(t, after.ClosedAt)
		require.NotEmpty(t, after.Outcome)
	}
	if after.HeldSince != nil {
		require.Equal(t, change.Scheduled, after.State)
	}
	if (after.State == change.Approved || after.State == change.Scheduled) && after.Type != change.Standard {
		require.EqualValues(t, "approved", after.Approval.Verdict())
	}
	require.NotNil(t, after.Overrides)
	require.NotNil(t, after.Conflicts)
	require.NotNil(t, after.Causes)
	require.NotNil(t, after.Predecessors)
	require.NotNil(t, after.Tasks)
}
