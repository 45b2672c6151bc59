package app

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// filter is what a query asks of the rows of changes.
func (q ChangeQuery) filter(principal Principal) (schemas.ChangeFilter, error) {
	filter := schemas.ChangeFilter{
		Team: q.Team, Service: q.Service, Assignee: me(q.Assignee, principal), Requester: me(q.Requester, principal), Priorities: q.Priority,
		Type: q.Type, Model: q.Model, Item: q.Item, Category: q.Category, Tag: q.Tag, Words: q.Words, Voting: q.Voting, From: q.From, To: q.To,
		Sort: q.Sort, Limit: pageSize(q.Limit),
	}
	if filter.Assignee == unassigned {
		filter.Assignee, filter.Unassigned = "", true
	}
	if (q.From == nil) != (q.To == nil) {
		return filter, badQuery("to", "", "and from belong together")
	}
	if q.From != nil && !q.From.Before(*q.To) {
		return filter, badQuery("to", q.To.Format(time.RFC3339), "is not after from")
	}
	if err := inCalendar(map[string]*time.Time{"from": q.From, "to": q.To}); err != nil {
		return filter, err
	}
	if err := checkPriorities(q.Priority); err != nil {
		return filter, err
	}
	switch {
	case filter.Sort == "" && q.From != nil:
		filter.Sort = "window_from"
	case filter.Sort == "":
		filter.Sort = "-opened_at"
	case !schemas.KnownChangeSort(filter.Sort):
		return filter, badQuery("sort", filter.Sort, "takes opened_at, updated_at, priority, wake_at, window_from, each with - for descending")
	}
	var err error
	if filter.States, filter.Open, err = statesOf(change.Lifecycle, q.State); err != nil {
		return filter, err
	}
	filter.After, err = positionIn(q.Cursor)
	return filter, err
}

// statesOf spells out the states that a query names: open are those of work that remains, active those that are not at the end.
// Several widen the list. Where they are all that are open, and no other, that alone is said: an index has it.
func statesOf(lifecycle *domain.Lifecycle, named []string) (states []string, open bool, err error) {
	for _, name := range split(named) {
		_, known := lifecycle.State(domain.State(name))
		switch {
		case known:
			states = append(states, name)
		case name == "open" || name == "active":
			for _, state := range lifecycle.States {
				if name == "open" && state.Open || name == "active" && state.Active {
					states = append(states, string(state.Name))
				}
			}
		default:
			return nil, false, badQuery("state", name, "is not a state, open or active")
		}
	}
	slices.Sort(states)
	if states = slices.Compact(states); slices.Equal(states, openStates(lifecycle)) {
		return nil, true, nil
	}
	return states, false, nil
}

func openStates(lifecycle *domain.Lifecycle) []string {
	var states []string
	for _, state := range lifecycle.States {
		if state.Open {
			states = append(states, string(state.Name))
		}
	}
	slices.Sort(states)
	return states
}

// split parts what was written with commas, once or several times.
func split(list []string) []string {
	var parts []string
	for _, one := range list {
		for part := range strings.SplitSeq(one, ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}
