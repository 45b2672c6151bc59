package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// bulk gives one command to several records.
type bulk struct {
	Verb    string            `arg:"" help:"Verb of the command: assign, edit, close, …"`
	Records []string          `arg:"" name:"number" help:"Numbers or ids; - reads them from the input, one per line."`
	Set     map[string]string `placeholder:"FIELD=TEXT" mapsep:"none" help:"A field of the command's body; may be given several times."`
	Body    string            `placeholder:"JSON" xor:"body" help:"The command's whole body."`
	Key     string            `placeholder:"KEY" help:"Idempotency key: the same key gives the command once."`
}

type incidentBulk struct{ bulk }

// Run gives a command to incidents.
func (c *incidentBulk) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, domain.Incident)
}

type changeBulk struct{ bulk }

// Run gives a command to changes.
func (c *changeBulk) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, change.Practice)
}

// give gives the command and tells each outcome; one refusal makes it fail.
func (c *bulk) give(ctx context.Context, s *session, to domain.Practice) error {
	body := json.RawMessage(c.Body)
	switch {
	case c.Body != "" && len(c.Set) > 0:
		return misusef("give --set or --body, not both")
	case c.Body != "" && !json.Valid(body):
		return misusef("--body is not JSON")
	case len(c.Set) > 0:
		text, err := json.Marshal(c.Set)
		if err != nil {
			return fmt.Errorf("encoding the body: %w", err)
		}
		body = text
	}
	ids, err := s.references(c.Records)
	if err != nil {
		return err
	}
	outcomes, err := s.service.Bulk(ctx, app.BulkRequest{Practice: to, IDs: ids, Command: strings.ReplaceAll(c.Verb, "-", "_"), Body: body, Key: c.Key})
	if err != nil {
		return err
	}
	t := table{titles: []string{"NUMBER", "OUTCOME", "VERSION", "REFUSAL"}}
	refused := 0
	for _, outcome := range outcomes {
		why := ""
		if outcome.Refusal != nil {
			refused++
			why = outcome.Refusal.Message
		}
		t.rows = append(t.rows, []any{outcome.Record, string(outcome.Outcome), outcome.Version, why})
	}
	if err := s.show(view{data: outcomes, table: t}); err != nil {
		return err
	}
	if refused > 0 {
		if err := s.hint("%d of %d refused", refused, len(outcomes)); err != nil {
			return err
		}
		return errTold
	}
	return nil
}
