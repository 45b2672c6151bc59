package activities

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// selecting are the commands that can bring an incident under other agreements: they open it, name its service or category, or
// ask to measure it by the newest ones.
var selecting = []string{"log", "triage", "edit", "re_rate"}

// agreedFacts reads the terms by which an incident's clocks are measured and, for a command that can bring it under other
// agreements, the newest version of every agreement; candidates are those where they have been read.
func (a *Activities) agreedFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, record incident.Incident,
	own schemas.CalendarVersion, candidates []schemas.AgreementVersion, verb string,
) error {
	inForce := slices.DeleteFunc(slices.Clone(record.Clocks), func(c sla.Clock) bool { return !c.InForce })
	var err error
	if facts.Agreed.Held, err = a.policies.HeldTerms(ctx, tx, record.Agreements, inForce); err != nil {
		return err
	}
	if !slices.Contains(selecting, verb) {
		return nil
	}
	if candidates == nil {
		if candidates, err = schemas.NewestAgreements(ctx, tx); err != nil {
			return err
		}
	}
	facts.Agreed.Book, err = a.policies.Book(ctx, tx, candidates, own, a.Rules)
	return err
}

// teamsAtThresholds says of the teams to which the clocks' next thresholds give the incident which of them there are.
func teamsAtThresholds(ctx context.Context, tx bun.Tx, record incident.Incident, held []sla.Terms) (map[string]bool, error) {
	var teams []string
	for _, clock := range record.Clocks {
		for _, terms := range held {
			if clock.Waits() && terms.Measures(clock) {
				teams = append(teams, terms.Reassigns(clock)...)
			}
		}
	}
	if len(teams) == 0 {
		return nil, nil
	}
	return schemas.KnownTeams(ctx, tx, teams)
}
