package api

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// reRatingInput is a list to measure anew, and why.
type reRatingInput struct {
	ListQuery
	Preview bool   `query:"preview" doc:"Say what it would do, and write nothing"`
	Key     string `header:"Idempotency-Key" maxLength:"255" doc:"The same key queues the same commands once"`
	Body    struct {
		Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timelines"`
	}
}

// promises registers clocks, what is made of them, and measuring anew.
func (a *API) promises() {
	read := app.PermissionIncidentRead
	register(a, operation(http.MethodGet, "/incidents/{id}/clocks", "list-clocks", "All clocks of an incident: every metric, cycle and rating, explained as of now", "Promises", read),
		func(ctx context.Context, in *ByRecord) (*list[app.Clock], error) {
			return listed(a.Service.Clocks(ctx, in.ID))
		})
	register(a, operation(http.MethodGet, "/incidents/{id}/clocks/{metric}/explain", "explain-clock", "Why a clock reads what it reads: spans whose sums are its figures", "Promises", read),
		func(ctx context.Context, in *struct {
			ByRecord
			Metric    string    `path:"metric" enum:"response,resolution,update,ola,underpinning"`
			Agreement string    `query:"agreement" maxLength:"100" doc:"Tells several of a team or vendor apart; left out: the first by name"`
			Cycle     int       `query:"cycle" minimum:"1" doc:"Left out: the newest"`
			Rating    int       `query:"rating" minimum:"1" doc:"Left out: the one in force"`
			At        time.Time `query:"at" doc:"Left out: as of now"`
		},
		) (*answer[app.Clock], error) {
			return answered(a.Service.ExplainClock(ctx, in.ID, app.ClockQuery{
				Metric: sla.Metric(in.Metric), Agreement: in.Agreement, Cycle: in.Cycle, Rating: in.Rating, At: moment(in.At),
			}))
		})
	register(a, operation(http.MethodPost, "/re-ratings", "re-rate", "Measure the open incidents of one page of a list by the newest agreements and calendars: "+
		"one command is queued for each that they touch", "Promises", "incident.re_rate"),
		func(ctx context.Context, in *reRatingInput) (*answer[app.ReRated], error) {
			return answered(a.Service.ReRate(ctx, app.ReRating{Query: in.query(), Preview: in.Preview, Reason: in.Body.Reason, Key: in.Key}))
		})
	register(a, operation(http.MethodGet, "/promises", "read-promises", "Promises that were kept and broken within a day, and those that fall due in it", "Promises", app.PermissionPromisesRead),
		func(ctx context.Context, in *struct {
			Day  string `query:"day" maxLength:"10" doc:"A date; left out: today" example:"2026-12-31"`
			Zone string `query:"zone" maxLength:"64" doc:"A time zone; left out: yours" example:"Europe/Berlin"`
		},
		) (*answer[app.PromisesView], error) {
			return answered(a.Service.PromisesKept(ctx, app.PromisesQuery{Day: in.Day, Zone: in.Zone}))
		})
}
