// Package store is what tests of rows and decisions stand on: a PostgreSQL of their own, the people, teams and documents of a
// small organisation, a clock.
package store

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// DB is a database that one test has for itself.
type DB struct {
	// URL is the owner's, whose role may create roles but is no superuser: what HOLDFAST_DATABASE_URL is in production.
	URL string
	// AdminURL is the superuser's: tests tamper with it, nothing else.
	AdminURL string
}

// Database gives a migrated database. It is a copy of a template in this process's own PostgreSQL, which dies with the
// process.
func Database(t testing.TB) DB {
	t.Helper()
	require.NoError(t, migratedTemplate(), "PostgreSQL for tests")
	return copyOf(t, template)
}

// EmptyDatabase gives a database without any tables, to be migrated.
func EmptyDatabase(t testing.TB) DB {
	t.Helper()
	return copyOf(t, "template1")
}

// Owner, Worker, App and Superuser open pools of at most four connections under one role; they are closed with the test.
func (d DB) Owner(t testing.TB) *bun.DB { return open(t, d.URL, pg.Owner) }

// Worker acts as holdfast_worker.
func (d DB) Worker(t testing.TB) *bun.DB { return open(t, d.URL, pg.Worker) }

// App acts as holdfast_app.
func (d DB) App(t testing.TB) *bun.DB { return open(t, d.URL, pg.App) }

// Superuser may do anything.
func (d DB) Superuser(t testing.TB) *bun.DB { return open(t, d.AdminURL, pg.Owner) }

func open(t testing.TB, url, role string) *bun.DB {
	t.Helper()
	db, err := pg.Open(url, role, 4)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

const databaseBound = 30 * time.Second

var databases atomic.Int64

func copyOf(t testing.TB, source string) DB {
	t.Helper()
	c, err := theCluster()
	require.NoError(t, err, "PostgreSQL for tests")
	name := "test_" + strconv.FormatInt(databases.Add(1), 10)
	require.NoError(t, c.run("CREATE DATABASE "+name+" TEMPLATE "+source+" OWNER "+owner))
	t.Cleanup(func() { require.NoError(t, c.run("DROP DATABASE "+name+" WITH (FORCE)")) })
	return DB{URL: c.url(owner, name), AdminURL: c.url(admin, name)}
}

var migratedTemplate = sync.OnceValue(func() error {
	c, err := theCluster()
	if err != nil {
		return err
	}
	if err := c.run("CREATE DATABASE " + template + " OWNER " + owner); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseBound)
	defer cancel()
	db, err := pg.Open(c.url(owner, template), pg.Owner, 2)
	if err != nil {
		return err
	}
	if _, err := pg.Migrate(ctx, db, schemas.Migrations()); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return fmt.Errorf("closing the template: %w", err)
	}
	return nil
})

// run gives one statement as the superuser.
func (c *cluster) run(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), databaseBound)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url(admin, "postgres"))
	if err != nil {
		return fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
