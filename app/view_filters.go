package app

import (
	"context"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// ViewFilter is what a view asks, in the words of a list's query. What only one practice knows is refused in a view of another.
type ViewFilter struct {
	State     []string `json:"state,omitempty" maxItems:"20" doc:"A state, open or active"`
	Priority  []int    `json:"priority,omitempty" maxItems:"5"`
	Team      string   `json:"team,omitempty" maxLength:"200"`
	Assignee  string   `json:"assignee,omitempty" maxLength:"200" doc:"A handle, me, or none"`
	Requester string   `json:"requester,omitempty" maxLength:"200" doc:"A handle, or me"`
	Service   string   `json:"service,omitempty" maxLength:"200"`
	Category  string   `json:"category,omitempty" maxLength:"200"`
	Tag       string   `json:"tag,omitempty" maxLength:"200"`
	Words     string   `json:"q,omitempty" maxLength:"500"`

	Clock     string     `json:"clock,omitempty" enum:"breached,met,running" doc:"Of incidents: how a promise of it stands"`
	Metric    string     `json:"metric,omitempty" enum:"response,resolution,update,ola,underpinning" doc:"Of the promise that clock asks for"`
	Agreement string     `json:"agreement,omitempty" maxLength:"100" doc:"Of the promise that clock asks for"`
	ClockFrom *time.Time `json:"clock_from,omitempty" doc:"Broken, kept, or falling due from this moment on"`
	ClockTo   *time.Time `json:"clock_to,omitempty" doc:"Broken, kept, or falling due before this moment"`
	DueWithin string     `json:"due_within,omitempty" maxLength:"20" doc:"A promise of it falls due within so much time: 2h, 30m"`

	Type   string `json:"type,omitempty" enum:"standard,normal,emergency" doc:"Of changes"`
	Model  string `json:"model,omitempty" maxLength:"100" doc:"Of changes: that follow this model"`
	Item   string `json:"item,omitempty" maxLength:"200" doc:"Of changes: a configuration item that is touched"`
	Voting bool   `json:"voting,omitempty" doc:"Of changes: that await approval, or go on while a stage takes votes"`

	Sort string `json:"sort,omitempty" maxLength:"40"`
}

// Query is the filter as the query of a list of incidents.
func (f ViewFilter) Query() IncidentQuery {
	return IncidentQuery{
		State: f.State, Priority: f.Priority, Team: f.Team, Assignee: f.Assignee, Requester: f.Requester,
		Service: f.Service, Category: f.Category, Tag: f.Tag, Words: f.Words, Sort: f.Sort,
		PromiseQuery: PromiseQuery{
			Clock: f.Clock, Metric: f.Metric, Agreement: f.Agreement, ClockFrom: f.ClockFrom, ClockTo: f.ClockTo, DueWithin: f.DueWithin,
		},
	}
}

// Changes is the filter as the query of a list of changes.
func (f ViewFilter) Changes() ChangeQuery {
	return ChangeQuery{
		State: f.State, Priority: f.Priority, Team: f.Team, Assignee: f.Assignee, Requester: f.Requester, Service: f.Service, Category: f.Category,
		Tag: f.Tag, Words: f.Words, Sort: f.Sort, Type: f.Type, Model: f.Model, Item: f.Item, Voting: f.Voting,
	}
}

// viewedPractice is what views need to know of the practice that they ask about.
type viewedPractice struct {
	read Permission
	// check refuses what a list does not take.
	check func(ViewFilter, Principal) error
	count func(context.Context, *App, Principal, []ViewFilter) ([]int, error)
}

// viewed are the practices that views ask about.
var viewed = map[domain.Practice]viewedPractice{
	domain.Incident: {
		read: PermissionIncidentRead,
		check: func(f ViewFilter, principal Principal) error {
			if f.Type != "" || f.Model != "" || f.Item != "" || f.Voting {
				return domain.Invalid("filter", "asks for what only changes have")
			}
			_, err := f.Query().filter(principal, time.Time{}) // what is asked for is the same at any time
			return err
		},
		count: func(ctx context.Context, a *App, principal Principal, filters []ViewFilter) ([]int, error) {
			asked := make([]schemas.IncidentFilter, len(filters))
			for i, filter := range filters {
				var err error
				if asked[i], err = filter.Query().filter(principal, a.now()); err != nil {
					return nil, err
				}
			}
			return schemas.CountIncidents(ctx, a.DB, a.reader(principal), asked, MaxCount+1)
		},
	},
	change.Practice: {
		read: PermissionChangeRead,
		check: func(f ViewFilter, principal Principal) error {
			if f.Query().PromiseQuery != (PromiseQuery{}) {
				return domain.Invalid("filter", "asks for promises, which changes have none of")
			}
			_, err := f.Changes().filter(principal)
			return err
		},
		count: func(ctx context.Context, a *App, principal Principal, filters []ViewFilter) ([]int, error) {
			asked := make([]schemas.ChangeFilter, len(filters))
			for i, filter := range filters {
				var err error
				if asked[i], err = filter.Changes().filter(principal); err != nil {
					return nil, err
				}
			}
			return schemas.CountChanges(ctx, a.DB, a.reader(principal), asked, MaxCount+1)
		},
	},
}
