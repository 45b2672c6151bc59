package pg

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// Prepared is SQL whose arguments travel apart from it, as $1, $2 and so on, and which a connection therefore parses and plans
// once. bun writes arguments into the text, so that PostgreSQL does both at every call; of the statements that run with every
// command that was most of the cost (docs/adr/0009-prepared-statements.md).
//
// It must name its columns one by one: a migration that adds a column may not change what it answers.
type Prepared string

// Scan reads all rows into a pointer to a slice, or the one row into pointers to its columns.
func (p Prepared) Scan(ctx context.Context, db bun.IDB, args []any, into ...any) error {
	rows, err := below(db).QueryContext(ctx, string(p), withMode(args)...)
	if err != nil {
		return err
	}
	return db.NewRaw("").DB().ScanRows(ctx, rows, into...)
}

// Exec answers how many rows were written.
func (p Prepared) Exec(ctx context.Context, db bun.IDB, args []any) (int64, error) {
	result, err := below(db).ExecContext(ctx, string(p), withMode(args)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// below is what lies under bun: a pool or a transaction that leaves arguments alone.
func below(db bun.IDB) interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
} {
	switch db := db.(type) {
	case bun.Tx:
		return db.Tx
	case *bun.DB:
		return db.DB
	case bun.Conn:
		return db.Conn
	}
	panic(fmt.Sprintf("a %T has no driver under it", db)) // bun has these three
}

// withMode lets pgx prepare the statement on first use of a connection and keep it there.
func withMode(args []any) []any {
	return append([]any{pgx.QueryExecModeCacheStatement}, args...)
}
