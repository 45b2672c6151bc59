// Package pg opens PostgreSQL: a bun pool that acts under one database role, and single native connections for LISTEN and COPY.
package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
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

// Option changes how connections are made: another way to dial, a tracer.
type Option func(*pgx.ConnConfig)

// LateCommits is for writes that can be done again: a commit does not wait for the disk. After a crash the last ones may be
// missing, never one before another that is there.
func LateCommits(config *pgx.ConnConfig) { config.RuntimeParams["synchronous_commit"] = "off" }

// Open makes a pool of at most size connections that all act under the role. Nothing is dialled until first use.
//
// bun writes arguments into the SQL text, so the pool uses the exec mode: one round trip, and nothing prepared per text.
func Open(url, role string, size int, options ...Option) (*bun.DB, error) {
	config, err := parse(url, role)
	if err != nil {
		return nil, err
	}
	for _, option := range options {
		option(config)
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

// bounds keep a process that died, or lost its network, from holding what others wait for. All but the owner's migrations
// have them.
var bounds = map[string]string{
	"idle_in_transaction_session_timeout": "15s", "lock_timeout": "5s", "tcp_user_timeout": "15s",
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
		for name, bound := range bounds {
			config.RuntimeParams[name] = bound
		}
	}
	return config, nil
}

// Transient reports whether trying again may help: the connection or the server went away or became a standby, resources
// were short, time ran out, or the transaction lost to another one (SQLSTATE classes 08, 53, 57P, and 25006, 25P03, 40001,
// 40P01, 55P03, 57014).
func Transient(err error) bool {
	if err == nil {
		return false
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		code := server.Code
		return slices.Contains([]string{"08", "53"}, code[:min(2, len(code))]) || strings.HasPrefix(code, "57P") ||
			slices.Contains([]string{"25006", "25P03", "40001", "40P01", "55P03", "57014"}, code)
	}
	var network net.Error
	var dial *pgconn.ConnectError
	if errors.As(err, &network) || errors.As(err, &dial) {
		return true
	}
	// A transaction whose context ended meanwhile says ErrTxDone.
	for _, passing := range []error{
		sql.ErrConnDone, sql.ErrTxDone, driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed,
		context.DeadlineExceeded, context.Canceled, syscall.EPIPE, syscall.ECONNRESET,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return strings.Contains(err.Error(), "conn closed") // pgx keeps this error to itself
}

// Constraint gives the name of the constraint that an error violates, or "". Data that a type cannot hold (SQLSTATE class 22)
// violates a constraint too, which has no name of its own.
func Constraint(err error) string {
	var server *pgconn.PgError
	switch {
	case !errors.As(err, &server):
		return ""
	case strings.HasPrefix(server.Code, "23"):
		return server.ConstraintName
	case strings.HasPrefix(server.Code, "22"):
		return "data_that_can_be_stored"
	}
	return ""
}
