package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
)

type upCommand struct {
	config.Database `embed:""`
	config.Temporal `embed:""`
	config.HTTP     `embed:""`
	config.Storage  `embed:""`
	config.Outside  `embed:""`
	config.Log      `embed:""`
	ReadyFile       string `placeholder:"FILE" help:"File that is written when everything answers: url, admin_token, database_url, temporal_address, temporal_tls_ca, temporal_tls_cert, temporal_tls_key."`
	Demo            bool   `negatable:"" default:"true" help:"Fill a first start with an organisation to try things on, and two months of its incidents."`
	Engine          string `env:"HOLDFAST_ENGINE" placeholder:"PROGRAM" help:"The engine's program; looked for beside this one and on the PATH."`
	PostgresBin     string `env:"HOLDFAST_POSTGRES_BIN" placeholder:"DIR" help:"Folder of initdb and postgres; looked for where not given."`
}

// upReady is what the ready file holds.
type upReady struct {
	URL             string `json:"url"`
	AdminToken      string `json:"admin_token"`
	DatabaseURL     string `json:"database_url"`
	TemporalAddress string `json:"temporal_address"`
	config.TemporalFiles
}

const (
	adminHandle    = "admin"
	adminTokenFile = "admin-token"
	engineFolder   = "engine"
	// connectionFile is a configuration for the commands that need the database and Temporal themselves: doctor, import.
	connectionFile = "connection.yaml"
)

// Run starts everything in order and stops it in the opposite one.
func (c *upCommand) Run(ctx context.Context, streams streams) error {
	log, err := telemetry.NewLog(streams.err, c.Level, c.Format)
	if err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(streams.err, format+"\n", args...) }
	own := c.Database.URL == "" || c.Address == "" // PostgreSQL and Temporal are its own
	if own {
		if err := placeForRoot(c.Data, say); err != nil {
			return err
		}
	}
	held, err := holdFolder(c.Data)
	if err != nil {
		return err
	}
	defer held.Close()
	if err := forgetFile(c.ReadyFile); err != nil {
		return err
	}
	// The address is taken first: where it is not free, nothing has been started yet.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another with --listen", c.Listen, errors.Unwrap(err))
	}
	defer listener.Close()
	keep := func(context.Context) error { return nil }
	if own {
		child, err := c.startEngine(ctx, log, say)
		if err != nil {
			return err
		}
		defer func() {
			say("stopping Temporal and PostgreSQL …")
			child.stop()
			say("stopped; everything is kept in %s", c.Data)
		}()
		c.Database.URL, keep = child.ready.DatabaseURL, child.keep
		c.Temporal = config.Temporal{
			Address: child.ready.TemporalAddress, Namespace: c.Namespace, TemporalFiles: child.ready.TemporalFiles,
		}
	}
	return ended(ctx, c.run(ctx, streams, log, say, listener, keep))
}

// ended drops an error that is only the echo of being told to stop.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || domain.CodeOf(err) == domain.CodeUnavailable) {
		return nil
	}
	return err
}

func (c *upCommand) startEngine(ctx context.Context, log *slog.Logger, say func(string, ...any)) (*engine, error) {
	path, err := findEngine(c.Engine)
	if err != nil {
		return nil, err
	}
	data, err := filepath.EvalSymlinks(c.Data) // PostgreSQL's user may not be able to follow a link
	if err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	arguments := []string{"--data", filepath.Join(data, engineFolder), "--namespace", c.Namespace, "--exit-with-stdin", "--wait", "30s"}
	if c.PostgresBin != "" {
		arguments = append(arguments, "--postgres-bin", c.PostgresBin)
	}
	say("starting PostgreSQL and Temporal …")
	child := &engine{path: path, arguments: arguments, log: log}
	return child, child.start(ctx)
}

// run brings the schema and the first data up to date and serves until ctx ends.
func (c *upCommand) run(ctx context.Context, streams streams, log *slog.Logger, say func(string, ...any), listener net.Listener, keep func(context.Context) error) error {
	say("bringing the database up to date …")
	if _, err := migrate(ctx, c.Database.URL); err != nil {
		return err
	}
	s, err := newSite(c.Database, c.Temporal, log)
	if err != nil {
		return err
	}
	defer s.close()
	public := c.PublicURL
	if public == "" {
		public = "http://" + reachable(listener.Addr().String())
	}
	if s.ways, err = openWays(c.Outside, public); err != nil {
		return err
	}
	service, err := s.application(attachmentsFolder(c.Storage), c.Networks, s.hints.Wake)
	if err != nil {
		return err
	}
	if err := installDefaults(ctx, service); err != nil {
		return err
	}
	handler, err := s.handler(service, c.HTTP)
	if err != nil {
		return err
	}
	demo, err := c.demoMoment(ctx, service)
	if err != nil {
		return err
	}
	token, err := c.adminToken(ctx, service)
	if err != nil {
		return err
	}
	rows, err := s.pool(pg.Worker)
	if err != nil {
		return err
	}
	if demo != nil {
		// Before anything works: the demo decides on a clock of its own.
		if err := c.playDemo(ctx, s, service, *demo, streams.err); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	working := make(chan struct{}, 1)
	group.Go(func() error {
		return s.work(ctx, rows, func() {
			select {
			case working <- struct{}{}:
			default:
			}
		})
	})
	group.Go(func() error { return keep(ctx) })
	group.Go(func() error { s.sweep(ctx, service); return nil })
	group.Go(func() error { return s.serve(ctx, listener, handler) })
	group.Go(func() error {
		if demo != nil {
			if err := c.demoPassword(ctx, service); err != nil {
				return err
			}
		}
		select {
		case <-working:
		case <-ctx.Done():
			return nil
		}
		enter, err := service.EnterLink(system(ctx), adminHandle)
		if err != nil && domain.CodeOf(err) != domain.CodeInvalid { // it is inactive: others govern by now
			return err
		}
		if err := c.announce(streams.out, listener, token, enter.Path); err != nil || demo == nil {
			return err
		}
		return c.wakeDemo(ctx, s, rows) // a record that is given a command before has its process started by that
	})
	err = group.Wait()
	return errors.Join(err, forgetFile(c.ReadyFile), forgetFile(filepath.Join(c.Data, connectionFile)))
}

// adminToken reads the administrator's token from the data folder, or makes one where there is none that works.
func (c *upCommand) adminToken(ctx context.Context, service *app.App) (string, error) {
	path := filepath.Join(c.Data, adminTokenFile)
	text, err := os.ReadFile(path)
	if err == nil {
		token := strings.TrimSpace(string(text))
		_, err = service.Authenticate(ctx, token)
		if err == nil || domain.CodeOf(err) != domain.CodeUnauthenticated {
			return token, err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the administrator's token: %w", err)
	}
	if admin, err := service.Person(system(ctx), adminHandle); err == nil && !admin.Active {
		return strings.TrimSpace(string(text)), nil // others govern by now, and none would work
	}
	token, err := installAdmin(ctx, service, adminHandle, "made by holdfast up")
	if err != nil {
		return "", err
	}
	return token, writeWhole(path, []byte(token+"\n"))
}

// announce says where Holdfast is and how to sign in, and writes the files that tell programs.
func (c *upCommand) announce(out io.Writer, listener net.Listener, token, enter string) error {
	url := "http://" + reachable(listener.Addr().String())
	if c.ReadyFile != "" {
		text, err := json.Marshal(upReady{
			URL: url, AdminToken: token, DatabaseURL: c.Database.URL, TemporalAddress: c.Address,
			TemporalFiles: c.TemporalFiles,
		})
		if err != nil {
			return fmt.Errorf("write the ready file: %w", err)
		}
		if err := writeWhole(c.ReadyFile, append(text, '\n')); err != nil {
			return err
		}
	}
	connection := filepath.Join(c.Data, connectionFile)
	var settings strings.Builder
	fmt.Fprintf(&settings, "# How other commands reach the Holdfast that runs on this folder: holdfast doctor --config %s\n", connection)
	for _, setting := range []struct{ name, value string }{
		{"url", url},
		{"database-url", c.Database.URL},
		{"temporal-address", c.Address},
		{"temporal-namespace", c.Namespace},
		{"temporal-tls-ca", c.CA},
		{"temporal-tls-cert", c.Cert},
		{"temporal-tls-key", c.Key},
		{"temporal-tls-server-name", c.ServerName},
		{"temporal-api-key", c.APIKey},
	} {
		if setting.value != "" {
			fmt.Fprintf(&settings, "%s: %q\n", setting.name, setting.value)
		}
	}
	if err := writeWhole(connection, []byte(settings.String())); err != nil {
		return err
	}
	fmt.Fprintf(out, `
Holdfast is ready: %[1]s

%[5]s%[6]s  On the command line   %[3]s login --url %[1]s < %[2]s
                        %[3]s incident log --title "Mail is slow" --impact medium --urgency high
  Is all well?          %[3]s doctor --config %[4]s
  The API               %[1]s/api/docs

Ctrl-C stops everything; the next start goes on where this one ends.
`, url, filepath.Join(c.Data, adminTokenFile), os.Args[0], connection, browserWord(url, enter), c.demoWord())
	return nil
}

// browserWord tells how to sign in; without a link, the administrator of the first start is not active any more.
func browserWord(url, enter string) string {
	if enter == "" {
		return "  In a browser          sign in at the address above\n"
	}
	return fmt.Sprintf("  In a browser          %s%s\n"+
		"                        signs you in as %s, once, within an hour; set a password there on your profile\n", url, enter, adminHandle)
}

// reachable turns "every address" into one that a browser can open.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// holdFolder makes the data folder and locks it, so that two Holdfasts never share one. The lock goes with the process,
// whose number it holds.
func holdFolder(path string) (*os.File, error) {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // PostgreSQL does not run as root: its user passes through
	}
	if err := os.MkdirAll(path, mode); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	// Whoever can open the lock can hold it.
	lock, err := os.OpenFile(filepath.Join(path, "holdfast.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder cannot be written: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another holdfast runs on the data folder %s already", path)
		}
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err = errors.Join(lock.Chmod(0o600), lock.Truncate(0)); err == nil {
		_, err = lock.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("the data folder cannot be written: %w", err)
	}
	return lock, nil
}

// writeWhole writes a file that only its owner reads, whole or not at all. The file is a new one: whatever had its name is
// neither written to nor kept.
func writeWhole(path string, text []byte) error {
	fresh, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = fresh.Write(text)
	err = errors.Join(err, fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(fresh.Name()))
	}
	return nil
}

func forgetFile(path string) error {
	if path == "" {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the old %s: %w", path, err)
	}
	return nil
}
