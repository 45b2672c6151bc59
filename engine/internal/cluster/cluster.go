// Package cluster runs a private PostgreSQL cluster: made once in a folder, served on loopback and a socket, stopped in
// order, started again when it is killed, and never left behind.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
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
	running  *process
	stopping chan struct{}
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
	c := &Cluster{options: options, stopping: make(chan struct{}), Failed: make(chan error, 1)}
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
	go c.keep(context.WithoutCancel(ctx))
	return c, nil
}

// make runs initdb beside the final place and moves the result there, so that a half-made cluster is never taken for one.
func (c *Cluster) make(ctx context.Context) error {
	fresh := c.options.Data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove what an interrupted start left: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	if err := c.owner.give(fresh); err != nil {
		return err
	}
	secret := c.options.Data + ".secret"
	if err := os.WriteFile(secret, []byte(c.options.Password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password for initdb: %w", err)
	}
	defer os.Remove(secret)
	if err := c.owner.give(secret); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, filepath.Join(c.binaries.Folder, "initdb"), "--pgdata", fresh, "--username", Admin,
		"--pwfile", secret, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", locale(), "--data-checksums")
	command.Dir, command.Env, command.SysProcAttr = fresh, environment(), c.owner.attributes()
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb failed: %s: %w", lastLine(string(output)), err)
	}
	if err := os.Rename(fresh, c.options.Data); err != nil {
		return fmt.Errorf("put the new cluster in its place: %w", err)
	}
	return nil
}

// start runs postgres and waits until it answers. Processes of a killed one may hold its memory for a moment yet.
func (c *Cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		log, err := c.openLog()
		if err != nil {
			return err
		}
		from, err := log.Seek(0, io.SeekEnd)
		if err != nil {
			return errors.Join(fmt.Errorf("find the end of PostgreSQL's log: %w", err), log.Close())
		}
		c.running, err = run(c.command(log))
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
		if ctx.Err() == nil && (strings.Contains(said, "shared memory block") || strings.Contains(said, "is another postmaster")) {
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

// keep starts PostgreSQL again when something ends it. Three failures to start in a row are told to the engine, which ends.
func (c *Cluster) keep(ctx context.Context) {
	for {
		select {
		case <-c.stopping:
			return
		case <-c.running.done:
		}
		select {
		case <-c.stopping: // it ended because it was told to
			return
		default:
		}
		c.options.Log.Error("PostgreSQL ended unexpectedly and is started again", "why", c.running.err)
		if err := c.start(ctx); err != nil {
			c.Failed <- err
			return
		}
		c.options.Log.Info("PostgreSQL runs again")
	}
}

// Stop ends PostgreSQL: clients are disconnected, everything is written, the process is gone.
func (c *Cluster) Stop() {
	close(c.stopping)
	c.running.end(stopTime)
}

// PID is the process of the postmaster.
func (c *Cluster) PID() int { return c.running.pid }

// URL is the address of a database for a user of this machine.
func (c *Cluster) URL(user, password, database string) string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password), Path: database,
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.options.Port)), RawQuery: "sslmode=disable",
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

// said is what PostgreSQL gave as its reason since a place in its log.
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
		if _, reason, fatal := strings.Cut(line, "FATAL:"); fatal {
			return strings.TrimSpace(reason)
		}
	}
	return lastLine(string(text))
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// environment keeps variables of this process that steer PostgreSQL (PGDATA, PGPORT, locales) away from it.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

// EndLeftover ends a PostgreSQL that outlived its engine. Holding the folder's lock, nobody else can want it.
func EndLeftover(ctx context.Context, data string) error {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a PostgreSQL that was left: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || !serves(ctx, pid, data) {
		return nil // PostgreSQL itself knows what to do with a stale file
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end the PostgreSQL (process %d) that an earlier engine left: %w", pid, err)
		}
		for deadline := time.Now().Add(stopTime / 2); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if !serves(ctx, pid, data) {
				return nil
			}
		}
	}
	return fmt.Errorf("the PostgreSQL (process %d) that an earlier engine left does not end", pid)
}

// serves tells whether a process is a PostgreSQL on a folder: its number alone could be anybody's by now.
func serves(ctx context.Context, pid int, data string) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		arguments, err = exec.CommandContext(ctx, "ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	}
	return err == nil && strings.Contains(string(arguments), "postgres") && strings.Contains(string(arguments), data)
}
