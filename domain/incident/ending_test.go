package incident_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, state := range []domain.State{incident.New, incident.Triaged, incident.InProgress, incident.OnHold} {
		d := in(t, state, false)
		d.now = d.now.Add(1000)
		d.notices = nil
		d.do(ana, "resolve", bodyOf("resolve"))
		require.Equal(t, incident.Resolved, d.record.State)
		require.Equal(t, "fixed", d.record.Resolution.Code)
		require.Equal(t, "Turned it on.", d.record.Resolution.Notes)
		require.False(t, d.record.FirstContact)
		require.Equal(t, []string{"incident.resolved → person:rita"}, d.told())
	}
	d := in(t, incident.InProgress, false)
	require.Equal(t, "body.code", d.refuse(domain.CodeInvalid, ana, "resolve", body{"code": "magic", "notes": "x"}).Fields[0].Location)
	require.Equal(t, "body.notes", d.refuse(domain.CodeInvalid, ana, "resolve", body{"code": "fixed"}).Fields[0].Location)
}

func TestConfirmAsksForSatisfactionUnlessItSaysSo(t *testing.T) {
	t.Parallel()
	d := in(t, incident.Resolved, false)
	d.notices = nil
	d.do(rita, "confirm", nil)
	require.Equal(t, incident.Closed, d.record.State)
	require.Equal(t, d.now, *d.record.ClosedAt)
	require.Equal(t, []string{"incident.satisfaction → person:rita"}, d.told())
	require.Zero(t, d.record.Satisfaction)
	d.refuse(domain.CodeInvalid, rita, "rate", body{})
	d.refuse(domain.CodeInvalid, rita, "rate", body{"score": 6})
	d.refuse(domain.CodeInvalid, rita, "rate", body{"score": -1})
	d.do(rita, "rate", body{"score": 5, "comment": "quick"})
	require.Equal(t, incident.Satisfaction{Score: 5, Comment: "quick", At: &d.now}, d.record.Satisfaction)
	require.Equal(t, body{"score": 5}, d.last().Data)
	require.Equal(t, body{"comment": "quick"}, d.last().Personal)
	d.refuse(domain.CodeConflict, rita, "rate", body{"score": 1})

	d = in(t, incident.Resolved, false)
	d.notices = nil
	d.refuse(domain.CodeInvalid, rita, "confirm", body{"score": 6})
	d.refuse(domain.CodeInvalid, rita, "confirm", body{"score": 1, "comment": strings.Repeat("x", 4097)})
	d.do(rita, "confirm", body{"score": 1, "comment": "slow"})
	require.Equal(t, 1, d.record.Satisfaction.Score)
	require.Empty(t, d.told(), "it was said already")
}

func TestClose(t *testing.T) {
	t.Parallel()
	d := in(t, incident.Resolved, false)
	d.notices = nil
	d.do(ana, "close", body{"reason": "said so on the phone"})
	require.Equal(t, incident.Closed, d.record.State)
	require.Equal(t, "said so on the phone", d.last().Reason)
	require.Equal(t, body{"code": "fixed"}, d.last().Data)
	require.Equal(t, []string{"incident.satisfaction → person:rita"}, d.told())
	require.False(t, d.record.Active)
}

func TestCancel(t *testing.T) {
	t.Parallel()
	d := in(t, incident.New, false)
	d.refuse(domain.CodeInvalid, rita, "cancel", body{})
	d.notices = nil
	d.do(rita, "cancel", body{"reason": "found it"})
	require.Equal(t, incident.Canceled, d.record.State)
	require.Equal(t, d.now, *d.record.ClosedAt)
	require.Equal(t, []string{"incident.canceled → person:rita"}, d.told())
	require.Equal(t, "found it", d.last().Reason)
	d.do(ana, "edit", body{"title": "was nothing"})
}

func TestReopenWhileItIsResolved(t *testing.T) {
	t.Parallel()
	for _, actor := range []domain.Actor{rita, ana} {
		d := in(t, incident.Resolved, false)
		require.Nil(t, d.record.StartedAt)
		d.refuse(domain.CodeInvalid, actor, "reopen", body{})
		d.do(actor, "reopen", body{"reason": "still broken"})
		require.Equal(t, incident.InProgress, d.record.State)
		require.Equal(t, 1, d.record.ReopenCount)
		require.Equal(t, d.now, *d.record.StartedAt)
		require.Nil(t, d.record.ResolvedAt)
		require.Zero(t, d.record.Resolution)
		require.Equal(t, body{"reopen_count": 1, "code": "fixed"}, d.last().Data, "the old verdict stays on the timeline")
		require.Equal(t, "incident.reopened → team:messaging", d.told()[len(d.told())-1])
	}
}

func TestReopenAClosedOneWithinFiveWorkingDays(t *testing.T) {
	t.Parallel()
	for now, taken := range map[string]bool{
		"2026-12-07 10:00:01": true,
		"2026-12-14 10:00:00": true, // closed Monday 10:00, five working days later
		"2026-12-14 10:00:01": false,
		"2026-12-19 10:00:00": false,
	} {
		d := in(t, incident.Resolved, false)
		d.do(rita, "confirm", body{"score": 2})
		d.at(now)
		d.refuse(domain.CodeForbidden, rita, "reopen", bodyOf("reopen"))
		if !taken {
			require.Contains(t, d.refuse(domain.CodeConflict, ana, "reopen", bodyOf("reopen")).Message, "until 2026-12-14T09:00:00Z", now)
			continue
		}
		d.do(ana, "reopen", bodyOf("reopen"))
		require.Equal(t, incident.InProgress, d.record.State, now)
		require.Nil(t, d.record.ClosedAt)
		require.Equal(t, body{"reopen_count": 1, "code": "fixed", "score": 2}, d.last().Data)
		d.do(ana, "resolve", bodyOf("resolve"))
		d.do(ana, "close", nil)
		d.do(rita, "rate", body{"score": 5})
		require.Equal(t, 5, d.record.Satisfaction.Score, "the second ending is rated anew")
	}
	d := logged(t, "2026-12-05 12:00") // a Saturday: five days from Monday's opening
	d.do(ana, "resolve", bodyOf("resolve"))
	d.do(rita, "confirm", nil)
	d.at("2026-12-14 09:00").do(ana, "reopen", bodyOf("reopen"))
}

func TestOnlyTheRequesterSpeaksForTheRequester(t *testing.T) {
	t.Parallel()
	// Whoever opened the incident for rita holds the role of a requester for it too.
	opener, admin := person("bo", domain.RoleAgent, domain.RoleRequester), person("max", domain.RoleAdmin)
	d := setup(t, "2026-12-07 10:00")
	d.do(opener, "log", body{"title": "Mail is down", "impact": "low", "urgency": "low", "requester": "rita"})
	d.do(opener, "resolve", bodyOf("resolve"))
	for _, actor := range []domain.Actor{opener, admin} {
		d.refuse(domain.CodeForbidden, actor, "confirm", body{"score": 5})
		require.NotContains(t, incident.Allowed(d.record, actor), "confirm")
	}
	d.do(opener, "close", nil)
	for _, actor := range []domain.Actor{opener, admin} {
		d.refuse(domain.CodeForbidden, actor, "rate", body{"score": 5})
	}
	d.do(rita, "rate", body{"score": 2})
}

func TestAReplyToAResolvedIncidentReopensIt(t *testing.T) {
	t.Parallel()
	d := in(t, incident.Resolved, false)
	d.do(other, "reply", body{"note": 3, "text": "Still broken"})
	require.Equal(t, incident.InProgress, d.record.State)
	require.Equal(t, "the requester replied", d.last().Reason)
	require.Equal(t, 1, d.record.ReopenCount)
	require.Empty(t, d.messages)
}

func TestAReplyToAnEndedIncidentIsANewOne(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*desk{
		"closed": in(t, incident.Closed, false), "canceled": in(t, incident.Canceled, false), "a closed duplicate": in(t, incident.Closed, true),
	} {
		d.record.Title, d.record.Service, d.record.Restricted, d.record.Channel = strings.Repeat("ü", 150), "mail", true, "mail"
		before := d.record.State
		d.messages = nil
		d.do(other, "reply", body{"note": 3, "text": "Again!"})
		require.Equal(t, before, d.record.State, name)
		require.Len(t, d.messages, 1, name)
		message := d.messages[0]
		require.Equal(t, "incident.log", message.Command)
		require.Equal(t, domain.TargetDrop, message.OnClosed)
		require.Equal(t, message.Record, d.last().Data["continued_in"])
		require.Equal(t, body{
			"title": "Re: " + strings.Repeat("ü", 148), "description": "Again!", "impact": "medium", "urgency": "medium",
			"requester": "rita", "channel": "mail", "follows": recordID, "restricted": true, "service": "mail", "team": "messaging",
		}, message.Body)

		next := setup(t, "2026-12-07 10:00")
		next.do(other, "log", message.Body)
		require.Equal(t, incident.New, next.record.State, "the message is a command that is taken")
		next.do(ana, "cancel", bodyOf("cancel"))
		next.do(other, "reply", body{"text": "And again"})
		require.Equal(t, message.Body["title"], next.messages[0].Body["title"], "Re: Re: says nothing more")
	}
	imported := in(t, incident.Closed, false)
	imported.record.Title, imported.record.Channel, imported.messages = "Mail\u202e\x1b is down", "a\nb", nil
	imported.do(other, "reply", body{"text": "x"})
	next := setup(t, "2026-12-07 10:00")
	next.do(other, "log", imported.messages[0].Body)
	require.Equal(t, "Re: Mail   is down", next.record.Title)
	require.Equal(t, "a b", next.record.Channel)

	first, second := in(t, incident.Closed, false), in(t, incident.Closed, false)
	for _, d := range []*desk{first, second} {
		d.commands, d.messages = 7, nil
		d.do(other, "reply", body{"text": "x"})
	}
	require.Equal(t, first.messages, second.messages, "the same reply can only open one")
	second.do(other, "reply", body{"text": "x"})
	require.NotEqual(t, second.messages[0].Record, second.messages[1].Record)
}

func TestDuplicatesEndWithTheirParent(t *testing.T) {
	t.Parallel()
	for verb, c := range map[string]struct {
		state   domain.State
		actor   domain.Actor
		command string
	}{
		"close": {incident.Resolved, ana, "incident.parent_closed"}, "confirm": {incident.Resolved, rita, "incident.parent_closed"},
		"auto_close": {incident.Resolved, timer, "incident.parent_closed"}, "cancel": {incident.InProgress, ana, "incident.parent_canceled"},
	} {
		d := in(t, c.state, false)
		d.facts.Duplicates = []string{childID, parentID}
		d.do(c.actor, verb, bodyOf(verb))
		require.Len(t, d.messages, 2, verb)
		for i, message := range d.messages {
			require.Equal(t, domain.Message{
				Practice: domain.Incident, Record: d.facts.Duplicates[i], Command: c.command,
				Body: body{"incident": recordID, "number": "INC-1"}, OnClosed: domain.TargetDrop,
			}, message)
		}
	}
	d := in(t, incident.InProgress, false)
	d.facts.Duplicates = []string{childID}
	d.do(ana, "resolve", bodyOf("resolve"))
	require.Empty(t, d.messages, "resolved is not yet closed")
	d = in(t, incident.InProgress, true)
	d.messages, d.facts.Duplicates = nil, []string{childID}
	d.do(other, "parent_closed", bodyOf("parent_closed"))
	require.Len(t, d.messages, 1, "a chain is closed link by link")
}
