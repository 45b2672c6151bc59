package mail_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/mail"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

func TestSettingsThatAreNoneAreRefusedWithoutThePassword(t *testing.T) {
	t.Parallel()
	for _, settings := range []mail.Settings{
		{URL: "mail.example.org:25", From: "desk@example.org"},
		{URL: "http://user:s3cret@mail.example.org", From: "desk@example.org"},
		{URL: "smtp://user:s3cret@mail.example.org:0", From: "desk@example.org"},
		{URL: "smtp://user:s3cret@mail.example.org?tls=maybe", From: "desk@example.org"},
		{URL: "smtp://user:s3cret@mail.example.org", From: "nobody"},
	} {
		_, err := mail.NewRelay(settings)
		require.Error(t, err, settings.URL)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// A relay elsewhere gets nothing in the clear: neither mails nor the password.
func TestNothingIsSentInTheClearUnlessAskedFor(t *testing.T) {
	t.Parallel()
	server := outside.NewMailServer(t)
	parcel := domain.Parcel{ID: "1", Address: "rita@example.org", Told: []domain.Told{{Kind: "account.test_page", At: time.Now()}}}
	for query, sent := range map[string]int{"?tls=required": 0, "?tls=off": 1, "": 2} {
		relay, err := mail.NewRelay(mail.Settings{URL: server.URL + query, From: "desk@example.org"})
		require.NoError(t, err)
		sending := relay.Begin(domain.Destination{})
		err = sending.Send(t.Context(), parcel)
		sending.Close()
		if sent == 0 {
			require.ErrorContains(t, err, "cannot be reached")
			require.ErrorContains(t, err, "STARTTLS")
		} else {
			require.NoError(t, err)
		}
	}
	require.Len(t, server.Mails(), 2)
}

func TestAMailGoesByTLSAndPassword(t *testing.T) {
	t.Parallel()
	server, trusted := outside.NewSecuredMailServer(t)
	at := strings.TrimPrefix(server.URL, "smtp://")
	for address, want := range map[string]string{
		"smtp://desk:s3cret@" + at + "?tls=required": "",
		"smtp://desk:wrong@" + at + "?tls=required":  "cannot be reached",
		"smtp://" + at + "?tls=required":             "takes nothing",
	} {
		relay, err := mail.NewRelay(mail.Settings{URL: address, From: "desk@example.org", TLS: &tls.Config{RootCAs: trusted}})
		require.NoError(t, err)
		sending := relay.Begin(domain.Destination{})
		err = sending.Send(t.Context(), domain.Parcel{ID: "1", Address: "rita@example.org", Told: []domain.Told{{Kind: "account.test_page", At: time.Now()}}})
		sending.Close()
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "wrong")
	}
	require.Len(t, server.Mails(), 1)
	stranger, err := mail.NewRelay(mail.Settings{URL: "smtp://desk:s3cret@" + at + "?tls=required", From: "desk@example.org"})
	require.NoError(t, err)
	require.ErrorContains(t, stranger.Begin(domain.Destination{}).Send(t.Context(), domain.Parcel{
		ID: "1", Address: "rita@example.org", Told: []domain.Told{{Kind: "account.test_page", At: time.Now()}},
	}), "certificate")
}

// A page stands with the mails about what it calls for, not with those about the escalation.
func TestAPageStandsWithWhatItCallsFor(t *testing.T) {
	t.Parallel()
	server := outside.NewMailServer(t)
	relay, err := mail.NewRelay(mail.Settings{URL: server.URL, From: "desk@example.org", Public: "https://desk.example.org"})
	require.NoError(t, err)
	sending := relay.Begin(domain.Destination{})
	defer sending.Close()
	require.NoError(t, sending.Send(t.Context(), domain.Parcel{ID: "1", Address: "bo@example.org", Told: []domain.Told{{
		Kind: "escalation.page", At: time.Now(), Data: map[string]any{"source": "an-incident", "source_number": "INC-000007", "number": "ESC-000001"},
		Record: &domain.Record{ID: "an-escalation", Practice: "escalation", Number: "ESC-000001", Title: "Mail is down"},
	}}}))
	one := server.Mails()[0]
	require.Equal(t, "[INC-000007] You are needed: Mail is down", one.Header.Get("Subject"))
	require.Equal(t, "<an-incident@example.org>", one.Header.Get("References"))
	require.Contains(t, one.Text, "https://desk.example.org/incidents/INC-000007")
	require.Contains(t, one.Text, "Acknowledge ESC-000001")
}
