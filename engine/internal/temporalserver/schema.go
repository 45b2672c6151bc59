package temporalserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/log"
	v12 "go.temporal.io/server/schema/postgresql/v12"
	"go.temporal.io/server/tools/common/schema"
)

// Prepare brings both databases to the schema of this server. On an up-to-date schema it reads one row each. Each database
// changes in one transaction: a start that is killed meanwhile leaves it as it was.
func Prepare(ctx context.Context, options Options) error {
	for _, part := range []struct{ database, schema, version string }{
		{Database, "postgresql/v12/temporal", v12.Version},
		{Visibility, "postgresql/v12/visibility", v12.VisibilityVersion},
	} {
		if err := prepare(ctx, options, part.database, part.schema, part.version); err != nil {
			return fmt.Errorf("set up Temporal's schema in %s: %w", part.database, err)
		}
	}
	return nil
}

func prepare(ctx context.Context, options Options, database, name, version string) error {
	connection, err := pgx.Connect(ctx, options.url(database))
	if err != nil {
		return err
	}
	defer connection.Close(context.WithoutCancel(ctx))
	return pgx.BeginFunc(ctx, connection, func(tx pgx.Tx) error {
		at, err := versionOf(ctx, tx, database)
		if err != nil || at == version {
			return err
		}
		quiet, to := log.NewNoopLogger(), transaction{ctx: ctx, tx: tx, database: database}
		if at == "" {
			if err := schema.NewSetupSchemaTask(to, &schema.SetupConfig{InitialVersion: "0.0"}, quiet).Run(); err != nil {
				return err
			}
		}
		return schema.NewUpdateSchemaTask(to, &schema.UpdateConfig{DBName: database, SchemaName: name}, quiet).Run()
	})
}

// versionOf is empty for a database without a schema.
func versionOf(ctx context.Context, tx pgx.Tx, database string) (string, error) {
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regclass('schema_version') IS NOT NULL`).Scan(&there); err != nil || !there {
		return "", err
	}
	var version string
	err := tx.QueryRow(ctx, `SELECT curr_version FROM schema_version WHERE version_partition = 0 AND db_name = $1`, database).
		Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return version, err
}

// transaction lets Temporal's schema tasks work inside one transaction. It keeps the tables of versions as Temporal's own
// tool does, so that the tool can look after the databases too. The tasks' interface has no context, so it holds one.
type transaction struct {
	ctx      context.Context
	tx       pgx.Tx
	database string
}

var _ schema.DB = transaction{}

// Exec runs a statement. Indexes are made at once: nobody else works on the database, and no transaction could make them
// concurrently.
func (t transaction) Exec(statement string, arguments ...any) error {
	statement = strings.Replace(statement, "CREATE INDEX CONCURRENTLY", "CREATE INDEX", 1)
	_, err := t.tx.Exec(t.ctx, statement, arguments...)
	return err
}

// CreateSchemaVersionTables makes the two tables in which Temporal's tool keeps versions.
func (t transaction) CreateSchemaVersionTables() error {
	return t.Exec(`
		CREATE TABLE IF NOT EXISTS schema_version (
			version_partition INT NOT NULL,
			db_name VARCHAR(255) NOT NULL,
			creation_time TIMESTAMP,
			curr_version VARCHAR(64),
			min_compatible_version VARCHAR(64),
			PRIMARY KEY (version_partition, db_name));
		CREATE TABLE IF NOT EXISTS schema_update_history (
			version_partition INT NOT NULL,
			year INT NOT NULL,
			month INT NOT NULL,
			update_time TIMESTAMP NOT NULL,
			description VARCHAR(255),
			manifest_md5 VARCHAR(64),
			new_version VARCHAR(64),
			old_version VARCHAR(64),
			PRIMARY KEY (version_partition, year, month, update_time))`)
}

// ReadSchemaVersion is an error on a database without a version.
func (t transaction) ReadSchemaVersion() (string, error) {
	version, err := versionOf(t.ctx, t.tx, t.database)
	if err == nil && version == "" {
		err = errors.New("the database has no version")
	}
	return version, err
}

// UpdateSchemaVersion writes the version.
func (t transaction) UpdateSchemaVersion(version, oldestCompatible string) error {
	return t.Exec(`
		INSERT INTO schema_version (version_partition, db_name, creation_time, curr_version, min_compatible_version)
		VALUES (0, $1, $2, $3, $4)
		ON CONFLICT (version_partition, db_name) DO UPDATE SET creation_time = excluded.creation_time,
			curr_version = excluded.curr_version, min_compatible_version = excluded.min_compatible_version`,
		t.database, time.Now().UTC(), version, oldestCompatible)
}

// WriteSchemaUpdateLog adds a row to the history of versions.
func (t transaction) WriteSchemaUpdateLog(from, to, manifestSum, description string) error {
	now := time.Now().UTC()
	return t.Exec(`
		INSERT INTO schema_update_history
			(version_partition, year, month, update_time, old_version, new_version, manifest_md5, description)
		VALUES (0, $1, $2, $3, $4, $5, $6, $7)`, now.Year(), int(now.Month()), now, from, to, manifestSum, description)
}

// DropAllTables is for a choice of the tasks that is never made here.
func (t transaction) DropAllTables() error { return errors.New("Temporal's tables are never dropped") }

// Close leaves the transaction to whoever began it.
func (t transaction) Close() {}

// Type names the kind of database.
func (t transaction) Type() string { return "sql" }
