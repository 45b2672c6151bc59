package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	homePath   = "/"
	callerPath = "/caller"
	// pickField names the person whom a press chose among those who are called alike.
	pickField = "pick"
)

// mountHome adds the page that those who work at the desk begin with.
func (w *console) mountHome(pages *gin.RouterGroup) {
	pages.GET(homePath, w.home)
	pages.GET(callerPath, w.lookUpCaller)
}

// homeView is all that the page shows.
type homeView struct {
	page
	// Quick is the short form that logs.
	Quick  form
	Caller callerView
	Work   app.WorkView
	Due    []app.WaitingRow
	// Promises are how those of the reader and of their teams stand.
	Promises homePromises
	// Calls are the escalations that call the reader.
	Calls []app.EscalationView
	// Votes are those that wait for the reader.
	Votes app.Approvals
	// Since is the place in the stream of events that the lists were read at; empty: it is not known.
	Since string
}

// callerView is what is known of the person who calls.
type callerView struct {
	// Asked is what was looked up; empty: nobody.
	Asked string
	Found *app.Person
	// Open are their records that are not at an end, Recent those that are.
	Open, Recent []app.IncidentView
	// Alike are people whom the text may mean, where it is nobody's handle.
	Alike   []app.Person
	Problem *server.Problem
}

const (
	homeRows     = 8
	callerOpen   = 5
	callerRecent = 3
)

// home shows what stands before those who work at the desk. Who only asks begins at the portal.
func (w *console) home(c *gin.Context) {
	ctx := c.Request.Context()
	who, err := app.PrincipalFrom(ctx)
	if err == nil && !who.Staff() {
		c.Redirect(http.StatusSeeOther, portalPath)
		return
	}
	view := homeView{page: w.page(c, "Home")}
	if err == nil && w.Pages != nil {
		view.Since, err = w.Pages.Place(ctx)
	}
	if err == nil {
		err = w.homeLists(ctx, &view)
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	asked := c.Request.URL.Query()
	if picked := asked.Get(pickField); picked != "" {
		asked.Set("requester", picked)
	}
	view.Quick = w.quickForm(ctx, asked)
	view.Caller = w.callerOf(ctx, asked.Get("requester"))
	w.show(c, http.StatusOK, homePage(view))
}

// homeLists reads the lists of the page.
func (w *console) homeLists(ctx context.Context, view *homeView) error {
	var err error
	if view.Work, err = w.Service.Work(ctx); err != nil {
		return err
	}
	view.Work.Mine = byPromise(view.Work.Mine)
	open, err := w.openEscalations(ctx, "", "open")
	if err != nil {
		return err
	}
	if view.Who != nil {
		view.Calls = callsFor(view.Who.Handle, open)
	}
	if view.Promises, err = w.promisesAtHome(ctx); err != nil {
		return err
	}
	if view.Votes, err = w.approvalsFor(ctx); err != nil {
		return err
	}
	due, err := w.Service.Waiting(ctx, app.WaitingQuery{Limit: homeRows})
	view.Due = due.Items
	return err
}

// quickFields are those of the short form, in their order.
var quickFields = []string{"requester", "title", "impact", "urgency", "service", "resolution.code", "resolution.notes"}

// quickHints are all that the short form explains: whoever fills it in does so every day.
var quickHints = map[string]string{"requester": "Handle, name or address. Left empty, it is you."}

// quickForm makes the short form that logs. What the URL says is filled in, as it is where the caller was looked up without
// scripts. It is sent to the long one, which shows itself when something is wrong.
func (w *console) quickForm(ctx context.Context, asked url.Values) form {
	all := logFields(ctx)
	read(all, asked)
	var fields []field
	for _, name := range quickFields {
		if at := slices.IndexFunc(all, func(f field) bool { return f.Name == name }); at >= 0 {
			all[at].Hint = quickHints[name]
			fields = append(fields, all[at])
		}
	}
	f := form{Verb: "log", Title: "Quick log", Action: "/incidents/new", Key: asked.Get(keyField), Zone: asked.Get(zoneField), Fields: fields}
	if f.Key == "" {
		f.Key = newKey()
	}
	w.offer(ctx, "log", f.Fields, nil)
	w.offerTemplates(ctx, &f, func(string) string { return "" })
	return f
}

// lookUpCaller shows what is known of a caller, as a part of the page.
func (w *console) lookUpCaller(c *gin.Context) {
	w.show(c, http.StatusOK, callerPart(w.callerOf(c.Request.Context(), c.Query("requester")), w.page(c, "Caller")))
}

// callerOf looks a caller up: by handle, else by a part of their name or address.
func (w *console) callerOf(ctx context.Context, asked string) callerView {
	view := callerView{Asked: strings.ToLower(strings.TrimSpace(asked))}
	if view.Asked == "" {
		return view
	}
	person, err := w.Service.Person(ctx, view.Asked)
	switch {
	case err == nil:
		view.Found = &person
		err = w.callerRecords(ctx, &view)
	case domain.CodeOf(err) == domain.CodeNotFound:
		view.Alike, err = w.Service.People(ctx, strings.TrimSpace(asked), callerOpen)
		if err == nil && len(view.Alike) == 1 {
			view.Found = &view.Alike[0]
			err = w.callerRecords(ctx, &view)
		}
	}
	if err != nil {
		view.Problem = server.ProblemOf(err)
	}
	return view
}

// callerRecords reads the caller's newest records, those that are under way first.
func (w *console) callerRecords(ctx context.Context, view *callerView) error {
	active, err := w.Service.Incidents(ctx, app.IncidentQuery{Requester: view.Found.Handle, State: []string{"active"}, Limit: callerOpen})
	if err != nil {
		return err
	}
	newest, err := w.Service.Incidents(ctx, app.IncidentQuery{Requester: view.Found.Handle, Limit: callerOpen + callerRecent})
	view.Open = active.Items
	for _, one := range newest.Items {
		if !one.Active && len(view.Recent) < callerRecent {
			view.Recent = append(view.Recent, one)
		}
	}
	return err
}

// teamQueue is the list of what nobody of the reader's teams has taken; of one team, where there is one.
func teamQueue(work app.WorkView) string {
	f := filters{State: "open", Assignee: "none", Sort: "priority"}
	for i, one := range work.Teams {
		if i > 0 && one.Team != f.Team {
			f.Team = ""
			break
		}
		f.Team = one.Team
	}
	return f.url("")
}
