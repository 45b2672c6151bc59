package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// queue gives a command that is accepted without a decision.
func (d *desk) queue(ctx context.Context, verb, record string, body any) (app.Reply, error) {
	d.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(d.t, err)
	return d.Execute(ctx, app.Request{Practice: domain.Incident, Verb: verb, Record: record, Body: text, Async: true})
}

func TestACommandReachesOnlyWhatItsGiverMayRead(t *testing.T) {
	t.Parallel()
	d := setup(t)
	foreign := d.incident()
	hidden := d.incident(func(i *incident.Incident) { i.Team, i.Service, i.Restricted = "network", "wifi", true })
	own := d.incident(func(i *incident.Incident) { i.Team, i.Service, i.Requester = "network", "wifi", "cy" })
	sister := d.incident(func(i *incident.Incident) { i.Team, i.Service = "network", "wifi" })
	lead := d.as("cy", ofTeam(domain.RoleTeamLead, "network"))
	log := map[string]any{"title": "Again", "impact": "low", "urgency": "low"}
	for verb, c := range map[string]struct {
		field string
		more  map[string]any
	}{
		"merge_into": {"incident", nil}, "link": {"to", map[string]any{"type": "blocks"}}, "unlink": {"to", map[string]any{"type": "blocks"}},
		"log": {"follows", log}, "log in other letters": {"Follows", log},
	} {
		verb, _, _ := strings.Cut(verb, " ")
		give := func(reference string) error {
			body := map[string]any{c.field: reference}
			for name, value := range c.more {
				body[name] = value
			}
			record := own.ID
			if verb == "log" {
				record = ""
			}
			_, err := d.queue(lead, verb, record, body)
			return err
		}
		missing := refuses(t, domain.CodeInvalid, give("INC-999999"))
		for _, unseen := range []incident.Incident{foreign, hidden} {
			for _, reference := range []string{unseen.Number, unseen.ID} {
				refused := refuses(t, domain.CodeInvalid, give(reference))
				require.Equal(t, missing.Message, refused.Message, "it is told as one that does not exist")
				require.Equal(t, missing.Fields[0].Location, refused.Fields[0].Location)
			}
		}
		require.NoError(t, give(sister.Number), verb)
	}
	var posted int
	require.NoError(t, d.worker.NewRaw(`SELECT count(*) FROM messages`).Scan(t.Context(), &posted))
	require.Equal(t, 5, posted, "nothing was accepted but what was told so")
}
