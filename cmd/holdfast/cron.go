package main

import (
	"time"

	"github.com/holdfast-itsm/holdfast/internal/cron"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

type cronCommands struct {
	Next cronNext `cmd:"" help:"The next moments that cron text names."`
}

type cronNext struct {
	Spec  string `arg:"" help:"Five fields in quotes: minute, hour, day of month, month, day of week."`
	Zone  string `default:"UTC" help:"The time zone that the fields are about, such as Europe/Berlin."`
	After moment `placeholder:"TIME" help:"After this time; left out: now."`
	Count int    `short:"n" default:"5" help:"How many, up to 1000."`
}

// cronMoment is one moment of a schedule.
type cronMoment struct {
	At time.Time `json:"at"`
}

// Run lists the moments in the schedule's own zone. It asks no server.
func (c *cronNext) Run(s *session) error {
	zone, err := policyfile.LoadZone(c.Zone)
	if err != nil {
		return misuse{err}
	}
	schedule, err := cron.Parse(c.Spec, zone)
	if err != nil {
		return misuse{err}
	}
	if c.Count < 1 || c.Count > cron.MaxMoments {
		return misusef("--count takes 1 to %d", cron.MaxMoments)
	}
	after := s.now()
	if given := s.moment(c.After); given != nil {
		after = *given
	}
	next, err := schedule.NextN(after, c.Count)
	if err != nil {
		return err
	}
	moments := make([]cronMoment, len(next))
	t := table{titles: []string{"AT", "UTC"}}
	for i, at := range next {
		moments[i] = cronMoment{At: at}
		t.rows = append(t.rows, []any{at.Format("Mon 2006-01-02 15:04 -07:00"), at.UTC().Format(time.RFC3339)})
	}
	return s.show(view{data: moments, table: t})
}
