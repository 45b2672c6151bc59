package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// DestinationRow is an instance of a channel.
type DestinationRow struct {
	bun.BaseModel  `bun:"table:destinations,alias:d"`
	Name           string           `bun:"name,pk"`
	Channel        domain.Channel   `bun:"channel"`
	Title          string           `bun:"title"`
	URL            string           `bun:"url"`
	Secret         string           `bun:"secret"`
	Token          string           `bun:"token"`
	OldSecret      string           `bun:"old_secret"`
	OldSecretUntil *time.Time       `bun:"old_secret_until"`
	Kinds          []string         `bun:"kinds,type:jsonb"`
	Carries        []domain.Channel `bun:"carries,type:jsonb"`
	Active         bool             `bun:"active"`
	CreatedAt      time.Time        `bun:"created_at"`
	UpdatedAt      time.Time        `bun:"updated_at"`
}

// CircuitRow is what the workers know of a destination.
type CircuitRow struct {
	bun.BaseModel `bun:"table:circuits,alias:c"`
	Destination   string     `bun:"destination,pk"`
	Configured    bool       `bun:"configured"`
	Via           string     `bun:"via"`
	Failures      int        `bun:"failures"`
	OpenUntil     *time.Time `bun:"open_until"`
	Fault         string     `bun:"fault"`
	FailedAt      *time.Time `bun:"failed_at"`
	SentAt        *time.Time `bun:"sent_at"`
}

// DestinationState is a destination with what is known of it and what stands there.
type DestinationState struct {
	DestinationRow
	Configured bool       `bun:"configured"`
	Via        string     `bun:"via"`
	Failures   int        `bun:"failures"`
	OpenUntil  *time.Time `bun:"open_until"`
	Fault      string     `bun:"fault"`
	FailedAt   *time.Time `bun:"failed_at"`
	SentAt     *time.Time `bun:"sent_at"`
	Pending    int        `bun:"pending"`
	Dead       int        `bun:"dead"`
}

// Destinations lists every destination with its state, counting at most 1000 deliveries of each kind.
func Destinations(ctx context.Context, db bun.IDB) ([]DestinationState, error) {
	var rows []DestinationState
	err := db.NewRaw(`SELECT d.*, coalesce(c.configured, d.channel <> 'mail') AS configured, coalesce(c.via, '') AS via, coalesce(c.failures, 0) AS failures,
			c.open_until, coalesce(c.fault, '') AS fault, c.failed_at, c.sent_at,
			(SELECT count(*) FROM (SELECT FROM deliveries v WHERE v.destination = d.name AND v.state = 'pending' LIMIT 1000) p) AS pending,
			(SELECT count(*) FROM (SELECT FROM deliveries v WHERE v.destination = d.name AND v.state IN ('dead','failed') LIMIT 1000) p) AS dead
		FROM destinations d LEFT JOIN circuits c ON c.destination = d.name ORDER BY d.channel, d.name`).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing destinations: %w", err)
	}
	return rows, nil
}

// ActiveDestinations lists those that take deliveries.
func ActiveDestinations(ctx context.Context, db bun.IDB) ([]DestinationRow, error) {
	var rows []DestinationRow
	err := db.NewSelect().Model(&rows).Where("d.active").Order("d.name").Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing destinations: %w", err)
	}
	return rows, nil
}

// OpenCircuits names the destinations that do not answer and are left alone now, and those that are busy for longer than until soon.
func OpenCircuits(ctx context.Context, db bun.IDB, now, soon time.Time) ([]string, error) {
	var names []string
	if err := openCircuits.Scan(ctx, db, []any{now, soon}, &names); err != nil {
		return nil, fmt.Errorf("listing the destinations that do not answer: %w", err)
	}
	return names, nil
}

var openCircuits = pg.Prepared(`SELECT destination FROM circuits WHERE open_until > CASE WHEN failures > 0 THEN $1::timestamptz ELSE $2::timestamptz END`)

// ReadDestination reads a destination; false: there is none.
func ReadDestination(ctx context.Context, db bun.IDB, name string) (DestinationRow, CircuitRow, bool, error) {
	var row DestinationRow
	circuit := CircuitRow{Destination: name, Configured: true}
	err := db.NewSelect().Model(&row).Where("d.name = ?", name).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, circuit, false, nil
	}
	if err == nil {
		err = db.NewSelect().Model(&circuit).Where("c.destination = ?", name).Scan(ctx)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return row, circuit, false, fmt.Errorf("reading destination %s: %w", name, err)
	}
	return row, circuit, true, nil
}

// SaveDestination writes a destination, a new one or the one of that name.
func SaveDestination(ctx context.Context, db bun.IDB, row DestinationRow) error {
	row.Kinds, row.Carries = append([]string{}, row.Kinds...), append([]domain.Channel{}, row.Carries...)
	_, err := db.NewInsert().Model(&row).On("CONFLICT (name) DO UPDATE").Set(`title = EXCLUDED.title, url = EXCLUDED.url, secret = EXCLUDED.secret, token = EXCLUDED.token,
		old_secret = EXCLUDED.old_secret, old_secret_until = EXCLUDED.old_secret_until, kinds = EXCLUDED.kinds, carries = EXCLUDED.carries,
		active = EXCLUDED.active, updated_at = EXCLUDED.updated_at`).Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing destination %s: %w", row.Name, err)
	}
	return nil
}

// Configure notes whether this installation's workers can reach a destination, and by which way, as the worker's role.
func Configure(ctx context.Context, db bun.IDB, destination string, configured bool, via string) error {
	_, err := db.NewRaw(`INSERT INTO circuits (destination, configured, via) VALUES (?0, ?1, ?2)
		ON CONFLICT (destination) DO UPDATE SET configured = ?1, via = ?2 WHERE (circuits.configured, circuits.via) IS DISTINCT FROM (?1, ?2)`,
		destination, configured, via).Exec(ctx)
	if err != nil {
		return fmt.Errorf("noting how %s is reached: %w", destination, err)
	}
	return nil
}

// TakeProbe lets one caller try a destination that did not answer; until then nobody else does. False: somebody does already.
func TakeProbe(ctx context.Context, db bun.IDB, destination string, now, until time.Time) (bool, error) {
	rows, err := takeProbe.Exec(ctx, db, []any{destination, now, until})
	if err != nil {
		return false, fmt.Errorf("trying %s again: %w", destination, err)
	}
	return rows == 1, nil
}

var takeProbe = pg.Prepared(`UPDATE circuits SET open_until = $3 WHERE destination = $1 AND open_until <= $2`)

// DestinationFailed counts a failure of a destination and keeps it from being tried until a moment; nil: it may be at once.
func DestinationFailed(ctx context.Context, db bun.IDB, destination, fault string, failures int, until *time.Time, now time.Time) error {
	_, err := db.NewRaw(`INSERT INTO circuits (destination, failures, open_until, fault, failed_at) VALUES (?0, ?1, ?2, ?3, ?4)
		ON CONFLICT (destination) DO UPDATE SET failures = ?1, open_until = ?2, fault = ?3, failed_at = ?4`, destination, failures, until, fault, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("noting that %s fails: %w", destination, err)
	}
	return nil
}

// DestinationAnswers notes that a destination took something. What had been put off because it did not answer is due at once.
func DestinationAnswers(ctx context.Context, db bun.IDB, destination string, before int, now time.Time) error {
	_, err := db.NewRaw(`INSERT INTO circuits (destination, sent_at) VALUES (?0, ?1)
		ON CONFLICT (destination) DO UPDATE SET failures = 0, open_until = NULL, sent_at = ?1`, destination, now).Exec(ctx)
	if err == nil && before > 0 {
		_, err = db.NewRaw(`UPDATE deliveries SET next_at = least(created_at, ?1), held_back = false WHERE destination = ?0 AND state = 'pending' AND held_back`, destination, now).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("noting that %s answers: %w", destination, err)
	}
	return nil
}
