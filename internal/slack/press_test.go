package slack_test

import (
	"context"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/internal/slack"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

var loopback = webhook.Networks{netip.MustParsePrefix("127.0.0.0/8")}

// The example of Slack's own page on verifying requests.
const exampleBody = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
	"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554" +
	"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"

func TestOnlyWhatSlackSignedLatelyIsTaken(t *testing.T) {
	t.Parallel()
	const stamp, signature = "1531420618", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	now := time.Unix(1531420618, 0)
	own := []string{"another", outside.SlackSigningSecret}
	for name, c := range map[string]struct {
		secrets                []string
		stamp, signature, body string
		now                    time.Time
		taken                  bool
	}{
		"genuine":                   {own, stamp, signature, exampleBody, now, true},
		"five minutes ago":          {own, stamp, signature, exampleBody, now.Add(5 * time.Minute), true},
		"five minutes ahead":        {own, stamp, signature, exampleBody, now.Add(-5 * time.Minute), true},
		"longer ago":                {own, stamp, signature, exampleBody, now.Add(5*time.Minute + time.Millisecond), false},
		"further ahead":             {own, stamp, signature, exampleBody, now.Add(-5*time.Minute - time.Millisecond), false},
		"another body":              {own, stamp, signature, exampleBody + "&", now, false},
		"another time":              {own, "1531420619", signature, exampleBody, now, false},
		"a time that is none":       {own, "soon", signature, exampleBody, now, false},
		"a time past all":           {own, "9223372036854775807", signature, exampleBody, now, false},
		"no secret":                 {nil, stamp, signature, exampleBody, now, false},
		"an empty secret":           {[]string{""}, stamp, signed("", stamp, exampleBody), exampleBody, now, false},
		"another secret":            {[]string{"another"}, stamp, signature, exampleBody, now, false},
		"a version that is unknown": {own, stamp, "v1" + signature[2:], exampleBody, now, false},
		"no signature":              {own, stamp, "", exampleBody, now, false},
	} {
		err := slack.Verify(c.secrets, c.stamp, c.signature, []byte(c.body), c.now)
		require.Equal(t, c.taken, err == nil, name)
	}
}

func signed(secret, stamp, body string) string {
	seconds, _ := strconv.ParseInt(stamp, 10, 64)
	_, signature := outside.SlackSignature(secret, []byte(body), time.Unix(seconds, 0))
	return signature
}

// A page is posted and pressed: what is read of the press is what was posted, and its reply takes the place of the message.
func TestAPressIsReadAndAnswered(t *testing.T) {
	t.Parallel()
	server := outside.NewSlackServer(t)
	sending := slack.NewSender(loopback, "https://desk.example.org").Begin(domain.Destination{Name: "acme", URL: server.URL, Token: outside.SlackToken})
	record := &domain.Record{ID: "6f9b1c7e-5b57-8f0e-8000-000000000001", Practice: escalation.Practice, Number: "ESC-000001", State: escalation.Calling, Priority: 1, Service: "shop", Title: "Shop is down"}
	parcel := domain.Parcel{ID: "1", Channel: domain.ChannelSlack, Address: "acme/U0BO", Lane: domain.LanePage, Told: []domain.Told{{
		Kind: "escalation.page", Data: map[string]any{"source_number": "INC-000001", "title": "Shop <is> down & out"}, Record: record,
	}}}
	require.NoError(t, sending.Send(t.Context(), parcel))
	page := server.Posts()[0]
	body := server.Press(t, "U0BO", page, slack.ActionAcknowledge, "1.1")
	press, asks, err := slack.ParsePress(body)
	require.NoError(t, err)
	require.True(t, asks)
	require.Equal(t, []string{"U0BO", page.Room, "acknowledge", record.ID}, []string{press.User, press.Room, press.Action, press.Record})
	again, _, err := slack.ParsePress(body)
	require.NoError(t, err)
	require.Equal(t, press.Key, again.Key)
	other, _, err := slack.ParsePress(server.Press(t, "U0BO", page, slack.ActionAcknowledge, "1.2"))
	require.NoError(t, err)
	require.NotEqual(t, press.Key, other.Key, "another press is another command")

	replies := slack.NewReplies(loopback)
	require.NoError(t, replies.Send(t.Context(), server.URL, press, slack.Reply{Text: "No."}))
	require.NoError(t, replies.Send(t.Context(), server.URL, press, slack.Reply{Text: "Bo took care of it.", Done: true, Over: true}))
	told := server.Replies()
	require.Len(t, told, 2)
	require.Equal(t, []any{"ephemeral", false, "No."}, []any{told[0]["response_type"], told[0]["replace_original"], told[0]["text"]})
	require.Equal(t, true, told[1]["replace_original"])
	changed := outside.Post{}
	for _, block := range told[1]["blocks"].([]any) {
		changed.Blocks = append(changed.Blocks, block.(map[string]any))
	}
	for _, action := range []string{slack.ActionAcknowledge, slack.ActionEscalateNow} {
		_, found := changed.Button(action)
		require.False(t, found, action)
	}
	_, found := changed.Button("open")
	require.True(t, found, "the way to the console stays")
	require.Equal(t, "context", changed.Blocks[len(changed.Blocks)-1]["type"])

	// Replies go to Slack, or to the API that the workspace is at; nowhere else.
	for _, destination := range []string{"", "https://slack.example.org/api", "http://127.0.0.1:1/api"} {
		require.ErrorContains(t, replies.Send(t.Context(), destination, press, slack.Reply{Text: "No."}), "not Slack's")
	}
	require.Len(t, server.Replies(), 2)
}

func TestWhatAsksForNothingIsNoPress(t *testing.T) {
	t.Parallel()
	for payload, fault := range map[string]bool{
		`{"type": "block_actions", "actions": [{"type": "button", "block_id": "holdfast", "action_id": "open"}]}`:     false,
		`{"type": "block_actions", "actions": [{"type": "button", "block_id": "other", "action_id": "acknowledge"}]}`: false,
		`{"type": "shortcut"}`: false, `{"type": "view_submission"}`: false, `{`: true, ``: true, `[]`: true,
	} {
		_, asks, err := slack.ParsePress([]byte(url.Values{"payload": {payload}}.Encode()))
		require.False(t, asks, payload)
		require.Equal(t, fault, err != nil, payload)
	}
	_, _, err := slack.ParsePress([]byte("%zz"))
	require.Error(t, err)
}

func FuzzParsePress(f *testing.F) {
	f.Add([]byte("payload=%7B%22type%22%3A%22block_actions%22%7D"))
	f.Add([]byte(url.Values{"payload": {`{"type": "block_actions", "actions": [{"type": "button", "block_id": "holdfast", "action_id": "acknowledge", "value": "x"}], "message": {"blocks": [{"type": "actions"}]}}`}}.Encode()))
	f.Fuzz(func(t *testing.T, body []byte) {
		press, asks, err := slack.ParsePress(body)
		if asks {
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(press.Key, "slack/"))
		}
	})
}

// Long words are cut, not refused.
func TestAMessageKeepsTheBoundsOfSlack(t *testing.T) {
	t.Parallel()
	server := outside.NewSlackServer(t)
	sending := slack.NewSender(loopback, "").Begin(domain.Destination{Name: "acme", URL: server.URL + "/", Token: outside.SlackToken})
	record := &domain.Record{ID: "x", Practice: domain.Incident, Number: "INC-000001", State: "new", Priority: 3, Title: strings.Repeat("ü", 5000)}
	require.NoError(t, sending.Send(t.Context(), domain.Parcel{ID: "1", Channel: domain.ChannelSlack, Address: "acme/U0BO", Told: []domain.Told{{
		Kind: "incident.logged", Data: map[string]any{}, Record: record, Note: strings.Repeat("n", 9000),
	}}}))
	post := server.Posts()[0]
	require.Len(t, []rune(post.Blocks[0]["text"].(map[string]any)["text"].(string)), 150)
	require.LessOrEqual(t, len([]rune(post.Text)), 3000)
}

// What hangs, breaks off or is not Slack at all is down, in words without the token.
func TestASlackThatDoesNotAnswerIsDown(t *testing.T) {
	t.Parallel()
	server := outside.NewSlackServer(t)
	for mood, why := range map[outside.Mood]string{outside.Hanging: "in time", outside.Closing: "cannot be reached", outside.Failing: "500"} {
		server.Become(mood)
		sending := slack.NewSender(loopback, "").Begin(domain.Destination{Name: "acme", URL: server.URL, Token: outside.SlackToken})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := sending.Send(ctx, domain.Parcel{ID: "1", Channel: domain.ChannelSlack, Address: "acme/U0BO", Told: []domain.Told{{Kind: "account.test_page"}}})
		cancel()
		var fault *domain.DeliveryFault
		require.ErrorAs(t, err, &fault)
		require.Equal(t, domain.FaultDown, fault.Consequence)
		require.Contains(t, fault.Message, why)
		require.NotContains(t, fault.Message, outside.SlackToken)
	}
	private := slack.NewSender(nil, "").Begin(domain.Destination{Name: "acme", URL: server.URL, Token: outside.SlackToken})
	require.ErrorContains(t, private.Send(t.Context(), domain.Parcel{Address: "acme/U0BO", Told: []domain.Told{{Kind: "account.test_page"}}}), "private")
}
