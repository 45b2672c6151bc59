// Package cluster runs a private PostgreSQL cluster: made once in a folder, served on loopback and a socket, stopped in
// order, started again when it is killed, and never left behind.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast-itsm/holdfast/engine/internal/ports"
)

const (
	// Admin is the cluster's superuser.
	Admin = "postgres"

	startTime = 60 * time.Second // recovery after a crash reads the log again and can take its time
	stopTime  = 20 * time.Second
	logBytes  = 16 << 20
	// The kernel holds socket names in 108 bytes; macOS in 104.
	longestSocket = 100
)

// Options say where a cluster lives and how it is reached.
type Options struct {
	Data     string // the cluster's own folder
	Bin      string // the folder of PostgreSQL's programs; empty: looked for
	Port     int    // on 127.0.0.1
	Password string // of Admin
	Log      *slog.Logger
}

// Cluster is a running PostgreSQL.
type Cluster struct {
	options  Options
	owner    owner
	binaries Binaries
	running  *process // keep's alone, once that runs
	pid      int      // of the first
	stop     context.CancelFunc
	stopped  chan struct{}
	// Failed gives an error when PostgreSQL cannot be kept running.
	Failed chan error
}

// Start makes the cluster where there is none, starts it, and keeps it running until Stop. The caller holds the folder's
// lock and has ended what was left there.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	made, err := madeBy(options.Data)
	if err != nil {
		return nil, err
	}
	c := &Cluster{options: options, stopped: make(chan struct{}), Failed: make(chan error, 1)}
	if c.binaries, err = FindBinaries(options.Bin, made); err != nil {
		return nil, err
	}
	if made != 0 && made != c.binaries.Major {
		return nil, missing(made, []string{strconv.Itoa(c.binaries.Major)})
	}
	if c.owner, err = ownerOf(options.Data); err != nil {
		return nil, err
	}
	if err := c.owner.mayEnter(filepath.Dir(options.Data)); err != nil {
		return nil, err
	}
	if made == 0 {
		if err := c.make(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	c.pid = c.running.pid
	ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	go c.keep(ctx)
	return c, nil
}

// start runs postgres and waits until it answers. Processes of a killed one may hold its memory for a moment yet.
func (c *Cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if err := removeStale(ctx, c.options.Data); err != nil {
			return err
		}
		log, err := c.openLog()
		if err != nil {
			return err
		}
		from, err := log.Seek(0, io.SeekEnd)
		if err != nil {
			return errors.Join(fmt.Errorf("find the end of PostgreSQL's log: %w", err), log.Close())
		}
		c.running, err = run(c.command(log), syscall.SIGINT)
		log.Close() // the process has its own
		if err != nil {
			return fmt.Errorf("start postgres: %w", err)
		}
		err = c.answers(ctx)
		if err == nil {
			return nil
		}
		c.running.end(stopTime)
		said := c.said(from)
		if ctx.Err() == nil && strings.Contains(said, "shared memory block") {
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
				continue
			}
		}
		if said != "" {
			return fmt.Errorf("PostgreSQL does not start: %s", said)
		}
		return fmt.Errorf("PostgreSQL does not start: %w", err)
	}
}

func (c *Cluster) command(log *os.File) *exec.Cmd {
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(c.options.Port), "unix_socket_directories=" + c.socketFolder(),
		"unix_socket_permissions=0700", "max_connections=300", "shared_buffers=128MB", "random_page_cost=1.1", "jit=off",
		"timezone=UTC", "log_timezone=UTC", "log_min_messages=warning", "fsync=on", "synchronous_commit=on", "full_page_writes=on",
	}
	arguments := []string{"-D", c.options.Data}
	for _, setting := range settings {
		arguments = append(arguments, "-c", setting)
	}
	command := exec.Command(filepath.Join(c.binaries.Folder, "postgres"), arguments...)
	command.Dir, command.Env, command.SysProcAttr = c.options.Data, environment(), c.owner.attributes()
	command.Stdout, command.Stderr = log, log
	return command
}

// socketFolder is the cluster's own, where the name is not too long for a socket; otherwise there is loopback alone.
func (c *Cluster) socketFolder() string {
	if len(filepath.Join(c.options.Data, ".s.PGSQL."+strconv.Itoa(c.options.Port))) > longestSocket {
		return ""
	}
	return c.options.Data
}

// answers waits until a connection works, or the process is gone.
func (c *Cluster) answers(ctx context.Context) error {
	for {
		connection, err := pgx.Connect(ctx, c.URL(Admin, c.options.Password, "postgres"))
		if err == nil {
			return connection.Close(ctx)
		}
		select {
		case <-c.running.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// keep starts PostgreSQL again when something ends it, and ends it when it is to stop. That it cannot be started again is
// told to the engine, which ends.
func (c *Cluster) keep(ctx context.Context) {
	defer close(c.stopped)
	for {
		select {
		case <-ctx.Done():
			c.running.end(stopTime)
			return
		case <-c.running.done:
		}
		c.options.Log.Error("PostgreSQL ended unexpectedly and is started again", "why", c.running.err)
		if err := c.start(ctx); err != nil {
			if ctx.Err() == nil {
				c.Failed <- err
			}
			return
		}
		c.options.Log.Info("PostgreSQL runs again")
	}
}

// Stop ends PostgreSQL: clients are disconnected, everything is written, the process is gone.
func (c *Cluster) Stop() {
	c.stop()
	<-c.stopped
}

// PID is the process of the postmaster that Start started.
func (c *Cluster) PID() int { return c.pid }

// URL is the address of a database for a user of this machine.
func (c *Cluster) URL(user, password, database string) string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password), Path: database,
		Host: ports.Address(c.options.Port), RawQuery: "sslmode=disable",
	}
	return address.String()
}

func (c *Cluster) logPath() string { return c.options.Data + ".log" }

func (c *Cluster) openLog() (*os.File, error) {
	if info, err := os.Stat(c.logPath()); err == nil && info.Size() > logBytes {
		if err := os.Rename(c.logPath(), c.logPath()+".1"); err != nil {
			return nil, fmt.Errorf("put PostgreSQL's log aside: %w", err)
		}
	}
	file, err := os.OpenFile(c.logPath(), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL's log: %w", err)
	}
	return file, nil
}

// said is what PostgreSQL gave as its reason since a place in its log. What it tells single connections is none: those of a
// killed one still write into the same log why they end, and those that came too early why they were not let in.
func (c *Cluster) said(from int64) string {
	file, err := os.Open(c.logPath())
	if err != nil {
		return ""
	}
	defer file.Close()
	text, err := io.ReadAll(io.NewSectionReader(file, from, 64<<10))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		_, reason, fatal := strings.Cut(line, "FATAL:")
		if reason = strings.TrimSpace(reason); fatal && !toConnections(reason) {
			return reason
		}
	}
	return lastLine(string(text))
}

func toConnections(reason string) bool {
	return strings.HasPrefix(reason, "terminating connection") || strings.HasPrefix(reason, "the database system is ")
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// environment keeps variables of this process that steer PostgreSQL (PGDATA, PGPORT, locales) away from it.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}
