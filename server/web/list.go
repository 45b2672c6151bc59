package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// filters are what narrows a list, as the URL says it. All of it can be bookmarked.
type filters struct {
	State    string
	Priority string
	Team     string
	Assignee string
	Words    string
	Sort     string
	Cursor   string
}

const everyState = "all"

func filtersOf(c *gin.Context) filters {
	f := filters{
		State: c.Query("state"), Priority: c.Query("priority"), Team: c.Query("team"), Assignee: c.Query("assignee"),
		Words: strings.TrimSpace(c.Query("q")), Sort: c.Query("sort"), Cursor: c.Query("cursor"),
	}
	if f.State == "" {
		f.State = "open"
	}
	return f
}

// narrowed reports whether anything but the usual state is asked for.
func (f filters) narrowed() bool {
	return f.Priority != "" || f.Team != "" || f.Assignee != "" || f.Words != "" || f.State != everyState
}

func (f filters) query() app.IncidentQuery {
	query := app.IncidentQuery{Team: f.Team, Assignee: f.Assignee, Words: f.Words, Sort: f.Sort, Cursor: f.Cursor}
	if f.State != everyState {
		query.State = strings.Split(f.State, ",")
	}
	for priority := range strings.SplitSeq(f.Priority, ",") {
		if number, err := strconv.Atoi(strings.TrimSpace(priority)); err == nil {
			query.Priority = append(query.Priority, number)
		}
	}
	return query
}

// url is the list with these filters, at a place; an empty cursor is the first page.
func (f filters) url(cursor string) string {
	values := url.Values{}
	for name, value := range map[string]string{
		"state": f.State, "priority": f.Priority, "team": f.Team, "assignee": f.Assignee, "q": f.Words, "sort": f.Sort, "cursor": cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return "/incidents?" + values.Encode()
}

// views are the questions asked most, one click each.
func views() []choice {
	return []choice{
		{filters{State: "open", Assignee: "me", Sort: "wake_at"}.url(""), "My work"},
		{filters{State: "open", Assignee: "none", Sort: "priority"}.url(""), "Nobody's yet"},
		{filters{State: "open"}.url(""), "All open"},
		{filters{State: "on_hold", Sort: "wake_at"}.url(""), "On hold"},
		{filters{State: "resolved"}.url(""), "Resolved"},
	}
}

func stateChoices() []choice {
	choices := []choice{{"open", "Open"}, {"active", "Open or resolved"}, {everyState, "Any state"}}
	for _, state := range incident.Lifecycle.States {
		choices = append(choices, choice{string(state.Name), state.Title})
	}
	return choices
}

func sortChoices() []choice {
	return []choice{
		{"", "Newest first"}, {"opened_at", "Oldest first"}, {"wake_at", "Due next"}, {"priority", "Highest priority"}, {"-updated_at", "Changed last"},
	}
}

func priorityChoices() []choice {
	return []choice{{"", "Any"}, {"1", "P1"}, {"1,2", "P1 and P2"}, {"2", "P2"}, {"3", "P3"}, {"4", "P4"}, {"5", "P5"}}
}

// or adds the present value to choices that lack it, so that a form never changes what it was not told to.
func or(choices []choice, value string) []choice {
	if value == "" || slices.ContainsFunc(choices, func(c choice) bool { return c.Value == value }) {
		return choices
	}
	return append(slices.Clone(choices), choice{value, value})
}

// numberPattern is a record's number as people type it.
var numberPattern = regexp.MustCompile(`^(?i:inc)-?\d{1,12}$`)

// list shows incidents, one page at a time.
func (w *console) list(c *gin.Context) {
	f := filtersOf(c)
	if numberPattern.MatchString(f.Words) {
		digits := strings.TrimLeft(strings.TrimLeft(f.Words, "incINC-"), "0")
		for len(digits) < 6 {
			digits = "0" + digits
		}
		c.Redirect(http.StatusSeeOther, "/incidents/"+incident.Lifecycle.Prefix+"-"+digits)
		return
	}
	ctx := c.Request.Context()
	found, err := w.Service.Incidents(ctx, f.query())
	if err != nil {
		w.fail(c, err)
		return
	}
	teams, err := w.teamChoices(ctx, nil)
	if err != nil {
		w.Log.WarnContext(ctx, "the teams to filter by could not be read", "error", err)
	}
	w.show(c, http.StatusOK, listPage(w.page(c, "Incidents"), f, found, teams))
}

// waiting shows everything that the platform waits for, the next first.
func (w *console) waiting(c *gin.Context) {
	query := app.WaitingQuery{Team: c.Query("team"), Assignee: c.Query("assignee"), Name: c.Query("name"), Cursor: c.Query("cursor")}
	ctx := c.Request.Context()
	found, err := w.Service.Waiting(ctx, query)
	if err != nil {
		w.fail(c, err)
		return
	}
	teams, err := w.teamChoices(ctx, nil)
	if err != nil {
		w.Log.WarnContext(ctx, "the teams to filter by could not be read", "error", err)
	}
	w.show(c, http.StatusOK, waitingPage(w.page(c, "Waiting"), query, found, teams))
}

func waitingURL(query app.WaitingQuery, cursor string) string {
	values := url.Values{}
	for name, value := range map[string]string{"team": query.Team, "assignee": query.Assignee, "name": query.Name, "cursor": cursor} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return "/waiting?" + values.Encode()
}

// waitingName words a deadline of the list.
func waitingName(name string) string {
	for _, known := range waitingNames() {
		if known.Value == name {
			return known.Title
		}
	}
	return human(name)
}

func waitingNames() []choice {
	return []choice{
		{"", "Anything"},
		{"triage", "Triage"},
		{"hold_over", "End of a hold"},
		{"promise", "A vendor's promise"},
		{"reminder_1", "First reminder"},
		{"reminder_2", "Second reminder"},
		{"no_response", "The requester's answer"},
		{"auto_close", "Closing by itself"},
	}
}
