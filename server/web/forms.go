package web

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	keyField = "key"
	// maxForm bounds a form without files, smallForm one that is open to all.
	maxForm   = 1 << 20
	smallForm = 64 << 10
)

// parseForm reads a form within a bound in bytes and refuses text that cannot be kept. Only the form of an attachment is sent
// in parts, which a parser would spill to the disk.
func parseForm(c *gin.Context, most int64) error {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return domain.Errorf(domain.CodeUnsupportedMedia, "this form is sent as application/x-www-form-urlencoded")
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, most)
	if err := c.Request.ParseForm(); err != nil {
		return domain.Errorf(domain.CodeTooLarge, "the form could not be read: it has at most %d KiB", most>>10)
	}
	for name, values := range c.Request.PostForm {
		for _, value := range values {
			if !server.Storable(value) {
				return domain.Invalid(name, "holds characters that cannot be kept")
			}
		}
	}
	return nil
}

// refuse puts a failure into a form, which keeps what was typed. The key stays when the outcome is unknown, so that sending
// again cannot do the work twice; after a refusal, nothing was done and the next attempt is a new one.
func (f *form) refuse(err error) int {
	problem := server.ProblemOf(err)
	f.Problem, f.Loose = problem, blame(f.Fields, problem.Errors)
	f.Key = keyAfter(problem, f.Key)
	return problem.Status
}

func keyAfter(problem *server.Problem, key string) string {
	if problem.Code == domain.CodeUnavailable || problem.Code == domain.CodeInternal {
		return key
	}
	return newKey()
}

// command gives one command to a record.
func (w *console) command(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	ctx, verb := c.Request.Context(), verbOf(c.Param("verb"))
	transition, known := incident.Lifecycle.Transition(verb)
	if !known || transition.Machine() || len(transition.From) == 0 {
		w.fail(c, domain.Errorf(domain.CodeNotFound, "there is no command %q", verb))
		return
	}
	fields := fieldsOf(transition)
	read(fields, c.Request.PostForm)
	zone, key := c.PostForm(zoneField), c.PostForm(keyField)
	body, err := bodyOf(fields, zone)
	var reply app.Reply
	if err == nil {
		reply, err = w.Service.Execute(ctx, app.Request{
			Practice: domain.Incident, Verb: verb, Record: c.Param("record"), Key: key, Body: body,
		})
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, afterReply(reply))
		return
	}
	view, viewErr := w.recordView(c)
	if viewErr != nil {
		w.fail(c, err) // the first failure is the one that matters; the page would only say it again
		return
	}
	w.offer(ctx, verb, fields, view.Record.Policies)
	view.Form = &form{
		Verb: verb, Title: transition.Title, Action: recordURL(view.Record.Number) + "/do/" + slug(verb), Key: key, Zone: zone, Fields: fields,
	}
	w.show(c, view.Form.refuse(err), recordPage(view))
}

// afterReply leads to the record, or to what is known of a command that waits in line.
func afterReply(reply app.Reply) string {
	if reply.Incident == nil {
		return "/commands/" + reply.CommandID
	}
	return recordURL(reply.Incident.Number)
}

var logTransition, _ = incident.Lifecycle.Transition("log")

// logFields are the fields of the form that logs an incident: what only agents say is asked of them alone.
func logFields(ctx context.Context) []field {
	fields := fieldsOf(logTransition)
	who, err := app.PrincipalFrom(ctx)
	if err != nil {
		return fields // the service will refuse
	}
	return slices.DeleteFunc(fields, func(f field) bool {
		name, _, _ := strings.Cut(f.Name, ".")
		return !incident.MayState(who.Opener(), name)
	})
}

// newForm shows the form that logs an incident. What the URL says is filled in; without scripts, its button for similar
// incidents comes back here.
func (w *console) newForm(c *gin.Context) {
	ctx := c.Request.Context()
	fields := logFields(ctx)
	read(fields, c.Request.URL.Query())
	f := form{Verb: "log", Title: "Log an incident", Action: "/incidents/new", Zone: c.Query(zoneField), Fields: fields}
	w.offerTemplates(ctx, &f, c.Query)
	w.offer(ctx, "log", fields, nil)
	if f.Key = c.Query(keyField); f.Key == "" {
		f.Key = newKey()
	}
	similar, err := w.similarTo(c, c.Request.URL.Query().Get)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, newPage(w.page(c, f.Title), f, similar))
}

// log opens an incident.
func (w *console) log(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	fields := logFields(ctx)
	read(fields, c.Request.PostForm)
	f := form{
		Verb: "log", Title: "Log an incident", Action: "/incidents/new",
		Key: c.PostForm(keyField), Zone: c.PostForm(zoneField), Fields: fields,
	}
	body, err := bodyOf(fields, f.Zone)
	var reply app.Reply
	if err == nil {
		reply, err = w.Service.Execute(ctx, app.Request{Practice: domain.Incident, Verb: "log", Key: f.Key, Body: body})
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, afterReply(reply))
		return
	}
	w.offer(ctx, "log", fields, nil)
	w.offerTemplates(ctx, &f, func(string) string { return c.PostForm(takenField) })
	w.show(c, f.refuse(err), newPage(w.page(c, f.Title), f, nil))
}

// similar shows incidents like the one being typed, as a part of the form's page.
func (w *console) similar(c *gin.Context) {
	found, err := w.similarTo(c, c.Query)
	if err != nil {
		w.show(c, http.StatusOK, similarFailed(server.ProblemOf(err)))
		return
	}
	w.show(c, http.StatusOK, similarList(found, c.Query("title") != ""))
}

const similarShown = 5

func (w *console) similarTo(c *gin.Context, value func(string) string) ([]app.IncidentView, error) {
	text := strings.TrimSpace(value("title") + " " + value("description"))
	if len([]rune(text)) < 4 {
		return nil, nil
	}
	return w.Service.SimilarTo(c.Request.Context(), firstBytes(text, 2000), value("service"), similarShown)
}

// firstBytes cuts a text to a number of bytes, at a whole character.
func firstBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

// outcome tells what became of a command that was queued.
func (w *console) outcome(c *gin.Context) {
	status, err := w.Service.Command(c.Request.Context(), c.Param("id"))
	if err != nil {
		w.fail(c, err)
		return
	}
	if c.GetHeader("HX-Request") != "" {
		part := outcomePart(status)
		if who, err := app.PrincipalFrom(c.Request.Context()); err == nil && !who.Staff() {
			part = portalOutcome(status)
		}
		w.show(c, http.StatusOK, part)
		return
	}
	w.show(c, http.StatusOK, outcomePage(w.page(c, "A command in line"), status))
}

// split parts the fields of the log form: what every incident needs, what some do, and its resolution.
func split(fields []field) (needed, more, resolution []field) {
	first := []string{"title", "description", "impact", "urgency", "service", "requester"}
	for _, f := range fields {
		switch {
		case strings.HasPrefix(f.Name, "resolution."):
			resolution = append(resolution, f)
		case slices.Contains(first, f.Name):
			needed = append(needed, f)
		default:
			more = append(more, f)
		}
	}
	return needed, more, resolution
}

// touched reports whether any of the fields has a value or an error, so that their part of the form is shown open.
func touched(fields []field) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.Value != "" || f.Error != "" })
}
