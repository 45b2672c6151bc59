package web

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// rowView is one row of a queue.
type rowView struct {
	listedRecord
	Of      *queueKind
	Columns []column
	Staff   bool
	Now     time.Time
	// Asked are the promises that the list asks for.
	Asked promiseFilter
	// News says what brought the row anew, for those who hear the page; empty: it came with the page.
	News string
	// Left: the record does not fit the list any more. The row stays where it is until the list is shown anew.
	Left bool
}

func queueRowOf(view queueView, one listedRecord) rowView {
	return rowView{listedRecord: one, Of: view.Of, Columns: view.Columns, Staff: view.Staff, Now: view.Now, Asked: view.Filters.Promise}
}

// text is the value of a column that is a word.
func (r rowView) text(name string) string {
	switch name {
	case "service":
		return r.Service
	case "team":
		return r.Team
	case "assignee":
		return r.Assignee
	case "requester":
		return r.Requester
	case "category":
		return r.Category
	case "impact":
		return human(r.Incident.Impact)
	case "urgency":
		return human(r.Incident.Urgency)
	case "type":
		return human(r.Change.Type)
	case "model":
		return r.Change.Model
	case "environment":
		return r.Environment
	case "channel":
		return r.Channel
	case "location":
		return r.Location
	}
	return ""
}

func shows(shown []column, one column) bool { return slices.Contains(shown, one) }

// belongs reports whether an incident is one that a list asks for, as the list's own statement would. Words are not looked at.
func belongs(ask app.ViewFilter, one incident.Incident, me string) bool {
	self := func(handle string) string {
		if handle == "me" {
			return me
		}
		return handle
	}
	// The list takes open and active as conditions beside the states that are named.
	var named []string
	for _, state := range ask.State {
		if state == "open" && !one.Open || state == "active" && !one.Active {
			return false
		}
		if state != "open" && state != "active" {
			named = append(named, state)
		}
	}
	if len(named) > 0 && !slices.Contains(named, string(one.State)) {
		return false
	}
	assignee := ask.Assignee == "" || ask.Assignee == "none" && one.Assignee == "" || one.Assignee == self(ask.Assignee)
	return assignee && (len(ask.Priority) == 0 || slices.Contains(ask.Priority, one.Priority)) &&
		(ask.Team == "" || ask.Team == one.Team) && (ask.Requester == "" || self(ask.Requester) == one.Requester) &&
		(ask.Service == "" || ask.Service == one.Service) && (ask.Category == "" || ask.Category == one.Category) &&
		(ask.Tag == "" || slices.Contains(one.Tags, ask.Tag))
}

// before reports whether one incident stands before another in a list of an order.
func before(sort string, a, b incident.Incident) bool {
	later := func(x, y time.Time) int { return x.Compare(y) }
	due := func(one incident.Incident) time.Time {
		if one.WakeAt == nil {
			return time.Unix(1<<40, 0) // those that wait for nothing come last
		}
		return *one.WakeAt
	}
	order := 0
	switch sort {
	case "opened_at":
		order = later(a.OpenedAt, b.OpenedAt)
	case "", "-opened_at":
		order = later(b.OpenedAt, a.OpenedAt)
	case "updated_at":
		order = later(a.UpdatedAt, b.UpdatedAt)
	case "-updated_at":
		order = later(b.UpdatedAt, a.UpdatedAt)
	case "wake_at":
		order = later(due(a), due(b))
	case "-wake_at":
		order = later(due(b), due(a))
	case "priority", "-priority":
		order = a.Priority - b.Priority
		if order == 0 {
			order = later(a.OpenedAt, b.OpenedAt)
		}
		if sort == "-priority" {
			order = -order
		}
	}
	return order < 0 || order == 0 && a.ID < b.ID
}
