package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

const meetingsPath = "/cab-meetings"

// mountMeetings adds the pages of the meetings of change advisory boards.
func (w *console) mountMeetings(pages *gin.RouterGroup) {
	desk := pages.Group(meetingsPath, w.staffOnly, w.needs(app.PermissionMeetingRead))
	desk.GET("", w.meetings)
	w.mountNewMeeting(desk)
	desk.GET("/:record", w.meeting)
	desk.GET("/:record/agenda.md", w.meetingText(app.MeetingPaper.Agenda))
	desk.GET("/:record/minutes.md", w.meetingText(app.MeetingPaper.Minutes))
	desk.POST("/:record/do/:verb", w.meetingCommand)
}

// readsMeetings reports whether somebody sees the meetings of change advisory boards.
func readsMeetings(who app.Principal) bool { return who.May(app.PermissionMeetingRead) }

func isMeeting(reference string) bool {
	return strings.HasPrefix(reference, meeting.Lifecycle.Prefix+"-")
}

// meetingsView is the list of meetings.
type meetingsView struct {
	page
	// State is "open" or "all"; Cursor is where the page begins.
	State, Cursor string
	// Since is the place in the stream of events that the list was read at; empty: it is not known.
	Since string
	Found app.Page[app.MeetingView]
}

func (v meetingsView) url(cursor string) string {
	values := url.Values{"state": {v.State}}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	return meetingsPath + "?" + values.Encode()
}

func meetingFilters() []choice { return []choice{{"open", "Not over yet"}, {"all", "All"}} }

func (w *console) meetings(c *gin.Context) {
	view, err := w.meetingsView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, meetingsPage(view))
}

func (w *console) meetingsView(c *gin.Context) (meetingsView, error) {
	view := meetingsView{page: w.page(c, "CAB meetings"), State: c.Query("state"), Cursor: c.Query("cursor")}
	query := app.MeetingQuery{Cursor: view.Cursor}
	if view.State != "all" {
		view.State, query.State = "open", []string{"open"}
	}
	var err error
	if view.Since, err = w.place(c.Request.Context()); err != nil {
		return view, err
	}
	view.Found, err = w.Service.Meetings(c.Request.Context(), query)
	return view, err
}

// meetingView is the page of one meeting: its agenda, and its minutes as they grow.
type meetingView struct {
	page
	Paper app.MeetingPaper
	// Since is the place in the stream of events that it was read at; empty: it is not known.
	Since    string
	Timeline []domain.StoredEvent
	Form     *form
	NotNow   string
}

func (v meetingView) meeting() app.MeetingView { return v.Paper.Meeting }

// meeting shows one meeting; ?do=note shows it with that command's form open.
func (w *console) meeting(c *gin.Context) {
	view, err := w.meetingView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	if verb := verbOf(c.Query("do")); slices.Contains(view.meeting().AllowedCommands, verb) {
		transition, _ := meeting.Lifecycle.Transition(verb)
		view.Form = &form{Verb: verb, Title: transition.Title, Action: meetingDoURL(view.meeting().Number, verb), Key: newKey(), Fields: fieldsOf(transition)}
		for i, one := range view.Form.Fields {
			if given := c.Query(one.Name); given != "" {
				view.Form.Fields[i].Value = given
			}
		}
	} else if verb != "" {
		view.NotNow = verb
	}
	w.show(c, http.StatusOK, meetingPage(view))
}

func (w *console) meetingView(c *gin.Context) (meetingView, error) {
	ctx := c.Request.Context()
	since, err := w.place(ctx)
	if err != nil {
		return meetingView{}, err
	}
	paper, err := w.Service.MeetingPaper(ctx, c.Param("record"))
	if err != nil {
		return meetingView{}, err
	}
	view := meetingView{page: w.page(c, paper.Meeting.Number+" "+paper.Meeting.Title), Paper: paper, Since: since}
	events, err := w.Service.MeetingTimeline(ctx, paper.Meeting.ID, 0, timelinePage)
	view.Timeline = events.Items
	return view, err
}

// meetingCommand gives one command to a meeting.
func (w *console) meetingCommand(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	verb := verbOf(c.Param("verb"))
	transition, known := meeting.Lifecycle.Transition(verb)
	if !known || transition.Machine() || len(transition.From) == 0 {
		w.fail(c, domain.Errorf(domain.CodeNotFound, "there is no command %q", verb))
		return
	}
	f := &form{
		Verb: verb, Title: transition.Title, Action: meetingDoURL(c.Param("record"), verb), Key: c.PostForm(keyField), Zone: c.PostForm(zoneField),
		Fields: fieldsOf(transition),
	}
	read(f.Fields, c.Request.PostForm)
	reply, err := w.giveToMeeting(c.Request.Context(), c.Param("record"), f)
	switch {
	case err == nil && reply.Meeting == nil:
		c.Redirect(http.StatusSeeOther, "/commands/"+reply.CommandID)
		return
	case err == nil:
		c.Redirect(http.StatusSeeOther, recordURL(reply.Meeting.Number))
		return
	}
	view, viewErr := w.meetingView(c)
	if viewErr != nil {
		w.fail(c, err)
		return
	}
	view.Form = f
	w.show(c, f.refuse(err), meetingPage(view))
}

func (w *console) giveToMeeting(ctx context.Context, record string, f *form) (app.Reply, error) {
	body, err := bodyOf(f.Fields, f.Zone)
	if err != nil {
		return app.Reply{}, err
	}
	return w.Service.Execute(ctx, app.Request{Practice: meeting.Practice, Verb: f.Verb, Record: record, Key: f.Key, Body: body})
}

// meetingText serves agenda or minutes as Markdown, its times in the reader's zone or in that of ?zone=.
func (w *console) meetingText(write func(app.MeetingPaper, *time.Location) string) gin.HandlerFunc {
	return func(c *gin.Context) {
		paper, err := w.Service.MeetingPaper(c.Request.Context(), c.Param("record"))
		if err != nil {
			w.fail(c, err)
			return
		}
		zone, err := time.LoadLocation(cmp.Or(c.Query("zone"), zoneOf(c.Request.Context())))
		if err != nil {
			zone = time.UTC // one that this machine's tables do not have
		}
		c.Data(http.StatusOK, "text/markdown; charset=utf-8", []byte(write(paper, zone)))
	}
}

func meetingDoURL(number, verb string) string {
	return meetingsPath + "/" + number + "/do/" + slug(verb)
}

// meetingNext is what a meeting waits for, and until when; nil: for nothing.
func meetingNext(m app.MeetingView) (words string, at *time.Time) {
	switch {
	case m.State == meeting.Planned:
		return "the agenda is fixed", &m.CutOffAt
	case m.State == meeting.AgendaFixed:
		return "begins", &m.StartsAt
	case m.State == meeting.Held && m.EndedAt == nil:
		return "ends", &m.EndsAt
	case m.State == meeting.Held:
		return "closes by itself", m.CloseAt
	}
	return "", nil
}

// parted are the lines of an item, before the meeting, in it and after it.
func parted(lines []app.PaperLine) []partedLines {
	var parts []partedLines
	for _, one := range []choice{{app.PaperBefore, "Before the meeting"}, {app.PaperIn, "In the meeting"}, {app.PaperAfter, "After the meeting"}} {
		part := partedLines{Title: one.Title}
		for _, line := range lines {
			if line.When == one.Value {
				part.Lines = append(part.Lines, line)
			}
		}
		if len(part.Lines) > 0 {
			parts = append(parts, part)
		}
	}
	return parts
}

// boardWords name a board: "everybody who is cab member, about the service mail".
func boardWords(b meeting.Board) string {
	words := sentence(electorateWords([]approval.Target{b.Target()}))
	words = strings.TrimSuffix(words, ".")
	switch b.ScopeKind() {
	case approval.TargetTeam:
		words += ", about changes of the team " + b.ScopeName()
	case "service":
		words += ", about changes of the service " + b.ScopeName()
	}
	return words
}

// boardText words a board as an event keeps it: "role:cab_member for service:mail".
func boardText(kept string) string {
	target, scope, scoped := strings.Cut(kept, " for ")
	words := electorateWords([]approval.Target{approval.Target(target)})
	if kind, name, named := strings.Cut(scope, ":"); scoped && named {
		words += ", about changes of the " + kind + " " + name
	}
	return words
}

// awaits reports whether an item still awaits votes.
func awaits(item app.PaperItem) bool { return item.State == change.AwaitingApproval }

type partedLines struct {
	Title string
	Lines []app.PaperLine
}

// agendaWords say how the agenda of a meeting came about.
func agendaWords(m app.MeetingView) string {
	switch m.State {
	case meeting.Planned:
		return "At the cut-off, every change that awaits votes of the board is put on it."
	case meeting.Canceled:
		return "The meeting was canceled; what was on its agenda waits as before."
	}
	return "What awaited votes of the board at the cut-off, and what was put there by hand."
}

// lineWords are what a line of the minutes says, with the stage named as on every page.
func lineWords(line app.PaperLine) string {
	if line.Stage == "" {
		return line.Words()
	}
	line.Stage = "the stage " + stageName(line.Stage)
	if line.Kind == app.PaperDecision {
		return sentenceStart(line.Words())
	}
	return line.Words()
}

// emptyAgenda says why nothing is on an agenda, and what puts something there.
func emptyAgenda(m app.MeetingView) string {
	switch {
	case m.State == meeting.Planned:
		return "What awaits votes of the board at the cut-off will be. The chair can put a change on it at any time."
	case slices.Contains(m.AllowedCommands, "add_item"):
		return "Nothing awaited votes of the board at the cut-off. You can put a change on it."
	}
	return "Nothing awaited votes of the board at the cut-off."
}

// headVerbs are the commands that have a button at the head of the page. What takes a change off the agenda stands beside each change.
func (v meetingView) headVerbs() []string {
	hidden := slices.ContainsFunc(v.Paper.Items, func(item app.PaperItem) bool { return item.Hidden })
	return slices.DeleteFunc(slices.Clone(v.meeting().AllowedCommands), func(verb string) bool { return verb == "remove_item" && !hidden })
}

// meetingVerb is what the button of a command says.
func meetingVerb(verb string) string {
	transition, _ := meeting.Lifecycle.Transition(verb)
	return transition.Title
}
