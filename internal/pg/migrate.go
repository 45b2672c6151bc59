package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
)

// ErrNewerSchema: the database was migrated by a newer release; this one does not run on it.
var ErrNewerSchema = errors.New("the database has a newer schema than this release knows")

// Migrate brings the schema up to the newest migration, under an advisory lock, each file in a transaction of its own. It
// answers the versions that it applied, and refuses a database that is ahead of this release.
func Migrate(ctx context.Context, db *bun.DB, migrations fs.FS) ([]int64, error) {
	provider, err := newProvider(db, migrations)
	if err != nil {
		return nil, err
	}
	if err := refuseNewer(ctx, provider); err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrating the database: %w", err)
	}
	applied := make([]int64, len(results))
	for i, result := range results {
		applied[i] = result.Source.Version
	}
	return applied, nil
}

// MigrateTo brings the schema up or down to one version; only tests go down.
func MigrateTo(ctx context.Context, db *bun.DB, migrations fs.FS, version int64) error {
	provider, err := newProvider(db, migrations)
	if err != nil {
		return err
	}
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	if version < current {
		_, err = provider.DownTo(ctx, version)
	} else {
		_, err = provider.UpTo(ctx, version)
	}
	if err != nil {
		return fmt.Errorf("migrating to version %d: %w", version, err)
	}
	return nil
}

// Migrated reports whether the schema is exactly this release's.
func Migrated(ctx context.Context, db *bun.DB, migrations fs.FS) error {
	provider, err := newProvider(db, migrations)
	if err != nil {
		return err
	}
	if err := refuseNewer(ctx, provider); err != nil {
		return err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	if pending {
		return errors.New("the database has migrations to come: run holdfast migrate")
	}
	return nil
}

func newProvider(db *bun.DB, migrations fs.FS) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("preparing the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db.DB, migrations, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("reading migrations: %w", err)
	}
	return provider, nil
}

func refuseNewer(ctx context.Context, provider *goose.Provider) error {
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	sources := provider.ListSources()
	if len(sources) > 0 && current > sources[len(sources)-1].Version {
		return fmt.Errorf("%w (%d)", ErrNewerSchema, current)
	}
	return nil
}
