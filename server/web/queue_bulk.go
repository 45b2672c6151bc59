package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

const bulkPath = queuePath + "/bulk"

// bulkFirst and bulkMore are the commands that can be given to several incidents at once. The rest say something of one.
var (
	bulkFirst = []string{"assign", "hold", "resolve", "change_priority"}
	bulkMore  = []string{"triage", "start", "resume", "close", "cancel"}
)

// maxBulk is how many incidents the console gives one command to: a page of a list at most.
const maxBulk = 200

// bulkView is a command for several incidents: before it is given, and what became of it on each.
type bulkView struct {
	page
	// Back is the list that they were selected in.
	Back string
	Form *form
	Rows []bulkRow
	// Given: the command was given, and the rows say what became of it.
	Given bool
	// Problem is a failure of the whole.
	Problem *server.Problem
}

// bulkRow is one incident of a bulk command.
type bulkRow struct {
	Record app.IncidentView
	// Missing: it cannot be read by whoever asks; Reference is what was asked for.
	Missing   bool
	Reference string
	Outcome   *app.BulkOutcome
}

// possible reports whether the incident takes the command as it stands.
func (r bulkRow) possible(verb string) bool {
	return !r.Missing && slices.Contains(r.Record.AllowedCommands, verb)
}

// refused are the rows on which the command was not done.
func (v bulkView) refused() []bulkRow {
	var rows []bulkRow
	for _, row := range v.Rows {
		if row.Outcome != nil && row.Outcome.Outcome == domain.Refused {
			rows = append(rows, row)
		}
	}
	return rows
}

// bulkForm shows the form of a command for the incidents selected.
func (w *console) bulkForm(c *gin.Context) {
	view, err := w.bulkView(c, c.QueryArray("id"), verbOf(c.Query("do")), c.Query("back"))
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, bulkPage(view))
}

// bulkView reads the incidents selected and makes the form of the command.
func (w *console) bulkView(c *gin.Context, references []string, verb, back string) (bulkView, error) {
	ctx := c.Request.Context()
	transition, known := incident.Lifecycle.Transition(verb)
	if !known || !slices.Contains(bulkFirst, verb) && !slices.Contains(bulkMore, verb) {
		return bulkView{}, domain.Errorf(domain.CodeNotFound, "there is no command %q for several incidents", verb)
	}
	view := bulkView{page: w.page(c, transition.Title), Back: local(back)}
	slices.Sort(references)
	references = slices.Compact(references)
	if len(references) > maxBulk {
		return view, domain.Invalid("id", "names more than %d incidents", maxBulk)
	}
	for _, reference := range references {
		row := bulkRow{Reference: reference}
		var err error
		row.Record, err = w.Service.Incident(ctx, reference)
		if row.Missing = err != nil && domain.CodeOf(err) == domain.CodeNotFound; err != nil && !row.Missing {
			return view, err
		}
		view.Rows = append(view.Rows, row)
	}
	fields := fieldsOf(transition)
	w.offer(ctx, verb, fields, nil)
	view.Form = &form{Verb: verb, Title: transition.Title, Action: bulkPath, Key: newKey(), Fields: fields}
	return view, nil
}

// bulk gives a command to several incidents and tells what became of it on each.
func (w *console) bulk(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	references, verb := c.PostFormArray("id"), verbOf(c.PostForm("do"))
	view, err := w.bulkView(c, references, verb, c.PostForm("back"))
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Form.Zone, view.Form.Key = c.PostForm(zoneField), c.PostForm(keyField)
	read(view.Form.Fields, c.Request.PostForm)
	if len(view.Rows) == 0 {
		w.show(c, view.Form.refuse(domain.Invalid("id", "names no incident: select some first")), bulkPage(view))
		return
	}
	body, err := bodyOf(view.Form.Fields, view.Form.Zone)
	var outcomes []app.BulkOutcome
	if err == nil {
		ids := make([]string, len(view.Rows))
		for i, row := range view.Rows {
			ids[i] = row.Reference
		}
		outcomes, err = w.Service.Bulk(c.Request.Context(), app.BulkRequest{
			Practice: domain.Incident, IDs: ids, Command: verb, Body: body, Key: view.Form.Key,
		})
	}
	if err != nil {
		w.show(c, view.Form.refuse(err), bulkPage(view))
		return
	}
	w.show(c, http.StatusOK, bulkPage(w.told(c, view, outcomes)))
}

// told puts the outcomes to the rows, with the incidents as they now are. The form stays for those on which it was not done.
func (w *console) told(c *gin.Context, view bulkView, outcomes []app.BulkOutcome) bulkView {
	view.Given, view.Form.Key = true, newKey()
	for i := range view.Rows {
		row := &view.Rows[i]
		if at := slices.IndexFunc(outcomes, func(o app.BulkOutcome) bool { return o.Record == row.Reference }); at >= 0 {
			row.Outcome = &outcomes[at]
		}
		if row.Missing {
			continue
		}
		fresh, err := w.Service.Incident(c.Request.Context(), row.Reference)
		if err != nil { // decided, and no longer theirs to read, or out of reach just now: what it was is shown
			w.Log.InfoContext(c.Request.Context(), "an incident of a bulk command could not be read again", "error", err)
			continue
		}
		row.Record = fresh
	}
	return view
}

// outcomeWord says what became of a command on one incident.
func outcomeWord(outcome *app.BulkOutcome) string {
	switch {
	case outcome == nil:
		return ""
	case outcome.Outcome == domain.Queued:
		return "In line: accepted, not yet decided"
	case outcome.Refusal != nil:
		text := outcome.Refusal.Message
		for _, field := range outcome.Refusal.Fields {
			text += "; " + field.Message
		}
		return "Not done: " + text
	}
	return "Done"
}

// bulkSummary counts what became of a command.
func bulkSummary(ctx context.Context, view bulkView) string {
	done, queued, refused := 0, 0, len(view.refused())
	for _, row := range view.Rows {
		switch {
		case row.Outcome == nil || row.Outcome.Outcome == domain.Refused:
		case row.Outcome.Outcome == domain.Queued:
			queued++
		default:
			done++
		}
	}
	text := count(ctx, done, "incident", "incidents") + " done"
	if queued > 0 {
		text += ", " + count(ctx, queued, "in line", "in line")
	}
	if refused > 0 {
		text += ", " + count(ctx, refused, "not", "not")
	}
	return text + "."
}

func bulkClass(view bulkView, row bulkRow) string {
	switch {
	case view.Given && row.Outcome != nil && row.Outcome.Outcome == domain.Refused, !view.Given && !row.possible(view.Form.Verb):
		return "refused"
	case view.Given && row.Outcome != nil && row.Outcome.Outcome == domain.Queued:
		return "queued"
	case view.Given:
		return "done"
	}
	return ""
}

func bulkIcon(row bulkRow) string {
	switch {
	case row.Outcome == nil || row.Outcome.Outcome == domain.Refused:
		return "refused"
	case row.Outcome.Outcome == domain.Queued:
		return "clock"
	}
	return "check"
}
