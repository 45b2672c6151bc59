package api

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

type ByView struct {
	ID string `path:"id" maxLength:"64"`
}

// viewBody is a view as written: private unless said otherwise.
type viewBody struct {
	Practice string         `json:"practice,omitempty" enum:"incident,change" doc:"incident when left out"`
	Name     string         `json:"name" minLength:"1" maxLength:"200"`
	Audience string         `json:"audience,omitempty" enum:"private,team,everybody" doc:"private when left out"`
	Team     string         `json:"team,omitempty" maxLength:"200" doc:"Who sees it, with the audience team"`
	Filter   app.ViewFilter `json:"filter"`
	Columns  []string       `json:"columns,omitempty" maxItems:"30" doc:"Names of fields in the order shown; the usual ones when left out"`
}

func (b viewBody) view(id string) app.View {
	return app.View{
		ID: id, Practice: domain.Practice(b.Practice), Name: b.Name, Audience: b.Audience, Team: b.Team, Filter: b.Filter, Columns: b.Columns,
	}
}

// views registers the questions that people keep.
func (a *API) views() {
	own := app.PermissionViewOwn
	type byPractice struct {
		Practice string `query:"practice" maxLength:"40" default:"incident"`
	}
	register(a, operation(http.MethodGet, "/views", "list-views", "Saved views: mine, my teams', and those for everybody", "Views", own),
		func(ctx context.Context, in *byPractice) (*list[app.View], error) {
			return listed(a.Service.Views(ctx, domain.Practice(in.Practice)))
		})
	register(a, operation(http.MethodGet, "/views/default", "read-default-view", "The view that my list begins with", "Views", own),
		func(ctx context.Context, in *byPractice) (*answer[app.View], error) {
			return answered(a.Service.DefaultView(ctx, domain.Practice(in.Practice)))
		})
	register(a, operation(http.MethodGet, "/views/{id}", "read-view", "Read a view", "Views", own),
		func(ctx context.Context, in *ByView) (*answer[app.View], error) {
			return answered(a.Service.View(ctx, in.ID))
		})
	register(a, operation(http.MethodPost, "/views/count", "count-views", "How many records each of some filters finds; 1000 stands for more than 999", "Views", app.PermissionIncidentRead),
		func(ctx context.Context, in *struct {
			Body struct {
				Practice string           `json:"practice,omitempty" maxLength:"40" default:"incident"`
				Filters  []app.ViewFilter `json:"filters" minItems:"1" maxItems:"100"`
			}
		},
		) (*answer[countsAnswer], error) {
			counts, err := a.Service.CountViews(ctx, domain.Practice(in.Body.Practice), in.Body.Filters)
			return answered(countsAnswer{Counts: counts}, err)
		})
	create := operation(http.MethodPost, "/views", "create-view", "Keep a view", "Views", own)
	create.DefaultStatus = http.StatusCreated
	register(a, create, func(ctx context.Context, in *struct {
		Key  string `header:"Idempotency-Key" maxLength:"255"`
		Body viewBody
	},
	) (*answer[app.View], error) {
		return answered(a.Service.SaveView(ctx, in.Key, in.Body.view("")))
	})
	register(a, operation(http.MethodPut, "/views/{id}", "change-view", "Write a view anew", "Views", own),
		func(ctx context.Context, in *struct {
			ByView
			Body viewBody
		},
		) (*answer[app.View], error) {
			return answered(a.Service.SaveView(ctx, "", in.Body.view(in.ID)))
		})
	register(a, operation(http.MethodDelete, "/views/{id}", "drop-view", "Take a view away", "Views", own),
		func(ctx context.Context, in *ByView) (*struct{}, error) {
			return &struct{}{}, a.Service.DropView(ctx, in.ID)
		})
	register(a, operation(http.MethodPut, "/views/{id}/default", "choose-view", "Begin my list with a view", "Views", own),
		func(ctx context.Context, in *ByView) (*struct{}, error) {
			return &struct{}{}, a.Service.ChooseView(ctx, "", in.ID)
		})
	register(a, operation(http.MethodDelete, "/views/default", "unchoose-view", "Begin my list as it comes", "Views", own),
		func(ctx context.Context, in *byPractice) (*struct{}, error) {
			return &struct{}{}, a.Service.ChooseView(ctx, domain.Practice(in.Practice), "")
		})
}

type countsAnswer struct {
	Counts []int `json:"counts"`
}
