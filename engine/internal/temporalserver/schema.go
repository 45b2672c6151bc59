package temporalserver

import (
	"context"
	"fmt"

	"go.temporal.io/server/common/log"
	v12 "go.temporal.io/server/schema/postgresql/v12"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// Prepare brings both databases to the schema of this server. On an up-to-date schema it reads one row each. A database
// without a version is one whose first setup was interrupted: remake gives it back empty.
func Prepare(ctx context.Context, options Options, remake func(ctx context.Context, database string) error) error {
	for _, part := range []struct{ database, schema, version string }{
		{Database, "postgresql/v12/temporal", v12.Version},
		{Visibility, "postgresql/v12/visibility", v12.VisibilityVersion},
	} {
		if err := prepare(ctx, options, part.database, part.schema, part.version, remake); err != nil {
			return fmt.Errorf("set up Temporal's schema in %s: %w", part.database, err)
		}
	}
	return nil
}

func prepare(ctx context.Context, options Options, database, name, version string, remake func(context.Context, string) error) error {
	quiet := log.NewNoopLogger()
	connection, err := sql.NewConnection(options.sql(database, 2), quiet)
	if err != nil {
		return err
	}
	defer func() { connection.Close() }()
	at, err := connection.ReadSchemaVersion()
	if err == nil && at == version {
		return nil
	}
	if err != nil {
		connection.Close()
		if err := remake(ctx, database); err != nil {
			return err
		}
		if connection, err = sql.NewConnection(options.sql(database, 2), quiet); err != nil {
			return err
		}
		setup := &schema.SetupConfig{InitialVersion: "0.0"}
		if err := schema.NewSetupSchemaTask(connection, setup, quiet).Run(); err != nil {
			return err
		}
	}
	update := &schema.UpdateConfig{DBName: database, SchemaName: name}
	return schema.NewUpdateSchemaTask(connection, update, quiet).Run()
}
