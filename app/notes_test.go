package app_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// Only the word of somebody who works on a record, to its requester, is a response: not that of whoever asked on their behalf, nor a machine's.
func TestOnlyAWordOfThoseWhoWorkOnARecordIsAResponse(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record := d.incident(func(record *incident.Incident) { record.OpenedBy = "cy" })
	_, err := d.worker.NewRaw(`INSERT INTO clocks (record_id, metric, agreement, agreement_version, cycle, rating, why, priority, calendar, calendar_version,
			target, length_ms, state, counting, cycle_from, from_at, elapsed_ms, paused_ms, as_of, in_force, version)
		VALUES (?0, 'response', 'gold', 1, 1, 1, '', 3, 'desk', 1, '1h', 3600000, 'running', true, ?1, ?1, 0, 0, ?1, true, 1)`, record.ID, d.clock.Now()).Exec(t.Context())
	require.NoError(t, err)
	opener := d.as("cy", all(domain.RoleRequester)) // who asked on rita's behalf
	robot := app.WithPrincipal(t.Context(), app.Principal{Handle: "robot", Kind: "machine", Grants: []app.Grant{all(domain.RoleAgent)}})
	for name, c := range map[string]struct {
		as   context.Context
		body app.NoteBody
		verb string
	}{
		"the opener's":        {opener, app.NoteBody{Body: "Same here."}, ""},
		"a machine's":         {robot, app.NoteBody{Body: "Disk is full."}, ""},
		"an internal one":     {d.as("bo", ofTeam(domain.RoleAgent, "messaging")), app.NoteBody{Body: "Odd.", Internal: true}, ""},
		"the requester's own": {d.as("rita", all(domain.RoleRequester)), app.NoteBody{Body: "Any news?"}, "incident.reply"},
		"an agent's":          {d.as("bo", ofTeam(domain.RoleAgent, "messaging")), app.NoteBody{Body: "Looking."}, "incident.informed"},
	} {
		_, err := d.worker.NewRaw(`UPDATE messages SET state = 'dropped' WHERE state = 'pending'`).Exec(t.Context())
		require.NoError(t, err)
		_, err = d.AddNote(c.as, record.Number, "", c.body)
		require.NoError(t, err, name)
		var words []string
		require.NoError(t, d.worker.NewRaw(`SELECT command ->> 'name' FROM messages WHERE state = 'pending'`).Scan(t.Context(), &words))
		if c.verb == "" {
			require.Empty(t, words, name)
			continue
		}
		require.Equal(t, []string{c.verb}, words, name)
	}
	_, err = d.AddNote(d.as("gil", all(domain.RoleRequester)), record.Number, "", app.NoteBody{Body: "May I?"})
	refuses(t, domain.CodeNotFound, err)
	_, err = d.AddNote(opener, record.Number, "", app.NoteBody{Body: "Between us", Internal: true})
	refuses(t, domain.CodeForbidden, err)
}
