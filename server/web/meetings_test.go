package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

func TestMeetingsAreListedAndCalledByThoseWhoChair(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	require.NotContains(t, d.get("bo", meetingsPath, http.StatusOK), newMeetingPath, "an agent calls none")
	d.get("bo", newMeetingPath, http.StatusForbidden)
	require.Contains(t, d.get("ana", meetingsPath, http.StatusOK), `href="`+newMeetingPath+`"`)
	form := d.get("ana", newMeetingPath, http.StatusOK)
	for _, words := range []string{`value="role:cab_member"`, `value="team:messaging"`, "the service Mail", `name="at" type="datetime-local"`, "a working day"} {
		require.Contains(t, form, words)
	}
	refused := d.post("ana", newMeetingPath, url.Values{"title": {"Okapi board"}, "board": {"role:cab_member"}, "at": {"soon"}, zoneField: {"Europe/Berlin"}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "must be a date and a time")
	require.Contains(t, refused, `value="Okapi board"`, "what was written is kept")

	one := d.meets()
	list := d.get("bo", meetingsPath, http.StatusOK)
	for _, words := range []string{one.Number, "Board of December", "Planned", "the agenda is fixed"} {
		require.Contains(t, list, words)
	}
	d.get("rita", meetingsPath, http.StatusForbidden)
}

func TestABoardIsSentAsTheCommandHasIt(t *testing.T) {
	t.Parallel()
	body, err := bodyOf(boardParts([]field{
		{Name: "title", Value: "Board", Required: true},
		{Name: boardField, Value: "team:network", Required: true},
		{Name: scopeField, Value: "service:vpn"},
		{Name: "at", Kind: moment, Value: "2026-12-09T15:00", Required: true},
		{Name: "minutes", Kind: number, Value: "45"},
		{Name: "cut_off", Value: "4h"},
	}), "Europe/Berlin")
	require.NoError(t, err)
	require.JSONEq(t, `{"title":"Board","board":{"team":"network","scope":"service:vpn"},"at":"2026-12-09T14:00:00Z","minutes":45,"cut_off":"4h"}`, string(body))
}

func TestAMeetingShowsItsAgenda(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	one := d.board()
	on := d.meets(func(m *meeting.Meeting) {
		m.Items = []meeting.Item{{Change: one.ID, Number: one.Number, At: d.Clock.Now()}}
	})
	page := d.get("ana", recordURL(on.Number), http.StatusOK)
	for _, words := range []string{
		one.Number, "waiting for ana, bo", `href="/changes/` + one.Number + `#approval"`, `href="/changes/` + one.Number + `?do=defer#command"`, "Fix the agenda now", "Reschedule",
	} {
		require.Contains(t, page, words)
	}
	require.NotContains(t, d.get("bo", recordURL(on.Number), http.StatusOK), "?do=defer", "an agent defers nothing")
	require.Contains(t, d.get("ana", recordURL(on.Number)+"?do=reschedule", http.StatusOK), "How long it lasts; left empty, as before.")
	agenda := d.get("ana", recordURL(on.Number)+"/agenda.md?zone=Europe/Berlin", http.StatusOK)
	require.True(t, strings.HasPrefix(agenda, "# "), agenda)
	require.Contains(t, agenda, "Mon 2026-12-07 10:00 +01:00", "the meeting is at nine in UTC")
}

func TestAVoteIsDeferredToAMeeting(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	one, on := d.board(), d.meets()
	page := d.get("ana", recordURL(one.Number)+"?do=defer", http.StatusOK)
	for _, words := range []string{`<option value="cab"`, `<option value="` + on.Number + `">` + on.Number + " Board of December, ", "The change is put on its agenda"} {
		require.Contains(t, page, words)
	}
	others := d.get("ana", recordURL(one.Number)+"?do=ask-others", http.StatusOK)
	require.Contains(t, others, "Who else is asked")
	require.NotContains(t, d.get("bo", recordURL(one.Number), http.StatusOK), "?do=defer", "an agent defers nothing")
}
