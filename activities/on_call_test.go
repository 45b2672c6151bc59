package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// weekly is a schedule of one rotation from a Monday on.
func weekly(people ...string) oncall.Spec {
	return oncall.Spec{Timezone: "Europe/Berlin", Layers: []oncall.Layer{{
		Name: "week", Rotation: oncall.Rotation{Unit: "week", Start: "2026-11-23", Handoff: "09:00"}, People: people,
	}}}
}

func TestWhoIsOnCallIsReadWithOverrides(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.db.Apply(t, "OnCallSchedule/primary", weekly("ana", "bo"))
	d.db.Apply(t, "OnCallSchedule/left", weekly("gone"))
	at := func(schedule, moment string) []string {
		t.Helper()
		onCall, err := activities.OnCallAt(t.Context(), d.worker, []string{"other", schedule}, store.Instant(moment))
		require.NoError(t, err)
		require.Empty(t, onCall.Unreadable)
		return onCall.People[schedule]
	}
	require.Equal(t, []string{"ana"}, at("primary", "2026-11-30T07:59:59Z"))
	require.Equal(t, []string{"bo"}, at("primary", "2026-11-30T08:00:00Z"))
	require.Empty(t, at("primary", "2026-11-22T08:00:00Z"), "before the first hand-off")
	require.Empty(t, at("none", monday))
	require.Empty(t, at("left", monday), "who has left is not reached")

	app := d.db.App(t)
	add := func(kind, person, replaces, from, to string) schemas.OverrideRow {
		row := schemas.OverrideRow{
			ID: domain.NewID(person + from), Schedule: "primary", Kind: kind, Person: person, Replaces: replaces,
			StartsAt: store.Instant(from), EndsAt: store.Instant(to), MadeBy: "ana", MadeAt: d.clock.Now(),
		}
		_, err := schemas.AddOverride(t.Context(), app, row)
		require.NoError(t, err)
		return row
	}
	row := add("replace", "cy", "bo", "2026-11-30T09:00:00Z", "2026-11-30T10:00:00Z")
	add("add", "ana", "", "2026-11-30T09:30:00Z", "2026-11-30T11:00:00Z")
	require.Equal(t, []string{"bo"}, at("primary", "2026-11-30T08:59:59Z"))
	require.Equal(t, []string{"cy"}, at("primary", "2026-11-30T09:00:00Z"))
	require.Equal(t, []string{"cy", "ana"}, at("primary", "2026-11-30T09:30:00Z"))
	require.Equal(t, []string{"bo", "ana"}, at("primary", "2026-11-30T10:00:00Z"))

	// One that has begun ends; what was before stays what it was.
	ended, err := schemas.EndOverride(t.Context(), app, row, "ana", store.Instant("2026-11-30T09:10:00Z"))
	require.NoError(t, err)
	require.Equal(t, 1, ended)
	require.Equal(t, []string{"cy"}, at("primary", "2026-11-30T09:09:59Z"))
	require.Equal(t, []string{"bo"}, at("primary", "2026-11-30T09:10:00Z"))
	later := add("replace", "cy", "bo", "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z")
	ended, err = schemas.EndOverride(t.Context(), app, later, "ana", store.Instant("2026-11-30T09:10:00Z"))
	require.NoError(t, err)
	require.Equal(t, 1, ended)
	require.Equal(t, []string{"bo"}, at("primary", "2026-12-01T09:30:00Z"))
	ended, err = schemas.EndOverride(t.Context(), app, row, "ana", store.Instant("2026-12-30T09:10:00Z"))
	require.NoError(t, err)
	require.Zero(t, ended, "what is over stays")
}
