package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// paged is a desk whose service mail pages by the policy major; what its document says of paging is said here.
func paged(t require.TestingT, now string, says map[string]string) *desk {
	d := setup(t, now)
	d.facts.Paging = incident.Paging{Service: "mail", Policy: policy.ServicePolicy{Title: "Mail", Paging: says}, Escalation: "major"}
	return d
}

func (d *desk) logMail(impact, urgency string) {
	d.do(ana, "log", body{"title": "Mail is down", "impact": impact, "urgency": urgency, "service": "mail", "team": "messaging"})
}

// calls lists what the incident told escalations: "open major", "renew", "stop"; not what it has become meanwhile.
func (d *desk) calls() []string {
	list := []string{}
	for _, message := range d.messages {
		word := strings.TrimPrefix(message.Command, "escalation.")
		if word == "follow" {
			continue
		}
		if policy, named := message.Body["policy"].(string); named {
			word += " " + policy
		}
		list = append(list, word)
	}
	return list
}

func TestTheHighestPriorityPagesAtOnceAndAlways(t *testing.T) {
	t.Parallel()
	for _, now := range []string{"2026-12-04 15:00", "2026-12-05 23:30"} { // in support hours, and on a Saturday night
		d := paged(t, now, nil)
		d.logMail("high", "high")
		require.Equal(t, []string{"open major"}, d.calls(), now)
		require.Equal(t, []string{"incident.logged", "incident.paged"}, d.types(), now)
		require.Equal(t, "priority 1 of a service that always pages", d.last().Reason)
		require.Equal(t, body{"policy": "major", "priority": 1, "service": "mail"}, d.last().Data)
		require.True(t, d.record.Escalations[0].ForPriority)
		require.Nil(t, d.record.PageAt)
	}
}

func TestTheSecondPagesWhenSupportOpens(t *testing.T) {
	t.Parallel()
	d := paged(t, "2026-12-05 23:30", nil)
	d.logMail("high", "medium")
	require.Empty(t, d.calls())
	require.Equal(t, berlin("2026-12-07 09:00"), *d.record.PageAt)
	require.Equal(t, "incident.page_deferred", d.last().Type)
	require.Equal(t, "pages at Mon 2026-12-07 09:00, when support opens", d.last().Reason)
	require.Contains(t, d.waits(), "page Mon 2026-12-07 09:00:00")
	d.at("2026-12-07 08:59:59").catchUp()
	require.Empty(t, d.calls())
	d.at("2026-12-07 09:00").catchUp()
	require.Equal(t, []string{"open major"}, d.calls())
	require.Equal(t, "incident.paged", d.last().Type)
	require.Equal(t, berlin("2026-12-07 09:00"), *d.last().DueAt)
	require.Nil(t, d.record.PageAt)

	d = paged(t, "2026-12-04 15:00", nil)
	d.logMail("high", "medium")
	require.Equal(t, []string{"open major"}, d.calls(), "in support hours there is nothing to wait for")
	require.Equal(t, "priority 2 of a service that pages in support hours", d.last().Reason)
}

func TestLowerPrioritiesPageNobodyUnlessTheServiceSaysSo(t *testing.T) {
	t.Parallel()
	d := paged(t, "2026-12-04 15:00", nil)
	d.logMail("medium", "medium")
	require.Equal(t, []string{"incident.logged"}, d.types())
	d = paged(t, "2026-12-05 15:00", map[string]string{"3": policy.PageSupportHours})
	d.logMail("medium", "medium")
	require.NotNil(t, d.record.PageAt)
	d = paged(t, "2026-12-04 15:00", map[string]string{"1": policy.PageNever})
	d.logMail("high", "high")
	require.Equal(t, []string{"incident.logged"}, d.types())
	d = paged(t, "2026-12-04 15:00", nil)
	d.do(ana, "log", body{"title": "x", "impact": "high", "urgency": "high"})
	require.Empty(t, d.calls(), "no service, nobody to page")
}

func TestAPageThatWaitsIsTakenBackOnceNobodyNeedsIt(t *testing.T) {
	t.Parallel()
	for verb, content := range map[string]body{
		"cancel": {"reason": "a mistake"}, "resolve": {"code": "fixed", "notes": "Quota."}, "merge_into": {"incident": "INC-2"},
		"override_priority": {"priority": 3, "reason": "one mailbox"}, "edit": {"service": ""},
	} {
		d := paged(t, "2026-12-05 23:30", nil)
		d.logMail("high", "medium")
		d.do(lead, verb, content)
		require.Nil(t, d.record.PageAt, verb)
		require.Equal(t, "incident.page_withdrawn", d.last().Type, verb)
		require.Equal(t, body{"page_at": berlin("2026-12-07 09:00")}, d.last().Data, verb)
		d.at("2026-12-07 09:30").catchUp()
		require.NotContains(t, d.types(), "incident.paged", verb)
	}
}

func TestRaisingPagesAndLoweringStops(t *testing.T) {
	t.Parallel()
	d := paged(t, "2026-12-05 23:30", nil)
	d.logMail("high", "medium")
	d.do(ana, "change_priority", body{"impact": "high", "urgency": "high", "reason": "everybody"})
	require.Equal(t, []string{"open major"}, d.calls(), "it does not wait for the opening any more")
	require.Nil(t, d.record.PageAt)
	d.do(lead, "override_priority", body{"priority": 2, "reason": "half of them"})
	require.Equal(t, []string{"open major"}, d.calls(), "priority 2 pages too: whoever is called goes on")
	d.do(ana, "assign", body{"assignee": "bo"})
	require.Len(t, d.record.Escalations, 1)
	d.do(lead, "override_priority", body{"priority": 4, "reason": "one mailbox"})
	require.Equal(t, []string{"open major", "stop"}, d.calls())
	require.Equal(t, "mail pages nobody for priority 4", d.messages[len(d.messages)-1].Body["why"])
	require.Empty(t, d.record.Escalations)
	d.do(lead, "override_priority", body{"priority": 1, "reason": "all of it, again"})
	require.Equal(t, []string{"open major", "stop", "open major"}, d.calls())
	require.NotEqual(t, d.messages[0].Record, d.messages[len(d.messages)-1].Record)
}

func TestTakingUpAgainPagesAgain(t *testing.T) {
	t.Parallel()
	d := paged(t, "2026-12-04 15:00", nil)
	d.logMail("high", "high")
	d.do(ana, "resolve", body{"code": "fixed", "notes": "Quota."})
	d.do(ana, "reopen", body{"reason": "still down"})
	require.Equal(t, []string{"open major", "stop", "open major"}, d.calls())
	d = paged(t, "2026-12-04 15:00", nil)
	d.do(ana, "log", body{
		"title": "Mail was down", "impact": "high", "urgency": "high", "service": "mail",
		"resolution": body{"code": "fixed", "notes": "Turned it on."},
	})
	require.Empty(t, d.calls(), "resolved in one step: nobody is needed")
}

func TestThePageOfAPriorityAndThatOfAPromiseAreOne(t *testing.T) {
	t.Parallel()
	d := promised(t, "2026-12-04 15:00", `{"applies_to": "true", "targets": {"resolution": {"1": "1h"}, "response": {"1": "30m"}},
		"thresholds": [{"metric": "response", "at": "50%", "do": [{"escalate": "major"}]}]}`)
	d.facts.Paging = incident.Paging{Service: "mail", Policy: policy.ServicePolicy{Title: "Mail"}, Escalation: "major"}
	d.logMail("high", "high")
	d.at("2026-12-04 15:20").catchUp()
	require.Equal(t, []string{"open major", "renew"}, d.calls(), "one escalation, which hears of both")
	require.Len(t, d.record.Escalations, 1)
	require.True(t, d.record.Escalations[0].ForPriority)
	require.Len(t, d.record.Escalations[0].For, 1)
	d.do(ana, "start", nil)
	require.Len(t, d.record.Escalations, 1, "the response was given; the priority still pages")
	d.do(lead, "override_priority", body{"priority": 3, "reason": "one mailbox"})
	require.Empty(t, d.record.Escalations)

	d = paged(t, "2026-12-05 23:30", nil)
	d.do(ana, "log", body{"title": "x", "impact": "low", "urgency": "low", "service": "mail"})
	d.do(ana, "page", body{"policy": "major", "reason": "help"})
	d.do(lead, "override_priority", body{"priority": 1, "reason": "all of it"})
	d.do(lead, "override_priority", body{"priority": 4, "reason": "one mailbox"})
	require.Equal(t, []string{"open major", "renew"}, d.calls(), "who was called by hand is called until somebody's hand or the end")
}

// TestAPageLeavesOnceWhateverThePaceOfTheTimer: for any opening and any lateness, an incident that pages calls once, never before
// support opens, and never after it was resolved.
func TestAPageLeavesOnceWhateverThePaceOfTheTimer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := paged(t, "2026-12-04 15:00", nil)
		d.now = d.now.Add(time.Duration(rapid.Int64Range(0, int64(14*24*time.Hour)).Draw(t, "opening")))
		opened := domain.Millisecond(d.now)
		d.logMail("high", "medium")
		resolves := rapid.Bool().Draw(t, "resolves")
		d.now = d.now.Add(time.Duration(rapid.Int64Range(0, int64(5*24*time.Hour)).Draw(t, "later")))
		if resolves {
			d.do(ana, "resolve", body{"code": "fixed", "notes": "Quota."})
		}
		d.now = d.now.Add(14 * 24 * time.Hour)
		d.catchUp()
		opens, err := office().NextOpen(opened)
		require.NoError(t, err)
		begun := 0
		for _, event := range d.events {
			if event.Type == "incident.paged" {
				begun++
				require.False(t, event.At.Before(domain.Millisecond(opens)))
			}
			require.False(t, begun > 0 && event.Type == "incident.page_withdrawn")
		}
		require.LessOrEqual(t, begun, 1)
		require.True(t, resolves || begun == 1)
		require.Nil(t, d.record.PageAt)
	})
}
