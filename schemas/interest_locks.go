package schemas

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// A change reads what surrounds it and stores what it found. Whoever changes such a fact looks among what is stored for those to whom it
// matters. Neither sees what the other has not committed, so one of them waits for the other (docs/adr/0023): who reads shares a lock of
// the kind of fact, in a statement before those that read, and who changes takes it alone, in a statement before the one that looks. A
// statement sees what was committed before it began, not what was committed while it waited for a lock of its own.
//
// The locks are taken in one order, that of this file: items, windows, services. Whoever holds one waits for nothing that a writer of
// facts holds but the locks after it.

// shareSurroundings lets nobody change configuration items or windows, and look to whom that matters, until the transaction ends.
func shareSurroundings(ctx context.Context, db bun.IDB) error {
	if _, err := sharedSurroundings.Exec(ctx, db, nil); err != nil {
		return fmt.Errorf("waiting for whoever changes items or windows: %w", err)
	}
	return nil
}

// shareServices is shareSurroundings for incidents of high priority on services.
func shareServices(ctx context.Context, db bun.IDB, services []string) error {
	if _, err := sharedServices.Exec(ctx, db, []any{services}); err != nil {
		return fmt.Errorf("waiting for urgent incidents: %w", err)
	}
	return nil
}

func lockItems(ctx context.Context, db bun.IDB) error {
	if _, err := lockedItems.Exec(ctx, db, nil); err != nil {
		return fmt.Errorf("waiting for changes that look at items: %w", err)
	}
	return nil
}

func lockWindows(ctx context.Context, db bun.IDB) error {
	if _, err := lockedWindows.Exec(ctx, db, nil); err != nil {
		return fmt.Errorf("waiting for changes that look at windows: %w", err)
	}
	return nil
}

func lockServices(ctx context.Context, db bun.IDB, services []string) error {
	if _, err := lockedServices.Exec(ctx, db, []any{services}); err != nil {
		return fmt.Errorf("waiting for changes that look at services: %w", err)
	}
	return nil
}

var (
	sharedSurroundings = pg.Prepared(`SELECT pg_advisory_xact_lock_shared(` + itemsKey + `), pg_advisory_xact_lock_shared(` + windowsKey + `)`)
	sharedServices     = pg.Prepared(`SELECT pg_advisory_xact_lock_shared(kind, bucket) FROM ` + serviceKeys)
	lockedItems        = pg.Prepared(`SELECT pg_advisory_xact_lock(` + itemsKey + `)`)
	lockedWindows      = pg.Prepared(`SELECT pg_advisory_xact_lock(` + windowsKey + `)`)
	lockedServices     = pg.Prepared(`SELECT pg_advisory_xact_lock(kind, bucket) FROM ` + serviceKeys)
)

// Services share few keys, in order: a change may hang on hundreds of services, and the database's table of locks is small.
const (
	itemsKey    = `hashtextextended('facts/items', 0)`
	windowsKey  = `hashtextextended('facts/windows', 0)`
	serviceKeys = `(SELECT DISTINCT hashtext('facts/services') AS kind, hashtext(service) & 63 AS bucket FROM unnest($1::text[]) AS service
		ORDER BY bucket) AS asked`
)
