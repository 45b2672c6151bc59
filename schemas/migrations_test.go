package schemas_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestMigrationsRunUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	db := store.EmptyDatabase(t).Owner(t)
	applied, err := pg.Migrate(t.Context(), db, schemas.Migrations())
	require.NoError(t, err)
	require.NotEmpty(t, applied)
	require.NoError(t, pg.MigrateTo(t.Context(), db, schemas.Migrations(), 0))
	again, err := pg.Migrate(t.Context(), db, schemas.Migrations())
	require.NoError(t, err)
	require.Equal(t, applied, again)
}
