package incident

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// resolve says that service is restored.
func (d *draft) resolve() error {
	var body Resolve
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	return d.restore(body, "incident.resolved")
}

func (d *draft) restore(body Resolve, kind string) error {
	if !d.facts.ResolutionCodes.Has(body.Code) {
		return domain.Invalid("code", "%q is not a resolution code", body.Code)
	}
	if wrong := content.Text(nil, "notes", body.Notes, 1, domain.MaxReasonBytes); wrong != nil {
		return domain.Join(wrong)
	}
	effective, err := d.Record.Effective(body.EffectiveAt, d.moment, body.Reason)
	if err != nil {
		return err
	}
	if err := d.explainBreach(body.BreachCause); err != nil {
		return err
	}
	d.settleResolution(body.Code, body.Notes, effective)
	data := map[string]any{"code": body.Code}
	if body.BreachCause != "" {
		data["breach_cause"] = body.BreachCause
	}
	if d.Record.FirstContact {
		data["first_contact"] = true
	}
	d.add(kind, true, body.Reason, d.withEffective(data, effective), map[string]any{"notes": body.Notes})
	d.notify("incident.resolved", map[string]any{"code": body.Code}, person(d.Record.Requester))
	return nil
}

// explainBreach keeps why a promise was broken, which only a broken one has.
func (d *draft) explainBreach(cause string) error {
	switch {
	case cause == "":
		return nil
	case !d.facts.BreachCauses.Has(cause):
		return domain.Invalid("breach_cause", "%q is not a cause of a breach", cause)
	case !d.Record.Breached():
		return domain.Invalid("breach_cause", "explains a broken promise, and none is broken")
	}
	d.Record.BreachCause = cause
	return nil
}

func (d *draft) settleResolution(code, notes string, effective time.Time) {
	d.Record.Resolution = Resolution{Code: code, Notes: notes, By: d.command.Actor.Name, RecordedAt: at(d.moment)}
	d.Record.ResolvedAt = at(effective)
	d.move(Resolved, effective)
}

// noResponse resolves an incident whose requester did not answer.
func (d *draft) noResponse() error {
	d.settleResolution(CodeNoResponse, "The requester did not answer.", d.moment)
	d.event(true, "no response", map[string]any{"code": CodeNoResponse}, nil)
	d.notify("incident.resolved", map[string]any{"code": CodeNoResponse}, person(d.Record.Requester))
	return nil
}

// confirm is the requester's yes; it closes the incident and may carry a score.
func (d *draft) confirm() error {
	var body Confirm
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if err := d.score(body); err != nil {
		return err
	}
	d.end(Closed)
	data := map[string]any{}
	if body.Score != 0 {
		data["score"] = body.Score
	}
	d.event(true, "", data, textOrNil("comment", body.Comment))
	if body.Score == 0 {
		d.notify("incident.satisfaction", nil, person(d.Record.Requester))
	}
	return nil
}

// rate takes the requester's score after closing, once.
func (d *draft) rate() error {
	var body Confirm
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if body.Score == 0 {
		return domain.Invalid("score", "must be 1 to 5")
	}
	if err := d.score(body); err != nil {
		return err
	}
	d.event(true, "", map[string]any{"score": body.Score}, textOrNil("comment", body.Comment))
	return nil
}

func (d *draft) score(body Confirm) error {
	if body.Score < 0 || body.Score > 5 {
		return domain.Invalid("score", "must be 1 to 5")
	}
	if wrong := content.Text(nil, "comment", body.Comment, 0, domain.MaxReasonBytes); wrong != nil {
		return domain.Join(wrong)
	}
	if body.Score != 0 {
		d.Record.Satisfaction = Satisfaction{Score: body.Score, Comment: body.Comment, At: at(d.moment)}
	}
	return nil
}

// close ends a resolved incident by hand.
func (d *draft) close() error {
	var body Plain
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	return d.closeAnd(body.Reason)
}

// autoClose ends a resolved incident that nobody objected to.
func (d *draft) autoClose() error { return d.closeAnd("no objection") }

func (d *draft) closeAnd(reason string) error {
	d.end(Closed)
	d.event(true, reason, map[string]any{"code": d.Record.Resolution.Code}, nil)
	d.notify("incident.satisfaction", nil, person(d.Record.Requester))
	return nil
}

func (d *draft) end(state domain.State) {
	d.move(state, d.moment)
	d.Record.ClosedAt = at(d.moment)
}

// cancel ends an incident that was none.
func (d *draft) cancel() error {
	var body Because
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if body.Reason == "" {
		return domain.Invalid("reason", "is needed to cancel")
	}
	d.end(Canceled)
	d.event(true, body.Reason, nil, nil)
	d.notify("incident.canceled", nil, person(d.Record.Requester))
	return nil
}

// reopen takes a resolved incident up again, or one closed for at most five working days.
func (d *draft) reopen() error {
	var body Because
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if body.Reason == "" {
		return domain.Invalid("reason", "is needed to reopen")
	}
	if d.Record.State == Closed && d.Record.ClosedAt != nil {
		last, err := d.facts.Calendar.AddDuration(*d.Record.ClosedAt, d.facts.Timing.Reopen)
		if err != nil {
			return domain.Errorf(domain.CodeInvalid, "the calendar of the incident never opens")
		}
		if d.moment.After(last) {
			allowed := slices.DeleteFunc(Allowed(d.Record, d.command.Actor), func(verb string) bool { return verb == "reopen" })
			return domain.Conflict(allowed, "the incident could be reopened until %s; log a new one that follows it", last.UTC().Format(time.RFC3339))
		}
	}
	d.takeUpAgain(body.Reason)
	if d.Record.Merged() {
		d.tellParent(d.leaveParent(), "incident.duplicate_left")
	}
	return nil
}

// takeUpAgain begins anew.
func (d *draft) takeUpAgain(reason string) {
	verdict := d.undoEnd()
	if d.Record.StartedAt == nil {
		d.Record.StartedAt = at(d.moment)
	}
	d.move(InProgress, d.moment)
	d.reopened(reason, verdict)
}

// undoEnd takes the end back. The old resolution and score leave the record for the timeline, so that both are asked again.
func (d *draft) undoEnd() map[string]any {
	d.Record.ReopenCount++
	d.Record.ResolvedAt, d.Record.ClosedAt = nil, nil
	verdict := map[string]any{"reopen_count": d.Record.ReopenCount, "code": d.Record.Resolution.Code}
	if d.Record.Satisfaction.Score != 0 {
		verdict["score"] = d.Record.Satisfaction.Score
	}
	d.Record.Resolution, d.Record.Satisfaction = Resolution{}, Satisfaction{}
	d.Record.FirstContact = false
	return verdict
}

func (d *draft) reopened(reason string, verdict map[string]any) {
	d.add("incident.reopened", true, reason, verdict, nil)
	d.notify("incident.reopened", nil, d.Record.owner())
}

// reply says what the requester's word does: it resumes, reopens, opens a new incident, or is only told to the owner.
func (d *draft) reply() error {
	var body Reply
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	data := map[string]any{"note": body.Note}
	switch {
	case d.Record.State == Closed || d.Record.State == Canceled:
		d.continueIn(body.Text, data)
	case d.Record.State == Resolved:
		d.takeUpAgain("the requester replied")
	case d.Record.State == OnHold && d.Record.Hold.Base == AwaitingRequester:
		d.goOn("the requester replied", d.moment)
		d.notify("incident.replied", nil, d.Record.owner())
	default:
		d.event(false, "", data, nil)
		d.notify("incident.replied", nil, d.Record.owner())
	}
	return nil
}

// continueIn opens a new incident that follows this one: a reply to a closed incident is a new matter.
func (d *draft) continueIn(text string, data map[string]any) {
	id := domain.NewID("follows/" + d.command.ID)
	data["continued_in"] = id
	body := map[string]any{
		// An imported title or channel may hold what a log refuses.
		"title":       content.Clip("Re: "+strings.TrimPrefix(domain.Line(d.Record.Title), "Re: "), domain.MaxTitleBytes),
		"description": text, "impact": d.Record.Impact, "urgency": d.Record.Urgency, "requester": d.Record.Requester,
		"channel": content.Clip(domain.Line(d.Record.Channel), domain.MaxItemBytes), "follows": d.Record.ID,
		"restricted": d.Record.Restricted,
	}
	if d.Record.Service != "" {
		body["service"] = d.Record.Service
	}
	if d.Record.Team != "" {
		body["team"] = d.Record.Team
	}
	d.Messages = append(d.Messages, domain.Message{
		Practice: domain.Incident, Record: id, Command: "incident.log", Body: body,
		OnClosed: domain.TargetDrop,
	})
	d.event(true, "", data, nil)
}
