package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// certificate writes a certificate and its key and answers their paths.
func certificate(t *testing.T, folder, name string) (cert, key string) {
	t.Helper()
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, made.Public(), made)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(made)
	require.NoError(t, err)
	cert, key = filepath.Join(folder, name+".pem"), filepath.Join(folder, name+".key")
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
	return cert, key
}

func TestTemporalIsReachedInPlainTextUnlessSomethingIsSet(t *testing.T) {
	t.Parallel()
	secured, err := Temporal{Address: "temporal:7233", Namespace: "holdfast"}.TLS()
	require.NoError(t, err)
	require.Nil(t, secured)

	for name, temporal := range map[string]Temporal{"server name": {ServerName: "temporal"}, "API key": {APIKey: "secret"}} {
		secured, err = temporal.TLS()
		require.NoError(t, err, name)
		require.NotNil(t, secured, "an API key never travels in plain text")
		require.Nil(t, secured.RootCAs, "the system's")
		require.Nil(t, secured.GetClientCertificate)
	}
}

func TestCertificateForTemporalIsReadAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ca, _ := certificate(t, folder, "ca")
	cert, key := certificate(t, folder, "client")
	secured, err := Temporal{TemporalFiles: TemporalFiles{CA: ca, Cert: cert, Key: key}, ServerName: "temporal"}.TLS()
	require.NoError(t, err)
	require.Equal(t, "temporal", secured.ServerName)
	require.NotNil(t, secured.RootCAs)
	first, err := secured.GetClientCertificate(nil)
	require.NoError(t, err)
	certificate(t, folder, "client") // renewed in place
	second, err := secured.GetClientCertificate(nil)
	require.NoError(t, err)
	require.NotEqual(t, first.Certificate, second.Certificate)
}

func TestFaultsOfFilesForTemporalAreOneLine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cert, key := certificate(t, folder, "client")
	_, another := certificate(t, folder, "another")
	missing, words := filepath.Join(folder, "missing"), filepath.Join(folder, "words")
	require.NoError(t, os.WriteFile(words, []byte("words"), 0o600))
	for name, c := range map[string]struct {
		files TemporalFiles
		fault string
	}{
		"no CA file":       {TemporalFiles{CA: missing}, `^--temporal-tls-ca: open \S+missing: no such file or directory$`},
		"no CA":            {TemporalFiles{CA: words}, `^--temporal-tls-ca: \S+words holds no certificate in PEM$`},
		"key alone":        {TemporalFiles{Key: key}, `^--temporal-tls-cert and --temporal-tls-key need each other$`},
		"certificate only": {TemporalFiles{Cert: cert}, `^--temporal-tls-cert and --temporal-tls-key need each other$`},
		"no certificate":   {TemporalFiles{Cert: missing, Key: key}, `^--temporal-tls-cert and .*: open \S+missing: no such file`},
		"another's key":    {TemporalFiles{Cert: cert, Key: another}, `^--temporal-tls-cert and .*client.pem, \S+another.key: .*private key does not match`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Temporal{TemporalFiles: c.files}.TLS()
			require.Error(t, err)
			require.Regexp(t, c.fault, err.Error())
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestTemporalIsSetByTheNamesOfItsOwnPrograms(t *testing.T) {
	t.Setenv("TEMPORAL_TLS_CA", "ca.pem")
	t.Setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", "client.pem")
	t.Setenv("TEMPORAL_API_KEY", "quiet")
	cli, ctx, err := parseWith(t, "temporal:\n  tls:\n    key: client.key\n    server-name: temporal\n", "show")
	require.NoError(t, err)
	require.Equal(t, TemporalFiles{CA: "ca.pem", Cert: "client.pem", Key: "client.key"}, cli.Show.TemporalFiles)
	require.Equal(t, "temporal", cli.Show.ServerName)
	require.Equal(t, "quiet", cli.Show.APIKey)
	settings := map[string]Setting{}
	for _, setting := range InForce(ctx) {
		settings[setting.Name] = setting
	}
	require.Equal(t, hidden, settings["temporal-api-key"].Value)
	require.Equal(t, "environment TEMPORAL_TLS_CLIENT_CERT_PATH", settings["temporal-tls-cert"].Source)
}
