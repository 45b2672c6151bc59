package web

import (
	"context"
	"slices"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// homePromises are how the promises of the reader's work and of their teams stand.
type homePromises struct {
	// Mine are the lists of their own work that are not empty, Counts how long each is.
	Mine   []standingView
	Counts []int
	// Teams are their teams' figures of today; Shows: they may read them.
	Teams []promiseRow
	Shows bool
}

// pressing are the lists of somebody's own work that promises make pressing.
func pressing() []standingView {
	mine := func(asks promiseFilter) filters {
		return filters{State: "open", Assignee: "me", Sort: "wake_at", Promise: asks}
	}
	return []standingView{
		{"with a broken promise", mine(promiseFilter{Clock: string(sla.Breached)})},
		{"due within 2 h", mine(promiseFilter{Within: "2h"})},
	}
}

// promisesAtHome reads how the promises stand.
func (w *console) promisesAtHome(ctx context.Context) (homePromises, error) {
	var found homePromises
	who, err := app.PrincipalFrom(ctx)
	if err != nil {
		return found, err
	}
	lists := pressing()
	asks := make([]app.ViewFilter, len(lists))
	for i, one := range lists {
		asks[i] = one.Filters.keep()
	}
	counts, err := w.Service.CountViews(ctx, domain.Incident, asks)
	if err != nil {
		return found, err
	}
	for i, count := range counts {
		if count > 0 {
			found.Mine, found.Counts = append(found.Mine, lists[i]), append(found.Counts, count)
		}
	}
	if found.Shows = readsPromises(who); !found.Shows {
		return found, nil
	}
	found.Teams, err = w.promisesOfTeams(ctx, who.Handle)
	return found, err
}

// promisesOfTeams are today's figures of the teams that somebody is a member of, in the order of their names.
func (w *console) promisesOfTeams(ctx context.Context, member string) ([]promiseRow, error) {
	teams, err := w.Service.Teams(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := w.Service.PromisesKept(ctx, app.PromisesQuery{})
	if err != nil {
		return nil, err
	}
	var rows []promiseRow
	for _, team := range teams {
		for _, one := range kept.Teams {
			if one.Team == team.Name && slices.Contains(team.Members, member) {
				row := promiseRow{Title: titled(team.Name, team.Title).Title, PromiseFigures: one.PromiseFigures, Asks: promisesView{Kept: kept, Team: one.Team}.asks()}
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// byPromise puts first what breaks first: what is broken, then what falls due next, then what is paused, then all else as it stood.
func byPromise(work []app.IncidentView) []app.IncidentView {
	sorted := slices.Clone(work)
	slices.SortStableFunc(sorted, func(a, b app.IncidentView) int {
		one, owes := nextPromise(a.Clocks)
		other, otherOwes := nextPromise(b.Clocks)
		rank := func(owes bool, of promise) int {
			switch {
			case !owes:
				return 2
			case of.At == nil:
				return 1
			}
			return 0
		}
		if order := rank(owes, one) - rank(otherOwes, other); order != 0 || one.At == nil {
			return order
		}
		return one.At.Compare(*other.At)
	})
	return sorted
}
