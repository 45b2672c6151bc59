package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/bench"
)

// benchCommands measure, all but seed on an empty folder of their own: nothing that exists is touched.
type benchCommands struct {
	Engine benchEngine `cmd:"" default:"withargs" help:"Measure Holdfast beside the bare engine (the default)."`
	Pages  benchPages  `cmd:"" help:"Measure every page, and live viewers, with many records behind them."`
	Seed   benchSeed   `cmd:"" help:"Fill an installation in which nothing has happened with incidents of five years, and with changes that wait for a board."`
}

type benchEngine struct {
	Round     time.Duration `default:"3s" help:"How long each side is measured at a time."`
	Rounds    int           `default:"3" help:"How often each side is measured, in turn."`
	Records   int           `default:"20000" help:"Incidents in the lists that are read."`
	Deadlines int           `default:"3000" help:"Deadlines spread over a minute."`
	OneMoment int           `default:"1000" help:"Deadlines on one instant."`
	Outage    time.Duration `default:"60s" help:"How long a receiver of notices is down."`
	Only      []string      `placeholder:"NAME" help:"Measure, beside logs, these alone: commands, lists, deadlines, deliveries, async, clocks, breaches, escalations, votes, conflicts, simulations."`
}

// Run measures the engine's share.
func (c *benchEngine) Run(ctx context.Context, streams streams) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return bench.Run(ctx, bench.Options{
		Program: program, Round: c.Round, Rounds: c.Rounds, Records: c.Records, Deadlines: c.Deadlines, Spread: time.Minute, OneMoment: c.OneMoment, Outage: c.Outage, Only: c.Only,
	}, streams.out)
}

type benchPages struct {
	Data     string        `placeholder:"DIR" help:"Keep what is seeded in this folder, and measure on it again where it is there."`
	Records  int           `default:"1000000" help:"Incidents behind the pages; a million takes some 6 GB under /tmp while it is measured."`
	Changes  int           `default:"200" help:"Changes that wait for a board; none are added where there are some."`
	Requests int           `default:"200" help:"Requests of each page."`
	Viewers  int           `default:"200" help:"Live viewers of one queue."`
	Rate     int           `default:"50" help:"Commands a second while they look."`
	Look     time.Duration `default:"20s" help:"How long they look."`
}

// Run measures pages and viewers.
func (c *benchPages) Run(ctx context.Context, streams streams) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	bar := newProgress(streams.err, "seeding", int64(c.Records), incidentsUnit)
	return bench.Pages(ctx, bench.PageOptions{
		Program: program, Data: c.Data, Records: c.Records, Changes: c.Changes, Requests: c.Requests, Viewers: c.Viewers, Rate: c.Rate, Look: c.Look,
		Progress: func(records int) { bar.add(int64(records)) },
	}, streams.out)
}

type benchSeed struct {
	config.Database `embed:""`
	Records         int `default:"1000000" help:"How many incidents; a million takes some 6 GB."`
	Changes         int `default:"200" help:"How many changes wait for a board."`
}

// Run fills the database. It takes the owner's URL, as migrate does.
func (c *benchSeed) Run(ctx context.Context, streams streams) error {
	db, err := pg.Open(c.Database.URL, pg.Owner, 4)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := pg.Migrated(ctx, db, schemas.Migrations()); err != nil {
		return err
	}
	bar := newProgress(streams.err, "seeding", int64(c.Records), incidentsUnit)
	if err := bench.Seed(ctx, db, c.Records, func(records int) { bar.add(int64(records)) }); err != nil {
		return err
	}
	bar.end()
	worker, err := pg.Open(c.Database.URL, pg.Worker, 1)
	if err != nil {
		return err
	}
	defer worker.Close()
	if err := bench.Waiting(ctx, db, worker, c.Changes); err != nil {
		return err
	}
	fmt.Fprintf(streams.out, "%d incidents and %d changes are there; doctor --resync starts the processes of those that are not at their end\n", c.Records, c.Changes)
	return nil
}
