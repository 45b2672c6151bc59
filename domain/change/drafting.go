package change

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// draftChange opens a change.
func (d *draft) draftChange() error {
	var body Content
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	body.Type = cmp.Or(body.Type, Normal)
	tasks := newTasks(body.Tasks)
	if err := d.validContent(body, tasks); err != nil {
		return err
	}
	d.Record = d.opened(body)
	record := &d.Record
	record.Tasks, record.AutoStart, record.SecurityReason = tasks, body.AutoStart, body.SecurityReason
	for _, reference := range content.Unique(body.Predecessors) {
		record.Predecessors = append(record.Predecessors, d.facts.Predecessors[reference])
	}
	d.move(Draft, d.moment)
	d.event("", d.firstFacts(), map[string]any{"title": record.Title, "requester": record.Requester})
	return nil
}

// opened is a change as its content says.
func (d *draft) opened(body Content) Change {
	opener := d.command.Actor.Name
	record := Change{
		Record: domain.Record{
			ID: d.command.Record, Practice: Practice, Number: d.facts.Number, Title: body.Title, Description: body.Description,
			Service: body.Service, Category: body.Category, Tags: content.Unique(body.Tags), Team: body.Team, Assignee: body.Assignee,
			Requester: cmp.Or(body.Requester, opener), OpenedBy: opener, Priority: PriorityOf(body.Type), Environment: body.Environment,
			ConfigurationItems: content.Unique(body.ConfigurationItems), CustomFields: content.Fields(body.CustomFields),
			Policies: maps.Clone(d.facts.Policies), Restricted: body.Restricted, OpenedAt: d.moment,
		},
		Details: Details{
			Type: body.Type, Justification: body.Justification, Plan: body.Plan, TestPlan: body.TestPlan, BackOutPlan: body.BackOutPlan,
			Services: services(body.Service, body.Services), Exclusive: body.Exclusive, WindowFrom: cut(body.WindowFrom),
			WindowTo: cut(body.WindowTo), ExpectedOutage: body.ExpectedOutage, Conflicts: []Conflict{}, Tasks: []Task{},
			Predecessors: []string{}, Overrides: []Override{}, Causes: []Cause{},
		},
	}
	if record.Team == "" {
		record.Team = d.facts.Services[body.Service].Team
	}
	return record
}

// PriorityOf is the priority of a change of a type: an emergency comes first, everything else in the middle.
func PriorityOf(kind string) int {
	if kind == Emergency {
		return 1
	}
	return 3
}

func (d *draft) firstFacts() map[string]any {
	record := &d.Record
	return map[string]any{
		"type": record.Type, "model": record.Model, "service": record.Service, "team": record.Team, "policies": record.Policies,
	}
}

// services are all that a change touches, its own first.
func services(own string, further []string) []string {
	return content.Unique(append([]string{own}, further...))
}

func cut(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return at(domain.Millisecond(*t))
}

// validContent says everything that is wrong with what a change is drafted with.
func (d *draft) validContent(body Content, tasks []Task) error {
	var wrong []domain.FieldError
	if body.Type != Normal && body.Type != Emergency {
		wrong = append(wrong, domain.FieldError{Location: "body.type", Message: "is normal or emergency; a standard change is made from its model", Value: body.Type})
	}
	wrong = content.Line(wrong, "title", body.Title, 1, domain.MaxTitleBytes)
	wrong = d.texts(wrong, map[string]string{
		"description": body.Description, "justification": body.Justification, "plan": body.Plan, "test_plan": body.TestPlan,
		"back_out_plan": body.BackOutPlan,
	})
	wrong = content.Text(wrong, "expected_outage", body.ExpectedOutage, 0, domain.MaxReasonBytes)
	wrong = content.Text(wrong, "security_reason", body.SecurityReason, 0, domain.MaxReasonBytes)
	wrong = content.Items(wrong, "tags", body.Tags)
	wrong = content.Items(wrong, "configuration_items", body.ConfigurationItems)
	wrong = content.CustomFields(wrong, body.CustomFields)
	wrong = content.Short(wrong, map[string]string{"category": body.Category, "environment": body.Environment})
	wrong = d.names(wrong, services(body.Service, body.Services), body.Team, body.Assignee, body.Requester, body.Predecessors)
	wrong = d.checkWindow(wrong, body.WindowFrom, body.WindowTo)
	return domain.Join(append(wrong, checkTasks(tasks)...))
}

func (d *draft) texts(wrong []domain.FieldError, texts map[string]string) []domain.FieldError {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		wrong = content.Text(wrong, name, texts[name], 0, domain.MaxDescriptionBytes)
	}
	return wrong
}

// names says of the handles of a command which stand for nothing that is active.
func (d *draft) names(wrong []domain.FieldError, touched []string, team, assignee, requester string, predecessors []string) []domain.FieldError {
	for _, service := range touched {
		if _, known := d.facts.Services[service]; !known {
			wrong = append(wrong, content.Unknown("services", service))
		}
	}
	for _, item := range d.facts.UnknownItems {
		wrong = append(wrong, content.Unknown("configuration_items", item))
	}
	for _, reference := range content.Unique(predecessors) {
		if id, known := d.facts.Predecessors[reference]; !known || id == d.command.Record {
			wrong = append(wrong, content.Unknown("predecessors", reference))
		}
	}
	if team != "" && !d.facts.TeamKnown {
		wrong = append(wrong, content.Unknown("team", team))
	}
	if assignee != "" && !d.facts.AssigneeMember {
		wrong = append(wrong, domain.FieldError{Location: "body.assignee", Message: "is not an active member of the team", Value: assignee})
	}
	if requester != "" && !d.facts.RequesterActive {
		wrong = append(wrong, content.Unknown("requester", requester))
	}
	return wrong
}

// maxWindow bounds how long a change may be planned to take: weeks, for those that are rolled out in stages.
const maxWindow = 92 * 24 * time.Hour

// farthest bounds how many years from now a window may lie: what is kept of it is read by all who list changes.
const farthest = 10

func (d *draft) checkWindow(wrong []domain.FieldError, from, to *time.Time) []domain.FieldError {
	switch {
	case from == nil && to == nil:
	case from == nil || to == nil:
		wrong = append(wrong, domain.FieldError{Location: "body.window_to", Message: "and window_from belong together"})
	case !from.Before(*to):
		wrong = append(wrong, domain.FieldError{Location: "body.window_to", Message: "does not lie after window_from"})
	case from.Before(d.moment.AddDate(-farthest, 0, 0)) || to.After(d.moment.AddDate(farthest, 0, 0)):
		wrong = append(wrong, domain.FieldError{Location: "body.window_from", Message: fmt.Sprintf("and window_to lie within %d years from now", farthest)})
	case to.Sub(*from) > maxWindow:
		wrong = append(wrong, domain.FieldError{Location: "body.window_to", Message: "lies more than 92 days after window_from"})
	}
	return wrong
}

// fromModel opens a change that follows a model. A standard one is authorised by it: it needs no vote, as long as it is followed.
func (d *draft) fromModel() error {
	var body FromModel
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	model := d.facts.Model
	if !d.facts.ModelKnown || body.Model == "" {
		return domain.Join([]domain.FieldError{content.Unknown("model", body.Model)})
	}
	if why := d.facts.Surroundings.Suspended; model.Type == Standard && why != "" {
		return domain.Conflict(nil, "the model %s is suspended: %s; draft a normal change, which is assessed, or have the model corrected", body.Model, why)
	}
	made := Content{
		Title: cmp.Or(body.Title, model.Title, body.Model), Description: cmp.Or(body.Description, model.Description), Type: model.Type,
		Justification: model.Justification, Plan: model.Plan, TestPlan: model.TestPlan, BackOutPlan: model.BackOutPlan,
		Service: cmp.Or(body.Service, model.Service), ConfigurationItems: body.ConfigurationItems, Environment: model.Environment,
		Team: cmp.Or(body.Team, model.Team), Assignee: body.Assignee, Exclusive: model.Exclusive, WindowFrom: body.WindowFrom,
		WindowTo: body.WindowTo, ExpectedOutage: model.ExpectedOutage,
	}
	if len(made.ConfigurationItems) == 0 {
		made.ConfigurationItems = model.ConfigurationItems
	}
	tasks := model.ToDo()
	checked := made
	if checked.Type == Standard {
		checked.Type = Normal // which it may be here
	}
	if err := d.validContent(checked, tasks); err != nil {
		return err
	}
	d.Record = d.opened(made)
	record := &d.Record
	record.Model, record.Tasks, record.AutoStart = body.Model, tasks, model.AutoStart
	if record.Type != Standard {
		d.move(Draft, d.moment)
		d.event("", d.firstFacts(), map[string]any{"title": record.Title, "requester": record.Requester})
		return nil
	}
	if err := model.covers(record); err != nil {
		return err
	}
	record.SubmittedAt = at(d.moment)
	d.move(Approved, d.moment)
	data := d.firstFacts()
	data["authorised_by"] = policy.KindChangeModel + "/" + body.Model
	d.event("", data, map[string]any{"title": record.Title, "requester": record.Requester})
	return nil
}
