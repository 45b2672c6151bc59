package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// taskRow is one line in which a task is written.
type taskRow struct {
	change.NewTask
	Error string
}

const (
	tasksField = "tasks"
	// spareRows are how many empty lines a form has beside the tasks that there are.
	spareRows = 3
	// answerPrefix begins the names of the inputs that answer the questionnaire.
	answerPrefix = "answers."
)

// taskRows are lines for tasks, and some more.
func taskRows(tasks []change.NewTask) []taskRow {
	rows := make([]taskRow, 0, len(tasks)+spareRows)
	for _, task := range tasks {
		rows = append(rows, taskRow{NewTask: task})
	}
	for n := 1; len(rows) < min(len(tasks)+spareRows, change.MaxTasks); n++ {
		id := "t" + strconv.Itoa(n)
		if !slices.ContainsFunc(rows, func(row taskRow) bool { return row.ID == id }) {
			rows = append(rows, taskRow{NewTask: change.NewTask{ID: id}})
		}
	}
	return rows
}

// readTasks reads the lines that a form sent; those without a title are none.
func readTasks(form url.Values) []change.NewTask {
	var tasks []change.NewTask
	for i := range change.MaxTasks {
		at := tasksField + "." + strconv.Itoa(i) + "."
		title := strings.TrimSpace(form.Get(at + "title"))
		if title == "" {
			continue
		}
		task := change.NewTask{ID: form.Get(at + "id"), Title: title, Owner: strings.TrimSpace(form.Get(at + "owner"))}
		if task.Owner != "" && !strings.Contains(task.Owner, ":") {
			task.Owner = "person:" + task.Owner
		}
		if after := splitItems(form.Get(at + "after")); len(after) > 0 {
			task.After = after
		}
		tasks = append(tasks, task)
	}
	return tasks
}

// tasksText is a list of tasks as the form keeps it, to tell whether it was touched.
func tasksText(tasks []change.NewTask) string {
	text, err := json.Marshal(tasks)
	if err != nil {
		return "" // texts and lists of texts can be written
	}
	return string(text)
}

// writtenTasks are the tasks of a change as they were written; the conditions of a board are none of them.
func writtenTasks(c change.Change) []change.NewTask {
	var list []change.NewTask
	for _, task := range c.Tasks {
		if !task.Condition {
			list = append(list, change.NewTask{ID: task.ID, Title: task.Title, Owner: task.Owner, After: task.After})
		}
	}
	return list
}

// openChangeForm opens the form of a command, with the change's present values and what the address fills in.
func (w *console) openChangeForm(ctx context.Context, view *changeView, verb string, filled url.Values) error {
	transition, known := change.Lifecycle.Transition(verb)
	if !known || transition.Machine() {
		return domain.Errorf(domain.CodeNotFound, "there is no command %q", verb)
	}
	fields, err := w.changeFields(ctx, view.Change, transition)
	if err != nil {
		return err
	}
	if verb == "edit" || verb == "schedule" {
		present, err := presentIn(view.Change.Change)
		if err != nil {
			return err
		}
		fill(fields, present)
		inZone(ctx, fields)
	}
	if verb == "edit" {
		written := writtenTasks(view.Change.Change)
		view.Tasks, view.TasksWas = taskRows(written), tasksText(written)
	}
	for i, f := range fields {
		if value := filled.Get(f.Name); value != "" && fields[i].Value == "" {
			fields[i].Value = value
		}
	}
	view.Form = &form{
		Verb: verb, Title: transition.Title, Action: recordURL(view.Change.Number) + "/do/" + slug(verb), Key: newKey(), Zone: zoneOf(ctx), Fields: fields,
	}
	return nil
}

func presentIn(c change.Change) (map[string]any, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var present map[string]any
	return present, json.Unmarshal(text, &present)
}

// inZone shows the moments of fields in the viewer's zone.
func inZone(ctx context.Context, fields []field) {
	zone := zoneIn(ctx)
	for i, f := range fields {
		at, err := time.Parse(time.RFC3339Nano, f.Value)
		if f.Kind != moment || err != nil {
			continue
		}
		local := at.In(zone).Format(momentLayouts[0])
		fields[i].Value, fields[i].Was, fields[i].At = local, local, &at
	}
}

// filledAt says of a moment that was filled in which it is, for the page's script.
func filledAt(f field) templ.Attributes {
	if f.At == nil {
		return nil
	}
	return templ.Attributes{"data-moment": exact(*f.At)}
}

// changeFields are the fields of a command, with what they can take: the change itself offers its stages, tasks and conflicts.
func (w *console) changeFields(ctx context.Context, c app.ChangeView, transition domain.Transition) ([]field, error) {
	fields := fieldsOf(transition)
	if transition.Verb == "assess" {
		fields = append(questionsOf(c), fields...)
	}
	w.offer(ctx, transition.Verb, fields, c.Policies)
	ahead, err := w.meetingsAhead(ctx, transition.Verb)
	if err != nil {
		return nil, err
	}
	for i, f := range fields {
		if f.Name == "meeting" {
			fields[i].Choices = ahead
		}
		if own := ownChoices(c.Change, transition.Verb, f.Name); own != nil {
			fields[i].Choices = own
		}
		if transition.Verb == "submit" && f.Name == "expedited" {
			fields[i].Label = "Expedited: the lead time is not kept"
		}
	}
	return fields, nil
}

// meetingsAhead are the meetings to which a vote can be put off, the next first.
func (w *console) meetingsAhead(ctx context.Context, verb string) ([]choice, error) {
	if verb != "defer" {
		return nil, nil
	}
	found, err := w.Service.Meetings(ctx, app.MeetingQuery{State: []string{string(meeting.Planned), string(meeting.AgendaFixed)}})
	if err != nil {
		return nil, err
	}
	var list []choice
	for _, one := range slices.Backward(found.Items) {
		list = append(list, choice{one.Number, one.Number + " " + one.Title + ", " + shown(ctx, one.StartsAt)})
	}
	return list, nil
}

// ownChoices are what a field can take because of the change itself; nil for other fields.
func ownChoices(c change.Change, verb, name string) []choice {
	var list []choice
	switch name {
	case "outcome":
		list = []choice{{change.Successful, "Successful"}, {change.SuccessfulWithIssues, "Successful, with issues"}, {change.Failed, "Failed"}}
		if verb == "record_retrospective" {
			list = append(list, choice{change.BackedOut, "Backed out"})
		}
	case "type":
		if verb == "draft" {
			list = []choice{{change.Normal, "Normal: it is assessed and voted on"}, {change.Emergency, "Emergency: as soon as possible"}}
		}
	case "stage":
		if c.Approval != nil {
			for _, stage := range c.Approval.Stages {
				if stage.State.TakesVotes() {
					list = append(list, choice{stage.Name, stageTitle(stage.Name)})
				}
			}
		}
	case "task":
		for _, task := range c.Tasks {
			list = append(list, choice{task.ID, task.Title})
		}
	case "conflict":
		for _, conflict := range c.Conflicts {
			if conflict.Level == change.Blocking && conflict.Overridable() && overridden(c, conflict) == nil {
				list = append(list, choice{conflict.ID, sentence(conflict.Why)})
			}
		}
	case "incident":
		for _, cause := range c.Causes {
			if cause.Verdict == "" {
				list = append(list, choice{cause.Number, cause.Number})
			}
		}
	}
	return list
}

// questionsOf are the questions that tell how risky a change is, each with all the answers that it takes.
func questionsOf(c app.ChangeView) []field {
	var fields []field
	for _, question := range c.Questions {
		f := field{
			Name: answerPrefix + question.ID, Label: question.Ask, Required: !question.Optional, Optional: question.Optional,
			Value: c.Answers[question.ID], Was: c.Answers[question.ID],
		}
		for _, one := range question.Choices {
			title := human(one.Answer)
			if one.Points > 0 {
				title += " (" + strconv.Itoa(one.Points) + " points)"
			}
			f.Choices = append(f.Choices, choice{one.Answer, title})
		}
		fields = append(fields, f)
	}
	return fields
}

// changeBody makes a command's body of a form's values, its tasks and its answers.
func changeBody(fields []field, zone string, sent url.Values) (json.RawMessage, error) {
	answers := map[string]string{}
	var rest []field
	for _, f := range fields {
		if id, is := strings.CutPrefix(f.Name, answerPrefix); is {
			if f.Value != "" {
				answers[id] = f.Value
			}
			continue
		}
		rest = append(rest, f)
	}
	text, err := bodyOf(rest, zone)
	if err != nil {
		return nil, err
	}
	body := map[string]any{}
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, err
	}
	if len(answers) > 0 {
		body["answers"] = answers
	}
	if tasks := readTasks(sent); sent.Has(tasksField) && tasksText(tasks) != sent.Get(tasksField) {
		body["tasks"] = append([]change.NewTask{}, tasks...)
	}
	return json.Marshal(body)
}

// changeCommand gives one command to a change.
func (w *console) changeCommand(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	ctx, verb := c.Request.Context(), verbOf(c.Param("verb"))
	transition, known := change.Lifecycle.Transition(verb)
	if !known || transition.Machine() || len(transition.From) == 0 {
		w.fail(c, domain.Errorf(domain.CodeNotFound, "there is no command %q", verb))
		return
	}
	if verb == "cast_vote" {
		w.changeVote(c)
		return
	}
	before, err := w.Service.Change(ctx, c.Param("record"))
	if err != nil {
		w.fail(c, err)
		return
	}
	fields, err := w.changeFields(ctx, before, transition)
	if err != nil {
		w.fail(c, err)
		return
	}
	read(fields, c.Request.PostForm)
	f := &form{Verb: verb, Title: transition.Title, Action: c.Request.URL.Path, Key: c.PostForm(keyField), Zone: c.PostForm(zoneField), Fields: fields}
	body, err := changeBody(fields, f.Zone, c.Request.PostForm)
	var reply app.Reply
	if err == nil {
		reply, err = w.Service.Execute(ctx, app.Request{Practice: change.Practice, Verb: verb, Record: before.ID, Key: f.Key, Body: body})
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, afterChange(reply, c.PostForm(backField)))
		return
	}
	view, viewErr := w.readChange(c)
	if viewErr != nil {
		w.fail(c, err) // the first failure is the one that matters; the page would only say it again
		return
	}
	view.Form = f
	if c.Request.PostForm.Has(tasksField) {
		view.Tasks, view.TasksWas = taskRows(readTasks(c.Request.PostForm)), c.PostForm(tasksField)
	}
	w.show(c, f.refuse(err), changePage(view))
}

// afterChange leads to the change, or to where the form came from, or to what is known of a command that waits in line.
func afterChange(reply app.Reply, back string) string {
	switch {
	case reply.Change == nil:
		return "/commands/" + reply.CommandID
	case back != "":
		return local(back)
	}
	return recordURL(reply.Change.Number)
}

// changeVote gives a vote. Where it is refused the page stands on the content as it is now, with what the voter wrote.
func (w *console) changeVote(c *gin.Context) {
	vote, written := readBallot(c)
	reply, err := w.giveVote(c, vote)
	if err == nil {
		c.Redirect(http.StatusSeeOther, afterChange(reply, c.PostForm(backField)))
		return
	}
	view, viewErr := w.readChange(c)
	if viewErr != nil {
		w.fail(c, err)
		return
	}
	if view.openBallot(c.Request.Context(), vote.Stage, vote.For); view.Ballot == nil {
		w.fail(c, err)
		return
	}
	view.NotNow = ""
	view.Ballot.Back = c.PostForm(backField)
	w.show(c, view.Ballot.refuse(err, vote, written), changePage(view))
}
