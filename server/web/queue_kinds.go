package web

import (
	"context"
	"net/url"

	"github.com/a-h/templ"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// queueKind is what the list of one practice is made of. Filters, views, selection, bulk commands and keys are the same for all.
type queueKind struct {
	practice domain.Practice
	table    *domain.Lifecycle
	path     string
	// title is what the list is called, one and many are what it lists.
	title, one, many string
	columns          []column
	states, sorts    []choice
	// standing are the questions asked most, one click each; perTeam: some are about the reader's teams.
	standing func(queueView) []standingView
	perTeam  bool
	// own reads the filters that only this practice has.
	own func(*filters, url.Values)
	// first and more are the commands that can be given to several at once.
	first, more []bulkCommand
	keys        []choice
	list        func(ctx context.Context, w *console, f filters) (rows []listedRecord, next string, err error)
	read        func(ctx context.Context, w *console, reference string) (listedRecord, error)
	// live says, in the list, where the page hears of changes, beside does so outside of it; tools lead to other pages, inputs are the
	// fields of its own filters, and cell is a column of its own.
	live   func(queueView) templ.Component
	beside func(queueView) templ.Component
	tools  func(queueView) templ.Component
	inputs func(queueView) templ.Component
	cell   func(row rowView, name string) templ.Component
	// none is shown where there is nothing at all yet.
	none func(queueView) templ.Component
}

// listedRecord is one record of a list, with what its practice knows of it.
type listedRecord struct {
	domain.Record
	Allowed  []string
	Incident *incident.Incident
	Change   *change.Change
}

func listedIncident(one app.IncidentView) listedRecord {
	return listedRecord{Record: one.Record, Allowed: one.AllowedCommands, Incident: &one.Incident}
}

func listedChange(one app.ChangeView) listedRecord {
	return listedRecord{Record: one.Record, Allowed: one.AllowedCommands, Change: &one.Change}
}

// bulkCommand is a command for several records. Slug names it in the page; Fields are those of the verb's body that its form has, all
// where it names none.
type bulkCommand struct {
	Slug, Title, Verb string
	Fields            []string
}

func plainBulk(table *domain.Lifecycle, verbs ...string) []bulkCommand {
	list := make([]bulkCommand, len(verbs))
	for i, verb := range verbs {
		transition, _ := table.Transition(verb)
		list[i] = bulkCommand{Slug: slug(verb), Title: transition.Title, Verb: verb}
	}
	return list
}

var incidentQueue, changeQueue *queueKind

// The kinds name functions that name them.
func init() {
	incidentQueue = &queueKind{
		practice: domain.Incident, table: incident.Lifecycle, path: queuePath, title: "Incidents", one: "incident", many: "incidents",
		columns: incidentColumns, states: incidentStates(), sorts: incidentSorts(),
		standing: func(queueView) []standingView { return standing() },
		own:      func(f *filters, query url.Values) { f.Promise = promiseFilterOf(query) },
		// The rest say something of one.
		first: plainBulk(incident.Lifecycle, "assign", "hold", "resolve", "change_priority"),
		more:  plainBulk(incident.Lifecycle, "triage", "start", "resume", "close", "cancel"),
		keys:  queueKeys,
		list: func(ctx context.Context, w *console, f filters) ([]listedRecord, string, error) {
			found, err := w.Service.Incidents(ctx, f.query())
			return listedAs(found.Items, listedIncident), found.NextCursor, err
		},
		read: func(ctx context.Context, w *console, reference string) (listedRecord, error) {
			one, err := w.Service.Incident(ctx, reference)
			return listedIncident(one), err
		},
		live: liveRows, beside: nothing, tools: nothing, inputs: incidentFilters, cell: incidentCell, none: noIncidentYet,
	}
	changeQueue = &queueKind{
		practice: change.Practice, table: change.Lifecycle, path: changesPath, title: "Changes", one: "change", many: "changes",
		columns: changeColumns, states: changeStates(), sorts: changeSorts(), standing: standingChanges, perTeam: true,
		own: func(f *filters, query url.Values) {
			f.Type, f.Model, f.Item, f.Voting = query.Get("type"), query.Get("model"), query.Get("item"), query.Get("voting")
		},
		first: []bulkCommand{
			{"assign", "Assign", "edit", []string{"team", "assignee", "reason"}},
			{"tag", "Tag", "edit", []string{"tags", "reason"}},
			{"link", "Link", "link", nil},
			{"cancel", "Cancel", "cancel", nil},
		},
		more: append([]bulkCommand{{"categorise", "Categorise", "edit", []string{"category", "reason"}}}, plainBulk(change.Lifecycle, "submit", "withdraw", "close")...),
		keys: changeKeys,
		list: func(ctx context.Context, w *console, f filters) ([]listedRecord, string, error) {
			found, err := w.Service.Changes(ctx, f.changes())
			return listedAs(found.Items, listedChange), found.NextCursor, err
		},
		read: func(ctx context.Context, w *console, reference string) (listedRecord, error) {
			one, err := w.Service.Change(ctx, reference)
			return listedChange(one), err
		},
		live: nothing, beside: liveChanges, tools: changeTools, inputs: changeInputs, cell: changeCell, none: noChangeYet,
	}
}

func nothing(queueView) templ.Component { return templ.NopComponent }

func listedAs[T any](found []T, as func(T) listedRecord) []listedRecord {
	rows := make([]listedRecord, len(found))
	for i, one := range found {
		rows[i] = as(one)
	}
	return rows
}
