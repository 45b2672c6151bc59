package incident

import (
	"slices"
	"strconv"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Call is an escalation that the incident has begun and that may still call somebody.
type Call struct {
	ID string `json:"id"`
	// Policy names its steps; empty for a page by hand.
	Policy string `json:"policy,omitempty"`
	// For are the promises for whose sake it calls.
	For []Promise `json:"for,omitempty"`
	// ForPriority: it calls because the service pages for the incident's priority. One that has neither calls by somebody's hand, for
	// as long as the incident is open.
	ForPriority bool `json:"for_priority,omitempty"`
}

func (c Call) byHand() bool { return len(c.For) == 0 && !c.ForPriority }

// Promise names one clock in one cycle.
type Promise struct {
	Metric    sla.Metric `json:"metric"`
	Agreement string     `json:"agreement"`
	Cycle     int        `json:"cycle"`
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
	if body.Policy != "" && d.calling(body.Policy) != nil {
		return domain.Conflict(nil, "%s is calling for this incident already", body.Policy)
	}
	people := content.Unique(body.People)
	d.event(false, body.Reason, map[string]any{"people": people, "policy": body.Policy}, nil)
	d.call(Call{Policy: body.Policy}, people, body.Reason)
	return nil
}

// callFor lets a policy's steps call somebody for the sake of a promise. Where they call already, the escalation is told: one that
// is exhausted begins anew.
func (d *draft) callFor(policy string, clock sla.Clock, why string) {
	promise := Promise{Metric: clock.Metric, Agreement: clock.Agreement, Cycle: clock.Cycle}
	call := d.calling(policy)
	if call == nil {
		d.call(Call{Policy: policy, For: []Promise{promise}}, nil, why)
		return
	}
	if !call.byHand() && !slices.Contains(call.For, promise) {
		call.For = append(slices.Clip(call.For), promise)
	}
	d.renew(*call, why)
}

// What those who are called hear of a restricted incident: that they are needed. What it is about they read if they may.
const (
	restrictedTitle = "A restricted incident"
	restrictedWhy   = "somebody is needed"
)

// calling finds the call of a policy whose steps are being taken for the incident; nil when there is none.
func (d *draft) calling(policy string) *Call {
	for i := range d.Record.Escalations {
		if call := &d.Record.Escalations[i]; call.Policy == policy {
			return call
		}
	}
	return nil
}

// tellCall sends a command to an escalation.
func (d *draft) tellCall(call Call, verb string, body map[string]any) {
	d.Messages = append(d.Messages, domain.Message{
		Practice: escalation.Practice, Record: call.ID, Command: "escalation." + verb, Body: body, OnClosed: domain.TargetDrop,
	})
}

// call begins an escalation; of one policy there is one at a time.
func (d *draft) call(call Call, people []string, why string) {
	record, policy := &d.Record, call.Policy
	seed := record.ID + "/" + policy + "/" + strconv.FormatInt(record.Version, 10) + "/" + strconv.FormatInt(d.moment.UnixMilli(), 10)
	call.ID = domain.NewID("escalation/" + seed + "/" + strconv.Itoa(len(record.Escalations)))
	record.Escalations = append(record.Escalations, call)
	title, reason := record.Title, content.Clip(why, domain.MaxReasonBytes)
	if record.Restricted {
		title, reason = restrictedTitle, restrictedWhy
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
	d.tellCall(call, "open", body)
}

// describeCalls tells whoever calls what the incident has become: pages that are still to leave must not name what was made
// restricted meanwhile, and targets such as the team's lead are those of its team now.
func (d *draft) describeCalls(before Incident) {
	record := &d.Record
	if record.Title == before.Title && record.Service == before.Service && record.Team == before.Team &&
		record.Priority == before.Priority && record.Restricted == before.Restricted {
		return
	}
	body := map[string]any{"title": record.Title, "service": record.Service, "team": record.Team, "priority": record.Priority}
	if record.Restricted {
		body["title"], body["why"] = restrictedTitle, restrictedWhy
	}
	for _, call := range before.Escalations {
		if slices.ContainsFunc(record.Escalations, func(going Call) bool { return going.ID == call.ID }) {
			d.tellCall(call, "follow", body)
		}
	}
}

// endCalls stops whoever is being called: once the incident needs nobody any more, or what they are called for is over: the promises
// are kept, or the service does not page for the priority any more.
func (d *draft) endCalls() {
	record := &d.Record
	going := record.Escalations[:0:0]
	for _, call := range record.Escalations {
		why := ""
		switch {
		case record.Merged():
			why = "the incident follows another one"
		case !record.Open:
			why = "the incident is " + string(record.State)
		case call.byHand() || slices.ContainsFunc(call.For, d.owed):
		case call.ForPriority && (d.pagesFor(*record) || !d.pagingKnown()):
		case call.ForPriority:
			why = d.pagesNobody()
		default:
			why = "what was promised has been done"
		}
		if why == "" {
			going = append(going, call)
			continue
		}
		d.tellCall(call, "stop", map[string]any{"why": why})
	}
	if len(going) < len(record.Escalations) {
		record.Escalations = going
	}
}

// owed reports whether a promise is still to be kept.
func (d *draft) owed(promise Promise) bool {
	return slices.ContainsFunc(d.Record.Clocks, func(c sla.Clock) bool {
		return c.Owed() && c.Metric == promise.Metric && c.Cycle == promise.Cycle &&
			(c.Agreement == promise.Agreement || c.Metric.ToRequester())
	})
}

// acknowledged notes that somebody who was called takes care: it answers the promise to respond.
func (d *draft) acknowledged() error {
	var body Taken
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(false, "", map[string]any{"by": body.By, "escalation": body.Escalation}, nil)
	at := d.moment
	if body.At != nil && body.At.Before(at) && !body.At.Before(d.Record.OpenedAt) {
		at = domain.Millisecond(*body.At)
	}
	d.clocks.Responded(at)
	return nil
}
