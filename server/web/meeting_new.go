package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

const newMeetingPath = meetingsPath + "/new"

// newMeetingView is the page on which a meeting is called that no cadence calls.
type newMeetingView struct {
	page
	Form form
}

// mountNewMeeting adds the page, for those who chair a board.
func (w *console) mountNewMeeting(desk *gin.RouterGroup) {
	plan := desk.Group("/new", w.needs("meeting.plan"))
	plan.GET("", w.newMeeting)
	plan.POST("", w.callMeeting)
}

// newMeeting shows the form; what the address says is filled in.
func (w *console) newMeeting(c *gin.Context) {
	view := w.newMeetingView(c, c.Request.URL.Query())
	view.Form.Key = newKey()
	w.show(c, http.StatusOK, newMeetingPage(view))
}

func (w *console) newMeetingView(c *gin.Context, filled url.Values) newMeetingView {
	ctx := c.Request.Context()
	view := newMeetingView{page: w.page(c, "Call a meeting"), Form: form{
		Verb: "plan", Title: "Call a meeting", Action: newMeetingPath, Zone: zoneOf(ctx), Fields: w.meetingFields(ctx),
	}}
	read(view.Form.Fields, filled)
	return view
}

// boardField chooses a role or a team, and scopeField the team or the service that it is narrowed to: names of the form alone.
const (
	boardField = "board"
	scopeField = "board.scope"
)

// meetingFields are those that call a meeting.
func (w *console) meetingFields(ctx context.Context) []field {
	board := field{Name: boardField, Label: "Whose votes it is about", Required: true, Choices: []choice{
		{"role:" + string(domain.RoleCABMember), "The change advisory board"}, {"role:" + string(domain.RoleChangeManager), "The change managers"},
	}}
	scope := field{Name: scopeField, Label: "Only changes of", Optional: true, Hint: "Left empty: every change that awaits votes of the board."}
	teams, _ := w.teamsOf(ctx, "")
	for _, one := range teams {
		board.Choices = append(board.Choices, choice{"team:" + one.Value, "The team " + one.Title})
		scope.Choices = append(scope.Choices, choice{"team:" + one.Value, "the team " + one.Title})
	}
	services, err := w.serviceChoices(ctx, nil)
	if err != nil {
		w.Log.WarnContext(ctx, "the services to choose from could not be read", "error", err)
	}
	for _, one := range services {
		scope.Choices = append(scope.Choices, choice{"service:" + one.Value, "the service " + one.Title})
	}
	return []field{
		{Name: "title", Label: "Title", Required: true, MaxLength: domain.MaxTitleBytes},
		board, scope,
		{Name: "at", Label: "Begins", Kind: moment, Required: true},
		{Name: "minutes", Label: "Minutes", Kind: number, Minimum: "5", Maximum: "720", Optional: true, Hint: "How long it lasts; left empty: 60."},
		{Name: "cut_off", Label: "Cut-off", Optional: true, MaxLength: 20, Hint: "How long before it the agenda is fixed: 1wd is a working day, 4h four hours. Left empty: 1wd."},
		{Name: "calendar", Label: "Calendar", Optional: true, MaxLength: 100, Hint: "In which working days are counted; left empty: default."},
	}
}

// boardParts put what was chosen for a board where the command has it.
func boardParts(fields []field) []field {
	var parts []field
	for _, f := range fields {
		if kind, name, named := strings.Cut(f.Value, ":"); f.Name == boardField && named {
			f.Name, f.Value = boardField+"."+kind, name
		}
		parts = append(parts, f)
	}
	return parts
}

// callMeeting calls a meeting.
func (w *console) callMeeting(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	view := w.newMeetingView(c, c.Request.PostForm)
	f := &view.Form
	f.Key, f.Zone = c.PostForm(keyField), c.PostForm(zoneField)
	body, err := bodyOf(boardParts(f.Fields), f.Zone)
	var reply app.Reply
	if err == nil {
		reply, err = w.Service.Execute(c.Request.Context(), app.Request{Practice: meeting.Practice, Verb: f.Verb, Key: f.Key, Body: body})
	}
	switch {
	case err != nil:
		w.show(c, f.refuse(err), newMeetingPage(view))
	case reply.Meeting == nil:
		c.Redirect(http.StatusSeeOther, "/commands/"+reply.CommandID)
	default:
		c.Redirect(http.StatusSeeOther, recordURL(reply.Meeting.Number))
	}
}
