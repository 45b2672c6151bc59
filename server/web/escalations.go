package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

const escalationsPath = "/escalations"

// mountEscalations adds the pages about who is called to which record.
func (w *console) mountEscalations(pages *gin.RouterGroup) {
	desk := pages.Group(escalationsPath, w.staffOnly, w.needs(app.PermissionEscalationRead))
	desk.GET("", w.escalations)
	desk.GET("/:record", w.escalation)
	desk.POST("/:record/do/:verb", w.escalationCommand)
}

// readsEscalations reports whether somebody sees who is called.
func readsEscalations(who app.Principal) bool { return who.May(app.PermissionEscalationRead) }

// escalationsView is the list of escalations.
type escalationsView struct {
	page
	// State is "open", "exhausted" or "all"; Cursor is where the page begins.
	State, Cursor string
	Found         app.Page[app.EscalationView]
}

func (v escalationsView) url(cursor string) string {
	values := url.Values{"state": {v.State}}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	return escalationsPath + "?" + values.Encode()
}

// escalationFilters are the lists there are.
func escalationFilters() []choice {
	return []choice{{"open", "Open"}, {string(escalation.Exhausted), "Exhausted"}, {"all", "All"}}
}

func (w *console) escalations(c *gin.Context) {
	view, err := w.escalationsView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, escalationsPage(view))
}

func (w *console) escalationsView(c *gin.Context) (escalationsView, error) {
	view := escalationsView{page: w.page(c, "Escalations"), State: c.Query("state"), Cursor: c.Query("cursor")}
	if !slices.ContainsFunc(escalationFilters(), func(one choice) bool { return one.Value == view.State }) {
		view.State = "open"
	}
	query := app.EscalationQuery{Cursor: view.Cursor}
	if view.State != "all" {
		query.State = []string{view.State}
	}
	var err error
	view.Found, err = w.Service.Escalations(c.Request.Context(), query)
	return view, err
}

// escalationView is the page of one escalation.
type escalationView struct {
	page
	Escalation app.EscalationView
	Timeline   []domain.StoredEvent
	// After is the place that the timeline shown begins after; More: it goes on after what is shown.
	After  int64
	More   bool
	Form   *form
	NotNow string
}

// escalation shows one escalation; ?do=snooze shows it with that command's form open.
func (w *console) escalation(c *gin.Context) {
	view, err := w.escalationView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	if verb := verbOf(c.Query("do")); slices.Contains(view.Escalation.AllowedCommands, verb) {
		transition, _ := escalation.Lifecycle.Transition(verb)
		view.Form = &form{Verb: verb, Title: transition.Title, Action: escalationDoURL(view.Escalation.Number, verb), Key: newKey(), Fields: fieldsOf(transition)}
		w.offer(c.Request.Context(), verb, view.Form.Fields, nil)
	} else if verb != "" {
		view.NotNow = verb
	}
	w.show(c, http.StatusOK, escalationPage(view))
}

func (w *console) escalationView(c *gin.Context) (escalationView, error) {
	ctx := c.Request.Context()
	found, err := w.Service.Escalation(ctx, c.Param("record"))
	if err != nil {
		return escalationView{}, err
	}
	view := escalationView{page: w.page(c, found.Number+" "+found.Title), Escalation: found, After: queryNumber(c, "after")}
	events, err := w.Service.EscalationTimeline(ctx, found.ID, view.After, timelinePage)
	view.Timeline, view.More = events.Items, events.NextCursor != ""
	return view, err
}

// lastSeq is where the timeline shown ends.
func (v escalationView) lastSeq() int64 {
	if len(v.Timeline) == 0 {
		return 0
	}
	return v.Timeline[len(v.Timeline)-1].Seq
}

// escalationCommand gives one command to an escalation. A form on another page of ours is led back to it.
func (w *console) escalationCommand(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	ctx, verb := c.Request.Context(), verbOf(c.Param("verb"))
	transition, known := escalation.Lifecycle.Transition(verb)
	if !known || transition.Machine() {
		w.fail(c, domain.Errorf(domain.CodeNotFound, "there is no command %q", verb))
		return
	}
	fields := fieldsOf(transition)
	read(fields, c.Request.PostForm)
	f := &form{
		Verb: verb, Title: transition.Title, Action: escalationDoURL(c.Param("record"), verb), Key: c.PostForm(keyField), Zone: c.PostForm(zoneField), Fields: fields,
	}
	body, err := bodyOf(fields, f.Zone)
	var reply app.Reply
	if err == nil {
		reply, err = w.Service.Execute(ctx, app.Request{Practice: escalation.Practice, Verb: verb, Record: c.Param("record"), Key: f.Key, Body: body})
	}
	switch back := c.PostForm("next"); {
	case err == nil && reply.Escalation == nil:
		c.Redirect(http.StatusSeeOther, "/commands/"+reply.CommandID)
		return
	case err == nil && back != "":
		c.Redirect(http.StatusSeeOther, local(back))
		return
	case err == nil:
		c.Redirect(http.StatusSeeOther, recordURL(reply.Escalation.Number))
		return
	}
	view, viewErr := w.escalationView(c)
	if viewErr != nil {
		w.fail(c, err)
		return
	}
	w.offer(ctx, verb, fields, nil)
	view.Form = f
	w.show(c, f.refuse(err), escalationPage(view))
}

func escalationDoURL(number, verb string) string {
	return escalationsPath + "/" + number + "/do/" + slug(verb)
}

// nextOf is what an escalation waits for, and until when; nil: for nothing.
func nextOf(e app.EscalationView) (words string, at *time.Time) {
	switch e.State {
	case escalation.Calling:
		return "calls the next in line", e.NextAt
	case escalation.Acknowledged:
		return "looks whether anything came of it", e.HoldsUntil
	case escalation.Snoozed:
		return "calls from the first step on", e.SnoozedUntil
	}
	return "", nil
}

// allowsEscalation reports whether a command may be given to an escalation now.
func allowsEscalation(e app.EscalationView, verb string) bool {
	return slices.Contains(e.AllowedCommands, verb)
}

// callsFor are the escalations in which somebody is called now and may take care.
func callsFor(handle string, open []app.EscalationView) []app.EscalationView {
	var calls []app.EscalationView
	for _, one := range open {
		if (one.State == escalation.Calling || one.State == escalation.Exhausted) && slices.Contains(one.Told, handle) && allowsEscalation(one, "acknowledge") {
			calls = append(calls, one)
		}
	}
	return calls
}

// openEscalations are those in which somebody may still be called, of one record or of all; none for who may not see them.
func (w *console) openEscalations(ctx context.Context, source, state string) ([]app.EscalationView, error) {
	who, err := app.PrincipalFrom(ctx)
	if err != nil || !readsEscalations(who) {
		return nil, err
	}
	found, err := w.Service.Escalations(ctx, app.EscalationQuery{Source: source, State: []string{state}, Limit: 100})
	return found.Items, err
}

// isEscalation reports whether a number or a path's last part is that of an escalation.
func isEscalation(reference string) bool {
	return strings.HasPrefix(reference, escalation.Lifecycle.Prefix+"-")
}

// targetWords name whom a step calls, one after the other.
func targetWords(targets []escalation.Target) string {
	words := make([]string, len(targets))
	for i, target := range targets {
		kind, name := target.Kind(), target.Name()
		switch kind {
		case escalation.TargetPerson:
			words[i] = name
		case escalation.TargetSchedule:
			words[i] = "whoever is on call in " + name
		case escalation.TargetTeam:
			words[i] = "everybody of " + name
		case escalation.TargetRole:
			words[i] = "whoever is " + strings.ToLower(human(name))
		default:
			words[i] = strings.ToLower(human(string(kind))) + " " + name
		}
	}
	return strings.Join(words, ", ")
}

func (w *console) escalationPolicyChoices(ctx context.Context, _ map[string]int) ([]choice, error) {
	documents, err := w.Service.Policies(ctx, policy.KindEscalationPolicy)
	choices := make([]choice, len(documents))
	for i, document := range documents {
		choices[i] = titled(document.Name, "")
	}
	return choices, err
}

// callTitles word the events of escalations, where their names would not.
var callTitles = map[string]string{
	"escalation.step_taken": "Called the next in line", "escalation.step_empty": "Nobody to call in this step", "escalation.unreached": "No message reached them", "escalation.exhausted": "Nobody acknowledged: all steps were in vain",
}
