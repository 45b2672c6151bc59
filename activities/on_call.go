package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// OnCall is who is on call in some schedules at one instant.
type OnCall struct {
	// People of each schedule, in the order in which they are to be asked: nobody in a gap, and nobody where there is no such
	// schedule.
	People map[string][]string
	// Unreadable are the schedules whose document cannot be used, and why.
	Unreadable map[string]error
}

// OnCallAt finds who is on call in schedules at an instant, overrides counted. Whoever is no longer active is left out: they
// cannot be reached. It reads in the transaction of the decision that asks, by the newest versions of the documents, in three
// statements however many schedules there are.
func OnCallAt(ctx context.Context, tx bun.IDB, schedules []string, at time.Time) (OnCall, error) {
	found := OnCall{People: map[string][]string{}, Unreadable: map[string]error{}}
	if len(schedules) == 0 {
		return found, nil
	}
	specs, err := schemas.ReadOnCallSpecs(ctx, tx, schedules)
	if err != nil || len(specs) == 0 {
		return found, err
	}
	overrides, err := schemas.OverridesAt(ctx, tx, schedules, at)
	if err != nil {
		return found, err
	}
	asked, everybody := map[string][]string{}, []string{}
	for schedule, spec := range specs {
		people, err := onCallOf(spec, overrides[schedule], at)
		if err != nil {
			found.Unreadable[schedule] = err
			continue
		}
		asked[schedule], everybody = people, append(everybody, people...)
	}
	active, err := schemas.ActivePeople(ctx, tx, everybody)
	if err != nil {
		return found, err
	}
	for schedule, people := range asked {
		for _, person := range people {
			if _, is := active[person]; is {
				found.People[schedule] = append(found.People[schedule], person)
			}
		}
	}
	return found, nil
}

// onCallOf reads one schedule's document for an instant.
func onCallOf(content json.RawMessage, overrides []oncall.Override, at time.Time) ([]string, error) {
	var spec oncall.Spec
	if err := json.Unmarshal(content, &spec); err != nil {
		return nil, fmt.Errorf("reading a schedule: %w", err)
	}
	compiled, err := policyfile.CompileOnCall(spec)
	if err != nil {
		return nil, err
	}
	return oncall.People(compiled.On(at, overrides)), nil
}
