package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

// The portal is the console of whoever asks for help: few words, nothing internal, and only what is theirs.
const (
	portalPath  = "/portal"
	reportPath  = portalPath + "/report"
	answersPath = portalPath + "/answers"
	// portalLivePath is what the page of one's own record listens to.
	portalLivePath  = portalPath + "/records/:record/live"
	portalFilesPath = portalPath + "/records/:record/attachments"
)

func (w *console) mountPortal(pages *gin.RouterGroup) {
	pages.GET(portalPath, w.portal)
	pages.GET(reportPath, w.reportForm)
	pages.POST(reportPath, w.report)
	pages.GET(answersPath, w.answers)
	pages.GET(portalPath+"/records/:record", w.portalRecord)
	pages.POST(portalPath+"/records/:record/reply", w.portalReply)
	pages.POST(portalFilesPath, w.portalAttach)
	pages.POST(portalFilesPath+"/:attachment/remove", w.portalRemove)
	pages.POST(portalPath+"/records/:record/do/:verb", w.portalCommand)
}

// portalView is the portal's first page: what one asked for.
type portalView struct {
	page
	Open, Over []app.IncidentView
	// Older: there is more that is over.
	Older bool
	// Planned is the work on any service that they will notice.
	Planned []app.PlannedWork
}

const portalShown = 20

func (w *console) portal(c *gin.Context) {
	ctx := c.Request.Context()
	view := portalView{page: w.page(c, "My reports")}
	open, err := w.Service.Incidents(ctx, app.IncidentQuery{State: []string{"active"}, Requester: "me", Sort: "-updated_at", Limit: 100})
	if err != nil {
		w.fail(c, err)
		return
	}
	over, err := w.Service.Incidents(ctx, app.IncidentQuery{
		State: []string{string(incident.Closed), string(incident.Canceled)}, Requester: "me", Sort: "-updated_at", Limit: portalShown,
	})
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Open, view.Over, view.Older = open.Items, over.Items, over.NextCursor != ""
	view.Planned = w.planned(ctx, "")
	// What waits for the requester stands first.
	slices.SortStableFunc(view.Open, func(a, b app.IncidentView) int { return rankOf(b) - rankOf(a) })
	w.show(c, http.StatusOK, portalPage(view))
}

func rankOf(one app.IncidentView) int {
	if waitsForYou(one) {
		return 1
	}
	return 0
}

// reportView is the form that reports a problem.
type reportView struct {
	page
	Key                                              string
	Title, Description, Service, Affected, Hindrance string
	Services                                         []choice
	Answers                                          []app.Answer
	// Planned is the work on the service that it is about.
	Planned []app.PlannedWork
	Problem *server.Problem
}

// affected and hindrances put impact and urgency as questions that anybody can answer.
var (
	affected   = []choice{{"low", "Only me"}, {"medium", "Some of us"}, {"high", "Many, or customers"}}
	hindrances = []choice{{"low", "I can work"}, {"medium", "It holds me up"}, {"high", "I cannot work"}}
)

func (w *console) reportForm(c *gin.Context) {
	view := w.reportView(c, c.Query)
	answers, err := w.answersTo(c.Request.Context(), view)
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Answers = answers
	w.show(c, http.StatusOK, reportPage(view))
}

func (w *console) reportView(c *gin.Context, value func(string) string) reportView {
	view := reportView{
		page: w.page(c, "Report a problem"), Key: value(keyField), Title: value("title"), Description: value("description"),
		Service: value("service"), Affected: value("affected"), Hindrance: value("hindrance"),
	}
	if view.Key == "" {
		view.Key = newKey()
	}
	services, err := w.Service.Services(c.Request.Context())
	if err != nil {
		w.Log.WarnContext(c.Request.Context(), "services could not be offered", "error", err) // the form works without
	}
	for _, service := range services {
		view.Services = append(view.Services, choice{Value: service.Name, Title: service.Title})
	}
	view.Planned = w.plannedOn(c.Request.Context(), view.Service)
	return view
}

// answers suggests what helped others, while one types.
func (w *console) answers(c *gin.Context) {
	view := reportView{Title: c.Query("title"), Description: c.Query("description"), Service: c.Query("service")}
	found, err := w.answersTo(c.Request.Context(), view)
	if err != nil {
		w.Log.WarnContext(c.Request.Context(), "answers could not be looked up", "error", err)
		w.show(c, http.StatusOK, answersFailed())
		return
	}
	w.show(c, http.StatusOK, answerList(found, view.Title != ""))
}

func (w *console) answersTo(ctx context.Context, view reportView) ([]app.Answer, error) {
	text := strings.TrimSpace(view.Title + " " + view.Description)
	if len([]rune(text)) < 4 {
		return nil, nil
	}
	return w.Service.Answers(ctx, firstBytes(text, 2000), view.Service, similarShown)
}

// report logs the incident, through the portal.
func (w *console) report(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	view := w.reportView(c, c.PostForm)
	reply, err := w.give(c, "log", "", view.Key, incident.Log{
		Title: strings.TrimSpace(view.Title), Description: view.Description, Service: view.Service,
		Impact: view.Affected, Urgency: view.Hindrance, Channel: "portal",
	})
	switch {
	case err != nil:
		view.Problem = w.problem(c, err)
		view.Key = keyAfter(view.Problem, view.Key)
		w.show(c, view.Problem.Status, reportPage(view))
	case reply.Incident == nil:
		c.Redirect(http.StatusSeeOther, "/commands/"+reply.CommandID)
	default:
		c.Redirect(http.StatusSeeOther, portalURL(reply.Incident.Number)+"?new=1")
	}
}

// give gives a command with a body.
func (w *console) give(c *gin.Context, verb, record, key string, body any) (app.Reply, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return app.Reply{}, err
	}
	return w.Service.Execute(c.Request.Context(), app.Request{Practice: domain.Incident, Verb: verb, Record: record, Key: key, Body: text})
}

func portalURL(number string) string { return portalPath + "/records/" + number }
