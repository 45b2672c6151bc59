package incident

import (
	"maps"
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// log opens the incident; with a resolution it is logged and resolved in one step.
func (d *draft) log() error {
	var body Log
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if err := d.mayLog(body); err != nil {
		return err
	}
	d.forgetGone(&body)
	d.fitLevels(&body)
	if err := d.validLog(body); err != nil {
		return err
	}
	priority, err := d.facts.Matrix.Priority(body.Impact, body.Urgency)
	if err != nil {
		return domain.Invalid("impact", "and urgency: %v", err)
	}
	opener := d.command.Actor.Name
	d.Record = Incident{Record: domain.Record{
		ID: d.command.Record, Practice: domain.Incident, Number: d.facts.Number,
		Title: body.Title, Description: body.Description, Service: body.Service, Category: body.Category,
		Tags: content.Unique(body.Tags), Team: body.Team, Assignee: body.Assignee, Requester: body.Requester, OpenedBy: opener,
		Priority: priority, Channel: body.Channel, Location: body.Location, Environment: body.Environment,
		ConfigurationItems: content.Unique(body.ConfigurationItems), CustomFields: content.Fields(body.CustomFields),
		Policies: maps.Clone(d.facts.Policies), Restricted: body.Restricted, OpenedAt: d.moment,
	}, Details: Details{Impact: body.Impact, Urgency: body.Urgency}}
	if d.Record.Requester == "" && !d.alerted(body) {
		d.Record.Requester = opener
	}
	d.move(New, d.moment)
	rule := d.routeNew()
	data := map[string]any{
		"priority": priority, "impact": body.Impact, "urgency": body.Urgency, "service": body.Service,
		"team": d.Record.Team, "assignment_rule": rule,
	}
	if fault := d.facts.Assignment.Fault; fault != "" {
		data["assignment_fault"] = content.Clip(fault, domain.MaxReasonBytes)
	}
	d.event(true, "", data, map[string]any{"title": body.Title, "requester": d.Record.Requester})
	if body.Follows != "" && d.facts.Target != nil && d.goesOn(body) {
		d.Links = append(d.Links, domain.Link{Type: "follows", To: d.facts.Target.ID})
	}
	d.proposeCauses()
	if body.Resolution == nil {
		d.notify("incident.logged", nil, d.Record.owner(), person(d.Record.Requester))
		return nil
	}
	d.Record.FirstContact = true
	return d.restore(*body.Resolution, "incident.resolved")
}

// agentsSay are the fields of a log that agents alone fill, each with the command whose permission they stand for. What is
// wrong, how much it matters and where anybody may say; whose work it is, who else may read it and how it ended they may not.
var agentsSay = map[string]string{
	"requester": "edit", "tags": "edit", "restricted": "edit", "team": "assign", "assignee": "assign", "resolution": "resolve",
}

// MayState reports whether somebody may fill a field of Log, for forms. Everybody may name themselves as the requester.
func MayState(actor domain.Actor, field string) bool {
	return agentsSay[field] == "" || actor.Has(agents...)
}

// mayLog refuses what only agents say of a new incident.
func (d *draft) mayLog(body Log) error {
	actor := d.command.Actor
	for _, said := range []struct {
		field string
		is    bool
	}{
		{"requester", body.Requester != "" && body.Requester != actor.Name},
		{"tags", len(body.Tags) > 0},
		{"restricted", body.Restricted},
		{"team", body.Team != ""},
		{"assignee", body.Assignee != ""},
		{"resolution", body.Resolution != nil},
	} {
		if said.is && !MayState(actor, said.field) {
			return domain.Errorf(domain.CodeForbidden, "logging with %s needs the permission incident.%s", said.field, agentsSay[said.field])
		}
	}
	return nil
}

// forgetGone drops names that a machine carried over from an ended incident, or from the key of an alert, and that no longer stand
// for anything: the new incident is opened all the same, and the assignment rules find it an owner.
func (d *draft) forgetGone(body *Log) {
	if !d.continues(*body) && !d.alerted(*body) {
		return
	}
	if !d.facts.Service.Known {
		body.Service = ""
	}
	if !d.facts.Team.Known {
		body.Team = ""
	}
}

// routeNew fills what the caller left open from the assignment rules, then from the service's support team; it answers the
// name of the rule that decided, for the timeline.
func (d *draft) routeNew() string {
	rule := ""
	record, assignment := &d.Record, d.facts.Assignment
	if record.Team == "" && assignment.Team != "" {
		record.Team, rule = assignment.Team, assignment.Rule
	}
	if record.Category == "" && assignment.Category != "" {
		record.Category, rule = assignment.Category, assignment.Rule
	}
	if len(assignment.Tags) > 0 {
		record.Tags, rule = content.Unique(append(slices.Clone(record.Tags), assignment.Tags...)), assignment.Rule
	}
	if record.Team == "" && record.Service != "" && d.facts.Service.Team != "" {
		record.Team, rule = d.facts.Service.Team, "support team of "+record.Service
	}
	return rule
}

func (d *draft) validLog(body Log) error {
	var wrong []domain.FieldError
	wrong = content.Line(wrong, "title", body.Title, 1, domain.MaxTitleBytes)
	wrong = content.Text(wrong, "description", body.Description, 0, domain.MaxDescriptionBytes)
	wrong = content.Items(wrong, "tags", body.Tags)
	wrong = content.Items(wrong, "configuration_items", body.ConfigurationItems)
	wrong = content.CustomFields(wrong, body.CustomFields)
	wrong = content.Short(wrong, map[string]string{
		"category": body.Category, "channel": body.Channel,
		"location": body.Location, "environment": body.Environment,
	})
	if body.Service != "" && !d.facts.Service.Known {
		wrong = append(wrong, content.Unknown("service", body.Service))
	}
	if body.Team != "" && !d.facts.Team.Known {
		wrong = append(wrong, content.Unknown("team", body.Team))
	}
	if body.Assignee != "" && (!d.facts.Assignee.Active || !d.facts.Assignee.Member) {
		wrong = append(wrong, domain.FieldError{Location: "body.assignee", Message: "is not an active member of the team", Value: body.Assignee})
	}
	if body.Requester != "" && !d.facts.Requester.Active && !d.continues(body) {
		wrong = append(wrong, content.Unknown("requester", body.Requester))
	}
	if body.Follows != "" && d.facts.Target == nil {
		wrong = append(wrong, content.Unknown("follows", body.Follows))
	}
	return domain.Join(wrong)
}

// continues reports whether a machine opens the incident to go on with an ended one; its requester may have left meanwhile.
func (d *draft) continues(body Log) bool {
	return d.command.Actor.Kind != domain.ActorPerson && body.Follows != ""
}

// triage says what the incident is about and whose it is.
func (d *draft) triage() error {
	var body Triage
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if wrong := content.Short(nil, map[string]string{"category": body.Category}); wrong != nil {
		return domain.Join(wrong)
	}
	record := &d.Record
	changes := map[string]any{}
	if body.Category != "" {
		content.Note(changes, "category", &record.Category, body.Category)
	}
	if body.Service != "" {
		if !d.facts.Service.Known {
			return domain.Join([]domain.FieldError{content.Unknown("service", body.Service)})
		}
		content.Note(changes, "service", &record.Service, body.Service)
	}
	if body.ConfigurationItems != nil {
		if wrong := content.Items(nil, "configuration_items", body.ConfigurationItems); wrong != nil {
			return domain.Join(wrong)
		}
		content.NoteList(changes, "configuration_items", &record.ConfigurationItems, content.Unique(body.ConfigurationItems))
	}
	if body.Tags != nil {
		if wrong := content.Items(nil, "tags", body.Tags); wrong != nil {
			return domain.Join(wrong)
		}
		content.NoteList(changes, "tags", &record.Tags, content.Unique(body.Tags))
	}
	if err := d.reRate(body.Impact, body.Urgency, changes); err != nil {
		return err
	}
	if body.Team != "" {
		if err := d.give(body.Team, "", changes); err != nil {
			return err
		}
	}
	if record.Team == "" {
		return domain.Invalid("team", "is needed to triage: nobody owns this incident")
	}
	d.stampPolicies()
	record.TriagedAt = at(d.moment)
	d.move(Triaged, d.moment)
	d.event(false, "", changes, nil)
	d.proposeCauses()
	return nil
}

// stampPolicies takes over the policy versions that hold with a newly named service; those of the old service go.
func (d *draft) stampPolicies() {
	if d.facts.Policies != nil {
		d.Record.Policies = maps.Clone(d.facts.Policies)
	}
}
