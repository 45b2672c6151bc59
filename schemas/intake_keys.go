package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// IntakeKeyRow is a key with which monitoring may tell alerts of a service.
type IntakeKeyRow struct {
	bun.BaseModel `bun:"table:intake_keys,alias:k"`
	ID            string     `bun:"id,pk,type:uuid"`
	Service       string     `bun:"service"`
	Name          string     `bun:"name"`
	Hash          string     `bun:"hash"`
	MadeBy        string     `bun:"made_by"`
	MadeAt        time.Time  `bun:"made_at"`
	UsedAt        *time.Time `bun:"used_at"`
	RevokedAt     *time.Time `bun:"revoked_at"`
	RevokedBy     string     `bun:"revoked_by"`
}

// FindIntakeKey reads a live key by the hash of its secret.
func FindIntakeKey(ctx context.Context, db bun.IDB, hash string) (IntakeKeyRow, bool, error) {
	return intakeKey(ctx, db.NewSelect().Where("hash = ? AND revoked_at IS NULL", hash))
}

// ReadIntakeKey reads a key, live or revoked, by its id.
func ReadIntakeKey(ctx context.Context, db bun.IDB, id string) (IntakeKeyRow, bool, error) {
	if !IsID(id) {
		return IntakeKeyRow{}, false, nil
	}
	return intakeKey(ctx, db.NewSelect().Where("id = ?", id))
}

func intakeKey(ctx context.Context, query *bun.SelectQuery) (IntakeKeyRow, bool, error) {
	var row IntakeKeyRow
	err := query.Model(&row).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading an intake key: %w", err)
	}
	return row, true, nil
}

// IntakeKeys lists the keys of some services, or of all: by service, the newest first.
func IntakeKeys(ctx context.Context, db bun.IDB, all bool, services []string) ([]IntakeKeyRow, error) {
	rows := []IntakeKeyRow{}
	query := db.NewSelect().Model(&rows).OrderExpr("service, made_at DESC, id DESC")
	if !all {
		query = query.Where("service IN (?)", bun.List(append([]string{""}, services...)))
	}
	if err := query.Scan(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing intake keys: %w", err)
	}
	return rows, nil
}

// AddIntakeKey writes a new key.
func AddIntakeKey(ctx context.Context, db bun.IDB, row IntakeKeyRow) error {
	if _, err := db.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("writing an intake key: %w", err)
	}
	return nil
}

// UseIntakeKey notes, to the minute, that a key was used.
func UseIntakeKey(ctx context.Context, db bun.IDB, id string, now time.Time) error {
	_, err := db.NewRaw(`UPDATE intake_keys SET used_at = ? WHERE id = ?`, now, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("noting that an intake key was used: %w", err)
	}
	return nil
}

// RevokeIntakeKey ends a key. It answers false where it was ended before.
func RevokeIntakeKey(ctx context.Context, db bun.IDB, id, by string, now time.Time) (bool, error) {
	return changed(db.NewRaw(`UPDATE intake_keys SET revoked_at = ?, revoked_by = ? WHERE id = ? AND revoked_at IS NULL`, now, by, id).Exec(ctx))
}

// ServiceOwner is who owns a service, "" where nobody is named; false where there is no such service.
func ServiceOwner(ctx context.Context, db bun.IDB, service string) (string, bool, error) {
	var owner string
	err := db.NewRaw(`SELECT owner FROM services WHERE name = ?`, service).Scan(ctx, &owner)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading the owner of %s: %w", service, err)
	}
	return owner, true, nil
}

// ServicesOwnedBy are the services of which a person is named as the owner.
func ServicesOwnedBy(ctx context.Context, db bun.IDB, person string) ([]string, error) {
	var names []string
	err := db.NewRaw(`SELECT name FROM services WHERE owner = ? AND owner <> '' ORDER BY name`, person).Scan(ctx, &names)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading what %s owns: %w", person, err)
	}
	return names, nil
}
