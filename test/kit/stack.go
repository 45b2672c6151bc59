// Package kit runs a whole Holdfast of real programs for tests: as one process, or as separate ones that can be killed one
// by one. Its API speaks to it and checks every answer against the OpenAPI that it publishes.
package kit

import (
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// readyBound is how long a start may take on a busy machine before the test gives up on it.
const readyBound = 2 * time.Minute

// Stack is a whole Holdfast of real programs. Up makes one of a single process and its engine; Parts one of separate
// processes, as in production, that can be killed one by one.
type Stack struct {
	URL             string
	Token           string // of the administrator
	DatabaseURL     string
	TemporalAddress string
	TemporalFiles   config.TemporalFiles
	Folder          string

	Engine  *Process
	Workers []*Process
	Servers []*Process
	// PostgresPID is the postmaster's process at the last start of the engine of a Stack of Parts.
	PostgresPID int
}

// Up starts `holdfast up`, with the demo organisation, and waits until it is ready.
func Up(t testing.TB, flags ...string) *Stack {
	t.Helper()
	s := &Stack{Folder: Folder(t)}
	ready := filepath.Join(s.Folder, "up.json")
	flags = append([]string{"up", "--data", filepath.Join(s.Folder, "data"), "--listen", "127.0.0.1:0", "--ready-file", ready}, flags...)
	up := NewProcess(t, s.Folder, "holdfast-up", Program(t, "holdfast"), nil, flags...)
	up.Start()
	var told struct {
		URL             string `json:"url"`
		AdminToken      string `json:"admin_token"`
		DatabaseURL     string `json:"database_url"`
		TemporalAddress string `json:"temporal_address"`
		config.TemporalFiles
	}
	up.awaitFile(ready, &told, readyBound)
	s.URL, s.Token, s.DatabaseURL = told.URL, told.AdminToken, told.DatabaseURL
	s.TemporalAddress, s.TemporalFiles = told.TemporalAddress, told.TemporalFiles
	s.Servers = []*Process{up}
	return s
}

// Parts starts an engine, workers and servers as processes of their own, and an administrator with a token.
func Parts(t testing.TB, workers, servers int) *Stack {
	t.Helper()
	s := &Stack{Folder: Folder(t)}
	s.Engine = NewProcess(t, s.Folder, "engine", Program(t, "holdfast-engine"), nil,
		"--data", filepath.Join(s.Folder, "engine"), "--namespace", "holdfast", "--ready-file", s.engineReady(), "--wait", "30s")
	s.StartEngine(t)
	s.Token = lastLine(Run(t, s.environment(), "migrate", "--admin", "admin"))
	for i := range workers {
		worker := NewProcess(t, s.Folder, name("worker", i), Program(t, "holdfast"), s.environment(), "worker")
		worker.Start()
		s.Workers = append(s.Workers, worker)
	}
	for i := range servers {
		address := freeAddress(t)
		server := NewProcess(t, s.Folder, name("server", i), Program(t, "holdfast"), s.environment(),
			"server", "--listen", address, "--data", s.Folder)
		server.Start()
		s.Servers = append(s.Servers, server)
		if i == 0 {
			s.URL = "http://" + address
		}
	}
	s.AwaitReady(t)
	return s
}

func name(kind string, number int) string { return kind + "-" + string(rune('1'+number)) }

func (s *Stack) engineReady() string { return filepath.Join(s.Folder, "engine.json") }

// StartEngine starts the engine, again on its own data, and waits until it answers.
func (s *Stack) StartEngine(t testing.TB) {
	t.Helper()
	s.Engine.Start()
	var told struct {
		DatabaseURL     string `json:"database_url"`
		TemporalAddress string `json:"temporal_address"`
		config.TemporalFiles
		PostgresPID int `json:"postgres_pid"`
		PID         int `json:"pid"`
	}
	// The file of an engine that was killed is still there: only this one's counts.
	Eventually(t, readyBound, func() bool {
		s.Engine.awaitFile(s.engineReady(), &told, readyBound)
		return told.PID == s.Engine.PID()
	})
	s.DatabaseURL, s.PostgresPID = told.DatabaseURL, told.PostgresPID
	s.TemporalAddress, s.TemporalFiles = told.TemporalAddress, told.TemporalFiles
}

func (s *Stack) environment() []string {
	return []string{
		"HOLDFAST_DATABASE_URL=" + s.DatabaseURL, "TEMPORAL_ADDRESS=" + s.TemporalAddress, "HOLDFAST_LOG_LEVEL=warn",
		"TEMPORAL_TLS_CA=" + s.TemporalFiles.CA, "TEMPORAL_TLS_CERT=" + s.TemporalFiles.Cert, "TEMPORAL_TLS_KEY=" + s.TemporalFiles.Key,
	}
}

// AwaitReady waits until the server says that everything it needs is there.
func (s *Stack) AwaitReady(t testing.TB) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second}
	Eventually(t, readyBound, func() bool {
		response, err := client.Get(s.URL + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// Rows opens the database under a role, to look at what is stored.
func (s *Stack) Rows(t testing.TB) *bun.DB {
	t.Helper()
	db, err := pg.Open(s.DatabaseURL, pg.Worker, 4)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// Doctor runs holdfast doctor and fails the test where it finds a fault.
func (s *Stack) Doctor(t testing.TB) {
	t.Helper()
	Run(t, s.environment(), "doctor", "--sample", "1000")
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// Eventually waits until a condition holds.
func Eventually(t testing.TB, bound time.Duration, holds func() bool, about ...any) {
	t.Helper()
	deadline := time.Now().Add(bound)
	for !holds() {
		if time.Now().After(deadline) {
			require.FailNow(t, "it did not come true in "+bound.String(), about...)
		}
		time.Sleep(pollPause)
	}
}
