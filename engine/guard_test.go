package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/holdfast-itsm/holdfast/engine/internal/certificates"
	"github.com/holdfast-itsm/holdfast/engine/internal/ports"
)

// Loopback is open to every user of the machine: what listens there must not be.
func TestTemporalAnswersOnlyWhoShowsItsCertificate(t *testing.T) {
	t.Parallel()
	e := start(t, home(t, nil), nil)
	known := e.secured()
	require.NoError(t, asks(t, e.TemporalAddress, credentials.NewTLS(known)))

	another, err := certificates.New(time.Now())
	require.NoError(t, err)
	foreign, err := another.Client(time.Now())
	require.NoError(t, err)
	strangers := map[string]credentials.TransportCredentials{
		"plain text":     insecure.NewCredentials(),
		"no certificate": credentials.NewTLS(&tls.Config{RootCAs: known.RootCAs, InsecureSkipVerify: true}),
		"a certificate by another authority": credentials.NewTLS(&tls.Config{
			InsecureSkipVerify: true,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &foreign.Certificates[0], nil // though the server names the authority it wants
			},
		}),
	}
	addresses := e.listening()
	require.Contains(t, addresses, e.TemporalAddress)
	for _, address := range addresses {
		for name, stranger := range strangers {
			refused(t, asks(t, address, stranger), name+" at "+address)
		}
		if address != e.TemporalAddress {
			certified := known.Clone()
			certified.InsecureSkipVerify = true
			refused(t, asks(t, address, credentials.NewTLS(certified)), "the front end's client at "+address)
		}
	}
	e.write("kept")
	e.holds("kept") // by way of all services
	e.stops()
}

// asks a service how it is.
func asks(t *testing.T, address string, as credentials.TransportCredentials) error {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(as))
	require.NoError(t, err)
	defer connection.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err = grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return err
}

// refused says that a service hung up before it heard a question.
func refused(t *testing.T, err error, who string) {
	t.Helper()
	require.Equal(t, codes.Unavailable, status.Code(err), "%s: %v", who, err)
	require.NotContains(t, err.Error(), "dial", who)
}

// secured is how the engine's clients connect.
func (e *engine) secured() *tls.Config {
	e.t.Helper()
	text, err := os.ReadFile(e.TemporalCA)
	require.NoError(e.t, err)
	roots := x509.NewCertPool()
	require.True(e.t, roots.AppendCertsFromPEM(text))
	certificate, err := tls.LoadX509KeyPair(e.TemporalCert, e.TemporalKey)
	require.NoError(e.t, err)
	return &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}
}

// listening gives the addresses on which the engine's own process listens: its front end, and on Linux, whose kernel says it,
// the three services behind it.
func (e *engine) listening() []string {
	e.t.Helper()
	if runtime.GOOS != "linux" {
		return []string{e.TemporalAddress}
	}
	ours := map[string]bool{}
	open, err := filepath.Glob("/proc/" + strconv.Itoa(e.pid) + "/fd/*")
	require.NoError(e.t, err)
	for _, file := range open {
		if socket, is := strings.CutPrefix(target(file), "socket:["); is {
			ours[strings.TrimSuffix(socket, "]")] = true
		}
	}
	var found []string
	for _, table := range []string{"tcp", "tcp6"} {
		file, err := os.Open("/proc/net/" + table)
		require.NoError(e.t, err)
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			const listens = "0A"
			fields := strings.Fields(lines.Text()) // number, local address, remote one, state, …, inode as the tenth
			if len(fields) < 10 || fields[3] != listens || !ours[fields[9]] {
				continue
			}
			port, err := strconv.ParseInt(fields[1][strings.LastIndexByte(fields[1], ':')+1:], 16, 32)
			require.NoError(e.t, err)
			found = append(found, ports.Address(int(port)))
		}
	}
	require.Len(e.t, found, 4, "front end, history, matching, worker")
	return found
}

// target is empty for a link that is gone by now.
func target(link string) string {
	at, _ := os.Readlink(link)
	return at
}

// closed says that nobody else can read what the engine keeps, nor hold its lock.
func (e *engine) closed() {
	e.t.Helper()
	require.NoError(e.t, filepath.WalkDir(e.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || regexp.MustCompile(`/postgres/.`).MatchString(path) { // PostgreSQL's own folder is closed itself
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		allowed := fs.FileMode(0)
		if path == e.data && os.Geteuid() == 0 {
			allowed = 0o011 // PostgreSQL's user passes through
		}
		require.Zero(e.t, info.Mode().Perm()&0o077&^allowed, "%s is open: %s", path, info.Mode())
		return nil
	}))
}
