package change

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// edit changes content; every state but the last takes it.
func (d *draft) edit() error {
	var body Edit
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record, was := &d.Record, d.Record
	if err := d.validEdit(body); err != nil {
		return err
	}
	changes, personal := map[string]any{}, map[string]any{}
	for _, field := range []struct {
		name string
		have *string
		want *string
		into map[string]any
	}{
		{"title", &record.Title, body.Title, personal},
		{"description", &record.Description, body.Description, personal},
		{"justification", &record.Justification, body.Justification, personal},
		{"plan", &record.Plan, body.Plan, personal},
		{"test_plan", &record.TestPlan, body.TestPlan, personal},
		{"back_out_plan", &record.BackOutPlan, body.BackOutPlan, personal},
		{"expected_outage", &record.ExpectedOutage, body.ExpectedOutage, personal},
		{"security_reason", &record.SecurityReason, body.SecurityReason, personal},
		{"service", &record.Service, body.Service, changes},
		{"category", &record.Category, body.Category, changes},
		{"environment", &record.Environment, body.Environment, changes},
		{"team", &record.Team, body.Team, changes},
		{"assignee", &record.Assignee, body.Assignee, changes},
	} {
		if field.want != nil {
			content.Note(field.into, field.name, field.have, *field.want)
		}
	}
	d.editLists(body, changes)
	d.editRest(body, changes, personal)
	if len(changes)+len(personal) == 0 {
		return domain.Errorf(domain.CodeInvalid, "nothing would change")
	}
	fields := content.Names(changes, personal)
	if err := d.mayEdit(was, fields); err != nil {
		return err
	}
	if record.hashes()[approval.Scope] != was.hashes()[approval.Scope] {
		record.Overrides = []Override{} // they were for what was there before
	}
	changes["fields"] = fields
	if slices.ContainsFunc(fields, measuredField) {
		d.rescore()
	}
	if record.State == Assessing && record.ReviewedBy != "" && slices.ContainsFunc(fields, readByPeer) {
		changes["peer_review_void"] = record.ReviewedBy
		record.ReviewedBy = "" // it was of something else
	}
	d.event(body.Reason, changes, personal)
	return nil
}

// rescore scores the risk again of a change that has been submitted and not begun.
func (d *draft) rescore() {
	record := &d.Record
	if record.Type != Standard && record.SubmittedAt != nil && slices.Contains(underway, record.State) {
		record.Risk = Assess(d.facts.Model, record.Answers, d.measured())
	}
}

// measuredField reports whether the risk follows from a field: another score for another reason would be nobody's edit.
func measuredField(field string) bool {
	return slices.Contains([]string{"service", "services", "configuration_items", "window", "team"}, field)
}

// readByPeer reports whether a field is of what a peer reviews.
func readByPeer(field string) bool {
	return slices.Contains([]string{
		"justification", "plan", "test_plan", "back_out_plan", "tasks", "services", "configuration_items", "environment", "exclusive",
	}, field)
}

func (d *draft) editLists(body Edit, changes map[string]any) {
	record := &d.Record
	if body.Services != nil || body.Service != nil {
		further := record.Services
		if body.Services != nil {
			further = *body.Services
		}
		content.NoteList(changes, "services", &record.Services, services(record.Service, further))
	}
	if body.ConfigurationItems != nil {
		content.NoteList(changes, "configuration_items", &record.ConfigurationItems, content.Unique(*body.ConfigurationItems))
	}
	if body.Tags != nil {
		content.NoteList(changes, "tags", &record.Tags, content.Unique(*body.Tags))
	}
	if body.Predecessors != nil {
		ids := []string{}
		for _, reference := range content.Unique(*body.Predecessors) {
			ids = append(ids, d.facts.Predecessors[reference])
		}
		content.NoteList(changes, "predecessors", &record.Predecessors, content.Unique(ids))
	}
	if body.Tasks != nil {
		tasks := record.retasked(newTasks(*body.Tasks))
		if digest(tasks) != digest(record.Tasks) {
			changes["tasks"] = domain.Change{From: taskTitles(record.Tasks), To: taskTitles(tasks)}
			record.Tasks = tasks
		}
	}
}

// retasked are other tasks in the place of those that there are: one that stays the same stays as far as it is, and the conditions
// of a board stay as they are.
func (c *Change) retasked(tasks []Task) []Task {
	for i, task := range tasks {
		switch had := c.task(task.ID); {
		case had != nil && had.Condition:
			tasks[i] = *had
		case had != nil && had.Title == task.Title && had.Owner == task.Owner:
			had := *had
			had.After = task.After
			tasks[i] = had
		}
	}
	for _, task := range c.Tasks {
		if task.Condition && !slices.ContainsFunc(tasks, func(t Task) bool { return t.ID == task.ID }) {
			tasks = append(tasks, task)
		}
	}
	return tasks
}

func taskTitles(tasks []Task) []string {
	list := make([]string, len(tasks))
	for i, task := range tasks {
		list[i] = task.Title
	}
	return list
}

func (d *draft) editRest(body Edit, changes, personal map[string]any) {
	record := &d.Record
	if want := content.Fields(body.CustomFields); want != nil && !bytes.Equal(want, record.CustomFields) {
		personal["custom_fields"] = domain.Change{From: record.CustomFields, To: want}
		record.CustomFields = want
	}
	for _, flag := range []struct {
		name string
		have *bool
		want *bool
	}{{"restricted", &record.Restricted, body.Restricted}, {"exclusive", &record.Exclusive, body.Exclusive}, {"auto_start", &record.AutoStart, body.AutoStart}} {
		if flag.want != nil && *flag.want != *flag.have {
			changes[flag.name] = domain.Change{From: *flag.have, To: *flag.want}
			*flag.have = *flag.want
		}
	}
	from, to := record.WindowFrom, record.WindowTo
	if body.WindowFrom != nil {
		from = body.WindowFrom
	}
	if body.WindowTo != nil {
		to = body.WindowTo
	}
	d.setWindow(from, to, changes)
}

// setWindow puts a window into changes when it differs from the one there is.
func (d *draft) setWindow(from, to *time.Time, changes map[string]any) {
	record := &d.Record
	from, to = cut(from), cut(to)
	if same(from, record.WindowFrom) && same(to, record.WindowTo) {
		return
	}
	changes["window"] = domain.Change{From: []*time.Time{record.WindowFrom, record.WindowTo}, To: []*time.Time{from, to}}
	record.WindowFrom, record.WindowTo, record.ExtendedTo, record.WindowMissed, record.OverrunAt = from, to, nil, false, nil
	record.Overrides, record.HeldSince = []Override{}, nil // they were for another start
}

func same(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func (d *draft) validEdit(body Edit) error {
	var wrong []domain.FieldError
	record := &d.Record
	if body.Title != nil {
		wrong = content.Line(wrong, "title", *body.Title, 1, domain.MaxTitleBytes)
	}
	texts, short := map[string]string{}, map[string]string{}
	for name, text := range map[string]*string{
		"description": body.Description, "justification": body.Justification, "plan": body.Plan, "test_plan": body.TestPlan,
		"back_out_plan": body.BackOutPlan, "expected_outage": body.ExpectedOutage, "security_reason": body.SecurityReason,
	} {
		if text != nil {
			texts[name] = *text
		}
	}
	for name, text := range map[string]*string{"category": body.Category, "environment": body.Environment} {
		if text != nil {
			short[name] = *text
		}
	}
	wrong = content.Short(d.texts(wrong, texts), short)
	wrong = content.CustomFields(wrong, body.CustomFields)
	var touched, predecessors []string
	if body.Service != nil {
		touched = services(*body.Service, nil)
	}
	for _, list := range []struct {
		name  string
		items *[]string
		into  *[]string
	}{{"services", body.Services, &touched}, {"predecessors", body.Predecessors, &predecessors}, {"tags", body.Tags, nil}, {"configuration_items", body.ConfigurationItems, nil}} {
		if list.items != nil {
			wrong = content.Items(wrong, list.name, *list.items)
			if list.into != nil {
				*list.into = append(*list.into, *list.items...)
			}
		}
	}
	wrong = d.names(wrong, touched, given(body.Team), given(body.Assignee), "", predecessors)
	from, to := record.WindowFrom, record.WindowTo
	if body.WindowFrom != nil || body.WindowTo != nil {
		from, to = cmp.Or(body.WindowFrom, from), cmp.Or(body.WindowTo, to)
		wrong = d.checkAhead(d.checkWindow(wrong, from, to), from, to)
	}
	if body.Tasks != nil {
		wrong = append(wrong, checkTasks(record.retasked(newTasks(*body.Tasks)))...)
		wrong = append(wrong, record.checkConditions(*body.Tasks)...)
	}
	return domain.Join(wrong)
}

func given(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
