package incident

import (
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// assign gives the incident to a team, a person or both.
func (d *draft) assign() error {
	var body Assign
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if body.Team == "" && body.Assignee == "" {
		return domain.Invalid("team", "or assignee is needed")
	}
	changes := map[string]any{}
	if err := d.give(body.Team, body.Assignee, changes); err != nil {
		return err
	}
	if len(changes) == 0 {
		return domain.Errorf(domain.CodeInvalid, "the incident is assigned so already")
	}
	d.event(false, "", changes, nil)
	d.notify("incident.assigned", nil, d.Record.owner())
	return nil
}

// give changes team and assignee, counts reassignments and marks ping-pong: a way straight back to the team before.
func (d *draft) give(team, assignee string, changes map[string]any) error {
	record := &d.Record
	if team != "" && !d.facts.Team.Known {
		return domain.Join([]domain.FieldError{content.Unknown("team", team)})
	}
	if assignee != "" && (!d.facts.Assignee.Active || !d.facts.Assignee.Member) {
		return domain.Invalid("assignee", "%s is not an active member of the team", assignee)
	}
	teamMoves := team != "" && team != record.Team
	personMoves := assignee != "" && assignee != record.Assignee
	if teamMoves && record.Team != "" || !teamMoves && personMoves && record.Assignee != "" {
		record.ReassignmentCount++
	}
	if teamMoves {
		if record.PreviousTeam == team {
			record.PingPong = true
			changes["ping_pong"] = true
		}
		record.PreviousTeam = record.Team
		content.Note(changes, "team", &record.Team, team)
	}
	if teamMoves || assignee != "" {
		content.Note(changes, "assignee", &record.Assignee, assignee) // another team without a person: theirs to choose
	}
	return nil
}

// start says that work has begun; effective_at may lie up to 24 h back.
func (d *draft) start() error {
	var body Start
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	effective, err := d.Record.Effective(body.EffectiveAt, d.moment, body.Reason)
	if err != nil {
		return err
	}
	if d.Record.StartedAt == nil {
		d.Record.StartedAt = at(effective)
	}
	var data map[string]any
	if d.Record.Assignee == "" && d.command.Actor.Kind == domain.ActorPerson && d.facts.Assignee.Active && d.facts.Assignee.Member {
		data = map[string]any{}
		content.Note(data, "assignee", &d.Record.Assignee, d.command.Actor.Name)
	}
	d.move(InProgress, effective)
	d.event(true, body.Reason, d.withEffective(data, effective), nil)
	return nil
}

func (d *draft) withEffective(data map[string]any, effective time.Time) map[string]any {
	if effective.Equal(d.moment) {
		return data
	}
	if data == nil {
		data = map[string]any{}
	}
	data["effective_at"] = effective
	return data
}

// hold stops work for a reason; the reason's base decides which rules apply.
func (d *draft) hold() error {
	var body HoldOn
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	base, known := d.facts.HoldReasons.Base(body.Reason)
	if !known {
		return domain.Invalid("reason", "%q is not a hold reason", body.Reason)
	}
	if d.Record.State == OnHold && d.Record.Hold.Reason == body.Reason {
		return domain.Conflict(nil, "the incident is held for this reason already")
	}
	if err := d.validHold(body, base); err != nil {
		return err
	}
	from := d.Record.State
	if from == OnHold {
		from = d.Record.Hold.From
	}
	d.Record.Hold = Hold{
		Reason: body.Reason, Base: base, Since: at(d.moment), Until: cut(body.Until), Vendor: body.Vendor,
		Reference: body.Reference, PromisedAt: cut(body.PromisedAt), From: from,
	}
	d.move(OnHold, d.moment)
	data := map[string]any{"reason": body.Reason, "base": base}
	if body.Until != nil {
		data["until"] = domain.Millisecond(*body.Until)
	}
	if body.Vendor != "" {
		data["vendor"], data["reference"] = body.Vendor, body.Reference
	}
	if body.PromisedAt != nil {
		data["promised_at"] = domain.Millisecond(*body.PromisedAt)
	}
	d.event(true, "", data, textOrNil("comment", body.Comment))
	if base == AwaitingRequester {
		d.notify("incident.awaiting_requester", nil, person(d.Record.Requester))
	}
	return nil
}

func (d *draft) validHold(body HoldOn, base string) error {
	wrong := content.Short(nil, map[string]string{"vendor": body.Vendor, "reference": body.Reference})
	if wrong = content.Text(wrong, "comment", body.Comment, 0, domain.MaxReasonBytes); wrong != nil {
		return domain.Join(wrong)
	}
	if base == AwaitingVendor && (body.Vendor == "" || body.Reference == "") {
		return domain.Invalid("vendor", "and reference are needed to await a vendor")
	}
	if base == Scheduled && body.Until == nil {
		return domain.Invalid("until", "is needed when work is scheduled")
	}
	if err := d.ahead("until", body.Until); err != nil {
		return err
	}
	return d.ahead("promised_at", body.PromisedAt)
}

// farthest is how far ahead somebody can say that something will be, in years.
const farthest = 100

// ahead refuses a moment that is over, or so far off that nobody can mean it.
func (d *draft) ahead(field string, moment *time.Time) error {
	switch {
	case moment == nil:
		return nil
	case !domain.Millisecond(*moment).After(d.moment):
		return domain.Invalid(field, "does not lie in the future")
	case moment.After(d.moment.AddDate(farthest, 0, 0)):
		return domain.Invalid(field, "lies more than %d years ahead", farthest)
	}
	return nil
}

func cut(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return at(domain.Millisecond(*t))
}

func textOrNil(name, text string) map[string]any {
	if text == "" {
		return nil
	}
	return map[string]any{name: text}
}

// resume takes work up again: in progress if it ever was, else where it stood before.
func (d *draft) resume() error {
	var body Plain
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.goOn(body.Reason, d.moment)
	return nil
}

// goOn ends the hold; effective is when it really ended.
func (d *draft) goOn(reason string, effective time.Time) {
	data := map[string]any{"held_for": d.Record.Hold.Reason}
	if d.Record.Hold.Since != nil {
		data["held_since"] = *d.Record.Hold.Since
	}
	to := d.Record.Hold.From
	if d.Record.StartedAt != nil {
		to = InProgress
	}
	d.move(to, effective)
	data["state"] = to
	d.add("incident.resumed", true, reason, data, nil)
}

// holdOver ends a hold whose until has come: then, however late this is decided, because clocks count from then on.
func (d *draft) holdOver() error {
	d.goOn("the hold ended", d.due())
	d.notify("incident.resumed", nil, d.Record.owner())
	return nil
}

// promiseMissed tells the owner that the vendor's promise has passed.
func (d *draft) promiseMissed() error {
	d.Record.Hold.PromiseMissed = true
	d.event(false, "", map[string]any{"vendor": d.Record.Hold.Vendor, "reference": d.Record.Hold.Reference}, nil)
	d.notify("incident.promise_missed", map[string]any{"vendor": d.Record.Hold.Vendor}, d.Record.owner())
	return nil
}

// remindRequester asks the requester once more for the answer that the incident waits for.
func (d *draft) remindRequester() error {
	d.Record.Hold.Reminders++
	count := d.Record.Hold.Reminders
	d.event(true, "", map[string]any{"reminder": count}, nil)
	d.notify("incident.reminder", map[string]any{"reminder": strconv.Itoa(count)}, person(d.Record.Requester))
	return nil
}

// triageOverdue tells the team lead that nobody has taken the incident up.
func (d *draft) triageOverdue() error {
	d.Record.TriageEscalatedAt = at(d.moment)
	d.event(false, "", map[string]any{"priority": d.Record.Priority, "team": d.Record.Team}, nil)
	d.notify("incident.triage_overdue", nil, teamRecipient("team_lead", d.Record.Team))
	return nil
}

// changePriority rates the incident anew by the matrix.
func (d *draft) changePriority() error {
	var body ChangePriority
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if body.Reason == "" {
		return domain.Invalid("reason", "is needed to change the priority")
	}
	changes := map[string]any{}
	d.Record.PriorityOverridden = false
	if err := d.reRate(body.Impact, body.Urgency, changes); err != nil {
		return err
	}
	if len(changes) == 0 {
		return domain.Errorf(domain.CodeInvalid, "impact and urgency are so already")
	}
	d.event(true, body.Reason, changes, nil)
	return nil
}

// reRate sets impact and urgency; the matrix gives the priority unless it is overridden. What is left out stays.
func (d *draft) reRate(impact, urgency string, changes map[string]any) error {
	record := &d.Record
	if impact == "" {
		impact = record.Impact
	}
	if urgency == "" {
		urgency = record.Urgency
	}
	priority, err := d.facts.Matrix.Priority(impact, urgency)
	if err != nil {
		return domain.Invalid("impact", "and urgency: %v", err)
	}
	content.Note(changes, "impact", &record.Impact, impact)
	content.Note(changes, "urgency", &record.Urgency, urgency)
	if !record.PriorityOverridden && priority != record.Priority {
		if priority > record.Priority && d.clocks.Used(d.moment, sla.Whole/2) && !d.command.Actor.Has(leads...) {
			return domain.Errorf(domain.CodeForbidden, "half of a promised time is used: lowering the priority now needs a team lead")
		}
		changes["priority"] = domain.Change{From: record.Priority, To: priority}
		record.Priority = priority
	}
	return nil
}

// overridePriority sets the priority against the matrix and marks it.
func (d *draft) overridePriority() error {
	var body OverridePriority
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if body.Reason == "" {
		return domain.Invalid("reason", "is needed to override the priority")
	}
	if body.Priority < 1 || body.Priority > 5 {
		return domain.Invalid("priority", "must be 1 to 5")
	}
	if body.Priority == d.Record.Priority {
		return domain.Invalid("priority", "is %d already", body.Priority)
	}
	d.event(true, body.Reason, map[string]any{"priority": domain.Change{From: d.Record.Priority, To: body.Priority}}, nil)
	d.Record.Priority, d.Record.PriorityOverridden = body.Priority, true
	return nil
}

// informed notes that the requester heard of the matter from a person: it answers the promises to respond and not to be silent.
func (d *draft) informed() error {
	var body Informed
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(false, "", map[string]any{"note": body.Note}, nil)
	d.clocks.Responded(d.moment)
	d.clocks.Told(d.moment)
	return nil
}
