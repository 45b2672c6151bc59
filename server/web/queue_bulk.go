package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// maxBulk is how many records the console gives one command to: a page of a list at most.
const maxBulk = 200

// bulkView is a command for several records: before it is given, and what became of it on each.
type bulkView struct {
	page
	Of *queueKind
	// Command is the one that is given.
	Command bulkCommand
	// Back is the list that they were selected in.
	Back string
	Form *form
	Rows []bulkRow
	// Given: the command was given, and the rows say what became of it.
	Given bool
	// Problem is a failure of the whole.
	Problem *server.Problem
}

// bulkRow is one record of a bulk command.
type bulkRow struct {
	Record listedRecord
	// Missing: it cannot be read by whoever asks; Reference is what was asked for.
	Missing   bool
	Reference string
	Outcome   *app.BulkOutcome
}

// possible reports whether the record takes the command as it stands.
func (r bulkRow) possible(verb string) bool {
	return !r.Missing && slices.Contains(r.Record.Allowed, verb)
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

// bulkForm shows the form of a command for the records selected.
func (w *console) bulkForm(c *gin.Context, of *queueKind) {
	view, err := w.bulkView(c, of, c.QueryArray("id"), c.Query("do"), c.Query("back"))
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, bulkPage(view))
}

// bulkCommand finds a command for several records by its name in the page.
func (k *queueKind) bulkCommand(slug string) (bulkCommand, error) {
	for _, one := range slices.Concat(k.first, k.more) {
		if one.Slug == slug {
			return one, nil
		}
	}
	return bulkCommand{}, domain.Errorf(domain.CodeNotFound, "there is no command %q for several %s", slug, k.many)
}

// bulkView reads the records selected and makes the form of the command.
func (w *console) bulkView(c *gin.Context, of *queueKind, references []string, do, back string) (bulkView, error) {
	ctx := c.Request.Context()
	command, err := of.bulkCommand(do)
	if err != nil {
		return bulkView{}, err
	}
	view := bulkView{page: w.page(c, command.Title), Of: of, Command: command, Back: local(back)}
	slices.Sort(references)
	references = slices.Compact(references)
	if len(references) > maxBulk {
		return view, domain.Invalid("id", "names more than %d %s", maxBulk, of.many)
	}
	for _, reference := range references {
		row := bulkRow{Reference: reference}
		var err error
		row.Record, err = of.read(ctx, w, reference)
		if row.Missing = err != nil && domain.CodeOf(err) == domain.CodeNotFound; err != nil && !row.Missing {
			return view, err
		}
		view.Rows = append(view.Rows, row)
	}
	transition, _ := of.table.Transition(command.Verb)
	fields := fieldsOf(transition)
	if len(command.Fields) > 0 {
		fields = slices.DeleteFunc(fields, func(f field) bool { return !slices.Contains(command.Fields, f.Name) })
	}
	w.offer(ctx, command.Verb, fields, nil)
	view.Form = &form{Verb: command.Verb, Title: command.Title, Action: of.bulkPath(), Key: newKey(), Fields: fields}
	return view, nil
}

// bulk gives a command to several records and tells what became of it on each.
func (w *console) bulk(c *gin.Context, of *queueKind) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	view, err := w.bulkView(c, of, c.PostFormArray("id"), c.PostForm("do"), c.PostForm("back"))
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Form.Zone, view.Form.Key = c.PostForm(zoneField), c.PostForm(keyField)
	read(view.Form.Fields, c.Request.PostForm)
	if len(view.Rows) == 0 {
		w.show(c, view.Form.refuse(domain.Invalid("id", "names no %s: select some first", of.one)), bulkPage(view))
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
			Practice: of.practice, IDs: ids, Command: view.Command.Verb, Body: body, Key: view.Form.Key,
		})
	}
	if err != nil {
		w.show(c, view.Form.refuse(err), bulkPage(view))
		return
	}
	w.show(c, http.StatusOK, bulkPage(w.told(c, view, outcomes)))
}

// told puts the outcomes to the rows, with the records as they now are. The form stays for those on which it was not done.
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
		fresh, err := view.Of.read(c.Request.Context(), w, row.Reference)
		if err != nil { // decided, and no longer theirs to read, or out of reach just now: what it was is shown
			w.Log.InfoContext(c.Request.Context(), "a record of a bulk command could not be read again", "error", err)
			continue
		}
		row.Record = fresh
	}
	return view
}

// outcomeWord says what became of a command on one record.
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
	text := count(ctx, done, view.Of.one, view.Of.many) + " done"
	if queued > 0 {
		text += ", " + count(ctx, queued, "in line", "in line")
	}
	if refused > 0 {
		text += ", " + count(ctx, refused, "not", "not")
	}
	return text + "."
}

// bulkTitle is what the button of a command says.
func bulkTitle(command bulkCommand) string {
	if len(command.Fields) > 0 {
		return command.Title
	}
	return submitTitle(command.Verb)
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
