package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Bounds of one simulation: how many records one call takes, and how many of them are read at once.
const (
	MaxSimulated  = 5000
	simulatedPage = 500
)

// simulationTime is how long one call may take.
const simulationTime = 30 * time.Second

// SimulationBody asks what would have become of the promises to records under documents that are not stored.
type SimulationBody struct {
	// Proposed and Present are YAML with policy documents. Those of Proposed stand before what is stored on the proposed side,
	// those of Present on both sides.
	Proposed string `json:"proposed" minLength:"1" maxLength:"131072" doc:"YAML with the proposed documents: SLA, Calendar, PriorityMatrix, ServicePolicy. One of the same name takes the other's place"`
	Present  string `json:"present,omitempty" maxLength:"131072" doc:"YAML with documents that stand before the stored ones on both sides, to compare two drafts"`
	// OpenedFrom and OpenedTo bound when the records were opened; OpenedTo itself is not in it.
	OpenedFrom *time.Time `json:"opened_from,omitempty" doc:"Only records opened then or later"`
	OpenedTo   *time.Time `json:"opened_to,omitempty" doc:"Only records opened before then"`
	// Limit bounds the records of one call; the newest come first. Cursor goes on where another call ended.
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"5000" doc:"At most so many records, the newest first; left out, 5000"`
	Cursor string `json:"cursor,omitempty" maxLength:"1000" doc:"next_cursor of the call before: its figures are of other records, and add up with those"`
}

// SimulationReport is what a simulation found.
type SimulationReport struct {
	simulation.Report
	// Until is the moment up to which clocks ran that nothing had stopped.
	Until time.Time `json:"until"`
	// Skipped are records whose timeline does not tell their life.
	Skipped int `json:"skipped"`
	// NextCursor is there when the period has more records.
	NextCursor string `json:"next_cursor,omitempty"`
}

// simulationPlace is where a simulation goes on. Every part of it runs clocks up to the same moment.
type simulationPlace struct {
	After schemas.Position `json:"a"`
	Until time.Time        `json:"u"`
}

// Simulate lets the incidents that the caller may read live again under proposed documents. It writes nothing, and never takes
// more than MaxSimulated records at a time.
func (a *App) Simulate(ctx context.Context, body SimulationBody) (SimulationReport, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return SimulationReport{}, err
	}
	if err := principal.mayAnywhere(PermissionPolicySimulate); err != nil {
		return SimulationReport{}, err
	}
	if err := principal.mayAnywhere(PermissionIncidentRead); err != nil {
		return SimulationReport{}, err
	}
	if err := inCalendar(map[string]*time.Time{"opened_from": body.OpenedFrom, "opened_to": body.OpenedTo}); err != nil {
		return SimulationReport{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, simulationTime)
	defer cancel()
	s := &simulator{app: a, principal: principal, left: body.Limit, until: a.now()}
	if s.left < 1 || s.left > MaxSimulated {
		s.left = MaxSimulated
	}
	s.filter = schemas.IncidentFilter{OpenedFrom: body.OpenedFrom, OpenedTo: body.OpenedTo, Sort: "-opened_at"}
	place, err := decodeCursor[simulationPlace](body.Cursor)
	if err != nil {
		return SimulationReport{}, err
	}
	if place != nil {
		if !schemas.IsID(place.After.ID) || place.Until.After(s.until) {
			return SimulationReport{}, domain.Errorf(domain.CodeMalformed, "the cursor is not one of ours")
		}
		s.filter.After, s.until = &place.After, place.Until
	}
	if err := s.prepare(ctx, body); err != nil {
		return SimulationReport{}, err
	}
	return s.run(ctx)
}

// simulator is one simulation on its way.
type simulator struct {
	app        *App
	principal  Principal
	filter     schemas.IncidentFilter
	left       int // how many records may still be taken
	until      time.Time
	comparison simulation.Comparison
	reasons    policy.Vocabulary
	tally      simulation.Tally
	skipped    int
}

// prepare makes the documents of both sides ready.
func (s *simulator) prepare(ctx context.Context, body SimulationBody) error {
	proposed, err := simulatedDocuments("proposed", body.Proposed)
	if err != nil {
		return err
	}
	drafted, err := simulatedDocuments("present", body.Present)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(proposed, func(d policy.Document) bool { return slices.Contains(simulation.Kinds, d.Kind) }) {
		return domain.Invalid("proposed", "holds no document that clocks ask: SLA, Calendar, PriorityMatrix or ServicePolicy")
	}
	rows, err := schemas.ListPolicies(ctx, s.app.DB, "")
	if err != nil {
		return s.app.fault(ctx, "reading policies", err)
	}
	present := simulation.Overlay(documents(rows), drafted)
	for _, document := range present {
		if document.Kind == policy.KindVocabulary && document.Name == "hold-reasons" {
			if err := json.Unmarshal(document.Spec, &s.reasons); err != nil {
				return s.app.fault(ctx, "reading the reasons to hold", err)
			}
		}
	}
	s.comparison.Until = s.until
	s.comparison.Present, s.comparison.Proposed, err = simulation.Sides(present, proposed, simulation.Tools{
		CompileCalendar: policyfile.CompileCalendar, Language: &policyfile.Evaluator{},
	})
	return s.app.fault(ctx, "preparing a simulation", err)
}

// simulatedDocuments reads the documents of a text; each fault names its line.
func simulatedDocuments(field, text string) ([]policy.Document, error) {
	trees, err := policyfile.ParseTrees(field, []byte(text))
	faults := policyfile.Faults(err)
	list := []policy.Document{}
	for _, tree := range trees {
		if tree.Kind == policyfile.KindTest {
			continue
		}
		document, err := tree.Document()
		faults = append(faults, policyfile.Faults(err)...)
		list = append(list, document)
	}
	var fields []domain.FieldError
	for _, fault := range faults {
		fields = append(fields, domain.FieldError{Location: "body." + field, Message: fmt.Sprintf("line %d: %s", fault.Line, fault.Message)})
	}
	return list, domain.Join(fields)
}

// run takes page after page until there are no more records, or no more may be taken.
func (s *simulator) run(ctx context.Context) (SimulationReport, error) {
	for {
		s.filter.Limit = min(simulatedPage, s.left)
		found, next, err := schemas.ListIncidents(ctx, s.app.DB, s.app.reader(s.principal), s.filter)
		if err == nil {
			err = s.take(ctx, found)
		}
		if err != nil {
			return SimulationReport{}, s.app.fault(ctx, "simulating", err)
		}
		s.left -= len(found)
		if next != nil && s.left > 0 {
			s.filter.After = next
			continue
		}
		report := SimulationReport{Report: s.tally.Report(), Until: s.until, Skipped: s.skipped}
		if next != nil {
			report.NextCursor, err = encodeCursor(simulationPlace{After: *next, Until: s.until})
		}
		return report, s.app.fault(ctx, "making a cursor", err)
	}
}

// take simulates one page of incidents from their timelines, and writes down the restricted ones among them.
func (s *simulator) take(ctx context.Context, page []incident.Incident) error {
	ids, heads := make([]string, len(page)), make([]domain.Record, len(page))
	for i, one := range page {
		ids[i], heads[i] = one.ID, one.Record
	}
	if err := s.app.auditRead(ctx, s.principal, heads...); err != nil {
		return err
	}
	lives, err := schemas.ReadLives(ctx, s.app.DB, ids, simulation.IncidentEvents)
	if err != nil {
		return err
	}
	for _, one := range page {
		told, err := simulation.Incident(one, lives[one.ID], s.reasons)
		if err != nil {
			s.skipped++
			continue
		}
		verdicts, err := s.comparison.Compare(told)
		if err != nil {
			s.skipped++
			s.app.Log.WarnContext(ctx, "an incident cannot be simulated", "incident", one.ID, "error", err)
			continue
		}
		s.tally.Add(verdicts)
	}
	return ctx.Err()
}
