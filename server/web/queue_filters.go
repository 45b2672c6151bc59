package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

const queuePath = "/incidents"

// filters are what a list shows, as the URL says it. All of it can be bookmarked.
type filters struct {
	// Of is the kind of list; nil is that of incidents.
	Of        *queueKind
	State     string
	Priority  string
	Team      string
	Assignee  string
	Requester string
	Service   string
	Category  string
	Tag       string
	Words     string
	// Promise are the promises that a list of incidents asks for.
	Promise promiseFilter
	// Type, Model, Item and Voting are asked of changes; Voting is "yes" or empty.
	Type, Model, Item, Voting string
	Sort                      string
	Cursor                    string
	// View is the id of the saved view that the list began with.
	View string
	// Columns are the names of the columns shown; none: the usual ones.
	Columns []string
}

const everyState = "all"

// asked are the filters that a query names; without any of them, a view decides.
func asked(query url.Values) bool {
	for _, name := range []string{"state", "priority", "team", "assignee", "requester", "service", "category", "tag", "q", "sort", "type", "model", "item", "voting"} {
		if query.Has(name) {
			return true
		}
	}
	return asksPromises(query)
}

func filtersOf(of *queueKind, query url.Values) filters {
	f := filters{
		Of: of, State: query.Get("state"), Priority: query.Get("priority"), Team: query.Get("team"), Assignee: query.Get("assignee"),
		Requester: query.Get("requester"), Service: query.Get("service"), Category: query.Get("category"), Tag: query.Get("tag"),
		Words: strings.TrimSpace(query.Get("q")), Sort: query.Get("sort"), Cursor: query.Get("cursor"), View: query.Get("view"),
	}
	of.own(&f, query)
	for _, names := range query["column"] {
		f.Columns = append(f.Columns, strings.FieldsFunc(names, func(r rune) bool { return r == ',' })...)
	}
	if f.State == "" {
		f.State = "open"
	}
	return f
}

// filtersOfView are those of a saved view.
func filtersOfView(of *queueKind, view app.View) filters {
	ask := view.Filter
	f := filters{
		Of: of, Type: ask.Type, Model: ask.Model, Item: ask.Item, State: strings.Join(ask.State, ","), Team: ask.Team, Assignee: ask.Assignee, Requester: ask.Requester, Service: ask.Service,
		Category: ask.Category, Tag: ask.Tag, Words: ask.Words, Promise: promiseFilterOfView(ask), Sort: ask.Sort, View: view.ID, Columns: view.Columns,
	}
	if ask.Voting {
		f.Voting = "yes"
	}
	var priorities []string
	for _, priority := range ask.Priority {
		priorities = append(priorities, strconv.Itoa(priority))
	}
	f.Priority = strings.Join(priorities, ",")
	if f.State == "" {
		f.State = everyState
	}
	return f
}

// keep is what a view keeps of the filters.
func (f filters) keep() app.ViewFilter {
	ask := app.ViewFilter{
		Team: f.Team, Assignee: f.Assignee, Requester: f.Requester, Service: f.Service, Category: f.Category, Tag: f.Tag, Words: f.Words, Sort: f.Sort,
		Type: f.Type, Model: f.Model, Item: f.Item, Voting: f.Voting != "",
	}
	f.Promise.keepIn(&ask)
	if f.State != everyState {
		ask.State = strings.Split(f.State, ",")
	}
	for priority := range strings.SplitSeq(f.Priority, ",") {
		if number, err := strconv.Atoi(strings.TrimSpace(priority)); err == nil {
			ask.Priority = append(ask.Priority, number)
		}
	}
	return ask
}

// kind is the kind of the list.
func (f filters) kind() *queueKind {
	if f.Of == nil {
		return incidentQueue
	}
	return f.Of
}

// changes is what a list of changes asks the service.
func (f filters) changes() app.ChangeQuery {
	query := f.keep().Changes()
	query.Cursor = f.Cursor
	return query
}

// query is what a list of incidents asks the service.
func (f filters) query() app.IncidentQuery {
	query := f.keep().Query()
	query.Cursor = f.Cursor
	return query
}

// narrowed reports whether anything but the usual state is asked for.
func (f filters) narrowed() bool {
	return f.Priority+f.Team+f.Assignee+f.Requester+f.Service+f.Category+f.Tag+f.Words+f.Type+f.Model+f.Item+f.Voting != "" || f.Promise.asks() || f.State != everyState
}

// values are the filters as a query says them.
func (f filters) values() url.Values {
	values := f.Promise.values()
	for name, value := range map[string]string{
		"state": f.State, "priority": f.Priority, "team": f.Team, "assignee": f.Assignee, "requester": f.Requester, "service": f.Service,
		"category": f.Category, "tag": f.Tag, "q": f.Words, "sort": f.Sort, "view": f.View, "column": strings.Join(f.Columns, ","),
		"type": f.Type, "model": f.Model, "item": f.Item, "voting": f.Voting,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// url is the list with these filters, at a place; an empty cursor is the first page.
func (f filters) url(cursor string) string {
	values := f.values()
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	return f.kind().path + "?" + values.Encode()
}

// same reports whether other filters show the same list in the same order.
func (f filters) same(other filters) bool {
	f.View, f.Cursor, f.Columns, other.View, other.Cursor, other.Columns = "", "", nil, "", "", nil
	return f.url("") == other.url("")
}

// standing are the questions asked most, one click each.
func standing() []standingView {
	return []standingView{
		{"My work", filters{State: "open", Assignee: "me", Sort: "wake_at"}},
		{"Nobody's yet", filters{State: "open", Assignee: "none", Sort: "priority"}},
		{"All open", filters{State: "open"}},
		{"On hold", filters{State: "on_hold", Sort: "wake_at"}},
		{"Resolved", filters{State: "resolved"}},
	}
}

type standingView struct {
	Title   string
	Filters filters
}

func incidentStates() []choice {
	choices := []choice{{"open", "Open"}, {"active", "Open or resolved"}, {everyState, "Any state"}}
	for _, state := range incident.Lifecycle.States {
		choices = append(choices, choice{string(state.Name), state.Title})
	}
	return choices
}

func incidentSorts() []choice {
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

// column is one that a list can show.
type column struct {
	Name, Title string
	// Usual: it is shown where nobody chose.
	Usual bool
}

// incidentColumns are all that a list of incidents can show, in the order shown. The title always is.
var incidentColumns = []column{
	{"number", "Number", true},
	{"priority", "Priority", true},
	{titleColumn, "Title", true},
	{"state", "State", true},
	{"service", "Service", true},
	{"team", "Team", true},
	{"assignee", "Assignee", true},
	{"promise", "Promise", true},
	{"due", "Due next", false},
	{"opened", "Opened", false},
	{"updated", "Changed", false},
	{"requester", "Requester", false},
	{"category", "Category", false},
	{"impact", "Impact", false},
	{"urgency", "Urgency", false},
	{"tags", "Tags", false},
	{"channel", "Channel", false},
	{"location", "Location", false},
}

const titleColumn = "title"

// shownColumns are those of a list; names that are none are left out.
func (f filters) shownColumns() []column {
	var shown []column
	for _, one := range f.kind().columns {
		if one.Name == titleColumn || len(f.Columns) == 0 && one.Usual || slices.Contains(f.Columns, one.Name) {
			shown = append(shown, one)
		}
	}
	return shown
}
