package incident

import (
	"strconv"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
)

// Call is an escalation that the incident has begun and that may still call somebody.
type Call struct {
	ID string `json:"id"`
	// Policy names its steps; empty for a page by hand.
	Policy string `json:"policy,omitempty"`
}

// page calls people by hand, or lets a policy's steps call them.
func (d *draft) page() error {
	var body Page
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if (body.Policy == "") == (len(body.People) == 0) {
		return domain.Invalid("people", "or policy is needed, one of them")
	}
	if body.Reason == "" {
		return domain.Invalid("reason", "is needed to page: it is what they read first")
	}
	if body.Policy != "" && !d.facts.PolicyKnown {
		return domain.Invalid("policy", "there is no EscalationPolicy %q", body.Policy)
	}
	for _, handle := range body.People {
		if !d.facts.Callable[handle] {
			return domain.Invalid("people", "%s is not known or not active", handle)
		}
	}
	if body.Policy != "" && d.called(body.Policy) {
		return domain.Conflict(nil, "%s is calling for this incident already", body.Policy)
	}
	people := unique(body.People)
	d.event(false, body.Reason, map[string]any{"people": people, "policy": body.Policy}, nil)
	d.call(body.Policy, people, body.Reason)
	return nil
}

// called reports whether a policy's steps are being taken for the incident.
func (d *draft) called(policy string) bool {
	for _, call := range d.Record.Escalations {
		if call.Policy == policy {
			return true
		}
	}
	return false
}

// call begins an escalation; of one policy there is one at a time.
func (d *draft) call(policy string, people []string, why string) {
	record := &d.Record
	if policy != "" && d.called(policy) {
		return
	}
	seed := record.ID + "/" + policy + "/" + strconv.FormatInt(record.Version, 10) + "/" + strconv.FormatInt(d.moment.UnixMilli(), 10)
	call := Call{ID: domain.NewID("escalation/" + seed + "/" + strconv.Itoa(len(record.Escalations))), Policy: policy}
	record.Escalations = append(record.Escalations, call)
	title, reason := record.Title, clip(why, domain.MaxReasonBytes)
	if record.Restricted { // whoever is on call hears that they are needed; what it is about they read if they may
		title, reason = "A restricted incident", "somebody is needed"
	}
	body := map[string]any{
		"source": record.ID, "source_number": record.Number, "source_practice": domain.Incident, "title": title,
		"service": record.Service, "team": record.Team, "priority": record.Priority, "why": reason,
	}
	if policy != "" {
		body["policy"] = policy
	} else {
		body["people"] = people
	}
	d.Messages = append(d.Messages, domain.Message{
		Practice: escalation.Practice, Record: call.ID, Command: "escalation.open", Body: body, OnClosed: domain.TargetDrop,
	})
}

// endCalls stops whoever is being called, once the incident needs nobody any more.
func (d *draft) endCalls() {
	record := &d.Record
	if record.Open && !record.Merged() || len(record.Escalations) == 0 {
		return
	}
	why := "the incident is " + string(record.State)
	if record.Merged() {
		why = "the incident follows another one"
	}
	for _, call := range record.Escalations {
		d.Messages = append(d.Messages, domain.Message{
			Practice: escalation.Practice, Record: call.ID, Command: "escalation.stop", Body: map[string]any{"why": why}, OnClosed: domain.TargetDrop,
		})
	}
	record.Escalations = nil
}

// acknowledged notes that somebody who was called takes care: it answers the promise to respond.
func (d *draft) acknowledged() error {
	var body Taken
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(false, "", map[string]any{"by": body.By, "escalation": body.Escalation}, nil)
	d.clocks.Responded(d.moment)
	return nil
}
