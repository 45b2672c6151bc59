package main

import (
	"context"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
)

type simulateCommand struct {
	Proposed []string `name:"file" short:"f" required:"" type:"existingpath" placeholder:"FILE" help:"Proposed documents: SLA, Calendar, PriorityMatrix, ServicePolicy. One of the same name takes the other's place."`
	Present  []string `type:"existingpath" placeholder:"FILE" help:"Documents that stand before the stored ones on the present side; with --log, before those that come with Holdfast."`
	Since    moment   `placeholder:"TIME" help:"Only records opened then or later; left out, of a server: 90 days ago."`
	Until    moment   `placeholder:"TIME" help:"Only records opened before then."`
	Log      string   `type:"existingfile" placeholder:"FILE" help:"Take incidents from a CSV audit, plain or gzip, as import does; needs --map and no server."`
	Map      string   `type:"existingfile" placeholder:"MAP.yaml" help:"How --log is read; examples/import has one."`
}

// simulated is what a simulation found, as data.
type simulated struct {
	simulation.Report
	// Until is the moment up to which clocks ran that nothing had stopped.
	Until time.Time `json:"until"`
	// Skipped are records whose timeline does not tell their life, Rejected are rows of a log that cannot be read.
	Skipped  int     `json:"skipped"`
	Rejected int     `json:"rejected"`
	Seconds  float64 `json:"seconds"`
	proposed string
}

// simulatedBefore is how far back records of a server are taken where nobody says.
const simulatedBefore = 90 * 24 * time.Hour

// Run simulates the records of a server, or of a log, and tells what changes.
func (c *simulateCommand) Run(ctx context.Context, s *session) error {
	if (c.Log == "") != (c.Map == "") {
		return misusef("--log and --map go together")
	}
	proposed, err := documents(c.Proposed)
	if err != nil {
		return err
	}
	present := []placed{}
	if len(c.Present) > 0 {
		if present, err = documents(c.Present); err != nil {
			return err
		}
	}
	began := time.Now()
	var found simulated
	if c.Log != "" {
		found, err = c.simulateLog(ctx, s, plainDocuments(present), plainDocuments(proposed))
	} else {
		found, err = c.ask(ctx, s, plainDocuments(present), plainDocuments(proposed))
	}
	if err != nil {
		return err
	}
	found.Seconds, found.proposed = time.Since(began).Seconds(), named(proposed)
	return s.show(view{data: found, table: verdictTable(found.Verdicts), text: found.write})
}

// ask lets the server simulate its records, a page at a time.
func (c *simulateCommand) ask(ctx context.Context, s *session, present, proposed []policy.Document) (simulated, error) {
	var found simulated
	body := app.SimulationBody{OpenedFrom: s.moment(c.Since), OpenedTo: s.moment(c.Until)}
	if body.OpenedFrom == nil {
		since := s.now().Add(-simulatedBefore).UTC().Truncate(time.Millisecond)
		body.OpenedFrom = &since
	}
	var err error
	if body.Proposed, err = sources(proposed); err != nil {
		return found, err
	}
	if body.Present, err = sources(present); err != nil {
		return found, err
	}
	for {
		page, err := s.service.Simulate(ctx, body)
		if err != nil {
			return found, err
		}
		found.Join(page.Report)
		found.Until = page.Until
		found.Skipped += page.Skipped
		if body.Cursor = page.NextCursor; body.Cursor == "" {
			return found, nil
		}
	}
}

func plainDocuments(list []placed) []policy.Document {
	plain := make([]policy.Document, len(list))
	for i, one := range list {
		plain[i] = one.Document
	}
	return plain
}

// sources writes documents as one text.
func sources(list []policy.Document) (string, error) {
	texts := make([]string, len(list))
	for i, document := range list {
		text, err := policytext.Source(document)
		if err != nil {
			return "", err
		}
		texts[i] = text
	}
	return strings.Join(texts, "---\n"), nil
}

// named lists documents for people.
func named(list []placed) string {
	names := make([]string, len(list))
	for i, document := range list {
		names[i] = document.Kind + "/" + document.Name
	}
	return strings.Join(names, ", ")
}

// write words what was found for people.
func (r simulated) write(p *printer) error {
	if err := p.line("%d records under what is in force and under %s\n", r.Records, r.proposed); err != nil {
		return err
	}
	if err := p.tables(
		groupTable("", r.Totals), groupTable("PRIORITY", r.ByPriority), groupTable("TEAM", mostMoved(r.ByTeam)), groupTable("WEEK", r.ByWeek),
		changeTable("GAINED", simulation.Gained, r.Verdicts), changeTable("LOST", simulation.Lost, r.Verdicts),
	); err != nil {
		return err
	}
	for _, count := range []struct {
		n    int
		what string
	}{{r.Skipped, "records were passed over: their timeline does not tell their life"}, {r.Rejected, "rows of the log could not be read"}} {
		if count.n > 0 {
			if err := p.line("\n%d %s", count.n, count.what); err != nil {
				return err
			}
		}
	}
	var all simulation.Sums
	for _, total := range r.Totals {
		all.Promises, all.Before, all.After = all.Promises+total.Promises, all.Before+total.Before, all.After+total.After
		all.Gained, all.Lost = all.Gained+total.Gained, all.Lost+total.Lost
	}
	if all.Promises == 0 {
		return p.line("\nNothing is promised to any of these records, neither now nor under the proposal.")
	}
	return p.line("\nBreaches: %d now, %d under the proposal: %d gained, %d lost, of %d promises. %.1f s.",
		all.Before, all.After, all.Gained, all.Lost, all.Promises, r.Seconds)
}
