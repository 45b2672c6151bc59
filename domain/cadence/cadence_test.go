package cadence_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/cadence"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

func read(t *testing.T, text string) cadence.Spec {
	t.Helper()
	var spec cadence.Spec
	require.NoError(t, json.Unmarshal([]byte(text), &spec))
	return spec
}

func TestValidate(t *testing.T) {
	t.Parallel()
	require.Empty(t, read(t, `{"cron":"0 14 * * wed","timezone":"UTC","opens":{"cab_meeting":{"board":{"role":"cab_member","scope":"team:network"},"cut_off":"1wd","length":"45m","calendar":"desk"}}}`).Validate())
	for _, wrong := range []struct{ text, path string }{
		{`{"opens":{}}`, "spec.opens"},
		{`{"opens":{"cab_meeting":{"board":{}}}}`, "spec.opens.cab_meeting.board.role"},
		{`{"opens":{"cab_meeting":{"board":{"team":"A B"}}}}`, "spec.opens.cab_meeting.board.team"},
		{`{"opens":{"cab_meeting":{"board":{"role":"cab_member","scope":"unit:x"}}}}`, "spec.opens.cab_meeting.board.scope"},
		{`{"opens":{"cab_meeting":{"board":{"role":"cab_member"},"cut_off":"21wd"}}}`, "spec.opens.cab_meeting.cut_off"},
		{`{"opens":{"cab_meeting":{"board":{"role":"cab_member"},"length":"90s"}}}`, "spec.opens.cab_meeting.length"},
		{`{"opens":{"cab_meeting":{"board":{"role":"cab_member"},"calendar":"The desk"}}}`, "spec.opens.cab_meeting.calendar"},
	} {
		problems := read(t, wrong.text).Validate()
		require.Len(t, problems, 1, wrong.text)
		require.Equal(t, wrong.path, problems[0].Path)
	}
}

// A turn has one id, whoever names it and whatever version of the document does.
func TestATurnOpensOneRecord(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	spec := read(t, `{"title":"CAB","opens":{"cab_meeting":{"board":{"role":"cab_member"},"length":"45m","cut_off":"2wd"}}}`)
	command, plan, err := cadence.Opening("weekly-cab", spec, "2026-10-25T02:30", at, at)
	require.NoError(t, err)
	require.True(t, command.Opens())
	require.Equal(t, "meeting.plan", command.Name)
	require.Equal(t, meeting.Practice, command.Practice)
	require.Equal(t, domain.ActorPolicy, command.Actor.Kind)
	require.Equal(t, "CAB", plan.Title)
	require.Equal(t, 45, plan.Minutes)
	require.Equal(t, "2026-10-25T02:30", plan.Turn)

	spec.Title, spec.Opens.CABMeeting.Title = "", ""
	later, plan, err := cadence.Opening("weekly-cab", spec, "2026-10-25T02:30", at.Add(time.Hour), at.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, command.ID, later.ID)
	require.Equal(t, command.Record, later.Record)
	require.Equal(t, "weekly-cab", plan.Title)
	other, _, err := cadence.Opening("weekly-cab", spec, "2026-11-01T02:30", at, at)
	require.NoError(t, err)
	require.NotEqual(t, command.Record, other.Record)
	_, _, err = cadence.Opening("nothing", cadence.Spec{}, "2026-11-01T02:30", at, at)
	require.Error(t, err)
}
