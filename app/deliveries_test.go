package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// ring leaves a notice about a record in somebody's bell, with a delivery that was given up.
func (d *desk) ring(person, record, kind string) (outbox int64, delivery string) {
	d.t.Helper()
	ctx, now := d.t.Context(), d.clock.Now()
	require.NoError(d.t, d.worker.NewRaw(`INSERT INTO outbox (record_id, kind, recipients, data, created_at, dispatched_at) VALUES (?, ?, '[]', '{}', ?, ?) RETURNING position`,
		record, kind, now, now).Scan(ctx, &outbox))
	delivery = domain.NewID(person + kind + record)
	row := schemas.DeliveryRow{
		ID: delivery, Outbox: outbox, Destination: "mail", Channel: domain.ChannelMail, Lane: domain.LaneNotice, Person: person, Address: person + "@example.org",
		Line: delivery, RecordID: record, Kind: kind, State: schemas.DeliveryDead, Fault: "it does not answer", NextAt: now, DeadAt: now.Add(time.Hour), CreatedAt: now, SettledAt: &now,
	}
	bell := schemas.BellRow{Person: person, Outbox: outbox, Kind: kind, Lane: domain.LaneNotice, RecordID: record, Data: []byte("{}"), CreatedAt: now}
	require.NoError(d.t, schemas.Dispatched(ctx, d.worker, []int64{outbox}, []schemas.DeliveryRow{row}, []schemas.BellRow{bell}, now))
	return outbox, delivery
}

func TestAdministratorsGovernWhatLeavesAndAuditorsReadIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record := d.incident()
	_, delivery := d.ring("bo", record.ID, "incident.assigned")
	admin, auditor := d.as("ana", all(domain.RoleAdmin)), d.as("cy", all(domain.RoleAuditor))
	page, err := d.Deliveries(auditor, app.DeliveryQuery{Record: record.Number, State: []string{"dead"}})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, "it does not answer", page.Items[0].Fault)
	require.Nil(t, page.Items[0].NextAt)
	none, err := d.Deliveries(admin, app.DeliveryQuery{Record: "INC-999999"})
	require.NoError(t, err)
	require.Empty(t, none.Items)

	for _, ctx := range []app.Grant{all(domain.RoleAgent), all(domain.RoleTeamLead), ofTeam(domain.RoleAuditor, "messaging"), ofTeam(domain.RoleAdmin, "messaging")} {
		somebody := d.as("bo", ctx)
		_, err := d.Deliveries(somebody, app.DeliveryQuery{})
		refuses(t, domain.CodeForbidden, err)
		_, err = d.Destinations(somebody)
		refuses(t, domain.CodeForbidden, err)
	}
	refuses(t, domain.CodeForbidden, d.ReplayDelivery(auditor, delivery))
	_, err = d.SaveDestination(auditor, "hook", app.DestinationBody{Title: "Hook", URL: "https://a.example"})
	refuses(t, domain.CodeForbidden, err)

	d.audited()
	require.NoError(t, d.ReplayDelivery(admin, delivery))
	require.Equal(t, []string{"ana replay delivery done: " + delivery + " to mail"}, d.audited())
	refuses(t, domain.CodeNotFound, d.ReplayDelivery(admin, delivery))
	refuses(t, domain.CodeNotFound, d.ReplayDelivery(admin, "x"))
}

func TestAWebhooksSecretIsShownOnceAndReplaced(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", all(domain.RoleAdmin))
	body := app.DestinationBody{Title: "Hook", URL: "https://a.example/hook", Kinds: []string{"incident.*"}, Active: true}
	made, err := d.SaveDestination(admin, "hook", body)
	require.NoError(t, err)
	require.NoError(t, webhook.CheckSecret(made.Secret))
	again, err := d.SaveDestination(admin, "hook", body)
	require.NoError(t, err)
	require.Empty(t, again.Secret)
	rotated, err := d.RotateSecret(admin, "hook")
	require.NoError(t, err)
	require.NotEqual(t, made.Secret, rotated.Secret)
	row, _, _, err := schemas.ReadDestination(t.Context(), d.worker, "hook")
	require.NoError(t, err)
	require.Equal(t, []string{rotated.Secret, made.Secret}, []string{row.Secret, row.OldSecret})
	require.Equal(t, d.clock.Now().Add(24*time.Hour), row.OldSecretUntil.UTC())

	for _, name := range []string{"mail", "Hook", ""} {
		_, err := d.SaveDestination(admin, name, body)
		refuses(t, domain.CodeInvalid, err)
	}
	body.URL = "https://user:word@a.example"
	_, err = d.SaveDestination(admin, "hook", body)
	refuses(t, domain.CodeInvalid, err)
	_, err = d.RotateSecret(admin, "other")
	refuses(t, domain.CodeNotFound, err)
}

func TestABellTellsWhatItsOwnerMayStillSee(t *testing.T) {
	t.Parallel()
	d := setup(t)
	open := d.incident()
	closed := d.incident(func(record *incident.Incident) { record.Restricted, record.Title = true, "Secret" })
	first, _ := d.ring("bo", open.ID, "incident.assigned")
	second, _ := d.ring("bo", closed.ID, "incident.assigned")
	bo := d.as("bo", ofTeam(domain.RoleAgent, "messaging"))
	page, err := d.Bell(bo, app.BellQuery{})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	require.NotContains(t, page.Items[0].Text, "Secret")
	require.Empty(t, page.Items[0].Record)
	require.Equal(t, "Assigned to messaging: Mail is out", page.Items[1].Text)

	require.NoError(t, d.ReadBell(d.as("cy"), second, true))
	count, err := d.Unread(bo)
	require.NoError(t, err)
	require.Equal(t, 2, count, "nobody reads for somebody else")
	require.NoError(t, d.ReadBell(bo, first, false))
	unread, err := d.Bell(bo, app.BellQuery{Unread: true})
	require.NoError(t, err)
	require.Len(t, unread.Items, 1)
	require.NoError(t, d.ReadBell(bo, second, true))
	count, err = d.Unread(bo)
	require.NoError(t, err)
	require.Zero(t, count)
}

// A contact counts when the code that was sent there comes back; five guesses end it.
func TestAContactCountsWhenItsCodeComesBack(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bo := d.as("bo")
	_, err := d.AddContact(bo, app.ContactBody{Channel: domain.ChannelSMS, Address: "+4930123456"})
	require.Contains(t, refuses(t, domain.CodeInvalid, err).Message, "channel", "no gateway carries it")
	require.NoError(t, schemas.Configure(t.Context(), d.worker, "mail", true, "mail.example.org"))
	_, err = d.AddContact(bo, app.ContactBody{Channel: domain.ChannelMail, Address: "Bo <bo@example.org>"})
	refuses(t, domain.CodeInvalid, err)
	contact, err := d.AddContact(bo, app.ContactBody{Channel: domain.ChannelMail, Address: "bo@home.example"})
	require.NoError(t, err)
	rules := app.NotificationRules{Notices: []app.NoticeRule{{Contact: contact.ID}}}
	_, err = d.SaveNotificationRules(bo, rules)
	refuses(t, domain.CodeInvalid, err)

	send := func(code string) {
		asked, err := schemas.AskContact(t.Context(), d.worker, contact.ID, domain.CodeHash(contact.ID, code), d.clock.Now().Add(time.Hour))
		require.NoError(t, err)
		require.True(t, asked)
	}
	send("12345678")
	for range 5 {
		_, err = d.VerifyContact(bo, contact.ID, "87654321")
		refuses(t, domain.CodeInvalid, err)
	}
	_, err = d.VerifyContact(bo, contact.ID, "12345678")
	refuses(t, domain.CodeInvalid, err)
	send("23456789")
	_, err = d.VerifyContact(d.as("cy"), contact.ID, "23456789")
	refuses(t, domain.CodeNotFound, err)
	verified, err := d.VerifyContact(bo, contact.ID, " 23456789 ")
	require.NoError(t, err)
	require.True(t, verified.Verified)
	settings, err := d.SaveNotificationRules(bo, rules)
	require.NoError(t, err)
	require.True(t, settings.Chosen)
	require.Equal(t, rules.Notices, settings.Rules.Notices)

	require.NoError(t, d.DropContact(bo, contact.ID))
	settings, err = d.NotificationSettings(bo)
	require.NoError(t, err)
	require.Empty(t, settings.Rules.Notices)
}
