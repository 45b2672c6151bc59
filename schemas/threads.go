package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ReadThread reads where the first message about a record stands, for one receiver at one destination; the zero place: nowhere.
func ReadThread(ctx context.Context, db bun.IDB, destination, address, record string) (domain.Place, error) {
	var found []struct {
		Room    string `bun:"room"`
		Message string `bun:"message"`
	}
	if err := readThread.Scan(ctx, db, []any{destination, address, record}, &found); err != nil {
		return domain.Place{}, fmt.Errorf("reading where messages to %s stand: %w", destination, err)
	}
	if len(found) == 0 {
		return domain.Place{}, nil
	}
	return domain.Place{Room: found[0].Room, Message: found[0].Message}, nil
}

var readThread = pg.Prepared(`SELECT room, message FROM threads WHERE destination = $1 AND address = $2 AND record_id = $3::uuid`)

// KeepThread writes where the first message about a record stands.
func KeepThread(ctx context.Context, db bun.IDB, destination, address, record string, at domain.Place, now time.Time) error {
	if _, err := keepThread.Exec(ctx, db, []any{destination, address, record, at.Room, at.Message, now}); err != nil {
		return fmt.Errorf("keeping where a message to %s stands: %w", destination, err)
	}
	return nil
}

var keepThread = pg.Prepared(`INSERT INTO threads (destination, address, record_id, room, message, made_at) VALUES ($1, $2, $3::uuid, $4, $5, $6)
	ON CONFLICT (destination, address, record_id) DO UPDATE SET room = EXCLUDED.room, message = EXCLUDED.message, made_at = EXCLUDED.made_at`)

// WroteIn reports whether Holdfast has written to a receiver in a room of a destination.
func WroteIn(ctx context.Context, db bun.IDB, destination, address, room string) (bool, error) {
	var wrote bool
	if err := wroteIn.Scan(ctx, db, []any{destination, address, room}, &wrote); err != nil {
		return false, fmt.Errorf("asking where messages to %s stand: %w", destination, err)
	}
	return wrote, nil
}

var wroteIn = pg.Prepared(`SELECT EXISTS (SELECT FROM threads WHERE destination = $1 AND address = $2 AND room = $3)`)
