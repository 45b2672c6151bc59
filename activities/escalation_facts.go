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
		if facts.Number, err = schemas.NextNumber(ctx, tx, escalation.Lifecycle); err != nil {
			return facts, err
		}
		record.Team, record.Service = named.Team, named.Service
	case "add_responder":
		active, err := schemas.ActivePeople(ctx, tx, []string{named.Person})
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
	var err error
	facts.Reached, err = a.reached(ctx, tx, escalation.Targets(record, facts, named.People), record)
	return facts, err
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

// reached are the people whom each target stands for now, read in as many statements for many targets as for one.
func (a *Activities) reached(ctx context.Context, tx bun.Tx, targets []escalation.Target, record escalation.Escalation) (map[escalation.Target][]string, error) {
	reached, err := schemas.PeopleOf(ctx, tx, targets, record.Team, record.Service)
	if err != nil {
		return nil, err
	}
	var schedules []string
	for _, target := range targets {
		if target.Kind() == escalation.TargetSchedule {
			schedules = append(schedules, target.Name())
		}
	}
	onCall, err := OnCallAt(ctx, tx, schedules, domain.Millisecond(a.Clock.Now()))
	if err != nil {
		return nil, err
	}
	for schedule, why := range onCall.Unreadable { // it must not keep the other steps from being taken
		a.Log.ErrorContext(ctx, "a schedule could not be read; nobody is on call in it", "schedule", schedule, "escalation", record.ID, "error", why)
	}
	for schedule, people := range onCall.People {
		reached[escalation.Target(escalation.TargetSchedule+":"+schedule)] = people
	}
	return reached, nil
}
