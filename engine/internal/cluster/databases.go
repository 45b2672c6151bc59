package cluster

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Role is a login of the cluster and the databases that it owns.
type Role struct {
	Name      string
	Password  string
	Databases []string
	// Takes names roles without a login that it may take by SET ROLE.
	Takes []string
}

// Prepare makes the roles and databases that are missing and sets the passwords. Doing it again changes nothing.
func (c *Cluster) Prepare(ctx context.Context, roles []Role) error {
	admin, err := pgx.Connect(ctx, c.URL(Admin, c.options.Password, "postgres"))
	if err != nil {
		return fmt.Errorf("connect to the new cluster: %w", err)
	}
	defer admin.Close(context.WithoutCancel(ctx))
	for _, role := range roles {
		if err := prepareRole(ctx, admin, role); err != nil {
			return fmt.Errorf("prepare the role %s: %w", role.Name, err)
		}
		for _, database := range role.Databases {
			if err := prepareDatabase(ctx, admin, database, role.Name); err != nil {
				return fmt.Errorf("prepare the database %s: %w", database, err)
			}
		}
	}
	for _, role := range roles {
		for _, taken := range role.Takes {
			if err := prepareTaken(ctx, admin, taken, role.Name); err != nil {
				return fmt.Errorf("prepare the role %s: %w", taken, err)
			}
		}
	}
	return nil
}

func prepareRole(ctx context.Context, admin *pgx.Conn, role Role) error {
	var there bool
	if err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role.Name).Scan(&there); err != nil {
		return err
	}
	verb := "CREATE"
	if there {
		verb = "ALTER"
	}
	// Statements about roles take no parameters, so the server quotes the words. Earlier engines let a role make others.
	var statement string
	err := admin.QueryRow(ctx, `SELECT format('%s ROLE %I LOGIN NOCREATEROLE PASSWORD %L', $1::text, $2::text, $3::text)`,
		verb, role.Name, role.Password).Scan(&statement)
	if err != nil {
		return err
	}
	_, err = admin.Exec(ctx, statement)
	return err
}

func prepareDatabase(ctx context.Context, admin *pgx.Conn, name, ownedBy string) error {
	var there bool
	if err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there); err != nil || there {
		return err
	}
	_, err := admin.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" OWNER "+pgx.Identifier{ownedBy}.Sanitize())
	return err
}

func prepareTaken(ctx context.Context, admin *pgx.Conn, name, by string) error {
	var there, taken bool
	err := admin.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
			EXISTS (SELECT FROM pg_auth_members WHERE roleid = to_regrole($1)::oid AND member = to_regrole($2)::oid)`,
		name, by).Scan(&there, &taken)
	if err != nil {
		return err
	}
	if !there {
		if _, err := admin.Exec(ctx, "CREATE ROLE "+pgx.Identifier{name}.Sanitize()+" NOLOGIN"); err != nil {
			return err
		}
	}
	if taken {
		return nil
	}
	_, err = admin.Exec(ctx, "GRANT "+pgx.Identifier{name}.Sanitize()+" TO "+pgx.Identifier{by}.Sanitize())
	return err
}
