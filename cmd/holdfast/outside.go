package main

import (
	"fmt"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/internal/mail"
	"github.com/holdfast-itsm/holdfast/internal/slack"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
)

// ways are how a process's deliveries leave.
type ways struct {
	carriers map[domain.Channel]domain.Carrier
	mailVia  string
}

// openWays reads how deliveries leave; public is where people reach the console, for the links in them. Nothing is dialled yet.
func openWays(outside config.Outside, public string) (ways, error) {
	networks, err := webhook.ParseNetworks(outside.Allowed)
	if err != nil {
		return ways{}, fmt.Errorf("--webhook-networks: %w", err)
	}
	w := ways{carriers: map[domain.Channel]domain.Carrier{
		domain.ChannelWebhook: webhook.NewSender(networks, public, wallClock{}.Now), domain.ChannelSlack: slack.NewSender(networks, public),
	}}
	if outside.SMTP == "" {
		return w, nil
	}
	relay, err := mail.NewRelay(mail.Settings{URL: outside.SMTP, From: outside.From, Public: public})
	if err != nil {
		return ways{}, fmt.Errorf("--smtp: %w", err)
	}
	w.carriers[domain.ChannelMail], w.mailVia = relay, relay.Via()
	return w, nil
}
