package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/holdfast-itsm/holdfast/test/bench"
)

type benchCommand struct {
	Round     time.Duration `default:"3s" help:"How long each side is measured at a time."`
	Rounds    int           `default:"3" help:"How often each side is measured, in turn."`
	Records   int           `default:"20000" help:"Incidents in the lists that are read."`
	Deadlines int           `default:"3000" help:"Deadlines spread over a minute."`
	OneMoment int           `default:"1000" help:"Deadlines on one instant."`
}

// Run measures on an empty folder of its own; nothing that exists is touched.
func (c *benchCommand) Run(ctx context.Context, streams streams) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return bench.Run(ctx, bench.Options{
		Program: program, Round: c.Round, Rounds: c.Rounds, Records: c.Records, Deadlines: c.Deadlines, Spread: time.Minute, OneMoment: c.OneMoment,
	}, streams.out)
}
