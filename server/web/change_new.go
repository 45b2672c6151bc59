package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

const newChangePath = changesPath + "/new"

// newChangeView is the page on which a change begins: freely, or from a model.
type newChangeView struct {
	page
	Form     form
	Tasks    []taskRow
	TasksWas string
	Models   []app.ModelView
	// Model is the one that it is made of; nil: none.
	Model *app.ModelView
}

// newChange shows the form that drafts a change; ?model=name, that which makes one of a model.
func (w *console) newChange(c *gin.Context) {
	view, err := w.newChangeView(c, c.Query("model"), c.Request.URL.Query())
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Form.Key = newKey()
	w.show(c, http.StatusOK, newChangePage(view))
}

func (w *console) newChangeView(c *gin.Context, model string, filled url.Values) (newChangeView, error) {
	ctx := c.Request.Context()
	view := newChangeView{page: w.page(c, "New change")}
	var err error
	if view.Models, err = w.Service.ChangeModels(ctx); err != nil {
		return view, err
	}
	verb := "draft"
	if model != "" {
		place := slices.IndexFunc(view.Models, func(one app.ModelView) bool { return one.Name == model })
		if place < 0 {
			return view, domain.Errorf(domain.CodeNotFound, "there is no model of changes %s", model)
		}
		verb, view.Model = "from_model", &view.Models[place]
	} else {
		view.Tasks, view.TasksWas = taskRows(readTasks(filled)), tasksText(nil)
	}
	view.Form, err = w.newChangeForm(ctx, verb, filled)
	return view, err
}

func (w *console) newChangeForm(ctx context.Context, verb string, filled url.Values) (form, error) {
	transition, _ := change.Lifecycle.Transition(verb)
	fields, err := w.changeFields(ctx, app.ChangeView{}, transition)
	if err != nil {
		return form{}, err
	}
	read(fields, filled)
	for i, f := range fields {
		switch {
		case verb != "draft":
		case slices.Contains(neededLater, f.Name):
			fields[i].Later = "needed to submit it"
		case f.Name == "type":
			fields[i].Required, fields[i].Optional, fields[i].Value = true, false, cmp.Or(f.Value, change.Normal)
		}
	}
	return form{Verb: verb, Title: transition.Title, Action: newChangePath, Zone: zoneOf(ctx), Fields: fields}, nil
}

// neededLater are the fields of a draft without which it is not submitted.
var neededLater = []string{"justification", "plan", "test_plan", "back_out_plan", "service", "configuration_items", "environment", "window_from", "window_to"}

// openChange drafts a change, or makes one of a model.
func (w *console) openChange(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	sent := c.Request.PostForm
	view, err := w.newChangeView(c, sent.Get("model"), sent)
	if err != nil {
		w.fail(c, err)
		return
	}
	f := &view.Form
	f.Key, f.Zone = sent.Get(keyField), sent.Get(zoneField)
	body, err := changeBody(f.Fields, f.Zone, sent)
	var reply app.Reply
	if err == nil {
		reply, err = w.Service.Execute(c.Request.Context(), app.Request{Practice: change.Practice, Verb: f.Verb, Key: f.Key, Body: body})
	}
	if err != nil {
		w.show(c, f.refuse(err), newChangePage(view))
		return
	}
	c.Redirect(http.StatusSeeOther, afterChange(reply, ""))
}

// fieldGroup is a part of a long form.
type fieldGroup struct {
	Title  string
	Fields []field
	// Further: few changes need it, so that it is folded away until it is touched.
	Further bool
}

// groups part the fields of the form that drafts a change by what they are about.
func groups(fields []field) []fieldGroup {
	list := []fieldGroup{{Title: "What and why"}, {Title: "How"}, {Title: "What it touches"}, {Title: "When and by whom"}, {Title: "More", Further: true}}
	places := map[string]int{
		"title": 0, "type": 0, "justification": 0, "plan": 1, "test_plan": 1, "back_out_plan": 1, "service": 2, "services": 2,
		"configuration_items": 2, "environment": 2, "exclusive": 2, "expected_outage": 2, "window_from": 3, "window_to": 3, "auto_start": 3,
		"team": 3, "assignee": 3,
	}
	for _, f := range fields {
		place, known := places[f.Name]
		if !known {
			place = len(list) - 1
		}
		list[place].Fields = append(list[place].Fields, f)
	}
	return list
}

// leftByModel are the fields of a form that a model leaves to be filled in: not the model itself, which the page chooses, and, for a
// standard change, not the service that its model names, because no other is taken. What the model says instead is told.
func leftByModel(fields []field, model app.ModelView) []field {
	standard := model.Type == change.Standard
	left := slices.DeleteFunc(slices.Clone(fields), func(f field) bool {
		return f.Name == "model" || f.Name == "service" && f.Error == "" && standard && model.Service != ""
	})
	of := map[string]string{"service": model.Service, "team": model.Team, "configuration_items": strings.Join(model.ConfigurationItems, ", ")}
	for i, f := range left {
		if of[f.Name] == "" {
			continue
		}
		left[i].Hint = "Left empty: " + of[f.Name] + "."
		if standard && f.Name == "configuration_items" {
			left[i].Hint = "Left empty: " + of[f.Name] + ". No others."
		}
	}
	return left
}

// touchedBy words what changes of a model touch: "print: ber-print-1, ber-print-2, in production".
func touchedBy(model app.ModelView) string {
	var words []string
	if items := strings.Join(model.ConfigurationItems, ", "); items != "" {
		words = append(words, items)
	}
	if model.Service != "" {
		words = append(words, "of the service "+model.Service)
	}
	if model.Environment != "" {
		words = append(words, "in "+model.Environment)
	}
	return sentence(strings.Join(words, ", "))
}
