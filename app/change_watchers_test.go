package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// watchersTold counts the notices of a note that are for whoever watches alone.
func (d *desk) watchersTold() (times int) {
	d.t.Helper()
	require.NoError(d.t, d.worker.NewRaw(`SELECT count(*) FROM outbox WHERE kind = 'change.note' AND recipients::text LIKE '%watchers:%'`).Scan(d.t.Context(), &times))
	return times
}

func TestWhoWatchesAChange(t *testing.T) {
	t.Parallel()
	d := setup(t)
	number := d.votedChange(false)
	bo, quin := d.as("bo", ofTeam(domain.RoleAgent, "messaging")), d.as("quin", all(domain.RoleRequester))
	list, err := d.WatchChange(bo, number, "me")
	require.NoError(t, err)
	require.Len(t, list, 1)
	list, err = d.WatchChange(bo, number, "cy")
	require.NoError(t, err)
	require.Len(t, list, 2)
	_, err = d.WatchChange(bo, number, "nobody-like-that")
	refuses(t, domain.CodeInvalid, err)
	d.audited()
	_, err = d.WatchChange(quin, number, "cy")
	refuses(t, domain.CodeForbidden, err)
	require.Len(t, d.audited(), 1, "it is written down that they tried")
	list, err = d.ChangeWatchers(quin, number)
	require.NoError(t, err)
	require.Empty(t, list, "who only asked for it does not see who watches")
	_, err = d.ChangeWatchers(d.as("sam", all(domain.RoleRequester)), number)
	refuses(t, domain.CodeNotFound, err)
	pia := d.as("pia", all(domain.RoleRequester))
	list, err = d.ChangeWatchers(pia, number)
	require.NoError(t, err)
	require.Len(t, list, 2, "who decides it reads it as staff do")
	list, err = d.UnwatchChange(bo, number, "cy")
	require.NoError(t, err)
	require.Equal(t, "bo", list[0].Person)

	_, err = d.AddChangeNote(bo, number, "", app.NoteBody{Body: "The requester is told, and with them who watches"})
	require.NoError(t, err)
	require.Zero(t, d.watchersTold())
	_, err = d.AddChangeNote(bo, d.changed(change.Draft, func(c *change.Change) { c.Requester = "" }).Number, "", app.NoteBody{Body: "Nobody else asked for it"})
	require.NoError(t, err)
	require.Equal(t, 1, d.watchersTold())
	_, err = d.AddChangeNote(bo, number, "", app.NoteBody{Body: "For staff alone", Internal: true})
	require.NoError(t, err)
	require.Equal(t, 1, d.watchersTold())
}

func TestARestrictedChangeIsOpenToItsWatchers(t *testing.T) {
	t.Parallel()
	d := setup(t)
	number := d.votedChange(true)
	cy, ana := d.as("cy", ofTeam(domain.RoleAgent, "messaging")), d.as("ana", ofTeam(domain.RoleAgent, "messaging"))
	_, err := d.WatchChange(cy, number, "me")
	refuses(t, domain.CodeNotFound, err)
	found, err := d.Changes(cy, app.ChangeQuery{})
	require.NoError(t, err)
	require.Empty(t, found.Items)
	_, err = d.WatchChange(ana, number, "cy")
	require.NoError(t, err)
	_, err = d.Change(cy, number)
	require.NoError(t, err)
	found, err = d.Changes(cy, app.ChangeQuery{Words: "mail"})
	require.NoError(t, err)
	require.Len(t, found.Items, 1)
}
