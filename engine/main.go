// Command holdfast-engine runs a real PostgreSQL and a real Temporal server under one small process, for laptops and tests.
//
// When both are ready it prints one line of JSON (see Ready) and writes the same to --ready-file. It ends on SIGINT,
// SIGTERM or SIGHUP, or, with --exit-with-stdin, when its standard input closes: so it never outlives the program that started it.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// Flags are what the engine can be told.
type Flags struct {
	Data          string        `default:"data/engine" placeholder:"DIR" help:"Folder that holds everything the engine keeps."`
	PostgresPort  int           `default:"0" placeholder:"PORT" help:"PostgreSQL's port on 127.0.0.1; 0: a free one, kept from then on."`
	TemporalPort  int           `default:"0" placeholder:"PORT" help:"Temporal's port on 127.0.0.1; 0: a free one, kept from then on."`
	Namespace     string        `default:"default" help:"Temporal namespace that is there from the start."`
	Retention     time.Duration `default:"168h" help:"How long closed executions are kept."`
	PostgresBin   string        `env:"HOLDFAST_POSTGRES_BIN" placeholder:"DIR" help:"Folder of initdb and postgres; looked for where not given."`
	ReadyFile     string        `placeholder:"FILE" help:"File that is written when everything answers."`
	LogLevel      string        `default:"fatal" enum:"debug,info,warn,error,fatal" help:"Least level of Temporal's log on standard error: ${enum}."`
	Wait          time.Duration `default:"0" help:"How long to wait for another engine on the folder to end; 0: it is an error at once."`
	ExitWithStdin bool          `help:"End when standard input closes."`
}

func main() {
	var flags Flags
	kong.Parse(&flags, kong.Name("holdfast-engine"),
		kong.Description("A real PostgreSQL and a real Temporal server under one process."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if flags.ExitWithStdin {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // its end is all that matters
			cancel()
		}()
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(ctx, flags, log, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "holdfast-engine:", err)
		os.Exit(1)
	}
}
