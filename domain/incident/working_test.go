package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

func TestReassignmentsAreCountedAndPingPongIsMarked(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-07 10:00")
	d.do(ana, "log", bodyOf("log"))
	for i, step := range []struct {
		give     body
		count    int
		pingPong bool
	}{
		{body{"team": "messaging"}, 0, false}, // the first owner
		{body{"assignee": "ana"}, 0, false},   // the first person
		{body{"assignee": "bo"}, 1, false},
		{body{"team": "messaging", "assignee": "ana"}, 2, false}, // the same team, another person
		{body{"team": "network"}, 3, false},
		{body{"assignee": "cy"}, 3, false},    // nobody had it at network
		{body{"team": "desk"}, 4, false},      // A → B → C
		{body{"team": "messaging"}, 5, false}, // and round to A is no ping-pong
		{body{"team": "desk", "assignee": "dee"}, 6, true},
	} {
		d.do(ana, "assign", step.give)
		require.Equal(t, step.count, d.record.ReassignmentCount, "step %d", i)
		require.Equal(t, step.pingPong, d.record.PingPong, "step %d", i)
	}
	require.Equal(t, "dee", d.record.Assignee)
	require.Equal(t, true, d.last().Data["ping_pong"])
	d.do(ana, "assign", body{"team": "network"})
	require.True(t, d.record.PingPong, "it stays marked")
}

func TestAssignTellsOldAndNew(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	d.do(ana, "assign", body{"assignee": "ana"})
	require.Equal(t, body{"assignee": domain.Change{From: "", To: "ana"}}, d.last().Data)
	d.notices = nil
	d.do(ana, "assign", body{"team": "network", "assignee": "cy"})
	require.Equal(t, body{"team": domain.Change{From: "messaging", To: "network"}, "assignee": domain.Change{From: "ana", To: "cy"}}, d.last().Data)
	require.Equal(t, []string{"incident.assigned → person:cy"}, d.told())
	require.False(t, d.last().Public)
	d.do(ana, "assign", body{"team": "desk", "assignee": "cy"})
	require.Equal(t, body{"team": domain.Change{From: "network", To: "desk"}}, d.last().Data, "the same person in another team")
	d.notices = nil
	d.do(ana, "assign", body{"team": "network"})
	require.Equal(t, domain.Change{From: "cy", To: ""}, d.last().Data["assignee"], "another team chooses its own")
	require.Equal(t, []string{"incident.assigned → team:network"}, d.told())
	require.Equal(t, incident.New, d.record.State)

	d.refuse(domain.CodeInvalid, ana, "assign", body{})
	d.refuse(domain.CodeInvalid, ana, "assign", body{"team": "network"})
	d.facts.Assignee.Member = false
	d.refuse(domain.CodeInvalid, ana, "assign", body{"assignee": "bo"})
	d.facts.Assignee = incident.PersonFact{Member: true}
	d.refuse(domain.CodeInvalid, ana, "assign", body{"assignee": "gone"})
	d.facts.Team.Known = false
	d.refuse(domain.CodeInvalid, ana, "assign", body{"team": "gone"})
}

func TestStartTakesWhatNobodyHas(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	d.at("2026-12-07 10:10").do(ana, "start", nil)
	require.Equal(t, "ana", d.record.Assignee)
	require.Equal(t, d.now, *d.record.StartedAt)
	require.Equal(t, d.now, d.record.StateSince)
	require.Equal(t, body{"assignee": domain.Change{From: "", To: "ana"}}, d.last().Data)
	require.True(t, d.last().Public)

	d = logged(t, "2026-12-07 10:00")
	d.do(ana, "assign", body{"assignee": "bo"})
	d.do(ana, "start", nil)
	require.Equal(t, "bo", d.record.Assignee)
	require.Empty(t, d.last().Data)
	for _, fact := range []incident.PersonFact{{Active: true}, {Member: true}} {
		d = logged(t, "2026-12-07 10:00")
		d.facts.Assignee = fact
		d.do(ana, "start", nil)
		require.Empty(t, d.record.Assignee, "whoever is not of the team only starts it")
	}
	d = logged(t, "2026-12-07 10:00")
	d.do(other, "start", nil)
	require.Empty(t, d.record.Assignee, "a machine owns nothing")
}

func TestEffectiveTimes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		effective, reason, refused string
	}{
		"as it is said":        {"2026-12-08 10:00", "r", ""},
		"an hour back":         {"2026-12-08 09:00", "was on the phone", ""},
		"to the last change":   {"2026-12-07 11:00", "r", ""},
		"before it":            {"2026-12-07 10:59:59", "r", "effective_at"},
		"in the future":        {"2026-12-08 10:00:01", "r", "effective_at"},
		"without a reason":     {"2026-12-08 09:00", "", "reason"},
		"before it was opened": {"2026-12-07 10:30", "r", "effective_at"},
	} {
		for _, verb := range []string{"start", "resolve"} {
			d := logged(t, "2026-12-07 10:00")
			d.at("2026-12-07 11:00").do(ana, "triage", body{})
			d.at("2026-12-08 10:00")
			content := body{"effective_at": berlin(c.effective).In(time.FixedZone("", 7200)), "reason": c.reason}
			if verb == "resolve" {
				content["code"], content["notes"] = "fixed", "x"
			}
			if c.refused != "" {
				require.Equal(t, "body."+c.refused, d.refuse(domain.CodeInvalid, ana, verb, content).Fields[0].Location, name)
				continue
			}
			d.do(ana, verb, content)
			effective, data := berlin(c.effective), d.last().Data
			require.Equal(t, effective, d.record.StateSince, name)
			require.Equal(t, d.now, d.last().At, "both times are kept")
			if effective.Equal(d.now) {
				require.NotContains(t, data, "effective_at")
			} else {
				require.Equal(t, effective, data["effective_at"])
			}
			if verb == "start" {
				require.Equal(t, effective, *d.record.StartedAt)
				continue
			}
			require.Equal(t, effective, *d.record.ResolvedAt)
			require.Equal(t, d.now, *d.record.Resolution.RecordedAt)
		}
	}
	for back, code := range map[time.Duration]domain.Code{24 * time.Hour: "", 24*time.Hour + time.Millisecond: domain.CodeInvalid} {
		d := logged(t, "2026-12-01 10:00")
		d.do(ana, "triage", body{})
		d.now = berlin("2026-12-07 10:00")
		err := d.give(ana, "start", body{"effective_at": d.now.Add(-back), "reason": "r"})
		require.Equal(t, code == "", err == nil, back)
	}
}

func TestHoldRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 201)
	for name, c := range map[string]struct {
		body  body
		field string
	}{
		"no reason":           {body{}, "reason"},
		"an unknown reason":   {body{"reason": "lunch"}, "reason"},
		"no vendor":           {body{"reason": "awaiting_vendor", "reference": "A-1"}, "vendor"},
		"no reference":        {body{"reason": "awaiting_vendor", "vendor": "Acme"}, "vendor"},
		"own reason's vendor": {body{"reason": "awaiting_parts"}, "vendor"},
		"a long vendor":       {body{"reason": "awaiting_vendor", "vendor": long, "reference": "A-1"}, "vendor"},
		"a long reference":    {body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": long}, "reference"},
		"scheduled for never": {body{"reason": "scheduled"}, "until"},
		"until now":           {body{"reason": "scheduled", "until": berlin("2026-12-07 10:00")}, "until"},
		"promised for before": {body{"reason": "awaiting_change", "promised_at": berlin("2026-12-07 09:00")}, "promised_at"},
		"both in the past":    {body{"reason": "awaiting_change", "until": berlin("2026-12-07 09:00"), "promised_at": berlin("2026-12-07 09:00")}, "until"},
	} {
		d := logged(t, "2026-12-07 10:00")
		for range 20 { // the same words every time
			require.Equal(t, "body."+c.field, d.refuse(domain.CodeInvalid, ana, "hold", c.body).Fields[0].Location, name)
		}
	}
}

func TestHoldForAnotherReasonAndBack(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	d.do(ana, "triage", body{})
	d.at("2026-12-07 11:00").do(ana, "hold", body{"reason": "awaiting_requester", "comment": "which mailbox?"})
	require.Equal(t, body{"comment": "which mailbox?"}, d.last().Personal)
	require.Equal(t, "incident.awaiting_requester → person:rita", d.told()[len(d.told())-1])
	d.at("2026-12-08 12:00").catchUp()
	require.Equal(t, 1, d.record.Hold.Reminders)
	d.refuse(domain.CodeConflict, ana, "hold", body{"reason": "awaiting_requester"})
	d.do(ana, "hold", body{"reason": "awaiting_logs"})
	require.Equal(t, incident.Triaged, d.record.Hold.From, "the state before the first hold")
	require.Equal(t, berlin("2026-12-08 12:00"), *d.record.Hold.Since)
	require.Zero(t, d.record.Hold.Reminders)
	d.do(ana, "hold", body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1", "promised_at": berlin("2026-12-09 10:00")})
	require.Equal(t, body{
		"reason": "awaiting_vendor", "base": "awaiting_vendor", "vendor": "Acme", "reference": "A-1", "promised_at": berlin("2026-12-09 10:00"),
	}, d.last().Data)
	d.do(ana, "resume", body{"reason": "they called"})
	require.Equal(t, incident.Triaged, d.record.State)
	require.Zero(t, d.record.Hold)
	require.Equal(t, "they called", d.last().Reason)
	require.Equal(t, body{"held_for": "awaiting_vendor", "held_since": berlin("2026-12-08 12:00"), "state": incident.Triaged}, d.last().Data)

	d.do(ana, "start", nil)
	d.do(ana, "hold", body{"reason": "awaiting_problem"})
	d.do(ana, "resume", nil)
	require.Equal(t, incident.InProgress, d.record.State)
}

func TestTheRequestersReplyResumes(t *testing.T) {
	t.Parallel()
	for reason, resumes := range map[string]bool{"awaiting_requester": true, "awaiting_logs": true, "awaiting_change": false} {
		d := logged(t, "2026-12-04 15:00")
		d.at("2026-12-04 15:10").do(ana, "start", nil)
		d.at("2026-12-04 16:00").do(ana, "hold", body{"reason": reason})
		d.at("2026-12-07 10:00").do(other, "reply", body{"note": 3, "text": "Here it is"})
		require.Equal(t, "incident.replied → person:ana", d.told()[len(d.told())-1], "the owner hears of it")
		if !resumes {
			require.Equal(t, incident.OnHold, d.record.State, reason)
			require.Equal(t, "incident.replied", d.last().Type)
			require.Equal(t, body{"note": int64(3)}, d.last().Data)
			continue
		}
		require.Equal(t, incident.InProgress, d.record.State, reason)
		require.Equal(t, "the requester replied", d.last().Reason)
		require.Empty(t, d.waits())
	}
}

func TestPriorityIsChangedByTheMatrixOrOverridden(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	d.do(lead, "override_priority", body{"priority": 1, "reason": "the board waits"})
	require.True(t, d.record.PriorityOverridden)
	require.Equal(t, "incident.priority_overridden", d.last().Type)
	require.Equal(t, "the board waits", d.last().Reason)
	require.Equal(t, body{"priority": domain.Change{From: 3, To: 1}}, d.last().Data)
	require.Equal(t, []string{incident.Medium, incident.Medium}, []string{d.record.Impact, d.record.Urgency})
	d.do(ana, "triage", body{"impact": "low"})
	require.Equal(t, 1, d.record.Priority, "triage does not lift an override")
	d.do(ana, "change_priority", body{"impact": "low", "urgency": "low", "reason": "the board has gone"})
	require.Equal(t, 5, d.record.Priority)
	require.False(t, d.record.PriorityOverridden)
	require.Equal(t, body{"urgency": domain.Change{From: "medium", To: "low"}, "priority": domain.Change{From: 1, To: 5}}, d.last().Data)

	for _, wrong := range []body{
		{"impact": "low", "urgency": "low", "reason": "r"}, {"impact": "high", "urgency": "low"}, {"impact": "huge", "urgency": "low", "reason": "r"},
	} {
		d.refuse(domain.CodeInvalid, ana, "change_priority", wrong)
	}
	for _, wrong := range []body{{"priority": 5, "reason": "r"}, {"priority": 0, "reason": "r"}, {"priority": 6, "reason": "r"}, {"priority": 1}} {
		d.refuse(domain.CodeInvalid, lead, "override_priority", wrong)
	}
	d.do(lead, "override_priority", body{"priority": 2, "reason": "r"})
	d.do(ana, "change_priority", body{"impact": "low", "urgency": "low", "reason": "back to the matrix"})
	require.Equal(t, 5, d.record.Priority, "the same impact and urgency end an override")
}

func TestEditTellsOldAndNew(t *testing.T) {
	t.Parallel()
	for field, c := range map[string]struct {
		value    any
		personal bool
		change   domain.Change
	}{
		"title":               {"Mail is slow", true, domain.Change{From: "Mail is down", To: "Mail is slow"}},
		"description":         {"d", true, domain.Change{From: "", To: "d"}},
		"requester":           {"bo", true, domain.Change{From: "rita", To: "bo"}},
		"location":            {"Bonn", true, domain.Change{From: "", To: "Bonn"}},
		"service":             {"mail", false, domain.Change{From: "", To: "mail"}},
		"category":            {"c", false, domain.Change{From: "", To: "c"}},
		"channel":             {"mail", false, domain.Change{From: "", To: "mail"}},
		"environment":         {"test", false, domain.Change{From: "", To: "test"}},
		"restricted":          {true, false, domain.Change{From: false, To: true}},
		"tags":                {[]string{"a", "a", "b"}, false, domain.Change{From: []string{}, To: []string{"a", "b"}}},
		"configuration_items": {[]string{"mx1"}, false, domain.Change{From: []string{}, To: []string{"mx1"}}},
	} {
		d := in(t, incident.Resolved, false)
		d.do(ana, "edit", body{field: c.value, "reason": "r"})
		in, out := d.last().Data, d.last().Personal
		if c.personal {
			in, out = out, in
		}
		require.Equal(t, c.change, in[field], field)
		require.NotContains(t, out, field)
		require.Equal(t, []string{field}, d.last().Data["fields"])
		require.Equal(t, "r", d.last().Reason)
		require.False(t, d.last().Public)
		d.refuse(domain.CodeInvalid, ana, "edit", body{field: c.value})
	}
}

func TestEditCustomFieldsAndPolicies(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	d.do(ana, "edit", body{"custom_fields": body{"floor": 3}, "title": "y"})
	require.JSONEq(t, `{"floor":3}`, string(d.record.CustomFields))
	require.Equal(t, []string{"custom_fields", "title"}, d.last().Data["fields"])
	d.refuse(domain.CodeInvalid, ana, "edit", body{"custom_fields": body{"floor": 3}})
	d.refuse(domain.CodeInvalid, ana, "edit", body{"custom_fields": nil, "title": nil})
	d.refuse(domain.CodeInvalid, ana, "edit", body{"custom_fields": []int{}})
	d.refuse(domain.CodeInvalid, ana, "edit", body{"impact": "high"})
	d.do(ana, "edit", body{"custom_fields": body{}})
	require.JSONEq(t, `{}`, string(d.record.CustomFields))

	d.facts.Policies = map[string]int{"Calendar/always": 2}
	d.do(ana, "edit", body{"service": "wifi"})
	require.Equal(t, map[string]int{"Calendar/always": 2}, d.record.Policies)
	d.facts.Policies = nil
	d.do(ana, "edit", body{"title": "z"})
	require.Equal(t, map[string]int{"Calendar/always": 2}, d.record.Policies, "no other service, no other versions")

	for field, value := range map[string]any{"title": "", "description": strings.Repeat("x", 65537), "channel": strings.Repeat("x", 201), "tags": []string{""}, "configuration_items": make([]string, 101)} {
		require.Equal(t, "body."+field, d.refuse(domain.CodeInvalid, ana, "edit", body{field: value}).Fields[0].Location)
	}
	d.facts.Service.Known, d.facts.Requester.Active = false, false
	d.refuse(domain.CodeInvalid, ana, "edit", body{"service": "gone"})
	d.refuse(domain.CodeInvalid, ana, "edit", body{"requester": "gone"})
	d.do(ana, "edit", body{"service": ""})
	require.Empty(t, d.record.Service)
}

func TestNobodyWaitsForALifetime(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	for field, hold := range map[string]body{
		"until":       {"reason": incident.Scheduled},
		"promised_at": {"reason": incident.AwaitingVendor, "vendor": "Northline", "reference": "1"},
	} {
		for _, far := range []string{"2126-12-07T10:00:01Z", "9999-12-31T23:59:59-23:59"} {
			hold[field] = far
			require.Contains(t, d.refuse(domain.CodeInvalid, ana, "hold", hold).Message, "more than 100 years ahead")
		}
		hold[field] = "2126-12-07T08:59:00Z"
		d.do(ana, "hold", hold)
	}
}
