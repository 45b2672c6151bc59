package main

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestOwnerOfTheDatabaseHasNoRightsBeyondIt(t *testing.T) {
	t.Parallel()
	folder := home(t, nil)
	first := start(t, folder, nil)
	// As an engine before this one made it.
	admin, err := pgx.Connect(t.Context(), first.AdminDatabaseURL)
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), `ALTER ROLE holdfast CREATEROLE; DROP ROLE holdfast_app`)
	require.NoError(t, err)
	require.NoError(t, admin.Close(t.Context()))
	first.stops()

	second := start(t, folder, nil)
	owner, err := pgx.Connect(t.Context(), second.DatabaseURL)
	require.NoError(t, err)
	defer owner.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{
		`CREATE ROLE another`, `GRANT pg_execute_server_program TO holdfast`, `COPY (SELECT 1) TO PROGRAM 'true'`, `CREATE DATABASE another`,
	} {
		_, err := owner.Exec(t.Context(), statement)
		require.Error(t, err, statement)
	}
	for _, role := range []string{"holdfast_worker", "holdfast_app"} {
		_, err := owner.Exec(t.Context(), "SET ROLE "+role)
		require.NoError(t, err)
		_, err = owner.Exec(t.Context(), "RESET ROLE")
		require.NoError(t, err)
	}
	second.stops()
}
