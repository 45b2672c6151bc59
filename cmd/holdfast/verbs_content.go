package main

import (
	"context"

	"github.com/holdfast-itsm/holdfast/domain/incident"
)

type incidentMergeInto struct {
	verb
	Incident string `arg:"" name:"into" help:"Number or id of the incident that stays."`
	Reason   string `placeholder:"TEXT" help:"Why."`
}

// Run merges.
func (c *incidentMergeInto) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "merge_into", incident.MergeInto{Incident: c.Incident, Reason: c.Reason})
}

type incidentChangePriority struct {
	verb
	Impact  string `required:"" placeholder:"LEVEL" help:"How much is affected."`
	Urgency string `required:"" placeholder:"LEVEL" help:"How soon it matters."`
	Reason  string `required:"" placeholder:"TEXT" help:"Why."`
}

// Run rates the incident anew.
func (c *incidentChangePriority) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "change_priority", incident.ChangePriority{Impact: c.Impact, Urgency: c.Urgency, Reason: c.Reason})
}

type incidentOverridePriority struct {
	verb
	Priority int    `required:"" short:"p" placeholder:"N" help:"1 (highest) to 5."`
	Reason   string `required:"" placeholder:"TEXT" help:"Why."`
}

// Run sets the priority.
func (c *incidentOverridePriority) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "override_priority", incident.OverridePriority{Priority: c.Priority, Reason: c.Reason})
}

// incidentEdit changes what is given; an empty text or list takes the old value away.
type incidentEdit struct {
	verb
	Title              *string `help:"What is wrong, in one line."`
	Description        *string `placeholder:"TEXT" help:"More about it; - reads it from the input."`
	Service            *string `short:"s" help:"The affected service."`
	Category           *string `help:"What kind of thing it is about."`
	Requester          *string `placeholder:"PERSON" help:"On behalf of whom."`
	Channel            *string `help:"How it reached the desk."`
	Location           *string `help:"Where."`
	Environment        *string `help:"Such as production."`
	ConfigurationItems *items  `name:"configuration-items" placeholder:"CI,…" help:"The affected configuration items, all of them, with commas."`
	Tags               *items  `placeholder:"TAG,…" help:"The tags, all of them, with commas."`
	CustomFields       string  `placeholder:"JSON" help:"An object of further fields."`
	Restricted         *bool   `negatable:"" help:"Only named people may read it, or no longer so."`
	Reason             string  `placeholder:"TEXT" help:"Why."`
}

// Run edits.
func (c *incidentEdit) Run(ctx context.Context, s *session) error {
	custom, err := customFields(c.CustomFields)
	if err != nil {
		return err
	}
	if c.Description != nil {
		text, err := s.text(*c.Description)
		if err != nil {
			return err
		}
		c.Description = &text
	}
	return c.give(ctx, s, "edit", incident.Edit{
		Title: c.Title, Description: c.Description, Service: c.Service, Category: c.Category, Requester: c.Requester, Channel: c.Channel,
		Location: c.Location, Environment: c.Environment, ConfigurationItems: c.ConfigurationItems.list(), Tags: c.Tags.list(),
		CustomFields: custom, Restricted: c.Restricted, Reason: c.Reason,
	})
}

type incidentLink struct{ relation }

type incidentUnlink struct{ relation }

type relation struct {
	verb
	Type string `arg:"" enum:"caused_by,blocks,duplicates,fixed_by,implements,child_of,follows" help:"How they hang together: ${enum}."`
	To   string `arg:"" help:"Number or id of the other incident or change."`
}

// Run links.
func (c *incidentLink) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "link", incident.Relate{Type: c.Type, To: c.To})
}

// Run unlinks.
func (c *incidentUnlink) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "unlink", incident.Relate{Type: c.Type, To: c.To})
}
