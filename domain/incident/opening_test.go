package incident_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

func TestLogKeepsWhatItIsTold(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-07 10:00")
	d.do(ana, "log", body{
		"title": "Mail is down", "description": "All of it.", "impact": "high", "urgency": "medium", "service": "mail",
		"category": "outage", "requester": "rita", "channel": "phone", "location": "Berlin", "environment": "production",
		"team": "messaging", "assignee": "bo", "configuration_items": []string{"mx1", "mx2", "mx1"},
		"tags": []string{"mail", "mail"}, "custom_fields": body{"floor": 3}, "restricted": true, "follows": "INC-2",
	})
	r := d.record
	at := berlin("2026-12-07 10:00")
	require.Equal(t, domain.Record{
		ID: recordID, Practice: domain.Incident, Number: "INC-1", State: incident.New, Version: 1, Title: "Mail is down",
		Description: "All of it.", Service: "mail", Category: "outage", Tags: []string{"mail"}, Team: "messaging", Assignee: "bo",
		Requester: "rita", OpenedBy: "ana", Priority: 2, Channel: "phone", Location: "Berlin", Environment: "production",
		ConfigurationItems: []string{"mx1", "mx2"}, CustomFields: json.RawMessage(`{"floor":3}`),
		Policies: map[string]int{"Calendar/default": 1}, Restricted: true, Open: true, Active: true,
		OpenedAt: at, UpdatedAt: at, StateSince: at, LastEventAt: at,
	}, r.Record)
	require.Equal(t, incident.Details{
		Impact: "high", Urgency: "medium",
		Life: sla.Life{{From: at, By: "ana", State: incident.New, Open: true, Team: "messaging"}},
	}, r.Details)
	require.Equal(t, []domain.Link{{Type: "follows", To: parentID}}, d.links)
	require.Equal(t, []string{"incident.logged → person:bo", "incident.logged → person:rita"}, d.told())
	require.Equal(t, body{"title": "Mail is down", "requester": "rita"}, d.last().Personal, "people and free text can be erased")
	require.True(t, d.last().Public)
	d.facts.Policies["Calendar/default"] = 9
	require.Equal(t, 1, d.record.Policies["Calendar/default"], "the record has its own")
}

func TestPriorityFollowsTheMatrix(t *testing.T) {
	t.Parallel()
	levels := []string{incident.High, incident.Medium, incident.Low}
	want := [][]int{{1, 2, 3}, {2, 3, 4}, {3, 4, 5}}
	for i, impact := range levels {
		for j, urgency := range levels {
			d := setup(t, "2026-12-07 10:00")
			d.do(ana, "log", body{"title": "x", "impact": impact, "urgency": urgency})
			require.Equal(t, want[i][j], d.record.Priority, "%s × %s", impact, urgency)
		}
	}
	d := setup(t, "2026-12-07 10:00")
	require.Contains(t, d.refuse(domain.CodeInvalid, ana, "log", body{"title": "x", "impact": "huge", "urgency": "high"}).Message, `"huge" is not a level of impact`)
	require.Contains(t, d.refuse(domain.CodeInvalid, ana, "log", body{"title": "x", "impact": "high"}).Message, `"" is not a level of urgency`)
}

func TestAssignmentRulesFillWhatIsLeftOpen(t *testing.T) {
	t.Parallel()
	assignment := policy.Assignment{Rule: "mail rule", Team: "network", Category: "mail", Tags: []string{"auto", "seen"}}
	for name, c := range map[string]struct {
		given, want body
		assignment  policy.Assignment
	}{
		"all of it":                {body{}, body{"team": "network", "category": "mail", "rule": "mail rule", "tags": []string{"auto", "seen"}}, assignment},
		"what was said stays":      {body{"team": "messaging", "category": "post", "tags": []string{"seen"}}, body{"team": "messaging", "category": "post", "rule": "mail rule", "tags": []string{"seen", "auto"}}, assignment},
		"the service's team":       {body{"service": "mail"}, body{"team": "messaging", "category": "", "rule": "support team of mail", "tags": []string{}}, policy.Assignment{}},
		"said, and no rule needed": {body{"team": "network"}, body{"team": "network", "category": "", "rule": "", "tags": []string{}}, policy.Assignment{}},
	} {
		d := setup(t, "2026-12-07 10:00")
		d.facts.Assignment = c.assignment
		c.given["title"], c.given["impact"], c.given["urgency"] = "x", "low", "low"
		d.do(ana, "log", c.given)
		require.Equal(t, c.want, body{
			"team": d.record.Team, "category": d.record.Category, "rule": d.last().Data["assignment_rule"], "tags": d.record.Tags,
		}, name)
		require.Zero(t, d.record.ReassignmentCount, "the first owner is no reassignment")
	}
}

func TestWhoLogsIsTheRequesterUnlessSaid(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-07 10:00")
	d.do(rita, "log", bodyOf("log"))
	require.Equal(t, "rita", d.record.Requester)
	require.Equal(t, "rita", d.record.OpenedBy)
}

// The second story, up to where messages part.
func TestFirstContact(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-03 16:30")
	d.do(ana, "log", body{"title": "x", "impact": "low", "urgency": "low", "requester": "rita", "resolution": body{"code": "fixed", "notes": "Turned it on."}})
	require.Equal(t, incident.Resolved, d.record.State)
	require.True(t, d.record.FirstContact)
	require.False(t, d.record.Open)
	require.True(t, d.record.Active)
	require.Equal(t, []string{"incident.logged", "incident.resolved"}, d.types())
	require.Equal(t, body{"code": "fixed", "first_contact": true}, d.last().Data)
	require.Equal(t, body{"notes": "Turned it on."}, d.last().Personal)
	require.Equal(t, []string{"incident.resolved → person:rita"}, d.told())
	require.Equal(t, []string{"auto_close Tue 2026-12-08 16:30:00"}, d.waits())
	require.Equal(t, "ana", d.record.Resolution.By)
	require.Equal(t, d.now, *d.record.Resolution.RecordedAt)
	require.Equal(t, d.now, *d.record.ResolvedAt)

	d.at("2026-12-08 16:29:59").do(other, "reply", body{"note": 2, "text": "Still broken"})
	require.Equal(t, incident.InProgress, d.record.State)
	require.Equal(t, 1, d.record.ReopenCount)
	require.False(t, d.record.FirstContact, "the first contact did not restore service")
	require.Empty(t, d.waits(), "nothing closes at 16:30:00")
}

func TestFirstContactIsResolving(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-03 16:30")
	content := body{"title": "x", "impact": "low", "urgency": "low", "resolution": body{"code": "fixed", "notes": "x"}}
	d.refuse(domain.CodeForbidden, rita, "log", content)
	content["resolution"] = body{"code": "magic", "notes": "x"}
	d.refuse(domain.CodeInvalid, ana, "log", content)
	content["resolution"] = body{"code": "fixed"}
	d.refuse(domain.CodeInvalid, ana, "log", content)
	content["resolution"] = body{"code": "fixed", "notes": "x", "reason": "r", "effective_at": berlin("2026-12-03 16:00")}
	require.Contains(t, d.refuse(domain.CodeInvalid, ana, "log", content).Message, "before the last change of state", "it was not open then")
}

func TestLogRefuses(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("x", domain.MaxItemBytes+1)
	many := make([]string, domain.MaxItems+1)
	fields := body{}
	for i := range many {
		many[i] = strings.Repeat("t", i+1)
		fields[many[i]] = i
	}
	for field, c := range map[string]struct {
		value any
		facts func(*incident.Facts)
	}{
		"title":               {value: ""},
		"description":         {value: strings.Repeat("x", domain.MaxDescriptionBytes+1)},
		"category":            {value: wide},
		"channel":             {value: wide},
		"location":            {value: wide},
		"environment":         {value: wide},
		"tags":                {value: many},
		"configuration_items": {value: []string{wide}},
		"custom_fields":       {value: fields},
		"service":             {"gone", func(f *incident.Facts) { f.Service.Known = false }},
		"team":                {"gone", func(f *incident.Facts) { f.Team.Known = false }},
		"assignee":            {"gone", func(f *incident.Facts) { f.Assignee.Active = false }},
		"requester":           {"gone", func(f *incident.Facts) { f.Requester.Active = false }},
		"follows":             {"INC-9", func(f *incident.Facts) { f.Target = nil }},
	} {
		d := setup(t, "2026-12-07 10:00")
		if c.facts != nil {
			c.facts(&d.facts)
		}
		content := body{"title": "x", "impact": "low", "urgency": "low"}
		content[field] = c.value
		refused := d.refuse(domain.CodeInvalid, ana, "log", content)
		require.Len(t, refused.Fields, 1, field)
		require.Equal(t, "body."+field, refused.Fields[0].Location)
	}
	for _, wrong := range []any{[]int{1}, "text", 3, body{"": 1}, body{wide: 1}, body{"x": strings.Repeat("x", domain.MaxDescriptionBytes)}} {
		d := setup(t, "2026-12-07 10:00")
		d.refuse(domain.CodeInvalid, ana, "log", body{"title": "x", "impact": "low", "urgency": "low", "custom_fields": wrong})
	}
	d := setup(t, "2026-12-07 10:00")
	refused := d.refuse(domain.CodeInvalid, ana, "log", body{"title": strings.Repeat("ü", 151), "tags": []string{""}, "impact": "low", "urgency": "low"})
	require.Len(t, refused.Fields, 2, "everything wrong is said at once; bounds are in bytes")
	d.do(ana, "log", body{"title": strings.Repeat("ü", 150), "impact": "low", "urgency": "low", "custom_fields": nil})
	require.Nil(t, d.record.CustomFields)
}

// A reply to a closed incident must open its successor even when what it names has gone meanwhile.
func TestAMachineContinuesWithoutWhatHasGone(t *testing.T) {
	t.Parallel()
	content := body{"title": "Re: x", "impact": "low", "urgency": "low", "requester": "rita", "service": "mail", "team": "messaging", "follows": parentID}
	d := setup(t, "2026-12-07 10:00")
	d.facts.Team.Known, d.facts.Service.Known, d.facts.Requester.Active = false, false, false
	d.facts.Assignment = policy.Assignment{Rule: "rest", Team: "desk"}
	d.refuse(domain.CodeInvalid, ana, "log", content)
	d.do(other, "log", content)
	require.Equal(t, "desk", d.record.Team)
	require.Empty(t, d.record.Service)
	require.Equal(t, "rita", d.record.Requester)
}

func TestTriage(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-07 10:00")
	d.do(ana, "log", bodyOf("log"))
	require.Equal(t, 3, d.record.Priority)
	d.at("2026-12-07 10:05")
	require.Equal(t, "body.team", d.refuse(domain.CodeInvalid, ana, "triage", body{}).Fields[0].Location)
	for _, wrong := range []body{
		{"team": "x", "impact": "huge"},
		{"team": "x", "category": strings.Repeat("x", 201)},
		{"team": "x", "tags": []string{""}},
		{"team": "x", "configuration_items": []string{""}},
		{"team": "x", "title": "no such field"},
	} {
		d.refuse(domain.CodeInvalid, ana, "triage", wrong)
	}
	d.facts.Policies = map[string]int{"Calendar/desk": 4, "ServicePolicy/mail": 1}
	d.do(ana, "triage", body{
		"team": "messaging", "category": "mail", "service": "mail", "configuration_items": []string{"mx1"}, "tags": []string{"seen"},
		"impact": "high", "urgency": "high",
	})
	r := d.record
	require.Equal(t, incident.Triaged, r.State)
	require.Equal(t, []any{"messaging", "mail", "mail", 1, "high", "high"}, []any{r.Team, r.Category, r.Service, r.Priority, r.Impact, r.Urgency})
	require.Equal(t, d.now, *r.TriagedAt)
	require.Equal(t, map[string]int{"Calendar/desk": 4, "ServicePolicy/mail": 1}, r.Policies, "another service brings its own calendar and takes the old one away")
	require.Equal(t, domain.Change{From: 3, To: 1}, d.last().Data["priority"])
	require.Equal(t, domain.Change{From: "", To: "mail"}, d.last().Data["service"])
	require.False(t, d.last().Public)

	d = logged(t, "2026-12-07 10:00")
	d.do(ana, "triage", body{})
	require.Equal(t, "messaging", d.record.Team, "what is left out stays")
	d = logged(t, "2026-12-07 10:00")
	d.facts.Service.Known = false
	d.refuse(domain.CodeInvalid, ana, "triage", body{"service": "gone"})
	d.facts.Team.Known = false
	d.refuse(domain.CodeInvalid, ana, "triage", body{"team": "gone"})
}

func TestTheMomentIsCutAndNeverGoesBack(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	d.now = d.now.Add(1234567 * time.Nanosecond)
	d.do(ana, "edit", body{"title": "y"})
	require.Equal(t, berlin("2026-12-07 10:00").Add(time.Millisecond), d.record.LastEventAt)
	d.at("2026-12-07 09:59").do(ana, "edit", body{"title": "z"})
	require.Equal(t, berlin("2026-12-07 10:00").Add(time.Millisecond), d.record.LastEventAt)
	require.Equal(t, time.UTC, d.record.LastEventAt.Location())
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	for version, code := range map[int64]domain.Code{0: "", 1: "", 2: domain.CodePreconditionFailed} {
		command := d.command(ana, "start", nil)
		command.IfVersion = version
		_, err := decide(t, d.record, command, d.facts, d.now)
		if code == "" {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, code, domain.CodeOf(err))
	}
}

func TestReasonsComeWithTheBodyOrTheCommandAndAreBounded(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00")
	command := d.command(ana, "assign", body{"team": "network"})
	command.Reason = "knows it better"
	decision, err := decide(t, d.record, command, d.facts, d.now)
	require.NoError(t, err)
	require.Equal(t, "knows it better", decision.Events[0].Reason)
	long := strings.Repeat("x", domain.MaxReasonBytes+1)
	command.Reason = long
	_, err = decide(t, d.record, command, d.facts, d.now)
	require.Equal(t, domain.CodeInvalid, domain.CodeOf(err))
	for verb, content := range map[string]body{
		"start": {"reason": long}, "cancel": {"reason": long}, "edit": {"title": "y", "reason": long},
		"hold": {"reason": "awaiting_change", "comment": long}, "resolve": {"code": "fixed", "notes": long},
		"merge_into": {"incident": "INC-2", "reason": long}, "override_priority": {"priority": 1, "reason": long},
	} {
		require.Contains(t, d.refuse(domain.CodeInvalid, lead, verb, content).Message, "4096 bytes", verb)
	}
}

func TestWhatStandsInOneLineReadsAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"Mail\x1b[2J is down", "Mail\nis down", "invoice\u202egpj.exe", "a\u0085b"} {
		d := setup(t, "2026-12-07 10:00")
		for _, field := range []string{"title", "category", "channel", "location", "environment", "tags", "configuration_items"} {
			log := body{"title": "Mail is down", "impact": "high", "urgency": "low", field: bad}
			if field == "tags" || field == "configuration_items" {
				log[field] = []string{bad}
			}
			require.Equal(t, "body."+field, d.refuse(domain.CodeInvalid, ana, "log", log).Fields[0].Location)
			delete(log, "impact")
			delete(log, "urgency")
			if field != "title" {
				delete(log, "title")
			}
			edited := logged(t, "2026-12-07 10:00")
			require.Equal(t, "body."+field, edited.refuse(domain.CodeInvalid, ana, "edit", log).Fields[0].Location)
		}
		d = logged(t, "2026-12-07 10:00")
		d.refuse(domain.CodeInvalid, ana, "triage", body{"tags": []string{bad}})
		for _, field := range []string{"vendor", "reference"} {
			hold := body{"reason": incident.AwaitingVendor, "vendor": "Northline", "reference": "1"}
			hold[field] = bad
			require.Equal(t, "body."+field, d.refuse(domain.CodeInvalid, ana, "hold", hold).Fields[0].Location)
		}
	}
	d := logged(t, "2026-12-07 10:00")
	d.do(ana, "edit", body{"description": "Two\nlines\tand more"})
}

func TestCustomFieldsAreShallow(t *testing.T) {
	t.Parallel()
	nested := func(deep int) json.RawMessage {
		return json.RawMessage(`{"a":` + strings.Repeat(`[`, deep-1) + `"[{\"[" ` + strings.Repeat(`]`, deep-1) + `,"b":{},"c":[]}`)
	}
	for _, deep := range []int{2, 8} {
		d := setup(t, "2026-12-07 10:00")
		d.do(ana, "log", body{"title": "x", "impact": "high", "urgency": "low", "custom_fields": nested(deep)})
	}
	for _, deep := range []int{9, 5000} {
		d := setup(t, "2026-12-07 10:00")
		refused := d.refuse(domain.CodeInvalid, ana, "log", body{"title": "x", "impact": "high", "urgency": "low", "custom_fields": nested(deep)})
		require.Equal(t, "body.custom_fields", refused.Fields[0].Location)
		refused = logged(t, "2026-12-07 10:00").refuse(domain.CodeInvalid, ana, "edit", body{"custom_fields": nested(deep)})
		require.Equal(t, "body.custom_fields", refused.Fields[0].Location)
	}
}

func TestARequesterSaysWhatIsWrongAndNotWhoseWorkItIs(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-07 10:00")
	d.do(rita, "log", body{
		"title": "Mail is down", "description": "All of it", "impact": "high", "urgency": "low", "service": "mail", "category": "outage",
		"location": "Berlin", "environment": "production", "channel": "portal", "configuration_items": []string{"mx1"},
		"custom_fields": body{"floor": 3}, "requester": "rita", "follows": "INC-2", "tags": []string{},
	})
	for field, c := range map[string]struct {
		value      any
		permission string
	}{
		"requester": {"sam", "incident.edit"}, "tags": {[]string{"vip"}, "incident.edit"}, "restricted": {true, "incident.edit"},
		"team": {"messaging", "incident.assign"}, "assignee": {"bo", "incident.assign"},
		"resolution": {body{"code": "fixed", "notes": "x"}, "incident.resolve"},
	} {
		log := body{"title": "Mail is down", "impact": "high", "urgency": "low", "team": "", field: c.value}
		refused := setup(t, "2026-12-07 10:00").refuse(domain.CodeForbidden, rita, "log", log)
		require.Equal(t, "logging with "+field+" needs the permission "+c.permission, refused.Message)
		require.False(t, incident.MayState(rita, field))
		setup(t, "2026-12-07 10:00").do(ana, "log", log)
		require.True(t, incident.MayState(ana, field))
	}
	require.True(t, incident.MayState(rita, "title"))
}
