package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// What an address for calendars shows.
const (
	FeedOfShifts  = "shifts"
	FeedOfChanges = "changes"
)

// FeedRow is a secret address at which a calendar reads shifts or changes.
type FeedRow struct {
	bun.BaseModel `bun:"table:on_call_feeds,alias:f"`
	ID            string `bun:"id,pk,type:uuid"`
	Hash          string `bun:"hash"`
	Owner         string `bun:"owner"`
	// Shows is FeedOfShifts or FeedOfChanges.
	Shows string `bun:"shows"`
	// Schedule is whose shifts are read; empty: the owner's own, of all schedules.
	Schedule string `bun:"schedule"`
	// Service is the one whose changes are read; empty: those of all.
	Service string `bun:"service"`
	// Token is the API token that made it; empty: a person did.
	Token     string     `bun:"token,type:uuid,nullzero"`
	CreatedAt time.Time  `bun:"created_at"`
	ReadAt    *time.Time `bun:"read_at"`
	RevokedAt *time.Time `bun:"revoked_at"`
}

// ReadFeeds reads a person's live addresses that show shifts, or changes.
func ReadFeeds(ctx context.Context, db bun.IDB, owner, shows string) ([]FeedRow, error) {
	var rows []FeedRow
	err := db.NewSelect().Model(&rows).Where("owner = ? AND shows = ? AND revoked_at IS NULL", owner, shows).OrderExpr("schedule, service").Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading feeds of %s: %w", owner, err)
	}
	return rows, nil
}

// FindFeed reads a live address that shows shifts, or changes, by the hash of its secret, while its owner is active and the token that made it lives, and notes
// to the hour that it was read.
func FindFeed(ctx context.Context, db bun.IDB, hash, shows string, now time.Time) (FeedRow, bool, error) {
	var row FeedRow
	err := db.NewSelect().Model(&row).Where("hash = ? AND shows = ? AND revoked_at IS NULL", hash, shows).
		Where("EXISTS (SELECT FROM people p WHERE p.handle = f.owner AND p.active)").
		Where("(f.token IS NULL OR EXISTS (SELECT FROM tokens t WHERE t.id = f.token AND t.revoked_at IS NULL AND t.expires_at > ?))", now).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("finding a feed: %w", err)
	}
	if row.ReadAt == nil || now.Sub(*row.ReadAt) > time.Hour {
		if _, err := db.NewRaw(`UPDATE on_call_feeds SET read_at = ? WHERE id = ?`, now, row.ID).Exec(ctx); err != nil {
			return row, false, fmt.Errorf("noting that a feed was read: %w", err)
		}
	}
	return row, true, nil
}

// ReplaceFeed makes an address the live one of its owner for what it shows; the one before works no more.
func ReplaceFeed(ctx context.Context, db bun.IDB, row FeedRow) error {
	_, err := db.NewRaw(`UPDATE on_call_feeds SET revoked_at = ? WHERE owner = ? AND shows = ? AND schedule = ? AND service = ? AND revoked_at IS NULL`,
		row.CreatedAt, row.Owner, row.Shows, row.Schedule, row.Service).Exec(ctx)
	if err == nil {
		_, err = db.NewInsert().Model(&row).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("writing a feed: %w", err)
	}
	return nil
}

// RevokeFeed ends a person's address that shows shifts, or changes. It answers false when there was none.
func RevokeFeed(ctx context.Context, db bun.IDB, owner, shows, id string, now time.Time) (bool, error) {
	if !IsID(id) {
		return false, nil
	}
	return changed(db.NewRaw(`UPDATE on_call_feeds SET revoked_at = ? WHERE id = ? AND owner = ? AND shows = ? AND revoked_at IS NULL`, now, id, owner, shows).Exec(ctx))
}
