package activities_test

import (
	"encoding/json"
	"log/slog"
	"mime"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/mail"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/outside"
	"github.com/holdfast-itsm/holdfast/test/store"
)

const public = "https://desk.example.org"

// post is a desk whose people have addresses, with an SMTP server and a webhook that hears of incidents.
type post struct {
	*desk
	mails *outside.MailServer
	hook  *outside.WebhookServer
}

func setupPost(t *testing.T) *post {
	t.Helper()
	p := &post{desk: setup(t), mails: outside.NewMailServer(t), hook: outside.NewWebhookServer(t)}
	for _, person := range store.People {
		person.Mail, person.CreatedAt = person.Handle+"@example.org", p.clock.Now()
		require.NoError(t, schemas.SavePerson(t.Context(), p.db.App(t), person))
	}
	relay, err := mail.NewRelay(mail.Settings{URL: p.mails.URL, From: "Desk <desk@example.org>", Public: public, Patience: 2 * time.Second})
	require.NoError(t, err)
	loopback := webhook.Networks{netip.MustParsePrefix("127.0.0.0/8")}
	dependencies := p.Dependencies
	dependencies.Log = slog.New(slog.DiscardHandler)
	dependencies.Carriers = map[domain.Channel]domain.Carrier{
		domain.ChannelMail: relay, domain.ChannelWebhook: webhook.NewSender(loopback, public, p.clock.Now),
	}
	p.Activities = activities.New(dependencies)
	return p
}

// listen makes the webhook hear of some kinds, and carry some channels.
func (p *post) listen(name string, kinds []string, carries ...domain.Channel) {
	p.t.Helper()
	require.NoError(p.t, schemas.SaveDestination(p.t.Context(), p.db.App(p.t), schemas.DestinationRow{
		Name: name, Channel: domain.ChannelWebhook, Title: name, URL: p.hook.URL, Secret: webhook.NewSecret(), Kinds: kinds, Carries: carries,
		Active: true, CreatedAt: p.clock.Now(), UpdatedAt: p.clock.Now(),
	}))
}

// dispatch turns the outbox into deliveries.
func (p *post) dispatch() []string {
	p.t.Helper()
	destinations, more, err := p.Dispatch(p.t.Context())
	require.NoError(p.t, err)
	require.False(p.t, more)
	return destinations
}

// deliver sends one batch.
func (p *post) deliver(destination string, lane domain.Lane) domain.DeliveryReport {
	p.t.Helper()
	report, err := p.Deliver(p.t.Context(), domain.DeliveryOrder{Destination: destination, Lane: lane})
	require.NoError(p.t, err)
	return report
}

func (p *post) deliveries(query schemas.DeliveryQuery) []schemas.FoundDelivery {
	p.t.Helper()
	query.Limit = 100
	rows, err := schemas.ListDeliveries(p.t.Context(), p.worker, query)
	require.NoError(p.t, err)
	return rows
}

// alone makes an incident that only bo is told of.
func (p *post) alone(title string) string {
	p.t.Helper()
	return p.log(body{"title": title, "requester": "ana", "assignee": "bo"})
}

func (p *post) skip() {
	p.t.Helper()
	_, err := schemas.SkipOutbox(p.t.Context(), p.worker, p.clock.Now())
	require.NoError(p.t, err)
}

func TestANoticeBecomesAMailAndABellForEverybodyItIsFor(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	record := p.log(body{"title": "Größe <b>fehlt</b>"})
	require.Equal(t, []string{"mail"}, p.dispatch())
	require.Empty(t, p.dispatch(), "a dispatch that is repeated does nothing")
	report := p.deliver("mail", domain.LaneNotice)
	require.False(t, report.More)
	require.Zero(t, report.Wait)

	mails := p.mails.Mails()
	require.Len(t, mails, 3, "ana and bo of the team, and rita who asks")
	head, _, err := schemas.ReadHead(t.Context(), p.worker, record)
	require.NoError(t, err)
	ids := map[string]bool{}
	for _, one := range mails {
		subject, err := new(mime.WordDecoder).DecodeHeader(one.Header.Get("Subject"))
		require.NoError(t, err)
		require.Equal(t, "["+head.Number+"] Logged: Größe <b>fehlt</b>", subject)
		require.Contains(t, one.Text, "&lt;b&gt;", "in HTML it is text")
		require.Equal(t, "<"+record+"@example.org>", one.Header.Get("References"))
		require.Equal(t, "auto-generated", one.Header.Get("Auto-Submitted"))
		require.Equal(t, "Holdfast <holdfast.example.org>", one.Header.Get("List-Id"))
		require.Contains(t, one.Text, public+"/incidents/"+head.Number)
		ids[one.Header.Get("Message-Id")] = true
	}
	require.Len(t, ids, 3)
	var bells int
	require.NoError(t, p.worker.NewRaw(`SELECT count(*) FROM bell`).Scan(t.Context(), &bells))
	require.Equal(t, 3, bells)
	for _, row := range p.deliveries(schemas.DeliveryQuery{}) {
		require.Equal(t, schemas.DeliverySent, row.State)
		require.True(t, ids["<"+row.ID+"@example.org>"], "the delivery's id is the mail's")
	}
}

func TestNobodyIsToldOfWhatTheyDidNorOfWhatTheyMayNotSee(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.listen("events", []string{"incident.*"})
	record := p.log(body{"restricted": true})
	p.skip()
	p.apply(agent, "assign", record, body{"team": "messaging", "assignee": "ana"})
	p.dispatch()
	require.Empty(t, p.deliveries(schemas.DeliveryQuery{}), "ana gave it to herself, and webhooks hear nothing of restricted records")

	p.apply(agent, "assign", record, body{"team": "network"})
	p.dispatch()
	require.Empty(t, p.deliveries(schemas.DeliveryQuery{}), "cy of the team is not named in it")
}

func TestNoticesThatComeFastLeaveAsOne(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.alone("First")
	p.dispatch()
	p.deliver("mail", domain.LaneNotice)
	for _, title := range []string{"Second", "Third"} {
		p.alone(title)
	}
	p.dispatch()
	p.clock.Advance(10 * time.Second)
	before := len(p.mails.Mails())
	report := p.deliver("mail", domain.LaneNotice)
	require.Equal(t, 50*time.Second, report.Wait, "a minute after the first")
	require.Len(t, p.mails.Mails(), before)

	p.clock.Advance(report.Wait)
	p.deliver("mail", domain.LaneNotice)
	var bundles []outside.Mail
	for _, one := range p.mails.Mails()[before:] {
		if one.To == "bo@example.org" {
			bundles = append(bundles, one)
		}
	}
	require.Len(t, bundles, 1)
	require.Equal(t, "2 notices about mail", bundles[0].Header.Get("Subject"))
	require.Less(t, strings.Index(bundles[0].Text, "Second"), strings.Index(bundles[0].Text, "Third"))
}

// A destination that does not answer is left alone, tried by one delivery alone, and then gets everything, in order.
func TestADestinationThatFailsGetsEverythingAfterwardsInOrder(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.listen("events", []string{"incident.*"})
	records := []string{p.alone("One"), p.alone("Two"), p.alone("Three")}
	for _, record := range records {
		p.apply(colleague, "start", record, nil)
		p.apply(colleague, "resolve", record, body{"code": "fixed", "notes": "Done."})
		p.apply(agent, "reopen", record, body{"reason": "Again."})
	}
	p.dispatch()
	all := len(p.deliveries(schemas.DeliveryQuery{Destination: "events"}))
	require.Equal(t, 9, all)
	p.hook.Become(outside.Failing)
	var report domain.DeliveryReport
	for range 20 {
		if report = p.deliver("events", domain.LaneNotice); report.Held {
			break
		}
		p.clock.Advance(report.Wait)
	}
	require.True(t, report.Held)
	require.Equal(t, 5, p.hook.Tries())
	_, circuit, _, err := schemas.ReadDestination(t.Context(), p.worker, "events")
	require.NoError(t, err)
	require.Equal(t, "it answers 500 Internal Server Error", circuit.Fault)

	p.clock.Advance(report.Wait)
	report = p.deliver("events", domain.LaneNotice)
	require.Equal(t, 6, p.hook.Tries(), "one tries alone")
	require.True(t, report.Held)

	p.hook.Become(outside.Willing)
	p.clock.Advance(report.Wait)
	report = p.deliver("events", domain.LaneNotice)
	require.True(t, report.Answers)
	p.deliver("events", domain.LaneNotice)
	calls := p.hook.Calls()
	require.Len(t, calls, all)
	seen := map[string][]string{}
	for _, call := range calls {
		var told struct {
			Type string `json:"type"`
			Data struct {
				Record struct {
					ID string `json:"id"`
				} `json:"record"`
			} `json:"data"`
		}
		require.NoError(t, json.Unmarshal(call.Body, &told))
		seen[told.Data.Record.ID] = append(seen[told.Data.Record.ID], told.Type)
	}
	for _, record := range records {
		require.Equal(t, []string{"incident.logged", "incident.resolved", "incident.reopened"}, seen[record])
	}
	p.deliver("mail", domain.LaneNotice)
	require.NotEmpty(t, p.mails.Mails(), "the relay had nothing to do with it")
}

func TestWhatBecomesOfADeliveryFollowsFromTheAnswer(t *testing.T) {
	t.Parallel()
	for mood, want := range map[outside.Mood]struct {
		state schemas.DeliveryState
		fault string
	}{
		outside.Refusing: {schemas.DeliveryFailed, "no such mailbox"},
		outside.Failing:  {schemas.DeliveryPending, "not today"},
		outside.Closing:  {schemas.DeliveryPending, "the mail relay broke off"},
		outside.Hanging:  {schemas.DeliveryPending, "the mail relay broke off"},
	} {
		t.Run(want.fault, func(t *testing.T) {
			t.Parallel()
			p := setupPost(t)
			p.mails.Become(mood)
			require.NoError(t, schemas.TellAccount(t.Context(), p.db.App(t), "account.noted", "bo", "{}", p.clock.Now()))
			p.dispatch()
			p.deliver("mail", domain.LaneNotice)
			found := p.deliveries(schemas.DeliveryQuery{Person: "bo"})
			require.Len(t, found, 1)
			require.Equal(t, want.state, found[0].State)
			require.Equal(t, 1, found[0].Attempts)
			require.Contains(t, found[0].Fault, want.fault)
			require.NotContains(t, found[0].Fault, found[0].ID, "in plain words")
			if want.state == schemas.DeliveryPending {
				p.mails.Become(outside.Willing)
				p.clock.SetTo(found[0].NextAt)
				p.deliver("mail", domain.LaneNotice)
				require.Len(t, p.mails.Mails(), 1)
				require.Equal(t, "<"+found[0].ID+"@example.org>", p.mails.Mails()[0].Header.Get("Message-Id"))
			}
		})
	}
}

func TestWhatIsTriedForLongIsGivenUpAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.alone("One")
	p.dispatch()
	p.mails.Become(outside.Failing)
	p.deliver("mail", domain.LaneNotice)
	p.clock.Advance(73 * time.Hour)
	p.deliver("mail", domain.LaneNotice) // the probe
	p.clock.Advance(time.Hour)
	p.deliver("mail", domain.LaneNotice)
	dead := p.deliveries(schemas.DeliveryQuery{States: []schemas.DeliveryState{schemas.DeliveryDead}})
	require.NotEmpty(t, dead)
	require.NotEmpty(t, dead[0].Fault)

	p.mails.Become(outside.Willing)
	destination, err := schemas.ReplayDelivery(t.Context(), p.db.App(t), dead[0].ID, p.clock.Now())
	require.NoError(t, err)
	require.Equal(t, "mail", destination)
	p.clock.Advance(time.Hour)
	for p.deliver("mail", domain.LaneNotice).More {
	}
	found := p.deliveries(schemas.DeliveryQuery{Person: dead[0].Person})
	require.Equal(t, schemas.DeliverySent, found[0].State)
	again, err := schemas.ReplayDelivery(t.Context(), p.db.App(t), dead[0].ID, p.clock.Now())
	require.NoError(t, err)
	require.Empty(t, again, "what was sent is not sent again")
}

// A worker that dies between the receiver's word and the row leaves a delivery that another sends again, under the same id.
func TestADeliveryThatAWorkerDiedWithIsSentAgainUnderItsID(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.listen("events", []string{"incident.logged"})
	p.alone("One")
	p.dispatch()
	now := p.clock.Now()
	row, due, err := schemas.ClaimDelivery(t.Context(), p.worker, "events", domain.LaneNotice, now, now.Add(30*time.Second))
	require.NoError(t, err)
	require.True(t, due)
	report := p.deliver("events", domain.LaneNotice)
	require.Equal(t, 30*time.Second, report.Wait, "it may still be under way")
	p.clock.Advance(report.Wait)
	p.deliver("events", domain.LaneNotice)
	require.Len(t, p.hook.Calls(), 1)
	require.Equal(t, row.ID, p.hook.Calls()[0].Header.Get("webhook-id"))
}

// Somebody chose to be paged by a push at once and by a call two minutes later, and told of nothing between ten and six.
func TestPeopleAreReachedAsTheyChose(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	p.listen("gateway", nil, domain.ChannelPush, domain.ChannelVoice)
	ctx, db := t.Context(), p.db.App(t)
	contacts := map[domain.Channel]string{domain.ChannelPush: domain.NewID("push"), domain.ChannelVoice: domain.NewID("voice")}
	for channel, id := range contacts {
		_, err := db.NewRaw(`INSERT INTO contacts (id, person, channel, address, created_at, verified_at) VALUES (?, 'bo', ?, ?, now(), now())`,
			id, channel, "of bo by "+string(channel)).Exec(ctx)
		require.NoError(t, err)
	}
	_, err := db.NewRaw(`INSERT INTO notification_rules (person, notices, pages, quiet_from, quiet_to, updated_at) VALUES ('bo', ?::jsonb, ?::jsonb, '22:00', '06:00', now())`,
		`[{"contact": "mail"}]`, `[{"contact": "`+contacts[domain.ChannelPush]+`"}, {"contact": "`+contacts[domain.ChannelVoice]+`", "after_seconds": 120}]`).Exec(ctx)
	require.NoError(t, err)

	require.NoError(t, schemas.TellAccount(ctx, db, "account.test_page", "bo", "{}", p.clock.Now()))
	require.Equal(t, []string{"gateway"}, p.dispatch())
	report := p.deliver("gateway", domain.LanePage)
	require.Equal(t, 2*time.Minute, report.Wait)
	require.Len(t, p.hook.Calls(), 1)
	require.Contains(t, string(p.hook.Calls()[0].Body), `"to":"of bo by push"`)
	_, err = db.NewRaw(`SELECT read_bell('bo', (SELECT max(outbox) FROM bell WHERE person = 'bo'), true, now())`).Exec(ctx)
	require.NoError(t, err)
	p.clock.Advance(report.Wait)
	p.deliver("gateway", domain.LanePage)
	require.Len(t, p.hook.Calls(), 1, "nobody is called who has read it")
	require.Equal(t, schemas.DeliveryDropped, p.deliveries(schemas.DeliveryQuery{Destination: "gateway"})[0].State)

	p.clock.SetTo(store.Instant("2026-11-30T23:30:00Z")) // bo's zone is UTC
	p.alone("At night")
	p.dispatch()
	night := p.deliveries(schemas.DeliveryQuery{Person: "bo", Destination: "mail"})
	require.Len(t, night, 1)
	require.Equal(t, store.Instant("2026-12-01T06:00:00Z"), night[0].NextAt.UTC())
}

// The link in an invitation's mail is known to nobody but the mail; the one that was shown keeps working.
func TestAnInvitationIsMailedWithALinkOfItsOwn(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	ctx, db := t.Context(), p.db.App(t)
	row := schemas.InvitationRow{
		ID: domain.NewID("invitation"), Hash: "shown", Person: "rita", Purpose: "password", MadeBy: "ana", CreatedAt: p.clock.Now(), ExpiresAt: p.clock.Now().Add(time.Hour),
	}
	require.NoError(t, schemas.AddInvitation(ctx, db, row))
	require.NoError(t, schemas.TellAccount(ctx, db, "account.invited", "rita", `{"invitation": "`+row.ID+`", "by": "ana"}`, p.clock.Now()))
	p.dispatch()
	p.deliver("mail", domain.LaneNotice)
	require.Len(t, p.mails.Mails(), 1)
	text := strings.ReplaceAll(p.mails.Mails()[0].Text, "=\r\n", "")
	_, rest, found := strings.Cut(text, public+"/welcome/")
	require.True(t, found, text)
	secret := strings.Fields(rest)[0]
	for hash, works := range map[string]bool{domain.SecretHash(secret): true, "shown": true, "other": false} {
		_, _, found, err := schemas.FindInvitation(ctx, db, hash, p.clock.Now())
		require.NoError(t, err)
		require.Equal(t, works, found, hash)
	}
	used, err := schemas.UseInvitation(ctx, db, row.ID, p.clock.Now())
	require.NoError(t, err)
	require.True(t, used)
	require.NoError(t, schemas.TellAccount(ctx, db, "account.invited", "rita", `{"invitation": "`+row.ID+`"}`, p.clock.Now()))
	p.dispatch()
	p.deliver("mail", domain.LaneNotice)
	require.Len(t, p.mails.Mails(), 1, "a link that was used is not mailed")
}
