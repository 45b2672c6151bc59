package activities

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// selecting are the commands that can bring an incident under other agreements: they open it, or name its service or category.
var selecting = []string{"log", "triage", "edit"}

// agreedFacts reads the terms by which an incident's clocks are measured and, for a command that can bring it under other
// agreements, the newest version of every agreement; candidates are those where they have been read.
func (a *Activities) agreedFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, record incident.Incident,
	own namedVersion, candidates []schemas.AgreementVersion, verb string,
) error {
	for _, stamp := range record.Agreements {
		if err := a.holdTerms(ctx, tx, facts, stamp); err != nil {
			return err
		}
	}
	for _, clock := range record.Clocks {
		stamp := sla.Stamp{Agreement: clock.Agreement, Version: clock.AgreementVersion, Calendar: clock.Calendar, CalendarVersion: clock.CalendarVersion}
		if !clock.InForce {
			continue
		}
		if err := a.holdTerms(ctx, tx, facts, stamp); err != nil {
			return err
		}
	}
	if !slices.Contains(selecting, verb) {
		return nil
	}
	if candidates == nil {
		var err error
		if candidates, err = schemas.NewestAgreements(ctx, tx); err != nil {
			return err
		}
	}
	book := &sla.Book{Language: a.Rules}
	for _, found := range candidates {
		if found.Kind != policy.KindSLA {
			continue
		}
		spec, err := readPolicy[sla.Agreement](ctx, a.policies, tx, slaPrefix+found.Name, found.Version)
		if err != nil {
			return err
		}
		days := calendarFor(spec, candidates, own)
		terms, err := a.terms(ctx, tx, sla.Stamp{Agreement: found.Name, Version: found.Version, Calendar: days.name, CalendarVersion: days.version})
		if err != nil {
			return err
		}
		book.Candidates = append(book.Candidates, terms)
	}
	facts.Agreed.Book = book
	return nil
}

const slaPrefix = policy.KindSLA + "/"

// calendarFor is the calendar in which an agreement counts: the one that it names, if there is one, else the record's.
func calendarFor(spec sla.Agreement, versions []schemas.AgreementVersion, own namedVersion) namedVersion {
	for _, found := range versions {
		if spec.Calendar != "" && found.Kind == policy.KindCalendar && found.Name == spec.Calendar {
			return namedVersion{found.Name, found.Version}
		}
	}
	return own
}

// holdTerms adds the terms of a stamp to the facts, once.
func (a *Activities) holdTerms(ctx context.Context, tx bun.Tx, facts *incident.Facts, stamp sla.Stamp) error {
	if slices.ContainsFunc(facts.Agreed.Held, func(held sla.Terms) bool { return held.Stamps(stamp) }) {
		return nil
	}
	terms, err := a.terms(ctx, tx, stamp)
	if err == nil {
		facts.Agreed.Held = append(facts.Agreed.Held, terms)
	}
	return err
}

func (a *Activities) terms(ctx context.Context, tx bun.Tx, stamp sla.Stamp) (sla.Terms, error) {
	spec, err := readPolicy[sla.Agreement](ctx, a.policies, tx, slaPrefix+stamp.Agreement, stamp.Version)
	if err != nil {
		return sla.Terms{}, err
	}
	days, err := a.policies.calendar(ctx, tx, calendarPrefix+stamp.Calendar, stamp.CalendarVersion, a.CompileCalendar)
	return sla.Terms{
		Agreement: stamp.Agreement, Version: stamp.Version, Spec: spec,
		Calendar: days, CalendarName: stamp.Calendar, CalendarVersion: stamp.CalendarVersion,
	}, err
}

// teamAtThreshold is the team to which the threshold that comes next gives the incident; empty when it gives it to none.
func teamAtThreshold(record incident.Incident, agreed incident.Agreed) string {
	var next *sla.Clock
	for i, clock := range record.Clocks {
		if clock.InForce && !clock.Ended() && clock.NextAt != nil && (next == nil || clock.NextAt.Before(*next.NextAt)) {
			next = &record.Clocks[i]
		}
	}
	if next == nil {
		return ""
	}
	for _, terms := range agreed.Held {
		if terms.Measures(*next) {
			return terms.Reassigns(*next)
		}
	}
	return ""
}
