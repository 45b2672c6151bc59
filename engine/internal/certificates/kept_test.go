package certificates

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var today = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// kept is the folder's content as a client reads it.
type kept struct {
	authority               *Authority
	ca, certificate, secret string
	client                  *tls.Config
}

func keepIn(t *testing.T, folder string, now time.Time) kept {
	t.Helper()
	authority, files, err := Keep(folder, now)
	require.NoError(t, err)
	k := kept{authority: authority, ca: read(t, files.CA), certificate: read(t, files.Certificate), secret: read(t, files.Key)}
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(k.ca)))
	k.client = &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots}
	return k
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	return string(text)
}

// meet has a client come to a server at a time, and tells what each made of the other.
func meet(t *testing.T, client, server *tls.Config, now time.Time) (clientErr, serverErr error) {
	t.Helper()
	client, server = client.Clone(), server.Clone()
	client.Time, server.Time = func() time.Time { return now }, func() time.Time { return now }
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	done := make(chan error, 1)
	go func() {
		connection, err := listener.Accept()
		if err == nil {
			defer connection.Close()
			err = tls.Server(connection, server).HandshakeContext(t.Context())
		}
		done <- err
	}()
	connection, clientErr := tls.Dial("tcp", listener.Addr().String(), client)
	if clientErr == nil {
		defer connection.Close()
	}
	return clientErr, <-done
}

func welcome(t *testing.T, client *tls.Config, authority *Authority, now time.Time) {
	t.Helper()
	server, err := authority.Server(now)
	require.NoError(t, err)
	clientErr, serverErr := meet(t, client, server, now)
	require.NoError(t, clientErr)
	require.NoError(t, serverErr)
}

func TestWhatIsKeptStays(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tls")
	first := keepIn(t, folder, today)
	welcome(t, first.client, first.authority, today)
	later := today.AddDate(7, 0, 0)
	second := keepIn(t, folder, later)
	require.Equal(t, []string{first.ca, first.certificate, first.secret}, []string{second.ca, second.certificate, second.secret})
	welcome(t, first.client, second.authority, later)
}

func TestNearTheirEndCertificatesAreSignedAgain(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tls")
	first := keepIn(t, folder, today)
	later := today.AddDate(9, 0, 0)
	second := keepIn(t, folder, later)
	require.NotEqual(t, first.ca, second.ca)
	require.NotEqual(t, first.certificate, second.certificate)
	require.Equal(t, first.secret, second.secret)
	welcome(t, first.client, second.authority, later) // one that runs since the beginning goes on
	welcome(t, second.client, second.authority, later)
	welcome(t, second.client, second.authority, later.AddDate(7, 0, 0))
}

func TestClockThatWasWrongIsForgiven(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tls")
	keepIn(t, folder, today.AddDate(20, 0, 0))
	mended := keepIn(t, folder, today)
	welcome(t, mended.client, mended.authority, today)
}

func TestWhatIsLostIsMadeAgain(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ca.pem", "ca.key", "client.pem", "client.key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "tls")
			keepIn(t, folder, today)
			require.NoError(t, os.Remove(filepath.Join(folder, name)))
			mended := keepIn(t, folder, today)
			welcome(t, mended.client, mended.authority, today)
		})
	}
}

func TestDamagedKeyIsToldAndLeft(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tls")
	keepIn(t, folder, today)
	path := filepath.Join(folder, "ca.key")
	require.NoError(t, os.WriteFile(path, []byte("no key"), 0o600))
	_, _, err := Keep(folder, today)
	require.ErrorContains(t, err, path+" holds no key")
	require.Equal(t, "no key", read(t, path))
}

func TestStrangersAreTurnedAway(t *testing.T) {
	t.Parallel()
	ours := keepIn(t, filepath.Join(t.TempDir(), "tls"), today)
	server, err := ours.authority.Server(today)
	require.NoError(t, err)
	another, err := New(today)
	require.NoError(t, err)
	foreign, err := another.Client(today)
	require.NoError(t, err)

	_, serverErr := meet(t, &tls.Config{RootCAs: ours.client.RootCAs}, server, today)
	require.ErrorContains(t, serverErr, "didn't provide a certificate")

	shows := &tls.Config{RootCAs: ours.client.RootCAs, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &foreign.Certificates[0], nil
	}}
	_, serverErr = meet(t, shows, server, today)
	require.ErrorContains(t, serverErr, "unknown authority")
}

func TestNobodyPosesAsTheServer(t *testing.T) {
	t.Parallel()
	ours := keepIn(t, filepath.Join(t.TempDir(), "tls"), today)
	another, err := New(today)
	require.NoError(t, err)
	foreign, err := another.Server(today)
	require.NoError(t, err)
	clientErr, _ := meet(t, ours.client, foreign, today)
	require.ErrorContains(t, clientErr, "unknown authority")

	// Nor does one who may read the client's files.
	clientErr, _ = meet(t, ours.client, &tls.Config{Certificates: ours.client.Certificates}, today)
	require.ErrorContains(t, clientErr, "incompatible key usage")
}
