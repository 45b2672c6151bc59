package main

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/worker"
)

// postedChannel carries "there are messages to deliver" from servers to workers. It says no more than that, a lost one
// costs nothing but the relay's next sweep, and many in a row are one.
const postedChannel = "holdfast_posted"

const (
	notifyPause = 50 * time.Millisecond
	listenRetry = time.Second
)

// notify tells the workers of other processes when hints come, until ctx ends.
func notify(ctx context.Context, db *bun.DB, hints *worker.Hints) {
	for hints.Wait(ctx) {
		// A failure is the database's absence, which the sweep outlives.
		_, _ = db.ExecContext(ctx, "NOTIFY "+postedChannel)
		if !pause(ctx, notifyPause) {
			return
		}
	}
}

// listen hears what other processes notify, on a connection of its own, until ctx ends.
func (s *site) listen(ctx context.Context, heard func()) error {
	for {
		if err := s.listenOnce(ctx, heard); err != nil && ctx.Err() == nil {
			s.log.DebugContext(ctx, "listening for messages was interrupted", "error", err)
		}
		if !pause(ctx, listenRetry) {
			return nil
		}
	}
}

func (s *site) listenOnce(ctx context.Context, heard func()) error {
	connection, err := pg.Connect(ctx, s.database.URL, pg.Worker)
	if err != nil {
		return err
	}
	defer connection.Close(context.WithoutCancel(ctx))
	if _, err := connection.Exec(ctx, "LISTEN "+postedChannel); err != nil {
		return err
	}
	for {
		heard() // at first for what was posted while nobody listened
		if _, err := connection.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}
