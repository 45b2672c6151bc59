package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

// form is a command's form as it is shown: its fields, and what was wrong with the last attempt.
type form struct {
	Verb    string
	Title   string
	Action  string
	Key     string
	Zone    string
	Fields  []field
	Problem *server.Problem
	// Templates can fill in a form that logs.
	Templates picker
	// Loose are field errors that belong to no field of the form.
	Loose []domain.FieldError
}

// recordView is all that a record's page shows.
type recordView struct {
	page
	Record      app.IncidentView
	Timeline    []domain.StoredEvent
	Attachments []app.Attachment
	// After is the place that the timeline shown begins after, LastSeq where it ends; More: it goes on there.
	After, LastSeq int64
	More           bool
	// Staff may write internal notes.
	Staff bool
	Form  *form
	// NotNow is a command that was asked for and is not allowed, or not any more.
	NotNow string
	Note   noteForm
	Upload uploadForm
	Link   linkForm
	// Watchers are for staff, Viewers, who else has the record open, as well.
	Watchers watchersView
	Viewers  []string
	// Clocks are the promises made of it, the newest cycle of each that is in force.
	Clocks []app.Clock
	// Escalations are those that may still call somebody to it.
	Escalations []app.EscalationView
}

// noteForm is the box for a note; what was typed stays when it was refused.
type noteForm struct {
	Key, Text string
	Problem   *server.Problem
	// Replies are texts that can be written into it; Inserted: one was.
	Replies  []choice
	Inserted bool
}

type uploadForm struct {
	Key     string
	Problem *server.Problem
}

const (
	timelinePage  = 200
	timelinePages = 5 // read for one view; the rest is a link
)

// record shows one incident; ?do=assign shows it with that command's form open.
func (w *console) record(c *gin.Context) {
	view, err := w.recordView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	verb := verbOf(c.Query("do"))
	switch {
	case verb == "":
	case slices.Contains(view.Record.AllowedCommands, verb):
		view.Form, err = w.commandForm(c.Request.Context(), view.Record, verb)
		if err != nil {
			w.fail(c, err)
			return
		}
	default:
		view.NotNow = verb
	}
	w.offerReplies(c, &view)
	w.show(c, http.StatusOK, recordPage(view))
}

// recordView reads what a record's page shows.
func (w *console) recordView(c *gin.Context) (recordView, error) {
	ctx, reference := c.Request.Context(), c.Param("record")
	// The timeline is read first: a page that knows of an event must show what it did, or nothing would bring it up to date.
	after := queryNumber(c, "after")
	events, more, err := w.timeline(ctx, reference, after)
	if err != nil {
		return recordView{}, err
	}
	record, err := w.Service.Incident(ctx, reference)
	if err != nil {
		return recordView{}, err
	}
	view := recordView{
		page: w.page(c, record.Number+" "+record.Title), Record: record,
		Staff: isStaff(record),
		Note:  noteForm{Key: newKey()}, Upload: uploadForm{Key: newKey()}, Link: linkForm{Key: newKey()},
		Timeline: events, After: after, More: more,
	}
	if len(view.Timeline) > 0 {
		view.LastSeq = view.Timeline[len(view.Timeline)-1].Seq
	}
	if view.Staff {
		view.Viewers = w.viewers.others(record.ID, view.Who.Handle)
		if view.Watchers, err = w.watchersView(ctx, view.page, record.Number, w.Service.Watchers); err != nil {
			return view, err
		}
	}
	if view.Clocks, err = w.Service.Clocks(ctx, record.ID); err != nil {
		return view, err
	}
	if len(record.Escalations) > 0 && view.Staff {
		if view.Escalations, err = w.openEscalations(ctx, record.ID, "open"); err != nil {
			return view, err
		}
	}
	view.Attachments, err = w.Service.Attachments(ctx, record.ID)
	return view, err
}

// isStaff reports whether the reader of a record reads and writes what is internal: only agents may link, in every state.
func isStaff(record app.IncidentView) bool { return slices.Contains(record.AllowedCommands, "link") }

// timeline reads events after a place, and whether there are more than one page shows.
func (w *console) timeline(ctx context.Context, record string, after int64) ([]domain.StoredEvent, bool, error) {
	var events []domain.StoredEvent
	for range timelinePages {
		page, err := w.Service.Timeline(ctx, record, after, timelinePage)
		if err != nil {
			return events, false, err
		}
		events = append(events, page.Items...)
		if page.NextCursor == "" {
			return events, false, nil
		}
		after = events[len(events)-1].Seq
	}
	return events, true, nil
}

func queryNumber(c *gin.Context, name string) int64 {
	value, err := strconv.ParseInt(c.Query(name), 10, 64)
	if err != nil || value < 0 {
		return 0
	}
	return value
}

// commandForm makes the form of a command, with the record's present values.
func (w *console) commandForm(ctx context.Context, record app.IncidentView, verb string) (*form, error) {
	transition, known := incident.Lifecycle.Transition(verb)
	if !known || transition.Machine() {
		return nil, domain.Errorf(domain.CodeNotFound, "there is no command %q", verb)
	}
	fields := fieldsOf(transition)
	if !record.Breached() { // only a broken promise has a cause
		fields = slices.DeleteFunc(fields, func(f field) bool { return f.Name == "breach_cause" })
	}
	present, err := asMap(record.Incident)
	if err != nil {
		return nil, err
	}
	fill(fields, present)
	w.offer(ctx, verb, fields, record.Policies)
	return &form{Verb: verb, Title: transition.Title, Action: recordURL(record.Number) + "/do/" + slug(verb), Key: newKey(), Fields: fields}, nil
}

func asMap(record incident.Incident) (map[string]any, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	return fields, json.Unmarshal(text, &fields)
}

// recordURL is where a record is shown. Its number says of which practice it is.
func recordURL(reference string) string {
	if isEscalation(reference) {
		return escalationsPath + "/" + reference
	}
	if isChange(reference) {
		return changesPath + "/" + reference
	}
	if isMeeting(reference) {
		return meetingsPath + "/" + reference
	}
	return "/incidents/" + reference
}

// onward are the commands that usually come next, the first that is allowed being the page's main button.
var onward = []string{"triage", "start", "resume", "resolve", "confirm", "close"}

// buttons parts the allowed commands into those that move the work on, the usual next one first, and the rest.
func buttons(allowed []string) (first, rest []string) {
	next := slices.IndexFunc(onward, func(verb string) bool { return slices.Contains(allowed, verb) })
	if next >= 0 {
		first = append(first, onward[next])
	}
	for _, verb := range allowed {
		if next >= 0 && verb == onward[next] {
			continue
		}
		transition, _ := incident.Lifecycle.Transition(verb)
		if len(transition.To) > 0 && verb != "cancel" || verb == "assign" {
			first = append(first, verb)
		} else {
			rest = append(rest, verb)
		}
	}
	if len(first) == 0 {
		return rest, nil // a menu of its own would only hide them
	}
	return first, rest
}
