// Package bench measures Holdfast beside the bare engine, in one run on one machine: what does all that we add cost?
//
// Both sides use the same Temporal server and the same PostgreSQL at the same time of day, in alternating rounds, so the
// ratio says more than either figure. Nothing here is asserted: machines are shared and noisy.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/uptrace/bun"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// Options say how much is measured.
type Options struct {
	Program   string        // the holdfast program, which starts its own engine on an empty folder
	Round     time.Duration // of one side
	Rounds    int           // of each side
	Records   int           // in the lists
	Deadlines int           // spread over Spread
	Spread    time.Duration
	OneMoment int // deadlines on one instant
	// Outage is how long a webhook's receiver is down.
	Outage time.Duration
	// Only names what is measured beside logs; none: everything.
	Only []string
}

// bench is one run.
type bench struct {
	Options
	out      io.Writer
	site     string // where pages are
	url      string // where the API is
	server   int    // the number of the server's process
	token    string
	temporal client.Client
	database string // its address
	db       *bun.DB
	http     *http.Client
	records  []string // ids of incidents that commands are given to
	bare     []string // ids of bare workflows
	// under says under which circumstances logging and commands are measured.
	under string
	// pace is how long a log and a command took of the clients' time at the last measurement: so long takes one more deadline.
	pace    time.Duration
	mailbox *mailbox // takes the installation's mails
}

// Run measures everything and prints a table.
func Run(ctx context.Context, options Options, out io.Writer) error {
	folder, remove, err := benchFolder()
	if err != nil {
		return err
	}
	defer remove()
	b := &bench{
		Options: options, out: out,
		http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	if b.mailbox, err = newMailbox(); err != nil {
		return err
	}
	defer b.mailbox.close()
	stop, err := b.start(ctx, folder)
	if err != nil {
		return err
	}
	defer stop()
	return b.run(ctx)
}

func (b *bench) run(ctx context.Context) error {
	worker, err := b.startBare(ctx)
	if err != nil {
		return err
	}
	defer worker.Stop()
	b.row("", "clients", "rate/s", "p50 ms", "p99 ms", "bare rate/s", "p50 ms", "p99 ms", "ratio")
	for _, measure := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"logs", b.logs},
		{"commands", b.commands},
		{"lists", b.lists},
		{"deadlines", b.deadlines},
		{"deliveries", b.deliveries},
		{"async", b.async},
		{"clocks", b.clocks},
		{"breaches", b.breaches},
		{"escalations", b.escalations},
		{"votes", b.votes},
		{"conflicts", b.conflicts},
		{"simulations", b.simulations},
	} {
		if measure.name != "logs" && len(b.Only) > 0 && !slices.Contains(b.Only, measure.name) {
			continue // logs say how fast this machine is, which the rest needs to know
		}
		if err := measure.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", measure.name, err)
		}
	}
	return nil
}

// row prints what was measured, the clients, our rate and percentiles, the bare ones, and the ratio of the rates.
func (b *bench) row(what string, cells ...any) {
	fmt.Fprintf(b.out, "%-58s", what)
	for _, cell := range cells {
		fmt.Fprintf(b.out, "%12v", cell)
	}
	fmt.Fprintln(b.out)
}

// start runs `holdfast up` on an empty folder and connects to all of it.
func (b *bench) start(ctx context.Context, folder string) (stop func(), err error) {
	ready := filepath.Join(folder, "ready.json")
	up := exec.Command(b.Program, "up", "--no-demo", "--data", filepath.Join(folder, "data"), "--listen", "127.0.0.1:0",
		"--ready-file", ready, "--log-level", "error", "--webhook-networks", "127.0.0.1")
	if b.mailbox != nil {
		up.Args = append(up.Args, "--smtp", b.mailbox.url)
	}
	up.Stderr = io.Discard
	up.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := up.Start(); err != nil {
		return nil, fmt.Errorf("start Holdfast: %w", err)
	}
	stopUp := func() {
		_ = up.Process.Signal(syscall.SIGTERM) // gone already
		_ = up.Wait()
	}
	var told struct {
		URL             string `json:"url"`
		AdminToken      string `json:"admin_token"`
		DatabaseURL     string `json:"database_url"`
		TemporalAddress string `json:"temporal_address"`
		config.TemporalFiles
	}
	began := time.Now()
	for {
		text, err := os.ReadFile(ready)
		if err == nil {
			if err := json.Unmarshal(text, &told); err != nil {
				stopUp()
				return nil, fmt.Errorf("read the ready file: %w", err)
			}
			break
		}
		if ctx.Err() != nil || time.Since(began) > time.Minute {
			stopUp()
			return nil, errors.Join(errors.New("holdfast up does not start"), ctx.Err())
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Fprintf(b.out, "holdfast up: ready after %.1f s\n\n", time.Since(began).Seconds())
	b.site, b.url, b.token, b.server, b.database = told.URL, told.URL+"/api/v1", told.AdminToken, up.Process.Pid, told.DatabaseURL
	if b.db, err = pg.Open(told.DatabaseURL, pg.Owner, 32); err != nil {
		stopUp()
		return nil, err
	}
	secured, err := config.Temporal{TemporalFiles: told.TemporalFiles}.TLS()
	if err != nil {
		stopUp()
		return nil, err
	}
	b.temporal, err = client.Dial(client.Options{
		HostPort: told.TemporalAddress, Namespace: "holdfast", Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		ConnectionOptions: client.ConnectionOptions{TLS: secured, GrpcCompression: &client.GrpcCompressionNone{}}, // as ours
	})
	if err != nil {
		stopUp()
		return nil, fmt.Errorf("connect to Temporal: %w", err)
	}
	return func() {
		b.temporal.Close()
		_ = b.db.Close() // the folder goes next
		stopUp()
	}, nil
}
