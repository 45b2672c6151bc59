package activities

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// escalationKind ties the rules of escalations to their rows.
func (a *Activities) escalationKind() kind {
	return &lifecycle[escalation.Escalation, escalation.Facts]{
		table:   escalation.Lifecycle,
		head:    func(record *escalation.Escalation) *domain.Record { return &record.Record },
		prepare: func(context.Context, bun.Tx, domain.Command) error { return nil },
		lock: func(ctx context.Context, tx bun.Tx, id string) (escalation.Escalation, schemas.Held, error) {
			return schemas.LockEscalation(ctx, tx, id)
		},
		facts:     a.escalationFacts,
		decide:    escalation.Decide,
		deadlines: escalation.Deadlines,
		write: func(_, record escalation.Escalation, created, wordsChanged bool, into *schemas.Passage) {
			into.Escalation(record, created, wordsChanged)
		},
	}
}

// calling are the commands that can take a step, and so need to know whom each target stands for at this moment.
var calling = []string{"open", "escalate_now", "reassign", "step_due", "unreached", "acknowledgement_due", "snooze_over", "renew"}

// escalationFacts reads what Decide needs for one command. Who is on call is looked up here, as a step is taken.
func (a *Activities) escalationFacts(ctx context.Context, tx bun.Tx, record escalation.Escalation, command domain.Command) (escalation.Facts, error) {
	var facts escalation.Facts
	verb := command.Verb()
	var named struct {
		Policy  string   `json:"policy"`
		Person  string   `json:"person"`
		People  []string `json:"people"`
		Team    string   `json:"team"`
		Service string   `json:"service"`
	}
	if len(command.Body) > 0 {
		if err := json.Unmarshal(command.Body, &named); err != nil {
			return facts, domain.Errorf(domain.CodeInvalid, "the body of %s cannot be read", command.Name)
		}
	}
	if err := a.namedPolicy(ctx, tx, &facts, named.Policy); err != nil {
		return facts, err
	}
	switch verb {
	case "open":
		var err error
		if facts.Number, err = schemas.NextEscalationNumber(ctx, tx); err != nil {
			return facts, err
		}
		record.Team, record.Service = named.Team, named.Service
	case "add_responder":
		active, err := schemas.PeopleOf(ctx, tx, escalation.Target(escalation.TargetPerson+":"+named.Person), "", "")
		facts.PersonActive = len(active) > 0
		return facts, err
	case "acknowledgement_due":
		var err error
		if facts.Taken, err = schemas.TakenSince(ctx, tx, record.Source, record.AcknowledgedBy, *record.AcknowledgedAt); err != nil {
			return facts, err
		}
	}
	if !slices.Contains(calling, verb) {
		return facts, nil
	}
	targets := escalation.Targets(record, facts, named.People)
	facts.Reached = make(map[escalation.Target][]string, len(targets))
	for _, target := range targets {
		people, err := a.reached(ctx, tx, target, record)
		if err != nil {
			return facts, err
		}
		facts.Reached[target] = people
	}
	return facts, nil
}

// namedPolicy reads the newest version of the policy that a command names.
func (a *Activities) namedPolicy(ctx context.Context, tx bun.Tx, facts *escalation.Facts, name string) error {
	if name == "" {
		return nil
	}
	row, found, err := schemas.ReadPolicy(ctx, tx, policy.KindEscalationPolicy, name, 0)
	if err != nil || !found {
		return err
	}
	var spec escalation.Policy
	if err := json.Unmarshal([]byte(row.Spec), &spec); err != nil {
		return err
	}
	facts.Named, facts.NamedVersion = &spec, row.Version
	return nil
}

// reached are the people whom a target stands for now.
func (a *Activities) reached(ctx context.Context, tx bun.Tx, target escalation.Target, record escalation.Escalation) ([]string, error) {
	if target.Kind() == escalation.TargetSchedule {
		people, err := OnCallAt(ctx, tx, target.Name(), domain.Millisecond(a.Clock.Now()))
		if err != nil && !a.Transient(err) && a.Constraint(err) == "" && ctx.Err() == nil {
			// A schedule that cannot be read must not keep the other steps from being taken.
			a.Log.ErrorContext(ctx, "a schedule could not be read; nobody is on call in it", "schedule", target.Name(), "escalation", record.ID, "error", err)
			return nil, nil
		}
		return people, err
	}
	return schemas.PeopleOf(ctx, tx, target, record.Team, record.Service)
}
