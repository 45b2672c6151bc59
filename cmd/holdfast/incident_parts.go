package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// whole reads a list by sequence numbers to its end.
func whole[T any](read func(after int64) (app.Page[T], error)) ([]T, error) {
	items, _, err := pages(0, true, func(cursor string, _ int) (app.Page[T], error) {
		after := int64(0)
		if cursor != "" {
			var err error
			if after, err = strconv.ParseInt(cursor, 10, 64); err != nil {
				return app.Page[T]{}, fmt.Errorf("reading a cursor: %w", err)
			}
		}
		return read(after)
	})
	return items, err
}

type incidentTimeline struct{ record }

// Run prints the whole timeline.
func (c *incidentTimeline) Run(ctx context.Context, s *session) error {
	events, err := whole(func(after int64) (app.Page[domain.StoredEvent], error) {
		return s.service.Timeline(ctx, c.Record, after, 200)
	})
	if err != nil {
		return err
	}
	return s.show(view{data: events, table: timelineTable(events)})
}

// timelineTable is a timeline, one event a row.
func timelineTable(events []domain.StoredEvent) table {
	t := table{titles: []string{"SEQ", "WHEN", "WHO", "WHAT", "DETAIL"}, empty: "Nothing yet."}
	for _, event := range events {
		t.rows = append(t.rows, []any{event.Seq, event.At, who(event.Actor), event.Type, detail(event)})
	}
	return t
}

// who names an author; all but people with what they are.
func who(actor domain.Actor) string {
	if actor.Kind == domain.ActorPerson {
		return actor.Name
	}
	return strings.TrimSpace(string(actor.Kind) + " " + actor.Name)
}

// detail words what an event carries: its reason, then its facts by name.
func detail(event domain.StoredEvent) string {
	parts := []string{}
	if event.Reason != "" {
		parts = append(parts, event.Reason)
	}
	for _, data := range []json.RawMessage{event.Data, event.Personal} {
		parts = append(parts, facts(data)...)
	}
	if event.LatenessMS != nil && *event.LatenessMS >= 1000 {
		parts = append(parts, fmt.Sprintf("%d s late", *event.LatenessMS/1000))
	}
	return strings.Join(parts, "; ")
}

func facts(data json.RawMessage) []string {
	var values map[string]any
	if json.Unmarshal(data, &values) != nil {
		return nil // erased, or not an object: nothing to word
	}
	list := []string{}
	for name, value := range values {
		if name != "fields" { // they are named by their changes
			list = append(list, said(name, value)...)
		}
	}
	sort.Strings(list)
	return list
}

// said words what an event says under a name: a value, a change, or several of them.
func said(name string, value any) []string {
	several, _ := value.(map[string]any)
	from, before := several["from"]
	to, after := several["to"]
	if before && after && len(several) == 2 {
		return []string{fmt.Sprintf("%s: %s → %s", name, scalar(from), scalar(to))}
	}
	var list []string
	for inner, one := range several {
		list = append(list, said(name+"."+inner, one)...)
	}
	if text := scalar(value); text != "" && several == nil {
		list = append(list, name+": "+text)
	}
	return list
}

// scalar words a value of JSON; lists with commas.
func scalar(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = scalar(item)
		}
		return strings.Join(items, ", ")
	case map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	}
	return fmt.Sprint(value)
}
