package incident

import (
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Agreed is what Decide needs to know of agreements.
type Agreed struct {
	// Book holds the agreements that can apply; read for a command that opens an incident, names another service or category, or
	// asks to measure anew.
	Book *sla.Book
	// Teams are those to which thresholds that come now give the incident, and that there are.
	Teams map[string]bool
	// Held are the terms of the agreements that the incident is under, and of its clocks in force.
	Held []sla.Terms
}

// choices are the agreements that the incident is under.
func (d *draft) choices() []sla.Choice {
	list := make([]sla.Choice, 0, len(d.Record.Agreements))
	for _, stamp := range d.Record.Agreements {
		for _, terms := range d.facts.Agreed.Held {
			if terms.Stamps(stamp) {
				list = append(list, sla.Choice{Terms: terms, Why: stamp.Why})
				break
			}
		}
	}
	return list
}

// choose stamps the agreements that hold for the incident as it is now.
func (d *draft) choose() []sla.Choice {
	if d.facts.Agreed.Book == nil {
		return d.choices()
	}
	record := &d.Record
	choices, faults := d.facts.Agreed.Book.Choose(map[string]any{
		"practice": string(domain.Incident), "title": record.Title, "priority": int64(record.Priority), "service": record.Service,
		"category": record.Category, "team": record.Team, "channel": record.Channel, "location": record.Location,
		"environment": record.Environment, "requester": record.Requester, "tags": record.Tags,
		"configuration_items": record.ConfigurationItems,
	}, record.OpenedAt)
	record.Agreements = make([]sla.Stamp, len(choices))
	for i, choice := range choices {
		record.Agreements[i] = choice.Stamp()
	}
	if len(faults) > 0 {
		d.add("incident.agreement_failed", false, content.Clip(strings.Join(faults, "; "), domain.MaxReasonBytes), nil, nil)
	}
	return choices
}

// keepClocks brings the clocks in line with what was decided: first the circumstances, then the promises, then what was done
// about them.
func (d *draft) keepClocks(before Incident) {
	k, record := d.clocks, &d.Record
	if before.State == "" {
		k.Life = sla.Life{{From: d.moment, By: d.command.Actor.Name, State: New, Open: true, Team: record.Team}}
		k.Open(d.choose(), record.Priority, d.moment)
		before.Team, before.State = record.Team, New
	}
	d.live(before)
	d.rateClocks(before)
	d.answerClocks(before)
	d.endClocks(before)
	d.tellClocks()
	record.Life, record.Clocks, record.RespondedAt = k.Life, k.Clocks, k.Answered
}

// live lets the clocks know of changed circumstances, each from when it was so.
func (d *draft) live(before Incident) {
	record, by := &d.Record, d.command.Actor.Name
	if len(d.clocks.Life) == 0 { // opened by a release without clocks
		d.clocks.Life = sla.Life{{
			From: before.StateSince, State: before.State, Open: before.Open, Team: before.Team, Merged: before.Merged(),
			Reason: before.Hold.Reason, Base: before.Hold.Base, Vendor: before.Hold.Vendor,
		}}
	}
	if record.Team != before.Team {
		d.clocks.Live(d.moment, by, func(s *sla.Segment) { s.Team = record.Team })
	}
	if record.State != before.State || record.Hold.Reason != before.Hold.Reason || record.Hold.Vendor != before.Hold.Vendor {
		info, _ := Lifecycle.State(record.State)
		d.clocks.Live(record.StateSince, by, func(s *sla.Segment) {
			s.State, s.Open = record.State, info.Open
			s.Reason, s.Base, s.Vendor = record.Hold.Reason, record.Hold.Base, record.Hold.Vendor
		})
	}
}

// rateClocks measures the clocks anew where a new service, category or priority asks for it.
func (d *draft) rateClocks(before Incident) {
	record := &d.Record
	switch {
	case before.ID == "":
	case record.Service != before.Service || record.Category != before.Category:
		d.clocks.Rerate(d.choose(), record.Priority, d.due())
	case record.Priority != before.Priority:
		d.clocks.Rerate(d.choices(), record.Priority, d.due())
	}
}

// reRateClocks brings the incident under the agreements and calendars that are the newest now, and measures its clocks by them.
// Where nothing has changed, that is what the timeline says.
func (d *draft) reRateClocks() error {
	var body Plain
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.stampPolicies()
	d.live(d.Record)
	before := slices.Clone(d.clocks.Clocks)
	d.clocks.Rerate(d.choose(), d.Record.Priority, d.moment)
	d.event(false, body.Reason, map[string]any{"clocks_changed": len(sla.Differing(before, d.clocks.Clocks)) > 0}, nil)
	return nil
}

// answerClocks meets what a person did for the requester. Machines never respond.
func (d *draft) answerClocks(before Incident) {
	record := &d.Record
	if !d.command.Actor.Human() {
		return
	}
	if record.Assignee != "" && (record.Assignee != before.Assignee || record.Team != before.Team) {
		d.clocks.Assigned(d.moment)
	}
	if record.StartedAt != nil && before.StartedAt == nil && record.State == InProgress {
		d.clocks.Responded(record.StateSince)
	}
}

// endClocks stops, cancels and begins clocks as the incident ends, follows another one or is taken up again.
func (d *draft) endClocks(before Incident) {
	record, k := &d.Record, d.clocks
	switch {
	case record.Merged() && !before.Merged():
		k.Merged(d.moment, d.command.Actor.Name)
	case !record.Merged() && before.Merged():
		k.Unmerged(d.moment, d.command.Actor.Name, d.choices(), record.Priority)
	}
	switch {
	case record.State == before.State:
	case record.State == Resolved:
		k.Resolved(record.StateSince, d.command.Actor.Human())
	case record.State == Canceled || record.State == Closed:
		k.Cancel(d.moment, string(record.State))
	case before.State == Resolved || before.State == Closed:
		k.Reopened(d.moment, d.choices(), record.Priority)
	}
}

// clockDue settles the clocks' next place, whose deadline has come, and does what the agreement says.
func (d *draft) clockDue() error {
	d.clocks.Tick(d.due())
	for _, happening := range d.clocks.Happenings {
		for _, action := range happening.Actions {
			d.act(happening, action)
		}
	}
	if len(d.clocks.Happenings) == 0 {
		return domain.Errorf(domain.CodeConflict, "no clock is due")
	}
	return nil
}

// act does what a threshold asks of the incident itself; what it tells people is told with the threshold.
func (d *draft) act(happening sla.Happening, action sla.Action) {
	record, clock := &d.Record, happening.Clock
	because := string(clock.Metric) + " of " + clock.Agreement + " reached " + happening.Point.At
	switch {
	case action.RaisePriority > 0 && record.Priority > 1 && d.clocks.Raise(clock.Metric, clock.Agreement):
		raised := max(record.Priority-action.RaisePriority, 1)
		d.add("incident.priority_raised", true, "a promise is in danger", map[string]any{"priority": domain.Change{From: record.Priority, To: raised}}, nil)
		record.Priority, record.PriorityOverridden = raised, true
	case action.Reassign != "" && action.Reassign != record.Team:
		changes := map[string]any{}
		d.facts.Team.Known = d.facts.Agreed.Teams[action.Reassign]
		if err := d.give(action.Reassign, "", changes); err != nil {
			d.add("incident.reassignment_failed", false, because+", and "+err.Error(), map[string]any{"team": action.Reassign}, nil)
			return
		}
		d.add("incident.assigned", false, because, changes, nil)
		d.notify("incident.assigned", nil, record.owner())
	case action.Escalate != "":
		d.callFor(action.Escalate, clock, because)
	case action.AddWatcher != "":
		d.Watchers = append(d.Watchers, action.AddWatcher)
	}
}

// tellClocks puts on the timeline what befell the clocks, and tells the people whom the agreement names. Those who own the work
// hear of a broken promise once, unless the agreement itself says who does.
func (d *draft) tellClocks() {
	for _, happening := range d.clocks.Happenings {
		kind, reason := "incident.clock_"+string(happening.Kind), ""
		if happening.ByRerating {
			reason = "a re-rating left the end of the target in the past"
		}
		d.add(kind, false, reason, happening.Facts(), nil)
		facts := map[string]any{"metric": happening.Clock.Metric, "agreement": happening.Clock.Agreement, "target": happening.Clock.Target}
		switch {
		case happening.Kind == sla.HasReached:
			facts["at"] = happening.Point.At
			for _, action := range happening.Actions {
				d.notify("incident.clock_reached", facts, d.recipients(action.Notify)...)
			}
		case happening.Kind == sla.HasBreached && (happening.ByRerating || !d.tellsOfEnd(happening.Clock)):
			if happening.ByRerating {
				facts["re_rated"] = true
			}
			d.notify("incident.clock_breached", facts, d.Record.owner(), teamRecipient("team_lead", d.Record.Team))
		}
	}
}

// tellsOfEnd reports whether a clock's agreement does something of its own at the end of the target.
func (d *draft) tellsOfEnd(clock sla.Clock) bool {
	for _, terms := range d.facts.Agreed.Held {
		if terms.Measures(clock) {
			return slices.ContainsFunc(terms.Spec.Thresholds, func(t sla.Threshold) bool {
				return t.Metric == clock.Metric && t.At.BasisPoints == sla.Whole
			})
		}
	}
	return false
}

// recipients turns the roles of an agreement into whom notices go to.
func (d *draft) recipients(roles []string) []string {
	record := &d.Record
	var to []string
	for _, role := range roles {
		switch role {
		case "assignee":
			to = append(to, record.owner())
		case "team", "team_lead":
			to = append(to, teamRecipient(role, record.Team))
		case "requester":
			to = append(to, person(record.Requester))
		case "service_owner":
			if record.Service != "" {
				to = append(to, "service_owner:"+record.Service)
			}
		case "watchers":
			to = append(to, "watchers:"+record.ID)
		default:
			if strings.HasPrefix(role, "person:") {
				to = append(to, role)
			}
		}
	}
	return slices.DeleteFunc(to, func(recipient string) bool { return recipient == "" })
}
