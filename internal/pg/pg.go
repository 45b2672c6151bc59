// Package pg opens PostgreSQL: a bun pool that acts under one database role, and single native connections for LISTEN and COPY.
package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// The roles that a pool can take; what each may write is held by the database (migration 00001 and those after it).
const (
	Owner  = ""                // migrations
	Worker = "holdfast_worker" // records and their satellites
	App    = "holdfast_app"    // accounts, policies, annotations; reads everything
)

// Open makes a pool of at most size connections that all act under the role. Nothing is dialled until first use.
//
// bun writes arguments into the SQL text, so the pool uses the exec mode: one round trip, and nothing prepared per text.
func Open(url, role string, size int) (*bun.DB, error) {
	config, err := parse(url, role)
	if err != nil {
		return nil, err
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return bun.NewDB(pool, pgdialect.New(), bun.WithDiscardUnknownColumns()), nil
}

// Connect dials one native connection under the role, for LISTEN and COPY.
func Connect(ctx context.Context, url, role string) (*pgx.Conn, error) {
	config, err := parse(url, role)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return conn, nil
}

func parse(url, role string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the database URL: %w", err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnectTimeout = 5 * time.Second
	if config.RuntimeParams == nil {
		config.RuntimeParams = map[string]string{}
	}
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = "holdfast"
	if role != Owner {
		config.RuntimeParams["role"] = role
	}
	return config, nil
}

// Transient reports whether trying again may help: the connection or the server went away, resources were short, or the
// transaction lost to another one (SQLSTATE classes 08, 53, 57P, and 40001, 40P01, 55P03).
func Transient(err error) bool {
	if err == nil {
		return false
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		code := server.Code
		return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "57P") ||
			code == "40001" || code == "40P01" || code == "55P03"
	}
	var network net.Error
	var dial *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &dial) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "driver: bad connection")
}

// Constraint gives the name of the constraint that an error violates, or "".
func Constraint(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) && strings.HasPrefix(server.Code, "23") {
		return server.ConstraintName
	}
	return ""
}
