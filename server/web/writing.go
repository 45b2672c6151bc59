package web

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// picker offers what saves writing: the names of documents, and the one that was taken last.
type picker struct {
	Choices []choice
	Chosen  string
}

const (
	// templateField names the template to take, takenField the one whose values stand in the form already.
	templateField = "template"
	takenField    = "template_taken"
	replyField    = "reply"
)

// documentsOf reads the documents of a kind that save writing. A list that cannot be read is not worth losing a form for.
func documentsOf[T any](ctx context.Context, w *console, kind string) map[string]T {
	documents, err := w.Service.Policies(ctx, kind)
	if err != nil {
		w.Log.WarnContext(ctx, "documents that save writing could not be read", "kind", kind, "error", err)
		return nil
	}
	specs := map[string]T{}
	for _, document := range documents {
		var spec T
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			w.Log.ErrorContext(ctx, "a document could not be read", "kind", kind, "name", document.Name, "error", err)
			continue
		}
		specs[document.Name] = spec
	}
	return specs
}

// offerTemplates puts into the form that logs an incident what can fill it in, and fills it in where one was picked. What was
// typed stays; what an earlier template put there goes.
func (w *console) offerTemplates(ctx context.Context, f *form, value func(string) string) {
	templates := documentsOf[policy.RecordTemplate](ctx, w, policy.KindRecordTemplate)
	for name, template := range templates {
		if template.Practice == string(domain.Incident) {
			f.Templates.Choices = append(f.Templates.Choices, choice{name, template.Title})
		}
	}
	byTitle(f.Templates.Choices)
	picked, taken := value(templateField), value(takenField)
	if _, known := templates[picked]; !known {
		picked = ""
	}
	f.Templates.Chosen = picked
	if picked != taken {
		refill(f.Fields, valuesOf(templates[taken]), valuesOf(templates[picked]))
	}
}

func byTitle(choices []choice) {
	slices.SortFunc(choices, func(a, b choice) int { return strings.Compare(a.Title+"\x00"+a.Value, b.Title+"\x00"+b.Value) })
}

// refill puts a template's values into the fields that are empty, or that hold what an earlier template put there.
func refill(fields []field, before, after map[string]string) {
	for i, f := range fields {
		if f.Value == "" || f.Value == before[f.Name] {
			fields[i].Value = after[f.Name]
		}
	}
}

// valuesOf are a template's values by the names of the form's fields, as they stand in inputs.
func valuesOf(template policy.RecordTemplate) map[string]string {
	fill := template.Fields
	return map[string]string{
		"title": fill.Title, "description": strings.TrimSpace(fill.Description), "impact": fill.Impact, "urgency": fill.Urgency, "service": fill.Service,
		"category": fill.Category, "team": fill.Team, "channel": fill.Channel, "location": fill.Location, "environment": fill.Environment,
		"tags": strings.Join(fill.Tags, ", "), "configuration_items": strings.Join(fill.ConfigurationItems, ", "),
	}
}

// offerReplies puts into the box for a note the replies that are offered on the record, and writes the one that was picked
// under what was typed. It is for staff: requesters write in their own words.
func (w *console) offerReplies(c *gin.Context, view *recordView) {
	if !view.Staff {
		return
	}
	ctx := c.Request.Context()
	replies := documentsOf[policy.CannedReply](ctx, w, policy.KindCannedReply)
	for name, reply := range replies {
		if reply.For(view.Record.Team) {
			view.Note.Replies = append(view.Note.Replies, choice{name, reply.Title})
		}
	}
	byTitle(view.Note.Replies)
	if typed := c.Query("body"); typed != "" {
		view.Note.Text = strings.ReplaceAll(typed, "\r\n", "\n")
	}
	reply, known := replies[c.Query(replyField)]
	if !known || !reply.For(view.Record.Team) {
		return
	}
	written := strings.TrimSpace(reply.Fill(w.replyValues(ctx, view.Record)))
	view.Note.Text = strings.TrimLeft(strings.TrimRight(view.Note.Text, "\n ")+"\n\n"+written, "\n")
	view.Note.Inserted = true
}

// replyValues are what the placeholders of a reply stand for on a record: people by what they are called.
func (w *console) replyValues(ctx context.Context, record app.IncidentView) map[string]string {
	values := map[string]string{
		"number": record.Number, "title": record.Title, "service": record.Service, "team": record.Team,
		"requester": w.called(ctx, record.Requester), "assignee": w.called(ctx, record.Assignee),
	}
	if who, err := app.PrincipalFrom(ctx); err == nil {
		values["me"] = who.Name
	}
	return values
}

// called is what somebody is called, or their handle where that cannot be found out.
func (w *console) called(ctx context.Context, handle string) string {
	if handle == "" {
		return ""
	}
	person, err := w.Service.Person(ctx, handle)
	if err != nil {
		return handle
	}
	return person.Name
}
