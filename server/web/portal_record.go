package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

// portalRecordView is one of one's own records: how it stands, what was said, and what one can do about it.
type portalRecordView struct {
	page
	Record      app.IncidentView
	Said        []domain.StoredEvent // public events that mean something to whoever asked, oldest first
	Attachments []app.Attachment
	Clocks      []app.Clock // of what was promised to whoever asked
	LastSeq     int64
	New         bool // reported a moment ago
	Key         string
	Text        string // of a reply that was refused
	Problem     *server.Problem
}

// told are the events that the portal shows. Assignments and priorities are the desk's own business.
var told = []string{
	"incident.logged", "incident.held", "incident.resumed", "incident.resolved", "incident.confirmed", "incident.reopened",
	"incident.closed", "incident.canceled", "incident.merged", "incident.reminded", "incident.rated", "note.added", "attachment.added", "attachment.removed",
}

func (w *console) portalRecord(c *gin.Context) {
	view, err := w.portalRecordView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	view.New = c.Query("new") == "1"
	w.show(c, http.StatusOK, portalRecordPage(view))
}

func (w *console) portalRecordView(c *gin.Context) (portalRecordView, error) {
	ctx := c.Request.Context()
	events, _, err := w.timeline(ctx, c.Param("record"), 0) // first, as for the desk's page
	if err != nil {
		return portalRecordView{}, err
	}
	record, err := w.Service.Incident(ctx, c.Param("record"))
	if err != nil {
		return portalRecordView{}, err
	}
	if record.Requester != w.who(ctx) {
		// Staff see it in the console, with all that belongs to it.
		return portalRecordView{}, domain.Errorf(domain.CodeNotFound, "%s is not one of your own reports", record.Number)
	}
	view := portalRecordView{page: w.page(c, record.Title), Record: record, Key: newKey()}
	for _, event := range events {
		view.LastSeq = event.Seq
		if event.Public && slices.Contains(told, event.Type) {
			view.Said = append(view.Said, event)
		}
	}
	if view.Clocks, err = w.Service.Clocks(ctx, record.ID); err != nil {
		return view, err
	}
	attachments, err := w.Service.Attachments(ctx, record.ID)
	view.Attachments = slices.DeleteFunc(attachments, func(one app.Attachment) bool { return !one.Public })
	return view, err
}

func (w *console) who(ctx context.Context) string {
	principal, err := app.PrincipalFrom(ctx)
	if err != nil {
		return ""
	}
	return principal.Handle
}

// watchPortal listens to one's own record; the desk has pages of its own.
func (w *console) watchPortal(page *gin.Context) (watched, error) {
	view, err := w.portalRecordView(page)
	if err != nil {
		return nil, err
	}
	parts := func(page *gin.Context, _ []domain.StoredEvent) (templ.Component, error) {
		view, err := w.portalRecordView(page)
		return portalLiveParts(view), err
	}
	return &watchedRecord{console: w, page: page, record: view.Record, seen: queryNumber(page, "seq"), parts: parts}, nil
}

func portalLiveURL(view portalRecordView) string {
	return portalURL(view.Record.Number) + "/live?seq=" + strconv.FormatInt(view.LastSeq, 10)
}

// portalReply says something; a held record goes on with it.
func (w *console) portalReply(c *gin.Context) {
	w.portalForm(c, func(key string) error {
		_, err := w.Service.AddNote(c.Request.Context(), c.Param("record"), key, app.NoteBody{Body: c.PostForm("body")})
		return err
	})
}

// portalCommand confirms, rates, reopens or cancels.
func (w *console) portalCommand(c *gin.Context) {
	w.portalForm(c, func(key string) error {
		var body any
		switch verb := verbOf(c.Param("verb")); verb {
		case "confirm", "rate":
			score, err := strconv.Atoi(c.PostForm("score"))
			if err != nil {
				score = 0 // confirmed without a score
			}
			body = incident.Confirm{Score: score, Comment: c.PostForm("body")}
		case "reopen", "cancel":
			body = incident.Because{Reason: c.PostForm("body")}
		default:
			return domain.Errorf(domain.CodeNotFound, "there is no command %q here", verb)
		}
		_, err := w.give(c, verbOf(c.Param("verb")), c.Param("record"), key, body)
		return err
	})
}

// portalForm does something to one's own record and shows it again, with what went wrong and what was typed.
func (w *console) portalForm(c *gin.Context, do func(key string) error) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	view, err := w.portalRecordView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	key := c.PostForm(keyField)
	if err := do(key); err != nil {
		view.Problem = w.problem(c, err)
		view.Text, view.Key = c.PostForm("body"), keyAfter(view.Problem, key)
		w.show(c, view.Problem.Status, portalRecordPage(view))
		return
	}
	c.Redirect(http.StatusSeeOther, portalURL(view.Record.Number))
}

// portalAttach stores a file for the desk to read.
func (w *console) portalAttach(c *gin.Context) {
	view, err := w.portalRecordView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	if _, err := w.receiveUpload(c, c.Param("record"), w.Service.AddAttachment); err != nil {
		view.Problem = w.problem(c, err)
		w.show(c, view.Problem.Status, portalRecordPage(view))
		return
	}
	c.Redirect(http.StatusSeeOther, portalURL(view.Record.Number))
}

// portalRemove takes back a file that one attached oneself.
func (w *console) portalRemove(c *gin.Context) {
	err := w.Service.RemoveAttachment(c.Request.Context(), c.Param("record"), c.Param("attachment"))
	w.sendBack(c, err, portalURL(c.Param("record")))
}

// waitsForYou reports whether a record goes on only with its requester's word.
func waitsForYou(one app.IncidentView) bool {
	return one.State == incident.Resolved || one.State == incident.OnHold && one.Hold.Base == incident.AwaitingRequester
}

// howItStands says in plain words how a record stands.
func howItStands(one app.IncidentView) (title, more string) {
	switch one.State {
	case incident.New:
		return "Received", "We have it. Somebody looks at it next."
	case incident.Triaged:
		return "Received", "A team has it, and takes it up next."
	case incident.InProgress:
		return "Being worked on", "Somebody works on it now."
	case incident.OnHold:
		return onHoldWords(one)
	case incident.Resolved:
		return "Solved?", "We think that it works again. Tell us whether it does; without a word from you it counts as solved."
	case incident.Closed:
		return "Closed", "It is done."
	case incident.Canceled:
		return "Canceled", "Nothing is done about it."
	}
	return stateTitle(one.State), ""
}

func onHoldWords(one app.IncidentView) (title, more string) {
	switch one.Hold.Base {
	case incident.AwaitingRequester:
		return "Waiting for you", "We need an answer from you to go on. Write it below."
	case incident.AwaitingVendor:
		return "Waiting for a supplier", "We go on as soon as they answer."
	case incident.Scheduled:
		return "Planned", "The work is planned, and goes on by itself."
	}
	return "Waiting", "Something else must be done first. We go on after that."
}

// can reports whether the person may give a command now.
func can(one app.IncidentView, verb string) bool { return slices.Contains(one.AllowedCommands, verb) }

// scoreChoices are the five answers, from bad to good.
var scoreChoices = []choice{{"1", "1 Bad"}, {"2", "2"}, {"3", "3 All right"}, {"4", "4"}, {"5", "5 Good"}}

func firstOf(first, _ string) string { return first }

func backward(events []domain.StoredEvent) []domain.StoredEvent {
	newest := slices.Clone(events)
	slices.Reverse(newest)
	return newest
}

// saidBy heads a line of the portal's timeline: who said or did what, in plain words.
func saidBy(event domain.StoredEvent, me string) string {
	mine := event.Actor.Kind == domain.ActorPerson && event.Actor.Name == me
	if event.Type == "note.added" {
		if mine {
			return "You wrote"
		}
		return "We wrote"
	}
	if mine && event.Type == "incident.logged" {
		return "You reported this"
	}
	return saidTitles[event.Type]
}

var saidTitles = map[string]string{
	"incident.logged": "Reported for you", "incident.held": "It waits", "incident.resumed": "The work goes on",
	"incident.resolved": "Solved, as we think", "incident.confirmed": "You said that it works", "incident.reopened": "Taken up again",
	"incident.closed": "Closed", "incident.canceled": "Canceled", "incident.merged": "Goes on together with a report of the same",
	"incident.reminded": "We reminded you", "incident.rated": "You rated our help", "attachment.added": "A file was added", "attachment.removed": "A file was taken away",
}

// saidText is what an event says to whoever asked: a note's words, a question, a resolution.
func saidText(ctx context.Context, event domain.StoredEvent) string {
	for _, one := range factsOf(ctx, event) {
		if one.Text && !one.Change {
			return one.To
		}
	}
	return event.Reason
}
