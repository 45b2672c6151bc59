package incident_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// words is a language of two expressions: "true", and "mail" for what is about the service mail.
type words struct{}

func (words) AgreementApplies(expression string, record map[string]any) (bool, error) {
	switch expression {
	case "true":
		return true, nil
	case "mail":
		return record["service"] == "mail", nil
	}
	return false, errors.New("cannot be evaluated")
}

// promised is a desk whose incidents come under agreements, the first of which is `gold`.
func promised(t require.TestingT, now string, specs ...string) *desk {
	d := setup(t, now)
	book := &sla.Book{Language: words{}}
	for i, text := range specs {
		var spec sla.Agreement
		require.NoError(t, json.Unmarshal([]byte(text), &spec))
		require.Empty(t, spec.Validate())
		book.Candidates = append(book.Candidates, sla.Terms{
			Agreement: []string{"gold", "mail", "third"}[i], Version: 1, Spec: spec, Calendar: office(), CalendarName: "desk", CalendarVersion: 1,
		})
	}
	d.facts.Agreed = incident.Agreed{Book: book, Held: book.Candidates, Teams: map[string]bool{"network": true}}
	return d
}

const goldSpec = `{
	"applies_to": "true",
	"targets": {"resolution": {"1": "2h", "2": "4h", "3": "8h"}, "response": {"2": "30m", "3": "1h"}, "update": {"3": "40h"}},
	"pause_on": {"reasons": ["awaiting_requester", "scheduled"]},
	"thresholds": [{"metric": "resolution", "at": "50%", "do": [{"notify": ["assignee", "watchers"]}]}]}`

func (d *desk) clock(metric sla.Metric) sla.Clock {
	var found sla.Clock
	for _, c := range d.record.Clocks {
		if c.Metric == metric && c.InForce && c.Cycle >= found.Cycle {
			found = c
		}
	}
	require.NotZero(d.t, found, metric)
	return found
}

var p3 = body{"title": "Mail is down", "impact": "medium", "urgency": "medium", "requester": "rita", "team": "messaging"}

func TestTheFirstStoryAtTheDesk(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-04 15:00", goldSpec)
	d.do(ana, "log", p3)
	require.Equal(t, "gold applies (rank 0)", d.record.Agreements[0].Why)
	require.Contains(t, d.waits(), "clock resolution 50% Mon 2026-12-07 11:00:00")
	d.at("2026-12-04 15:10").do(ana, "start", nil)
	require.Equal(t, sla.Met, d.clock(sla.Response).State)
	d.at("2026-12-04 16:00").do(ana, "hold", body{"reason": "awaiting_requester"})
	require.Equal(t, sla.Paused, d.clock(sla.Resolution).State)
	d.at("2026-12-07 10:00").do(other, "reply", body{"note": 4, "text": "this one"})
	require.Equal(t, incident.InProgress, d.record.State)
	require.Equal(t, berlin("2026-12-07 17:00"), *d.clock(sla.Resolution).DueAt)
	require.Contains(t, d.waits(), "clock resolution 50% Mon 2026-12-07 13:00:00")

	before := len(d.notices)
	d.at("2026-12-07 13:30").do(lead, "change_priority", body{"impact": "high", "urgency": "medium", "reason": "the board"})
	require.Equal(t, []string{"incident.clock_reached", "incident.priority_changed", "incident.clock_re_rated", "incident.clock_breached"}, d.types()[len(d.types())-4:])
	reached := d.events[len(d.events)-4]
	require.Equal(t, berlin("2026-12-07 13:00"), *reached.DueAt)
	require.Equal(t, (30 * time.Minute).Milliseconds(), *reached.LatenessMS)
	broken := d.clock(sla.Resolution)
	require.Equal(t, sla.Breached, broken.State)
	require.Equal(t, berlin("2026-12-07 13:00"), *broken.BreachedAt)
	require.Equal(t, "a re-rating left the end of the target in the past", d.last().Reason)
	breaches := 0
	for _, notice := range d.notices[before:] {
		if notice.Kind == "incident.clock_breached" {
			breaches++
			require.Equal(t, []string{"person:ana", "team_lead:messaging"}, notice.To)
		}
	}
	require.Equal(t, 1, breaches)
}

func TestAHoldThatEndsWhileNobodyWorksCountsFromItsEnd(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	d.at("2026-12-07 09:30").do(ana, "hold", body{"reason": "scheduled", "until": berlin("2026-12-07 11:00")})
	d.at("2026-12-07 16:00").catchUp() // the worker was away from eleven to four
	require.Equal(t, berlin("2026-12-07 11:00"), d.record.StateSince)
	c := d.clock(sla.Resolution)
	require.Equal(t, 90*time.Minute.Milliseconds(), c.PausedMS)
	require.Equal(t, []sla.Point{{At: "50%", DueAt: berlin("2026-12-07 14:30"), Outcome: sla.Fired}}, c.Points)
	require.Equal(t, berlin("2026-12-08 10:30"), *c.DueAt)
}

func TestWhatWasResolvedBeforeAThresholdWithdrawsIt(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	d.at("2026-12-07 16:59").do(ana, "start", nil)
	d.at("2026-12-08 09:05").do(ana, "edit", body{"title": "Mail is slow"})
	require.Equal(t, sla.Breached, d.clock(sla.Resolution).State)
	d.do(ana, "resolve", body{"code": "fixed", "notes": "Quota.", "effective_at": berlin("2026-12-07 16:59:30"), "reason": "on the phone"})
	c := d.clock(sla.Resolution)
	require.Equal(t, sla.Met, c.State)
	require.Equal(t, berlin("2026-12-07 16:59:30"), *c.StoppedAt)
	require.Contains(t, d.types(), "incident.clock_withdrawn")
	require.Equal(t, []string{"auto_close Fri 2026-12-11 09:05:00"}, d.waits())
}

func TestFirstContactMeetsEverything(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-03 16:30", goldSpec)
	d.do(ana, "log", body{"title": "Mail", "impact": "medium", "urgency": "medium", "resolution": body{"code": "fixed", "notes": "Told how."}})
	for _, metric := range []sla.Metric{sla.Response, sla.Resolution, sla.Update} {
		require.Equal(t, sla.Met, d.clock(metric).State)
	}
	d.at("2026-12-08 16:29:59").do(other, "reply", body{"note": 4, "text": "again"})
	require.Equal(t, incident.InProgress, d.record.State)
	require.Equal(t, 2, d.clock(sla.Resolution).Cycle)
	require.Equal(t, sla.Running, d.clock(sla.Resolution).State)
}

func TestAMachineDoesNotRespond(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	d.at("2026-12-07 09:20").do(other, "informed", body{"note": 3})
	require.Equal(t, sla.Met, d.clock(sla.Response).State, "the platform tells of a person's word")
	d = promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	d.at("2026-12-07 09:05").do(ana, "hold", body{"reason": "awaiting_requester"})
	d.at("2026-12-10 09:05").catchUp()
	require.Equal(t, incident.Resolved, d.record.State)
	require.Equal(t, sla.Canceled, d.clock(sla.Response).State)
	require.Equal(t, sla.Met, d.clock(sla.Resolution).State)
}

func TestANewServiceComesUnderItsAgreement(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec, `{"applies_to": "mail", "rank": 5, "targets": {"resolution": {"3": "2h"}}}`)
	d.do(ana, "log", p3)
	require.Equal(t, "gold", d.clock(sla.Resolution).Agreement)
	d.at("2026-12-07 10:00").do(ana, "triage", body{"service": "mail"})
	c := d.clock(sla.Resolution)
	require.Equal(t, "mail", c.Agreement)
	require.Equal(t, berlin("2026-12-07 11:00"), *c.DueAt, "from the opening")
	require.Equal(t, "mail applies (rank 5), before gold (0)", d.record.Agreements[0].Why)
	require.Equal(t, sla.Canceled, d.clock(sla.Update).State, "the new agreement does not promise it")
}

func TestThresholdsActOnTheIncident(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", `{
		"applies_to": "true", "targets": {"resolution": {"1": "7h", "2": "8h", "3": "8h"}},
		"thresholds": [
			{"metric": "resolution", "at": "25%", "do": [{"raise_priority": 1}, {"add_watcher": "mo"}]},
			{"metric": "resolution", "at": "50%", "do": [{"raise_priority": 1}, {"reassign": "network"}]},
			{"metric": "resolution", "at": "100%", "do": [{"notify": ["team_lead", "person:mo"]}]}]}`)
	d.do(ana, "log", p3)
	d.at("2026-12-07 12:59").catchUp()
	require.Equal(t, 2, d.record.Priority)
	require.True(t, d.record.PriorityOverridden)
	d.at("2026-12-07 17:00").catchUp()
	require.Equal(t, 2, d.record.Priority, "once in a cycle")
	require.Equal(t, "network", d.record.Team)
	require.Equal(t, sla.Breached, d.clock(sla.Resolution).State)
	told := []string{}
	for _, notice := range d.notices {
		if notice.Kind == "incident.clock_breached" || notice.Kind == "incident.clock_reached" {
			told = append(told, notice.To...)
		}
	}
	require.Equal(t, []string{"team_lead:network", "person:mo"}, told, "the agreement says who hears of the end")
}

func TestLoweringAfterHalfOfTheTimeNeedsALead(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	lower := body{"impact": "low", "urgency": "low", "reason": "one user"}
	refused := d.at("2026-12-07 13:00").refuse(domain.CodeForbidden, ana, "change_priority", lower)
	require.Contains(t, refused.Message, "half of a promised time is used")
	d.do(lead, "change_priority", lower)
	require.Equal(t, sla.Canceled, d.clock(sla.Resolution).State, "nothing is promised for the lowest priority")
}

func TestMergingRestsTheClocks(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	d.at("2026-12-07 09:30").do(lead, "merge_into", body{"incident": "INC-2"})
	require.Equal(t, sla.Canceled, d.clock(sla.Resolution).State)
	require.Empty(t, d.waits())
	d.at("2026-12-07 12:30").do(lead, "unmerge", nil)
	require.Equal(t, berlin("2026-12-08 12:00"), *d.clock(sla.Resolution).DueAt)
}

// TestRandomLivesUnderAgreements gives random commands at random times and holds what the clocks show against what explains it.
func TestRandomLivesUnderAgreements(t *testing.T) {
	t.Parallel()
	mail := `{"applies_to": "mail", "rank": 5, "targets": {"resolution": {"1": "1h", "2": "3h", "3": "1wd", "4": "2wd"}, "response": {"1": "5m"}},
		"rerate": {"raise": "changed"}, "thresholds": [{"metric": "resolution", "at": "75%", "do": [{"raise_priority": 1}]}]}`
	team := `{"applies_to": "true", "team": "messaging", "targets": {"ola": {"1": "30m", "2": "2h", "3": "5h"}}}`
	rapid.Check(t, func(t *rapid.T) {
		d := promised(t, "2026-12-04 15:00", goldSpec, mail, team)
		d.now = d.now.Add(time.Duration(rapid.Int64Range(0, int64(7*24*time.Hour)).Draw(t, "opening"))).Truncate(time.Millisecond)
		d.do(ana, "log", drawBody(t, "log", d.now))
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			d.now = d.now.Add(drawPause(t, d)).Truncate(time.Millisecond)
			d.catchUp()
			for _, deadline := range d.due() {
				require.True(t, deadline.DueAt.After(d.now), "%s is due and was not handled", deadline.Name)
			}
			verb := rapid.SampledFrom(verbs()).Draw(t, "verb")
			actor := ana
			if transition, _ := incident.Lifecycle.Transition(verb); transition.Machine() {
				actor = other
			}
			_ = d.apply(d.command(actor, verb, drawBody(t, verb, d.now)), nil) // most are refused in most states
			explained(t, d)
		}
	})
}

func explained(t *rapid.T, d *desk) {
	seen := map[string]bool{}
	for _, c := range d.record.Clocks {
		key := string(c.Metric) + c.Agreement + strconv.Itoa(c.Cycle)
		require.False(t, c.InForce && seen[key], "one rating of a cycle is in force")
		seen[key] = seen[key] || c.InForce
		require.Equal(t, c.State == sla.Breached, c.BreachedAt != nil)
		require.Equal(t, c.Ended(), c.StoppedBy != "")
		require.False(t, c.Ended() && (c.Counting || c.NextAt != nil))
		if !c.InForce {
			continue
		}
		require.True(t, d.record.Open || c.Ended(), "nothing is owed for a %s incident", d.record.State)
		for _, terms := range d.facts.Agreed.Held {
			if terms.Measures(c) {
				told := terms.Explain(c, d.record.Life, c.AsOf)
				require.Equal(t, []int64{c.ElapsedMS, c.PausedMS}, []int64{told.ElapsedMS, told.PausedMS})
			}
		}
	}
}

func TestAPromiseToRespondThatBeginsLaterWasKeptWhenSomebodyResponded(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", `{"applies_to": "true", "targets": {"resolution": {"2": "4h", "3": "8h"}, "response": {"2": "30m"}}}`)
	d.do(ana, "log", p3)
	d.at("2026-12-07 09:05").do(ana, "start", nil)
	d.at("2026-12-07 11:00").do(lead, "change_priority", body{"impact": "high", "urgency": "medium", "reason": "the board"})
	c := d.clock(sla.Response)
	require.Equal(t, sla.Met, c.State)
	require.Equal(t, berlin("2026-12-07 09:05"), *c.StoppedAt)
}

func TestNothingIsPromisedOfWhatIsOver(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", `{"applies_to": "mail", "targets": {"resolution": {"3": "1h"}}}`)
	d.do(ana, "log", p3)
	d.at("2026-12-07 16:00").do(ana, "cancel", body{"reason": "it was the cable"})
	d.at("2026-12-08 16:00").do(ana, "edit", body{"service": "mail"})
	require.Empty(t, d.record.Clocks)
	require.Len(t, d.record.Agreements, 1, "it is under the agreement should it be taken up again")
}

func TestAnAgreementThatCannotBeEvaluatedIsToldThough(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", `{"applies_to": "floor > 3", "targets": {"resolution": {"3": "4h"}}}`)
	d.do(ana, "log", p3)
	require.Empty(t, d.record.Agreements)
	told := d.events[len(d.events)-1]
	require.Equal(t, []string{"incident.agreement_failed", "gold could not be evaluated (cannot be evaluated)"}, []string{told.Type, told.Reason})
	require.False(t, told.Public)
}

func TestCallsEndWithThePromiseTheyAreFor(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", `{"applies_to": "true", "targets": {"response": {"3": "1h"}, "resolution": {"3": "4h"}}, "thresholds": [
		{"metric": "response", "at": "50%", "do": [{"escalate": "primary"}]},
		{"metric": "resolution", "at": "50%", "do": [{"escalate": "primary"}]},
		{"metric": "resolution", "at": "100%", "do": [{"escalate": "primary"}]}]}`)
	d.do(ana, "log", p3)
	d.at("2026-12-07 09:40").do(ana, "start", nil)
	require.Equal(t, []string{"escalation.open", "escalation.stop"}, []string{d.messages[0].Command, d.messages[1].Command})
	d.at("2026-12-07 11:00").catchUp()
	require.Equal(t, "escalation.open", d.messages[2].Command)
	d.at("2026-12-07 13:00").catchUp()
	require.Equal(t, "escalation.renew", d.messages[3].Command)
	require.Len(t, d.record.Escalations, 1)
	d.do(ana, "resolve", done())
	require.Equal(t, "escalation.stop", d.messages[4].Command)
	require.Empty(t, d.record.Escalations)
}

func TestCallsFollowWhatTheIncidentBecomes(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", `{"applies_to": "true", "targets": {"resolution": {"3": "4h"}}, "thresholds": [
		{"metric": "resolution", "at": "50%", "do": [{"escalate": "primary"}]},
		{"metric": "resolution", "at": "100%", "do": [{"escalate": "primary"}]}]}`)
	d.do(ana, "log", p3)
	d.do(ana, "edit", body{"title": "Before anybody is called"})
	require.Empty(t, d.messages)
	d.at("2026-12-07 11:00").catchUp()
	d.do(ana, "edit", body{"title": "Payroll of the board", "description": "this is told to nobody"})
	d.do(ana, "edit", body{"description": "nor is this"})
	d.do(ana, "edit", body{"restricted": true})
	d.at("2026-12-07 13:00").catchUp()
	d.do(ana, "resolve", done())
	commands := []string{}
	for _, message := range d.messages {
		commands = append(commands, message.Command)
	}
	require.Equal(t, []string{"escalation.open", "escalation.follow", "escalation.follow", "escalation.renew", "escalation.stop"}, commands)
	require.Equal(t, "Payroll of the board", d.messages[1].Body["title"])
	require.Equal(t, "A restricted incident", d.messages[2].Body["title"])
	require.Equal(t, []any{"somebody is needed", "somebody is needed"}, []any{d.messages[2].Body["why"], d.messages[3].Body["why"]})
}

func done() body { return body{"code": "fixed", "notes": "Turned it on."} }

func TestAThresholdActsOnceInACycle(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", body{"title": "x", "impact": "high", "urgency": "medium", "team": "messaging"})
	d.at("2026-12-07 11:00").catchUp()
	d.at("2026-12-07 11:30").do(lead, "change_priority", body{"impact": "medium", "urgency": "medium", "reason": "one floor"})
	d.at("2026-12-07 13:00").catchUp()
	reached := 0
	for _, kind := range d.types() {
		if kind == "incident.clock_reached" {
			reached++
		}
	}
	require.Equal(t, 1, reached)
	require.Contains(t, d.types(), "incident.clock_passed")
}

func TestAMachinesHandsDoNotRespond(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	bot := ana
	bot.Machine = true
	d.do(ana, "log", p3)
	d.do(bot, "start", nil)
	require.Equal(t, sla.Running, d.clock(sla.Response).State)
}

func TestLoweringByTriageNeedsALeadToo(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec)
	d.do(ana, "log", p3)
	d.at("2026-12-07 16:59").refuse(domain.CodeForbidden, ana, "triage", body{"impact": "low", "urgency": "low"})
}

func TestWhatIsTakenUpAgainIsUnderItsNewAgreement(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-07 09:00", goldSpec, `{"applies_to": "mail", "rank": 5, "targets": {"resolution": {"3": "2h"}}}`)
	d.do(ana, "log", p3)
	d.do(ana, "resolve", done())
	d.do(ana, "edit", body{"service": "mail"})
	d.do(ana, "reopen", body{"reason": "again"})
	require.Equal(t, "mail", d.clock(sla.Resolution).Agreement)
}
