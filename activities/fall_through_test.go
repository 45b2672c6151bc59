package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

// pagedBy lets somebody be paged by a push at once, by a call five minutes later and by a mail ten minutes later.
func (p *post) pagedBy(person string) {
	p.t.Helper()
	ctx, db := p.t.Context(), p.db.App(p.t)
	push, voice := domain.NewID("push of "+person), domain.NewID("voice of "+person)
	for id, channel := range map[string]domain.Channel{push: domain.ChannelPush, voice: domain.ChannelVoice} {
		_, err := db.NewRaw(`INSERT INTO contacts (id, person, channel, address, created_at, verified_at) VALUES (?, ?, ?, ?, now(), now())`,
			id, person, channel, person+" by "+string(channel)).Exec(ctx)
		require.NoError(p.t, err)
	}
	_, err := db.NewRaw(`INSERT INTO notification_rules (person, notices, pages, updated_at) VALUES (?, '[]', ?::jsonb, now())`, person,
		`[{"contact": "`+push+`"}, {"contact": "`+voice+`", "after_seconds": 300}, {"contact": "mail", "after_seconds": 600}]`).Exec(ctx)
	require.NoError(p.t, err)
}

// callBoThenCy begins an escalation that calls bo, and cy half an hour later.
func (p *post) callBoThenCy() escalation.Escalation {
	p.t.Helper()
	p.steps("two", `{"steps": [{"wait": "30m", "to": ["person:bo"]}, {"wait": "30m", "to": ["person:cy"]}], "fallback": ["person:ana"]}`)
	id := p.log()
	p.skip()
	p.apply(agent, "page", id, body{"policy": "two", "reason": "help"})
	p.relay()
	p.dispatch()
	return p.escalation(p.incident(id).Escalations[0].ID)
}

// try sends what is due in the lane of pages until a number of tries were made.
func (p *post) try(destination string, tries int) {
	p.t.Helper()
	for range 20 {
		if p.hook.Tries() >= tries {
			return
		}
		if report := p.deliver(destination, domain.LanePage); report.Wait > 0 && p.hook.Tries() < tries {
			p.clock.Advance(report.Wait)
		}
	}
	p.t.Fatalf("%s was tried %d times, not %d", destination, p.hook.Tries(), tries)
}

// due are the channels by which somebody is reached now.
func (p *post) due(person string) []string {
	p.t.Helper()
	channels := []string{}
	for _, row := range p.deliveries(schemas.DeliveryQuery{Person: person, States: []schemas.DeliveryState{schemas.DeliveryPending}}) {
		if row.Lane == domain.LanePage && !row.InVain && !row.NextAt.After(p.clock.Now()) {
			channels = append(channels, string(row.Channel))
		}
	}
	return channels
}

// A gateway answers 500 three times: the next contact's turn comes at once, and the gateway is tried on beside it.
func TestAPageFallsThroughToTheNextContact(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.listen("gateway", nil, domain.ChannelPush)
	p.pagedBy("bo")
	p.hook.Become(outside.Failing)
	call := p.callBoThenCy()
	began := p.clock.Now()
	p.try("gateway", 2)
	require.Empty(t, p.due("bo"), "twice is not often enough")
	p.try("gateway", 3)
	require.Equal(t, []string{"mail"}, p.due("bo"), "nothing carries a call")
	require.LessOrEqual(t, p.clock.Now().Sub(began), time.Minute)
	p.deliver("mail", domain.LanePage)
	require.Len(t, p.mails.Mails(), 1)
	require.Equal(t, "bo@example.org", p.mails.Mails()[0].To)
	p.relay()
	require.Equal(t, 1, p.escalation(call.ID).Step, "bo was reached")

	p.hook.Become(outside.Willing)
	p.try("gateway", 4)
	require.Len(t, p.hook.Calls(), 1, "what failed thrice is tried on")
}

// Everybody's every contact is in vain: the escalation does not wait for the step's time.
func TestAStepThatReachesNobodyGivesItsTurnUp(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.listen("gateway", nil, domain.ChannelPush, domain.ChannelVoice)
	p.pagedBy("bo")
	p.hook.Become(outside.Refusing)
	p.mails.Become(outside.Refusing)
	call := p.callBoThenCy()
	p.deliver("gateway", domain.LanePage)
	require.Equal(t, 2, p.hook.Tries(), "the push, and at once the call")
	require.Equal(t, []string{"mail"}, p.due("bo"))
	p.relay()
	require.Equal(t, 1, p.escalation(call.ID).Step)
	p.deliver("mail", domain.LanePage)
	p.relay()
	gone := p.escalation(call.ID)
	require.Equal(t, []any{escalation.Calling, 2}, []any{gone.State, gone.Step})
	require.Equal(t, []string{"person:bo", "person:cy"}, p.pages())
	require.Contains(t, p.types(call.ID), "escalation.unreached")
	p.mails.Become(outside.Willing)
	p.dispatch()
	p.deliver("mail", domain.LanePage)
	require.Equal(t, "cy@example.org", p.mails.Mails()[0].To)
	p.relay()
	require.Equal(t, 2, p.escalation(call.ID).Step)
	p.sound()
}

// What does not answer is left alone for a while; a page does not wait for that.
func TestAPageIsNotHeldUpByADestinationThatIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.listen("gateway", nil, domain.ChannelPush, domain.ChannelVoice)
	p.pagedBy("bo")
	p.pagedBy("cy")
	p.hook.Become(outside.Failing)
	p.callBoThenCy()
	p.try("gateway", 5)
	require.Equal(t, []string{"mail"}, p.due("bo"), "push and call are the gateway's")

	id := p.log(body{"title": "Another"})
	p.skip()
	p.apply(agent, "page", id, body{"people": []string{"cy"}, "reason": "help"})
	p.relay()
	p.dispatch()
	require.Equal(t, []string{"mail"}, p.due("cy"))
	p.deliver("mail", domain.LanePage)
	require.Len(t, p.mails.Mails(), 2)
	require.True(t, strings.HasPrefix(p.mails.Mails()[1].Header.Get("Subject"), "["))
}

// Only the mail reaches somebody, and it is left alone: nobody is reached from the beginning.
func TestAPageThatCannotLeaveAtAllIsKnownAtOnce(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	_, err := p.worker.NewRaw(`INSERT INTO circuits (destination, failures, open_until) VALUES ('mail', 9, ?)
		ON CONFLICT (destination) DO UPDATE SET failures = 9, open_until = excluded.open_until`, p.clock.Now().Add(time.Hour)).Exec(t.Context())
	require.NoError(t, err)
	call := p.callBoThenCy()
	p.relay()
	require.Equal(t, 2, p.escalation(call.ID).Step)
	p.dispatch()
	p.relay()
	require.Equal(t, escalation.Exhausted, p.escalation(call.ID).State)
}

// Without anything to send pages with, they stand on the bells, and every step has its time.
func TestAStepThatOnlyRingsBellsHasItsTime(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	_, err := p.db.App(t).NewRaw(`UPDATE destinations SET active = false`).Exec(t.Context())
	require.NoError(t, err)
	call := p.callBoThenCy()
	p.relay()
	require.Equal(t, 1, p.escalation(call.ID).Step)
	require.Equal(t, 1, p.count("bell", "kind = 'escalation.page' AND person = 'bo'"))
}

// The mail of a page holds a link of its own, for whom it is for and for that escalation.
func TestThePageMailedHoldsALinkOfItsOwn(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	call := p.callBoThenCy()
	p.deliver("mail", domain.LanePage)
	require.Len(t, p.mails.Mails(), 1)
	text := strings.ReplaceAll(p.mails.Mails()[0].Text, "=\r\n", "")
	_, rest, found := strings.Cut(text, public+"/acknowledge/")
	require.True(t, found, text)
	secret := strings.Fields(rest)[0]
	link, whose, found, err := schemas.FindAcknowledgeLink(t.Context(), p.db.App(t), domain.SecretHash(secret))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, []any{call.ID, "bo", "bo", true}, []any{link.Escalation, link.Person, whose.Person.Handle, link.Open})
	require.Equal(t, p.clock.Now().Add(24*time.Hour), link.ExpiresAt.UTC())
	p.apply(agent, "resolve", call.Source, body{"code": "fixed", "notes": "Turned it on."})
	link, _, _, err = schemas.FindAcknowledgeLink(t.Context(), p.db.App(t), domain.SecretHash(secret))
	require.NoError(t, err)
	require.False(t, link.Open)
}
