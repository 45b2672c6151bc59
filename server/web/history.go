package web

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// turn is one change of a field, as the timeline tells of it.
type turn struct {
	Event    domain.StoredEvent
	Field    string
	From, To string
	// First: it was said so when the record was opened.
	First bool
}

// historyView is what the fields of a record said, and when.
type historyView struct {
	page
	Record app.IncidentView
	// Field narrows it; empty shows every field. Fields are those that ever changed or were set.
	Field  string
	Fields []string
	// Turns are the changes, the newest first.
	Turns []turn
	// More: the timeline goes on after LastSeq.
	More    bool
	LastSeq int64
}

// history shows what a field of a record said before, or, without ?field=, every field.
func (w *console) history(c *gin.Context) {
	ctx := c.Request.Context()
	record, err := w.Service.Incident(ctx, c.Param("record"))
	if err != nil {
		w.fail(c, err)
		return
	}
	view := historyView{page: w.page(c, "History of "+record.Number), Record: record, Field: c.Query("field")}
	events, more, err := w.timeline(ctx, record.ID, queryNumber(c, "after"))
	if err != nil {
		w.fail(c, err)
		return
	}
	view.More = more
	if len(events) > 0 {
		view.LastSeq = events[len(events)-1].Seq
	}
	all := turnsOf(ctx, events)
	for _, one := range all {
		if !slices.Contains(view.Fields, one.Field) {
			view.Fields = append(view.Fields, one.Field)
		}
		if view.Field == "" || one.Field == view.Field {
			view.Turns = append(view.Turns, one)
		}
	}
	slices.Sort(view.Fields)
	slices.Reverse(view.Turns)
	w.show(c, http.StatusOK, historyPage(view))
}

const stateField = "state"

// turnsOf reads the changes of fields from a record's events, oldest first. What it was opened with counts as a change from
// nothing.
func turnsOf(ctx context.Context, events []domain.StoredEvent) []turn {
	var turns []turn
	var course states
	for _, event := range events {
		first := event.Type == "incident.logged"
		said := allSaid(event)
		from, to := course.after(event.Type, said)
		if to != "" && to != from {
			turns = append(turns, turn{Event: event, Field: stateField, From: titleOf(from), To: titleOf(to), First: first})
		}
		turns = append(turns, changesIn(ctx, event, said, first)...)
	}
	return turns
}

// allSaid is all that an event says: its facts and the words of people.
func allSaid(event domain.StoredEvent) map[string]any {
	said := map[string]any{}
	for _, part := range []json.RawMessage{event.Data, event.Personal} {
		var values map[string]any
		if len(part) > 0 && json.Unmarshal(part, &values) == nil {
			maps.Copy(said, values)
		}
	}
	return said
}

func titleOf(state domain.State) string {
	if state == "" {
		return ""
	}
	return stateTitle(state)
}

// notFields are what an event says beside the values of fields.
var notFields = map[string]bool{"assignment_rule": true, "assignment_fault": true, "fields": true, stateField: true, "opened_at": true, "source": true}

// changesIn are the changes that one event tells of, in the order of their fields.
func changesIn(ctx context.Context, event domain.StoredEvent, said map[string]any, first bool) []turn {
	var turns []turn
	for name, value := range said {
		change, isMap := value.(map[string]any)
		from, hasFrom := change["from"]
		to, hasTo := change["to"]
		switch {
		case notFields[name]:
		case isMap && hasFrom && hasTo:
			turns = append(turns, turn{Event: event, Field: name, From: plainText(ctx, name, from), To: plainText(ctx, name, to)})
		case first && !isMap && plainText(ctx, name, value) != "":
			turns = append(turns, turn{Event: event, Field: name, To: plainText(ctx, name, value), First: true})
		}
	}
	slices.SortFunc(turns, func(a, b turn) int { return strings.Compare(a.Field, b.Field) })
	return turns
}

// states follow a record's state over its events, which name what happened and not always where it led.
type states struct{ now, beforeHold domain.State }

// after gives the state before and after an event; an empty one is not known, or did not change.
func (s *states) after(kind string, said map[string]any) (from, to domain.State) {
	from = s.now
	change, isMap := said[stateField].(map[string]any)
	named, isText := said[stateField].(string)
	switch {
	case isMap:
		text, _ := change["to"].(string)
		to = domain.State(text)
	case isText:
		to = domain.State(named)
	case kind == "incident.logged":
		to = incident.New
	case kind == "incident.resumed":
		to = s.beforeHold
	case kind == "incident.replied":
		if s.now == incident.OnHold {
			to = s.beforeHold
		} else if s.now == incident.Resolved {
			to = incident.InProgress
		}
	default:
		to = ledTo(kind)
	}
	if to == incident.OnHold && from != incident.OnHold {
		s.beforeHold = from
	}
	if to != "" {
		s.now = to
	}
	return from, to
}

// ledTo is the one state that commands with an event lead to; empty where they lead to none, or to one of several.
func ledTo(kind string) domain.State {
	for _, transition := range incident.Lifecycle.Transitions {
		if transition.Event == kind && len(transition.To) == 1 {
			return transition.To[0]
		}
	}
	return ""
}

func historyURL(number, field string) string {
	if field == "" {
		return recordURL(number) + "/history"
	}
	return recordURL(number) + "/history?field=" + field
}

// moreSign begins what is asked beside the field.
func moreSign(field string) string {
	if field == "" {
		return "?"
	}
	return "&"
}
