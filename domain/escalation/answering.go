package escalation

import (
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
)

// acknowledge says that somebody takes care: nobody else is called while that holds.
func (d *draft) acknowledge() error {
	var body Plain
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	record.AcknowledgedBy, record.AcknowledgedAt = d.command.Actor.Name, at(d.moment)
	d.move(Acknowledged)
	data := map[string]any{"round": record.Round, "step": record.Step}
	if holds := record.Plan.Unacknowledge(); holds > 0 {
		record.HoldsUntil = at(d.moment.Add(holds))
		data["holds_until"] = *record.HoldsUntil
	}
	d.event(body.Reason, data)
	d.tellSource("acknowledged", map[string]any{"by": record.AcknowledgedBy, "escalation": record.Number, "at": d.moment})
	others := slices.DeleteFunc(slices.Clone(record.Told), func(handle string) bool { return handle == record.AcknowledgedBy })
	for i, handle := range others {
		others[i] = "person:" + handle
	}
	if len(others) > 0 {
		d.Notices = append(d.Notices, domain.Notice{
			Kind: "escalation.acknowledged", To: others,
			Data: map[string]any{"number": record.Number, "source": record.Source, "source_number": record.SourceNumber, "by": record.AcknowledgedBy},
		})
	}
	return nil
}

// acknowledgementDue looks whether anything came of an acknowledgement. If not, whoever acknowledged is called again, and the
// steps begin anew: an acknowledgement given half asleep must not leave the record to nobody.
func (d *draft) acknowledgementDue() error {
	record := &d.Record
	if d.facts.Taken {
		record.HoldsUntil = nil
		d.event("the record is being worked on", map[string]any{"holds": true})
		return nil
	}
	by := record.AcknowledgedBy
	d.event("nothing came of the acknowledgement", map[string]any{"holds": false, "by": by})
	record.AcknowledgedBy, record.AcknowledgedAt = "", nil
	again := []string{by}
	if len(d.facts.Reached[Target(TargetPerson+":"+by)]) == 0 {
		again = nil // they have left meanwhile
	}
	d.begin()
	d.call(GuardCalling, again, map[string]any{"again": true})
	return nil
}

// escalateNow takes the next step without waiting for its time.
func (d *draft) escalateNow() error {
	var body Plain
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(body.Reason, map[string]any{"round": d.Record.Round, "step": d.Record.Step})
	d.Record.AcknowledgedBy, d.Record.AcknowledgedAt = "", nil
	d.move(Calling)
	d.advance()
	return nil
}

// snooze lets nobody be called until an instant.
func (d *draft) snooze() error {
	var body Snooze
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	until := domain.Millisecond(body.Until)
	switch {
	case !until.After(d.moment):
		return domain.Invalid("until", "does not lie in the future")
	case until.After(d.moment.Add(MaxSnooze)):
		return domain.Invalid("until", "lies more than a week ahead")
	}
	d.Record.SnoozedUntil = &until
	d.Record.AcknowledgedBy, d.Record.AcknowledgedAt = "", nil
	d.move(Snoozed)
	d.event(body.Reason, map[string]any{"until": until})
	return nil
}

// snoozeOver begins the steps anew.
func (d *draft) snoozeOver() error {
	d.event("the snooze ended", nil)
	d.begin()
	return nil
}

// addResponder calls one more person, whatever the steps say.
func (d *draft) addResponder() error {
	var body AddResponder
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if !d.facts.PersonActive {
		return domain.Invalid("person", "%s is not known or not active", body.Person)
	}
	d.event(body.Reason, map[string]any{"person": body.Person})
	d.call(GuardOpen, []string{body.Person}, map[string]any{"by": d.command.Actor.Name})
	return nil
}

// reassign begins anew with the steps of another policy.
func (d *draft) reassign() error {
	var body Reassign
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if d.facts.Named == nil {
		return domain.Invalid("policy", "there is no EscalationPolicy %q", body.Policy)
	}
	d.event(body.Reason, map[string]any{"policy": domain.Change{From: d.Record.Policy, To: body.Policy}})
	d.Record.AcknowledgedBy, d.Record.AcknowledgedAt = "", nil
	d.plan(body.Policy, *d.facts.Named)
	d.begin()
	return nil
}

// renew hears that another promise is in danger. Somebody who takes care, or is being called, goes on with it; where every step was
// in vain, they are taken once more.
func (d *draft) renew() error {
	var body Stop
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(body.Why, map[string]any{"state": d.Record.State})
	if d.Record.State == Exhausted {
		d.begin()
	}
	return nil
}

// follow takes over what the record has become, so that pages still to come, lists and targets say what is so now.
func (d *draft) follow() error {
	var body Follow
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	d.event("", map[string]any{"priority": domain.Change{From: record.Priority, To: body.Priority}, "team": domain.Change{From: record.Team, To: body.Team}})
	record.Title, record.Service, record.Team, record.Priority = body.Title, body.Service, body.Team, body.Priority
	if body.Why != "" {
		record.Why = body.Why
	}
	return nil
}

// stop ends it: nobody is needed any more.
func (d *draft) stop() error {
	var body Stop
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.Record.Ended, d.Record.ClosedAt = body.Why, at(d.moment)
	d.move(Stopped)
	d.event(body.Why, nil)
	return nil
}

// Deadlines are the moments that the escalation's one timer keeps.
func Deadlines(record Escalation, _ Facts) ([]domain.Deadline, error) {
	switch {
	case record.State == Calling && record.NextAt != nil:
		return []domain.Deadline{{Name: "step", DueAt: *record.NextAt, Command: "escalation.step_due", Then: "calls the next in line"}}, nil
	case record.State == Acknowledged && record.HoldsUntil != nil:
		return []domain.Deadline{{
			Name: "acknowledgement", DueAt: *record.HoldsUntil, Command: "escalation.acknowledgement_due",
			Then: "calls again unless somebody is at work",
		}}, nil
	case record.State == Snoozed && record.SnoozedUntil != nil:
		return []domain.Deadline{{Name: "snooze", DueAt: *record.SnoozedUntil, Command: "escalation.snooze_over", Then: "calls from the first step on"}}, nil
	}
	return nil, nil
}
