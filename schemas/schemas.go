// Package schemas holds what PostgreSQL keeps: the migrations, the rows (which embed the domain's structs) and the queries.
//
// Functions take a bun.IDB, so that one function serves with and without a transaction. Who may write which table is held
// by database roles; docs/architecture.md lists each table's owner.
package schemas

import (
	"embed"
	"io/fs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the SQL files, oldest first, at the root of the returned file system.
func Migrations() fs.FS {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return files
}
