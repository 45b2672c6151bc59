package app_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

func TestProcessesTellEachOtherWhoViewsWhat(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ctx, record, other := t.Context(), domain.NewID("one"), domain.NewID("two")
	here, there := uuid.NewString(), uuid.NewString()
	mine, theirs := []app.Viewing{{Record: record, Person: "bo"}}, []app.Viewing{{Record: record, Person: "ana"}, {Record: other, Person: "cy"}}
	hears := func(want ...app.Viewing) { // of the record that is open here
		t.Helper()
		heard, err := d.Viewing(ctx, here, mine)
		require.NoError(t, err)
		require.Equal(t, want, heard)
	}
	hears()
	require.NoError(t, d.SayViewing(ctx, there, theirs))
	require.NoError(t, d.SayViewing(ctx, here, mine))
	hears(theirs[0])
	require.NoError(t, d.SayViewing(ctx, there, theirs[1:]))
	hears()
	require.NoError(t, d.SayViewing(ctx, there, append(theirs, theirs...)))
	hears(theirs[0])

	owner := d.base.Owner(t)
	_, err := owner.NewRaw(`UPDATE viewing SET seen_at = now() - interval '1 minute' WHERE process = ?`, there).Exec(ctx)
	require.NoError(t, err)
	hears()
	require.NoError(t, d.SayViewing(ctx, here, nil))
	var left int
	require.NoError(t, owner.NewRaw(`SELECT count(*) FROM viewing`).Scan(ctx, &left))
	require.Zero(t, left, "nothing is kept of processes that are gone")
}
