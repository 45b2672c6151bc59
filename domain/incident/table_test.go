package incident_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// rows is the table as the lifecycles' description has it: verb, source states, where it leads ("=": the state stays), who.
// It is written down a second time so that a change of the first is a decision.
const rows = `
log               | -                                    | new                        | requester agent lead manager
triage            | new                                  | triaged                    | agent lead manager
assign            | new triaged in_progress on_hold      | =                          | agent lead manager
start             | new triaged                          | in_progress                | agent lead manager
hold              | new triaged in_progress on_hold      | on_hold                    | agent lead manager
resume            | on_hold                              | before                     | agent lead manager
resolve           | new triaged in_progress on_hold      | resolved                   | agent lead manager
confirm           | resolved                             | closed                     | requester
reopen            | resolved closed                      | in_progress                | requester agent lead manager
close             | resolved                             | closed                     | agent lead manager
cancel            | new triaged in_progress on_hold      | canceled                   | requester agent lead manager
merge_into        | new triaged in_progress on_hold      | =                          | lead manager
unmerge           | new triaged in_progress on_hold      | =                          | lead manager
change_priority   | new triaged in_progress on_hold      | =                          | agent lead manager
override_priority | new triaged in_progress on_hold      | =                          | lead manager
page              | new triaged in_progress on_hold      | =                          | agent lead manager
re_rate           | new triaged in_progress on_hold      | =                          | lead manager
edit              | new triaged in_progress on_hold resolved canceled | =             | agent lead manager
rate              | closed                               | =                          | requester
link              | new triaged in_progress on_hold resolved closed canceled | =      | agent lead manager
unlink            | new triaged in_progress on_hold resolved closed canceled | =      | agent lead manager
reply             | new triaged in_progress on_hold resolved closed canceled | reply  |
triage_overdue    | new                                  | =                          |
remind_requester  | on_hold                              | =                          |
no_response       | on_hold                              | resolved                   |
promise_missed    | on_hold                              | =                          |
hold_over         | on_hold                              | before                     |
auto_close        | resolved                             | closed                     |
clock_due         | new triaged in_progress on_hold      | =                          |
page_due          | new triaged in_progress on_hold      | =                          |
informed          | new triaged in_progress on_hold      | =                          |
acknowledged      | new triaged in_progress on_hold      | =                          |
automate          | new triaged in_progress on_hold resolved closed canceled | =      |
noted             | new triaged in_progress on_hold resolved closed canceled | =      |
duplicate_joined  | new triaged in_progress on_hold resolved closed canceled | =      |
duplicate_left    | new triaged in_progress on_hold resolved closed canceled | =      |
parent_closed     | new triaged in_progress on_hold      | closed                     |
parent_canceled   | new triaged in_progress on_hold      | =                          |
alert_stopped     | new triaged in_progress on_hold resolved closed canceled | stop   |
alert_again       | new triaged in_progress on_hold resolved closed canceled | again  |
`

type row struct {
	verb, to    string
	from, roles []string
}

func table() []row {
	list := []row{}
	for line := range strings.Lines(strings.TrimSpace(rows)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		list = append(list, row{
			verb: strings.TrimSpace(cells[0]), from: strings.Fields(cells[1]),
			to: strings.TrimSpace(cells[2]), roles: strings.Fields(cells[3]),
		})
	}
	return list
}

var roleNames = map[string]domain.Role{
	"requester": domain.RoleRequester, "agent": domain.RoleAgent, "lead": domain.RoleTeamLead, "manager": domain.RoleIncidentManager,
}

// actors is everybody who can give a command: one of every role alone, nobody's role, the requester, and the platform.
func actors() []domain.Actor {
	list := []domain.Actor{person("nobody"), rita, timer, other, {Kind: domain.ActorPolicy, Name: "policy"}}
	for _, role := range []domain.Role{
		domain.RoleRequester, domain.RoleAgent, domain.RoleTeamLead, domain.RoleIncidentManager,
		domain.RoleServiceOwner, domain.RoleAuditor, domain.RoleAdmin,
	} {
		list = append(list, person(string(role), role))
	}
	return append(list, person("both", domain.RoleAgent, domain.RoleRequester))
}

// bodyOf is a body that the verb takes in every state that allows it.
func bodyOf(verb string) any {
	switch verb {
	case "log":
		return body{"title": "Mail is down", "impact": "high", "urgency": "low"}
	case "triage":
		return body{"team": "network", "category": "mail"}
	case "assign":
		return body{"team": "network", "assignee": "cy"}
	case "hold":
		return body{"reason": incident.AwaitingChange}
	case "resolve":
		return body{"code": "fixed", "notes": "Turned it on."}
	case "reopen", "cancel":
		return body{"reason": "because"}
	case "merge_into":
		return body{"incident": "INC-2"}
	case "change_priority":
		return body{"impact": "high", "urgency": "high", "reason": "the board"}
	case "override_priority":
		return body{"priority": 5, "reason": "the board"}
	case "page":
		return body{"people": []string{"bo"}, "reason": "help"}
	case "edit":
		return body{"title": "Mail is slow"}
	case "rate":
		return body{"score": 4}
	case "link", "unlink":
		return body{"type": "caused_by", "to": "INC-2"}
	case "reply":
		return body{"note": 7, "text": "Still broken"}
	case "alert_stopped", "alert_again":
		return body{"alert": parentID}
	case "duplicate_joined", "duplicate_left", "parent_closed", "parent_canceled":
		return body{"incident": parentID, "number": "INC-2"}
	}
	return body{}
}

// in is an incident that has come to a state by commands; merged ones follow INC-2.
func in(t testing.TB, state domain.State, merged bool) *desk {
	t.Helper()
	d := logged(t, "2026-12-07 10:00")
	path := map[domain.State][]string{
		incident.New: {}, incident.Triaged: {"triage"}, incident.InProgress: {"start"}, incident.OnHold: {"hold"},
		incident.Resolved: {"resolve"}, incident.Closed: {"resolve", "close"}, incident.Canceled: {"cancel"},
	}
	steps := path[state]
	if merged && state == incident.Closed {
		steps = []string{}
	}
	for _, verb := range steps {
		content := bodyOf(verb)
		if verb == "hold" {
			content = body{"reason": incident.AwaitingRequester}
		}
		d.do(ana, verb, content)
	}
	if merged {
		d.do(lead, "merge_into", bodyOf("merge_into"))
		if state == incident.Closed {
			d.do(other, "parent_closed", bodyOf("parent_closed"))
		}
	}
	require.Equal(t, state, d.record.State)
	return d
}

// takenWhileMerged are the verbs that an incident which follows another one takes.
var takenWhileMerged = []string{
	"unmerge", "edit", "link", "unlink", "reply", "reopen", "rate", "parent_closed", "parent_canceled", "duplicate_joined", "duplicate_left",
	"automate", "noted",
	"alert_stopped", "alert_again",
}

// expect is what the description says of one command: a code of refusal, or none and the next state.
func expect(r row, d *desk, actor domain.Actor) (domain.Code, domain.State) {
	state, human := d.record.State, actor.Kind == domain.ActorPerson
	holds := func(roles ...string) bool {
		return !human || slices.ContainsFunc(roles, func(name string) bool {
			return slices.Contains(actor.Roles, roleNames[name]) || slices.Contains(actor.Roles, domain.RoleAdmin)
		})
	}
	merged := d.record.MergedInto != ""
	switch {
	case !holds(r.roles...):
		return domain.CodeForbidden, ""
	case !slices.Contains(r.from, string(state)):
		return domain.CodeConflict, ""
	case merged && !slices.Contains(takenWhileMerged, r.verb), !merged && r.verb == "unmerge":
		return domain.CodeConflict, ""
	case r.verb == "cancel" && state != incident.New && !holds("agent", "lead", "manager"),
		r.verb == "reopen" && state == incident.Closed && !holds("agent", "lead", "manager"),
		(r.verb == "confirm" || r.verb == "rate") && human && actor.Name != d.record.Requester:
		return domain.CodeForbidden, ""
	case r.verb == "clock_due", r.verb == "page_due":
		return domain.CodeConflict, "" // no clock is due, and no page waits
	case !merged && (r.verb == "parent_closed" || r.verb == "parent_canceled"):
		return domain.CodeConflict, "" // a parent that it no longer follows
	}
	switch r.to {
	case "=":
		return "", state
	case "before":
		return "", incident.New // the incident was held before anybody started
	case "stop":
		if !merged && (state == incident.New || state == incident.Triaged) {
			return "", incident.Resolved
		}
		return "", state
	case "again":
		if !merged && (state == incident.Resolved || state == incident.Closed) {
			return "", incident.New // it ended before anybody started
		}
		return "", state
	case "reply":
		next, moved := map[domain.State]domain.State{incident.OnHold: incident.New, incident.Resolved: incident.InProgress}[state]
		if !moved {
			next = state
		}
		return "", next
	}
	return "", domain.State(r.to)
}

func TestEveryCommandInEveryStateByEveryRole(t *testing.T) {
	t.Parallel()
	for _, state := range incident.Lifecycle.States {
		for _, merged := range []bool{false, true} {
			if merged && !state.Open && state.Name != incident.Closed {
				continue // cannot come about
			}
			t.Run(fmt.Sprintf("%s merged=%v", state.Name, merged), func(t *testing.T) {
				t.Parallel()
				base := in(t, state.Name, merged)
				for _, r := range table() {
					for _, actor := range actors() {
						d := &desk{t: t, now: base.now, facts: base.facts, record: copied(base.record)}
						every(t, r, d, actor)
					}
				}
			})
		}
	}
}

func every(t *testing.T, r row, d *desk, actor domain.Actor) {
	t.Helper()
	name := fmt.Sprintf("%s by %s %s %v", r.verb, actor.Kind, actor.Name, actor.Roles)
	code, next := expect(r, d, actor)
	before := d.record
	allowed := incident.Allowed(before, actor)
	transition, _ := incident.Lifecycle.Transition(r.verb)
	err := d.apply(d.command(actor, r.verb, bodyOf(r.verb)), nil)
	if code != "" {
		require.Equal(t, code, domain.CodeOf(err), "%s: %v", name, err)
		if code == domain.CodeConflict {
			require.Equal(t, allowed, domain.AsError(err).Allowed, name)
		}
		require.NotContains(t, allowed, r.verb, name)
		require.Equal(t, before, d.record)
		return
	}
	require.NoError(t, err, name)
	require.Equal(t, next, d.record.State, name)
	if !transition.Machine() {
		require.Contains(t, allowed, r.verb, name)
	}
	told := toldOnly(before, r.verb)
	if targets := transition.Targets(before.State); len(targets) > 0 && !told {
		require.Contains(t, targets, next, name)
	} else {
		require.Equal(t, before.State, next, name)
	}
	if r.verb != "reply" { // a reply says what it did: resumed, reopened
		require.Contains(t, d.types(), transition.Event, name)
	}
	require.NoError(t, incident.Check(before, d.command(actor, r.verb, bodyOf(r.verb))), "the door refuses what Decide allows")
}

func TestTheTableIsTheDescriptions(t *testing.T) {
	t.Parallel()
	require.Equal(t, domain.Incident, incident.Lifecycle.Practice)
	require.Equal(t, "INC", incident.Lifecycle.Prefix)
	described := table()
	require.Len(t, incident.Lifecycle.Transitions, len(described))
	for i, transition := range incident.Lifecycle.Transitions {
		r := described[i]
		require.Equal(t, r.verb, transition.Verb)
		from, roles := []string{}, []domain.Role{}
		for _, state := range transition.From {
			from = append(from, string(state))
			_, known := incident.Lifecycle.State(state)
			require.True(t, known, state)
		}
		if r.from[0] == "-" {
			r.from = []string{}
		}
		require.Equal(t, r.from, from, r.verb)
		for _, name := range r.roles {
			roles = append(roles, roleNames[name])
		}
		require.ElementsMatch(t, roles, transition.Roles, r.verb)
		require.Equal(t, len(roles) == 0, transition.Machine(), r.verb)
		require.NotEmpty(t, transition.Title)
		require.Regexp(t, `^incident\.[a-z_]*(ed|held|left|overridden)$`, transition.Event, "events are in the past tense")
		require.NotNil(t, transition.Body(), r.verb)
		require.NotSame(t, transition.Body(), transition.Body(), "every body is its own")
	}
	for _, state := range incident.Lifecycle.States {
		open := slices.Contains([]domain.State{incident.New, incident.Triaged, incident.InProgress, incident.OnHold}, state.Name)
		require.Equal(t, open, state.Open, state.Name)
		require.Equal(t, open || state.Name == incident.Resolved, state.Active, state.Name)
	}
}

func TestACommandThatOpensMeetsNoRecord(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-07 10:00")
	for _, r := range table() {
		if r.verb != "log" {
			d.refuse(domain.CodeConflict, timer, r.verb, bodyOf(r.verb))
		}
	}
	d.refuse(domain.CodeNotFound, ana, "explode", nil)
	d.refuse(domain.CodeForbidden, person("nobody"), "log", bodyOf("log"))
	d.do(rita, "log", bodyOf("log"))
	require.Equal(t, incident.New, d.record.State)
	require.Equal(t, incident.Allowed(d.record, ana), d.refuse(domain.CodeConflict, ana, "log", bodyOf("log")).Allowed)
}

func TestARefusalNamesWhatIsAllowed(t *testing.T) {
	t.Parallel()
	d := in(t, incident.Resolved, false)
	require.Equal(t, []string{"reopen", "close", "edit", "link", "unlink"}, d.refuse(domain.CodeConflict, ana, "start", nil).Allowed)
	require.Equal(t, []string{"confirm", "reopen"}, incident.Allowed(d.record, rita))
	d = in(t, incident.New, false)
	require.Equal(t, []string{"cancel"}, incident.Allowed(d.record, rita))
	d.do(ana, "start", nil)
	require.Empty(t, incident.Allowed(d.record, rita), "a requester cancels only while it is new")
	d = in(t, incident.InProgress, true)
	require.Equal(t, []string{"edit", "link", "unlink"}, d.refuse(domain.CodeConflict, ana, "resolve", nil).Allowed)
	require.Equal(t, []string{"unmerge", "edit", "link", "unlink"}, incident.Allowed(d.record, lead))
	d = in(t, incident.Closed, false)
	d.now = d.now.Add(30 * 24 * time.Hour)
	require.Equal(t, []string{"link", "unlink"}, d.refuse(domain.CodeConflict, ana, "reopen", bodyOf("reopen")).Allowed)
}

// toldOnly: what follows another incident neither ends nor begins again with its alert.
func toldOnly(before incident.Incident, verb string) bool {
	return before.Merged() && (verb == "alert_stopped" || verb == "alert_again")
}
