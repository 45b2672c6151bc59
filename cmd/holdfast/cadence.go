package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/cadence"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/cron"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

type cadenceCommands struct {
	Next cadenceNext `cmd:"" help:"When a cadence comes next, and which turns a clock change skips."`
}

type cadenceNext struct {
	Name  string `arg:"" help:"Name of a Cadence document."`
	After moment `placeholder:"TIME" help:"After this time; left out: now."`
	Count int    `short:"n" default:"5" help:"How many, up to 1000."`
}

// cadenceTurn is one turn of a cadence.
type cadenceTurn struct {
	Wall    string     `json:"wall"`
	At      *time.Time `json:"at"`
	Skipped bool       `json:"skipped"`
}

// Run lists the turns of the newest version of a document, in its zone.
func (c *cadenceNext) Run(ctx context.Context, s *session) error {
	if c.Count < 1 || c.Count > cron.MaxMoments {
		return misusef("--count takes 1 to %d", cron.MaxMoments)
	}
	document, err := s.service.Policy(ctx, policy.KindCadence, c.Name, 0)
	if err != nil {
		return err
	}
	var spec cadence.Spec
	if err := json.Unmarshal(document.Spec, &spec); err != nil {
		return fmt.Errorf("reading Cadence/%s: %w", c.Name, err)
	}
	schedule, err := policyfile.CadenceSchedule(spec)
	if err != nil {
		return fmt.Errorf("reading Cadence/%s: %w", c.Name, err)
	}
	after := s.now()
	if given := s.moment(c.After); given != nil {
		after = *given
	}
	turns, err := schedule.Turns(after, c.Count)
	if err != nil {
		return err
	}
	told := make([]cadenceTurn, len(turns))
	t := table{titles: []string{"TURN", "AT", "UTC"}}
	for i, turn := range turns {
		told[i] = cadenceTurn{Wall: cron.WallText(turn.Wall), Skipped: turn.Skipped()}
		if turn.Skipped() {
			t.rows = append(t.rows, []any{told[i].Wall, "skipped: clocks leave it out", ""})
			continue
		}
		at := turn.At
		told[i].At = &at
		t.rows = append(t.rows, []any{told[i].Wall, at.Format("Mon 2006-01-02 15:04 -07:00"), at.UTC().Format(time.RFC3339)})
	}
	if err := s.show(view{data: told, table: t}); err != nil {
		return err
	}
	if spec.Suspended {
		return s.hint("The cadence is suspended: nothing comes of it until a later version takes that back.")
	}
	return nil
}
