package app_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// finds searches and answers the numbers of what was found.
func (d *desk) finds(ctx context.Context, text string) []string {
	d.t.Helper()
	found, err := d.Search(ctx, text, 0)
	require.NoError(d.t, err)
	numbers := []string{}
	for _, row := range found {
		numbers = append(numbers, row.Number)
	}
	return numbers
}

func TestNotesAreFoundByThoseWhoMayReadThem(t *testing.T) {
	t.Parallel()
	d := setup(t)
	agent := d.as("bo", all(domain.RoleAgent))
	open := d.incident()
	secret := d.incident(func(record *incident.Incident) { record.Restricted = true })
	elsewhere := d.incident(func(record *incident.Incident) {
		record.Requester, record.Team, record.Service = "bo", "network", "vpn"
	})
	admin := d.as("ana", all(domain.RoleAdmin))
	for _, note := range []struct{ record, body string }{
		{open.ID, "the giraffe escaped"}, {secret.ID, "a zebra in the server room"}, {elsewhere.ID, "giraffe again"},
	} {
		_, err := d.AddNote(admin, note.record, "", app.NoteBody{Body: note.body})
		require.NoError(t, err)
		_, err = d.AddNote(admin, note.record, "", app.NoteBody{Body: "internally: okapi, " + note.body + " at night", Internal: true})
		require.NoError(t, err)
	}

	none := []string{}
	for name, expect := range map[string]struct {
		who                          context.Context
		giraffe, okapi, night, zebra []string
	}{
		"an agent of everything":  {agent, []string{elsewhere.Number, open.Number}, []string{elsewhere.Number, open.Number}, []string{elsewhere.Number, open.Number}, none},
		"an agent of one team":    {d.as("cy", ofTeam(domain.RoleAgent, "messaging")), []string{open.Number}, []string{open.Number}, []string{open.Number}, none},
		"an owner of one service": {d.as("cy", ofService(domain.RoleServiceOwner, "vpn")), []string{elsewhere.Number}, []string{elsewhere.Number}, []string{elsewhere.Number}, none},
		"who asked, elsewhere":    {d.as("bo", ofTeam(domain.RoleAgent, "messaging")), []string{elsewhere.Number, open.Number}, []string{open.Number}, []string{open.Number}, none},
		"who asked":               {d.as("rita"), []string{open.Number}, none, none, []string{secret.Number}},
		"who did not":             {d.as("cy"), none, none, none, none},
		"an administrator":        {admin, []string{elsewhere.Number, open.Number}, []string{elsewhere.Number, open.Number, secret.Number}, []string{elsewhere.Number, open.Number, secret.Number}, []string{secret.Number}},
	} {
		require.ElementsMatch(t, expect.giraffe, d.finds(expect.who, "giraffe"), name)
		require.ElementsMatch(t, expect.okapi, d.finds(expect.who, "okapi"), name)
		require.ElementsMatch(t, expect.night, d.finds(expect.who, "nights"), name)
		require.ElementsMatch(t, expect.zebra, d.finds(expect.who, `"zebra in"`), name)
	}

	titled := d.incident(func(record *incident.Incident) { record.Title = "Giraffe in the lift" })
	found, err := d.Search(agent, "giraffe", 0)
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.Equal(t, titled.Number, found[0].Number, "what says it in its title comes first")
	require.False(t, found[0].InNote)
	require.True(t, found[1].InNote && found[2].InNote)
	for _, odd := range []string{"the", "-giraffe", `'"\ & | ! ( :*`, "giraffe -okapi or :*"} {
		_, err := d.Search(d.as("rita"), odd, 0)
		require.NoError(t, err, odd)
	}
}

func TestChangesAreFoundByTheirWords(t *testing.T) {
	t.Parallel()
	d := setup(t)
	agent := d.as("bo", all(domain.RoleAgent))
	d.scheduledChange("CHG-000901", "ostrich")
	require.Equal(t, []string{"CHG-000901"}, d.finds(agent, "ostriches"))
	require.Empty(t, d.finds(d.as("rita"), "ostriches"), "of those who may not read it, nobody finds it")
}
