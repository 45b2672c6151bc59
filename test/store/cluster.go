package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	admin    = "postgres" // the cluster's superuser
	owner    = "holdfast" // owns the databases, migrates them
	template = "holdfast_template"

	oldestPostgres = 14
	startBound     = 60 * time.Second
)

// cluster is this test process's own PostgreSQL: made at the first use, gone with the process.
type cluster struct {
	folder string
	// tie is held for the life of the process. When the process ends, however it ends, the guard reads the end of this pipe,
	// stops PostgreSQL and removes the folder.
	tie io.Closer
}

var theCluster = sync.OnceValues(startCluster)

// guard runs PostgreSQL until its own standard input ends.
const guard = `
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=300 \
	-c shared_buffers=128MB -c random_page_cost=1.1 -c jit=off -c max_wal_size=2GB -c autovacuum_naptime=5s -c log_min_messages=warning \
	-c log_min_error_statement=panic </dev/null &
server=$!
while kill -0 $server 2>/dev/null && read -r line; do :; done
kill -QUIT $server 2>/dev/null
wait $server
rm -rf "$2"`

func startCluster() (*cluster, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("/tmp", "hf-pg-") // a socket's path holds about a hundred bytes: $TMPDIR may be too long
	if err != nil {
		return nil, fmt.Errorf("making a folder for PostgreSQL: %w", err)
	}
	attributes, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	made := exec.Command(filepath.Join(programs, "initdb"), "--no-sync", "--auth=trust", "--username="+admin, "--encoding=UTF8",
		"--locale=C", "--pgdata="+filepath.Join(folder, "data"))
	made.Dir, made.SysProcAttr = folder, attributes
	if text, err := made.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, text), os.RemoveAll(folder))
	}
	c := &cluster{folder: folder}
	if err := c.serve(programs, attributes); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startBound)
	defer cancel()
	return c, c.prepare(ctx)
}

func (c *cluster) serve(programs string, attributes *syscall.SysProcAttr) error {
	log, err := os.Create(filepath.Join(c.folder, "log"))
	if err != nil {
		return fmt.Errorf("opening PostgreSQL's log: %w", err)
	}
	defer log.Close()
	server := exec.Command("sh", "-c", guard, "guard", programs, c.folder)
	server.Dir, server.SysProcAttr, server.Stdout, server.Stderr = c.folder, attributes, log, log
	if c.tie, err = server.StdinPipe(); err != nil {
		return fmt.Errorf("tying PostgreSQL to the tests: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	return nil
}

// prepare waits until PostgreSQL answers, and makes the owner.
func (c *cluster) prepare(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.url(admin, "postgres"))
	for err != nil && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
		conn, err = pgx.Connect(ctx, c.url(admin, "postgres"))
	}
	if err != nil {
		text, _ := os.ReadFile(filepath.Join(c.folder, "log")) // the first error says more than a second one
		return fmt.Errorf("PostgreSQL does not answer: %w: %s", err, text)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE ROLE "+owner+" LOGIN CREATEROLE"); err != nil {
		return fmt.Errorf("making the owner: %w", err)
	}
	return nil
}

// url names a database over the socket, whose folder only the cluster's user may enter.
func (c *cluster) url(role, database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s", role, database, c.folder)
}

// unprivileged says as whom PostgreSQL runs, which refuses to run as root, and gives the folder to that user. The process
// gets a group of its own, so that Ctrl-C at a terminal reaches the tests alone.
func unprivileged(folder string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("reading the user %s: %w", name, err)
		}
		if err := os.Chown(folder, int(uid), int(gid)); err != nil {
			return nil, fmt.Errorf("giving PostgreSQL its folder: %w", err)
		}
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attributes, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as")
}

// postgresPrograms finds the folder of initdb and postgres where scripts/setup finds it.
func postgresPrograms() (string, error) {
	folders := []string{os.Getenv("HOLDFAST_POSTGRES_BIN")}
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		folders = append(folders, filepath.Dir(path))
	}
	installed := []string{}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin", "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("looking for PostgreSQL: %w", err)
		}
		installed = append(installed, found...)
	}
	slices.SortStableFunc(installed, func(a, b string) int { return cmp.Compare(major(b), major(a)) })
	for _, folder := range append(folders, installed...) {
		if folder != "" && major(folder) >= oldestPostgres {
			return folder, nil
		}
	}
	return "", fmt.Errorf("PostgreSQL's server programs (initdb and postgres, version %d or newer) are needed: run scripts/setup postgres", oldestPostgres)
}

var digits = regexp.MustCompile(`\d+`)

// major is the major version of the programs in a folder; 0 where they are not whole.
func major(folder string) int {
	if _, err := os.Stat(filepath.Join(folder, "initdb")); err != nil {
		return 0
	}
	text, err := exec.Command(filepath.Join(folder, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	version, err := strconv.Atoi(string(digits.Find(text)))
	if err != nil {
		return 0
	}
	return version
}
