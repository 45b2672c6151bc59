package app_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/slack"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

// chat is a desk with a workspace of Slack.
type chat struct {
	*desk
	slack *outside.SlackServer
	page  outside.Post // a page that bo was sent
}

func setupChat(t *testing.T) *chat {
	t.Helper()
	c := &chat{desk: setup(t), slack: outside.NewSlackServer(t)}
	c.Replies = slack.NewReplies(webhook.Networks{netip.MustParsePrefix("127.0.0.0/8")})
	c.page = outside.Post{To: "U0BO", Room: "D0BO", Message: "1.000001", Blocks: []map[string]any{{"type": "actions", "block_id": "holdfast", "elements": []any{
		map[string]any{"type": "button", "action_id": "acknowledge", "value": domain.NewID("no escalation")},
	}}}}
	_, err := c.SaveDestination(c.as("root", all(domain.RoleAdmin)), "acme", c.workspace())
	require.NoError(t, err)
	return c
}

func (c *chat) workspace() app.DestinationBody {
	return app.DestinationBody{
		Channel: domain.ChannelSlack, Title: "Acme", URL: c.slack.URL, Token: outside.SlackToken, SigningSecret: outside.SlackSigningSecret, Active: true,
	}
}

// contact gives somebody a verified contact.
func (c *chat) contact(person, address string) {
	c.t.Helper()
	_, err := c.base.App(c.t).NewRaw(`INSERT INTO contacts (id, person, channel, address, created_at, verified_at) VALUES (?, ?, 'slack', ?, now(), now())`,
		domain.NewID(person+address), person, address).Exec(c.t.Context())
	require.NoError(c.t, err)
}

// press presses a button, signed by a secret at a moment, and answers the last that is told of it in Slack.
func (c *chat) press(destination, user, secret string, at time.Time) (told string, err error) {
	c.t.Helper()
	body := c.slack.Press(c.t, user, c.page, "acknowledge", "1.1")
	stamp, signature := outside.SlackSignature(secret, body, at)
	answer, err := c.PressInSlack(c.t.Context(), destination, app.SlackRequest{Timestamp: stamp, Signature: signature, Body: body})
	if err != nil || answer == nil {
		return "", err
	}
	require.NoError(c.t, answer(c.t.Context()))
	replies := c.slack.Replies()
	last := replies[len(replies)-1]
	require.Equal(c.t, "ephemeral", last["response_type"])
	return last["text"].(string), nil
}

func TestAPressCountsOnlyWithTheWorkspacesSignature(t *testing.T) {
	t.Parallel()
	c := setupChat(t)
	now := c.clock.Now()
	const fresh = "0123456789abcdef0123456789abcdef"
	for name, call := range map[string]func() (string, error){
		"another secret": func() (string, error) { return c.press("acme", "U0BO", fresh, now) },
		"an old time": func() (string, error) {
			return c.press("acme", "U0BO", outside.SlackSigningSecret, now.Add(-6*time.Minute))
		},
		"no workspace":   func() (string, error) { return c.press("umbrella", "U0BO", outside.SlackSigningSecret, now) },
		"the mail relay": func() (string, error) { return c.press("mail", "U0BO", "", now) },
	} {
		_, err := call()
		require.Equal(t, domain.CodeUnauthenticated, domain.CodeOf(err), name)
	}
	require.Empty(t, c.slack.Replies(), "who did not sign is told nothing in Slack")

	body := c.workspace()
	body.SigningSecret, body.Token = fresh, ""
	_, err := c.SaveDestination(c.as("root", all(domain.RoleAdmin)), "acme", body)
	require.NoError(t, err)
	for _, secret := range []string{outside.SlackSigningSecret, fresh} {
		_, err = c.press("acme", "U0BO", secret, now)
		require.NoError(t, err, "both count for a day")
	}
	c.clock.Advance(24 * time.Hour)
	_, err = c.press("acme", "U0BO", outside.SlackSigningSecret, c.clock.Now())
	refuses(t, domain.CodeUnauthenticated, err)

	body.Active = false
	_, err = c.SaveDestination(c.as("root", all(domain.RoleAdmin)), "acme", body)
	require.NoError(t, err)
	_, err = c.press("acme", "U0BO", fresh, c.clock.Now())
	refuses(t, domain.CodeUnauthenticated, err)
}

func TestWhoeverMayNotPressIsToldWhy(t *testing.T) {
	t.Parallel()
	c := setupChat(t)
	press := func(user string) string {
		t.Helper()
		told, err := c.press("acme", user, outside.SlackSigningSecret, c.clock.Now())
		require.NoError(t, err)
		return told
	}
	require.Contains(t, press("U0BO"), "does not know you")
	c.contact("bo", "umbrella/U0BO")
	require.Contains(t, press("U0BO"), "does not know you", "a user of another workspace is somebody else")
	c.contact("gone", "acme/U0GONE")
	require.Contains(t, press("U0GONE"), "does not know you", "who has left does nothing")
	c.contact("bo", "acme/U0BO")
	require.Contains(t, press("U0BO"), "did not send you this message")
	record := c.incident()
	require.NoError(t, schemas.KeepThread(t.Context(), c.worker, "acme", "acme/U0BO", record.ID, domain.Place{Room: "D0BO", Message: "1.000001"}, c.clock.Now()))
	require.Contains(t, press("U0BO"), "nothing that you could do", "there is no such escalation")
	c.contact("cy", "acme/U0BO")
	require.Contains(t, press("U0BO"), "More than one account")
}

func TestAWorkspaceIsWrittenWithItsSecretsWhichAreNeverRead(t *testing.T) {
	t.Parallel()
	c := setupChat(t)
	root := c.as("root", all(domain.RoleAdmin))
	destinations, err := c.Destinations(root)
	require.NoError(t, err)
	require.Len(t, destinations, 2)
	require.Equal(t, domain.ChannelSlack, destinations[1].Channel)
	for name, change := range map[string]func(*app.DestinationBody){
		"token":  func(b *app.DestinationBody) { b.Token = "xoxp-a-persons" },
		"url":    func(b *app.DestinationBody) { b.URL = "slack.com" },
		"kinds":  func(b *app.DestinationBody) { b.Kinds = []string{"incident.*"} },
		"secret": func(b *app.DestinationBody) { b.SigningSecret = "short" },
		"title":  func(b *app.DestinationBody) { b.Title = " " },
		"another address without the token": func(b *app.DestinationBody) {
			b.URL, b.Token = "https://elsewhere.example.org/api", ""
		},
		"another kind": func(b *app.DestinationBody) { b.Channel = domain.ChannelWebhook },
	} {
		body := c.workspace()
		change(&body)
		_, err := c.SaveDestination(root, "acme", body)
		require.Equal(t, domain.CodeInvalid, domain.CodeOf(err), name)
	}
	body := c.workspace()
	body.Token, body.SigningSecret, body.Title = "", "", "Acme Ltd"
	made, err := c.SaveDestination(root, "acme", body)
	require.NoError(t, err)
	require.Equal(t, []string{"Acme Ltd", ""}, []string{made.Title, made.Secret})
	row, _, _, err := schemas.ReadDestination(t.Context(), c.worker, "acme")
	require.NoError(t, err)
	require.Equal(t, []string{outside.SlackToken, outside.SlackSigningSecret, ""}, []string{row.Token, row.Secret, row.OldSecret}, "what is left out stays")
	_, err = c.RotateSecret(root, "acme")
	refuses(t, domain.CodeInvalid, err)
	_, err = c.SaveDestination(c.as("ana", all(domain.RoleTeamLead)), "acme", c.workspace())
	refuses(t, domain.CodeForbidden, err)
}

func TestAContactInSlackNamesItsWorkspace(t *testing.T) {
	t.Parallel()
	c := setupChat(t)
	bo := c.as("bo")
	contact, err := c.AddContact(bo, app.ContactBody{Channel: domain.ChannelSlack, Address: " u024be7lh "})
	require.NoError(t, err)
	require.Equal(t, []any{"acme/U024BE7LH", false}, []any{contact.Address, contact.Verified})
	for _, address := range []string{"bo", "@bo", "U0", "umbrella/U024BE7LH", "acme/bo", "acme/U0/1"} {
		_, err := c.AddContact(bo, app.ContactBody{Channel: domain.ChannelSlack, Address: address})
		refuses(t, domain.CodeInvalid, err)
	}
	_, err = c.SaveDestination(c.as("root", all(domain.RoleAdmin)), "umbrella", c.workspace())
	require.NoError(t, err)
	_, err = c.AddContact(bo, app.ContactBody{Channel: domain.ChannelSlack, Address: "U024BE7LH"})
	require.Contains(t, refuses(t, domain.CodeInvalid, err).Fields[0].Message, "acme, umbrella")
	_, err = c.AddContact(bo, app.ContactBody{Channel: domain.ChannelSlack, Address: "umbrella/U024BE7LH"})
	require.NoError(t, err)
	settings, err := c.NotificationSettings(bo)
	require.NoError(t, err)
	require.Equal(t, []domain.Channel{"slack"}, settings.Channels)
}
