package main

import (
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

// deliver lets a receiver fail, until it is left alone, and come back; then its destination is taken away.
func deliver(p *player) []execution {
	receiver := outside.NewWebhookServer(p)
	receiver.Become(outside.Failing)
	now := p.head(p.log(nil)).OpenedAt
	require.NoError(p, schemas.SaveDestination(p.Context(), p.owner, schemas.DestinationRow{
		Name: "hook", Channel: domain.ChannelWebhook, Title: "Hook", URL: receiver.URL, Secret: webhook.NewSecret(), Kinds: []string{"incident.*"},
		Active: true, CreatedAt: now, UpdatedAt: now,
	}))
	id := p.log(nil)
	for range 2 {
		p.give(agent, "resolve", id, done)
		p.give(agent, "reopen", id, body{"reason": "Again."})
	}
	const left = 5 // after so many failures it is left alone
	kit.Eventually(p, bound, func() bool { return receiver.Tries() > left }, "the receiver is tried again")
	receiver.Become(outside.Willing)
	kit.Eventually(p, bound, func() bool { return len(receiver.Calls()) == 5 }, "the receiver gets everything")
	p.tamper(`DELETE FROM deliveries WHERE destination = 'hook'; DELETE FROM destinations WHERE name = 'hook'`)
	require.NoError(p, p.door.Wake(p.Context(), "hook"))
	return []execution{p.over(execution{destination: "hook"})}
}
