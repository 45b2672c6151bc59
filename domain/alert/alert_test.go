package alert_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/alert"
)

// payload is what a monitoring tool really sent (testdata/README.md says whose they are).
func payload(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return text
}

func TestAlertmanagerFires(t *testing.T) {
	t.Parallel()
	alerts, err := alert.Alertmanager(payload(t, "alertmanager-v4-firing.json"))
	require.NoError(t, err)
	require.Len(t, alerts, 1)
	one := alerts[0]
	require.True(t, one.Firing)
	require.Equal(t, []string{"No things for over 10 minutes", "critical", "high", "high"}, []string{one.Title, one.Severity, one.Impact(), one.Urgency()})
	require.Contains(t, one.Key, "labels:", "it has no fingerprint: the key is made of its labels")
}

func TestAGroupHoldsManyAlerts(t *testing.T) {
	t.Parallel()
	alerts, err := alert.Alertmanager(payload(t, "alertmanager-v4-group-of-many.json"))
	require.NoError(t, err)
	keys := map[string]bool{}
	for _, one := range alerts {
		keys[one.Key] = true
		require.Equal(t, "low", one.Impact(), "info")
	}
	require.Len(t, keys, 3)
	require.True(t, keys["ff6a7a0f5f1c1309"])
}

// A group's key of version 3 is a number larger than 64 bits; what resolves has the key of what fired.
func TestWhatResolvesIsWhatFired(t *testing.T) {
	t.Parallel()
	fired, err := alert.Alertmanager(payload(t, "alertmanager-v3-bigint-groupkey-firing.json"))
	require.NoError(t, err)
	resolved, err := alert.Alertmanager(payload(t, "alertmanager-v3-bigint-groupkey-resolved.json"))
	require.NoError(t, err)
	require.Equal(t, fired[0].Key, resolved[0].Key)
	require.Equal(t, []bool{true, false}, []bool{fired[0].Firing, resolved[0].Firing})
	require.Equal(t, []string{"server01.int:9100", "server01.int"}, fired[0].Items)
}

func TestOtherPayloadsAreNoAlerts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"Type": "SubscriptionConfirmation", "SubscribeURL": "https://example.com"}`, `[]`, `{`, `{"version": "4", "alerts": []}`} {
		_, err := alert.Alertmanager([]byte(text))
		require.Equal(t, domain.CodeInvalid, domain.CodeOf(err), text)
	}
}

func TestTheGenericForm(t *testing.T) {
	t.Parallel()
	alerts, err := alert.Generic([]byte(`[{"key": "disk-7", "status": "firing", "title": "Disk\nis full", "severity": "error", "configuration_item": "db1"},
		{"key": "disk-8", "status": "resolved", "title": "Disk is full"}]`))
	require.NoError(t, err)
	require.Equal(t, []string{"Disk is full", "high", "medium"}, []string{alerts[0].Title, alerts[0].Impact(), alerts[0].Urgency()})
	require.Equal(t, []string{"db1"}, alerts[0].Items)
	for text, field := range map[string]string{
		`{"key": "a", "title": "b"}`:                                    "status",
		`{"key": "", "status": "firing", "title": "b"}`:                 "key",
		`{"key": "a", "status": "firing", "title": " "}`:                "title",
		`{"key": "a", "status": "firing", "title": "b", "severity": 3}`: "",
	} {
		_, err := alert.Generic([]byte(text))
		refused := domain.AsError(err)
		require.NotNil(t, refused, text)
		if field != "" {
			require.Equal(t, "body."+field, refused.Fields[0].Location, text)
		}
	}
}

func FuzzAlertmanager(f *testing.F) {
	f.Add([]byte(`{"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "a"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		alerts, err := alert.Alertmanager(body)
		if err != nil {
			require.NotNil(t, domain.AsError(err))
			return
		}
		for _, one := range alerts {
			require.NotEmpty(t, one.Key)
			require.True(t, domain.OneLine(one.Title))
			require.LessOrEqual(t, len(one.Title), domain.MaxTitleBytes)
		}
	})
}

// A sender says since when an alert fires; what no answer can hold is not kept, and the alert is.
func TestAnAlertBeginsAtAMomentThatCanBeTold(t *testing.T) {
	t.Parallel()
	for told, kept := range map[string]bool{"2026-11-30T09:00:00Z": true, "9999-12-31T23:59:59-23:59": false, "0000-01-01T00:00:00Z": false, "1970-01-01T00:00:00+23:00": false} {
		alerts, err := alert.Generic([]byte(`{"key": "disk", "status": "firing", "title": "Disk is full", "started_at": "` + told + `"}`))
		require.NoError(t, err, told)
		require.Len(t, alerts, 1)
		require.Equal(t, kept, alerts[0].StartsAt != nil, told)
	}
}
