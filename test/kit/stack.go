// Package kit runs a whole Holdfast of real programs for tests: as one process, or as separate ones that can be killed one
// by one. Its API speaks to it and checks every answer against the OpenAPI that it publishes.
package kit

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
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
	// URLs are those of all servers; the first is URL.
	URLs []string
	// Database and Temporal are the wires of a Stack of WiredParts.
	Database, Temporal *Wire
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
	s.Servers, s.URLs = []*Process{up}, []string{s.URL}
	return s
}

// Parts starts an engine, workers and servers as processes of their own, and an administrator with a token.
func Parts(t testing.TB, workers, servers int) *Stack {
	t.Helper()
	s := EngineAlone(t)
	s.startParts(t, workers, servers, s.environment())
	return s
}

// WiredParts is Parts whose workers and servers reach the database and Temporal over wires that can be cut. The test itself
// reaches both past them.
func WiredParts(t testing.TB, workers, servers int) *Stack {
	t.Helper()
	s := EngineAlone(t)
	address, err := url.Parse(s.DatabaseURL)
	require.NoError(t, err)
	s.Database, s.Temporal = NewWire(t, address.Host), NewWire(t, s.TemporalAddress)
	s.startParts(t, workers, servers, s.environmentAt(s.Database.instead(t, s.DatabaseURL), s.Temporal.Address()))
	return s
}

// EngineAlone starts an engine with a migrated database and an administrator, whose worker and server are somebody else's.
func EngineAlone(t testing.TB) *Stack {
	t.Helper()
	s := &Stack{Folder: Folder(t)}
	s.Engine = NewProcess(t, s.Folder, "engine", Program(t, "holdfast-engine"), nil,
		"--data", s.engineData(), "--namespace", "holdfast", "--ready-file", s.engineReady(), "--wait", "30s")
	t.Cleanup(func() { ShowLog(t, "PostgreSQL", filepath.Join(s.engineData(), "postgres.log")) })
	s.StartEngine(t)
	s.Token = lastLine(Run(t, s.environment(), "migrate", "--admin", "admin"))
	return s
}

func (s *Stack) startParts(t testing.TB, workers, servers int, environment []string) {
	t.Helper()
	for i := range workers {
		worker := NewProcess(t, s.Folder, name("worker", i), Program(t, "holdfast"), environment, "worker")
		worker.Start()
		s.Workers = append(s.Workers, worker)
	}
	for i := range servers {
		address := freeAddress(t)
		server := NewProcess(t, s.Folder, name("server", i), Program(t, "holdfast"), environment,
			"server", "--listen", address, "--data", s.Folder)
		server.Start()
		s.Servers, s.URLs = append(s.Servers, server), append(s.URLs, "http://"+address)
	}
	s.URL = s.URLs[0]
	s.AwaitReady(t)
}

func name(kind string, number int) string { return kind + "-" + string(rune('1'+number)) }

func (s *Stack) engineData() string { return filepath.Join(s.Folder, "engine") }

func (s *Stack) engineReady() string { return filepath.Join(s.Folder, "engine.json") }

// StartEngine starts the engine, again on its own data, and waits until it answers.
func (s *Stack) StartEngine(t testing.TB) {
	t.Helper()
	s.Engine.Start()
	var told struct {
		DatabaseURL     string `json:"database_url"`
		TemporalAddress string `json:"temporal_address"`
		config.TemporalFiles
		PID int `json:"pid"`
	}
	// The file of an engine that was killed is still there: only this one's counts.
	Eventually(t, readyBound, func() bool {
		s.Engine.awaitFile(s.engineReady(), &told, readyBound)
		return told.PID == s.Engine.PID()
	})
	s.DatabaseURL, s.TemporalAddress, s.TemporalFiles = told.DatabaseURL, told.TemporalAddress, told.TemporalFiles
}

func (s *Stack) environment() []string { return s.environmentAt(s.DatabaseURL, s.TemporalAddress) }

// environmentAt is the environment of a program that reaches database and Temporal at addresses of its own.
func (s *Stack) environmentAt(database, temporal string) []string {
	return []string{
		"HOLDFAST_DATABASE_URL=" + database, "TEMPORAL_ADDRESS=" + temporal, "HOLDFAST_LOG_LEVEL=warn",
		"HOLDFAST_WEBHOOK_NETWORKS=127.0.0.0/8",
		"TEMPORAL_TLS_CA=" + s.TemporalFiles.CA, "TEMPORAL_TLS_CERT=" + s.TemporalFiles.Cert, "TEMPORAL_TLS_KEY=" + s.TemporalFiles.Key,
	}
}

// AwaitReady waits until every server says that everything it needs is there.
func (s *Stack) AwaitReady(t testing.TB) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second}
	for _, address := range s.URLs {
		Eventually(t, readyBound, func() bool {
			response, err := client.Get(address + "/readyz")
			if err != nil {
				return false
			}
			defer response.Body.Close()
			return response.StatusCode == http.StatusOK
		})
	}
}

// KillPostgres ends PostgreSQL's postmaster as a power cut would. The engine starts another one, unless it is frozen.
func (s *Stack) KillPostgres(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.engineData(), "postgres", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
}

// CutPower ends every program of a Stack of Parts in one instant: all are frozen first, so that none sees another one die.
func (s *Stack) CutPower(t testing.TB) {
	t.Helper()
	all := slices.Concat(s.Servers, s.Workers, []*Process{s.Engine})
	for _, process := range all {
		process.Freeze()
	}
	s.KillPostgres(t)
	for _, process := range all {
		process.Kill()
	}
}

// RestorePower starts every program of a Stack of Parts again and waits until all are ready.
func (s *Stack) RestorePower(t testing.TB) {
	t.Helper()
	s.StartEngine(t)
	for _, process := range slices.Concat(s.Workers, s.Servers) {
		process.Start()
	}
	s.AwaitReady(t)
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
	Run(t, s.environment(), "doctor", "--sample", "1000000")
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
