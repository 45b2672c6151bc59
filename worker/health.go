package worker

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	beatPause = 10 * time.Second
	// adoptBefore is how long before the last heartbeat a row may have changed without its workflow knowing.
	adoptBefore = time.Minute
	// adoptAtMost is how far back a worker that finds no heartbeat looks.
	adoptAtMost = 24 * time.Hour
	adoptPage   = 500
)

// lastBeat is when any worker was last known to live.
func (w *Worker) lastBeat(ctx context.Context) (time.Time, error) {
	at, found, err := schemas.LastBeat(ctx, w.DB)
	if err != nil {
		return at, err
	}
	if !found {
		return w.Clock.Now().Add(-adoptAtMost), nil
	}
	return at, nil
}

// adoptSince tells the workflow of every record that changed in the minute before the last heartbeat, or since, that its
// row may be ahead: a decision is committed before Temporal records it, and a power cut can fall between the two.
func (w *Worker) adoptSince(ctx context.Context, beat time.Time) error {
	after := ""
	for {
		targets, err := schemas.ChangedSince(ctx, w.DB, beat.Add(-adoptBefore), after, adoptPage)
		if err != nil {
			w.Log.WarnContext(ctx, "changed records could not be read; trying again", "error", err)
			if !pause(ctx, time.Second) {
				return nil
			}
			continue
		}
		for _, target := range targets {
			for w.Door.Adopt(ctx, target.Practice, target.Record) != nil {
				if !pause(ctx, time.Second) {
					return nil
				}
			}
			after = target.Record
		}
		if len(targets) < adoptPage {
			return nil
		}
	}
}

const (
	chasePause = 10 * time.Second
	// overdueAfter is more than a living workflow needs for what falls due, also when much does at once, and less than the
	// minute after which doctor calls it a fault.
	overdueAfter = 20 * time.Second
	chasePage    = 100
)

// chase tells the workflow of every record with an overdue deadline that its row may be ahead. It is the guarantee behind all
// that adopts sooner: Temporal alone can die between a commit and its record of it, and then no worker starts anew.
func (w *Worker) chase(ctx context.Context) error {
	told := map[string]int64{} // the version of each overdue record whose workflow was told
	for pause(ctx, chasePause) {
		still, err := w.chaseOnce(ctx, told)
		if err != nil && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "overdue records could not be told to adopt their rows; trying again", "error", err)
			continue
		}
		told = still
	}
	return nil
}

func (w *Worker) chaseOnce(ctx context.Context, told map[string]int64) (map[string]int64, error) {
	still, after := map[string]int64{}, ""
	for {
		records, err := schemas.Overdue(ctx, w.DB, w.Clock.Now().Add(-overdueAfter), after, chasePage)
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			after, still[record.Record] = record.Record, record.Version
			if told[record.Record] == record.Version {
				continue
			}
			w.Log.WarnContext(ctx, "a deadline is overdue; its record's process is told to read its row", "record", record.Record)
			if err := w.Door.Adopt(ctx, record.Practice, record.Record); err != nil {
				return nil, err
			}
			told[record.Record] = record.Version
		}
		if len(records) < chasePage {
			return still, nil
		}
	}
}

// pause waits, and answers false when ctx ended.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// beat writes down that this worker lives.
func (w *Worker) beat(ctx context.Context) error {
	for {
		if err := schemas.Beat(ctx, w.DB, w.Name, w.Clock.Now()); err != nil && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "the heartbeat could not be written", "error", err)
		}
		if !pause(ctx, beatPause) {
			return nil
		}
	}
}

const (
	housePause    = time.Hour
	keepCommands  = 30 * 24 * time.Hour
	keepHeartbeat = 24 * time.Hour
	keepDelivered = 90 * 24 * time.Hour
	keepAlerts    = 90 * 24 * time.Hour
)

// keepHouse forgets the keys of commands after 30 days (of those that opened a record never), delivered messages and the
// heartbeats of workers long gone; and after 90 days what was sent, and alerts that are over.
func (w *Worker) keepHouse(ctx context.Context) error {
	for {
		now := w.Clock.Now()
		err := errors.Join(schemas.Forget(ctx, w.DB, now.Add(-keepCommands), now.Add(-keepHeartbeat)),
			schemas.ForgetDeliveries(ctx, w.DB, now.Add(-keepDelivered)), schemas.ForgetAlerts(ctx, w.DB, now.Add(-keepAlerts)))
		if err != nil && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "housekeeping failed; trying again in an hour", "error", err)
		}
		if !pause(ctx, housePause) {
			return nil
		}
	}
}
