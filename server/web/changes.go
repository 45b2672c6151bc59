package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

const changesPath = "/changes"

// mountChanges adds the pages about changes and the votes on them.
func (w *console) mountChanges(pages *gin.RouterGroup) {
	changes := pages.Group(changesPath, w.needs(app.PermissionChangeRead))
	changes.GET("", w.staffOnly, w.changes)
	draft := changes.Group("/new", w.staffOnly, w.needs("change.draft"))
	draft.GET("", w.newChange)
	draft.POST("", w.openChange)
	changes.GET("/calendar", w.staffOnly, w.changeCalendar)
	w.mountChangeFeeds(changes)
	changes.GET("/:record", w.change)
	changes.POST("/:record/do/:verb", w.changeCommand)
	w.mountChangePapers(changes)
}

// isChange reports whether a number or a path's last part is that of a change.
func isChange(reference string) bool {
	return strings.HasPrefix(reference, change.Lifecycle.Prefix+"-")
}

// changeFilters are what a list of changes is narrowed by.
type changeFilters struct {
	State, Team, Service, Assignee, Type, Model, Cursor string
}

func changeFiltersOf(query url.Values) changeFilters {
	f := changeFilters{
		State: query.Get("state"), Team: query.Get("team"), Service: query.Get("service"), Assignee: query.Get("assignee"),
		Type: query.Get("type"), Model: query.Get("model"), Cursor: query.Get("cursor"),
	}
	if !slices.ContainsFunc(changeStates(), func(one choice) bool { return one.Value == f.State }) {
		f.State = "open"
	}
	return f
}

func (f changeFilters) url(cursor string) string {
	values := url.Values{"state": {f.State}}
	for name, value := range map[string]string{
		"team": f.Team, "service": f.Service, "assignee": f.Assignee, "type": f.Type, "model": f.Model, "cursor": cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return changesPath + "?" + values.Encode()
}

func (f changeFilters) query() app.ChangeQuery {
	query := app.ChangeQuery{Team: f.Team, Service: f.Service, Assignee: f.Assignee, Type: f.Type, Model: f.Model, Cursor: f.Cursor}
	if f.State != "all" {
		query.State = []string{f.State}
	}
	return query
}

// changeStates are the states to filter by.
func changeStates() []choice {
	choices := []choice{{"open", "Open"}, {"all", "All"}}
	for _, state := range change.Lifecycle.States {
		choices = append(choices, choice{string(state.Name), state.Title})
	}
	return choices
}

func changeTypes() []choice {
	return []choice{{"", "Any"}, {change.Normal, "Normal"}, {change.Standard, "Standard"}, {change.Emergency, "Emergency"}}
}

// changesView is the list of changes.
type changesView struct {
	page
	Filters         changeFilters
	Found           app.Page[app.ChangeView]
	Teams, Services []choice
	// Since is the place in the stream of events that the list was read at; empty: it is not known.
	Since string
	// MyTeams are those whose changes have a tab of their own.
	MyTeams []choice
}

// changeTab is one of the lists that are asked for most.
type changeTab struct {
	Title   string
	Filters changeFilters
}

func (v changesView) tabs() []changeTab {
	tabs := []changeTab{{"All open", changeFilters{State: "open"}}}
	for _, team := range v.MyTeams {
		tabs = append(tabs, changeTab{team.Title, changeFilters{State: "open", Team: team.Value}})
	}
	return append(
		tabs,
		changeTab{"Mine to carry out", changeFilters{State: "open", Assignee: v.Who.Handle}},
		changeTab{"Awaiting approval", changeFilters{State: string(change.AwaitingApproval)}},
		changeTab{"Under way", changeFilters{State: string(change.Implementing)}},
	)
}

func (w *console) changes(c *gin.Context) {
	view, err := w.changesView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, changesPage(view))
}

func (w *console) changesView(c *gin.Context) (changesView, error) {
	ctx := c.Request.Context()
	view := changesView{page: w.page(c, "Changes"), Filters: changeFiltersOf(c.Request.URL.Query())}
	var err error
	if view.Since, err = w.place(ctx); err != nil {
		return view, err
	}
	if view.Found, err = w.Service.Changes(ctx, view.Filters.query()); err != nil {
		return view, err
	}
	view.Teams, view.MyTeams = w.teamsOf(ctx, view.Who.Handle)
	if view.Services, err = w.serviceChoices(ctx, nil); err != nil {
		w.Log.WarnContext(ctx, "the services to filter by could not be read", "error", err)
	}
	return view, nil
}

// teamsOf are all teams, and those of a person. A list that cannot be read is left empty: nothing is decided by it.
func (w *console) teamsOf(ctx context.Context, handle string) (all, own []choice) {
	teams, err := w.Service.Teams(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "the teams could not be read", "error", err)
	}
	for _, team := range teams {
		one := titled(team.Name, team.Title)
		all = append(all, one)
		if slices.Contains(team.Members, handle) {
			own = append(own, one)
		}
	}
	return all, own
}

// votesWord says how far the vote on a change is; empty while nobody is asked.
func votesWord(ctx context.Context, c change.Change) string {
	if c.Approval == nil || c.Approval.SubmittedAt == nil {
		return ""
	}
	voted, people := 0, 0
	for _, stage := range c.Approval.Stages {
		if stage.State.TakesVotes() {
			voted, people = voted+stage.Figures.Voted, people+stage.Figures.People
		}
	}
	switch verdict := c.Approval.Verdict(); {
	case verdict == approval.Error:
		return "cannot be decided"
	case people > 0:
		return numeral(ctx, voted) + " of " + numeral(ctx, people) + " voted"
	case verdict == approval.Approved || verdict == approval.Rejected:
		return string(verdict)
	}
	return ""
}

// gravest counts the conflicts of the gravest level that a change has.
func gravest(c change.Change) (level change.Level, count int) {
	for _, one := range c.Conflicts {
		if level == "" {
			level = one.Level // the gravest come first
		}
		if one.Level == level {
			count++
		}
	}
	return level, count
}

// overridden finds the override of a conflict; nil where it stands.
func overridden(c change.Change, conflict change.Conflict) *change.Override {
	for i, one := range c.Overrides {
		if one.Conflict == conflict.ID {
			return &c.Overrides[i]
		}
	}
	return nil
}

// conflictURL leads to what a conflict is with: another record, or a document.
func conflictURL(conflict change.Conflict) string {
	switch conflict.Kind {
	case "freeze":
		return documentURL("FreezeWindow", conflict.Other)
	case "maintenance":
		return documentURL("MaintenanceWindow", conflict.Other)
	case "model":
		return documentURL("ChangeModel", conflict.Other)
	}
	if conflict.Other == "" {
		return ""
	}
	return recordURL(conflict.Other)
}

// aroundOther parts what a conflict says at the name of the other side, which leads there; one that names no other side is all before.
func aroundOther(one change.Conflict) (before, other, after string) {
	words := sentence(one.Why)
	if conflictURL(one) == "" {
		return words, "", ""
	}
	if place := strings.Index(words, one.Other); place >= 0 {
		return words[:place], one.Other, words[place+len(one.Other):]
	}
	return words + " ", one.Other, ""
}

// changeFieldWords name the fields of a change in a sentence, where their names would not.
var changeFieldWords = map[string]string{"back_out_plan": "back-out plan", "justification": "reason"}

func fieldWords(fields []string) string {
	words := make([]string, len(fields))
	for i, name := range fields {
		if words[i] = changeFieldWords[name]; words[i] == "" {
			words[i] = strings.ToLower(human(name))
		}
	}
	return strings.Join(words, ", ")
}

// opensChanges reports whether somebody may draft a change.
func opensChanges(p page) bool { return p.may("change.draft") }
