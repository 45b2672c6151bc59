package webhook_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

var loopback = webhook.Networks{netip.MustParsePrefix("127.0.0.0/8")}

func parcel() domain.Parcel {
	at := time.Now()
	return domain.Parcel{ID: "5aac90ec-094b-8ad5-b5b6-b65ea2210916", Channel: domain.ChannelWebhook, Told: []domain.Told{{
		Kind: "incident.logged", At: at, Data: map[string]any{"by": "ana"},
		Record: &domain.Record{ID: "r", Practice: domain.Incident, Number: "INC-000007", Title: "Mail is slow", Priority: 2},
	}}}
}

func send(t *testing.T, networks webhook.Networks, to domain.Destination, what domain.Parcel) error {
	t.Helper()
	sending := webhook.NewSender(networks, "https://desk.example.org", time.Now).Begin(to)
	defer sending.Close()
	return sending.Send(t.Context(), what)
}

// While a secret is replaced, receivers with the old and with the new one both find the message to be ours.
func TestAReceiverFindsTheSignatureGood(t *testing.T) {
	t.Parallel()
	receiver := outside.NewWebhookServer(t)
	fresh, old := webhook.NewSecret(), webhook.NewSecret()
	require.NoError(t, webhook.CheckSecret(fresh))
	require.NoError(t, send(t, loopback, domain.Destination{URL: receiver.URL, Secrets: []string{fresh, old}}, parcel()))
	call := receiver.Calls()[0]
	for _, secret := range []string{fresh, old} {
		verifier, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		require.NoError(t, verifier.Verify(call.Body, call.Header))
	}
	stranger, err := standardwebhooks.NewWebhook(webhook.NewSecret())
	require.NoError(t, err)
	require.Error(t, stranger.Verify(call.Body, call.Header))
	require.Equal(t, parcel().ID, call.Header.Get("webhook-id"))
	var told struct {
		Type string `json:"type"`
		Data struct {
			Record struct {
				Link string `json:"link"`
			} `json:"record"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(call.Body, &told))
	require.Equal(t, "incident.logged", told.Type)
	require.Equal(t, "https://desk.example.org/incidents/INC-000007", told.Data.Record.Link)
}

func TestPrivateAddressesAreRefusedWhateverTheyAreWrittenAs(t *testing.T) {
	t.Parallel()
	receiver := outside.NewWebhookServer(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(receiver.URL, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "169.254.169.254", "10.0.0.1", "[64:ff9b::7f00:1]", "[fd00::1]"} {
		for _, scheme := range []string{"http", "https"} {
			err := send(t, nil, domain.Destination{URL: scheme + "://" + host + ":" + port + "/"}, parcel())
			require.ErrorContains(t, err, "its address is private", "%s %s", scheme, host)
		}
	}
	require.Zero(t, receiver.Tries())
	err := send(t, nil, domain.Destination{URL: "http://1.1.1.1/secret"}, parcel())
	require.ErrorContains(t, err, "without https")
	require.NotContains(t, err.Error(), "secret")
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := outside.NewWebhookServer(t)
	moved := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(moved.Close)
	require.ErrorContains(t, send(t, loopback, domain.Destination{URL: moved.URL}, parcel()), "redirects are not followed")
	require.Zero(t, elsewhere.Tries())
}

// A receiver that answers without end is left after its first words.
func TestAnAnswerWithoutEndIsNotRead(t *testing.T) {
	t.Parallel()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(endless.Close)
	require.NoError(t, send(t, loopback, domain.Destination{URL: endless.URL}, parcel()))
}

func TestAGatewayIsToldWhatToBringToWhom(t *testing.T) {
	t.Parallel()
	receiver := outside.NewWebhookServer(t)
	what := parcel()
	what.Channel, what.Address, what.Lane, what.Person = domain.ChannelSMS, "+4930123", domain.LanePage, domain.Person{Handle: "bo"}
	require.NoError(t, send(t, loopback, domain.Destination{URL: receiver.URL}, what))
	var told struct {
		Type string `json:"type"`
		Data struct {
			Message map[string]string `json:"message"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(receiver.Calls()[0].Body, &told))
	require.Equal(t, "message.sms", told.Type)
	require.Equal(t, "+4930123", told.Data.Message["to"])
	require.Equal(t, "INC-000007 Logged: Mail is slow", told.Data.Message["subject"])
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "ftp://a.example", "https://", "https://user:word@a.example", "https://a.example/#x", "file:///etc/passwd"} {
		require.Error(t, webhook.CheckURL(text), text)
	}
	require.NoError(t, webhook.CheckURL("https://a.example/hook?key=1"))
	for _, secret := range []string{"", "abc", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%"} {
		require.Error(t, webhook.CheckSecret(secret), secret)
	}
}
