package app_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// queueOf gives a command of a practice that is accepted without a decision.
func (d *desk) queueOf(ctx context.Context, of domain.Practice, verb, record string, body any) error {
	d.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(d.t, err)
	_, err = d.Execute(ctx, app.Request{Practice: of, Verb: verb, Record: record, Body: text, Async: true})
	return err
}

func TestIncidentsAndChangesAreLinkedWithEachOther(t *testing.T) {
	t.Parallel()
	d := setup(t)
	one, two, about := d.votedChange(false), d.votedChange(false), d.incident()
	hidden := []string{d.votedChange(true), d.incident(func(i *incident.Incident) { i.Restricted = true }).Number, "CHG-999999"}
	fred := d.as("fred", all(domain.RoleAgent))
	for _, c := range []struct {
		of     domain.Practice
		record string
		others []string
	}{{change.Practice, one, []string{two, about.Number, about.ID}}, {domain.Incident, about.Number, []string{one, d.incident().Number}}} {
		for _, verb := range []string{"link", "unlink"} {
			for _, other := range c.others {
				require.NoError(t, d.queueOf(fred, c.of, verb, c.record, map[string]any{"type": "blocks", "to": other}), "%s of %s and %s", verb, c.record, other)
			}
			for _, other := range hidden {
				refused := refuses(t, domain.CodeInvalid, d.queueOf(fred, c.of, verb, c.record, map[string]any{"type": "blocks", "to": other}))
				require.Equal(t, "body.to", refused.Fields[0].Location)
			}
		}
	}
	refuses(t, domain.CodeInvalid, d.queueOf(d.as("ana", all(domain.RoleTeamLead)), domain.Incident, "merge_into", about.Number, map[string]any{"incident": one}))
}

// A change that is named as one that must end before tells how it stands: that takes whoever may read it.
func TestAPredecessorIsNamedByWhoMayReadIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	open, hidden := d.votedChange(false), d.votedChange(true)
	fred, quin := d.as("fred", all(domain.RoleAgent)), d.as("quin", all(domain.RoleAgent))
	named := func(ctx context.Context, verb, record string, predecessors ...string) error {
		body := map[string]any{"predecessors": predecessors}
		if verb == "draft" {
			body["title"] = "Another"
		}
		return d.queueOf(ctx, change.Practice, verb, record, body)
	}
	mine := d.votedChange(false)
	for _, verb := range []string{"draft", "edit"} {
		record := map[string]string{"edit": mine}[verb]
		require.NoError(t, named(fred, verb, record, open), verb)
		require.NoError(t, named(quin, verb, record, open, hidden), verb)
		missing := refuses(t, domain.CodeInvalid, named(fred, verb, record, open, "CHG-999999"))
		refused := refuses(t, domain.CodeInvalid, named(fred, verb, record, open, hidden))
		require.Equal(t, missing.Message, refused.Message, "it is told as one that does not exist")
	}

	var id string
	require.NoError(t, d.worker.NewRaw(`SELECT id::text FROM records WHERE number = ?`, hidden).Scan(t.Context(), &id))
	_, err := d.base.Superuser(t).NewRaw(`UPDATE changes SET predecessors = ? WHERE id = (SELECT id FROM records WHERE number = ?)`, `["`+id+`"]`, mine).Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, named(fred, "edit", mine, id, open), "what another one put there may stay")
}
