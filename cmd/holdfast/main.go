// Command holdfast is the whole of Holdfast: `holdfast up` runs everything on this machine, `server` and `worker` are the
// two processes of production, and the rest is the command line for people.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/holdfast-itsm/holdfast/internal/config"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1 // refused or failed
	exitUsage       = 2
	exitUnreachable = 3
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(roomyHeap)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs one command line and answers its exit code.
func execute(ctx context.Context, arguments []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var root commands
	parser, err := kong.New(&root,
		kong.Name("holdfast"),
		kong.Description("IT service management in which every lifecycle is a durable process."),
		kong.Writers(stdout, stderr), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Vars{"version": version()},
		config.FromFile(),
	)
	if err != nil {
		fmt.Fprintln(stderr, "holdfast:", err)
		return exitFailed
	}
	if len(arguments) == 0 {
		arguments = []string{"--help"}
	}
	parsed, err := parser.Parse(arguments)
	if err != nil {
		fmt.Fprintln(stderr, "holdfast:", err)
		var wrong *kong.ParseError
		if errors.As(err, &wrong) {
			return exitUsage
		}
		return exitFailed
	}
	streams := streams{in: stdin, out: stdout, err: stderr}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := root.bind(parsed, streams); err != nil {
		return report(stderr, err)
	}
	return root.fail(streams, parsed.Run(streams, parsed))
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// silent is a failure that has been told already.
type silent struct{ code int }

func (s silent) Error() string { return fmt.Sprintf("exit code %d", s.code) }

// report prints why a command failed and answers the exit code.
func report(stderr io.Writer, err error) int {
	var told silent
	if errors.As(err, &told) {
		return told.code
	}
	fmt.Fprintln(stderr, "holdfast:", err)
	return exitFailed
}
