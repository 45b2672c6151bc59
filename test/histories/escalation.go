package main

import (
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// escalate calls somebody by hand, who is slow, then another, who takes care; it ends with the incident.
func escalate(p *player) []execution {
	id := p.log(nil)
	p.give(agent, "page", id, body{"people": []string{"bo"}, "reason": "Nobody can print the tickets."})
	var call string
	kit.Eventually(p, bound, func() bool {
		var found []string
		require.NoError(p, p.owner.NewRaw(`SELECT id::text FROM escalations WHERE source_id = ?`, id).Scan(p.Context(), &found))
		if len(found) == 1 {
			call = found[0]
		}
		return len(found) == 1
	}, "the page opens an escalation")
	for _, verb := range []string{"escalate_now", "acknowledge"} {
		command := p.command(agent, verb, call, nil)
		command.Practice, command.Name = escalation.Practice, "escalation."+verb
		require.NoError(p, p.applied(command))
	}
	p.give(agent, "resolve", id, done)
	return []execution{p.over(execution{record: call, practice: escalation.Practice})}
}
