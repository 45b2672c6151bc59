package change_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// condition is the task that a board's condition has become.
func (d *desk) condition() change.Task {
	d.t.(*testing.T).Helper()
	for _, task := range d.record.Tasks {
		if task.Condition {
			return task
		}
	}
	require.Fail(d.t, "no condition")
	return change.Task{}
}

func TestNoEditTakesAConditionAway(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	for _, name := range []string{"ana", "bo", "fay", "sec"} {
		d.vote(member(name), "approve", nil)
	}
	d.vote(mona, "approve_with", body{"conditions": []string{"Tell the night shift"}})
	asked := d.condition()
	d.refuse(domain.CodeInvalid, dee, "edit", body{"tasks": []body{{"title": "Copy"}, {"id": asked.ID, "title": "harmless"}}})
	d.refuse(domain.CodeInvalid, dee, "edit", body{"tasks": []body{{"id": "c-0123456789", "title": "Copy"}}})
	d.do(dee, "edit", body{"tasks": []body{{"title": "Copy all"}, {"id": asked.ID, "title": asked.Title, "after": []string{"t1"}}}})
	require.Equal(t, asked, d.condition(), "it is listed, and stays as it is")
	for _, name := range []string{"ana", "bo", "fay", "sec"} {
		d.vote(member(name), "approve", nil)
	}
	require.Equal(t, change.Scheduled, d.record.State)
	d.at("2026-12-18 22:00")
	d.refuse(domain.CodeConflict, eli, "start", nil)
	d.do(eli, "complete_task", body{"task": asked.ID})
	d.do(eli, "start", nil)

	d = setup(t, "2026-12-01 10:00")
	d.refuse(domain.CodeInvalid, dee, "draft", content(body{"tasks": []body{{"id": "c-0123456789", "title": "Copy"}}}))
}

// named is a desk whose standard model names what it is for.
func named(t *testing.T) *desk {
	d := setup(t, "2026-12-01 10:00")
	d.facts.ModelKnown = true
	d.facts.Model = change.Model{
		Type: change.Standard, Title: "Restart", Plan: "Restart it", BackOutPlan: "Start the old one", Service: "shop", Team: "web",
		ConfigurationItems: []string{"db1", "db2"},
	}
	d.facts.Services["pay"] = change.Service{Owner: "olga", Team: "web"}
	return d
}

func TestAStandardChangeStaysWithWhatItsModelIsFor(t *testing.T) {
	t.Parallel()
	window := body{"window_from": berlin("2026-12-01 10:00"), "window_to": berlin("2026-12-01 12:00")}
	opening := func(more body) body {
		b := body{"model": "restart", "assignee": "eli", "window_from": window["window_from"], "window_to": window["window_to"]}
		for name, value := range more {
			b[name] = value
		}
		return b
	}
	d := named(t)
	d.refuse(domain.CodeConflict, dee, "from_model", opening(body{"configuration_items": []string{"payments"}}))
	d.refuse(domain.CodeConflict, dee, "from_model", opening(body{"service": "pay"}))
	d.do(dee, "from_model", opening(body{"configuration_items": []string{"db1"}}))
	require.Equal(t, change.Scheduled, d.record.State)
	for _, edit := range []body{
		{"configuration_items": []string{"db1", "payments"}},
		{"service": "pay"},
		{"services": []string{"shop", "pay"}},
	} {
		d.refuse(domain.CodeConflict, eli, "edit", edit)
	}
	d.do(eli, "edit", body{"configuration_items": []string{"db2"}})

	d = named(t)
	d.facts.Model.Service, d.facts.Model.ConfigurationItems = "", nil
	d.do(dee, "from_model", opening(body{"service": "pay", "configuration_items": []string{"payments"}}))
	require.Equal(t, change.Scheduled, d.record.State, "this model names none")
}

func TestAnEditSetsNoWindowThatItsCommandRefuses(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	earlier := body{"window_from": berlin("2026-12-18 23:00"), "window_to": berlin("2026-12-19 01:00")}
	d.refuse(domain.CodeForbidden, fred, "edit", earlier)
	d.refuse(domain.CodeForbidden, fred, "edit", body{"auto_start": true})
	d.do(dee, "edit", body{"auto_start": true})
	d.do(dee, "edit", body{"auto_start": false})
	d.at("2026-12-18 22:00")
	d.do(eli, "start", nil)
	longer := body{"window_to": berlin("2026-12-19 20:00")}
	d.refuse(domain.CodeConflict, dee, "edit", longer)
	d.refuse(domain.CodeConflict, mona, "edit", longer)
}

// Whoever carried a change out neither judges what it caused, whoever is named now, nor hides what it touched.
func TestWhoCarriedAChangeOutDoesNotJudgeIt(t *testing.T) {
	t.Parallel()
	d := authorised(t, body{"tasks": []body{{"title": "Copy"}}})
	boss := person("eli", domain.RoleAgent, domain.RoleServiceOwner, domain.RoleChangeManager)
	d.facts.Services = map[string]change.Service{"shop": {Owner: "eli", Team: "web"}}
	d.at("2026-12-18 22:00")
	d.do(boss, "start", nil)
	d.do(dee, "edit", body{"assignee": "fred"})
	d.do(fred, "back_out", body{"notes": "It broke."})
	require.Equal(t, []string{"eli", "fred"}, d.record.CarriedBy)
	for _, hiding := range []body{{"configuration_items": []string{"nothing"}}, {"assignee": "gil"}, {"team": "infra"}} {
		d.refuse(domain.CodeForbidden, boss, "edit", hiding)
		d.refuse(domain.CodeForbidden, dee, "edit", hiding)
	}
	d.do(dee, "edit", body{"title": "Move the shop back", "tags": []string{"moved"}})
	d.do(mona, "edit", body{"configuration_items": []string{"db1", "db2"}})
	d.do(mona, "edit", body{"assignee": "gil"})
	d.do(other, "cause_proposed", body{"incident": incidentID, "number": "INC-000002", "service": "shop"})
	d.refuse(domain.CodeForbidden, boss, "decide_cause", body{"incident": "INC-000002", "caused": false})
}

func TestWhatAPredecessorWasForIsVotedOnAgain(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.facts.Predecessors = map[string]string{"CHG-000009": otherID}
	d.do(dee, "draft", content(body{"predecessors": []string{"CHG-000009"}}))
	d.do(dee, "submit", nil)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
	d.do(fred, "peer_review", nil)
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
	require.Equal(t, change.Scheduled, d.record.State)
	d.do(eli, "edit", body{"predecessors": []string{}})
	require.Equal(t, change.AwaitingApproval, d.record.State)
}

// categories is a language whose expressions are categories.
type categories struct{}

func (categories) ApprovalApplies(expression string, record map[string]any) (bool, error) {
	return expression == "true" || expression == record["category"], nil
}

func TestAnEditThatSelectsAnotherPolicyBringsTheChangeUnderIt(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.facts.Voting.Language = categories{}
	d.facts.Voting.Candidates = []approval.Candidate{
		candidate(t, "a-routine", `{"when": "routine", "stages": [{"name": "low", "electorate": ["role:change_manager"], "rule": {"first_response": true}}]}`),
		candidate(t, "cab", cab),
	}
	d.do(dee, "draft", content(body{"category": "routine"}))
	d.do(dee, "submit", nil)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
	d.do(fred, "peer_review", nil)
	d.vote(mona, "approve", nil)
	require.Equal(t, change.Scheduled, d.record.State)
	d.do(eli, "edit", body{"category": "security"})
	require.Equal(t, "cab", d.record.Approval.Policy)
	require.Equal(t, change.AwaitingApproval, d.record.State)
}

// A window that moves a week at a time is asked about again once it lies a week after the one that the board saw.
func TestAWindowThatDriftsIsAskedAboutAgain(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	const week = 7 * 24 * time.Hour
	from, to := *d.record.WindowFrom, *d.record.WindowTo
	d.do(dee, "edit", body{"window_from": from.Add(week), "window_to": to.Add(week)})
	require.Equal(t, approval.StageApproved, d.stage("cab").State)
	d.vote(mona, "approve", nil)
	require.Equal(t, change.Scheduled, d.record.State)
	d.do(dee, "edit", body{"window_from": from.Add(2 * week), "window_to": to.Add(2 * week)})
	require.Equal(t, approval.Open, d.stage("cab").State)
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
	d.do(dee, "edit", body{"window_from": from.Add(3 * week), "window_to": to.Add(3 * week)})
	require.Equal(t, approval.StageApproved, d.stage("cab").State, "the board has seen the one before")
}

func TestAnOverrideIsForWhatWasThereThen(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.facts.Surroundings.Incidents = []change.OpenIncident{{ID: incidentID, Number: "INC-000002", Service: "shop", Priority: 1}}
	d.do(other, "conflicts_changed", nil)
	d.do(mona, "override_conflict", body{"conflict": "incident:INC-000002", "reason": "both know"})
	d.do(dee, "edit", body{"title": "Another name"})
	require.Len(t, d.record.Overrides, 1)
	d.do(dee, "edit", body{"configuration_items": []string{"db1", "db2"}})
	require.Empty(t, d.record.Overrides)
}
