package schemas

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// HeldTwice is an item that two changes reserve at overlapping times, together: neither has it alone.
type HeldTwice struct {
	Item string `bun:"item"`
	// One and Other are the numbers of the changes.
	One   string `bun:"one"`
	Other string `bun:"other"`
}

// mostHeldTwice bounds how many pairs are told.
const mostHeldTwice = 100

// ReservedTwice finds the pairs of changes that reserve one of some items at overlapping times. What an override has let go reserves
// nothing.
func ReservedTwice(ctx context.Context, db bun.IDB, items []string) ([]HeldTwice, error) {
	found := []HeldTwice{}
	err := db.NewRaw(`SELECT a.item, one.number AS one, other.number AS other
		FROM change_items a JOIN change_items b ON b.item = a.item AND b.during && a.during AND b.reserves AND b.change_id <> a.change_id
		JOIN records one ON one.id = a.change_id JOIN records other ON other.id = b.change_id
		WHERE a.item = ANY (?::text[]) AND a.reserves AND one.number < other.number ORDER BY a.item, one.number, other.number LIMIT ?`,
		pgdialect.Array(items), mostHeldTwice).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("looking for items that are reserved twice: %w", err)
	}
	return found, nil
}

// StillReservations waits for whoever is writing reservations, and lets nobody write any until the transaction ends. Nobody looks at items
// meanwhile, either: who does so may be about to write a reservation.
func StillReservations(ctx context.Context, tx bun.Tx) error {
	if err := lockItems(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.NewRaw(`SELECT still_reservations()`).Exec(ctx); err != nil {
		return fmt.Errorf("waiting for others who reserve items: %w", err)
	}
	return nil
}

// ReserveItems lets the reservations follow items that have become one change's alone, and those that no longer are. Whoever calls it
// holds StillReservations and has found nothing by ReservedTwice.
func ReserveItems(ctx context.Context, tx bun.Tx, alone, free []string) error {
	_, err := tx.NewRaw(`SELECT reserve_items(?::text[], ?::text[])`, pgdialect.Array(alone), pgdialect.Array(free)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("letting reservations follow their items: %w", err)
	}
	return nil
}
