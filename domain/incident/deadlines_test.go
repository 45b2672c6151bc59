package incident_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

func TestTriageIsDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ logged, impact, urgency, due string }{
		{"2026-12-04 16:50", "high", "high", "Mon 2026-12-07 09:05:00"},   // P1 15m, 10 of them before the weekend
		{"2026-12-04 16:50", "high", "medium", "Mon 2026-12-07 09:20:00"}, // P2 30m
		{"2026-12-04 16:50", "medium", "high", "Mon 2026-12-07 09:20:00"},
		{"2026-12-04 16:50", "high", "low", "Mon 2026-12-07 12:50:00"}, // P3 4h
		{"2026-12-04 16:50", "medium", "medium", "Mon 2026-12-07 12:50:00"},
		{"2026-12-04 16:50", "low", "high", "Mon 2026-12-07 12:50:00"},
		{"2026-12-04 16:50", "medium", "low", "Mon 2026-12-07 16:50:00"}, // P4 1wd
		{"2026-12-04 16:50", "low", "medium", "Mon 2026-12-07 16:50:00"},
		{"2026-12-04 16:50", "low", "low", "Mon 2026-12-07 16:50:00"},   // P5 1wd
		{"2026-12-05 12:00", "high", "high", "Mon 2026-12-07 09:15:00"}, // a Saturday
		{"2026-12-05 12:00", "low", "low", "Tue 2026-12-08 09:00:00"},   // counted from the next opening
		{"2026-12-04 17:00", "low", "low", "Tue 2026-12-08 09:00:00"},   // closed at the closing instant
		{"2026-12-07 16:30", "high", "medium", "Mon 2026-12-07 17:00:00"},
		{"2026-12-07 09:00", "high", "high", "Mon 2026-12-07 09:15:00"},
		{"2026-10-23 16:00", "low", "low", "Mon 2026-10-26 16:00:00"}, // wall time is kept as the clocks go back
	} {
		d := setup(t, c.logged)
		d.do(ana, "log", body{"title": "Mail", "impact": c.impact, "urgency": c.urgency})
		require.Equal(t, []string{"triage " + c.due}, d.waits(), "%s %s %s", c.logged, c.impact, c.urgency)
	}
}

func TestTriageOverdueTellsTheTeamLeadOnce(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-07 10:00") // P3: due 14:00
	d.do(ana, "change_priority", body{"impact": "high", "urgency": "medium", "reason": "spreads"})
	require.Equal(t, []string{"triage Mon 2026-12-07 10:30:00"}, d.waits(), "anew from opening")
	d.notices = nil
	d.at("2026-12-07 10:29:59").catchUp()
	require.Empty(t, d.told())
	d.at("2026-12-07 11:00").catchUp()
	require.Equal(t, []string{"incident.triage_overdue → team_lead:messaging"}, d.told())
	require.Equal(t, berlin("2026-12-07 10:30"), *d.last().DueAt)
	require.EqualValues(t, 30*60*1000, *d.last().LatenessMS)
	require.Equal(t, berlin("2026-12-07 11:00"), *d.record.TriageEscalatedAt)
	require.Empty(t, d.waits(), "once")
	require.Equal(t, incident.New, d.record.State)
}

func TestWhatEndsTheWaitForTriage(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"triage", "start", "hold", "resolve", "cancel", "merge_into"} {
		d := logged(t, "2026-12-07 10:00")
		d.do(lead, verb, bodyOf(verb))
		for _, deadline := range d.due() {
			require.NotEqual(t, "triage", deadline.Name, verb)
		}
	}
	for _, verb := range []string{"assign", "edit", "link", "override_priority"} {
		d := logged(t, "2026-12-07 10:00")
		d.do(lead, verb, bodyOf(verb))
		require.Len(t, d.waits(), 1, "%s is no triage", verb)
	}
	d := logged(t, "2026-12-07 10:00")
	d.do(ana, "hold", body{"reason": "awaiting_change"})
	require.Empty(t, d.waits())
	d.do(ana, "resume", nil)
	require.Equal(t, []string{"triage Mon 2026-12-07 14:00:00"}, d.waits(), "new again: still not triaged")
}

func TestEveryHoldReasonHasItsDeadlines(t *testing.T) {
	t.Parallel()
	requester := []string{"reminder_1 Mon 2026-12-07 16:00:00", "reminder_2 Tue 2026-12-08 16:00:00", "no_response Wed 2026-12-09 16:00:00"}
	until, promised := berlin("2026-12-06 03:00"), berlin("2026-12-08 12:00")
	for name, c := range map[string]struct {
		body  body
		base  string
		waits []string
	}{
		"the requester":            {body{"reason": "awaiting_requester"}, "awaiting_requester", requester},
		"the requester, until":     {body{"reason": "awaiting_requester", "until": until}, "awaiting_requester", append([]string{"hold_over Sun 2026-12-06 03:00:00"}, requester...)},
		"a vendor":                 {body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1"}, "awaiting_vendor", []string{}},
		"a vendor who promised":    {body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1", "promised_at": promised}, "awaiting_vendor", []string{"promise Tue 2026-12-08 12:00:00"}},
		"a vendor, both":           {body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1", "promised_at": promised, "until": until}, "awaiting_vendor", []string{"hold_over Sun 2026-12-06 03:00:00", "promise Tue 2026-12-08 12:00:00"}},
		"a change":                 {body{"reason": "awaiting_change"}, "awaiting_change", []string{}},
		"a problem, until":         {body{"reason": "awaiting_problem", "until": until}, "awaiting_problem", []string{"hold_over Sun 2026-12-06 03:00:00"}},
		"scheduled":                {body{"reason": "scheduled", "until": until}, "scheduled", []string{"hold_over Sun 2026-12-06 03:00:00"}},
		"an own reason, vendor":    {body{"reason": "awaiting_parts", "vendor": "Acme", "reference": "A-1"}, "awaiting_vendor", []string{}},
		"an own reason, requester": {body{"reason": "awaiting_logs"}, "awaiting_requester", requester},
		"until at no response":     {body{"reason": "awaiting_requester", "until": berlin("2026-12-09 16:00")}, "awaiting_requester", []string{requester[0], requester[1], "hold_over Wed 2026-12-09 16:00:00", requester[2]}},
	} {
		d := logged(t, "2026-12-04 16:00") // a Friday
		d.do(ana, "hold", c.body)
		require.Equal(t, c.waits, d.waits(), name)
		require.Equal(t, c.base, d.record.Hold.Base, name)
		require.Equal(t, c.body["reason"], d.record.Hold.Reason, name)
		require.Equal(t, berlin("2026-12-04 16:00"), *d.record.Hold.Since, name)
	}
	d := logged(t, "2026-12-05 12:00") // a Saturday: days count from Monday's opening
	d.do(ana, "hold", body{"reason": "awaiting_requester"})
	require.Equal(t, []string{"reminder_1 Tue 2026-12-08 09:00:00", "reminder_2 Wed 2026-12-09 09:00:00", "no_response Thu 2026-12-10 09:00:00"}, d.waits())
}

func TestTheRequesterIsRemindedAndThenTheIncidentResolves(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-04 16:00")
	d.do(ana, "hold", body{"reason": "awaiting_requester"})
	d.notices, d.events = nil, nil
	d.at("2026-12-07 16:00").catchUp()
	require.Equal(t, []string{"incident.reminder → person:rita"}, d.told())
	require.Equal(t, body{"reminder": 1}, d.last().Data)
	require.EqualValues(t, 0, *d.last().LatenessMS)
	require.Equal(t, []string{"reminder_2 Tue 2026-12-08 16:00:00", "no_response Wed 2026-12-09 16:00:00"}, d.waits())
	d.at("2026-12-08 16:00").catchUp()
	require.Equal(t, 2, d.record.Hold.Reminders)
	d.at("2026-12-09 16:00").catchUp()
	require.Equal(t, []string{"incident.reminded", "incident.reminded", "incident.resolved"}, d.types())
	require.Equal(t, "no response", d.last().Reason)
	require.Equal(t, incident.CodeNoResponse, d.record.Resolution.Code)
	require.Equal(t, berlin("2026-12-09 16:00"), *d.record.ResolvedAt)
	require.Zero(t, d.record.Hold)
	require.Equal(t, []string{"auto_close Mon 2026-12-14 16:00:00"}, d.waits())
}

func TestAfterAnOutageEverythingHappensInOrderWithItsTrueDueTime(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-04 16:00")
	d.do(ana, "hold", body{"reason": "awaiting_requester"})
	d.events = nil
	d.at("2026-12-10 12:00").catchUp()
	due := []string{}
	for _, event := range d.events {
		require.Equal(t, d.now.Sub(*event.DueAt).Milliseconds(), *event.LatenessMS)
		due = append(due, event.Type+" "+event.DueAt.In(zone()).Format("Mon 15:04"))
	}
	require.Equal(t, []string{"incident.reminded Mon 16:00", "incident.reminded Tue 16:00", "incident.resolved Wed 16:00"}, due)
	require.Equal(t, []string{"auto_close Tue 2026-12-15 12:00:00"}, d.waits(), "from when it was resolved, not from when it should have been")
}

func TestTheHoldEndsByItself(t *testing.T) {
	t.Parallel()
	for _, started := range []bool{false, true} {
		d := logged(t, "2026-12-04 16:00")
		want := incident.New
		if started {
			d.do(ana, "start", nil)
			want = incident.InProgress
		}
		d.do(ana, "hold", body{"reason": "scheduled", "until": berlin("2026-12-06 03:00")})
		d.notices = nil
		d.at("2026-12-06 02:59:59").catchUp()
		require.Equal(t, incident.OnHold, d.record.State)
		d.at("2026-12-06 03:00").catchUp()
		require.Equal(t, want, d.record.State)
		require.Equal(t, "the hold ended", d.last().Reason)
		require.Len(t, d.told(), 1)
	}
}

func TestTheVendorsPromisePassesOnce(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-04 16:00")
	d.do(ana, "assign", body{"assignee": "bo"})
	d.do(ana, "hold", body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1", "promised_at": berlin("2026-12-07 10:00")})
	d.notices = nil
	d.at("2026-12-07 10:00").catchUp()
	require.Equal(t, []string{"incident.promise_missed → person:bo"}, d.told())
	require.Equal(t, body{"vendor": "Acme", "reference": "A-1"}, d.last().Data)
	require.Equal(t, incident.OnHold, d.record.State)
	require.Empty(t, d.waits())
	d.do(ana, "hold", body{"reason": "awaiting_parts", "vendor": "Acme", "reference": "A-1", "promised_at": berlin("2026-12-09 10:00")})
	require.Equal(t, []string{"promise Wed 2026-12-09 10:00:00"}, d.waits(), "a new promise")
}

func TestAResolvedIncidentClosesByItself(t *testing.T) {
	t.Parallel()
	for resolved, due := range map[string]string{
		"2026-12-03 16:30": "Tue 2026-12-08 16:30:00", // the second story
		"2026-12-04 18:00": "Thu 2026-12-10 09:00:00", // after hours: three days from Monday's opening
		"2026-12-05 12:00": "Thu 2026-12-10 09:00:00",
		"2026-10-22 10:00": "Tue 2026-10-27 10:00:00", // across the change of clocks
	} {
		d := logged(t, resolved)
		d.do(ana, "resolve", bodyOf("resolve"))
		require.Equal(t, []string{"auto_close " + due}, d.waits(), resolved)
	}
	d := logged(t, "2026-12-03 14:00")
	d.at("2026-12-03 16:30").do(ana, "resolve", body{"code": "fixed", "notes": "x", "effective_at": berlin("2026-12-03 15:00"), "reason": "was on the phone"})
	require.Equal(t, []string{"auto_close Tue 2026-12-08 16:30:00"}, d.waits(), "the requester has three days from being told")
	d.notices = nil
	d.at("2026-12-08 16:30").catchUp()
	require.Equal(t, incident.Closed, d.record.State)
	require.Equal(t, berlin("2026-12-08 16:30"), *d.record.ClosedAt)
	require.Equal(t, []string{"incident.satisfaction → person:rita"}, d.told())
	require.Equal(t, domain.ActorTimer, d.last().Actor.Kind)
	require.Empty(t, d.waits())
}

func TestNothingIsDueElsewhere(t *testing.T) {
	t.Parallel()
	for _, state := range []domain.State{incident.Triaged, incident.InProgress, incident.Closed, incident.Canceled} {
		require.Empty(t, in(t, state, false).waits(), state)
	}
	for _, state := range []domain.State{incident.New, incident.OnHold} {
		require.Empty(t, in(t, state, true).waits(), "a merged incident follows its parent")
	}
}

func TestACalendarThatNeverOpens(t *testing.T) {
	t.Parallel()
	d := in(t, incident.Resolved, false)
	never, problems := calendar.Compile(calendar.Spec{}, zone(), nil)
	require.Empty(t, problems)
	facts := known()
	facts.Calendar = never
	_, err := incident.Deadlines(d.record, facts)
	require.Equal(t, domain.CodeInvalid, domain.CodeOf(err))
	d.do(ana, "close", nil)
	d.facts.Calendar = never
	d.refuse(domain.CodeInvalid, ana, "reopen", bodyOf("reopen"))
}
